package web

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tailLen is how many characters of an identifier are never cut: people
// compare tails.
const tailLen = 5

// maxTitle bounds what is shown on hover; a barcode may hold 64 KiB.
const maxTitle = 1024

var names = map[rune]string{
	0x7f: "DEL", 0xad: "SHY", 0x61c: "ALM", 0x200b: "ZWSP", 0x200c: "ZWNJ", 0x200d: "ZWJ", 0x200e: "LRM", 0x200f: "RLM",
	0x202a: "LRE", 0x202b: "RLE", 0x202c: "PDF", 0x202d: "LRO", 0x202e: "RLO", 0x2066: "LRI", 0x2067: "RLI",
	0x2068: "FSI", 0x2069: "PDI", 0xfeff: "BOM",
}

var ascii = strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

// glyph is one character as it is shown: itself, or the name of one that
// would not be seen or would move the others about.
type glyph struct {
	text  string
	named bool
}

func glyphs(s string) []glyph {
	out := make([]glyph, 0, min(len(s), 4096))
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, glyph{fmt.Sprintf("0x%02X", s[0]), true})
		case r < 0x20:
			out = append(out, glyph{ascii[r], true})
		case names[r] != "":
			out = append(out, glyph{names[r], true})
		case !unicode.IsPrint(r):
			out = append(out, glyph{fmt.Sprintf("U+%04X", r), true})
		default:
			out = append(out, glyph{s[:n], false})
		}
		s = s[n:]
	}
	return out
}

func write(b *strings.Builder, gs []glyph) {
	for _, g := range gs {
		if g.named {
			b.WriteString(`<kbd class="ctl">` + g.text + `</kbd>`)
		} else {
			b.WriteString(html.EscapeString(g.text))
		}
	}
}

// bound cuts the middle out of what is longer than a line can be.
func bound(gs []glyph, most int) []glyph {
	if len(gs) <= most {
		return gs
	}
	out := append([]glyph{}, gs[:most-1]...)
	return append(out, glyph{"…", false})
}

// Text shows text that nobody vouched for: as text, with control characters
// by name, and no longer than most characters.
func Text(s string, most int) template.HTML {
	var b strings.Builder
	write(&b, bound(glyphs(cut(s, most)), most))
	return template.HTML(b.String()) //nolint:gosec // every piece is escaped above
}

// cut bounds the work: no more bytes are looked at than could be shown.
func cut(s string, most int) string {
	if len(s) > 4*most+8 {
		return s[:4*most+8]
	}
	return s
}

// ID shows an identifier: the head may be cut by the page, the tail never.
func ID(key string) template.HTML { return id("id", key) }

// Key is an identifier as the heading of its page.
func Key(key string) template.HTML { return id("id id-key", key) }

func id(class, key string) template.HTML {
	head, tail := Ends(key)
	return template.HTML(`<bdi class="` + class + `"><span class="id-head">` + string(head) + `</span><span class="id-tail">` + string(tail) + `</span></bdi>`) //nolint:gosec // both are escaped
}

// Ends splits an identifier into a head and the tail that people compare,
// both escaped.
func Ends(key string) (head, tail template.HTML) {
	h, t := ends(key)
	var a, b strings.Builder
	write(&a, bound(h, 256))
	write(&b, t)
	return template.HTML(a.String()), template.HTML(b.String()) //nolint:gosec // every piece is escaped above
}

func ends(key string) (head, tail []glyph) {
	if len(key) > 4096 { // both ends matter, the middle does not
		key = key[:2048] + key[len(key)-64:]
	}
	gs := glyphs(key)
	at := max(0, len(gs)-tailLen)
	return gs[:at], gs[at:]
}

// Tail is the end of an identifier as plain text with control characters as
// their pictures, for sentences and attributes.
func Tail(key string) string {
	if len(key) > 64 {
		key = key[len(key)-64:]
	}
	rs := []rune(Plain(key))
	return string(rs[max(0, len(rs)-tailLen):])
}

// Plain is text for an attribute or a sentence: control characters become
// their Unicode pictures, others that are not seen become a box.
func Plain(s string) string {
	s = cut(s, maxTitle)
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxTitle {
			b.WriteString("…")
			break
		}
		switch {
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case !unicode.IsPrint(r):
			b.WriteRune('□')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Count writes a number with its thousands apart.
func Count[T int | int64 | uint64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
