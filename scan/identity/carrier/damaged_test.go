package carrier

import (
	"strings"
	"testing"
)

// A number that can be nothing else, and has a wrong check digit, is told as
// damaged, with the digit that would be right.
func TestDamaged(t *testing.T) {
	for text, want := range map[string]Near{
		"1Z999AA10123456785":                 {"ups", "UPS", "1Z999AA10123456785", '4', '5'},
		"1Z 999 AA1 01 2345 6785":            {"ups", "UPS", "1Z999AA10123456785", '4', '5'},
		"RN206797010GB":                      {"s10", "postal (S10)", "RN206797010GB", '9', '0'},
		"CX745378384CA":                      {"s10", "postal (S10)", "CX745378384CA", '3', '4'},
		"9400108911862527601890":             {"usps", "USPS", "9400108911862527601890", '9', '0'},
		"420733019201990907866661760313":     {"usps", "USPS", "9201990907866661760313", '2', '3'},
		"4207330124689400108372159010928150": {"usps", "USPS", "9400108372159010928150", '9', '0'},
	} {
		if got, is := Damaged(text); !is || got != want {
			t.Errorf("Damaged(%q) = %+v, %v; want %+v", text, got, is, want)
		}
	}
}

// What merely resembles a number may be anything, and nothing is said about it.
func TestNotDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"a right number":                   "1Z999AA10123456784",
		"UPS, one character short":         "1Z999AA1012345678",
		"UPS with a letter as check digit": "1Z999AA1012345678A",
		"S10 of no country":                "RN495288312ZZ",
		"FedEx":                            "786761222029",
		"an SSCC":                          "00106141410000001239",
		"OnTrac":                           "C12346853560682",
		"a text":                           "ORDER-1",
		"nothing":                          "",
		"a UPS number drowned in spaces":   "1Z999AA10123456785" + strings.Repeat(" ", longest),
		"bytes that are not text":          "\xff\xfeRN\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		if got, is := Damaged(text); is {
			t.Errorf("%s: Damaged(%q) = %+v", name, text, got)
		}
	}
}

// The mailer id of a USPS number has nine digits if it begins with 9, else six.
func TestMailer(t *testing.T) {
	for number, want := range map[string]string{
		"9201990555979711471043": "905559797", "9361212345600000000000": "123456", "9400108518190937865790": "085181",
		"9611682828807290222796": "", "70203852808414852531": "",
	} {
		if got := Mailer(number); got != want {
			t.Errorf("Mailer(%s) = %q, want %q", number, got, want)
		}
	}
}

// The list of countries is pairs of letters, each once, and of the known size.
func TestCountries(t *testing.T) {
	if len(alpha2) != 2*249 || len(countries) != 249 {
		t.Errorf("%d letters and %d countries, ISO 3166-1 has 249", len(alpha2), len(countries))
	}
}
