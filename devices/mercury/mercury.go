// Package mercury leads ThingMagic readers (M6e, Micro, Nano, M7e) and those
// that speak as they do: it stops what is running, sets the module up, has it
// read without a break, and takes what it hears.
//
//	FF | 28 | 22 | 00 00 | 10 00 1B 01 FF 01 01 C4 11 … | 56 1D
//	│    │    │    │       │                               └─ CRC-16 over all after FF
//	│    │    │    │       └─ as many bytes as the length says: here a tag
//	│    │    │    └─ status; 0400 means that nothing was heard, and serves as sign of life
//	│    │    └─ opcode of the command that is answered; 22 are tags as they are heard
//	│    └─ length of the data alone
//	└─ header; it may stand inside a frame as well
//
// The module forgets its region with every reset, and goes on reading when the
// station restarts. So each beginning is the same, whatever has gone before: stop
// and drain, ask who it is, protocol, region, antennas, power, start. Any sign of
// a reset, or silence, leads back there. Without a region it is not started:
// which frequencies are allowed is not for a program to guess.
package mercury

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/gen2"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile and the site say about a reader.
type Options struct {
	Region     string  `toml:"region"`      // such as "eu3"; empty: it is not started
	Power      float64 `toml:"power"`       // dBm; 0 leaves the module's own
	Antennas   []int   `toml:"antennas"`    // ports that are used, in their order
	Session    int     `toml:"session"`     // 0 to 3; -1 leaves the module's own
	Target     string  `toml:"target"`      // "A", "B", "AB", "BA"; empty leaves the module's own
	Q          int     `toml:"q"`           // 0 to 15; -1 lets the module find it
	Duty       []int   `toml:"duty"`        // milliseconds on and off; none: always on
	ReadFilter bool    `toml:"read_filter"` // the module hides what it has just heard
}

// Defaults are good for a conveyor: all reads of few tags.
func Defaults() Options {
	return Options{Antennas: []int{1}, Q: -1}
}

// targets are the values of the parameter, in two bytes.
var targets = map[string][2]byte{"A": {1, 0}, "B": {1, 1}, "AB": {0, 0}, "BA": {0, 1}}

// longestDuty keeps the pauses shorter than what passes for a stalled module.
const longestDuty = 2000

func (o *Options) check() error {
	var wrong []error
	mistake := func(option, sentence string, args ...any) {
		wrong = append(wrong, content.Wrong(option, sentence, args...))
	}
	if _, known := regions[o.Region]; o.Region != "" && !known {
		mistake("region", "must be one of %s, not %q", strings.Join(regionNames(), ", "), o.Region)
	}
	if o.Power != 0 && (o.Power < 1 || o.Power > 33) {
		mistake("power", "must be from 1 to 33 dBm, or 0 for the module's own, not %v", o.Power)
	}
	seen := map[int]bool{}
	for _, a := range o.Antennas {
		if a < 1 || a > 16 || seen[a] {
			mistake("antennas", "must be different numbers from 1 to 16, not %v", o.Antennas)
			break
		}
		seen[a] = true
	}
	if len(o.Antennas) == 0 {
		mistake("antennas", "must hold at least one, such as [1]")
	}
	if o.Session < -1 || o.Session > 3 {
		mistake("session", "must be from 0 to 3, or -1 for the module's own, not %d", o.Session)
	}
	if _, known := targets[o.Target]; o.Target != "" && !known {
		mistake("target", "must be A, B, AB or BA, not %q", o.Target)
	}
	if o.Q < -1 || o.Q > 15 {
		mistake("q", "must be from 0 to 15, or -1 to let the module find it, not %d", o.Q)
	}
	if n := len(o.Duty); n != 0 && (n != 2 || o.Duty[0] < 50 || o.Duty[1] < 1 || o.Duty[0] > longestDuty || o.Duty[1] > longestDuty) {
		mistake("duty", "must be two numbers of milliseconds to %d, on (from 50) and off, such as [1000, 200], not %v", longestDuty, o.Duty)
	}
	return errors.Join(wrong...)
}

// Decoder leads the conversation with one module. Without Open it takes what
// comes as if the module had been started.
type Decoder struct {
	options Options
	stream  *slide.Stream
	steps   []step

	stage   stage
	at      int  // step that waits for its answer
	tries   int  // times it was sent
	quiet   int  // silences since a frame came, or a step was sent
	stale   bool // what comes may be older than our stop
	drained int  // frames that came since the stop
	resets  int  // since Open
	vain    int  // starts after which the region was lost before anything was heard
	heat    int  // how much shorter it is on than the options say
	trouble uint16
	told    bool // that it has no region
}

// stage is what is waited for.
type stage int

const (
	reading  stage = iota // tags, and signs of life
	stopping              // that what was running has ended
	setting               // the answer to a step
	parked                // a while, before it is tried anew; or for ever
)

// New makes a decoder.
func New(o Options) (*Decoder, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Antennas, o.Duty = slices.Clone(o.Antennas), slices.Clone(o.Duty)
	d := &Decoder{options: o, stream: slide.New(check)}
	d.steps = d.plan()
	return d, nil
}

// Positions in a frame.
const (
	atLength = 1
	atOpcode = 2
	atStatus = 3
	atData   = 5

	header    = 0xFF
	overhead  = 7    // of a response
	mostBytes = 0xF8 // of data in a response
)

// answers are the opcodes that a response may carry; anything else is no frame.
var answers = func() (known [256]bool) {
	for _, op := range []byte{
		0x03, 0x04, 0x06, 0x09, 0x0C, 0x10, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x28, 0x29, 0x2A, 0x2F,
		0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x6A, 0x6B, 0x6C, 0x70, 0x71, 0x72,
		0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x9A, 0x9B, 0x9D,
	} {
		known[op] = true
	}
	return known
}()

// check finds one response.
func check(b []byte) (n int, err error) {
	switch {
	case b[0] != header:
		return 0, slide.ErrHeader
	case len(b) > atLength && b[atLength] > mostBytes, len(b) > atOpcode && !answers[b[atOpcode]]:
		return 0, slide.ErrHeader
	case len(b) <= atOpcode || len(b) < overhead+int(b[atLength]):
		return 0, nil
	}
	n = overhead + int(b[atLength])
	if got, want := crc(b[atLength:n-2]), binary.BigEndian.Uint16(b[n-2:]); got != want {
		return n, fmt.Errorf("response %02X of %d bytes, crc %04X where %04X is right: %w", b[atOpcode], n, want, got, wire.ErrChecksum)
	}
	return n, nil
}

// crc is like that of tags but for one thing: the message goes in at the low end
// of the register, so its last two bytes count less than there.
func crc(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, one := range b {
		crc = (crc<<8 | uint16(one)) ^ gen2.Table[byte(crc>>8)]
	}
	return crc
}

// command makes a frame.
func command(op byte, data ...byte) []byte {
	b := append([]byte{header, byte(len(data)), op}, data...)
	return binary.BigEndian.AppendUint16(b, crc(b[atLength:]))
}

// Decode takes what arrived.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	d.stream.Arrived(arrived)
	d.take(false, out)
}

// take handles all frames that are whole.
func (d *Decoder) take(silent bool, out *wire.Output) {
	for {
		before := len(out.Faults)
		frame, astray := d.stream.Next(silent, out)
		if d.stale && !silent && !astray {
			// The port was opened in the middle of a frame: that is no trouble.
			clear(out.Faults[before:])
			out.Faults = out.Faults[:before]
		}
		switch {
		case astray:
			d.astray(out)
			continue
		case frame == nil:
			return
		}
		d.frame(frame, out)
	}
}
