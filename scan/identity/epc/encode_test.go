package epc

import (
	"fmt"
	"math/big"
	"strings"

	"pgregory.net/rapid"
)

// The encoder of the tests. It shares nothing with the decoder: it writes bits
// as text, computes what the decoder has in tables, and looks backwards.

// thing is what has a key of GS1.
type thing struct {
	kind                string // as in the pure identity URI
	prefix, ref, serial string // as there, without escapes; ITIP has its pieces in ref's tail
	pieces              string // "0102": piece 1 of 2
	filter              int
}

// width is what a number of so many digits takes in bits.
func width(digits int) int {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	return most.Sub(most, big.NewInt(1)).BitLen()
}

func numeral(decimal string, bits int) string {
	n, _ := new(big.Int).SetString("0"+decimal, 10)
	return fmt.Sprintf("%0*b", bits, n)
}

func binaries(s string, bits int, number func(c byte) int) (out string) {
	for i := range len(s) {
		out += fmt.Sprintf("%0*b", bits, number(s[i]))
	}
	return out
}

func ascii(c byte) int { return int(c) }
func digit(c byte) int { return int(c - '0') }
func low6(c byte) int  { return int(c & 63) }

func filled(s string, bits int) string { return s + strings.Repeat("0", bits-len(s)) }

// codings are the ways in which a text can be coded, each with its three bits
// and its length.
func codings(s string) (all []string) {
	if s == "" {
		return nil
	}
	add := func(number int, characters, body string) {
		if strings.Trim(s, characters) == "" {
			all = append(all, fmt.Sprintf("%03b%05b", number, len(s))+body)
		}
	}
	const digits, upper, lower = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
	at := func(alphabet string) func(byte) int {
		return func(c byte) int { return strings.IndexByte(alphabet, c) }
	}
	if len(s) <= 20 && strings.Trim(s, digits) == "" {
		add(0, digits, numeral(s, width(len(s))))
	}
	if strings.Trim(s, digits+"ABCDEF") == "" {
		add(1, digits+"ABCDEF", binaries(s, 4, at(digits+"ABCDEF")))
	}
	if strings.Trim(s, digits+"abcdef") == "" {
		add(2, digits+"abcdef", binaries(s, 4, at(digits+"abcdef")))
	}
	if base := upper + lower + digits + "-_"; strings.Trim(s, base) == "" {
		add(3, base, binaries(s, 6, at(base)))
	}
	add(4, s, binaries(s, 7, ascii))
	if forty := "\x00" + upper + "-.:" + digits; strings.Trim(s, forty[1:]) == "" {
		body, full := "", s+strings.Repeat("\x00", (3-len(s)%3)%3)
		for ; full != ""; full = full[3:] {
			n := 0
			for i := range 3 {
				n = n*40 + strings.IndexByte(forty, full[i])
			}
			body += fmt.Sprintf("%016b", n+1)
		}
		add(5, forty[1:], body)
	}
	return all
}

// checkDigit weighs from the front, after zeros to an even length, where the
// decoder weighs from the back.
func checkDigit(digits string) string {
	sum := 0
	for i, c := range []byte(fmt.Sprintf("%018s", digits)[1:]) {
		sum += int(c-'0') * (3 - i%2*2)
	}
	return fmt.Sprint((1000 - sum) % 10)
}

// key is the value after the first AI, without a serial that belongs to it.
func (x thing) key() string {
	switch x.kind {
	case "sgtin", "sscc", "itip":
		k := x.ref[:1] + x.prefix + x.ref[1:]
		return k + checkDigit(k) + x.pieces
	case "grai":
		return "0" + x.prefix + x.ref + checkDigit(x.prefix+x.ref)
	case "giai", "cpi":
		return x.prefix + x.ref
	}
	return x.prefix + x.ref + checkDigit(x.prefix+x.ref)
}

// elements is the element string with brackets, and its AIs and values.
func (x thing) elements() (bracketed string, pairs [][2]string) {
	switch x.kind {
	case "sgtin":
		pairs = [][2]string{{"01", x.key()}, {"21", x.serial}}
	case "itip":
		pairs = [][2]string{{"8006", x.key()}, {"21", x.serial}}
	case "cpi":
		pairs = [][2]string{{"8010", x.key()}, {"8011", x.serial}}
	case "sgln":
		pairs = [][2]string{{"414", x.key()}, {"254", x.serial}}
		if x.serial == "0" {
			pairs = pairs[:1]
		}
	default:
		ai := map[string]string{"sscc": "00", "grai": "8003", "giai": "8004", "gsrn": "8018", "gsrnp": "8017", "gdti": "253", "sgcn": "255"}[x.kind]
		pairs = [][2]string{{ai, x.key() + x.serial}}
	}
	for _, p := range pairs {
		bracketed += "(" + p[0] + ")" + strings.ReplaceAll(p[1], "(", `\(`)
	}
	return bracketed, pairs
}

