// Package tsl leads the hand-held tag readers of TSL by their ASCII 2.0 protocol.
// Most read barcodes as well.
//
//	CS: .iv -r on -e on
//	EP: 3154F4E4E4CE0A6A14000000     the EPC of a tag
//	RI: -52                          its strength, dBm
//	PC: 3000
//	OK:                              or ER: and a code, with ME: in words
//	                                 an empty line, and only that, ends the block
//
// A pull of the trigger gives the same blocks unasked: a tag becomes a read, and
// the line BC: a sighting. In it ESC stands before a CR, LF or ESC that is the
// code's own. Stray bytes 00 and FF are dropped before anything else. An inventory
// without a tag ends with ER:, which is no fault.
//
// In mode "trigger" the reader is only told what to say of each tag. In mode
// "poll" each inventory is a command of ours, for a reader that lies in a cradle
// at a gate. A reader sleeps when it is left alone, and forgets nothing by that;
// so it is asked for its battery now and then, and set up again when it is back.
package tsl

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/gen2"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Mode     string   // "trigger" or "poll"
	Power    int      // dBm, 10 to 29; 0: as the reader is set
	Session  string   // of Gen2: "s0" to "s3"; empty: as the reader is set
	Target   string   // "a" or "b"; empty: as the reader is set
	Rest     int      // quiet times between two inventories of mode poll
	Patience int      // quiet times until a command counts as lost
	Ask      int      // quiet times until a reader that says nothing is asked for its battery; 0: it is not
	AIMID    bool     `toml:"aim_id"` // barcodes come with AIM identifiers
	GS       string   `toml:"gs"`     // what it sends in place of GS1's separator; empty: GS itself
	Max      int      // longest barcode in bytes
	NoRead   []string `toml:"noread,one"` // whole barcodes that mean "nothing read"
	Ignore   []string `toml:"ignore,one"` // whole barcodes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{Mode: "trigger", Patience: 4, Ask: 60, Max: content.Longest}
}

// Decoder is one conversation with a reader.
type Decoder struct {
	o     Options
	rules content.Rules
	plan  plan
	talk  talk

	line    []byte
	escaped bool // an ESC came
	cr      bool // a CR ended the line before, so an LF belongs to it
	long    bool // the line was too long; its rest is dropped
	strays  int  // bytes 00 and FF since the last block

	block block
	tag   tag
	epcs  []byte // those of the last call
}

// block is an answer of the reader.
type block struct {
	open    bool
	kind    kind
	setup   bool // it is our set-up's
	begun   bool // its first line was seen
	lead    key  // the field that a tag begins with: the first of the block
	done    bool // OK: or ER: came
	failed  bool // ER: came
	code    string
	message string
	facts   []wire.Fact
}

type kind int

const (
	other kind = iota
	inventory
	barcode
)

// tag is what lines have told of a tag so far.
type tag struct {
	read           wire.Read
	hasEPC, hasCRC bool
	crc            uint16
	bad            bool // a field could not be read
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	wrong := func(is bool, option, sentence string, args ...any) {
		if is {
			mistakes = append(mistakes, content.Wrong(option, sentence, args...))
		}
	}
	wrong(o.Mode != "trigger" && o.Mode != "poll", "mode", "must be trigger or poll, not %q", o.Mode)
	wrong(o.Power != 0 && (o.Power < 10 || o.Power > 29), "power", "must be from 10 to 29 dBm, or 0 to leave it, not %d", o.Power)
	wrong(o.Session != "" && (len(o.Session) != 2 || o.Session[0] != 's' || o.Session[1] < '0' || o.Session[1] > '3'), "session", "must be s0 to s3, not %q", o.Session)
	wrong(o.Target != "" && o.Target != "a" && o.Target != "b", "target", "must be a or b, not %q", o.Target)
	wrong(o.Rest < 0 || o.Rest > 1000, "rest", "must be from 0 to 1000, not %d", o.Rest)
	wrong(o.Patience < 1 || o.Patience > 1000, "patience", "must be from 1 to 1000, not %d", o.Patience)
	wrong(o.Ask < 0 || o.Ask > 100_000, "ask", "must be from 0 to 100000, not %d", o.Ask)
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, rules: rules, plan: newPlan(o)}, nil
}

