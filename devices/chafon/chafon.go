// Package chafon leads Chafon's radio tag readers: UHFReader18, UHFReader86,
// UHFReader288 and those with an E710 (Ex10), under whatever name they are sold.
//
//	15 00 01 03 01 01 0C 30 39 … 05 59 40 F9 3E
//	│  │  │  │  │  │  │  │             │  └─ CRC-16, low byte first
//	│  │  │  │  │  │  │  │             └─ strength, on a scale of the reader's own
//	│  │  │  │  │  │  │  └─ EPC; behind it the chip's TID if bit 7 of its length is set
//	│  │  │  │  │  │  └─ its length; with bit 6, four bytes of phase follow the strength
//	│  │  │  │  │  └─ how many tags
//	│  │  │  │  └─ the antenna, one bit for each
//	│  │  │  └─ status: here, more will follow
//	│  │  └─ the command that it answers
//	│  └─ the reader's address
//	└─ how many bytes follow
//
// An UHFReader18 leaves out antenna and strength, and nothing in a frame tells
// which form it is: option form says it, and a reader that says that it is of
// the other form is not started.
//
// There is no header, so what a frame begins with must be an address, a command
// and a status that readers have, and its CRC decides.
//
// In mode "answer" each inventory is a command of ours. In mode "realtime" the
// reader pushes tags, with command EE; it then takes only three commands, and
// stays in that mode without power, so it is asked for its mode first, and is
// only told what is not so already. Region and power are in its flash too.
// Mode "fast" is that of Ex10 readers, which push until they are stopped.
package chafon

import (
	"errors"
	"fmt"
	"math/bits"

	"scanpost/devices/content"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Form     string // of its tags: "18" or "288"
	Mode     string // "answer", "realtime" or "fast"
	Region   string // where it radiates: one of regions; empty: it is not started
	Channels []int  // first and last within the region; none: all
	Power    int    // dBm; -1: as the reader is set
	Antennas []int  // from 1, as they take turns in mode answer
	Q        int    // 0 to 15: about log2 of the tags in the field
	Session  string // of Gen2: "0" to "3", or "auto"
	Target   string // "a" or "b"
	Scan     int    // tenths of a second that an inventory takes at most
	Rest     int    // quiet times between two inventories, so that the reader stays cool
	Patience int    // quiet times until an inventory counts as lost, or a reader that pushes is asked whether it is there
	Restore  bool   // leave a reader that was switched to realtime in mode answer
	Address  int    // of the reader; 255: any
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{Form: "288", Mode: "answer", Power: -1, Antennas: []int{1}, Q: 4, Session: "0", Target: "a", Scan: 5, Patience: 20, Address: anyone}
}

const anyone = 0xFF

