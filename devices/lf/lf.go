// Package lf decodes 125 kHz card readers that only ever send: RDM6300,
// RDM630, Seeed's, ID-12LA and ID-20LA.
//
//	02 "62E3086CED" "08" 0D 0A 03
//	│   │            │   │     └─ end
//	│   │            │   └─ CR and LF of an ID-12; an RDM6300 has none
//	│   │            └─ the XOR of all five bytes
//	│   └─ a customer's byte and the card's number, five bytes in hex
//	└─ start
//
// A card in the field is told again and again, 15 to 20 times a second. Each is
// a read: it is the passes that make one of them. Stray bytes around a frame are
// common, and a CR or LF there is nothing.
//
// The id is all five bytes: on a card only the last four are printed, in
// decimal, so two cards may show the same number. It is no EPC, and is marked
// [Note]; nor could it be one, which is always of whole words.
package lf

import (
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Note marks a read whose EPC is the five bytes of a card.
const Note = wire.NoteCard

// Options are what a profile may say.
type Options struct {
	Antenna int // the number that its reads get, from 1; 0: none
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{} }

// Decoder is the state of one line.
type Decoder struct {
	o      Options
	stream *slide.Stream
	ids    []byte // those that the last call handed out
}

// New makes a decoder for one connection.
func New(o Options) (*Decoder, error) {
	if o.Antenna < 0 || o.Antenna > 255 {
		return nil, errors.Join(content.Wrong("antenna", "must be from 0 to 255, not %d", o.Antenna))
	}
	return &Decoder{o: o, stream: slide.New(check)}, nil
}

const (
	start, end = 0x02, 0x03
	digits     = 12 // five bytes and their check, in hex
	size       = 5
)

// check looks for a frame; a CR or LF is one by itself, and means nothing.
func check(b []byte) (int, error) {
	switch b[0] {
	case '\r', '\n':
		return 1, nil
	case start:
	default:
		return 0, slide.ErrHeader
	}
	xor := byte(0)
	for i := range digits {
		if 1+i >= len(b) {
			return 0, nil
		}
		v, is := digit(b[1+i])
		if !is {
			return 0, slide.ErrHeader
		}
		if i%2 == 0 {
			v <<= 4
		}
		xor ^= v
	}
	n := 1 + digits
	for range 2 {
		if n < len(b) && (b[n] == '\r' || b[n] == '\n') {
			n++
		}
	}
	switch {
	case n == len(b):
		return 0, nil
	case b[n] != end:
		return 0, slide.ErrHeader
	case xor != 0:
		return n + 1, fmt.Errorf("card %q: %w", b[1:1+digits], wire.ErrChecksum)
	}
	return n + 1, nil
}

func digit(c byte) (v byte, is bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// Decode consumes what arrived. What it hands out is good until the next call.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	d.ids = d.ids[:0]
	d.stream.Arrived(arrived)
	d.frames(false, out)
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.ids = d.ids[:0]
	d.frames(true, out)
}

func (d *Decoder) frames(silent bool, out *wire.Output) {
	for {
		frame, astray := d.stream.Next(silent, out)
		switch {
		case astray:
			out.Fault(fmt.Errorf("nothing but noise (is this a card reader of this kind, and its speed right? 9600 is usual): %w", wire.ErrNoise))
		case frame == nil:
			return
		case len(frame) > digits:
			at := len(d.ids)
			for i := range size {
				high, _ := digit(frame[1+2*i]) // was looked at before
				low, _ := digit(frame[2+2*i])
				d.ids = append(d.ids, high<<4|low)
			}
			out.Read(wire.Read{EPC: d.ids[at:len(d.ids):len(d.ids)], Count: 1, Antenna: d.o.Antenna, Note: Note})
		}
	}
}
