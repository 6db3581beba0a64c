package hidkeyboard

import (
	"slices"
	"unicode/utf8"

	"scanpost/devices/wire"
)

// Retype says what becomes of a text that a scanner types for one layout and
// the station reads with another: with "us" and "de", y and z change places.
// With capsLock, the scanner takes the host's Caps Lock for on and turns Shift
// over wherever Caps Lock would. Keys without a character in the second
// layout leave nothing, and characters that the first one has no key for come
// through, since scanners type them as numbers. Of a layout that does not exist
// nothing is said.
func Retype(text, scanner, station string, capsLock bool) string {
	typing, known := layouts[scanner]
	o := Defaults()
	o.Layout, o.Suffix = station, "none"
	d, err := New(o)
	if !known || err != nil {
		return ""
	}
	var out wire.Output
	k := typing.keys()
	for _, char := range text {
		if control := slices.Index(controls[:], int16(char)); control >= 0 && char < ' ' {
			d.modifiers = 0x01
			d.press(byte(control), &out)
		} else if usage, level, dead, found := k.find(char); found {
			if shifted := level == levelShift; level < levelAltGr && shifted != (capsLock && k.caps[usage]) {
				level = levelShift
			} else if level < levelAltGr {
				level = levelPlain
			}
			d.modifiers = [levels]byte{0, 0x02, altGr, altGr | 0x02}[level]
			d.press(byte(usage), &out)
			if dead {
				d.modifiers = 0
				d.press(keySpace, &out)
			}
		} else {
			d.keep(char, char < utf8.RuneSelf, &out)
		}
	}
	d.accent(&out)
	return string(d.code)
}

// find looks for the key of a character. A dead one needs a space after it.
func (k *keys) find(char rune) (usage, level int, dead, found bool) {
	for level = range levels {
		for usage = range k.char {
			if c := k.char[usage][level]; c != 0 && !isKeypad(usage) && (c == char || spacing(c) == char) {
				return usage, level, c != char, true
			}
		}
	}
	return 0, 0, false, false
}
