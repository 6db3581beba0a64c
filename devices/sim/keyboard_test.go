package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// written is reports as the fact sheet writes them, without their last zeros.
func written(reports [][]byte) string {
	var all []string
	for _, r := range reports {
		all = append(all, fmt.Sprintf("% X", bytes.TrimRight(r, "\x00")))
	}
	return strings.Join(all, "/")
}

// A simulated keyboard sends the reports that the fact sheet's vectors have,
// and those of the ways of typing that it tells of.
func TestKeyboard(t *testing.T) {
	for _, c := range []struct {
		name string
		k    Keyboard
		text string
		want string
	}{
		{"K01 digits and Enter", Keyboard{Layout: "us", Suffix: "enter"}, "150501", "00 00 1E//00 00 22//00 00 27//00 00 22//00 00 27//00 00 1E//00 00 28/"},
		{"K03 Shift in the key's own report", Keyboard{Layout: "us", Suffix: "enter"}, "aB1", "00 00 04//02 00 05//00 00 1E//00 00 28/"},
		{"K04 GS with Ctrl", Keyboard{Layout: "us", Controls: "ctrl"}, "\x1d", "01 00 30/"},
		{"K05 GS with Alt", Keyboard{Layout: "us", Controls: "alt"}, "\x1d", "04/04 00 62/04/04 00 5A/04/04 00 61/04/"},
		{"four digits", Keyboard{Layout: "us", Alt: "4"}, "\x1d", "04/04 00 62/04/04 00 62/04/04 00 5A/04/04 00 61/04/"},
		{"K06 a key twice", Keyboard{Layout: "us"}, "11", "00 00 1E//00 00 1E/"},
		{"K07 a report twice", Keyboard{Layout: "us", Repeats: true}, "1", "00 00 1E/00 00 1E//"},
		{"K09 right Shift", Keyboard{Layout: "us", RightShift: true}, "@", "20 00 1F/"},
		{"K10 the keypad, and its Enter", Keyboard{Layout: "us", Keypad: true, Suffix: "keypad"}, "1", "00 00 53//00 00 59//00 00 53//00 00 58/"},
		{"keys that roll", Keyboard{Layout: "us", Rolling: true}, "abca", "00 00 04/00 00 04 05/00 00 05 06/00 00 06 04/"},
		{"Shift in a report of its own", Keyboard{Layout: "us", ShiftFirst: true}, "A", "02/02 00 04/02/"},
		{"F8 for GS", Keyboard{Layout: "us", Controls: "f8"}, "\x1d\x1e", "00 00 41/"},
		{"GS not at all", Keyboard{Layout: "us"}, "\x1d", ""},
		{"a report's number", Keyboard{Layout: "us", ReportID: 2}, "a", "02 00 00 04/02"},
		{"German y, and brackets with AltGr", Keyboard{Layout: "de"}, "y[", "00 00 1D//40 00 25/"},
		{"AltGr as Ctrl and Alt", Keyboard{Layout: "de", RightShift: true}, "[", "05 00 25/"},
		{"a dead key and its space", Keyboard{Layout: "de"}, "^", "00 00 35//00 00 2C/"},
		{"a dead key and its letter", Keyboard{Layout: "de"}, "é", "00 00 2E//00 00 08/"},
		{"a letter without a key is typed as a number", Keyboard{Layout: "us"}, "é", "04/04 00 62/04/04 00 5A/04/04 00 5B/04/04 00 5B/04/"},
		{"French digits with Shift", Keyboard{Layout: "fr"}, "1", "02 00 1E/"},
		{"capitals with Caps Lock, let go before a digit", Keyboard{Layout: "fr", PressesCaps: true}, "A1", "00 00 39//00 00 14//00 00 39//02 00 1E/"},
		{"and only at the end where it does not matter", Keyboard{Layout: "us", PressesCaps: true}, "A1", "00 00 39//00 00 04//00 00 1E//00 00 39/"},
	} {
		reports, err := c.k.Scan("]C0", c.text)
		if got := written(reports); err != nil || got != c.want {
			t.Errorf("%s: got %s %v\nwant %s", c.name, got, err, c.want)
		}
	}
	if _, err := (&Keyboard{Layout: "xx"}).Scan("", "a"); err == nil {
		t.Error("a layout that does not exist types")
	}
}

// One that follows the host's light turns letters over while Caps Lock is lit.
func TestKeyboardLight(t *testing.T) {
	k := Keyboard{Layout: "us", AIM: true, FollowsLight: true}
	var got []string
	for _, light := range []byte{0x02, 0x00} {
		k.Output([]byte{0, light})
		reports, err := k.Scan("]C0", "a1")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, written(reports))
	}
	want := []string{"00 00 30//00 00 06//00 00 27//02 00 04//00 00 1E/", "00 00 30//02 00 06//00 00 27//00 00 04//00 00 1E/"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// A country's rows have a character, or a space for none, for each key.
func TestKeyboardRows(t *testing.T) {
	for name, c := range countries {
		for y, keys := range rows {
			for _, on := range []string{c.plain[y], c.shift[y]} {
				if len([]rune(on)) != len(keys) {
					t.Errorf("%s: row %d has %d keys and %q", name, y, len(keys), on)
				}
			}
			if len([]rune(c.altGr[y])) > len(keys) {
				t.Errorf("%s: row %d has %d keys and %q", name, y, len(keys), c.altGr[y])
			}
		}
	}
}
