package gs1

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// An element string splits into its elements whatever their order, and
// separators are tolerated exactly where GS1's own engine tolerates them.
func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []Element
	}{
		"an SSCC alone":      {"00106141410000001238", []Element{{"00", "106141410000001238"}}},
		"another SSCC":       {"00006141419999999994", []Element{{"00", "006141419999999994"}}},
		"item, lot and date": {"010950600013435210LOT7\x1d17280229", []Element{{"01", "09506000134352"}, {"10", "LOT7"}, {"17", "280229"}}},
		"the variable one last needs no separator":  {"01006141411234522112345", []Element{{"01", "00614141123452"}, {"21", "12345"}}},
		"the variable one first":                    {"21A\x1d0100614141123452", []Element{{"21", "A"}, {"01", "00614141123452"}}},
		"a separator after a predefined length":     {"00106141410000001238\x1d400PO-7", []Element{{"00", "106141410000001238"}, {"400", "PO-7"}}},
		"one separator at the end":                  {"10LOT7\x1d", []Element{{"10", "LOT7"}}},
		"one at the end, after a predefined length": {"11250101\x1d", []Element{{"11", "250101"}}},
		"a lost separator can not be seen":          {"10B7717280229", []Element{{"10", "B7717280229"}}},
		"a location number":                         {"4100614141000739", []Element{{"410", "0614141000739"}}},
		"gross weight, two decimals":                {"3302001875", []Element{{"3302", "001875"}}},
		"fixed length is not predefined":            {"40206141411234567890\x1d2007", []Element{{"402", "06141411234567890"}, {"20", "07"}}},
		"ship-to post code with country":            {"421276D-20457", []Element{{"421", "276D-20457"}}},
		"day 00 is the last of the month":           {"17280200", []Element{{"17", "280200"}}},
		"the same twice":                            {"10A\x1d10A", []Element{{"10", "A"}}},
		"all of CSET 82's punctuation":              {"10!\"%&'()*+,-./:;<=>?_", []Element{{"10", "!\"%&'()*+,-./:;<=>?_"}}},
		"an optional part that is there":            {"2534006381333931ABC", []Element{{"253", "4006381333931ABC"}}},
		"an optional part that is not":              {"2534006381333931", []Element{{"253", "4006381333931"}}},
		"company internal, 90 characters":           {"99" + strings.Repeat("x", 90), []Element{{"99", strings.Repeat("x", 90)}}},
		"content and count":                         {"02095060001343523712\x1d00106141410000001238", []Element{{"02", "09506000134352"}, {"37", "12"}, {"00", "106141410000001238"}}},
		"nothing":                                   {"", []Element{}},
	} {
		got, err := Parse(c.in)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: Parse(%q) = %q, %v; want %q", name, c.in, got, err, c.want)
		}
	}
}

// What breaks a rule is named by its code, and no elements are returned.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a wrong SSCC check digit":              {"00106141410000001239", BadCheckDigit},
		"another one":                           {"00006141419999999995", BadCheckDigit},
		"a wrong GTIN check digit":              {"0100614141123453", BadCheckDigit},
		"a wrong GLN check digit":               {"4100614141000738", BadCheckDigit},
		"a short SSCC":                          {"0010614141000000123", BadLength},
		"a separator inside a predefined one":   {"001061414100000012\x1d38", BadLength},
		"letters in an SSCC":                    {"0010614141000000123X", BadCharset},
		"an empty lot":                          {"10\x1d17280229", BadLength},
		"an empty lot at the end":               {"10", BadLength},
		"a lot of 21":                           {"10" + strings.Repeat("A", 21), BadLength},
		"a long GSIN that has no separator":     {"402061414112345678902007", BadLength},
		"a character that is in no label":       {"10A B", BadCharset},
		"a caret, GS1's way to write FNC1":      {"10A^17280229", BadCharset},
		"a byte that is no character":           {"10A\xff", BadCharset},
		"a country of letters":                  {"421DE20457", BadCharset},
		"a country and no post code":            {"421276", BadLength},
		"month 13":                              {"17281301", BadDate},
		"29 February of a common year":          {"17270229", BadDate},
		"a separator in front":                  {"\x1d10A", MisplacedGS},
		"two in a row":                          {"10A\x1d\x1d17280229", MisplacedGS},
		"two at the end":                        {"10A\x1d\x1d", MisplacedGS},
		"two after a predefined length":         {"17280229\x1d\x1d10A", MisplacedGS},
		"only a separator":                      {"\x1d", MisplacedGS},
		"an AI nobody has":                      {"0500000000", UnknownAI},
		"a decimal point that is not there":     {"3106001875", UnknownAI},
		"brackets, which are never in the bars": {"(01)00614141123452", UnknownAI},
		"half an AI":                            {"10A\x1d4", UnknownAI},
		"two digits of an AI of four":           {"31", UnknownAI},
		"text":                                  {"SP1:UNDO:00000000", UnknownAI},
		"the same AI with two values":           {"10A\x1d10B", ConflictingRepeat},
	} {
		got, err := Parse(c.in)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Code != c.want || got != nil {
			t.Errorf("%s: Parse(%q) = %q, %v; want %s", name, c.in, got, err, c.want)
		}
	}
}

// A person reads what was expected and what was there.
func TestMessages(t *testing.T) {
	for in, want := range map[string]string{
		"00106141410000001239":         "SSCC (00) 106141410000001239 has a wrong check digit: expected 8, got 9",
		"0010614141":                   "SSCC (00) has 8 characters, expected 18",
		"10" + strings.Repeat("A", 21): "BATCH/LOT (10) has 21 characters, expected 1 to 20",
		"10A\x00":                      `BATCH/LOT (10) may not hold "\x00"`,
		"10A\x1d05ÄÖ":                  `no application identifier known here begins "05\u00c4", at character 5`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v; want %s", in, err, want)
		}
	}
}

// Time is linear in the length: megabytes of repeats, with and without
// separators, are read while one waits. Were any step to look at all the rest,
// this test would take minutes.
func TestLongStrings(t *testing.T) {
	for piece, want := range map[string]int{"11250101": 1, "10A\x1d": 1, "11250101\x1d10A\x1d20073302001875": 4} {
		if got, err := Parse(strings.Repeat(piece, 4<<20/len(piece))); err != nil || len(got) != want {
			t.Errorf("%q: got %q, %v", piece, got, err)
		}
	}
}
