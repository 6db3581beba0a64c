// Package swct leads the radio tag readers whose frames begin with CT (43 54),
// and whose hosts begin theirs with SW (53 57). They are sold without a maker's
// name, or under many.
//
//	43 54 00 2C 00 45 01 C4 DD 93 8E 17 01 23 02 0F 01 02 E2 00 … E0 64 33 … 07
//	│     │     │  │  │  │                    │  │  │  │  │             │    └─ check: all bytes add up to 0
//	│     │     │  │  │  │                    │  │  │  │  │             └─ strength, on a scale of the reader's own
//	│     │     │  │  │  │                    │  │  │  │  └─ EPC
//	│     │     │  │  │  │                    │  │  │  └─ antenna, from 1
//	│     │     │  │  │  │                    │  │  └─ type of the tag
//	│     │     │  │  │  │                    │  └─ how many bytes this tag still has
//	│     │     │  │  │  │                    └─ how many tags
//	│     │     │  │  │  └─ the reader's serial number
//	│     │     │  │  └─ status: 01 is good, 00 is not
//	│     │     │  └─ the command that it answers; 45 is a push
//	│     │     └─ the reader's address
//	│     └─ how many bytes follow
//	└─ CT
//
// In mode "active" the reader reads and pushes by itself, between a start and a
// stop of ours. In mode "answer" each inventory is a command of ours, whose answer
// has two bytes for the number of tags, and no serial number; with no tag it is
// status 00. A reader that somebody has switched to another mode refuses in the
// same way, so after some empty ones it is asked for its mode.
//
// Mode, region, power and filter time are kept in the reader without power. They
// are asked for first, and only what is not so already is written.
package swct

import (
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Mode     string // "active" or "answer"
	Region   string // where it radiates: one of regions; empty: it is not started
	Power    int    // dBm; -1: as the reader is set
	Filter   int    // seconds in which the reader does not tell a tag twice, 0: it tells each read; -1: as the reader is set
	Rest     int    // quiet times between two inventories in mode answer, so that the reader stays cool
	Patience int    // quiet times until an inventory counts as lost, or a reader that pushes is started once more
	Address  int    // of the reader; 255: any
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{Mode: "active", Power: -1, Filter: -1, Patience: 20, Address: anyone}
}

const anyone = 0xFF

// Decoder is one conversation with a reader.
type Decoder struct {
	o      Options
	plan   plan
	stream *slide.Stream
	talk   talk
	serial [serialSize]byte // as a push told it last
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
	wrong(o.Mode != "active" && o.Mode != "answer", "mode", "must be active or answer, not %q", o.Mode)
	_, known := regions[o.Region]
	wrong(o.Region != "" && !known, "region", "must be one of %s, not %q", regionNames, o.Region)
	between("power", o.Power, -1, 33)
	between("filter", o.Filter, -1, 255)
	between("rest", o.Rest, 0, 1000)
	between("patience", o.Patience, 1, 1000)
	between("address", o.Address, 0, 255)
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, plan: newPlan(o), stream: slide.New(check), facts: map[string]string{}}, nil
}

const (
	head    = 4    // CT and the length
	longest = 1024 // of what follows them: some sixty tags
)

// check looks for a frame.
func check(b []byte) (int, error) {
	const least = 4 // address, command, status, check
	if b[0] != 'C' || len(b) > 1 && b[1] != 'T' {
		return 0, slide.ErrHeader
	}
	if len(b) < head {
		return 0, nil
	}
	n := int(b[2])<<8 | int(b[3])
	if n < least || n > longest {
		return 0, slide.ErrHeader
	}
	if n += head; len(b) < n {
		return 0, nil
	}
	s := byte(0)
	for _, one := range b[:n] {
		s += one
	}
	if s != 0 {
		return n, fmt.Errorf("frame of %d bytes, check %02X and not %02X: %w", n, b[n-1], b[n-1]-s, wire.ErrChecksum)
	}
	return n, nil
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
			out.Fault(fmt.Errorf("nothing but noise (is this a reader of the SW/CT family, and its speed right? 115200 is usual): %w", wire.ErrNoise))
		case frame == nil:
			return
		case d.o.Address != anyone && frame[4] != byte(d.o.Address):
			out.Fault(fmt.Errorf("frame of reader %d, this one is %d: %w", frame[4], d.o.Address, wire.ErrUnasked))
		default:
			d.frame(frame[5], frame[6], frame[7:len(frame)-1], out)
		}
	}
}

// frame is data that came in one whole frame.
func (d *Decoder) frame(command, status byte, data []byte, out *wire.Output) {
	d.talk.silent, d.talk.probes = 0, 0
	switch {
	case command == push && status == good:
		d.pushed(data, out)
	case command == push:
		out.Fault(fmt.Errorf("the reader pushes status %02X in place of tags: %w", status, wire.ErrHardware))
	case command == heartbeat:
		// it lives; only those on a network send it
	case command == inventory:
		d.inventory(status, data, out)
	default:
		d.answer(command, status, data, out)
	}
}

const serialSize = 7

// pushed are the tags of a push.
func (d *Decoder) pushed(data []byte, out *wire.Output) {
	if len(data) < serialSize+1 {
		out.Fault(fmt.Errorf("push of %d bytes: %w", len(data), wire.ErrShort))
		return
	}
	if is := [serialSize]byte(data); is != d.serial {
		d.serial = is
		d.fact("serial", fmt.Sprintf("%X", is), out)
	}
	d.tags(int(data[serialSize]), data[serialSize+1:], out)
	d.flooded(out)
	if d.talk.phase == reading { // somebody has switched its mode: it does not hear our inventories
		out.Restarted = true
		d.begin(out)
	}
}

// inventory is the answer to one.
func (d *Decoder) inventory(status byte, data []byte, out *wire.Output) {
	switch {
	case status != good: // no tag; or it is not in mode answer
		d.talk.empty++
	case len(data) < 2:
		out.Fault(fmt.Errorf("inventory without a number of tags: %w", wire.ErrShort))
	default:
		d.talk.empty = 0
		d.tags(int(data[0])<<8|int(data[1]), data[2:], out)
	}
	d.ended(out)
}

// tags are n of them, and nothing else.
func (d *Decoder) tags(n int, rest []byte, out *wire.Output) {
	const (
		around   = 3 // type, antenna, strength
		antennas = 16
	)
	for range n {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) || rest[0] <= around {
			out.Fault(fmt.Errorf("a tag goes on beyond the end of its frame, or has no EPC: %w", wire.ErrShort))
			return
		}
		end := 1 + int(rest[0])
		r := wire.Read{EPC: rest[3 : end-1 : end-1], Antenna: int(rest[2]), RSSI: int(rest[end-1]), HasRSSI: true, Relative: true, Count: 1}
		if r.Antenna > antennas {
			r.Antenna, r.Note = 0, "antenna unclear"
		}
		out.Read(r)
		rest = rest[end:]
	}
	if len(rest) > 0 {
		out.Fault(fmt.Errorf("%d bytes behind the last tag of a frame: %w", len(rest), wire.ErrUnasked))
	}
}

// fact tells something of the reader, if that is news.
func (d *Decoder) fact(name, value string, out *wire.Output) {
	if d.facts[name] != value {
		d.facts[name] = value
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: name, Value: value}}})
	}
}
