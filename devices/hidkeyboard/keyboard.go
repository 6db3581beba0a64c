// Package hidkeyboard decodes scanners that type: boot keyboard reports, read
// raw, so that no host layout and no focused window comes between.
//
//	02 00 05 00 00 00 00 00      "B", if nothing but Shift was down before
//	│  │  └─ up to six keys that are down, as USB usages
//	│  └─ reserved
//	└─ modifiers: Ctrl 01, Shift 02, Alt 04, GUI 08; on the right side 10 to 80
//
// A byte before it is the report's number, if option report_id says so. A key
// counts when it is down and was not before; a doubled character is sent with
// a release between. The suffix key ends a code; without one, silence does.
// Typing speed tells nothing (a Zebra takes 100 ms for a key), so the profile's
// quiet time must be 500 ms or more.
//
// Control characters come in two ways. Ctrl + ] is GS. And Alt + keypad digits
// is the character of that number when Alt is released, as on Windows; numbers
// up to 255 are kept as one byte, since scanners send UTF-8 that way as well.
//
// A key without a character is no part of the code. Its code is still handed
// out, but marked, since it may not be what the label says.
package hidkeyboard

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Layout   string   // the country the scanner is set to, whatever the host's is
	Suffix   string   // the key that ends a code: "enter", "tab" or "none"
	ReportID int      `toml:"report_id"` // number before each report; 0 if there is none
	AIMID    bool     `toml:"aim_id"`    // the device sends AIM identifiers
	Max      int      // longest code in bytes
	NoRead   []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore   []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Layout: "us", Suffix: "enter", Max: content.Longest} }

