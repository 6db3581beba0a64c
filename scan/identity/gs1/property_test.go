package gs1_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/gs1/sample"
)

func source(t *rapid.T) *rand.Rand { return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) }

// A value made for an AI is right for it, for each AI there is.
func TestEveryAI(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, ai := range gs1.All() {
		for range 50 {
			want := []gs1.Element{sample.Element(r, ai)}
			if got, err := gs1.Parse(gs1.Build(want)); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%q: got %q, %v", want, got, err)
			}
		}
	}
}

// Elements become a string as scanners send it, text in brackets, and back,
// and are the same as before.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := source(t)
		want := sample.Elements(r, rapid.IntRange(0, 12).Draw(t, "n"))
		if got, err := gs1.Parse(gs1.Build(want)); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, %v; want %q", gs1.Build(want), got, err, want)
		}
		if got, err := gs1.ParseBracketed(gs1.Bracketed(want)); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, %v; want %q", gs1.Bracketed(want), got, err, want)
		}
	})
}

// Separators where none are needed change nothing, and neither does one at the
// end.
func TestMoreSeparators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := sample.Elements(source(t), rapid.IntRange(1, 6).Draw(t, "n"))
		var s strings.Builder
		for _, e := range want {
			s.WriteString(e.AI() + e.Value() + string(gs1.GS))
		}
		if got, err := gs1.Parse(s.String()); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, %v; want %q", s.String(), got, err, want)
		}
	})
}

// Elements become a Digital Link and back, and are the same but for their
// order. In whatever order they come, the link is the same, and so is the link
// of what was read from it.
func TestLinkRoundTrip(t *testing.T) {
	linked := 0
	rapid.Check(t, func(t *rapid.T) {
		r := source(t)
		elements := linkable(r)
		uri, ok := gs1.Link(elements)
		if !ok {
			t.Fatalf("%q: no link", elements)
		}
		linked++
		got, is, err := gs1.ParseLink(uri)
		if err != nil || !is || !slices.Equal(ordered(got), ordered(elements)) {
			t.Fatalf("%s: got %q, %t, %v; want %q", uri, got, is, err, elements)
		}
		r.Shuffle(len(elements), func(i, j int) { elements[i], elements[j] = elements[j], elements[i] })
		if again, ok := gs1.Link(elements); again != uri || !ok {
			t.Fatalf("in another order %s, before %s", again, uri)
		}
		if again, ok := gs1.Link(got); again != uri || !ok {
			t.Fatalf("of what was read %s, before %s", again, uri)
		}
	})
	if linked == 0 {
		t.Error("no link was made")
	}
}

// linkable are a key, some of its qualifiers, and attributes.
func linkable(r *rand.Rand) []gs1.Element {
	for {
		key := sample.Any(r)
		if !key.Key {
			continue
		}
		elements := []gs1.Element{sample.Element(r, key)}
		if len(key.Qualifiers) > 0 {
			for _, q := range key.Qualifiers[r.IntN(len(key.Qualifiers))] {
				if r.IntN(2) == 0 {
					ai, _ := gs1.Lookup(q)
					elements = append(elements, sample.Element(r, ai))
				}
			}
		}
		for range r.IntN(4) {
			ai := sample.Any(r)
			if _, there := gs1.Find(elements, ai.Code); ai.Attribute && !ai.Key && !there {
				elements = append(elements, sample.Element(r, ai))
			}
		}
		return elements
	}
}

func ordered(elements []gs1.Element) []gs1.Element {
	return slices.SortedFunc(slices.Values(elements), func(a, b gs1.Element) int { return strings.Compare(a.AI(), b.AI()) })
}

// A key whose check digit is another one is refused, whatever the key.
func TestAlteredCheckDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ai, _ := gs1.Lookup(rapid.SampledFrom([]string{"00", "01", "02", "03", "253", "255", "402", "410", "414", "417", "8003", "8006", "8017", "8018", "8026"}).Draw(t, "ai"))
		e := sample.Element(source(t), ai)
		last := map[string]int{"253": 13, "255": 13, "8003": 14, "8006": 14, "8026": 14}[ai.Code]
		if last == 0 {
			last = len(e.Value())
		}
		for digit := byte('0'); digit <= '9'; digit++ {
			value := e.Value()[:last-1] + string(digit) + e.Value()[last:]
			if _, err := gs1.Parse(ai.Code + value); (err == nil) != (digit == e.Value()[last-1]) {
				t.Fatalf("%s %s: %v; right is %s", ai.Code, value, err, e.Value())
			}
		}
	})
}

// One character changed is found by the check pair, wherever it is.
func TestAlteredCheckPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ai, _ := gs1.Lookup("8013")
		r := source(t)
		value := sample.Value(r, ai)
		at, other := r.IntN(len(value)), byte(r.IntN(0x80))
		if other == value[at] || !gs1.In('x', other) {
			return
		}
		changed := value[:at] + string(other) + value[at+1:]
		if got, err := gs1.Parse("8013" + changed); err == nil {
			t.Fatalf("%s, changed from %s: %q", changed, value, got)
		}
	})
}

// Where separators were lost and there is one way to put them back, it is the
// right one; and a label as they hang on pallets has one way.
func TestSeparate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := source(t)
		elements := []gs1.Element{}
		for _, code := range rapid.SampledFrom([][]string{{"00", "02", "37", "10"}, {"00", "420"}, {"01", "10", "17"}, {"01", "21"}, {"00", "3302", "400"}, {"8006", "21", "10"}}).Draw(t, "ais") {
			ai, _ := gs1.Lookup(code)
			elements = append(elements, sample.Element(r, ai))
		}
		want := gs1.Build(elements)
		got, ok := gs1.Separate(strings.ReplaceAll(want, string(gs1.GS), ""))
		if ok && got != want {
			t.Fatalf("%q: put back as %q", want, got)
		}
	})
	for lost, want := range map[string]string{
		"00106141410000001238" + "0209506000134352" + "3712" + "10LOT7": "00106141410000001238" + "0209506000134352" + "3712\x1d" + "10LOT7",
		"00106141410000001238":                          "00106141410000001238",
		"00106141410000001238" + "3302001875":           "00106141410000001238" + "3302001875",
		"0109506000134352" + "10LOT7" + "17280229":      "", // or a longer lot
		"0109506000134352" + "10LOT7" + "2112345":       "",
		"00106141410000001238" + "10LOT7":               "", // a lot of nothing: another symbol says of what
		"00106141410000001239":                          "",
		"1Z999AA10123456784":                            "",
		"":                                              "",
		strings.Repeat("91", 200):                       "",
		"37" + strings.Repeat("1", 90) + "10A":          "",
		"0109506000134352" + strings.Repeat("10A", 300): "",
	} {
		if got, ok := gs1.Separate(lost); ok != (want != "") && lost != "" || got != want {
			t.Errorf("%s: %q, %t; want %q", lost, got, ok, want)
		}
	}
}
