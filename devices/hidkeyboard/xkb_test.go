package hidkeyboard

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Where Debian's xkb-data and the letters' compositions are.
const (
	xkbSymbols = "/usr/share/X11/xkb/symbols"
	xCompose   = "/usr/share/X11/locale/en_US.UTF-8/Compose"
)

// xkbFiles are the files of our layouts there.
var xkbFiles = map[string]string{"us": "us", "uk": "gb", "de": "de", "fr": "fr", "es": "es", "it": "it", "ch": "ch", "be": "be"}

// weDiffer is where our tables are not xkb's, and why. The first two letters
// are the layout, then usage and level.
var weDiffer = map[string]string{
	"us 64 0": "the keyboard has no such key; Windows has \\ there and X has <",
	"us 64 1": "as above",
	"us 64 2": "as above",
	"fr 04 2": "a second @, which no key's cap shows",
	"es 2d 2": "a second \\ likewise",
	"fr 1f 2": "~ is dead on Windows: with xkb's, the space after it would be part of the code",
	"fr 24 2": "` is dead likewise",
	"es 21 2": "~ is dead likewise",
	"be 23 2": "^ is dead likewise",
}

// Our tables are those of xkb-data: all that is on the first two levels, all
// of ASCII on the third, and whatever else we have.
func TestLayoutsAgainstXKB(t *testing.T) {
	if _, err := os.Stat(xkbSymbols); err != nil {
		t.Skipf("the layouts are not compared with xkb-data, which is not installed here (%v)", err)
	}
	used := map[string]bool{}
	for _, ours := range Layouts() {
		x := xkb{}
		x.load(t, "pc", "pc105")
		x.load(t, xkbFiles[ours], "")
		k := layouts[ours].keys()
		compared := 0
		for usage, name := range xkbKeys() {
			symbols := x[name]
			for level := range levels {
				var theirs rune
				if level < len(symbols) {
					theirs = keysym(symbols[level])
				}
				if isKeypad(usage) { // on the first level xkb has its arrows
					if level == 0 || level > 1 {
						continue
					}
				}
				mine := k.char[usage][level]
				where := fmt.Sprintf("%s %02x %d", ours, usage, level)
				differs := mine != theirs
				switch {
				case level == levelAltGr:
					differs = mine != 0 && mine != theirs || mine == 0 && theirs >= ' ' && theirs < 0x7F && theirs != k.char[usage][levelPlain]
				case level == levelAltGrUp:
					differs = mine != 0 && mine != theirs
				}
				compared++
				_, known := weDiffer[where]
				used[where] = known && differs
				if differs != known {
					t.Errorf("%s (%s): ours %q, xkb's %q (%s)", where, name, mine, theirs, strings.Join(symbols, " "))
				}
			}
		}
		if compared < 200 || len(x) < 60 {
			t.Errorf("%s: only %d characters of %d keys were compared", ours, compared, len(x))
		}
	}
	for where := range weDiffer {
		if !used[where] {
			t.Errorf("%s is listed as different and is not", where)
		}
	}
}

// A dead key and a letter make what X's table for Western languages makes of
// them, and every letter of Latin-1 with such an accent is there.
func TestAccentsAgainstX(t *testing.T) {
	file, err := os.ReadFile(xCompose)
	if err != nil {
		t.Skipf("dead keys are not compared with X's, which are not installed here (%v)", err)
	}
	theirs := map[[2]rune]rune{}
	for _, m := range regexp.MustCompile(`(?m)^<dead_(\w+)>\s+<([A-Za-z])>\s*:\s*"(.)"`).FindAllStringSubmatch(string(file), -1) {
		accent, known := keysymNames["dead_"+m[1]]
		if made := []rune(m[3])[0]; known && made <= 0xFF {
			theirs[[2]rune{accent, rune(m[2][0])}] = made
		}
	}
	for keys, made := range theirs {
		if got := compose(keys[0], keys[1]); got != made {
			t.Errorf("%q and %c: got %q, want %q", keys[0], keys[1], got, made)
		}
	}
	if len(theirs) < 40 || len(accented) != len(theirs) {
		t.Errorf("%d of ours, %d of theirs", len(accented), len(theirs))
	}
}

// xkb is the symbols of each key, by the key's name in xkb.
type xkb map[string][]string

var (
	xkbComment = regexp.MustCompile(`//.*`)
	xkbSection = regexp.MustCompile(`((?:\w+\s+)*)xkb_symbols\s+"([^"]+)"\s*\{`)
	xkbItem    = regexp.MustCompile(`(?s)include\s+"([^"]+)"|key\s+<(\w+)>\s*\{(.*?)\}\s*;`)
	xkbGroup   = regexp.MustCompile(`(?s)symbols\[Group1\]\s*=\s*\[(.*?)\]`)
	xkbList    = regexp.MustCompile(`(?s)\[([^\]]*)\]`)
	xkbInclude = regexp.MustCompile(`(\w+)(?:\((\w+)\))?`)
)

