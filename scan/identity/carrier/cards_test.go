package carrier

import (
	"strings"
	"testing"

	"scanpost/scan/identity/command"
)

// No number of any format can be a command card, and no card a number: at some
// place of each shape stands what no card has there. A card begins with SP and
// one of its letters, has a colon or what a keyboard made of it, which may have
// been dropped as a hyphen or a space is, and the rest is its letters.
func TestNoNumberIsACommandCard(t *testing.T) {
	letter := func(set uint64) bool {
		for number := range 16 {
			if set&symbols[command.Number(uint16(number))[3]] != 0 {
				return true
			}
		}
		return false
	}
	const shortest = len("SPB") + 1 + 4 + 10 // without the colon; Evri may have any 16 characters
	shapes := 0
	for _, list := range byLength {
		for _, s := range list {
			shapes++
			for _, dropped := range []int{0, 1} {
				could := len(s.places) >= shortest+1-dropped
				for i, set := range s.places {
					switch {
					case i == 0:
						could = could && set&symbols['S'] != 0
					case i == 1:
						could = could && set&symbols['P'] != 0
					case i == 3 && dropped == 0: // any character
					default:
						could = could && letter(set)
					}
				}
				if could {
					t.Errorf("%s %s %s, of %d characters, can be a card", s.carrier, s.service, s.pattern, len(s.places))
				}
			}
		}
	}
	if shapes < 80 {
		t.Errorf("only %d shapes were looked at", shapes)
	}
	// A card with its colon is none, whatever stands in the formats.
	for n := range longest {
		if code := "SPB:" + strings.Repeat("B", n); len(Find(code)) > 0 {
			t.Errorf("%s is %v", code, Find(code))
		}
	}
}
