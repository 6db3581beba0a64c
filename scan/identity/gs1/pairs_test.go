package gs1

import (
	"regexp"
	"slices"
	"testing"
)

// What AIs need and exclude is judged over all elements of a unit, whatever
// symbol they came from and in whatever order, and each pair is told once.
func TestPairs(t *testing.T) {
	for name, c := range map[string]struct {
		bracketed string
		want      []string // code and AI
	}{
		"nothing":                                     {"", nil},
		"an SSCC alone":                               {"(00)106141410000001238", nil},
		"content, count and SSCC":                     {"(02)09506000134352(37)12(00)106141410000001238(10)LOT7", nil},
		"content without its count":                   {"(00)106141410000001238(02)09506000134352", []string{"required_pair 02"}},
		"content and count without the SSCC":          {"(02)09506000134352(37)12", []string{"required_pair 37"}},
		"count of pieces":                             {"(00)106141410000001238(8026)095060001343520102(37)3", nil},
		"item and content":                            {"(00)106141410000001238(01)09506000134352(02)09506000134352(37)12", []string{"excluded_pair 01", "excluded_pair 02"}},
		"item and count":                              {"(00)106141410000001238(01)09506000134352(37)12", []string{"excluded_pair 01", "required_pair 37"}},
		"both ship-to post codes":                     {"(420)20457(421)276D-20457", []string{"excluded_pair 420"}},
		"post code with country beside a country":     {"(421)276D-20457(4307)DE(00)106141410000001238", []string{"excluded_pair 421"}},
		"a route without an SSCC":                     {"(403)1+2", []string{"required_pair 403"}},
		"a second address line without the first":     {"(00)106141410000001238(4303)Hof", []string{"required_pair 4303"}},
		"a lot of nothing":                            {"(10)LOT7", []string{"required_pair 10"}},
		"a serial beside a third-party serial":        {"(01)09506000134352(21)A(235)B", []string{"excluded_pair 21"}},
		"an extension without its place":              {"(254)A", []string{"required_pair 254"}},
		"who is paid, and for what":                   {"(415)0614141000739(8020)A", nil},
		"who is paid":                                 {"(415)0614141000739", []string{"required_pair 415"}},
		"for what":                                    {"(8020)A", []string{"required_pair 8020"}},
		"one weight twice":                            {"(00)106141410000001238(3302)001875(3303)018750", []string{"excluded_pair 3302"}},
		"one weight three times":                      {"(00)106141410000001238(3301)000188(3302)001875(3303)018750", []string{"excluded_pair 3301", "excluded_pair 3301", "excluded_pair 3302"}},
		"net weight of a pallet":                      {"(00)106141410000001238(3102)001875", []string{"required_pair 3102"}},
		"net weight of an item":                       {"(01)95060001343528(3102)001875", nil},
		"gross weight of a pallet":                    {"(00)106141410000001238(3302)001875", nil},
		"two warmest temperatures":                    {"(00)106141410000001238(4330)001000(4331)001000", []string{"excluded_pair 4330"}},
		"provider and recipient":                      {"(8017)952114112345678906(8018)952114112345678906", []string{"excluded_pair 8017"}},
		"those that stand alone":                      {"(400)A(401)0614A(402)06141411234567890(410)0614141000739(411)0614141000739(90)X(99)Y", nil},
		"a second serial without the first":           {"(01)09506000134352(250)A", []string{"required_pair 250"}},
		"a second serial with the first":              {"(01)09506000134352(21)A(250)B", nil},
		"price of a measured item":                    {"(01)95060001343528(3922)1995(3102)001875", nil},
		"price of an unmeasured item":                 {"(01)95060001343528(3922)1995", []string{"required_pair 3922"}},
		"a subdivision of the origin's country":       {"(01)09506000134352(422)276(427)NI", nil},
		"a subdivision of nothing":                    {"(01)09506000134352(427)NI", []string{"required_pair 427"}},
		"a made-to-order article beside its like":     {"(01)09506000134352(03)09506000134352", []string{"excluded_pair 03"}},
		"a coupon beside an article, told from there": {"(255)0614141000739(01)09506000134352", []string{"excluded_pair 01"}},
	} {
		elements, err := ParseBracketed(c.bracketed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 2 { // also the other way round, and every element twice
			if got := pairCodes(Pairs(elements)); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
			slices.Reverse(elements)
			elements = append(elements, elements...)
		}
	}
}

var inBrackets = regexp.MustCompile(`\(([0-9]+)\)`)

func pairCodes(errs []*Error) (codes []string) {
	for _, e := range errs {
		codes = append(codes, e.Code+" "+inBrackets.FindStringSubmatch(e.Message)[1])
	}
	return codes
}

// One AI with two values is a conflict over all symbols of a unit as it is
// within one, and it is told once.
func TestPairsConflict(t *testing.T) {
	elements := []Element{{"00", "106141410000001238"}, {"10", "A"}, {"400", "1"}, {"01", "09506000134352"}, {"10", "B"}, {"10", "C"}, {"400", "1"}, {"0815", "?"}}
	if got := pairCodes(Pairs(elements)); !slices.Equal(got, []string{"conflicting_repeat 10"}) {
		t.Errorf("%q", got)
	}
}

// A person reads what excludes what, and all that would do.
func TestPairMessages(t *testing.T) {
	for bracketed, want := range map[string]string{
		"(37)12":                    "COUNT (37) needs (00) with (02) or (00) with (8026) too",
		"(420)20457(421)276D-20457": "SHIP TO POST (420) must not be there together with SHIP TO POST (421)",
	} {
		elements, _ := ParseBracketed(bracketed)
		if errs := Pairs(elements); len(errs) != 1 || errs[0].Message != want {
			t.Errorf("%s: %v; want %s", bracketed, errs, want)
		}
	}
}

// A value that ends like an element whose separator was lost is suspected, and
// others are not.
func TestSuspect(t *testing.T) {
	for in, want := range map[string][]string{
		"10B7717280229":                      {"missing_separator_suspected: BATCH/LOT (10) ends with (17)280229, which looks like an element of its own"},
		"400PO-7" + "00106141410000001238":   {"missing_separator_suspected: ORDER NUMBER (400) ends with (00)106141410000001238, which looks like an element of its own"},
		"21A17280229" + "10LOT":              {"missing_separator_suspected: SERIAL (21) ends with (17)280229(10)LOT, which looks like an element of its own"},
		"010950600013435210LOT7\x1d17280229": nil,
		"10B7717280230":                      nil, // no such day
		"10B77":                              nil,
		"400PO-7" + "00106141410000001239":   nil,
		"9611682828807290222796":             nil,
		"43242802299999":                     {"no_time: NOT BEF DEL DT (4324) says 9999 in place of a time of day"},
		"43242802291200":                     nil,
		"17280229":                           nil,
	} {
		elements, err := Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if got := Suspect(elements); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A value that broke its rule because a separator was lost says so.
func TestLostSeparator(t *testing.T) {
	for in, want := range map[string]string{
		"4202045700106141410000001238": "SHIP TO POST (420) has 25 characters, expected 1 to 20; perhaps a separator was lost before (00)106141410000001238",
		"371217280229" + "10LOT":       `COUNT (37) has 15 characters, expected 1 to 8; perhaps a separator was lost before (17)280229(10)LOT`,
		"3712" + "10LOT":               `COUNT (37) may not hold "L"`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", in, err, want)
		}
	}
}