// Decode consumes what arrived. Tags that it hands out are good until the next call.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	d.fresh()
	for len(arrived) > 0 {
		n := 0
		for n < len(arrived) && !marks[arrived[n]] {
			n++
		}
		if n == 0 || d.escaped || len(d.line)+n > longestOther {
			n = 1
			d.byte(arrived[0], out)
		} else if d.cr = false; !d.long {
			d.line = append(d.line, arrived[:n]...)
		}
		arrived = arrived[n:]
	}
}

// marks are bytes that need a look; the others are copied in one go.
var marks = [256]bool{0x00: true, '\r': true, '\n': true, esc: true, 0xFF: true}

// fresh forgets the EPCs of the last call, but that of a tag that is not told yet.
func (d *Decoder) fresh() {
	d.epcs = append(d.epcs[:0], d.tag.read.EPC...)
	if n := len(d.epcs); n > 0 {
		d.tag.read.EPC = d.epcs[:n:n]
	}
}

const esc = 0x1B

func (d *Decoder) byte(b byte, out *wire.Output) {
	switch {
	case b == 0x00 || b == 0xFF:
		d.strays++
	case d.escaped:
		d.escaped = false
		if b != '\r' && b != '\n' && b != esc {
			d.keep(esc, out) // it stood for itself
		}
		d.keep(b, out)
	case b == esc:
		d.escaped = true
	case b == '\n' && d.cr:
		d.cr = false
	case b == '\r' || b == '\n':
		d.cr = b == '\r'
		line := d.line
		if d.long {
			line = nil
		}
		skip := d.long
		d.line, d.long = d.line[:0], false
		if !skip {
			d.read(line, out)
		}
	default:
		d.keep(b, out)
	}
}

// keep adds a byte to the line, or drops the line if it gets too long.
func (d *Decoder) keep(b byte, out *wire.Output) {
	d.cr = false
	switch {
	case d.long:
	case len(d.line) >= len("BC: ")+d.rules.Limit() && len(d.line) >= longestOther:
		d.long = true
		out.Fault(fmt.Errorf("line beginning %q goes on after %d bytes: %w", d.line[:24], len(d.line), wire.ErrTooLong))
		d.line = d.line[:0]
	default:
		d.line = append(d.line, b)
	}
}

// longestOther is how long lines may be that are no barcodes.
const longestOther = 512

