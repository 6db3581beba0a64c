package sheet_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scanpost/cmd/sheet"
)

// What the bars of a Code 128 say, read back from the drawing, is the text
// below them: letters, digits in pairs, control characters, and the function
// character in front if there is one.
func TestCode128SaysItsText(t *testing.T) {
	for _, text := range []string{
		"A", "7", "12", "123", "1234567890", "aZyY-_/?@\"#", "x\x1dy", "0123\x1d4567ab\x1dCD", "]C1\x00\x1f\x7f~ ", "AB12345678cd\r1234\n99", "\x1d",
		strings.Repeat("9", 78), strings.Repeat("aA", 18),
	} {
		for _, carrier := range []string{sheet.Code128, sheet.Code128FNC3} {
			code, err := sheet.Draw(carrier, text)
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			want := text
			if carrier == sheet.Code128FNC3 {
				want = "{FNC3}" + text
			}
			rows := modules(t, string(code.SVG()), 10, 0)
			if got, err := readCode128(rows[0]); err != nil || len(rows) != 1 || got != want {
				t.Errorf("%s %q: the bars say %q, %v", carrier, text, got, err)
			}
		}
	}
}

// The reader is no friend: it finds a bar that is too wide, and a code whose
// sum is wrong.
func TestReaderRefuses(t *testing.T) {
	code, err := sheet.Draw(sheet.Code128, "AB-17")
	if err != nil {
		t.Fatal(err)
	}
	good := modules(t, string(code.SVG()), 10, 0)[0]
	for i := range good {
		bad := slices.Clone(good)
		bad[i] = !bad[i]
		if got, err := readCode128(bad); err == nil {
			t.Errorf("with module %d turned over it still reads %q", i, got)
		}
	}
	swapped := slices.Concat(good[:11], good[22:33], good[11:22], good[33:])
	if got, err := readCode128(swapped); err == nil {
		t.Errorf("with two characters changed about it still reads %q", got)
	}
}

// A matrix code has the marks by which a scanner finds it, and white around it.
func TestMatrixCodesCanBeFound(t *testing.T) {
	finder := []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}
	for carrier, c := range map[string]struct {
		quiet int
		marks func(rows [][]bool) bool
	}{
		sheet.QR: {4, func(r [][]bool) bool {
			n := len(r)
			return at(r, 0, 0, finder) && at(r, n-7, 0, finder) && at(r, 0, n-7, finder)
		}},
		sheet.DataMatrix: {2, func(r [][]bool) bool { // black on the left and below, dotted on the right and above
			n := len(r)
			for i := range n {
				if !r[i][0] || !r[n-1][i] || r[0][i] != (i%2 == 0) || r[i][n-1] != (i%2 == 1) {
					return false
				}
			}
			return true
		}},
		sheet.Aztec: {2, func(r [][]bool) bool { // rings around the middle
			n := len(r)
			return at(r, n/2-4, n/2-4, []string{"#########", "#.......#", "#.#####.#", "#.#...#.#", "#.#.#.#.#", "#.#...#.#", "#.#####.#", "#.......#", "#########"})
		}},
	} {
		code, err := sheet.Draw(carrier, "SP-1:sign-on JN\x1d42")
		if err != nil {
			t.Fatal(err)
		}
		rows := modules(t, string(code.SVG()), c.quiet, c.quiet)
		if len(rows) != len(rows[0]) || !c.marks(rows) {
			t.Errorf("%s:\n%s", carrier, picture(rows))
		}
	}
}

// A code is printed as large as fits, in whole printer dots, never smaller
// than a scanner reads; what can not be so is refused in a sentence.
func TestSizes(t *testing.T) {
	for text, want := range map[string]float64{"A": 0.42, strings.Repeat("a", 30): 0.42, strings.Repeat("aA", 18): 0.34, strings.Repeat("aA", 26): 0.25} {
		code, err := sheet.Draw(sheet.Code128, text)
		if err != nil {
			t.Fatal(err)
		}
		modules := len(modules(t, string(code.SVG()), 10, 0)[0]) + 20
		if got := code.Width() / float64(modules); code.Width() > 174 || fmt.Sprintf("%.2f", got) != fmt.Sprintf("%.2f", want) {
			t.Errorf("%q is %.1f mm wide, with modules of %.2f mm, want %.2f", text, code.Width(), got, want)
		}
	}
	for _, c := range []struct{ carrier, text, want string }{
		{sheet.Code128, strings.Repeat("a", 70), `"` + strings.Repeat("a", 70) + `" is too long for one line of paper as code-128`},
		{sheet.Code128, strings.Repeat("1", 81), `"` + strings.Repeat("1", 81) + `" can not be a barcode of the kind code-128: content length should be between 1 and 80 runes but got 81`},
		{sheet.Code128, "Groß", `'ß' can not be in a barcode that every scanner reads; leave it to ASCII`},
		{sheet.QR, "x\xff", `'�' can not be in a barcode that every scanner reads; leave it to ASCII`},
		{sheet.QR, "", `an empty text can not be a barcode`},
		{"ean", "1", `there is no barcode of the kind "ean"`},
	} {
		if _, err := sheet.Draw(c.carrier, c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s %q: got %v\nwant %s", c.carrier, c.text, err, c.want)
		}
	}
}

