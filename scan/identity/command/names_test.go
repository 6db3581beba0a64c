package command_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scanpost/devices/hidkeyboard"
	"scanpost/scan"
	"scanpost/scan/identity"
	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/command"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/plate"
)

// anyCard makes any card of any site.
func anyCard(t *rapid.T) (site command.Site, want command.Card, code string) {
	site.Keys = [][]byte{rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key")}
	v := rapid.SampledFrom(command.Verbs).Draw(t, "verb")
	want = command.Card{Command: scan.Command{Do: v.Do}, Number: command.Number(rapid.Uint16().Draw(t, "number")), Colon: ':'}
	if v.Arg != "" {
		want.Arg = rapid.StringMatching(`[A-Z0-9-]{1,12}`).Draw(t, "argument")
	}
	code, err := site.Make(want.Command, want.Number)
	if err != nil {
		t.Fatal(err)
	}
	return site, want, code
}

// A card acts on every keyboard: a scanner that types for one country at a
// station that reads another's, and with Caps Lock on, still says the same.
func TestEveryKeyboard(t *testing.T) {
	colons := map[rune]bool{}
	rapid.Check(t, func(t *rapid.T) {
		site, want, code := anyCard(t)
		for _, scanner := range hidkeyboard.Layouts() {
			for _, station := range hidkeyboard.Layouts() {
				for _, lock := range []bool{false, true} {
					typed := hidkeyboard.Retype(code, scanner, station, lock)
					got, err := site.Parse(typed)
					colons[got.Colon] = true
					got.Colon = want.Colon
					if err != nil || got != want {
						t.Fatalf("typed for %s and read as %s, Caps Lock %t, %s is %q: %v, %v", scanner, station, lock, code, typed, got, err)
					}
				}
			}
		}
	})
	if len(colons) < 6 {
		t.Errorf("the colon was one of only %d characters: the test is void", len(colons))
	}
}

// No card is anything else: not a carrier's number, a licence plate, a GS1
// element string or a link, with its own characters or with the colon changed.
// A station with another key, or none, takes it for no unit, in whatever
// symbology it comes, also where the site's own codes begin as cards do.
func TestCardsAreNothingElse(t *testing.T) {
	aims := []string{"", "]C0", "]C1", "]Q1", "]Q3", "]d1", "]d2", "]A0", "]L0", "]U1", "]z0", "]I0", "]E0", "]e0", "]X0"}
	blind := map[string]identity.Identifier{
		"no key": {}, "another key": {Commands: command.Site{Keys: [][]byte{[]byte("no site has this key")}}},
		"codes of its own": {Patterns: []identity.Pattern{{Key: "order", Prefix: "SP", BeatsCarriers: true}, {Key: "tote", Prefix: "SPB:"}}},
	}
	rapid.Check(t, func(t *rapid.T) {
		_, _, code := anyCard(t)
		// A hyphen or a space, since numbers are printed with them.
		colon := rapid.SampledFrom([]string{":", ":", " ", "-", "Ö", "M", ".", "%", "1", "_", ">", ""}).Draw(t, "colon")
		if code = strings.Replace(code, ":", colon, 1); rapid.Bool().Draw(t, "lower case") {
			code = strings.ToLower(code)
		}
		if got := carrier.Find(code); len(got) > 0 {
			t.Fatalf("%q is a number of %v", code, got)
		}
		if got, is := carrier.Damaged(code); is {
			t.Fatalf("%q is a damaged number of %v", code, got)
		}
		if got, is := plate.Parse(code); is {
			t.Fatalf("%q is the plate %v", code, got)
		}
		if got, err := gs1.Parse(code); err == nil {
			t.Fatalf("%q is a GS1 element string, %v", code, got)
		}
		if got, err := gs1.ParseBracketed(code); err == nil {
			t.Fatalf("%q is a GS1 element string in brackets, %v", code, got)
		}
		if got, is, _ := gs1.ParseLink(code); is {
			t.Fatalf("%q is a GS1 Digital Link, %v", code, got)
		}
		if colon == "" {
			return // no card any more, and a text like any other
		}
		for name, id := range blind {
			for _, aim := range aims {
				if r := id.Identify(code, aim); r.Unit != "" || r.Command != nil || r.Fault == "" {
					t.Fatalf("%s: %s%q is %+v", name, aim, code, r)
				}
			}
		}
	})
}

// The other way round: nothing that GS1 or a plate makes is in the name space of
// cards. Of the carriers' formats, their package shows it for each.
func TestNothingElseIsACard(t *testing.T) {
	for _, ai := range gs1.All() {
		if c := ai.Code[0]; c < '0' || c > '9' {
			t.Errorf("AI %s begins with no digit", ai.Code)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ai := rapid.SampledFrom(gs1.All()).Draw(t, "ai")
		value := rapid.StringMatching(`[ -~]{1,40}`).Draw(t, "value")
		for _, code := range []string{ai.Code + value, fmt.Sprintf("(%s)%s", ai.Code, value), "https://id.gs1.org/" + ai.Code + "/" + value, "J" + value, "1J" + value, "[)>\x1e06\x1dJ" + value, "urn:epc:id:sscc:" + value} {
			if command.Is(code) || command.Is(strings.ToLower(code)) {
				t.Fatalf("%q is taken for a card", code)
			}
		}
	})
}
