package carrier

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The numbers of our sheet, and other ways to write them, are recognised.
func TestFind(t *testing.T) {
	for text, want := range map[string]Match{
		"1Z999AA10123456784":       {Carrier: "ups", Number: "1Z999AA10123456784", Checked: true},
		"1ZA12B340352601818":       {Carrier: "ups", Number: "1ZA12B340352601818", Checked: true},
		"1ZA12B340359083018":       {Carrier: "ups", Number: "1ZA12B340359083018", Checked: true},
		"1Z 999 AA1 01 2345 6784":  {Carrier: "ups", Number: "1Z999AA10123456784", Checked: true},
		" 1z-999-aa1-01-23456784 ": {Carrier: "ups", Number: "1Z999AA10123456784", Checked: true},
		"1Z999AA1YW23456782":       {Carrier: "ups", Service: "SurePost", Number: "1Z999AA1YW23456782", Checked: true},
		"RN495288311GB":            {Carrier: "s10", Number: "RN495288311GB", Checked: true},
		"LZ687731325US":            {Carrier: "s10", Number: "LZ687731325US", Checked: true},
		"CX611148936CA":            {Carrier: "s10", Number: "CX611148936CA", Checked: true},
		"RN436676403GB":            {Carrier: "s10", Number: "RN436676403GB", Checked: true},
		"RN 495 288 311 GB":        {Carrier: "s10", Number: "RN495288311GB", Checked: true},
	} {
		got, near := Find(text)
		if near != nil || !slices.Equal(got, []Match{want}) {
			t.Errorf("Find(%q) = %v, %v; want %v", text, got, near, want)
		}
	}
}

// A wrong check digit makes no match, but says which carrier it looks like.
func TestNear(t *testing.T) {
	for text, want := range map[string]Near{
		"1Z999AA10123456785": {"ups", "UPS", "1Z999AA10123456785", '4', '5'},
		"RN206797010GB":      {"s10", "postal (S10)", "RN206797010GB", '9', '0'},
		"CX745378384CA":      {"s10", "postal (S10)", "CX745378384CA", '3', '4'},
	} {
		got, near := Find(text)
		if got != nil || near == nil || *near != want {
			t.Errorf("Find(%q) = %v, %v; want %v", text, got, near, want)
		}
	}
}

// What merely resembles a number is none, and nothing is said about it.
func TestFindNothing(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                          "",
		"UPS, one character short":         "1Z999AA1012345678",
		"UPS, one too many":                "1Z999AA101234567844",
		"UPS with a letter as check digit": "1Z999AA1012345678A",
		"UPS with a dot":                   "1Z999AA101234567.4",
		"UPS after something else":         "X1Z999AA1012345678",
		"S10 of no country":                "RN495288311ZZ",
		"S10 with a letter too many":       "RNX95288311GB",
		"S10 without its service":          "1N495288311GB",
		"a UPS number drowned in spaces":   "1Z999AA10123456784" + strings.Repeat(" ", longest),
		"thirteen bytes that are not text": "\xff\xfeRN\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		if got, near := Find(text); got != nil || near != nil {
			t.Errorf("%s: Find(%q) = %v, %v", name, text, got, near)
		}
	}
}

// However a number is grouped on paper it is the same number, and with any
// other check digit it is none.
func TestChecked(t *testing.T) {
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	of := func(characters string, n int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom([]rune(characters)), n, n, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		before, after := "1Z"+of(alphanumeric, 15).Draw(t, "ups"), ""
		if rapid.Bool().Draw(t, "s10") {
			country := 2 * rapid.IntRange(0, len(alpha2)/2-1).Draw(t, "country")
			before, after = of(alphanumeric[10:], 2).Draw(t, "service")+of(alphanumeric[:10], 8).Draw(t, "number"), alpha2[country:country+2]
		}
		var right []string
		for digit := range 10 {
			number := before + string(rune('0'+digit)) + after
			matches, near := Find(number)
			if (near == nil) == (matches == nil) {
				t.Fatalf("%s: %v and %v", number, matches, near)
			}
			if matches != nil {
				right = append(right, number)
			}
		}
		if len(right) != 1 {
			t.Fatalf("%s?%s: right are %q", before, after, right)
		}
		printed := strings.ToLower(right[0])
		for range rapid.IntRange(0, 6).Draw(t, "groups") {
			at := rapid.IntRange(0, len(printed)).Draw(t, "at")
			printed = printed[:at] + rapid.SampledFrom([]string{" ", "-"}).Draw(t, "gap") + printed[at:]
		}
		if matches, _ := Find(printed); len(matches) != 1 || matches[0].Number != right[0] {
			t.Fatalf("%q: %v, want %s", printed, matches, right[0])
		}
	})
}

// The list of countries is pairs of letters, each once, and of the known size.
func TestCountries(t *testing.T) {
	if len(alpha2) != 2*249 || len(countries) != 249 {
		t.Errorf("%d letters and %d countries, ISO 3166-1 has 249", len(alpha2), len(countries))
	}
}
