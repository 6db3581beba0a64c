package gs1

import (
	"slices"
	"testing"
)

// Text in brackets is read as it is written, with its escapes.
func TestParseBracketed(t *testing.T) {
	for in, want := range map[string][]Element{
		"":                                     {},
		"(01)09506000134352(10)LOT7(17)280229": {{"01", "09506000134352"}, {"10", "LOT7"}, {"17", "280229"}},
		`(10)A\(B)C(21)\(`:                     {{"10", "A(B)C"}, {"21", "("}},
		"(10)A)(21)B":                          {{"10", "A)"}, {"21", "B"}},
		"(10)A(10)A":                           {{"10", "A"}},
	} {
		if got, err := ParseBracketed(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		} else if again, err := ParseBracketed(Bracketed(got)); err != nil || !slices.Equal(again, want) {
			t.Errorf("%s, written as %s: %q, %v", in, Bracketed(got), again, err)
		}
	}
	for in, want := range map[string]string{
		"0109506000134352": BadBrackets, "(01": BadBrackets, "10)A": BadBrackets, " (10)A": BadBrackets, ")(10)A": BadBrackets, "(": BadBrackets,
		"()A": UnknownAI, "(05)A": UnknownAI, "(1)A": UnknownAI, "(0100)A": UnknownAI, "(310)000001": UnknownAI, "(gtin)09506000134352": UnknownAI,
		"(10)": BadLength, "(01)0950600013435": BadLength, "(01)09506000134353": BadCheckDigit, "(01) 09506000134352": BadLength,
		"(10)A(10)B": ConflictingRepeat, `(10)A\B`: BadCharset, "(10)A\x1d": BadCharset, "(10)A(B)C": UnknownAI, "(17)280230": BadDate,
	} {
		if got, err := ParseBracketed(in); codeOf(err) != want || got != nil {
			t.Errorf("%q: %q, %v; want %s", in, got, err, want)
		}
	}
}

// An element string has separators where they are needed and nowhere else.
func TestBuild(t *testing.T) {
	elements := []Element{{"10", "LOT7"}, {"17", "280229"}, {"402", "06141411234567890"}, {"410", "0614141000739"}, {"99", "A"}}
	if got, want := Build(elements), "10LOT7\x1d1728022940206141411234567890\x1d410061414100073999A"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Build(nil); got != "" {
		t.Errorf("%q", got)
	}
}