// A page asks nothing of the network, and what was put in is text and not
// markup, wherever it stands.
func TestPageIsOneFile(t *testing.T) {
	code, err := sheet.Draw(sheet.Code128, `<script>"'`)
	if err != nil {
		t.Fatal(err)
	}
	evil := `</style><script src=//x></script>"'\`
	p := sheet.Page{
		Title: evil, Under: evil, Foot: evil, Facts: []sheet.Fact{{Name: evil, Text: evil}}, Cards: []*sheet.Card{{Number: 1, Title: evil, Lines: []string{evil}, Code: code}},
		After: []sheet.Part{{Title: evil, Text: []string{evil}, Lines: []string{evil}, Block: evil}},
	}
	var out strings.Builder
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, never := range []string{"<script", "href=", "src=\"", "url(", "@import", "<link", "<img", "<iframe", "http://", "https://"} {
		if strings.Contains(strings.ReplaceAll(text, "src=//x", ""), never) {
			t.Errorf("the page has %s in it:\n%s", never, text)
		}
	}
	if n := strings.Count(text, "</style>"); n != 1 {
		t.Errorf("%d ends of the style:\n%s", n, text)
	}
	for _, want := range []string{`content="default-src 'none'; style-src 'unsafe-inline'"`, `aria-label="barcode: &lt;script&gt;`, `<figcaption>&lt;script&gt;`} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %s in\n%s", want, text)
		}
	}
}

// Two cards stand abreast only if their codes keep their width.
func TestBroadCards(t *testing.T) {
	for text, want := range map[string]bool{"SP-1:undo": false, strings.Repeat("a", 20): true} {
		code, err := sheet.Draw(sheet.Code128, text)
		if err != nil {
			t.Fatal(err)
		}
		if card := (&sheet.Card{Code: code}); card.Broad() != want {
			t.Errorf("%q, %.0f mm: broad %t", text, code.Width(), card.Broad())
		}
	}
}

// What a person reads below the bars has names for what no key types.
func TestSays(t *testing.T) {
	code, err := sheet.Draw(sheet.Code128FNC3, "$P\r\x1d\x7f~")
	if err != nil || code.Says() != "[FNC3]$P[CR][GS][DEL]~" {
		t.Errorf("%q %v", code.Says(), err)
	}
}

// modules reads the black modules of a drawing back, and checks its white
// margin.
func modules(t *testing.T, svg string, left, top int) [][]bool {
	t.Helper()
	box := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`).FindStringSubmatch(svg)
	if box == nil {
		t.Fatalf("no size in %s", svg)
	}
	width, height := number(box[1]), number(box[2])
	rows := make([][]bool, height-2*top)
	for y := range rows {
		rows[y] = make([]bool, width-2*left)
	}
	black := svg[strings.Index(svg, `fill="#000"`):]
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(black, -1) {
		x, y, w := number(m[1])-left, number(m[2])-top, number(m[3])
		if m[3] != m[4] || x < 0 || y < 0 || x+w > len(rows[0]) || y >= len(rows) {
			t.Fatalf("%s lies in the white margin or is no bar", m[0])
		}
		for i := range w {
			rows[y][x+i] = true
		}
	}
	return rows
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

// at reports whether a pattern stands at x, y.
func at(rows [][]bool, x, y int, pattern []string) bool {
	for dy, line := range pattern {
		for dx, want := range line {
			if rows[y+dy][x+dx] != (want == '#') {
				return false
			}
		}
	}
	return true
}

func picture(rows [][]bool) string {
	var b strings.Builder
	for _, row := range rows {
		for _, black := range row {
			b.WriteString(map[bool]string{true: "##", false: "  "}[black])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Whatever the text, its bars say the same, or it is refused; it never says
// something else.
func FuzzCode128(f *testing.F) {
	f.Add("SCANPOST-aZyzYqwM_/?@\"#\x1d0123456789", false)
	f.Add("$CAIEN01\r", true)
	f.Add("0\x000a1234\x7f12", false)
	f.Add("ñ", true)
	f.Fuzz(func(t *testing.T, text string, command bool) {
		carrier, want := sheet.Code128, text
		if command {
			carrier, want = sheet.Code128FNC3, "{FNC3}"+text
		}
		code, err := sheet.Draw(carrier, text)
		if err != nil {
			return
		}
		if got, err := readCode128(modules(t, string(code.SVG()), 10, 0)[0]); err != nil || got != want {
			t.Errorf("%s %q: the bars say %q, %v", carrier, text, got, err)
		}
	})
}
