// Package counted decodes HID scanners whose reports say how many bytes of a
// code they carry, and nothing else: Symbol's "Simple COM" and Microscan's HID
// mode. They are no HID POS: there is no identifier, and no bit that says that
// a code goes on.
//
//	01 03 A B C 00 00 …
//	│  │  └─ of the code; what follows is filled up
//	│  └─ how many bytes
//	└─ number of the report, if option number is not 0
//
// So a report that is not full ends a code, and a full one does so only if
// silence follows: what comes at once belongs to it. The profile's quiet time
// is what a code of just that length waits for. A suffix of the scanner's is
// no part of the code, and does not end it: it may well stand inside.
package counted

import (
	"bytes"
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Number int      // of the reports with codes; 0 if reports have no numbers
	Suffix []string `toml:"suffix,one"` // what the scanner puts after a code; the first that fits is cut
	AIMID  bool     `toml:"aim_id"`     // the code begins with an AIM identifier
	CodeID string   `toml:"code_id"`    // the code begins with a code id of this set
	GS     string   `toml:"gs"`         // what it sends in place of GS1's separator; empty: GS itself
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Max: content.Longest} }

// Decoder is the state of one scanner.
type Decoder struct {
	rules  content.Rules
	number int
	suffix [][]byte
	limit  int // most bytes kept of a code

	code     []byte
	open     bool // the newest report was full
	skipping bool // the rest of this code is dropped
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	if o.Number < 0 || o.Number > 255 {
		mistakes = append(mistakes, content.Wrong("number", "must be from 0 to 255, not %d", o.Number))
	}
	d := &Decoder{rules: rules, number: o.Number, limit: rules.Limit()}
	longest := 0
	for _, suffix := range o.Suffix {
		if len(suffix) < 1 || len(suffix) > 8 {
			mistakes = append(mistakes, content.Wrong("suffix", "must be of one to 8 bytes, not %q", suffix))
		}
		d.suffix = append(d.suffix, []byte(suffix))
		longest = max(longest, len(suffix))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	d.limit += longest
	return d, nil
}

// Decode consumes one report.
func (d *Decoder) Decode(report []byte, out *wire.Output) {
	if len(report) == 0 {
		return
	}
	if d.number != 0 {
		if int(report[0]) != d.number {
			out.Fault(fmt.Errorf("report number %d, scans have %d: %w", report[0], d.number, wire.ErrUnasked))
			return
		}
		report = report[1:]
	}
	if len(report) == 0 || int(report[0]) > len(report)-1 {
		out.Fault(fmt.Errorf("report % x… says that it holds more than it does: %w", report[:min(len(report), 8)], wire.ErrShort))
		d.skipping = d.open
		d.code = d.code[:0]
		return
	}
	n := int(report[0])
	d.open = n > 0 && n == len(report)-1
	if !d.skipping && len(d.code)+n > d.limit {
		out.Fault(fmt.Errorf("code goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.skipping, d.code = true, d.code[:0]
	}
	if !d.skipping {
		d.code = append(d.code, report[1:][:n]...)
	}
	if !d.open {
		d.end(out)
	}
}

// end reports the code and begins another.
func (d *Decoder) end(out *wire.Output) {
	code, skipped := d.code, d.skipping
	d.code, d.open, d.skipping = d.code[:0], false, false
	if skipped {
		return
	}
	for _, suffix := range d.suffix {
		if bytes.HasSuffix(code, suffix) {
			code = code[:len(code)-len(suffix)]
			break
		}
	}
	d.rules.Report(code, wire.Sighting{}, out)
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) { d.end(out) }
