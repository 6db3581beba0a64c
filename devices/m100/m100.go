// Package m100 leads the small reader modules M100, QM100, YRM100 and YPD-R200
// and what is built around them: it stops what is running, sets the module up,
// has it poll without a break, and takes what it hears.
//
//	BB | 02 | 22 | 00 11 | C9 34 00 30 75 … 0D 70 3A 76 | EF | 7E
//	│    │    │    │       │                              │    └─ end; it may stand in the data too
//	│    │    │    │       │                              └─ sum of all after BB, its low byte
//	│    │    │    │       └─ a tag: signal, control word, EPC, the tag's own CRC
//	│    │    │    └─ length of the data
//	│    │    └─ command; FF is an error
//	│    └─ 00 command, 01 response, 02 a tag as it is heard
//	└─ header; AA and DD in place of BB and 7E with the YPD-R200
//
// A sum passes one damaged frame in 256, so the tag's own CRC is checked too. The
// module says error 15 for each round in which it has heard nothing, hundreds of
// times a second: that is its sign of life. Its rounds are counted and come to an
// end after 65535, so they are begun anew before. It does not tell that it was
// reset: if it falls silent it is set up from the beginning, region first.
// Without a region it is not started: which frequencies are allowed is not for a
// program to guess.
package m100

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/slide"
	"scanpost/devices/wire"
)

// Options are what a profile and the site say about a module.
type Options struct {
	Frame   string  `toml:"frame"`   // "bb", "aa", or "auto": as the module's first frame
	Region  string  `toml:"region"`  // such as "eu"; empty: it is not started
	Power   float64 `toml:"power"`   // dBm; 0 leaves the module's own
	Session int     `toml:"session"` // 0 to 3
	Target  string  `toml:"target"`  // "A" or "B"
	Q       int     `toml:"q"`       // 0 to 15: 2 to this power are about as many tags as it hears well at once
}

// Defaults are good for a conveyor: all reads of few tags.
func Defaults() Options {
	return Options{Frame: "auto", Target: "A", Q: 4}
}

// regions are the codes of command 07, by the bands behind them.
var regions = map[string]byte{"cn": 1, "us": 2, "eu": 3, "cn800": 4, "kr": 6}

// marks are the first and the last byte of a frame.
var marks = map[string][2]byte{"bb": {0xBB, 0x7E}, "aa": {0xAA, 0xDD}, "auto": {0xBB, 0x7E}}

func (o *Options) check() error {
	var wrong []error
	mistake := func(option, sentence string, args ...any) {
		wrong = append(wrong, content.Wrong(option, sentence, args...))
	}
	if _, known := marks[o.Frame]; !known {
		mistake("frame", "must be bb, aa or auto, not %q", o.Frame)
	}
	if _, known := regions[o.Region]; o.Region != "" && !known {
		mistake("region", "must be one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(regions)), ", "), o.Region)
	}
	if o.Power != 0 && (o.Power < 1 || o.Power > 33) {
		mistake("power", "must be from 1 to 33 dBm, or 0 for the module's own, not %v", o.Power)
	}
	if o.Session < 0 || o.Session > 3 {
		mistake("session", "must be from 0 to 3, not %d", o.Session)
	}
	if o.Target != "A" && o.Target != "B" {
		mistake("target", "must be A or B, not %q", o.Target)
	}
	if o.Q < 0 || o.Q > 15 {
		mistake("q", "must be from 0 to 15, not %d", o.Q)
	}
	return errors.Join(wrong...)
}

// Decoder leads the conversation with one module. Without Open it takes what
// comes as if the module had been started.
type Decoder struct {
	options Options
	stream  *slide.Stream
	marks   [2]byte
	sure    bool // of the marks
	steps   []step

	stage   stage
	at      int  // step that waits for its answer
	tries   int  // times it was sent
	quiet   int  // silences since a frame came, or a step was sent
	stale   bool // what comes may be older than our stop
	drained int  // frames that came since the stop
	rounds  int  // that may have passed since the start
	trouble byte // error that was told last
	told    bool // that it has no region
}

// stage is what is waited for.
type stage int

const (
	reading  stage = iota // tags, and signs of life
	stopping              // that what was running has ended
	setting               // the answer to a step
	turning               // the end of the rounds, to begin them anew
	parked                // a while, before it is tried anew; or for ever
)

// New makes a decoder.
func New(o Options) (*Decoder, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	d := &Decoder{options: o, marks: marks[o.Frame], sure: o.Frame != "auto"}
	d.stream = slide.New(d.check)
	d.steps = d.plan()
	return d, nil
}

// Positions in a frame.
const (
	atType    = 1
	atCommand = 2
	atLength  = 3
	atData    = 5

	overhead = 7
	mostData = 256 // a tag of the greatest length needs 67
)

// Types of frames.
const (
	typeCommand  = 0
	typeResponse = 1
	typeNotice   = 2
)

// end is the mark that ends what begins with this byte; 0 if no frame does.
func (d *Decoder) end(b byte) byte {
	switch {
	case b == d.marks[0]:
		return d.marks[1]
	case !d.sure && b == marks["aa"][0]:
		return marks["aa"][1]
	}
	return 0
}

// check finds one frame. The end byte is looked at last: it stands inside of
// frames too.
func (d *Decoder) check(b []byte) (n int, err error) {
	end := d.end(b[0])
	switch {
	case end == 0, len(b) > atType && b[atType] > typeNotice:
		return 0, slide.ErrHeader
	case len(b) < atData:
		return 0, nil
	}
	n = int(b[atLength])<<8 | int(b[atLength+1])
	if n > mostData {
		return 0, slide.ErrHeader
	}
	if n += overhead; len(b) < n {
		return 0, nil
	}
	if want := sum(b[atType : n-2]); b[n-2] != want || b[n-1] != end {
		return n, fmt.Errorf("frame %02X %02X of %d bytes ends in %02X %02X where %02X %02X is right: %w", b[atType], b[atCommand], n, b[n-2], b[n-1], want, end, wire.ErrChecksum)
	}
	return n, nil
}

func sum(b []byte) (s byte) {
	for _, one := range b {
		s += one
	}
	return s
}

// command makes a frame.
func (d *Decoder) command(op byte, data ...byte) []byte {
	b := append([]byte{d.marks[0], typeCommand, op, byte(len(data) >> 8), byte(len(data))}, data...)
	return append(b, sum(b[atType:]), d.marks[1])
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
		d.learn(frame[0])
		d.frame(frame, out)
	}
}

// learn takes over the marks of the module's frames.
func (d *Decoder) learn(mark byte) {
	if d.sure {
		return
	}
	d.sure = true
	if mark != d.marks[0] {
		d.marks = marks["aa"]
		d.steps = d.plan()
	}
}