// Decoder is the state of one keyboard.
type Decoder struct {
	rules    content.Rules
	keys     *keys
	suffix   string
	reportID byte
	limit    int

	down      [6]byte // keys of the report before
	modifiers byte    // of the report before
	capsLock  bool
	number    rune // typed on the keypad while Alt is down
	digits    int  // how many

	code     []byte
	lost     error // why the code may not be what the label says
	skipping bool  // the code was too long; its rest is dropped
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	layout, known := layouts[o.Layout]
	if !known {
		names := strings.Join(slices.Sorted(maps.Keys(layouts)), ", ")
		mistakes = append(mistakes, content.Wrong("layout", `must be one of %s, not %q`, names, o.Layout))
	}
	if !slices.Contains([]string{"enter", "tab", "none"}, o.Suffix) {
		mistakes = append(mistakes, content.Wrong("suffix", `must be "enter", "tab" or "none", not %q`, o.Suffix))
	}
	if o.ReportID < 0 || o.ReportID > 255 {
		mistakes = append(mistakes, content.Wrong("report_id", `must be from 0 to 255, not %d`, o.ReportID))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	d := &Decoder{rules: rules, keys: layout.keys(), suffix: o.Suffix, reportID: byte(o.ReportID)}
	d.limit = rules.Limit() + utf8.UTFMax
	return d, nil
}

// Decode consumes one report.
func (d *Decoder) Decode(report []byte, out *wire.Output) {
	if len(report) == 0 {
		return
	}
	if d.reportID != 0 {
		if report[0] != d.reportID {
			out.Fault(fmt.Errorf("report number %d, the keyboard's is %d: %w", report[0], d.reportID, wire.ErrNoise))
			return
		}
		report = report[1:]
	}
	if len(report) < 8 {
		out.Fault(fmt.Errorf("report of %d bytes, a keyboard's has 8: %w", len(report), wire.ErrShort))
		return
	}
	modifiers, now := report[0], [6]byte(report[2:8])
	for _, usage := range now {
		if usage >= 1 && usage <= 3 {
			// The keyboard cannot say what is down. Keys may be lost; those
			// known before count as still down.
			out.Fault(fmt.Errorf("report % x: %w", report[:8], wire.ErrRollover))
			d.lost = wire.ErrRollover
			return
		}
	}
	if d.modifiers&(alt|altGr) != 0 && modifiers&(alt|altGr) == 0 {
		d.released(out)
	}
	d.modifiers = modifiers
	for i, usage := range now {
		if usage != 0 && !slices.Contains(d.down[:], usage) && !slices.Contains(now[:i], usage) {
			d.press(usage, out)
		}
	}
	d.down = now
}

// press handles a key that just went down.
func (d *Decoder) press(usage byte, out *wire.Output) {
	m := d.modifiers
	switch {
	case usage == keyCapsLock:
		d.capsLock = !d.capsLock
	case usage == keyNumLock: // some scanners frame their digits with it
	case usage == keyEnter || usage == keypadEnter:
		d.suffixKey("enter", "\r", out)
	case usage == keyTab && m&(ctrl|alt|altGr|window) == 0:
		d.suffixKey("tab", "\t", out)
	case m&(alt|altGr) != 0 && m&(ctrl|window) == 0 && usage >= keypad1 && usage <= keypad0:
		d.digit(rune(usage-keypad1+1) % 10)
	case m&window != 0 || m&alt != 0:
		d.unmapped(usage, out)
	case m&ctrl != 0:
		if c := controls[usage]; c >= 0 && m&altGr == 0 {
			d.keep(rune(c), true, out)
		} else {
			d.unmapped(usage, out)
		}
	default:
		level := levelPlain
		if (m&shift != 0) != (d.capsLock && d.keys.caps[usage]) {
			level = levelShift
		}
		if m&altGr != 0 {
			level += levelAltGr
		}
		if c := d.keys.char[usage][level]; c != 0 {
			d.keep(c, false, out)
		} else {
			d.unmapped(usage, out)
		}
	}
}

// suffixKey ends the code, or is a character of it if another key is the suffix.
func (d *Decoder) suffixKey(key, char string, out *wire.Output) {
	if d.suffix == key {
		d.end("", out)
		return
	}
	d.keep(rune(char[0]), true, out)
}

func (d *Decoder) unmapped(usage byte, out *wire.Output) {
	out.Fault(fmt.Errorf("key %02x with modifiers %02x: %w", usage, d.modifiers, wire.ErrUnmapped))
	if d.lost == nil {
		d.lost = wire.ErrUnmapped
	}
}

// digit adds to the number typed while Alt is down. It stops growing where no
// character has the number.
func (d *Decoder) digit(n rune) {
	d.digits++
	d.number = min(d.number*10+n, utf8.MaxRune+1)
}

// released hands in the number when Alt goes up.
func (d *Decoder) released(out *wire.Output) {
	number, digits := d.number, d.digits
	d.number, d.digits = 0, 0
	switch {
	case digits == 0:
	case number <= 0xFF:
		d.keep(number, true, out)
	case utf8.ValidRune(number):
		d.keep(number, false, out)
	default:
		out.Fault(fmt.Errorf("no character has the number typed with Alt: %w", wire.ErrUnmapped))
		d.lost = wire.ErrUnmapped
	}
}

// keep adds a character, as it is or in UTF-8.
func (d *Decoder) keep(char rune, asByte bool, out *wire.Output) {
	switch {
	case d.skipping:
		return
	case asByte:
		d.code = append(d.code, byte(char))
	default:
		d.code = utf8.AppendRune(d.code, char)
	}
	if len(d.code) > d.limit {
		out.Fault(fmt.Errorf("typing goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.code, d.skipping = d.code[:0], true
	}
}

// end reports the code and begins another.
func (d *Decoder) end(note string, out *wire.Output) {
	if d.lost != nil && note == "" {
		note = d.lost.Error()
	}
	if !d.skipping {
		d.rules.Report(d.code, wire.Sighting{Note: note}, out)
	}
	d.code, d.lost, d.skipping = d.code[:0], nil, false
}

// Silence says that nothing has arrived for the profile's quiet time. Keys
// that are down stay down.
func (d *Decoder) Silence(out *wire.Output) {
	if d.digits > 0 {
		out.Fault(fmt.Errorf("no release after %d digits with Alt: %w", d.digits, wire.ErrShort))
		d.number, d.digits = 0, 0
		d.lost = wire.ErrShort
	}
	if d.suffix == "none" {
		d.code = bytes.TrimSuffix(d.code, []byte("\r")) // a scanner left on its default suffix reads the same codes
		d.end("", out)
	} else {
		d.end("unterminated", out)
	}
}
