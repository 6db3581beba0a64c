package hidkeyboard

// A layout says which character a key means, as data: a new country is a new
// table. Usages are those of the USB HID usage tables, page 07.
type layout []run

// A run is a row of keys with consecutive usages. Each text has one character
// per key; a level may be missing, and a space in it stands for no character,
// except on the space bar itself.
type run struct {
	first                        byte
	plain, shift, altGr, altGrUp string
	caps                         bool // Caps Lock acts as Shift
}

var layouts = map[string]layout{
	"us": {
		{first: 0x04, plain: "abcdefghijklmnopqrstuvwxyz", shift: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", caps: true},
		{first: 0x1E, plain: "1234567890", shift: "!@#$%^&*()"},
		{first: 0x2C, plain: " ", shift: " "},
		{first: 0x2D, plain: `-=[]\`, shift: "_+{}|"},
		{first: 0x33, plain: ";'`,./", shift: `:"~<>?`},
	},
}

// Keys that mean the same in every layout. The keypad means digits whatever
// Num Lock says: a scanner sends no arrows.
var common = layout{
	{first: keyEscape, plain: "\x1b\b\t", shift: "\x1b\b\t"},
	{first: 0x54, plain: "/*-+", shift: "/*-+"},
	{first: keypad1, plain: "1234567890.", shift: "1234567890."},
}

// controls is what Ctrl makes of a key: the bits of the letter that a US
// keyboard has there. Ctrl+] is GS. The digits are those of Zebra's tables.
var controls = func() (c [256]int16) {
	for usage := range c {
		c[usage] = -1
	}
	for usage := 0x04; usage <= 0x1D; usage++ {
		c[usage] = int16(usage - 0x04 + 1)
	}
	c[0x1F], c[0x23], c[0x2D] = 0x00, 0x1E, 0x1F // 2: NUL, 6: RS, minus: US
	c[0x2F], c[0x31], c[0x30] = 0x1B, 0x1C, 0x1D // [ \ ]: ESC, FS, GS
	return c
}()

// Usages with a meaning of their own.
const (
	keyEnter    = 0x28
	keyEscape   = 0x29
	keyTab      = 0x2B
	keyCapsLock = 0x39
	keyNumLock  = 0x53
	keypadEnter = 0x58
	keypad1     = 0x59
	keypad0     = 0x62
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
	caps [256]bool
}

func (l layout) keys() *keys {
	k := new(keys)
	for _, rows := range []layout{common, l} {
		for _, row := range rows {
			for level, text := range []string{row.plain, row.shift, row.altGr, row.altGrUp} {
				usage := int(row.first)
				for _, char := range text {
					if char != ' ' || row.plain == " " {
						k.char[usage][level] = char
					}
					k.caps[usage] = row.caps
					usage++
				}
			}
		}
	}
	return k
}
