// Package a0 leads radio tag readers of the Indy R2000 class: Invelion,
// RodinBell, IND90x, YR90x and the many without a name.
//
//	A0 13 01 89 04 30 00 E2 … EF 45 BF      a tag
//	│  │  │  │  │  │     │       │  └─ check: all bytes of a frame add up to 0
//	│  │  │  │  │  │     │       └─ strength, 129 above dBm; two bytes of phase may follow
//	│  │  │  │  │  │     └─ EPC, as long as the PC says
//	│  │  │  │  │  └─ PC
//	│  │  │  │  └─ frequency, and in the lowest two bits the antenna, from 0
//	│  │  │  └─ the command that it answers: 89, 8A or 8B
//	│  │  └─ the reader's address; FF asks any
//	│  └─ how many bytes follow
//	└─ A0
//
// What answers a round is told apart by its length alone: 04 is an error, 05 of
// a fast switch an antenna that is missing, 0A the end, and a tag is always odd.
//
// The reader does nothing unasked, so it needs no stopping first, and stops by
// itself: each command is for some rounds, then comes the end and the next
// command. Whose end does not come, or who says that it was reset, is set up
// anew. Power is set for as long
// as the reader has power. The region is in its flash, so it is asked for and
// written only if it is another one; and without option region nothing radiates.
//
// Of the frames that noise makes up, a check of eight bits lets one in 256 pass,
// so a frame must also be of a command that readers know.
package a0

import (
	"errors"
	"fmt"
	"math"

	"scanpost/devices/content"
	"scanpost/devices/gen2"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Region   string  // where it radiates: one of Regions; empty: it does not
	From, To float64 // MHz, the band within the region; 0: all of it
	Power    int     // dBm; 0: as the reader is set
	Antennas []int   // from 1, as they take turns
	Ports    int     // antennas that the reader has a socket for: 4 or 8
	Command  string  // "realtime" (89), "session" (8B) or "fast" (8A)
	Session  int     // of Gen2, for "session": 0 to 3
	Target   string  // for "session": "a" or "b"
	SL       string  // for "session": "none" if the firmware has no such byte, else "0" to "3"
	Repeat   int     // rounds for each command
	Rest     int     // quiet times between two commands, so that the reader stays cool
	Patience int     // quiet times until a command counts as lost
	Address  int     // of the reader; 255: any
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{Antennas: []int{1}, Ports: 4, Command: "realtime", Session: 0, Target: "a", SL: "none", Repeat: 1, Patience: 2, Address: 255}
}