// load reads a section of a file, or its default one, and what it includes.
// What comes later stands over what was before.
func (x xkb) load(t *testing.T, file, section string) {
	data, err := os.ReadFile(filepath.Join(xkbSymbols, file))
	if err != nil {
		t.Fatal(err)
	}
	text := xkbComment.ReplaceAllString(string(data), "")
	for _, at := range xkbSection.FindAllStringSubmatchIndex(text, -1) {
		flags, name := text[at[2]:at[3]], text[at[4]:at[5]]
		if name != section && (section != "" || !strings.Contains(flags, "default")) {
			continue
		}
		for _, m := range xkbItem.FindAllStringSubmatch(body(text[at[1]:]), -1) {
			if m[1] != "" {
				for part := range strings.FieldsFuncSeq(m[1], func(r rune) bool { return r == '+' || r == '|' }) {
					include := xkbInclude.FindStringSubmatch(part)
					x.load(t, include[1], include[2])
				}
				continue
			}
			list := xkbGroup.FindStringSubmatch(m[3])
			if list == nil {
				list = xkbList.FindStringSubmatch(m[3])
			}
			if list != nil {
				x[m[2]] = strings.FieldsFunc(list[1], func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
			}
		}
		return
	}
	t.Fatalf("%s has no section %q", file, section)
}

// body is what stands before the brace that closes a section.
func body(text string) string {
	depth := 1
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return text[:i]
		}
	}
	return text
}

// xkbKeys are xkb's names of the keys: A for the letters' block, then the row
// from the bottom, then the place from the left.
func xkbKeys() map[int]string {
	keys := map[int]string{
		0x2D: "AE11", 0x2E: "AE12", 0x2F: "AD11", 0x30: "AD12", 0x31: "BKSL", 0x32: "BKSL", 0x33: "AC10", 0x34: "AC11",
		0x35: "TLDE", 0x36: "AB08", 0x37: "AB09", 0x38: "AB10", 0x64: "LSGT", 0x62: "KP0", 0x63: "KPDL",
	}
	for row, letters := range map[string]string{"AD": "qwertyuiop", "AC": "asdfghjkl", "AB": "zxcvbnm"} { // as they lie on a US keyboard
		for i, letter := range letters {
			keys[0x04+int(letter-'a')] = fmt.Sprintf("%s%02d", row, i+1)
		}
	}
	for i := range 10 {
		keys[0x1E+i] = fmt.Sprintf("AE%02d", i+1)
	}
	for i := range 9 {
		keys[keypad1+i] = fmt.Sprintf("KP%d", i+1)
	}
	return keys
}

// keysym is the character of one of X's symbols; 0 if it is none that a label
// would have.
func keysym(name string) rune {
	if len(name) == 1 {
		return rune(name[0])
	}
	if digit, found := strings.CutPrefix(name, "KP_"); found && len(digit) == 1 {
		return rune(digit[0])
	}
	return keysymNames[name]
}

var keysymNames = func() map[string]rune {
	names := map[string]rune{
		"dead_grave": grave, "dead_acute": acute, "dead_circumflex": circumflex, "dead_tilde": tilde, "dead_diaeresis": diaeresis,
		"EuroSign": '€', "KP_Decimal": '.', "KP_Separator": ',',
	}
	for i, name := range strings.Fields(`space exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft parenright asterisk plus
		comma minus period slash`) {
		names[name] = rune(' ' + i)
	}
	for i, name := range strings.Fields("colon semicolon less equal greater question at") {
		names[name] = rune(':' + i)
	}
	for i, name := range strings.Fields("bracketleft backslash bracketright asciicircum underscore grave") {
		names[name] = rune('[' + i)
	}
	for i, name := range strings.Fields("braceleft bar braceright asciitilde") {
		names[name] = rune('{' + i)
	}
	for i, name := range strings.Fields(`exclamdown cent sterling currency yen brokenbar section diaeresis copyright ordfeminine guillemotleft notsign
		hyphen registered macron degree plusminus twosuperior threesuperior acute mu paragraph periodcentered cedilla onesuperior masculine guillemotright
		onequarter onehalf threequarters questiondown Agrave Aacute Acircumflex Atilde Adiaeresis Aring AE Ccedilla Egrave Eacute Ecircumflex Ediaeresis
		Igrave Iacute Icircumflex Idiaeresis ETH Ntilde Ograve Oacute Ocircumflex Otilde Odiaeresis multiply Oslash Ugrave Uacute Ucircumflex Udiaeresis
		Yacute THORN ssharp agrave aacute acircumflex atilde adiaeresis aring ae ccedilla egrave eacute ecircumflex ediaeresis igrave iacute icircumflex
		idiaeresis eth ntilde ograve oacute ocircumflex otilde odiaeresis division oslash ugrave uacute ucircumflex udiaeresis yacute thorn ydiaeresis`) {
		names[name] = rune('¡' + i)
	}
	return names
}()

// The names above are in the order of Latin-1.
func TestKeysyms(t *testing.T) {
	var got []string
	for _, name := range []string{"slash", "at", "grave", "asciitilde", "section", "mu", "ssharp", "ydiaeresis", "7", "KP_7"} {
		got = append(got, string(keysym(name)))
	}
	if want := strings.Fields("/ @ ` ~ § µ ß ÿ 7 7"); !slices.Equal(got, want) {
		t.Errorf("got %q want %q", got, want)
	}
}
