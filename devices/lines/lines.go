// Package lines decodes devices that send one code per line.
//
//	STX ]E0 4006381333931 CR LF
//	│   │   │             └─ options end: one or two bytes, or several of them; with none, silence ends the code
//	│   │   └─ the code, options max bytes at most, kept byte for byte
//	│   └─ AIM identifier, three bytes, cut if options aim_id and there is one;
//	│      or the maker's code id, cut if options code_id names its set
//	└─ options prefix
//
// A code is reported with the byte that completes its terminator, never
// later: waiting whether an LF follows the CR would cost every scan the
// profile's quiet time. The second half is swallowed when it comes, and so is
// an LF or CR after the other one although only one of them was configured,
// since no code begins with them and many scanners are set to send both.
//
// A code without its terminator is never lost: silence ends it too, and the
// sighting is marked "unterminated".
//
// A device that waits for the host gets options ack once the line is saved; at
// once if the line is one that is never saved, such as one that is too long.
// A line that is noise gets none: it was damaged on its way, and the device
// sends it again or tells its operator.
//
// Bytes above 7F are the code's, except where they give away that the line is
// set wrong: see twisted.
package lines

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Prefix string   // what every line begins with; other bytes before it are noise
	End    []string `toml:"end,one"` // what ends a line; none: silence does
	AIMID  bool     `toml:"aim_id"`  // the device sends AIM identifiers
	CodeID string   `toml:"code_id"` // whose code ids it sends, one of symbology.Sets
	GS     string   `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Ack    string   // what the device waits for until its code is saved; empty: it does not wait
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole lines that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole lines that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{CodeID: "none", Max: content.Longest} }

// Decoder is the state of one line.
type Decoder struct {
	rules  content.Rules
	prefix []byte
	ack    []byte    // nil: nobody waits for it
	single [256]bool // bytes that end a line by themselves
	pairs  [][2]byte // pairs of bytes that do
	marks  [256]bool // bytes that need a look; the others are copied in one go
	silent bool      // there are none: silence ends a code
	limit  int       // most bytes kept

	line     []byte
	skipping bool // the line was too long; its rest is dropped
	last     byte // of the line, also while skipping
	any      bool // the line has a byte

	ended     byte // the last byte of the terminator just met
	justEnded bool // nothing came since
	half      bool // that terminator may be the first half of a longer one
	parity    bool // the line before was read with the wrong parity
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	d := &Decoder{rules: rules, prefix: []byte(o.Prefix)}
	if o.Ack != "" {
		d.ack = []byte(o.Ack)
	}
	for _, o := range []struct{ option, text string }{{"prefix", o.Prefix}, {"ack", o.Ack}} {
		if len(o.text) > 32 {
			mistakes = append(mistakes, content.Wrong(o.option, `must be at most 32 bytes, not %d`, len(o.text)))
		}
	}
	for _, end := range o.End {
		switch len(end) {
		case 1:
			d.single[end[0]], d.marks[end[0]] = true, true
		case 2:
			d.pairs = append(d.pairs, [2]byte{end[0], end[1]})
			d.marks[end[0]], d.marks[end[1]] = true, true
		default:
			mistakes = append(mistakes, content.Wrong("end", `must be of one or two bytes, not %q (without it, silence ends a code)`, end))
		}
	}
	if slices.ContainsFunc(o.End, func(end string) bool { return end != "" && strings.Contains(o.GS, end) }) {
		mistakes = append(mistakes, content.Wrong("gs", "must not hold what ends a line, as %q does", o.GS))
	}
	d.silent = len(o.End) == 0
	if !d.silent {
		d.marks['\r'], d.marks['\n'] = true, true
		d.ended, d.justEnded = '\r', true // the port may have been opened between a CR and its LF
	}
	const suffix = 2 // a suffix that silence ends, or the first half of a terminator, before it is known as one
	d.limit = len(d.prefix) + rules.Limit() + suffix
	if len(d.prefix) > 0 {
		d.limit += len("\r\n") // before it
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return d, nil
}

// Decode consumes what arrived and reports the codes it completes. Bytes of
// an unfinished code are kept until more arrive or the line falls silent.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	for len(arrived) > 0 {
		n := 0
		for n < len(arrived) && !d.marks[arrived[n]] {
			n++
		}
		if n > 0 {
			d.keep(arrived[:n], out)
		} else {
			d.mark(arrived[:1], out)
			n = 1
		}
		arrived = arrived[n:]
	}
}

// mark handles a byte that may end a line.
func (d *Decoder) mark(one []byte, out *wire.Output) {
	b := one[0]
	switch {
	case !d.any && d.justEnded && d.completes(b):
		d.ended, d.half = b, false
	case d.any && d.pair(d.last, b):
		if !d.skipping {
			d.line = d.line[:len(d.line)-1]
		}
		d.end("", out)
		d.ended, d.justEnded, d.half = b, true, false
	case d.single[b]:
		d.end("", out)
		d.ended, d.justEnded, d.half = b, true, true
	default:
		d.keep(one, out)
	}
}

// completes reports whether b, directly after a terminator, still belongs to it.
func (d *Decoder) completes(b byte) bool {
	if (d.ended == '\r' && b == '\n' || d.ended == '\n' && b == '\r') && !bytes.HasPrefix(d.prefix, []byte{b}) {
		return true
	}
	return d.half && d.pair(d.ended, b)
}

func (d *Decoder) pair(a, b byte) bool {
	for _, p := range d.pairs {
		if p[0] == a && p[1] == b {
			return true
		}
	}
	return false
}

// keep adds bytes to the line, or drops the line if it gets too long.
func (d *Decoder) keep(some []byte, out *wire.Output) {
	d.any, d.last, d.justEnded = true, some[len(some)-1], false
	if d.skipping {
		return
	}
	if len(d.line)+len(some) > d.limit {
		d.line = append(d.line, some[:d.limit-len(d.line)]...)
		out.Fault(fmt.Errorf("line beginning %s goes on after %d bytes: %w", short(d.line), d.limit, wire.ErrTooLong))
		d.line, d.skipping = d.line[:0], true
		return
	}
	d.line = append(d.line, some...)
}

// end reports the line and begins another.
func (d *Decoder) end(note string, out *wire.Output) {
	line := d.line
	if d.skipping && d.ack != nil {
		out.Reply(d.ack)
	}
	if d.skipping {
		line = nil
	}
	d.line, d.any, d.skipping, d.justEnded = d.line[:0], false, false, false
	if len(line) == 0 || d.parity && leftover(line) {
		return
	}
	var kind string
	if kind, d.parity = twisted(line); d.parity {
		reportTwisted(line, kind, out)
		return
	}
	at := bytes.Index(line, d.prefix)
	before := line
	if at >= 0 {
		before = line[:at]
	}
	// Some send CR LF between their suffix and the next prefix.
	if len(bytes.Trim(before, "\r\n")) > 0 {
		out.Fault(fmt.Errorf("%s without the prefix %q: %w", short(before), d.prefix, wire.ErrNoise))
	}
	if at < 0 {
		return
	}
	line = line[at+len(d.prefix):]
	d.rules.Report(line, wire.Sighting{Note: note, OnSaved: d.ack}, out)
}

// Silence says that nothing has arrived for the profile's quiet time. What
// follows a pause is a new code, also after one that was too long.
func (d *Decoder) Silence(out *wire.Output) {
	switch {
	case !d.any:
		return
	case d.silent:
		d.line = trimSuffix(d.line)
		d.end("", out)
		return
	}
	cut := false // in the midst of a terminator: its first half is no part of the code
	for _, p := range d.pairs {
		cut = cut || p[0] == d.last
	}
	if cut && !d.skipping {
		d.line = d.line[:len(d.line)-1]
	}
	d.end("unterminated", out)
	d.ended, d.justEnded, d.half = d.last, cut, cut
}

// trimSuffix drops a suffix of CR, LF or both: a scanner left on its default
// suffix reads the same codes as one without.
func trimSuffix(line []byte) []byte {
	for range 2 {
		if n := len(line); n > 0 && (line[n-1] == '\r' || line[n-1] == '\n') {
			line = line[:n-1]
		}
	}
	return line
}

// short quotes the beginning of hostile bytes for a message.
func short(b []byte) string {
	if len(b) > 24 {
		return fmt.Sprintf("%q…", b[:24])
	}
	return fmt.Sprintf("%q", b)
}
