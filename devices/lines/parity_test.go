package lines

import (
	"math/bits"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// asEight is text as it looks when it was sent with 7 data bits and a parity
// bit, and is read as 8 data bits.
func asEight(text string, bit func(ones int) bool) string {
	b := []byte(text)
	for i := range b {
		if bit(bits.OnesCount8(b[i])) {
			b[i] |= 0x80
		}
	}
	return string(b)
}

func even(text string) string { return asEight(text, func(ones int) bool { return ones%2 == 1 }) }
func odd(text string) string  { return asEight(text, func(ones int) bool { return ones%2 == 0 }) }
func mark(text string) string { return asEight(text, func(int) bool { return true }) }

// A line of another parity is told as such, with the setting to change, once
// for each code and whatever terminator it has; it is never a scan. Real codes
// with bytes above 7F are, also where they come near.
func TestParity(t *testing.T) {
	const code = "]C100376104250021234569"
	for _, c := range []struct {
		name, in string // a | is silence
		want     string // the parity of each line, or the line itself
	}{
		{"even, CR", even(code+"\r") + "|" + even("4006381333931\r") + "|", "even even"},
		{"even, CR LF", even(code+"\r\n") + "|" + even(code+"\r\n") + "|", "even even"},
		{"even, no suffix", even(code) + "|", "even"},
		{"even, STX and ETX", even("\x02"+code+"\x03") + "|", "even"},
		{"even, GS and lower case", even("]d2010950110153000310L1\x1d21aZ-_/?@#\r") + "|", "even"},
		{"odd, CR", odd(code+"\r") + odd("4006381333931\r"), "odd odd"},
		{"odd, CR LF", odd(code+"\r\n") + "|" + odd(code+"\r\n") + odd(code+"\r\n"), "odd odd odd"},
		{"odd, LF", odd(code+"\n") + "|", "odd"},
		{"mark, CR", mark(code+"\r") + "|", "mark"},
		{"mark, CR LF", mark(code+"\r\n") + "|", "mark"},
		{"the setting is right again", odd(code+"\r\n") + "|" + "4006381333931\r", "odd 4006381333931"},

		{"UTF-8 that fits", "\u00e9\u00df\u00e90356\r", "\u00e9\u00df\u00e90356"},
		{"Latin-1 that fits", "M\xfcller\r", "M\xfcller"},
		{"Latin-1 that does not fit", "Gr\xfc\xdfe aus K\xf6ln\r", "Gr\xfc\xdfe aus K\xf6ln"},
		{"text in EUC, all above 7F", "\xc6\xfc\xcb\xdc\xb8\xec\xa4\xb3\r", "\xc6\xfc\xcb\xdc\xb8\xec\xa4\xb3"},
		{"text that fits even and is all above 7F", "\xb1\xb2\xb4\xb7\xb8\xb1\xb2\xb4\r", "\xb1\xb2\xb4\xb7\xb8\xb1\xb2\xb4"},
		{"few bytes above 7F", even("0356035603561") + "|", "035603560356\xb1"},
		{"a short line", even("1248\r") + "|", "\xb1\xb2\xb4\xb8\x8d"},
		{"one byte that does not fit", even(code) + "1|", even(code) + "1"},
		{"binary that fits", "\x81\x82\x84\x87\x00\x03\x05\x06\x88\x8b|", "\x81\x82\x84\x87\x00\x03\x05\x06\x88\x8b"},
		{"one byte that is no leftover", "\x8a\r", "\x8a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decoder(t, options(func(o *Options) { o.AIMID = false }))
			var out wire.Output
			for i, piece := range strings.Split(c.in, "|") {
				if i > 0 {
					d.Silence(&out)
				}
				d.Decode([]byte(piece), &out)
			}
			var got []string
			faults := 0
			for _, s := range out.Sightings {
				kind, found := strings.CutPrefix(s.Note, "the scanner sends 7 data bits with ")
				if !found {
					got = append(got, s.Code)
					continue
				}
				kind, _, _ = strings.Cut(kind, " ")
				got = append(got, kind)
				if !s.NoRead || s.OnSaved != nil || strings.ContainsFunc(s.Code, func(r rune) bool { return r < ' ' && r != '\x1d' || r > '~' }) {
					t.Errorf("told as %+v", s)
				}
				if f := out.Faults[faults].Error(); !strings.Contains(f, "data_bits = 7 and parity = \""+kind+"\"") {
					t.Errorf("the fault does not say what to set: %s", f)
				}
				faults++
			}
			if strings.Join(got, " ") != c.want || len(out.Faults) != faults {
				t.Errorf("got %q want %q; faults %v", got, c.want, out.Faults)
			}
		})
	}
}
