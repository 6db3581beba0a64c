package sheet

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/aztec"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/qr"
)

// The ways a text can be drawn. They are those of a profile's sheet.
const (
	Code128     = "code-128"
	Code128FNC3 = "code-128-fnc3" // begins with the function character by which scanners know a command
	DataMatrix  = "datamatrix"
	QR          = "qr"
	Aztec       = "aztec"
)

// Code is a barcode that can be drawn.
type Code struct {
	Carrier, Text string
	rows          [][]bool // true is black; a linear code has one row
	quiet         int      // modules of white that it needs on each side
	dots          int      // size of a module
}

// dot is the finest step of an office printer, 300 to the inch, in mm. A
// module is a whole number of them, or its bars come out unequal.
const dot = 25.4 / 300

const (
	widest    = 174.0 // mm that fit on the page
	barHeight = 16.0  // mm
	// A module of three dots is 0.25 mm, which is the least that every hand
	// scanner reads from paper.
	leastDots, linearDots, leastMatrixDots, matrixDots = 3, 5, 5, 12
)

// Draw makes the barcode for a text, or says why it can not be one.
func Draw(carrier, text string) (*Code, error) {
	c := &Code{Carrier: carrier, Text: text, dots: matrixDots}
	var drawn barcode.Barcode
	var err error
	if text == "" {
		return nil, errors.New("an empty text can not be a barcode")
	}
	// The library has its own use for some letters above ASCII, and what a
	// scanner makes of others differs from one to the next.
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 0x7f }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return nil, fmt.Errorf("%q can not be in a barcode that every scanner reads; leave it to ASCII", r)
	}
	switch carrier {
	case Code128:
		c.quiet, c.dots = 10, linearDots
		drawn, err = code128.Encode(text)
	case Code128FNC3:
		c.quiet, c.dots = 10, linearDots
		drawn, err = code128.Encode(string(code128.FNC3) + text)
	case DataMatrix:
		c.quiet = 2 // the standard asks for one
		drawn, err = datamatrix.Encode(text)
	case QR:
		c.quiet = 4
		drawn, err = qr.Encode(text, qr.M, qr.Auto)
	case Aztec:
		c.quiet = 2 // the standard asks for none
		drawn, err = aztec.Encode([]byte(text), aztec.DEFAULT_EC_PERCENT, aztec.DEFAULT_LAYERS)
	default:
		return nil, fmt.Errorf("there is no barcode of the kind %q", carrier)
	}
	if err != nil {
		return nil, fmt.Errorf("%q can not be a barcode of the kind %s: %w", text, carrier, err)
	}
	c.rows = modules(drawn)
	for c.Width() > widest && c.dots > leastDots {
		c.dots--
	}
	if c.Width() > widest {
		return nil, fmt.Errorf("%q is too long for one line of paper as %s", text, carrier)
	}
	return c, nil
}

func modules(drawn barcode.Barcode) [][]bool {
	size := drawn.Bounds()
	rows := make([][]bool, size.Dy())
	for y := range rows {
		rows[y] = make([]bool, size.Dx())
		for x := range rows[y] {
			r, _, _, _ := drawn.At(size.Min.X+x, size.Min.Y+y).RGBA()
			rows[y][x] = r == 0
		}
	}
	return rows
}

func (c *Code) linear() bool { return len(c.rows) == 1 }

func (c *Code) module() float64 { return float64(c.dots) * dot }

// Width is how wide the code is on paper, with its white margin, in mm.
func (c *Code) Width() float64 { return float64(len(c.rows[0])+2*c.quiet) * c.module() }

// Height is its height in mm. Above and below a linear code there is no need
// for white.
func (c *Code) Height() float64 {
	if c.linear() {
		return barHeight
	}
	return float64(len(c.rows)+2*c.quiet) * c.module()
}

// SVG draws the code in its size on paper. One unit is one module. Black
// modules beside each other are one shape: a seam between two would be a line
// of white on some printers.
func (c *Code) SVG() template.HTML {
	var path strings.Builder
	for y, row := range c.rows {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x < len(row) && row[x] {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", c.quiet+from, y+c.top(), x-from, x-from)
		}
	}
	w, h := len(c.rows[0])+2*c.quiet, len(c.rows)+2*c.top()
	// All that is put in is numbers, and the text, which is escaped.
	return template.HTML(fmt.Sprintf( //nolint:gosec // see above
		`<svg role="img" aria-label="barcode: %s" width="%.2fmm" height="%.2fmm" viewBox="0 0 %d %d" preserveAspectRatio="none" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		template.HTMLEscapeString(Plain(c.Text)), c.Width(), c.Height(), w, h, w, h, path.String()))
}

func (c *Code) top() int {
	if c.linear() {
		return 0
	}
	return c.quiet
}

// Says is the text for people, below the bars: what a keyboard has no key for
// stands in brackets.
func (c *Code) Says() string {
	if c.Carrier == Code128FNC3 {
		return "[FNC3]" + Plain(c.Text)
	}
	return Plain(c.Text)
}

var controls = strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

// Plain writes control characters by their names: "01[GS]10".
func Plain(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case int(r) < len(controls):
			b.WriteString("[" + controls[r] + "]")
		case r == 0x7f:
			b.WriteString("[DEL]")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
