package hidkeyboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A layout says which character a key means, as data: a new country is a new
// table. Usages are those of the USB HID usage tables, page 07.
type layout struct {
	name           string // for people
	rows           []row
	altGr, altGrUp string // pairs: a key by its plain character, and what AltGr makes of it; with Shift as well in altGrUp
	lock           string // keys by their plain character that Caps Lock shifts, beside those of letters
}

// A row is keys with consecutive usages. Both texts have one character per key.
type row struct {
	first        byte
	plain, shift string
}

// Keys that mean the same in every layout, unless it says otherwise. The
// keypad means digits whatever Num Lock says: a scanner sends no arrows.
var common = []row{
	{keyEscape, "\x1b\b\t", "\x1b\b\t"},
	{0x54, "/*-+", "/*-+"},
	{keypad1, "1234567890.", "1234567890."},
}

// controls is what Ctrl makes of a key: the low five bits of what a US keyboard
// has there, in every layout. Ctrl+] is GS. Windows does the same for the signs;
// digits are those of Zebra's tables.
var controls = func() (c [256]int16) {
	for usage := range c {
		c[usage] = -1
	}
	for usage := 0x04; usage <= 0x1D; usage++ {
		c[usage] = int16(usage - 0x04 + 1)
	}
	c[0x1F], c[0x23], c[0x2D] = 0x00, 0x1E, 0x1F // 2: NUL, 6: RS, minus: US
	c[0x2F], c[0x31], c[0x30] = 0x1B, 0x1C, 0x1D // [ \ ]: ESC, FS, GS
	c[keyISO] = c[0x31]
	return c
}()

// Usages with a meaning of their own.
const (
	keyEnter    = 0x28
	keyEscape   = 0x29
	keyTab      = 0x2B
	keySpace    = 0x2C
	keyISO      = 0x32 // beside Enter: the same key as 31, which keyboards of 101 keys have elsewhere
	keyCapsLock = 0x39
	keyF1       = 0x3A
	keyNumLock  = 0x53
	keypadEnter = 0x58
	keypad1     = 0x59
	keypad0     = 0x62
	keyF13      = 0x68
)

// The bits of the modifier byte.
const (
	ctrl   = 0x01 | 0x10
	shift  = 0x02 | 0x20
	alt    = 0x04
	altGr  = 0x40
	window = 0x08 | 0x80
)

// A level is one of the four characters of a key.
const (
	levelPlain = iota
	levelShift
	levelAltGr
	levelAltGrUp
	levels
)

// keys is a layout made ready: characters by usage and level, 0 if none.
type keys struct {
	char [256][levels]rune
	caps [256]bool // Caps Lock acts as Shift
}

func (l layout) keys() *keys {
	k := new(keys)
	for _, r := range slices.Concat(common, l.rows) {
		for level, text := range []string{r.plain, r.shift} {
			for i, char := range []rune(text) {
				k.char[int(r.first)+i][level] = char
			}
		}
	}
	k.char[keyISO] = k.char[keyISO-1]
	k.char[keySpace] = [levels]rune{' ', ' ', ' ', ' '}
	for level, pairs := range map[int]string{levelAltGr: l.altGr, levelAltGrUp: l.altGrUp} {
		for pair := range strings.FieldsSeq(pairs) {
			p := []rune(pair)
			for usage := range k.char {
				if k.char[usage][levelPlain] == p[0] && !isKeypad(usage) {
					k.char[usage][level] = p[1]
				}
			}
		}
	}
	for usage, c := range k.char {
		plain := c[levelPlain]
		k.caps[usage] = !isKeypad(usage) && (plain != c[levelShift] && unicode.ToUpper(plain) == c[levelShift] || plain != 0 && strings.ContainsRune(l.lock, plain))
	}
	return k
}

func isKeypad(usage int) bool { return usage >= 0x54 && usage <= 0x63 }

// Layouts names the layouts there are.
func Layouts() []string { return slices.Sorted(maps.Keys(layouts)) }

// Country is a layout's name for people, such as "German".
func Country(layout string) string { return layouts[layout].name }

// function reads the name of a function key. Its usage is 0 if there is none
// of that name.
func function(name string) (usage byte) {
	for n := range 24 {
		if name == fmt.Sprintf("f%d", n+1) {
			if n < 12 {
				return byte(keyF1 + n)
			}
			return byte(keyF13 + n - 12)
		}
	}
	return 0
}
