// Package cfprime leads Chafon's radio tag readers with the protocol of "UHF
// Prime": CF600, CF69x and those of the M and H series.
//
//	CF 00 00 01 12 00 FE C0 01 00 0C E2 80 … 8B 1A .. ..
//	│  │  │     │  │  │     │  │  │  │             └─ CRC-16, high byte first
//	│  │  │     │  │  │     │  │  │  └─ EPC
//	│  │  │     │  │  │     │  │  └─ its length
//	│  │  │     │  │  │     │  └─ channel
//	│  │  │     │  │  │     └─ antenna, from 1
//	│  │  │     │  │  └─ strength, tenths of a dBm
//	│  │  │     │  └─ status: 00 is good, 12 is no tag, or the end
//	│  │  │     └─ how many bytes follow, without the CRC
//	│  │  └─ the command that it answers
//	│  └─ the reader's address
//	└─ CF
//
// The family's other protocol, of the UHFReader18 and 288, is package chafon's.
//
// All settings are read with one command and written with one, in a block of 25
// bytes that are kept without power. That block is never written from here: a
// reader that is set for another region than the station's is not started, and
// says so. Only the power has a command of its own, and is set if it is another.
//
// An inventory without end is one command of ours. While it hears nothing the
// reader says "no tag" for each round, which shows that it lives.
package cfprime

import (
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Region   string // where it radiates: one of regions; empty: it is not started
	Power    int    // dBm; -1: as the reader is set
	Patience int    // quiet times until a reader that says nothing is started once more
	Address  int    // of the reader; 255: any
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Power: -1, Patience: 30, Address: anyone} }

const anyone = 0xFF

// Decoder is one conversation with a reader.
type Decoder struct {
	o      Options
	plan   plan
	stream *slide.Stream
	talk   talk
	facts  map[string]string
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
	_, known := regions[o.Region]
	wrong(o.Region != "" && !known, "region", "must be one of %s, not %q", regionNames, o.Region)
	between("power", o.Power, -1, 33)
	wrong(o.Power == 0, "power", "must not be 0: readers refuse it")
	between("patience", o.Patience, 1, 1000)
	between("address", o.Address, 0, 255)
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, plan: newPlan(o), stream: slide.New(check), facts: map[string]string{}}, nil
}

const (
	header = 0xCF
	before = 5 // header, address, command, length
	after  = 2 // CRC
)

// check looks for a frame.
func check(b []byte) (int, error) {
	switch {
	case b[0] != header, len(b) > 2 && b[2] != 0, len(b) > 4 && b[4] == 0: // an answer has a status
		return 0, slide.ErrHeader
	case len(b) < before:
		return 0, nil
	}
	n := before + int(b[4]) + after
	if len(b) < n {
		return 0, nil
	}
	if is, want := uint16(b[n-2])<<8|uint16(b[n-1]), crc(b[:n-after]); is != want {
		return n, fmt.Errorf("frame of %d bytes, CRC %04X and not %04X: %w", n, is, want, wire.ErrChecksum)
	}
	return n, nil
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

func crc(b []byte) uint16 {
	c := uint16(0xFFFF)
	for _, one := range b {
		c = c>>8 ^ table[byte(c)^one]
	}
	return c
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
			out.Fault(fmt.Errorf("nothing but noise (is this a reader with Chafon's UHF Prime protocol, and its speed right? 115200 is usual): %w", wire.ErrNoise))
		case frame == nil:
			return
		case d.o.Address != anyone && frame[1] != byte(d.o.Address):
			out.Fault(fmt.Errorf("frame of reader %d, this one is %d: %w", frame[1], d.o.Address, wire.ErrUnasked))
		default:
			d.frame(frame[3], frame[5], frame[6:len(frame)-after], out)
		}
	}
}

// frame is data that came in one whole frame.
func (d *Decoder) frame(command, status byte, data []byte, out *wire.Output) {
	d.talk.silent, d.talk.probes = 0, 0
	if command != inventory {
		d.answer(command, status, data, out)
		return
	}
	d.flooded(out)
	switch {
	case status == good && len(data) > 0:
		d.tag(data, out)
	case status == good, status == none: // it lives
	case status >= tagSilent && status <= wrongPassword: // the tag's trouble, not the reader's
	default:
		d.stopped(status, out)
	}
}

// tag is one that was heard.
func (d *Decoder) tag(data []byte, out *wire.Output) {
	const around = 5 // strength, antenna, channel, length
	if len(data) <= around || len(data) < around+int(data[4]) || data[4] == 0 {
		out.Fault(fmt.Errorf("a tag goes on beyond the end of its frame, or has no EPC: %w", wire.ErrShort))
		return
	}
	end := around + int(data[4])
	r := wire.Read{EPC: data[around:end:end], Antenna: int(data[2]), Count: 1}
	if tenths := int(int16(data[0])<<8 | int16(data[1])); tenths != 0 { // 0 is none
		r.RSSI, r.HasRSSI = round(tenths), true
	}
	if r.Antenna > 16 {
		r.Antenna, r.Note = 0, "antenna unclear"
	}
	out.Read(r)
	if len(data) > end {
		out.Fault(fmt.Errorf("%d bytes behind the tag of a frame: %w", len(data)-end, wire.ErrUnasked))
	}
}

// round turns tenths into wholes, half away from 0.
func round(tenths int) int {
	if tenths < 0 {
		return (tenths - 5) / 10
	}
	return (tenths + 5) / 10
}

// fact tells something of the reader, if that is news.
func (d *Decoder) fact(name, value string, out *wire.Output) {
	if value != "" && d.facts[name] != value {
		d.facts[name] = value
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: name, Value: value}}})
	}
}
