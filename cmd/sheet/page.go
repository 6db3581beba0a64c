// Package sheet draws what a person prints and scans: the set-up sheet of a
// scanner, and cards. A page is one HTML file that needs nothing else, for it
// is printed on machines without a network and mailed to sites: no script, no
// font, no picture from anywhere, every barcode drawn in it in the size that it
// has on paper.
//
//	page := sheet.Page{Title: "Command cards", Cards: []*sheet.Card{{Title: "Sign off", Code: code}}}
//	err := page.Write(w)
//
// What it promises of a barcode: black on white also where the screen is dark,
// the white margin that its kind needs, bars of whole printer dots, and its
// text below it in letters, so that somebody can type what will not scan.
//
// This package is the only importer of github.com/boombuler/barcode. The
// library writes, and nothing here reads: that the bars say what is written
// below them is shown by a reader of our own, in the tests.
package sheet

import (
	_ "embed" // the template
	"html/template"
	"io"
)

// Page is one file to print. Everything in it but Title may be left out.
type Page struct {
	Title string
	Under string // one sentence below the title
	Foot  string // at the bottom of each printed page
	Facts []Fact // a table before the cards
	Cards []*Card
	Wide  bool   // one card below the other, for codes that are scanned in order; else two abreast
	After []Part // below the cards
}

// Fact is a line of the table: a word and what there is to say about it.
type Fact struct{ Name, Text string }

// Card is one thing to scan, or to do.
type Card struct {
	Number int // 0: none
	Title  string
	Lines  []string // what else there is to say
	Block  string   // what is to be typed
	Code   *Code    // nil: nothing is drawn
}

// Broad reports whether the card needs the page's whole width: a barcode that
// is made to fit loses the width of its bars.
func (c *Card) Broad() bool { return c.Code != nil && c.Code.Width() > column }

const column = 76.0 // mm within a card, two abreast

// Part is a paragraph with a heading.
type Part struct {
	Title string
	Text  []string
	Lines []string // a list
	Block string   // what is to be typed or copied
}

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))

// Write writes the file.
func (p *Page) Write(w io.Writer) error { return page.Execute(w, p) }
