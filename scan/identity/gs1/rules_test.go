package gs1

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every rule of the dictionary lets right values through and names what is
// wrong with others.
func TestRules(t *testing.T) {
	const right = ""
	for _, c := range []struct{ data, want string }{
		{"11280200", right}, {"11280229", right}, {"11270229", BadDate}, {"11280230", BadDate}, {"11000229", right}, {"17281301", BadDate}, {"17280001", BadDate},
		{"4326280229", right}, {"4326280200", BadDate}, {"7006280431", BadDate},
		{"7007280229", right}, {"7007280229280301", right}, {"7007280229280300", BadDate}, {"70072802292803", BadLength},
		{"725019800229", right}, {"725019000229", BadDate}, {"725020000229", right}, {"725019801301", BadDate}, {"725019800200", BadDate},
		{"72511980022923", BadLength}, {"7251198002292359", right}, {"7251198002292400", BadTime},
		{"70032802292359", right}, {"70032802292360", BadTime}, {"70032802299999", BadTime}, {"70032802002359", BadDate},
		{"43242802292359", right}, {"43242802009999", right}, {"43252802299999", right}, {"43242802299959", BadTime}, {"43242802292460", BadTime},
		{"7011280229", right}, {"70112802291200", right}, {"70112802292500", BadTime},
		{"800828022914", right}, {"80082802291415", right}, {"8008280229141530", right}, {"800828022924", BadTime}, {"80082802291460", BadTime},
		{"8008280229141560", BadTime}, {"8008280229141", BadLength}, {"800828022914153012", BadLength},

		{"421276D-20457", right}, {"421277D-20457", BadCountry}, {"422276", right}, {"422000", BadCountry}, {"422999", BadCountry}, {"7030276A", right}, {"7030999A", right}, {"7030998A", BadCountry},
		{"423276", right}, {"423276840380036004", right}, {"423276840380036004008", BadLength}, {"42327684", BadLength}, {"423276001", BadCountry},
		{"4307DE", right}, {"4317AF", right}, {"4307de", BadCountry}, {"4307XX", BadCountry}, {"4307D", BadLength},
		{"39129781995", right}, {"39129991995", right}, {"39120001995", BadCurrency}, {"3932840", BadLength}, {"3932396100", right},
		{"3900123456789012345", right}, {"39001234567890123456", BadLength}, {"3302001875", right}, {"3942", BadLength},
		{"39410990", right},

		{"8007DE91100000000123456789", right}, {"8007DE92100000000123456789", BadIBAN}, {"8007GB98MIDL07009312345678", right}, {"8007XX36123456789012", BadIBAN}, {"8007DE91", BadIBAN}, {"8007DE9110000000012345678a", BadIBAN},
		{"8006095060001343520102", right}, {"8006095060001343520202", right}, {"8006095060001343520302", BadPieces}, {"8006095060001343520002", BadPieces}, {"8006095060001343520100", BadPieces}, {"8026095060001343520199", right},
		{"43091800000000" + "3600000000", right}, {"43091800000001" + "0000000000", BadPlace}, {"43090000000000" + "3600000001", BadPlace}, {"4309180000000", BadLength},
		{"4330001250", right}, {"4331001250-", right}, {"4331001250+", BadValue}, {"43310012500", BadValue},

		{"4302Am+Tor%2012", right}, {"4302100%", BadPercent}, {"4302100%2", BadPercent}, {"4302100%G0", BadPercent}, {"4320%ff%Ff", right},
		{"43210", right}, {"43231", right}, {"43212", BadValue}, {"72520", right}, {"72529", right}, {"72523", BadValue},
		{"72581/3", right}, {"72583/3", right}, {"72583/2", BadValue}, {"72580/3", BadValue}, {"72581/0", BadValue}, {"7258123", BadValue}, {"725801/", BadValue},
		{"724101", right}, {"724110", right}, {"724180", right}, {"724100", BadValue}, {"724111", BadValue}, {"724179", BadValue},
		{"7041PX", right}, {"7041201", right}, {"70418", right}, {"7041XX", BadValue}, {"7041px", BadValue},
		{"70401AB-", right}, {"70401ABz", right}, {"70401AB!", BadValue}, {"7040AABz", BadCharset},
		{"80010010000010010" + "12", BadLength}, {"800100100001000191", right}, {"800100000001000191", BadValue}, {"800100100001000121", BadValue},
		{"8003006141410007390", right}, {"80030061414100073", BadLength}, {"800300614141000739", right}, {"800310614141000739", BadValue},
		{"80111", right}, {"80110", right}, {"801101", BadValue},

		{"80131987654Ad4X4bL5ttr2310c2K", right}, {"80131987654Ad4X4bL5ttr2310cXK", BadCheckPair}, {"80131987654Ad4X4bL5ttr2310c2X", BadCheckPair},
		{"801312345_ABCDEFGHIJKLMCP", right}, {"801312345_!\"%&'()*+,-./LC", right}, {"80137907665Bm8v2AB", right}, {"801399999zzzzzzzzzzzzzzzzzzT2", right},
		{"801312345678901234567890123NT", right}, {"801412345678901234567890123NT", right}, {"8014" + allDigits(), BadValue}, {"8013A", BadCheckPair}, {"8013A" + CheckPair("A"), BadCompanyPrefix},
		{"80040614ABC", right}, {"8004061", BadCompanyPrefix}, {"8004A614", BadCompanyPrefix}, {"401061A4", BadCompanyPrefix}, {"80100614#-/A", right}, {"80100614a", BadCharset},
		{"8030AbC-_9", right}, {"8030QUI=", BadCharset}, {"8030QUJ=QQ", BadCharset}, {"803012=", right}, {"80301==", right}, {"8030+/", BadCharset}, {"8030===", BadCharset},

		{"8110106141416543213500110000310123196000", right}, {"8110A", BadCoupon}, {"81107", BadCoupon}, {"8110106141416543213500110000310123196000" + "1", BadCoupon},
		{"81100614141012345110111099", BadCoupon},
		{"8112001234561234560123456", right}, {"8112201234561234560123456", BadCoupon}, {"81120012345612345601234567", BadCoupon}, {"8112001234561234561123456", BadCoupon},
	} {
		elements, err := Parse(c.data)
		if got := codeOf(err); got != c.want || c.want == right && len(elements) != 1 {
			t.Errorf("%s: %q, %v; want %q", c.data, elements, err, c.want)
		}
	}
}

