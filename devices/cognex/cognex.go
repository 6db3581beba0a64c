// Package cognex decodes Cognex DataMan readers, in whose stream readings and
// the answers to commands (DMCC) stand side by side.
//
//	4006381333931 CR LF               a reading as plain text, as the reader comes; ends with options end
//
//	||1:7[0]DM260 x CR LF             with extended responses switched on
//	│ │ │ │ │     │ └─ footer
//	│ │ │ │ │     └─ XOR of all bytes before it, only if the header says 1
//	│ │ │ │ └─ what was asked for
//	│ │ │ └─ status: 0 good, 1 a reading, from 100 on why a command was not taken
//	│ │ └─ the number that the command had, if it had one; more fields may follow
//	│ └─ 1: with checksum; 0 or nothing: without
//	└─ header
//
//	||[1]NDAwNjM4MTMzMzkzMQ== CR LF   a reading, in Base64
//
// Both are taken at any time: a reader that has lost its settings sends its
// readings as plain text again, and none is lost. That it has lost them is
// told, once readings had come in Base64.
//
// Base64 after RFC 2045 may be broken into lines of 76 characters; whether a
// reader does it is not known. A first line of just 76, which a code of 57
// bytes makes as well, therefore waits for what follows or for silence. Cut
// off, it would be a wrong code.
package cognex

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	End    string   // what ends a reading in plain text
	AIMID  bool     `toml:"aim_id"` // readings begin with AIM identifiers
	GS     string   `toml:"gs"`     // what it sends in place of GS1's separator; empty: GS itself
	Asked  []string // what the commands numbered 1, 2, … ask for: the names of their facts
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole readings that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole readings that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{End: "\r\n", Max: content.Longest} }

const (
	footer  = "\r\n"
	folded  = 76 // characters of a line of Base64 that goes on in the next
	longest = 64 // bytes of a header
)

// Decoder is the state of one connection.
type Decoder struct {
	rules content.Rules
	end   []byte
	asked []string
	limit int // most bytes kept

	line     []byte
	skipping bool   // the line was too long; its rest is dropped
	reading  []byte // in Base64
	open     bool   // and it may go on in the next line
	endless  bool   // but has become too long
	text     []byte // decoded
	extended bool   // readings have come in Base64
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	if len(o.End) < 1 || len(o.End) > 2 {
		mistakes = append(mistakes, content.Wrong("end", "must be of one or two bytes, not %q", o.End))
	}
	for _, name := range o.Asked {
		if name == "" {
			mistakes = append(mistakes, content.Wrong("asked", "must not hold an empty name"))
			break
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	d := &Decoder{rules: rules, end: []byte(o.End), asked: o.Asked}
	d.limit = longest + max(folded, base64.StdEncoding.EncodedLen(rules.Limit())) + 1 + len(footer)
	return d, nil
}

// Decode consumes what arrived and reports what it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	for len(arrived) > 0 {
		n := 0
		for n < len(arrived) && arrived[n] != '\n' && arrived[n] != d.end[len(d.end)-1] {
			n++
		}
		n = min(n+1, len(arrived))
		d.take(arrived[:n], out)
		arrived = arrived[n:]
	}
}

