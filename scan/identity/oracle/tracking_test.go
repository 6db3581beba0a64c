//go:build oracle

package oracle

import (
	"math/rand/v2"
	"slices"
	"testing"

	"scanpost/scan/identity/carrier"
)

type trackingQuestion struct {
	Number string `json:"number"`
}

type trackingAnswer struct{ Courier, Form, Error string }

// trackingForms are numbers of the couriers that the oracle knows, all but the
// last character: # is a digit, * a digit or a letter, @ a letter. Each is asked
// with every digit behind it, so that one or two of ten are right. An S10 has
// its country behind that.
var trackingForms = []struct{ pattern, behind string }{
	{"1Z***************", ""}, {"J#########", ""}, {"K#########", ""}, {"9400#################", ""}, {"92#########" + "##########", ""}, {"9361#################", ""}, {"95###################", ""},
	{"420#####9400#################", ""}, {"420#####92###################", ""}, {"420#########94###################", ""}, {"70#################", ""}, {"03#################", ""},
	{"###########", ""}, {"##############", ""}, {"96####################"[:21], ""}, {"1002#############################", ""}, {"96###############################", ""},
	{"#########", ""}, {"C#############", ""}, {"D#############", ""}, {"TBA###########", ""}, {"@@########", "GB"}, {"@@########", "US"}, {"@@########", "ZZ"}, {"JJD#########", ""}, {"GM###############", ""},
}

// trackingDifference is a way in which we differ from the oracle on purpose.
type trackingDifference struct {
	why  string
	here func(number string, ours []carrier.Match, a trackingAnswer) bool
}

var trackingDifferences = []trackingDifference{
	{"the oracle knows some kinds of postal items only; the letters in front of an S10 may be others",
		func(n string, ours []carrier.Match, a trackingAnswer) bool {
			return a.Courier == "" && ours[0].Carrier == "s10"
		}},
	{"the oracle does not know Deutsche Post's Identcode",
		func(n string, ours []carrier.Match, a trackingAnswer) bool {
			return a.Courier == "" && len(n) == 12 && ours[0].ITF
		}},
	{"the oracle lets FedEx's longest numbers begin with 10 only",
		func(n string, ours []carrier.Match, a trackingAnswer) bool {
			return a.Courier == "" && len(n) == 34 && n[:2] != "10" && ours[0].Carrier == "fedex"
		}},
	{"the oracle takes a USPS number for FedEx's by its service type, behind a postcode too",
		func(n string, ours []carrier.Match, a trackingAnswer) bool {
			return a.Form == "FedEx SmartPost" && ours[0].Carrier == "usps"
		}},
	{"the oracle takes 26 digits behind a postcode for an old USPS number, which have 20 or 22",
		func(n string, ours []carrier.Match, a trackingAnswer) bool {
			return a.Form == "USPS 91" && len(n) == 34 && n[8:10] == "91"
		}},
	{"the letter of an OnTrac number counts always; the oracle leaves it out where the next digit is its value",
		func(n string, ours []carrier.Match, a trackingAnswer) bool { return n[:2] == "C4" || n[:2] == "D5" }},
}

// The courier that the oracle takes a number for is among ours, with a check
// digit where it has one; and what has one here is taken for something there.
// It returns one courier only, and its rules are older, so it is no more than
// a smoke test.
func TestTracking(t *testing.T) {
	const seed = 20260801
	r := rand.New(rand.NewPCG(seed, 0))
	var questions []trackingQuestion
	for _, form := range trackingForms {
		for range 40 {
			body := trackingText(r, form.pattern)
			for digit := '0'; digit <= '9'; digit++ {
				questions = append(questions, trackingQuestion{body + string(digit) + form.behind})
			}
		}
	}
	answers := ask[trackingQuestion, trackingAnswer](t, "tracking", questions)
	shown, same, known := make([]int, len(trackingDifferences)), 0, 0
	for i, a := range answers {
		number := questions[i].Number
		ours := carrier.Find(number)
		agree := a.Error == "" && trackingAgree(ours, a)
		if a.Courier != "" {
			known++
		}
		if agree {
			same++
		}
		listed := false
		for d := range trackingDifferences {
			if !agree && trackingDifferences[d].here(number, ours, a) {
				shown[d], listed = shown[d]+1, true
				break
			}
		}
		if !agree && !listed {
			t.Errorf("seed %d: %s: we say %+v, the oracle %+v", seed, number, ours, a)
		}
	}
	for d, n := range shown {
		if n == 0 {
			t.Errorf("seed %d: the difference no longer shows: %s", seed, trackingDifferences[d].why)
		}
	}
	t.Logf("%d numbers, of which the oracle knows %d: %d alike, differences %v", len(answers), known, same, shown)
}

var trackingCouriers = []string{"amazon", "dhl", "fedex", "ontrac", "s10", "ups", "usps"}

func trackingAgree(ours []carrier.Match, a trackingAnswer) bool {
	has := func(evidence carrier.Evidence, couriers ...string) bool {
		return slices.ContainsFunc(ours, func(m carrier.Match) bool { return m.Evidence <= evidence && slices.Contains(couriers, m.Carrier) })
	}
	if a.Courier == "" {
		return !has(carrier.Prefix, trackingCouriers...)
	}
	return has(carrier.Prefix, a.Courier)
}

func trackingText(r *rand.Rand, pattern string) string {
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	text := []byte(pattern)
	for i, c := range text {
		set := map[byte]string{'#': digits, '@': letters, '*': digits + letters}[c]
		if set != "" {
			text[i] = set[r.IntN(len(set))]
		}
	}
	return string(text)
}
