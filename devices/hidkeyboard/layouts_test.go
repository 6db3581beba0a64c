package hidkeyboard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// ascii is every character that a label can have and a keyboard can type.
var ascii = func() string {
	var all strings.Builder
	for c := ' '; c < 0x7F; c++ {
		all.WriteRune(c)
	}
	return all.String()
}()

// What a scanner types comes out as it stood on the label, in every country
// and in every way of typing. The scanner's tables are not ours.
func TestCountries(t *testing.T) {
	more := map[string]string{"us": "", "uk": "£¬€", "de": "äöüÄÖÜß§°´²³µ€éàâ", "fr": "éèàçù§°£µ²€¤¨^ê", "": ""}
	for _, layout := range []string{"us", "uk", "de", "fr"} {
		for way, k := range map[string]sim.Keyboard{
			"plain":                                 {Controls: "ctrl"},
			"control characters with Alt":           {Controls: "alt"},
			"Shift first":                           {Controls: "ctrl", ShiftFirst: true},
			"right Shift, Ctrl with Alt for AltGr":  {Controls: "ctrl", RightShift: true},
			"keys that roll, two in one report":     {Controls: "ctrl", Rolling: true},
			"every report twice":                    {Controls: "ctrl", Repeats: true},
			"digits on the keypad, within Num Lock": {Controls: "ctrl", Keypad: true},
			"capitals with Caps Lock":               {Controls: "ctrl", PressesCaps: true},
			"all with Alt and four digits":          {Alt: "4"},
		} {
			t.Run(layout+" "+way, func(t *testing.T) {
				k.Layout, k.Suffix = layout, "enter"
				code := ascii + "\x1d\x1e\x04" + more[layout] + "aABb"
				if k.Alt != "" {
					code = ascii + "\x1d\x1e€"
				}
				var out wire.Output
				d := decoder(t, func(o *Options) { o.Layout = layout })
				feed(d, slices.Concat(scanned(t, k, code), scanned(t, k, "zZ9")), &out)
				if got, want := told(&out), []string{fmt.Sprintf("%q", code), `"zZ9"`}; !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

// Every layout has every character of ASCII on one key, and its tables are as
// long as they should be, as nothing else would notice a slip.
func TestLayouts(t *testing.T) {
	for name, l := range layouts {
		seen := map[byte]bool{}
		for _, r := range l.rows {
			n := len([]rune(r.plain))
			if len([]rune(r.shift)) != n {
				t.Errorf("%s: row %02x has %d keys and %q", name, r.first, n, r.shift)
			}
			for i := range n {
				if usage := r.first + byte(i); seen[usage] {
					t.Errorf("%s: key %02x is there twice", name, usage)
				} else {
					seen[usage] = true
				}
			}
		}
		k := l.keys()
		for _, c := range ascii {
			if _, _, _, found := k.find(c); !found {
				t.Errorf("%s has no key for %q", name, c)
			}
		}
		for _, pair := range strings.Fields(l.altGr + " " + l.altGrUp) {
			p := []rune(pair)
			if len(p) != 2 || !slices.ContainsFunc(k.char[:], func(c [levels]rune) bool { return c[levelPlain] == p[0] }) {
				t.Errorf("%s: %q is no key and what AltGr makes of it", name, pair)
			}
		}
		for _, key := range l.lock {
			if !slices.ContainsFunc(k.char[:], func(c [levels]rune) bool { return c[levelPlain] == key }) {
				t.Errorf("%s: Caps Lock acts on %q, which is no key", name, key)
			}
		}
		if l.name == "" || Country(name) != l.name {
			t.Errorf("%s has the name %q", name, Country(name))
		}
	}
	if want := []string{"be", "ch", "de", "es", "fr", "it", "uk", "us"}; !slices.Equal(Layouts(), want) {
		t.Errorf("got %q want %q", Layouts(), want)
	}
}

// A dead key and what follows are one character where there is one, and two
// where there is none; the accent is never lost. On a German keyboard 35 is
// the circumflex, 2E the acute, with Shift the grave.
func TestDeadKeys(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		keys   string
		want   []string
	}{
		{"circumflex and a letter", nil, "00 00 35 04 28 00 00 00", []string{`"â"`}},
		{"with a space it is the accent itself", nil, "00 00 35 2C 04 28 00 00", []string{`"^a"`}},
		{"acute and space", nil, "00 00 2E 2C 28 00 00 00", []string{`"´"`}},
		{"grave and a capital", nil, "02 00 2E 04 00 00 00 00" + up + "00 00 28 00 00 00 00 00", []string{`"À"`}},
		{"the letter after a report of its own for Shift", nil, "00 00 2E 00 00 00 00 00" + up + "02 00 00 00 00 00 00 00 / 02 00 08 00 00 00 00 00" + up + "00 00 28 00 00 00 00 00", []string{`"É"`}},
		{"a letter that takes none", nil, "00 00 35 1B 28 00 00 00", []string{`"^x"`}},
		{"a digit", nil, "00 00 35 1E 28 00 00 00", []string{`"^1"`}},
		{"a control character", nil, "00 00 35 00 00 00 00 00" + up + "01 00 30 00 00 00 00 00" + up + "00 00 28 00 00 00 00 00", []string{`"^\x1d"`}},
		{"Enter", nil, "00 00 35 28 00 00 00 00", []string{`"^"`}},
		{"silence", nil, "00 00 35 00 00 00 00 00 |", []string{`"^" unterminated`}},
		{"two of them", nil, "00 00 35 2E 04 28 00 00", []string{`"^´a"`}},
		{"a key without text", nil, "00 00 35 42 04 28 00 00", []string{`"^a" key without text`, "fault: key without text"}},
		{"with AltGr, on a French keyboard", func(o *Options) { o.Layout = "fr" }, "40 00 1F 24 00 00 00 00" + up + "00 00 2C 28 00 00 00 00", []string{"\"~` \""}},
		{"with AltGr, each with its space", func(o *Options) { o.Layout = "fr" }, "40 00 1F 00 00 00 00 00" + up + "00 00 2C 00 00 00 00 00" + up + "40 00 24 00 00 00 00 00" + up + "00 00 2C 28 00 00 00 00", []string{"\"~`\""}},
		{"a scanner that types accents as they are", func(o *Options) { o.DeadKeys = false }, "00 00 35 04 2E 2C 28 00", []string{`"^a´ "`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			d := decoder(t, func(o *Options) {
				o.Layout = "de"
				if c.change != nil {
					c.change(o)
				}
			})
			feed(d, reports(t, c.keys), &out)
			if got := told(&out); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// Caps Lock turns letters over and, where Windows has a Shift Lock, digits and
// signs as well. Until the scanner presses it, and after silence, it is what
// the profile says.
func TestCapsLock(t *testing.T) {
	caps, enter := "00 00 39 00 00 00 00 00"+up, "00 00 28 00 00 00 00 00"+up
	keys := "00 00 04 1E 2D 64 00 00 / 02 00 05 1F 00 00 00 00" + up // a 1 - <, with Shift b 2, as a US keyboard has them
	for _, c := range []struct {
		name, layout, caps, keys string
		want                     []string
	}{
		{"US: letters", "us", "off", caps + strings.Replace(keys, "64", "00", 1) + caps + "00 00 04 00 00 00 00 00" + up + enter, []string{`"A1-b@a"`}},
		{"UK: letters", "uk", "off", caps + keys + caps + enter, []string{`"A1-\\b\""`}},
		{"German: digits and signs too, but for the key beside Shift", "de", "off", caps + keys + caps + enter, []string{`"A!?<b2"`}},
		{"French: digits, which are there with Shift", "fr", "off", caps + keys + caps + enter, []string{`"Q1°<bé"`}},
		{"Swiss: letters", "ch", "off", caps + keys + caps + enter, []string{`"A1'<b\""`}},
		{"AltGr has nothing to do with it", "de", "off", caps + "40 00 14 24 00 00 00 00" + up + caps + enter, []string{`"@{"`}},
		{"it stays from one code to the next", "us", "off", caps + "00 00 04 28 00 00 00 00" + up + "00 00 05 28 00 00 00 00", []string{`"A"`, `"B"`}},
		{"and not over silence", "us", "off", caps + "00 00 04 28 00 00 00 00" + up + "|" + "00 00 05 28 00 00 00 00", []string{`"A"`, `"b"`}},
		{"a scanner that takes the host's for on", "us", "on", "02 00 04 00 00 00 00 00" + up + "00 00 05 1E 28 00 00 00" + up + "| 00 00 04 28 00 00 00 00", []string{`"aB1"`, `"A"`}},
		{"pressing it can be ignored", "us", "ignore", caps + "00 00 04 28 00 00 00 00" + up + caps, []string{`"a"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			d := decoder(t, func(o *Options) { o.Layout, o.Caps = c.layout, c.caps })
			feed(d, reports(t, c.keys), &out)
			if got := told(&out); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// The keys that keyboards outside of America have more, and the German
// keypad's comma.
func TestISOKeys(t *testing.T) {
	for layout, want := range map[string]string{"us": `"\\|."`, "uk": `"#~\\|."`, "de": `"#'<>,"`, "fr": `"*µ<>."`, "be": `"µ£<>."`} {
		var out wire.Output
		d := decoder(t, func(o *Options) { o.Layout = layout })
		keys := "00 00 32 00 00 00 00 00" + up + "02 00 32 00 00 00 00 00" + up + "00 00 64 00 00 00 00 00" + up + "02 00 64 00 00 00 00 00" + up + "00 00 63 28 00 00 00 00"
		if layout == "us" {
			keys = strings.ReplaceAll(keys, "64", "00")
		}
		feed(d, reports(t, keys), &out)
		if got := told(&out); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q want %s", layout, got, want)
		}
	}
}

// A scanner set to another country than the station says types what the fact
// sheet's reports say.
func TestRetype(t *testing.T) {
	for _, c := range []struct {
		scanner, station, in, want string
		caps                       bool
	}{
		{"us", "fr", "1234567890", `&é"'(-è_çà`, false},
		{"us", "de", "Zy-", "Yzß", false},
		{"us", "uk", `"@#`, "@\"£", false},
		{"uk", "us", `"@#`, `@"\`, false},
		{"de", "us", "ü@^", "[` ", false}, // the US layout has nothing for AltGr; the space after ^ is a space there
		{"fr", "us", "aM1", "q:!", false},
		{"us", "us", "aB1-", "Ab1-", true},
		{"de", "de", "aB1-", "Ab!-", true},
		{"us", "de", "a\x1db", "a\x1db", false},
		{"us", "us", "é", "é", false}, // typed as a number
		{"us", "xx", "a", "", false},
		{"xx", "us", "a", "", false},
	} {
		if got := Retype(c.in, c.scanner, c.station, c.caps); got != c.want {
			t.Errorf("%q from %s to %s, caps %v: got %q want %q", c.in, c.scanner, c.station, c.caps, got, c.want)
		}
	}
	for _, layout := range Layouts() {
		if got := Retype(ascii, layout, layout, false); got != ascii {
			t.Errorf("%s to itself: got %q", layout, got)
		}
	}
}
