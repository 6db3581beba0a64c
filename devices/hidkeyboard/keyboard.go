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
// quiet time must be 500 ms or more. After it all keys count as released: a
// report that was lost must not cost the next code a character.
//
// Which character a key means is the layout's, that is the country the scanner
// is set to. AltGr is the right Alt key, or Ctrl and Alt together. A dead key
// waits for the next one: with e, an acute is é; with a space, it is the accent
// itself; before anything else the accent comes first and nothing is lost.
// Option dead_keys = false is for scanners that type accents as they are.
//
// Control characters come in three ways: Ctrl + ] is GS; Alt + keypad digits
// is the character of that number when Alt is released, as on Windows, where
// numbers up to 255 are kept as one byte, since scanners send UTF-8 that way as
// well; and option gs_key names a function key that a scanner sends for GS. A
// carriage return that came as Ctrl+M or Alt+013 is the code's own, unless
// silence follows it: then it was the suffix.
//
// Caps Lock is off, whatever the host's is, until the scanner presses it, and
// off again after silence. A scanner that turns letters over, since it takes
// the host's Caps Lock for on, should be told otherwise: by its own set-up, or
// by the light's state, report 00, when it is opened. Where neither helps,
// option caps = "on" reads it as a host with Caps Lock on would.
//
// A key without a character is no part of the code. Its code is still handed
// out, but marked, since it may not be what the label says.
package hidkeyboard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
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
	GSKey    string   `toml:"gs_key"` // the function key that means GS, such as "f8"; "none" if it comes as Ctrl+] or with Alt
	Caps     string   // Caps Lock before the scanner presses it: "off" or "on"; "ignore" if pressing it means nothing
	DeadKeys bool     `toml:"dead_keys"` // accents wait for the next key, as on Windows
	ReportID int      `toml:"report_id"` // number before each report; 0 if there is none
	AIMID    bool     `toml:"aim_id"`    // the device sends AIM identifiers
	CodeID   string   `toml:"code_id"`   // whose code ids it sends, one of symbology.Sets
	GS       string   `toml:"gs"`        // what it sends in place of GS1's separator; empty: GS itself
	Max      int      // longest code in bytes
	NoRead   []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore   []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{Layout: "us", Suffix: "enter", GSKey: "none", Caps: "off", DeadKeys: true, CodeID: "none", Max: content.Longest}
}

// Decoder is the state of one keyboard.
type Decoder struct {
	rules    content.Rules
	keys     *keys
	suffix   string
	gsKey    byte // 0 if none
	caps     string
	deadKeys bool
	reportID byte
	limit    int

	down      uint64 // keys of the report before, a byte each
	modifiers byte   // of the report before
	capsLock  bool
	dead      rune // the accent that waits for a letter, 0 if none
	number    rune // typed on the keypad while Alt is down
	digits    int  // how many

	code     []byte
	lost     error // why the code may not be what the label says
	skipping bool  // the code was too long; its rest is dropped
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	layout, known := layouts[o.Layout]
	if !known {
		mistakes = append(mistakes, content.Wrong("layout", `must be one of %s, not %q`, strings.Join(Layouts(), ", "), o.Layout))
	}
	if !slices.Contains([]string{"enter", "tab", "none"}, o.Suffix) {
		mistakes = append(mistakes, content.Wrong("suffix", `must be "enter", "tab" or "none", not %q`, o.Suffix))
	}
	gsKey := function(o.GSKey)
	if gsKey == 0 && o.GSKey != "none" {
		mistakes = append(mistakes, content.Wrong("gs_key", `must be a function key from "f1" to "f24", or "none", not %q`, o.GSKey))
	}
	if !slices.Contains([]string{"off", "on", "ignore"}, o.Caps) {
		mistakes = append(mistakes, content.Wrong("caps", `must be "off", "on" or "ignore", not %q`, o.Caps))
	}
	if o.ReportID < 0 || o.ReportID > 255 {
		mistakes = append(mistakes, content.Wrong("report_id", `must be from 0 to 255, not %d`, o.ReportID))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	d := &Decoder{rules: rules, keys: layout.keys(), suffix: o.Suffix, gsKey: gsKey, caps: o.Caps, deadKeys: o.DeadKeys, reportID: byte(o.ReportID)}
	d.limit = rules.Limit() + utf8.UTFMax
	d.capsLock = d.caps == "on"
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
	for _, b := range report[8:] {
		if b != 0 {
			out.Fault(fmt.Errorf("report of %d bytes, a boot keyboard's has 8: %w", len(report), wire.ErrNoise))
			return
		}
	}
	modifiers, now := report[0], binary.LittleEndian.Uint64(report)>>16
	for keys := now; keys != 0; keys >>= 8 {
		if usage := byte(keys); usage >= 1 && usage <= 3 {
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
	for keys, pressed := now, uint64(0); keys != 0; keys >>= 8 {
		if usage := byte(keys); usage != 0 && !among(d.down, usage) && !among(pressed, usage) {
			d.press(usage, out)
			pressed = pressed<<8 | uint64(usage) // twice in one report is once
		}
	}
	d.down = now
}

// among reports whether one of the eight bytes of keys is this usage.
func among(keys uint64, usage byte) bool {
	for ; keys != 0; keys >>= 8 {
		if byte(keys) == usage {
			return true
		}
	}
	return false
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.down = 0
	d.capsLock = d.caps == "on"
	if d.digits > 0 {
		out.Fault(fmt.Errorf("no release after %d digits with Alt: %w", d.digits, wire.ErrShort))
		d.number, d.digits = 0, 0
		d.lost = wire.ErrShort
	}
	d.accent(out)
	suffix, note := []byte("\r"), "unterminated" // of "none": a scanner left on its default suffix reads the same codes
	if d.suffix == "tab" {
		suffix = []byte("\t")
	}
	cut, typed := bytes.CutSuffix(d.code, suffix)
	if typed || d.suffix == "none" {
		note = ""
	}
	d.code = cut
	d.end(note, out)
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
