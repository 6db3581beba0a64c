package sim

// A country is a keyboard as it lies on the table: four rows of keys from the
// top, each with what is on the caps. A space is a key without that character.
type country struct {
	plain, shift, altGr [4]string
	dead                string // characters that wait for the next key
	shiftLock           bool   // Caps Lock shifts digits and signs as well
}

// rows are the usages of those keys.
var rows = [4][]byte{
	{0x35, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2D, 0x2E},
	{0x14, 0x1A, 0x08, 0x15, 0x17, 0x1C, 0x18, 0x0C, 0x12, 0x13, 0x2F, 0x30},
	{0x04, 0x16, 0x07, 0x09, 0x0A, 0x0B, 0x0D, 0x0E, 0x0F, 0x33, 0x34, 0x32},
	{0x64, 0x1D, 0x1B, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38},
}

var countries = map[string]country{
	"us": {
		plain: [4]string{"`1234567890-=", "qwertyuiop[]", `asdfghjkl;'\`, " zxcvbnm,./"},
		shift: [4]string{"~!@#$%^&*()_+", "QWERTYUIOP{}", `ASDFGHJKL:"|`, " ZXCVBNM<>?"},
	},
	"uk": {
		plain: [4]string{"`1234567890-=", "qwertyuiop[]", `asdfghjkl;'#`, `\zxcvbnm,./`},
		shift: [4]string{`¬!"£$%^&*()_+`, "QWERTYUIOP{}", `ASDFGHJKL:@~`, `|ZXCVBNM<>?`},
		altGr: [4]string{"    €"},
	},
	"de": {
		plain: [4]string{"^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"},
		shift: [4]string{"°!\"§$%&/()=?`", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"},
		altGr: [4]string{`  ²³   {[]}\`, "@ €        ~", "", "|      µ"},
		dead:  "^´`", shiftLock: true,
	},
	"fr": {
		plain: [4]string{`²&é"'(-è_çà)=`, "azertyuiop^$", "qsdfghjklmù*", "<wxcvbn,;:!"},
		shift: [4]string{" 1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", ">WXCVBN?./§"},
		altGr: [4]string{"  ~#{[|`\\^@]}", "  €        ¤"},
		dead:  "^¨~`", shiftLock: true,
	},
}

// find looks for a character's key. A character that is both dead and alive is
// typed alive, if its key comes first.
func (c country) find(char rune) (modifiers, key byte, found bool) {
	if char == ' ' {
		return 0, spaceKey, true
	}
	for _, level := range []struct {
		caps      [4]string
		modifiers byte
	}{{c.plain, 0}, {c.shift, leftShift}, {c.altGr, rightAlt}} {
		for y, row := range level.caps {
			for x, on := range []rune(row) {
				if on == char {
					return level.modifiers, rows[y][x], true
				}
			}
		}
	}
	return 0, 0, false
}

// ctrlKeys are the keys that make a control character with Ctrl, where a US
// keyboard has them: letters in their order from A, then signs.
var ctrlKeys = [32]byte{
	0x1F, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
	0x2F, 0x31, 0x30, 0x23, 0x2D,
}

// accents are letters that need two keys: the accent, then the letter.
var accents = map[rune]string{
	'à': "` a", 'è': "` e", 'ì': "` i", 'ò': "` o", 'ù': "` u", 'á': "´ a", 'é': "´ e", 'í': "´ i", 'ó': "´ o", 'ú': "´ u",
	'â': "^ a", 'ê': "^ e", 'î': "^ i", 'ô': "^ o", 'û': "^ u", 'Ê': "^ E", 'ë': "¨ e", 'ï': "¨ i", 'ñ': "~ n", 'õ': "~ o",
}