// Decoder is one conversation with a reader.
type Decoder struct {
	o      Options
	plan   plan
	stream *slide.Stream
	talk   talk

	missing [9]bool // antennas, by number from 1
	many    bool    // told that there are more antennas than option ports says
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	var mistakes []error
	wrong := func(is bool, option, sentence string, args ...any) {
		if is {
			mistakes = append(mistakes, content.Wrong(option, sentence, args...))
		}
	}
	r, known := regions[o.Region]
	wrong(o.Region != "" && !known, "region", "must be one of %s, not %q", regionNames, o.Region)
	for _, end := range []struct {
		option string
		mhz    float64
	}{{"from", o.From}, {"to", o.To}} {
		_, is := channelOf(end.mhz)
		wrong(end.mhz != 0 && !is, end.option, "must be a channel of the reader: 865 to 868 or 902 to 928 MHz, in steps of 0.5, not %v", end.mhz)
		wrong(end.mhz != 0 && is && known && r.code != user && (end.mhz < r.from || end.mhz > r.to), end.option, "must be within region %s, which is %v to %v MHz, not %v", o.Region, r.from, r.to, end.mhz)
		wrong(end.mhz != 0 && r.code == user, end.option, "can not be set for the region \"user\", which is as it is stored in the reader")
	}
	wrong(o.From != 0 && o.To != 0 && o.From > o.To, "to", "must not be below \"from\"")
	wrong(o.Power != 0 && (o.Power < 20 || o.Power > 33), "power", "must be from 20 to 33 dBm, or 0 to leave it, not %d", o.Power)
	wrong(o.Ports != 4 && o.Ports != 8, "ports", "must be 4 or 8, not %d", o.Ports)
	wrong(len(o.Antennas) == 0, "antennas", "must name one at least")
	for i, a := range o.Antennas {
		wrong(a < 1 || a > o.Ports, "antennas", "must be from 1 to %d, not %d", o.Ports, a)
		for _, before := range o.Antennas[:i] {
			wrong(a == before, "antennas", "must hold %d only once", a)
		}
	}
	_, isCommand := commands[o.Command]
	wrong(!isCommand, "command", "must be realtime, session or fast, not %q", o.Command)
	wrong(o.Command == "fast" && o.Ports > 4, "command", "must not be fast for a reader with 8 ports: how it is asked differs from maker to maker")
	wrong(o.Session < 0 || o.Session > 3, "session", "must be from 0 to 3, not %d", o.Session)
	wrong(o.Target != "a" && o.Target != "b", "target", "must be a or b, not %q", o.Target)
	wrong(o.SL != "none" && (len(o.SL) != 1 || o.SL[0] < '0' || o.SL[0] > '3'), "sl", "must be none, or 0 to 3, not %q", o.SL)
	wrong(o.Repeat < 1 || o.Repeat > 255, "repeat", "must be from 1 to 255, not %d", o.Repeat)
	wrong(o.Rest < 0 || o.Rest > 1000, "rest", "must be from 0 to 1000, not %d", o.Rest)
	wrong(o.Patience < 1 || o.Patience > 1000, "patience", "must be from 1 to 1000, not %d", o.Patience)
	wrong(o.Address < 0 || o.Address > 255, "address", "must be from 0 to 255, not %d", o.Address)
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, plan: newPlan(o), stream: slide.New(check)}, nil
}

// Regions names where a reader may be told to radiate. "user" is what has been
// stored in the reader as such with the maker's own program.
const regionNames = "etsi, fcc, china, user"

const user = 4

var regions = map[string]struct {
	code     byte
	from, to float64
}{"fcc": {1, 902, 928}, "etsi": {2, 865, 868}, "china": {3, 920, 925}, "user": {user, 0, 0}}

func regionName(code byte) string {
	for name, r := range regions {
		if r.code == code {
			return name
		}
	}
	return fmt.Sprintf("unknown (%02X)", code)
}

// channelOf is the reader's number for a frequency: 0 to 6 from 865 MHz on, 7 to
// 59 from 902 MHz on.
func channelOf(mhz float64) (channel byte, is bool) {
	half := mhz * 2
	switch {
	case half != math.Trunc(half):
		return 0, false
	case mhz >= 865 && mhz <= 868:
		return byte(half - 865*2), true
	case mhz >= 902 && mhz <= 928:
		return byte(half-902*2) + 7, true
	}
	return 0, false
}

func megahertz(channel byte) float64 {
	if channel < 7 {
		return 865 + float64(channel)/2
	}
	return 902 + float64(channel-7)/2
}

// Decode consumes what arrived. What it hands out is good until the next call.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	d.stream.Arrived(arrived)
	d.frames(false, out)
}

// frames uses up what is whole.
func (d *Decoder) frames(silent bool, out *wire.Output) {
	for {
		frame, astray := d.stream.Next(silent, out)
		switch {
		case astray:
			out.Fault(fmt.Errorf("nothing but noise (is this an A0 reader, and its speed right? 115200 is usual, 38400 possible): %w", wire.ErrNoise))
		case frame == nil:
			return
		case d.o.Address != anyone && frame[2] != byte(d.o.Address):
			out.Fault(fmt.Errorf("frame of reader %d, this one is %d: %w", frame[2], d.o.Address, wire.ErrUnasked))
		default:
			d.frame(frame[3], frame[4:len(frame)-1], out)
		}
	}
}

