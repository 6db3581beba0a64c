package gs1_test

import (
	"strings"
	"testing"
	"time"

	"scanpost/scan/identity/gs1"
)

// label is what a scanner sends of a typical pallet label: SSCC, content, count
// and lot.
const label = "00106141410000001238" + "0209506000134352" + "3712\x1d" + "10LOT7"

// A label costs one allocation, which is its elements; so does each other way
// to write them, but for what it undoes.
func TestAllocations(t *testing.T) {
	well, _ := gs1.Parse(label)
	for name, c := range map[string]struct {
		most float64
		do   func()
	}{
		"a label":             {1, func() { gs1.Parse(label) }},
		"an SSCC alone":       {1, func() { gs1.Parse("00106141410000001238") }},
		"eight elements":      {1, func() { gs1.Parse(label + "\x1d11250101" + "17280229" + "3302001875" + "400PO-7") }},
		"pairs that are well": {0, func() { gs1.Pairs(well) }},
		"no link":             {0, func() { gs1.ParseLink("1Z999AA10123456784") }},
		"no suspicion":        {0, func() { gs1.Suspect([]gs1.Element{{"00", "106141410000001238"}, {"10", "LOT7"}}) }},
		"text in brackets":    {5, func() { gs1.ParseBracketed("(00)106141410000001238(02)09506000134352(37)12(10)LOT7") }},
	} {
		if n := testing.AllocsPerRun(100, c.do); n > c.most {
			t.Errorf("%s: %v allocations, at most %v", name, n, c.most)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range [][2]string{{"label", label}, {"sscc", "00106141410000001238"}, {"delivery", "00106141410000001238" + "4302Am+Tor%2012\x1d" + "4307DE\x1d" + "42020457"}, {"refused", "00106141410000001239"}} {
		b.Run(c[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				gs1.Parse(c[1])
			}
		})
	}
}

func BenchmarkLink(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		gs1.ParseLink("https://id.gs1.org/01/09506000134352/10/LOT7?17=280229")
	}
}

func BenchmarkPairs(b *testing.B) {
	elements, _ := gs1.Parse(label)
	b.ReportAllocs()
	for b.Loop() {
		gs1.Pairs(elements)
	}
}

// BenchmarkLength reports what 64 KiB cost as a multiple of 64 times 1 KiB; more
// than a few would mean that the time is not linear.
func BenchmarkLength(b *testing.B) {
	parsers := map[string]func(string){
		"string":   func(s string) { gs1.Parse(s) },
		"brackets": func(s string) { gs1.ParseBracketed(s) },
		"link":     func(s string) { gs1.ParseLink(s) },
	}
	for name, piece := range hostile {
		kind, _, _ := strings.Cut(name, ":")
		b.Run(name, func(b *testing.B) {
			short, long := piece(1<<10), piece(64<<10)
			var spent [2]time.Duration
			for b.Loop() {
				start := time.Now()
				for range 64 {
					parsers[kind](short)
				}
				middle := time.Now()
				parsers[kind](long)
				spent[0] += middle.Sub(start)
				spent[1] += time.Since(middle)
			}
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "x/KiB")
		})
	}
}

// hostile are inputs that would make a careless parser look at everything again
// and again. The number is how long they are.
var hostile = map[string]func(n int) string{
	"string: repeats":         func(n int) string { return strings.Repeat("11250101", n/8) },
	"string: lots":            func(n int) string { return strings.Repeat("10A\x1d", n/4) },
	"string: a long lot":      func(n int) string { return "10" + strings.Repeat("A", n-2) },
	"string: swallowed":       func(n int) string { return "21" + strings.Repeat("11250101", n/8) },
	"string: swallowed at 90": func(n int) string { return "91" + strings.Repeat("1125010191", n/10) },
	"brackets: repeats":       func(n int) string { return strings.Repeat("(10)A", n/5) },
	"brackets: escapes":       func(n int) string { return "(10)" + strings.Repeat(`\(`, n/2) },
	"brackets: open":          func(n int) string { return strings.Repeat("(", n) },
	"link: slashes":           func(n int) string { return "https://a/01/09506000134352" + strings.Repeat("/", n) },
	"link: pairs":             func(n int) string { return "https://a/01/09506000134352" + strings.Repeat("/10/A", n/5) },
	"link: keys":              func(n int) string { return "https://a" + strings.Repeat("/01/09506000134352", n/18) },
	"link: query":             func(n int) string { return "https://a/01/09506000134352?" + strings.Repeat("a=b&", n/4) },
	"link: percent":           func(n int) string { return "https://a/01/09506000134352/10/" + strings.Repeat("%", n) },
}

// However long, everything that is meant to take long ends at once: were any
// step to look at all the rest, this test would take minutes.
func TestLongInputs(t *testing.T) {
	for name, piece := range hostile {
		s := piece(1 << 20)
		switch kind, _, _ := strings.Cut(name, ":"); kind {
		case "string":
			gs1.Parse(s)
		case "brackets":
			gs1.ParseBracketed(s)
		case "link":
			gs1.ParseLink(s)
		}
	}
}