// Decoder is one conversation with a reader.
type Decoder struct {
	o       Options
	plan    plan
	stream  *slide.Stream
	talk    talk
	missing [9]bool // antennas, by number from 1
	facts   map[string]string
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
	between := func(option string, n, least, most int) {
		wrong(n < least || n > most, option, "must be from %d to %d, not %d", least, most, n)
	}
	old := o.Form == "18"
	wrong(!old && o.Form != "288", "form", "must be 18 or 288, not %q", o.Form)
	wrong(o.Mode != "answer" && o.Mode != "realtime" && o.Mode != "fast", "mode", "must be answer, realtime or fast, not %q", o.Mode)
	wrong(old && o.Mode != "answer", "mode", "must be answer for readers of form 18")
	r, known := regions[o.Region]
	wrong(o.Region != "" && !known, "region", "must be one of %s, not %q", regionNames, o.Region)
	wrong(len(o.Channels) != 0 && len(o.Channels) != 2, "channels", "must be two, the first and the last")
	for _, c := range o.Channels {
		wrong(c < 0 || known && c > r.last, "channels", "must be from 0 to %d, not %d", r.last, c)
	}
	wrong(len(o.Channels) == 2 && o.Channels[0] > o.Channels[1], "channels", "must not be the wrong way round")
	between("power", o.Power, -1, 33)
	wrong(len(o.Antennas) == 0, "antennas", "must name one at least")
	most := 4
	if old {
		most = 1
	}
	for i, a := range o.Antennas {
		wrong(a < 1 || a > most, "antennas", "must be from 1 to %d, not %d", most, a)
		for _, before := range o.Antennas[:i] {
			wrong(a == before, "antennas", "must hold %d only once", a)
		}
	}
	between("q", o.Q, 0, 15)
	wrong(o.Session != "auto" && (len(o.Session) != 1 || o.Session[0] < '0' || o.Session[0] > '3'), "session", "must be auto, or 0 to 3, not %q", o.Session)
	wrong(o.Target != "a" && o.Target != "b", "target", "must be a or b, not %q", o.Target)
	between("scan", o.Scan, 1, 255)
	between("rest", o.Rest, 0, 1000)
	between("patience", o.Patience, 1, 1000)
	between("address", o.Address, 0, 255)
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, plan: newPlan(o), stream: slide.New(check), facts: map[string]string{}}, nil
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
			out.Fault(fmt.Errorf("nothing but noise (is this a Chafon reader, and its speed right? 57600 is usual): %w", wire.ErrNoise))
		case frame == nil:
			return
		case d.o.Address != anyone && frame[1] != byte(d.o.Address):
			out.Fault(fmt.Errorf("frame of reader %d, this one is %d: %w", frame[1], d.o.Address, wire.ErrUnasked))
		default:
			d.frame(frame[2], frame[3], frame[4:len(frame)-2], out)
		}
	}
}

// check looks for a frame.
func check(b []byte) (int, error) {
	const least = 5 // address, command, status, CRC
	if b[0] < least || len(b) > 2 && !isCommand[b[2]] || len(b) > 3 && int(b[0]) > longest(b[2], b[3]) {
		return 0, slide.ErrHeader
	}
	n := int(b[0]) + 1
	if len(b) < n {
		return 0, nil
	}
	if got := crc(b[:n]); got != 0 {
		return n, fmt.Errorf("frame of %d bytes, CRC %04X: %w", n, uint16(b[n-1])<<8|uint16(b[n-2]), wire.ErrChecksum)
	}
	return n, nil
}

// longest is the highest length that an answer of this command and status can
// have; 0 if there is none.
func longest(command, status byte) int {
	switch {
	case statuses[status] == "":
		return 0
	case status >= antennaError || status == wrongPassword:
		return 8 // perhaps an antenna, or the tag's own error
	case command == inventory && status <= memoryFull:
		return 255
	case command == inventory && status == statistics, command == push && status == heartbeat:
		return 20
	case command == illegalCommand || status != ok:
		return 0
	}
	return 80
}

// table is the division by the reversed polynomial 8408, a byte at a time.
var table = func() (t [256]uint16) {
	for i := range t {
		rest := uint16(i)
		for range 8 {
			carry := rest&1 != 0
			if rest >>= 1; carry {
				rest ^= 0x8408
			}
		}
		t[i] = rest
	}
	return t
}()

// crc over a frame with its own CRC is 0.
func crc(b []byte) uint16 {
	c := uint16(0xFFFF)
	for _, one := range b {
		c = c>>8 ^ table[byte(c)^one]
	}
	return c
}

// frame is data that came in one whole frame.
func (d *Decoder) frame(command, status byte, data []byte, out *wire.Output) {
	d.talk.silent, d.talk.probes = 0, 0
	switch {
	case command == push && status == ok:
		d.record(data, out)
		if d.talk.phase == reading { // somebody has switched its mode: it does not hear our inventories
			out.Restarted = true
			d.begin(out)
		}
	case command == push && status == heartbeat:
		d.beat(data, out)
	case command == inventory && (status >= finished && status <= memoryFull || status == ok):
		d.tags(data, out)
		if status != more {
			d.ended(out)
		}
	case command == inventory && status == statistics:
	case command == inventory && status == antennaError:
		d.refusesAntenna(out)
	case command == inventory && status == noTag:
		d.ended(out)
	default:
		d.answer(command, status, data, out)
	}
}

