package sheet

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
)

// Deck is a file of cards to cut out, eight on a page of A4 or Letter, and a
// last page with the list of them, which stays in the office.
type Deck struct {
	Title, Day string
	Badges     []*Badge
	Keep       []string // below the list
}

// Badge is one card, 100 mm by 64 mm: words in large type for the person, bars
// and a QR code with the same text for whichever scanner there is.
type Badge struct {
	Title  string // what it does, in two words
	Large  string // for whom or why; may be left out
	Line   string // a sentence
	Number string
	Site   string
	Day    string // when it was printed

	Bars, Square *Code
}

const (
	badgeBars   = 98.0 // mm that bars may have on a card
	badgeSquare = 20.0 // mm for the QR code with its margin
)

// Draw makes the codes of a badge. One whose bars are too long for a card of
// one width gets a card of two.
func (b *Badge) Draw(text string) error {
	var err error
	if b.Bars, err = Draw(Code128, text); err != nil {
		return err
	}
	b.Bars.Fit(badgeBars)
	if b.Square, err = Draw(QR, text); err != nil {
		return err
	}
	if !b.Square.Fit(badgeSquare) {
		return fmt.Errorf("%q is too long for the QR code of a card", text)
	}
	return nil
}

// Broad reports whether the card is of double width.
func (b *Badge) Broad() bool { return b.Bars.Width() > badgeBars }

// Long reports whether the large word needs smaller letters.
func (b *Badge) Long() bool { return len(b.Large) > 7 }

// Fit makes a code smaller, by whole printer dots, until it is no wider than
// so many mm. It reports whether it is: the least a scanner reads stays.
func (c *Code) Fit(width float64) bool {
	least := leastDots
	if !c.linear() {
		least = leastMatrixDots
	}
	for c.Width() > width && c.dots > least {
		c.dots--
	}
	return c.Width() <= width
}

//go:embed deck.html
var deckSource string

var deck = template.Must(template.New("deck").Parse(deckSource))

// Write writes the file. Cards of double width come last, so that the others
// fill their rows.
func (d *Deck) Write(w io.Writer) error {
	sorted := *d
	sorted.Badges = nil
	for _, broad := range []bool{false, true} {
		for _, b := range d.Badges {
			if b.Broad() == broad {
				sorted.Badges = append(sorted.Badges, b)
			}
		}
	}
	return deck.Execute(w, struct {
		*Deck
		List []*Badge // in the order they were asked for
	}{&sorted, d.Badges})
}
