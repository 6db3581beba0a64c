// Package ibmoem decodes scanners in IBM's OEM modes, hand-held (usage 4B00)
// and table-top (4A00): reports of 64 bytes without numbers.
//
//	12 10 03 00  9 0 0 1 4 7 5 0 6 7 9 3 3  16
//	│  └──┴──┤   │                          └─ what the code is: one byte for UPC and EAN, 00 xx 0B for the
//	│        │   │                             others, four bytes if the last is 00
//	│        │   └─ the code; a table-top sends UPC and EAN as binary digits, 09 00 00 01 …
//	│        └─ three bytes of status
//	└─ how many bytes count, this one included
//
// The status is read in the order of the vendor's own driver: trouble, a
// refused command, configuration, direct I/O; then four bytes alone are a
// status, and only what is left is a code. Replies are told as answers:
// configuration and direct I/O data as facts. Direct I/O data begins with a
// byte that is 0 in its last report; if it holds ETX it is fields of a letter
// and a value each.
//
// After power-up a scanner says that it is alive (04 00 01 00) and stays
// silent until it is enabled. That is answered at once, though not twice
// before a pause: one that does not follow would be told a thousand times a
// second. The answer to that enable is kept from those who wait for their own.
//
// A code goes on in the next report if the first of its three trailing bytes
// is 10, or has bit 10 if they are four. In front of a single trailing byte a
// 10 means nothing: UPC and EAN need no second report. The part is dropped,
// and told, if another kind of code follows, or silence. A report that can not
// be read drops the code around it.
package ibmoem

import (
	"fmt"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/symbology"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	TableTop bool     `toml:"table_top"` // the digits of UPC and EAN are binary
	AIMID    bool     `toml:"aim_id"`    // the code begins with an AIM identifier
	CodeID   string   `toml:"code_id"`   // the code begins with a code id of this set
	GS       string   `toml:"gs"`        // what it sends in place of GS1's separator; empty: GS itself
	Max      int      // longest code in bytes
	NoRead   []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore   []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Max: content.Longest} }

// Decoder is the state of one scanner.
type Decoder struct {
	rules    content.Rules
	tableTop bool
	limit    int // most bytes kept of a code

	code     []byte
	open     bool // reports of a code came, and more follow
	skipping bool // the rest of this code is dropped
	kind     byte // of the code that is open, if it has the form 10 xx 0B

	told   bool // enabled after it said that it is alive; not again before a pause
	own    bool // the answer to that enable is still to come
	direct []byte
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	if err != nil {
		return nil, err
	}
	return &Decoder{rules: rules, tableTop: o.TableTop, limit: rules.Limit()}, nil
}

const header = 4 // length and status

// Decode consumes one report.
func (d *Decoder) Decode(report []byte, out *wire.Output) {
	if len(report) == 0 {
		return
	}
	n := int(report[0])
	if n < header || n > len(report) {
		out.Fault(fmt.Errorf("report of %d bytes says that %d count: %w", len(report), n, wire.ErrShort))
		if end := len(report) - 3; end > header && report[end] == 0x10 && report[end+2] == 0x0B {
			d.open, d.kind = true, report[end+1] // it was full, and its code goes on
		}
		d.hole()
		return
	}
	report = report[:n]
	if d.status(report, out) {
		return
	}
	d.part(report[header:], out)
}

// part takes what a report has of a code.
func (d *Decoder) part(b []byte, out *wire.Output) {
	id := 1
	switch b[len(b)-1] {
	case 0x0B:
		id = 3
	case 0x00:
		id = 4
	}
	if len(b) <= id && !(d.open && len(b) == id) {
		out.Fault(fmt.Errorf("% x is no code with its %d bytes of what it is: %w", b, id, wire.ErrShort))
		d.hole()
		return
	}
	b, trailer := b[:len(b)-id], b[len(b)-id:]
	more, kind := false, byte(0)
	switch id {
	case 3:
		more, kind = trailer[0] == 0x10, trailer[1]
	case 4:
		more = trailer[0]&0x10 != 0
	}
	if d.open && d.kind != 0 && kind != d.kind {
		if !d.skipping {
			out.Fault(fmt.Errorf("a code of kind %02x goes on as % x after %d bytes: %w", d.kind, trailer, len(d.code), wire.ErrGap))
		}
		d.drop()
	}
	if !d.skipping && len(d.code)+len(b) > d.limit {
		out.Fault(fmt.Errorf("code goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.skipping = true
	}
	d.open = more
	if !d.skipping {
		d.code, d.kind = append(d.code, b...), kind
		if more {
			return
		}
		d.end(trailer, out)
	}
	if !more {
		d.drop()
	}
}

// end reports the code that is now whole.
func (d *Decoder) end(trailer []byte, out *wire.Output) {
	k, _ := symbology.IBM(trailer...)
	if d.tableTop && isRetail(k.Name) {
		for i, digit := range d.code {
			if digit <= 9 {
				d.code[i] = '0' + digit
			}
		}
	}
	d.rules.Report(d.code, wire.Sighting{AIM: k.AIM, Symbology: k.Name}, out)
}

func isRetail(name string) bool {
	return strings.HasPrefix(name, "upc-") || strings.HasPrefix(name, "ean-")
}

// hole is a report that can not be read: the code around it is not whole.
func (d *Decoder) hole() {
	if d.open {
		d.skipping, d.code = true, d.code[:0]
	}
}

// drop forgets the code that has begun.
func (d *Decoder) drop() { d.code, d.open, d.skipping, d.kind = d.code[:0], false, false, 0 }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	if d.open && !d.skipping {
		out.Fault(fmt.Errorf("code ends after %d bytes, and more were to follow: %w", len(d.code), wire.ErrShort))
	}
	d.drop()
	if len(d.direct) > 0 {
		out.Fault(fmt.Errorf("direct I/O reply ends after %d bytes, and more were to follow: %w", len(d.direct), wire.ErrShort))
		d.direct = d.direct[:0]
	}
	d.told, d.own = false, false
}