const (
	head    = 0xA0
	anyone  = 0xFF
	longest = 96 // far above the longest tag, and short enough that a false header is soon seen through
)

// check looks for a frame.
func check(b []byte) (int, error) {
	if b[0] != head || len(b) > 1 && (b[1] < 3 || b[1] > longest) || len(b) > 3 && !isCommand(b[3]) {
		return 0, slide.ErrHeader
	}
	if len(b) < 2 || len(b) < int(b[1])+2 {
		return 0, nil
	}
	n := int(b[1]) + 2
	if s := sum(b[:n]); s != 0 {
		return n, fmt.Errorf("frame of %d bytes, check %02X and not %02X: %w", n, b[n-1], b[n-1]-s, wire.ErrChecksum)
	}
	return n, nil
}

// isCommand reports whether readers know a command.
func isCommand(c byte) bool { return c >= 0x60 && c <= 0x94 || c >= 0xB0 && c <= 0xB4 }

func sum(frame []byte) (s byte) {
	for _, b := range frame {
		s += b
	}
	return s
}

// frame is data that came in one whole frame.
func (d *Decoder) frame(command byte, data []byte, out *wire.Output) {
	d.talk.silent = 0
	if command != 0x89 && command != 0x8A && command != 0x8B {
		d.answer(command, data, out)
		return
	}
	switch n := len(data) + 3; {
	case n == 4:
		d.failed(command, data[0], out)
	case n == 5 && command == 0x8A && data[1] == antennaMissing:
		d.antenna(d.number(data[0], 0), true, out)
	case n == 10:
		d.ended(command, data, out)
	case n >= 7 && n%2 == 1:
		d.tag(data, out)
	default:
		out.Fault(fmt.Errorf("answer to %02X of %d bytes, which is neither tag nor end nor error: %w", command, len(data), wire.ErrUnasked))
	}
}

// number is the antenna of a frame, from 1.
func (d *Decoder) number(freqAnt, rssi byte) int {
	n := int(freqAnt&3) + 1
	if d.o.Ports == 8 && rssi&0x80 != 0 {
		n += 4
	}
	return n
}

// tag is a tag that was heard.
func (d *Decoder) tag(data []byte, out *wire.Output) {
	const around = 4 // frequency and antenna, PC, strength
	r := wire.Read{PC: uint16(data[1])<<8 | uint16(data[2]), HasPC: true, Count: 1, HasRSSI: true}
	n := int(r.PC>>11) * 2
	switch len(data) - around {
	case n, n + 2: // with phase
	default:
		n, r.Note = len(data)-around, gen2.Mismatch
	}
	if n == 0 {
		out.Fault(fmt.Errorf("tag without an EPC: %w", wire.ErrShort))
		return
	}
	r.EPC = data[3 : 3+n : 3+n]
	rssi := data[3+n]
	r.Antenna = d.number(data[0], rssi)
	switch {
	case d.o.Ports == 8:
		rssi &= 0x7F
	case rssi&0x80 != 0:
		r.HasRSSI = false
		if !d.many {
			d.many = true
			out.Fault(fmt.Errorf("the reader tells of antennas above 4 (set option ports = 8): %w", wire.ErrUnasked))
		}
	}
	if r.HasRSSI {
		r.RSSI = int(rssi) - 129
	}
	if d.missing[r.Antenna] {
		d.antenna(r.Antenna, false, out)
	}
	out.Read(r)
}

// antenna notes and tells whether one is there, if that is news.
func (d *Decoder) antenna(n int, missing bool, out *wire.Output) {
	if d.missing[n] == missing {
		return
	}
	d.missing[n] = missing
	state := "ok"
	if missing {
		state = "missing"
		out.Fault(fmt.Errorf("antenna %d is missing (is its cable in? if there is none, take it out of option antennas): %w", n, wire.ErrHardware))
	}
	out.Answer(wire.Answer{Facts: []wire.Fact{{Name: fmt.Sprintf("antenna %d", n), Value: state}}})
}
