package gs1_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"scanpost/scan/identity/gs1"
)

// checked fails if what a parser returned is neither elements that are right
// nor an error with code and message.
func checked(t *testing.T, s string, elements []gs1.Element, err error) bool {
	if err != nil {
		if e, ok := errors.AsType[*gs1.Error](err); !ok || e.Code == "" || e.Message == "" || elements != nil {
			t.Errorf("%q: %q, %#v", s, elements, err)
		}
		return false
	}
	for i, e := range elements {
		if again, err := gs1.Parse(e.AI() + e.Value()); err != nil || !slices.Equal(again, elements[i:i+1]) {
			t.Errorf("%q: %q is not right for itself: %q, %v", s, e, again, err)
		}
	}
	// Whatever is read can be judged, written and shown.
	gs1.Pairs(elements)
	gs1.Link(elements)
	for _, e := range elements {
		gs1.Human(e, 2026)
	}
	for _, w := range gs1.Suspect(elements) {
		if !strings.HasPrefix(w, gs1.MissingSeparator+": ") && !strings.HasPrefix(w, gs1.NoTime+": ") {
			t.Errorf("%q: warning %q", s, w)
		}
	}
	if again, err := gs1.Parse(gs1.Build(elements)); err != nil || !slices.Equal(again, elements) {
		t.Errorf("%q: %q becomes %q, %v", s, elements, again, err)
	}
	return true
}

// Whatever comes, parsing ends without a panic, and what it returns is in the
// data, in order.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"010950600013435210LOT7\x1d17280229", "00106141410000001238\x1d", "402\x1d\x1d31", "8110106141416543213500110000310123196000",
		"80131987654Ad4X4bL5ttr2310c2K", "43091423456789000134050000", "4202045700106141410000001238", "8007GB98MIDL07009312345678",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		elements, err := gs1.Parse(s)
		if !checked(t, s, elements, err) {
			return
		}
		rest := s
		for _, e := range elements {
			_, after, found := strings.Cut(rest, e.AI()+e.Value())
			if !found {
				t.Errorf("%q: %q is not in the data after what came before", s, e)
			}
			rest = after
		}
	})
}

// Whatever comes in brackets ends without a panic, and what is read is written
// the same way again.
func FuzzParseBracketed(f *testing.F) {
	for _, seed := range []string{"(01)09506000134352(10)LOT7(17)280229", `(10)A\(B)C(21)\(`, "(10)A)(21)B", "((01)", "(10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		elements, err := gs1.ParseBracketed(s)
		if !checked(t, s, elements, err) {
			return
		}
		if again, err := gs1.ParseBracketed(gs1.Bracketed(elements)); err != nil || !slices.Equal(again, elements) {
			t.Errorf("%q: %q becomes %q, %v", s, elements, again, err)
		}
	})
}

// Whatever stands in a QR code ends without a panic. What is a Digital Link has
// a canonical one that says the same, and that is its own canonical one.
func FuzzParseLink(f *testing.F) {
	for _, seed := range []string{
		"https://id.gs1.org/01/09506000134352/10/LOT7?17=280229", "http://a/x/414/9521141123454/254/32a%2Fb?99=A+B#c", "HTTPS://a/00/106141410000001238?02=09506000134352&37=25",
		"https://a/01/09506000134352/235/A?10=B", "https://a/gtin/09506000134352", "https://a/2024/01/15",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		elements, is, err := gs1.ParseLink(s)
		if !is {
			if elements != nil || err != nil {
				t.Errorf("%q: no link, and %q, %v", s, elements, err)
			}
			return
		}
		if !checked(t, s, elements, err) {
			return
		}
		uri, ok := gs1.Link(elements)
		if !ok {
			t.Fatalf("%q: %q has no link", s, elements)
		}
		again, is, err := gs1.ParseLink(uri)
		if !is || err != nil || !slices.Equal(ordered(again), ordered(elements)) {
			t.Errorf("%q: %s: %q, %v; before %q", s, uri, again, err, elements)
		}
		if twice, _ := gs1.Link(again); twice != uri {
			t.Errorf("%q: %s, then %s", s, uri, twice)
		}
	})
}