// allDigits is a 8014 that would be right but for the letter that it lacks.
func allDigits() string {
	for n := 1000; ; n++ {
		text := fmt.Sprint(n)
		if pair := CheckPair(text); Digits(pair) {
			return text + pair
		}
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// The coupon's optional fields come in order, each once, and it does not end
// before it begins.
func TestCoupon(t *testing.T) {
	const basic = "0061414" + "012345" + "1" + "5" + "1" + "1" + "0" + "110"
	for options, ok := range map[string]bool{
		"": true, "3281231": true, "4280101": true, "3281231" + "4280101": true, "4280101" + "3281231": false,
		"3271231" + "4280101": false, "3281301": false, "3281200": false, "32812": false,
		"1" + "0" + "2100110" + "9": true, "1" + "4" + "2100110" + "9": false, "1" + "0" + "210" + "5" + "110" + "9": false,
		"1" + "0" + "210" + "4" + "110" + "0123456": true, "1" + "0" + "210" + "4" + "110" + "7": false, "1": false,
		"2" + "15" + "9" + "110" + "9": true, "5" + "0123456": true, "5" + "1123456": false, "6" + "11234567": true, "6" + "0123456": false,
		"9" + "0000": true, "9" + "6291": true, "9" + "3000": false, "9" + "0300": false, "9" + "0002": false, "9" + "000": false,
		"7": false, "5" + "0123456" + "5" + "0123456": false,
	} {
		if _, err := Parse("8110" + basic + options); (err == nil) != ok {
			t.Errorf("with %q: %v, want it right: %t", options, err, ok)
		}
	}
}

// A person reads what was expected and what was there.
func TestRuleMessages(t *testing.T) {
	for in, want := range map[string]string{
		"80131987654Ad4X4bL5ttr2310cXK": "GMN (8013) 1987654Ad4X4bL5ttr2310cXK has wrong check characters: expected 2K, got XK",
		"8006095060001343520302":        "ITIP (8006) says piece 03 of 02",
		"422000":                        `ORIGIN (422) has "000", which is no country of ISO 3166`,
		"43242802292460":                "NOT BEF DEL DT (4324) 2460 is no time of day: expected 0000 to 2359",
		"81107":                         "(8110) has a coupon whose company prefix is missing or wrong",
		"8004A":                         `GIAI (8004) has "A" where a company prefix of at least 4 digits should be`,
		"43091800000001" + "0000000000": "SHIP TO GEO (4309) has the latitude 1800000001, at most 1800000000",
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v; want %s", in, err, want)
		}
	}
}

// Two digits of a year mean the nearest such year, GS1's way.
func TestCentury(t *testing.T) {
	for _, c := range [][3]int{
		{0, 2026, 2000}, {26, 2026, 2026}, {76, 2026, 2076}, {77, 2026, 1977}, {99, 2026, 1999},
		{0, 2050, 2100}, {1, 2050, 2001}, {99, 2050, 2099}, {50, 2099, 2050}, {49, 2099, 2149}, {0, 2100, 2100}, {51, 2100, 2051},
	} {
		if got := Century(c[0], c[1]); got != c[2] {
			t.Errorf("%02d in %d: %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

// The lists have the entries they should, each with what people know it by.
func TestLists(t *testing.T) {
	if len(countries) != 249 || countries["276"] != "DE" || countries2["DE"] != "276" || len(countries2) != 249 {
		t.Errorf("%d and %d countries, 276 is %q", len(countries), len(countries2), countries["276"])
	}
	if len(currencies) < 180 || currencies["978"] != "EUR" {
		t.Errorf("%d currencies, 978 is %q", len(currencies), currencies["978"])
	}
	if _, ok := packages["PX"]; !ok || len(packages) != 431 {
		t.Errorf("%d packages", len(packages))
	}
	for number, name := range countries {
		if !Digits(number) || len(number) != 3 || len(name) != 2 || strings.ToUpper(name) != name {
			t.Errorf("country %q %q", number, name)
		}
	}
}

// All describes the AIs in order, and changes to what it returns do not reach the table.
func TestAll(t *testing.T) {
	all := All()
	if len(all) < 500 || !slices.IsSortedFunc(all, func(a, b AI) int { return strings.Compare(a.Code, b.Code) }) {
		t.Errorf("%d, or not in order", len(all))
	}
	all[0].Code = "?"
	if ai, ok := Lookup("00"); !ok || ai.Code != "00" || ai.Title != "SSCC" {
		t.Errorf("%+v, %t", ai, ok)
	}
}