// read takes a whole line.
func (d *Decoder) read(line []byte, out *wire.Output) {
	if len(line) == 0 {
		if d.block.open {
			d.end(out)
		}
		return
	}
	if len(line) < 3 || line[2] != ':' {
		out.Fault(fmt.Errorf("line %s, which is none of the protocol (is this a TSL reader?): %w", short(line), wire.ErrNoise))
		return
	}
	value := line[3:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch k := key(line[0])<<8 | key(line[1]); k {
	case echo:
		if d.block.open {
			out.Fault(fmt.Errorf("block without the empty line at its end: %w", wire.ErrGap))
			d.end(out)
		}
		d.block = block{open: true, begun: true, facts: d.block.facts[:0]}
		switch {
		case bytes.HasPrefix(value, []byte(".iv")):
			d.block.kind, d.block.setup = inventory, bytes.Contains(value, []byte(" -n"))
		case bytes.HasPrefix(value, []byte(".bc")):
			d.block.kind = barcode
		}
	case success:
		d.block.open, d.block.done = true, true
		d.flush(out)
	case failure:
		d.block.open, d.block.done, d.block.failed, d.block.code = true, true, true, string(value)
		d.flush(out)
	case message:
		d.block.message = string(value)
	case code:
		d.block.open, d.block.kind = true, barcode
		d.rules.Report(value, wire.Sighting{}, out)
	case epc, strength, control, check, index:
		d.block.open, d.block.kind = true, inventory
		d.field(k, value, out)
	default:
		const most = 32
		if d.block.kind == other && len(d.block.facts) < most {
			d.block.facts = append(d.block.facts, wire.Fact{Name: string(line[:2]), Value: string(value)})
		}
	}
}

// key is the two letters that a line begins with.
type key uint16

const (
	echo     = 'C'<<8 | 'S'
	success  = 'O'<<8 | 'K'
	failure  = 'E'<<8 | 'R'
	message  = 'M'<<8 | 'E'
	code     = 'B'<<8 | 'C'
	epc      = 'E'<<8 | 'P'
	strength = 'R'<<8 | 'I'
	control  = 'P'<<8 | 'C'
	check    = 'C'<<8 | 'R'
	index    = 'I'<<8 | 'X'
)

// field is a line about a tag. Which comes first differs, and is what tags are
// told apart by: so a line that is lost costs its own tag, and shifts nothing of
// one to the next.
func (d *Decoder) field(k key, value []byte, out *wire.Output) {
	t := &d.tag
	switch {
	case d.block.lead == 0 && d.block.begun:
		d.block.lead = k
	case d.block.lead == 0:
		d.block.lead = epc // we came in the midst of it
	}
	if k == d.block.lead || k == epc && t.hasEPC {
		d.flush(out)
	} else if d.block.lead == epc && !t.hasEPC {
		return
	}
	switch k {
	case epc:
		t.hasEPC = true
		at, n := len(d.epcs), hex.DecodedLen(len(value))
		d.epcs = append(d.epcs, make([]byte, n)...)
		if _, err := hex.Decode(d.epcs[at:], value); err != nil || n == 0 {
			t.bad = true
			out.Fault(fmt.Errorf("EPC %s is not bytes in hex: %w", short(value), wire.ErrNoise))
		}
		t.read.EPC = d.epcs[at : at+n : at+n]
	case strength:
		rssi, err := strconv.Atoi(string(value))
		t.read.RSSI, t.read.HasRSSI = rssi, err == nil
		if err != nil {
			out.Fault(fmt.Errorf("strength %s is no number: %w", short(value), wire.ErrNoise))
		}
	case control:
		t.read.PC, t.read.HasPC = word(value)
	case check:
		t.crc, t.hasCRC = word(value)
	}
}

// word reads four digits of hex.
func word(text []byte) (w uint16, is bool) {
	var b [2]byte
	if len(text) != 2*len(b) {
		return 0, false
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return 0, false
	}
	return uint16(b[0])<<8 | uint16(b[1]), true
}

// flush hands out the tag that lines have told.
func (d *Decoder) flush(out *wire.Output) {
	t := d.tag
	d.tag = tag{}
	if !t.hasEPC || t.bad {
		return
	}
	r := t.read
	r.Count = 1
	if r.HasPC {
		r.Note = gen2.Note(r.PC, len(r.EPC), 0)
		if t.hasCRC && !gen2.Extended(r.PC) && crc(r.PC, r.EPC) != t.crc {
			out.Fault(fmt.Errorf("tag %X with CRC %04X: %w", r.EPC, t.crc, wire.ErrTag))
			return
		}
	}
	out.Read(r)
}

// crc is what the tag should have sent.
func crc(pc uint16, epc []byte) uint16 {
	var sent [64]byte
	return gen2.CRC(append(append(sent[:0], byte(pc>>8), byte(pc)), epc...))
}

// end is the end of a block.
func (d *Decoder) end(out *wire.Output) {
	d.flush(out)
	b := d.block
	d.block = block{facts: b.facts[:0]}
	if d.strays > 0 {
		out.Fault(fmt.Errorf("%d stray bytes 00 or FF: %w", d.strays, wire.ErrNoise))
		d.strays = 0
	}
	if !b.done {
		out.Fault(fmt.Errorf("block without its result: %w", wire.ErrShort))
	}
	reason := strings.TrimSpace(b.message)
	if b.failed && reason == "" {
		reason = "error " + strings.TrimSpace(b.code)
	}
	switch {
	case b.kind == other && b.failed:
		out.Answer(wire.Answer{Refused: reason})
	case b.kind == other && len(b.facts) > 0:
		out.Answer(wire.Answer{Facts: append([]wire.Fact(nil), b.facts...)})
	}
	d.ended(&b, reason, out)
}

// short quotes the beginning of hostile bytes for a message.
func short(b []byte) string {
	if len(b) > 24 {
		return fmt.Sprintf("%q…", b[:24])
	}
	return fmt.Sprintf("%q", b)
}
