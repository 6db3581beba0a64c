package hidkeyboard

import (
	"fmt"
	"unicode/utf8"

	"scanpost/devices/wire"
)

// press handles a key that just went down.
func (d *Decoder) press(usage byte, out *wire.Output) {
	m := d.modifiers
	third := m&altGr != 0 || m&alt != 0 && m&ctrl != 0
	switch {
	case usage == keyCapsLock:
		if d.caps != "ignore" {
			d.capsLock = !d.capsLock
		}
	case usage == keyNumLock: // some scanners frame their digits with it
	case usage == d.gsKey:
		d.keep('\x1d', true, out)
	case usage == keyEnter || usage == keypadEnter:
		d.suffixKey("enter", "\r", out)
	case usage == keyTab && m&(ctrl|alt|altGr|window) == 0:
		d.suffixKey("tab", "\t", out)
	case m&(alt|altGr) != 0 && m&(ctrl|window) == 0 && usage >= keypad1 && usage <= keypad0:
		d.digit(rune(usage-keypad1+1) % 10)
	case m&window != 0 || m&alt != 0 && !third:
		d.unmapped(usage, out)
	case m&ctrl != 0 && !third:
		if c := controls[usage]; c >= 0 {
			d.keep(rune(c), true, out)
		} else {
			d.unmapped(usage, out)
		}
	default:
		d.character(usage, third, out)
	}
}

// character handles a key that the layout may have a character for. On
// Windows, Caps Lock has no say while AltGr is down.
func (d *Decoder) character(usage byte, third bool, out *wire.Output) {
	level := levelPlain
	if shifted := d.modifiers&shift != 0; shifted != (!third && d.capsLock && d.keys.caps[usage]) {
		level = levelShift
	}
	if third {
		level += levelAltGr
	}
	char := d.keys.char[usage][level]
	if char == 0 {
		d.unmapped(usage, out)
		return
	}
	switch accent := spacing(char); {
	case accent != 0 && !d.deadKeys:
		d.keep(accent, false, out)
	case accent != 0 && d.dead == 0:
		d.dead = char
	case accent != 0: // a second one: neither has a letter to belong on
		d.keep(accent, false, out)
	case d.dead != 0 && compose(d.dead, char) != 0:
		char, d.dead = compose(d.dead, char), 0
		d.keep(char, false, out)
	default: // if an accent waits, it has nothing to belong on, and comes first
		d.keep(char, false, out)
	}
}

// accent adds the accent that waits, since no letter followed.
func (d *Decoder) accent(out *wire.Output) {
	if dead := d.dead; dead != 0 {
		d.dead = 0
		d.keep(spacing(dead), false, out)
	}
}

// suffixKey ends the code, or is a character of it if another key is the suffix.
func (d *Decoder) suffixKey(key, char string, out *wire.Output) {
	if d.suffix == key {
		d.accent(out)
		d.end("", out)
		return
	}
	d.keep(rune(char[0]), true, out)
}

func (d *Decoder) unmapped(usage byte, out *wire.Output) {
	d.accent(out)
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

// keep adds a character, as it is or in UTF-8, after an accent that waits.
func (d *Decoder) keep(char rune, asByte bool, out *wire.Output) {
	if d.dead != 0 {
		d.accent(out)
	}
	switch {
	case d.skipping:
		return
	case asByte || char < utf8.RuneSelf:
		d.code = append(d.code, byte(char))
	default:
		d.code = utf8.AppendRune(d.code, char)
	}
	if len(d.code) > d.limit {
		out.Fault(fmt.Errorf("typing goes on after %d bytes: %w", d.limit, wire.ErrTooLong))
		d.code, d.skipping = d.code[:0], true
	}
}