// take adds bytes of which only the last may end a line.
func (d *Decoder) take(some []byte, out *wire.Output) {
	if room := d.limit - len(d.line); !d.skipping && len(some) > room {
		d.line = append(d.line, some[:room]...)
		out.Fault(fmt.Errorf("line beginning %s goes on after %d bytes: %w", short(d.line), d.limit, wire.ErrTooLong))
		d.skipping, some = true, some[room:]
	}
	if d.skipping {
		// Kept is only as much as shows its end, whichever of the two it has.
		d.line = append(tail(d.line), some[max(0, len(some)-2):]...)
		d.line = tail(d.line)
		if bytes.HasSuffix(d.line, d.end) || bytes.HasSuffix(d.line, []byte(footer)) {
			d.line, d.skipping = d.line[:0], false
		}
		return
	}
	d.line = append(d.line, some...)
	end := d.end
	if bytes.HasPrefix(d.line, []byte("||")) {
		end = []byte(footer)
	}
	if line, found := bytes.CutSuffix(d.line, end); found {
		d.line = d.line[:0]
		d.ended(line, out)
	}
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	line := d.line
	if d.skipping {
		line = nil
	}
	d.line, d.skipping = d.line[:0], false
	if len(d.end) == 2 {
		line = bytes.TrimSuffix(line, d.end[:1])
	}
	line = trim(line)
	if d.open && len(line) > 0 && line[0] != '|' {
		out.Fault(fmt.Errorf("reading beginning %s breaks off: %w", short(d.reading), wire.ErrShort))
		d.open, d.endless = false, false
		return
	}
	d.closeReading(out)
	switch {
	case len(line) == 0:
	case bytes.HasPrefix(line, []byte("||")):
		out.Fault(fmt.Errorf("response %s without CR LF: %w", short(line), wire.ErrShort))
	default:
		d.plain(line, "unterminated", out)
	}
}

// ended handles a line without what ended it.
func (d *Decoder) ended(line []byte, out *wire.Output) {
	line = trim(line)
	if d.open {
		if d.goesOn(line, out) {
			return
		}
		d.closeReading(out)
	}
	if at := findHeader(line); at > 0 {
		// A reading without its terminator, or the end of one.
		d.plain(line[:at], "unterminated", out)
		line = line[at:]
	}
	h, data, found := header(line)
	if !found {
		if len(line) > 0 {
			d.plain(line, "", out)
		}
		return
	}
	if h.checked {
		n := len(line) - 1
		if len(data) == 0 || xor(line[:n]) != line[n] {
			out.Fault(fmt.Errorf("response %s, its last byte is not the XOR of those before: %w", short(line), wire.ErrChecksum))
			// The next one may have been swallowed with its footer.
			if at := findHeader(line[1:]); at >= 0 {
				d.ended(line[1+at:], out)
			}
			return
		}
		data = data[:len(data)-1]
	}
	if h.status == 1 {
		d.extended = true
		d.reading = append(d.reading[:0], data...)
		if d.open = !h.checked && mayGoOn(data); !d.open {
			d.report(out)
		}
		return
	}
	out.Answer(d.answer(h, data))
}

// plain reports a reading that came as text.
func (d *Decoder) plain(line []byte, note string, out *wire.Output) {
	out.Restarted = out.Restarted || d.extended
	d.rules.Report(line, wire.Sighting{Note: note}, out)
}

// report decodes and reports a reading in Base64.
func (d *Decoder) report(out *wire.Output) {
	n := base64.StdEncoding.DecodedLen(len(d.reading))
	if cap(d.text) < n {
		d.text = make([]byte, n)
	}
	n, err := base64.StdEncoding.Decode(d.text[:n], d.reading)
	if err != nil {
		out.Fault(fmt.Errorf("reading %s is not in Base64 (%v): %w", short(d.reading), err, wire.ErrNoise))
		return
	}
	d.rules.Report(d.text[:n], wire.Sighting{}, out)
}

// goesOn adds a line of Base64 to the reading before it, if it is one.
func (d *Decoder) goesOn(line []byte, out *wire.Output) bool {
	if len(line) == 0 || len(line) > folded || len(line)%4 != 0 || len(bytes.Trim(line, alphabet)) > 0 {
		return false
	}
	d.endless = d.endless || len(d.reading)+len(line) > d.limit
	if !d.endless {
		d.reading = append(d.reading, line...)
	}
	if !mayGoOn(line) {
		d.closeReading(out)
	}
	return true
}

// closeReading reports a reading that waited for its rest.
func (d *Decoder) closeReading(out *wire.Output) {
	open, endless := d.open, d.endless
	d.open, d.endless = false, false
	switch {
	case endless:
		out.Fault(fmt.Errorf("reading beginning %s goes on after %d bytes: %w", short(d.reading), d.limit, wire.ErrTooLong))
	case open:
		d.report(out)
	}
}
