package carrier

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// draw makes a text of one of the shapes; its check digit is right by chance.
func draw(t *rapid.T) (*shape, string) {
	var all []*shape
	for _, shapes := range byLength {
		all = append(all, shapes...)
	}
	s := rapid.SampledFrom(all).Draw(t, "shape")
	n := make([]byte, len(s.places))
	for i, set := range s.places {
		var may []byte
		for c := range symbols {
			if symbols[c]&set != 0 {
				may = append(may, byte(c))
			}
		}
		n[i] = rapid.SampledFrom(may).Draw(t, "character")
	}
	return s, string(n)
}

// prove puts the check digit of a shape right, if any is right: country or
// prefix may forbid it.
func prove(s *shape, n string) (string, bool) {
	if s.check == nil || s.check(n) {
		return n, true
	}
	for _, at := range []int{len(n) - 1, 10, 27} { // where check digits stand
		for c := range symbols {
			if at < len(n) && symbols[c]&s.places[at] != 0 && s.check(n[:at]+string(rune(c))+n[at+1:]) {
				return n[:at] + string(rune(c)) + n[at+1:], true
			}
		}
	}
	return "", false
}

// However a number of any format is grouped on paper, it is the same number;
// its key, read again as a number, is the same key; and it has the evidence of
// its format or better.
func TestNotations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := draw(t)
		if strings.HasPrefix(s.pattern, "@@#{9}@@") {
			country := 2 * rapid.IntRange(0, len(alpha2)/2-1).Draw(t, "country")
			n = n[:11] + alpha2[country:country+2]
		}
		n, ok := prove(s, n)
		if !ok {
			t.Fatalf("%s: no check digit is right for %s", s.pattern, n)
		}
		got := Find(n)
		at := slices.IndexFunc(got, func(m Match) bool { return m.Carrier == s.carrier && m.name == s.name && m.Evidence <= s.evidence })
		if at < 0 {
			t.Fatalf("%s: Find(%s) = %q", s.pattern, n, said(n))
		}
		printed := strings.ToLower(n)
		for range rapid.IntRange(0, 6).Draw(t, "groups") {
			at := rapid.IntRange(0, len(printed)).Draw(t, "at")
			printed = printed[:at] + rapid.SampledFrom([]string{" ", "-"}).Draw(t, "gap") + printed[at:]
		}
		if !slices.Equal(said(printed), said(n)) {
			t.Fatalf("%q is %q, and %q is %q", n, said(n), printed, said(printed))
		}
		for i := range got {
			m := &got[i]
			again := Find(m.Number)
			if m.Carrier == "fedex" && len(n) >= 32 {
				continue // its check digit covers more than what is the number
			}
			if key := m.Key(); key != "" && !slices.ContainsFunc(again, func(o Match) bool { return o.Key() == key }) {
				t.Fatalf("%s has the key %s, but %s is %q", n, key, m.Number, said(m.Number))
			}
		}
	})
}

// Of all check digits that a number can have, one is right; for S10 and FedEx,
// which count modulo 11, and for no others two sums share a digit.
func TestOneCheckDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := draw(t)
		if s.check == nil || s.carrier == "s10" || strings.Contains(s.service, "ASTRA") {
			t.Skip("checked elsewhere in the number")
		}
		var right []string
		last := len(n) - 1
		for c := range symbols {
			if other := n[:last] + string(rune(c)); symbols[c]&s.places[last] != 0 && s.check(other) {
				right = append(right, other)
			}
		}
		if len(right) != 1 {
			t.Fatalf("%s: right are %q", s.pattern, right)
		}
	})
}

// Whatever the text, matches are told best first, no two alike, each with a
// key that is plain text, and the same the next time.
func FuzzFind(f *testing.F) {
	for _, row := range sheet {
		for n := range row.right {
			f.Add(n)
		}
		for _, n := range row.wrong {
			f.Add(n)
		}
	}
	f.Add("\xff\x00%")
	f.Fuzz(func(t *testing.T, text string) {
		got := Find(text)
		for i := range got {
			m := &got[i]
			for _, c := range []byte(m.Key() + m.Also()) {
				if c <= ' ' || c >= 0x7f {
					t.Errorf("%q: key %q", text, m.Key())
				}
			}
			if (m.Key() == "") != m.Routing() || m.Evidence < CheckPrefix || m.Evidence > Length || i > 0 && got[i-1].Evidence > m.Evidence {
				t.Errorf("%q: %+v", text, got)
			}
			for _, o := range got[:i] {
				if o.Carrier == m.Carrier && o.Same(m) && o.ITF == m.ITF {
					t.Errorf("%q: twice %+v", text, m)
				}
			}
		}
		if !slices.Equal(got, Find(text)) {
			t.Errorf("%q: differs the next time", text)
		}
		if near, is := Damaged(text); is && (near.Number == "" || near.Want == near.Got) {
			t.Errorf("%q: %+v", text, near)
		}
	})
}