// tags are those of an answer to an inventory.
func (d *Decoder) tags(data []byte, out *wire.Output) {
	if len(data) == 0 {
		return
	}
	if d.o.Form == "288" {
		if len(data) < 2 {
			out.Fault(fmt.Errorf("inventory without a number of tags (is this a reader of form 18?): %w", wire.ErrShort))
			return
		}
		antenna, note := number(data[0])
		n := int(data[1])
		rest := data[2:]
		for range n {
			if rest = d.one(rest, antenna, note, out); rest == nil {
				return
			}
		}
		d.over(rest, out)
		return
	}
	n, rest := int(data[0]), data[1:]
	for range n {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			d.broken(out)
			return
		}
		size := int(rest[0])
		d.read(wire.Read{EPC: rest[1 : 1+size : 1+size], Count: 1}, out)
		rest = rest[1+size:]
	}
	d.over(rest, out)
}

// record is a tag that was pushed.
func (d *Decoder) record(data []byte, out *wire.Output) {
	if len(data) == 0 {
		d.broken(out)
		return
	}
	antenna, note := number(data[0])
	if rest := d.one(data[1:], antenna, note, out); rest != nil {
		d.over(rest, out)
	}
}

// one is a tag with its strength; what follows it, or nil if it is not whole.
func (d *Decoder) one(b []byte, antenna int, note string, out *wire.Output) (rest []byte) {
	const withTID, withPhase, tidSize = 0x80, 0x40, 12
	if len(b) == 0 {
		d.broken(out)
		return nil
	}
	size := int(b[0] & 0x3F)
	whole := 1 + size + 1
	if b[0]&withPhase != 0 {
		whole += 4
	}
	if len(b) < whole {
		d.broken(out)
		return nil
	}
	r := wire.Read{Count: 1, Antenna: antenna, Note: note, RSSI: int(b[1+size]), HasRSSI: true, Relative: true}
	epc := 1 + size
	if b[0]&withTID != 0 && size > tidSize {
		epc -= tidSize
		r.TID = b[epc : 1+size : 1+size]
	}
	r.EPC = b[1:epc:epc]
	d.read(r, out)
	return b[whole:]
}

func (d *Decoder) read(r wire.Read, out *wire.Output) {
	if len(r.EPC) == 0 {
		out.Fault(fmt.Errorf("tag without an EPC: %w", wire.ErrShort))
		return
	}
	if d.missing[r.Antenna] {
		d.antenna(r.Antenna, false, out)
	}
	out.Read(r)
}

func (d *Decoder) broken(out *wire.Output) {
	out.Fault(fmt.Errorf("a tag goes on beyond the end of its frame (is option form = %q right for this reader?): %w", d.o.Form, wire.ErrShort))
}

// over is what is left behind the last tag: nothing.
func (d *Decoder) over(rest []byte, out *wire.Output) {
	if len(rest) > 0 {
		out.Fault(fmt.Errorf("%d bytes behind the last tag of a frame (is option form = %q right for this reader?): %w", len(rest), d.o.Form, wire.ErrUnasked))
	}
}

// number is the antenna of a bit, from 1.
func number(bit byte) (n int, note string) {
	if bits.OnesCount8(bit) != 1 {
		return 0, "antenna unclear"
	}
	return bits.TrailingZeros8(bit) + 1, ""
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
		out.Fault(fmt.Errorf("antenna %d fails (is its cable in? if there is none, take it out of option antennas): %w", n, wire.ErrHardware))
	}
	d.fact(fmt.Sprintf("antenna %d", n), state, out)
}

// fact tells something of the reader, if that is news.
func (d *Decoder) fact(name, value string, out *wire.Output) {
	if d.facts[name] != value {
		d.facts[name] = value
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: name, Value: value}}})
	}
}

// beat is the heartbeat of a reader that pushes.
func (d *Decoder) beat(data []byte, out *wire.Output) {
	const size = 12 // its number, antennas, tags in total
	if len(data) >= size {
		d.fact("antennas", fmt.Sprintf("% X", data[4:8]), out)
	}
}
