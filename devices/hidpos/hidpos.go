// Package hidpos decodes scanners in HID POS mode (usage 02 of page 8C). Three
// layouts of a report share that usage and the number 02, 64 bytes each:
//
//	honeywell  02 len ] A M data…56 ………… id .. more
//	zebra      02 len 00 ] A M data…56 …… id more
//	newland    02 len data…56 00 00 00 00 id more
//	           │  │                       │  └─ byte 63, bit 0: the code goes on in the next report
//	           │  │                       └─ the maker's code id, byte 61 (honeywell) or 62
//	           │  └─ data bytes in this report, 0 to 56: never "until NUL", which may stand in a code
//	           └─ number of the report
//
// A code of several reports is their data in order; AIM identifier and code id
// stand in each of them, and a change of either before the end means that
// reports were lost: the part is dropped, never joined with another code.
// Silence (quiet = "1s") drops a part as well, and a report that can not be
// read drops the code around it up to its end.
//
// What stands where the AIM identifier belongs must be one, or zeros: with the
// wrong layout every report is a named fault and none a wrong code.
//
// Not every report of a Honeywell is a scan. Replies to commands come as text
// with ]X0 and code id 3F, then a report with ]Z6 that repeats the command. A
// decoder does not see what was asked, and ]X0 with 3F is a genuine code too
// (Korea Post), so:
//
//   - ]Z6 ends a reply and is never a scan.
//   - text with ]X0 and 3F is held back. With the next ]Z6 it is that reply's.
//   - with silence instead it is a sighting after all, except for text that
//     reads like a reply ("Name: value", CR LF): its ]Z6 was lost.
//
// So a reply is no scan, and a genuine code is at worst one second late.
// Bookland and ISSN have code ids of their own and are not held. In the newland
// layout a reply is a frame that begins like none of a label's, and is told by it.
package hidpos

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Layout  string   // "honeywell", "zebra", "newland", or "auto": the first report tells
	StripCR bool     `toml:"strip_cr"` // the suffix CR is on, and is no part of the code
	AIMID   bool     `toml:"aim_id"`   // the data begins with an AIM identifier, beside that of the layout
	CodeID  string   `toml:"code_id"`  // the data begins with a code id of this set, beside that of the layout
	GS      string   `toml:"gs"`       // what it sends in place of GS1's separator; empty: GS itself
	Max     int      // longest code in bytes
	NoRead  []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore  []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Layout: "auto", Max: content.Longest} }

// Decoder is the state of one scanner.
type Decoder struct {
	rules   content.Rules
	cutting content.Rules // cuts an AIM identifier where the data has one
	layout  *layout       // nil until the first report has told
	strip   bool
	limit   int // most bytes kept of a code

	code     []byte
	open     bool // reports of a code came, and more follow
	skipping bool // the rest of this code is dropped
	head     head // of the code
	aim      string

	held  []text // may be replies, may be codes
	bytes int    // held
}

// head is what each report says of its code.
type head struct {
	aim [3]byte
	id  byte
}

func (h head) text() string { return fmt.Sprintf("%q with code id %02x", h.aim, h.id) }

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	c := content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore}
	rules, err := content.New(c)
	mistakes := []error{err}
	d := &Decoder{rules: rules, strip: o.StripCR}
	c.AIMID = true
	d.cutting, _ = content.New(c)
	if o.Layout != "auto" {
		l, known := layouts[o.Layout]
		if !known {
			names := strings.Join(append(slices.Sorted(maps.Keys(layouts)), "auto"), ", ")
			mistakes = append(mistakes, content.Wrong("layout", "must be one of %s, not %q", names, o.Layout))
		}
		d.layout = l
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	d.limit = d.cutting.Limit() + len("\r")
	return d, nil
}

// Decode consumes one report.
func (d *Decoder) Decode(report []byte, out *wire.Output) {
	if len(report) == 0 {
		return
	}
	if report[0] != number {
		out.Fault(fmt.Errorf("report number %d, scans have %d: %w", report[0], number, wire.ErrUnasked))
		return
	}
	if len(report) < size {
		out.Fault(fmt.Errorf("report of %d bytes, a HID POS scanner's has %d: %w", len(report), size, wire.ErrShort))
		d.hole()
		return
	}
	report = report[:size]
	n, more := int(report[1]), report[size-1]&1 != 0
	if d.layout == nil && n > 0 && n <= room {
		d.guess(report, n)
	}
	if d.layout == nil {
		if n > room {
			out.Fault(tooMany(n))
		}
		return // an empty report tells nothing
	}
	h, ok := d.layout.read(report)
	if !ok {
		out.Fault(fmt.Errorf("no AIM identifier but % x in a report, is its layout really %q? %w", report[2:6], d.layout.name, wire.ErrNoise))
		d.hole()
		return
	}
	if d.open && h != d.head {
		if !d.skipping {
			out.Fault(fmt.Errorf("a code of %s goes on as %s after %d bytes: %w", d.head.text(), h.text(), len(d.code), wire.ErrGap))
		}
		d.drop()
	}
	if !d.open {
		d.head = h
	}
	switch {
	case n > room:
		out.Fault(tooMany(n))
		d.skipping = true
	case !d.skipping && len(d.code)+n > d.limit:
		out.Fault(fmt.Errorf("code goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.skipping = true
	}
	d.open = more
	if !d.skipping {
		d.code = append(d.code, report[d.layout.data:][:n]...)
		if more {
			return
		}
		d.end(out)
	}
	if !more {
		d.drop()
	}
}

func tooMany(n int) error {
	return fmt.Errorf("report says that it holds %d bytes, and has room for %d: %w", n, room, wire.ErrNoise)
}

// hole is a report that can not be read: the code around it is not whole.
func (d *Decoder) hole() {
	if d.open {
		d.skipping, d.code = true, d.code[:0]
	}
}

// drop forgets the code that has begun.
func (d *Decoder) drop() { d.code, d.open, d.skipping = d.code[:0], false, false }

// end reports the code that is now whole.
func (d *Decoder) end(out *wire.Output) {
	switch {
	case d.layout.menu && d.head == head{[3]byte{']', 'X', '0'}, textID}:
		d.hold(out)
	case d.head.aim[0] == ']' && d.head.aim[1] == 'Z': // not bar code data, says ISO/IEC 15424
		if !d.layout.menu || d.head.aim[2] != '6' {
			out.Fault(fmt.Errorf("%s, which is not from a bar code: %w", d.head.text(), wire.ErrUnasked))
			return
		}
		d.reply(d.code, out)
	case d.layout.frames && bytes.HasPrefix(d.code, []byte(nlsFrame)):
		d.reply(bytes.TrimLeft(d.code[len(nlsFrame):], "@#"), out)
	default:
		d.report(d.code, d.head, out)
	}
}

// report hands out a code.
func (d *Decoder) report(code []byte, h head, out *wire.Output) {
	if d.strip {
		code = bytes.TrimSuffix(code, []byte("\r"))
	}
	var as wire.Sighting
	if h.aim[0] != 0 {
		if string(h.aim[:]) != d.aim {
			d.aim = string(h.aim[:])
		}
		as.AIM = d.aim
	}
	d.layout.tell(h, &as)
	d.rules.Report(code, as, out)
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	if d.open && !d.skipping {
		out.Fault(fmt.Errorf("code ends after %d bytes, and more were to follow: %w", len(d.code), wire.ErrShort))
	}
	d.drop()
	d.release(out)
}
