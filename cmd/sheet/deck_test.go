package sheet_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scanpost/cmd/sheet"
)

// codesOn reads all bars and all QR codes of a page, in their order.
func codesOn(t *testing.T, page string) (bars, squares []string) {
	t.Helper()
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		if !strings.Contains(svg, `preserveAspectRatio="none"`) {
			t.Fatalf("a picture that is no code: %s", svg)
		}
		size := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`).FindStringSubmatch(svg)
		if size[2] == "1" {
			text, err := readCode128(modules(t, svg, 10, 0)[0])
			if err != nil {
				t.Fatal(err)
			}
			bars = append(bars, text)
			continue
		}
		text, err := readQR(modules(t, svg, 4, 4))
		if err != nil {
			t.Fatal(err)
		}
		squares = append(squares, text)
	}
	return bars, squares
}

func badges(t *testing.T, texts ...string) (all []*sheet.Badge) {
	t.Helper()
	for i, text := range texts {
		b := &sheet.Badge{Title: "Undo", Line: "Takes back.", Number: fmt.Sprintf("KFT%c", 'B'+i), Site: "ham1", Day: "1 May 2026"}
		if err := b.Draw(text); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// What a card's bars and its QR code say, read back from the drawing, is the
// same text, the one below them. Wide cards come last, and the list keeps the
// order.
func TestDeckSaysItsTexts(t *testing.T) {
	long, short, other := "SPB:BBJNFCNSVDTBNGBGGKGFDJDXDTDSKHT", "SPB:DKFTRGHDKNNBXSN", "SPB:JCNFHBKHTBGGLXLLNRKLKKNSL"
	d := sheet.Deck{Title: "Command cards of ham1", Day: "1 May 2026", Badges: badges(t, long, short, other), Keep: []string{"Keep it."}}
	var out strings.Builder
	if err := d.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := []string{short, other, long}
	bars, squares := codesOn(t, out.String())
	if !slices.Equal(bars, want) || !slices.Equal(squares, want) {
		t.Errorf("the bars say %q and the QR codes %q, want %q", bars, squares, want)
	}
	var below, list []string
	for _, m := range regexp.MustCompile(`<code>([^<]*)</code>`).FindAllStringSubmatch(out.String(), -1) {
		if text := html.UnescapeString(m[1]); len(text) == 4 {
			list = append(list, text)
		} else {
			below = append(below, text)
		}
	}
	if !slices.Equal(below, want) || !slices.Equal(list, []string{"KFTB", "KFTC", "KFTD"}) {
		t.Errorf("below the bars is %q, and the list has %q", below, list)
	}
}

// Codes keep the size that scanners read: where the bars of a card are too
// long for it, the card grows and not the bars shrink; what is too much for
// any card is refused.
func TestBadgesFit(t *testing.T) {
	for _, c := range []struct {
		characters int
		width      string // mm of the bars, with their margin
		broad      bool
	}{{19, "89.4", false}, {29, "95.0", false}, {30, "97.8", false}, {31, "100.6", true}, {35, "111.8", true}} {
		b := badges(t, "SPB:"+strings.Repeat("K", c.characters-4))[0]
		if got := fmt.Sprintf("%.1f", b.Bars.Width()); got != c.width || b.Broad() != c.broad || b.Square.Width() > 20 {
			t.Errorf("%d characters: bars of %s mm, broad %t, QR code of %.1f mm", c.characters, got, b.Broad(), b.Square.Width())
		}
	}
	for _, text := range []string{"", "Groß", strings.Repeat("K", 200), strings.Repeat("9", 78)} {
		if err := (&sheet.Badge{}).Draw(text); (err != nil) != (text != strings.Repeat("9", 78)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A page of cards asks nothing of the network, and what was put in is text and
// not markup, wherever it stands.
func TestDeckIsOneFile(t *testing.T) {
	evil := `</style><script src=//x></script>"'\`
	d := sheet.Deck{Title: evil, Day: evil, Badges: badges(t, `<SCRIPT>`), Keep: []string{evil}}
	d.Badges[0].Title, d.Badges[0].Large, d.Badges[0].Line, d.Badges[0].Number, d.Badges[0].Site, d.Badges[0].Day = evil, evil, evil, evil, evil, evil
	var out strings.Builder
	if err := d.Write(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(out.String())
	for _, never := range []string{"<script", "href=", "src=\"", "url(", "@import", "<link", "<img", "<iframe", "http://", "https://"} {
		if strings.Contains(text, never) {
			t.Errorf("the page has %s in it:\n%s", never, text)
		}
	}
	if n := strings.Count(text, "</style>"); n != 1 || !strings.Contains(text, `content="default-src 'none'; style-src 'unsafe-inline'"`) {
		t.Errorf("%d ends of the style:\n%s", n, text)
	}
}

// The reader of QR codes is no friend: it finds any module of the data that is
// turned over.
func TestQRReaderRefuses(t *testing.T) {
	code, err := sheet.Draw(sheet.QR, "SPB:DKFTRGHDKNNBXSN")
	if err != nil {
		t.Fatal(err)
	}
	rows := modules(t, string(code.SVG()), 4, 4)
	if text, err := readQR(rows); err != nil || text != "SPB:DKFTRGHDKNNBXSN" {
		t.Fatalf("it reads %q, %v", text, err)
	}
	for y := 9; y < len(rows)-8; y++ {
		for x := 9; x < len(rows); x++ {
			rows[y][x] = !rows[y][x]
			if text, err := readQR(rows); err == nil {
				t.Errorf("with module %d, %d turned over it still reads %q", x, y, text)
			}
			rows[y][x] = !rows[y][x]
		}
	}
}
