package plate

import (
	"strings"
	"testing"
)

// A plate is the same with its DI of any level, printed in groups, in small
// letters.
func TestParse(t *testing.T) {
	for code, want := range map[string]Plate{
		"JUN043325711MH8031200000000001":     {"J", "UN", "UN043325711MH8031200000000001", false},
		"1JUN043325711MH8031200000000001":    {"1J", "UN", "UN043325711MH8031200000000001", false},
		"6J UN 043325711 MH8031200000000001": {"6J", "UN", "UN043325711MH8031200000000001", false},
		"1jun043325711a2b4c6d8e":             {"1J", "UN", "UN043325711A2B4C6D8E", false},
		"JODABCD12345":                       {"J", "OD", "ODABCD12345", false},
		"JLEIBM1234":                         {"J", "LE", "LEIBM1234", false},
		"JJD0199999999":                      {"J", "JD", "JD0199999999", false},
		"JVGL0999999991":                     {"J", "VGL", "VGL0999999991", false},
		"1JQCX1234":                          {"1J", "", "QCX1234", false},
		"J106141410000001238":                {"J", "GS1", "106141410000001238", true},
		"2J106141410000001238":               {"2J", "GS1", "106141410000001238", true},
	} {
		if got, is := Parse(code); !is || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", code, got, is, want)
		}
	}
	if p, _ := Parse("J106141410000001238"); p.Key() != "sscc:106141410000001238" {
		t.Errorf("J and an SSCC has the key %s", p.Key())
	}
	if p, _ := Parse("5JUN0433257111"); p.Key() != "plate:UN0433257111" {
		t.Errorf("a plate has the key %s", p.Key())
	}
}

// Not every text with a J in front is a plate.
func TestNoPlate(t *testing.T) {
	for _, code := range []string{
		"", "J", "JOB12345", "JACKET", "J17", "1JA", "1JACKET", "7JUN0433257111", "JUN0433", "JUN12345678A1", "JOD12", "J106141410000001239",
		"J1234", "1JUN043325711-1", "JUN043325711" + strings.Repeat("1", 30), "1J" + strings.Repeat(" ", 80) + "UN0433257111", "JUN043325711\xff\x00",
	} {
		if p, is := Parse(code); is {
			t.Errorf("Parse(%q) = %+v", code, p)
		}
	}
}

// J and 18 digits with a wrong check digit is a damaged SSCC, and nothing else is.
func TestDamaged(t *testing.T) {
	if number, is := Damaged("J106141410000001239"); !is || number != "106141410000001239" {
		t.Errorf("%q, %v", number, is)
	}
	for _, code := range []string{"J106141410000001238", "J10614141000000123", "JUN0433257111", "106141410000001239", ""} {
		if number, is := Damaged(code); is {
			t.Errorf("Damaged(%q): %s", code, number)
		}
	}
}

// Fields of an envelope are what their DI says; a code by itself is that only
// perhaps.
func TestFields(t *testing.T) {
	for field, want := range map[string]Field{
		"Q100": {"Q", "100"}, "2L50321": {"2L", "50321"}, "2LSW1A1AA": {"2L", "SW1A1AA"}, "S4711": {"S", "4711"}, "K4500012345": {"K", "4500012345"}, "12KABC1": {"12K", "ABC1"}, "2K77": {"2K", "77"},
	} {
		got, is := Cut(field)
		if hint, looks := Looks(field); !is || got != want || !looks || hint != want || Title(got[0]) == "" {
			t.Errorf("%q: %q %v, %q %v, %q", field, got, is, hint, looks, Title(got[0]))
		}
	}
	for _, field := range []string{"", "1234", "12345Q", "-Q1"} {
		if got, is := Cut(field); is {
			t.Errorf("Cut(%q) = %q", field, got)
		}
	}
	for _, code := range []string{"SHELF", "Q", "Q12A", "KITCHEN", "1JUN0433257111", "JOB1", "9Z12", "q100", "T1234567", "D1"} {
		if got, is := Looks(code); is {
			t.Errorf("Looks(%q) = %q", code, got)
		}
	}
}

// Whatever the text, a plate's key is plain text, and its number read with a DI
// is the same plate.
func FuzzParse(f *testing.F) {
	for _, code := range []string{"JUN043325711MH8", "1JQCX1234", "J106141410000001238", "Q100", "12KABC"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		Looks(code)
		Damaged(code)
		p, is := Parse(code)
		if !is {
			return
		}
		for _, c := range []byte(p.Key()) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("%q: key %q", code, p.Key())
			}
		}
		if again, is := Parse("1J" + p.Number); strings.ContainsAny(p.Number, "0123456789") && (!is || again.Key() != p.Key()) {
			t.Fatalf("%q: %+v and %+v", code, p, again)
		}
	})
}