// unit is the key that the thing's bar code has.
func (x thing) unit() string {
	_, pairs := x.elements()
	switch x.kind {
	case "sgtin":
		return "sgtin:" + pairs[0][1] + "." + pairs[1][1]
	case "sscc", "grai", "giai":
		return x.kind + ":" + pairs[0][1]
	}
	key := "code:" + pairs[0][0] + pairs[0][1]
	if len(pairs) == 2 {
		if pairs[0][0] != "414" {
			key += `\x1d`
		}
		key += pairs[1][0] + pairs[1][1]
	}
	return key
}

func (x thing) pure() string {
	fields := []string{x.prefix, x.ref}
	if x.pieces != "" {
		fields = append(fields, x.pieces[:2], x.pieces[2:])
	}
	if x.serial != "" {
		fields = append(fields, x.serial)
	}
	escape := strings.NewReplacer(`"`, "%22", "#", "%23", "%", "%25", "&", "%26", "/", "%2F", "<", "%3C", ">", "%3E", "?", "%3F")
	return x.kind + ":" + escape.Replace(strings.Join(fields, "."))
}

// bytesOf fills a text of bits up to whole words.
func bytesOf(bits string) []byte {
	bits = filled(bits, (len(bits)+15)/16*16)
	out := make([]byte, len(bits)/8)
	for i := range bits {
		out[i/8] |= (bits[i] - '0') << (7 - i%8)
	}
	return out
}

// plain reports whether a text is a number without zeros in front that is less
// than 2 to the power of so many bits.
func plain(s string, bits int) bool {
	n, ok := new(big.Int).SetString(s, 10)
	return ok && n.Sign() >= 0 && n.String() == s && n.BitLen() <= bits
}

var kinds = []string{"sgtin", "sscc", "sgln", "grai", "giai", "gsrn", "gsrnp", "gdti", "sgcn", "cpi", "itip"}

func drawThing(t *rapid.T, kind string) thing {
	const cset82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	x := thing{kind: kind, filter: rapid.IntRange(0, 7).Draw(t, "filter")}
	digits := func(least, most int, name string) string {
		return rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), least, most, -1),
			rapid.StringOfN(rapid.RuneFrom([]rune("09")), least, most, -1),
		).Draw(t, name)
	}
	characters := func(set string, most int, name string) string {
		if most < 1 {
			return ""
		}
		return rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 1, most, -1),
			rapid.StringOfN(rapid.RuneFrom([]rune("123456789")), 1, min(most, 12), -1),
			rapid.StringOfN(rapid.RuneFrom([]rune("123456789")), 1, min(most, 3), -1),
			rapid.StringOfN(rapid.RuneFrom([]rune("0123456789ABCDEF")), 1, most, -1),
			rapid.StringOfN(rapid.RuneFrom([]rune(set)), 1, most, -1),
		).Draw(t, name)
	}
	n := rapid.IntRange(6, 12).Draw(t, "company prefix digits")
	x.prefix = digits(n, n, "company prefix")
	total := map[string]int{"sgtin": 13, "itip": 13, "sscc": 17, "gsrn": 17, "gsrnp": 17, "sgln": 12, "grai": 12, "gdti": 12, "sgcn": 12}[x.kind]
	switch x.kind {
	case "giai":
		x.ref = characters(cset82, 30-n, "asset")
	case "cpi":
		x.ref = characters("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ#-/", 30-n, "part")
		x.serial = fmt.Sprint(rapid.OneOf(rapid.Uint64Range(0, 1<<31-1), rapid.Uint64Range(0, 999_999_999_999)).Draw(t, "serial"))
	default:
		x.ref = digits(total-n, total-n, "reference")
	}
	switch x.kind {
	case "sgtin", "sgln", "itip":
		x.serial = characters(cset82, 20, "serial")
	case "grai":
		x.serial = characters(cset82, 16, "serial")
	case "gdti":
		x.serial = characters(cset82, 17, "serial")
	case "sgcn":
		x.serial = digits(1, 12, "serial")
	}
	if x.kind == "itip" {
		of := rapid.IntRange(1, 99).Draw(t, "total")
		x.pieces = fmt.Sprintf("%02d%02d", rapid.IntRange(1, of).Draw(t, "piece"), of)
	}
	return x
}
