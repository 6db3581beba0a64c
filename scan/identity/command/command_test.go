package command

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scanpost/scan"
)

var key = []byte("site key of ham1")

// A card says what it was made to say. The codes are written out because cards
// are printed and laminated: they must be read by all later versions.
func TestPrintedCards(t *testing.T) {
	for code, want := range map[string]scan.Command{
		"SP1:ON.MAIRA:GXVTC8Q0": {Do: "sign-on", Arg: "MAIRA"},
		"SP1:ON.A-7:1PD2F145":   {Do: "sign-on", Arg: "A-7"},
		"SP1:OFF:5Z307NW3":      {Do: "sign-off"},
		"SP1:UNDO:8MYW0BN0":     {Do: "undo"},
		"SP1:SEEN:3NXFEP2V":     {Do: "seen"},
	} {
		made, err := Make(key, want)
		if err != nil || made != code {
			t.Errorf("Make(%v) = %q, %v; want %q", want, made, err, code)
		}
		if got, err := Parse(key, code); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v; want %v", code, got, err, want)
		}
	}
}

// Whatever is made can be read, in either case, with the same key and no
// other; and with any character changed it does nothing.
func TestMakeAndParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		site := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key")
		want := scan.Command{Do: rapid.SampledFrom([]string{"sign-on", "sign-off", "undo", "seen"}).Draw(t, "do")}
		if want.Do == "sign-on" {
			want.Arg = rapid.StringMatching(`[A-Z0-9-]{1,12}`).Draw(t, "sign")
		}
		code, err := Make(site, want)
		if err != nil || !Is(code) {
			t.Fatalf("Make(%v) = %q, %v", want, code, err)
		}
		for _, read := range []string{code, strings.ToLower(code)} {
			if got, err := Parse(site, read); err != nil || got != want {
				t.Fatalf("Parse(%q) = %v, %v; want %v", read, got, err, want)
			}
		}
		other := append([]byte{'x'}, site...)
		if got, err := Parse(other, code); !errors.Is(err, ErrNotOurs) {
			t.Fatalf("another site reads %q as %v, %v", code, got, err)
		}
		at := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		changed := code[:at] + rapid.StringMatching(`[A-Z0-9.:-]`).Draw(t, "character") + code[at+1:]
		if got, err := Parse(site, changed); err == nil && changed != code {
			t.Fatalf("%q changed to %q is still %v", code, changed, got)
		}
	})
}

// A card does nothing if it is not ours, and is told apart from what is no card.
func TestParseRefuses(t *testing.T) {
	later := "SP1:HOLD.CUSTOMS:" + tag(key, "HOLD.CUSTOMS")
	spare := "SP1:UNDO.ALL:" + tag(key, "UNDO.ALL")
	for name, c := range map[string]struct {
		key  []byte
		text string
		want error
	}{
		"no key":                          {nil, "SP1:UNDO:ZZZZZZZZ", ErrNotOurs},
		"a made-up tag":                   {key, "SP1:UNDO:ZZZZZZZZ", ErrNotOurs},
		"no tag":                          {key, "SP1:UNDO", ErrNotOurs},
		"an empty tag":                    {key, "SP1:UNDO:", ErrNotOurs},
		"nothing but the name":            {key, "SP1:", ErrNotOurs},
		"a later version":                 {key, "SP2:UNDO:" + tag(key, "UNDO"), ErrNotOurs},
		"a very long one":                 {key, "SP1:" + strings.Repeat("A", 1000), ErrNotOurs},
		"ours, with a word of later":      {key, later, ErrUnknown},
		"ours, with an argument to spare": {key, spare, ErrUnknown},
		"a parcel":                        {key, "1Z999AA10123456784", ErrNotCommand},
		"the name without a version":      {key, "SP:UNDO:ZZZZZZZZ", ErrNotCommand},
		"the name in the middle":          {key, "XSP1:UNDO:ZZZZZZZZ", ErrNotCommand},
		"a version and no more":           {key, "SP1", ErrNotCommand},
		"nothing":                         {key, "", ErrNotCommand},
	} {
		if got, err := Parse(c.key, c.text); !errors.Is(err, c.want) || got != (scan.Command{}) {
			t.Errorf("%s: Parse(%q) = %v, %v; want %v", name, c.text, got, err, c.want)
		}
	}
}

// A card that could not be read back is not made.
func TestMakeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		key []byte
		cmd scan.Command
	}{
		"without a key":         {nil, scan.Command{Do: "undo"}},
		"an unknown command":    {key, scan.Command{Do: "launch"}},
		"a sign-on of nobody":   {key, scan.Command{Do: "sign-on"}},
		"a sign in lower case":  {key, scan.Command{Do: "sign-on", Arg: "maira"}},
		"a sign with a colon":   {key, scan.Command{Do: "sign-on", Arg: "A:B"}},
		"a sign of thirteen":    {key, scan.Command{Do: "sign-on", Arg: "ABCDEFGHIJKLM"}},
		"an undo with argument": {key, scan.Command{Do: "undo", Arg: "X"}},
	} {
		if code, err := Make(c.key, c.cmd); err == nil || code != "" {
			t.Errorf("%s: got %q, %v", name, code, err)
		}
	}
}
