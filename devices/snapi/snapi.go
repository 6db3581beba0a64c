// Package snapi decodes Zebra's own USB protocol, SNAPI.
//
//	22 01 00 0D 0B 00  4006381333931
//	│  │  │  │  └──┴─ what the code is, as in SSI; the low byte first
//	│  │  │  └─ how many bytes of the code are in this report
//	│  │  └─ which report of the code this is, counted from 0
//	│  └─ of how many
//	└─ 22 scan; 26 long scan, in which "which" and "of how many" have two bytes each, the high one first
//
//	21 acked status …    what became of a report of ours
//	24 …                 a notification; what it says nobody has written down
//
// Every 22 and 26 is answered, or else the scanner repeats it and stalls. All
// but the last report of a code are answered at once; the last one when the
// code is saved. A code that will never be one, and a report that can not be
// read, are answered at once too: silence would cost more than the one code.
//
// A report whose answer was lost comes again. Within a code its number tells:
// it is answered again and not added twice; and the last of several is the
// same code again. A code of a single report has no such mark: two of them are
// two sightings, and that they are one scan is for time to tell.
package snapi

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/symbology"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	AIMID  bool     `toml:"aim_id"`  // the code begins with an AIM identifier
	CodeID string   `toml:"code_id"` // the code begins with a code id of this set
	GS     string   `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Max: content.Longest} }

// Decoder is the state of one scanner.
type Decoder struct {
	rules content.Rules
	limit int // most bytes kept of a code

	code     []byte // also after the end: the last report may come again
	of       packet // the newest that was added to code; count 0: there is none
	last     int    // where its bytes begin in code
	skipping bool   // the rest of this code is dropped
}

// packet is the head of a scan report.
type packet struct {
	report       byte
	count, index int
	kind         uint16
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	if err != nil {
		return nil, err
	}
	return &Decoder{rules: rules, limit: rules.Limit()}, nil
}

// Numbers of reports.
const (
	statusReport = 0x21
	scanReport   = 0x22
	notification = 0x24
	longReport   = 0x26
	ackReport    = 0x01
)

// Decode consumes one report.
func (d *Decoder) Decode(report []byte, out *wire.Output) {
	if len(report) == 0 {
		return
	}
	switch report[0] {
	case statusReport:
		d.status(report, out)
	case scanReport, longReport:
		d.scan(report, out)
	case notification:
	default:
		out.Fault(fmt.Errorf("report number %02x, which is not known: %w", report[0], wire.ErrUnasked))
	}
}

// refusals are the words for a status that is not good.
var refusals = map[byte]string{2: "error", 3: "not supported", 4: "not possible now", 0xD: "timed out"}

// status tells what became of a report of ours. That of an acknowledgement is
// no answer to a command.
func (d *Decoder) status(report []byte, out *wire.Output) {
	if len(report) < 3 {
		out.Fault(fmt.Errorf("status report of %d bytes, want 3: %w", len(report), wire.ErrShort))
		return
	}
	code := report[2] & 0x0F
	refused, known := refusals[code]
	if !known && code != 1 {
		refused = fmt.Sprintf("status %x", code)
	}
	switch {
	case report[1] != ackReport:
		out.Answer(wire.Answer{Refused: refused})
	case refused != "":
		out.Fault(fmt.Errorf("acknowledgement: %s: %w", refused, wire.ErrUnasked))
	}
}

// scan handles a report with a code or a part of one.
func (d *Decoder) scan(report []byte, out *wire.Output) {
	p := packet{report: report[0]}
	var head int
	switch {
	case p.report == scanReport && len(report) >= 6:
		p.count, p.index, p.kind = int(report[1]), int(report[2]), binary.LittleEndian.Uint16(report[4:])
		head = 6
	case p.report == longReport && len(report) >= 8:
		p.count, p.index, p.kind = int(binary.BigEndian.Uint16(report[1:])), int(binary.BigEndian.Uint16(report[3:])), binary.LittleEndian.Uint16(report[6:])
		head = 8
	}
	switch {
	case head == 0 || int(report[head-3]) > len(report)-head:
		out.Fault(fmt.Errorf("scan report of %d bytes is cut short: %w", len(report), wire.ErrShort))
		d.hole()
		out.Reply(p.ack())
	case p.index >= p.count:
		out.Fault(fmt.Errorf("scan report %d of %d: %w", p.index+1, p.count, wire.ErrNoise))
		d.hole()
		out.Reply(p.ack())
	default:
		d.part(p, report[head:][:report[head-3]], out)
	}
}

// ack is the answer to a report.
func (p packet) ack() []byte { return []byte{ackReport, p.report, 0x01, 0x00} }

// part adds a report to its code.
func (d *Decoder) part(p packet, b []byte, out *wire.Output) {
	follows := d.of
	follows.index++
	switch {
	case p == d.of && p.count > 1 && !d.skipping && bytes.Equal(d.code[d.last:], b):
		if p.index < p.count-1 {
			out.Reply(p.ack())
		} else {
			d.end(true, out)
		}
		return
	case p.index == 0:
		if d.unfinished() && !d.skipping {
			d.gap(p, out)
		}
		d.code, d.skipping = d.code[:0], false
	case p != follows && !d.skipping:
		d.gap(p, out)
		d.skipping = true
	}
	d.of, d.last = p, len(d.code)
	if !d.skipping && len(d.code)+len(b) > d.limit {
		out.Fault(fmt.Errorf("code goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.skipping = true
	}
	if d.skipping || p.index < p.count-1 {
		out.Reply(p.ack())
		if d.skipping {
			return
		}
	}
	d.code = append(d.code, b...)
	if p.index == p.count-1 {
		d.end(false, out)
	}
}

// unfinished reports whether a code has begun and not ended.
func (d *Decoder) unfinished() bool { return d.of.index < d.of.count-1 }

// gap tells that the code before p is not whole, or that p's is not.
func (d *Decoder) gap(p packet, out *wire.Output) {
	was := "nothing"
	if d.of.count > 0 {
		was = fmt.Sprintf("%d of %d", d.of.index+1, d.of.count)
	}
	out.Fault(fmt.Errorf("scan report %d of %d comes after %s: %w", p.index+1, p.count, was, wire.ErrGap))
}

// parameter is a programming barcode, which the scanner hands on as a code.
const parameter = 0x33

// end reports the code that is now whole.
func (d *Decoder) end(again bool, out *wire.Output) {
	as := wire.Sighting{OnSaved: d.of.ack(), Again: again}
	if d.of.kind == parameter {
		out.Fault(fmt.Errorf("a programming barcode: %w", wire.ErrUnasked))
		out.Reply(as.OnSaved)
		return
	}
	if len(d.code) == 0 {
		out.Fault(fmt.Errorf("a code without a character: %w", wire.ErrShort))
	}
	if d.of.kind <= 0xFF {
		kind, _ := symbology.SSI(byte(d.of.kind))
		as.AIM, as.Symbology = kind.AIM, kind.Name
	}
	d.rules.Report(d.code, as, out)
}

// hole is a report that can not be read: the code around it is not whole.
func (d *Decoder) hole() {
	if d.unfinished() {
		d.skipping = true
	}
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	if !d.unfinished() {
		return // the last report may still come again
	}
	if !d.skipping {
		out.Fault(fmt.Errorf("code ends after report %d of %d: %w", d.of.index+1, d.of.count, wire.ErrShort))
	}
	d.code, d.of, d.last, d.skipping = d.code[:0], packet{}, 0, false
}
