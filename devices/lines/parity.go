package lines

import (
	"bytes"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"

	"scanpost/devices/wire"
)

// How much a line must show before it is taken for one with the wrong parity:
// so many bytes above 7F, and so many bytes in all, each of which fits.
const (
	fewestHigh = 3
	fewestAll  = 8
)

// twisted tells the parity of a line that was sent with 7 data bits and read as
// 8: bit 7 of every byte is then what the other bits of that byte make it.
//
//	B4 30 30 36 33 B8 B1 33 33 33 39 33 B1 8D    even: set where the low bits have an odd count of ones
//	34 B0 B0 B6 B3 38 31 B3 B3 B3 B9 B3 31 0D    odd: set where they have an even count
//	B4 B0 B0 B6 B3 B8 B1 B3 B3 B3 B9 B3 B1 8D    mark: always set, which the terminator shows too
//
// A wrong code is worse than none, and a lost scan is bad as well. So nothing
// is changed by itself, and the pattern has to be beyond chance and beyond what
// real codes hold: text in UTF-8 never counts; "Müller" in Latin-1 fits, but
// has one byte above 7F; the low bits have to read as text; and bytes that are
// all above 7F, as Chinese or Japanese text may be, count only with a
// terminator above 7F as well. What shows less than that stays a code with
// bytes above 7F, which no parcel has.
//
// Space parity leaves bit 7 clear and needs no telling: the codes are right.
func twisted(line []byte) (kind string, is bool) {
	high := 0
	for _, b := range line {
		high += int(b >> 7)
	}
	if high < fewestHigh || len(line) < fewestAll {
		return "", false
	}
	even, odd := true, true
	for _, b := range line {
		ones := bits.OnesCount8(b)
		even, odd = even && ones%2 == 0, odd && ones%2 == 1
		if !isText(b & 0x7F) {
			return "", false
		}
	}
	switch all := high == len(line); {
	case all && strings.IndexByte("\r\n\t\x03\x00", line[high-1]&0x7F) >= 0:
		return "mark", true
	case all || !even && !odd || utf8.Valid(line):
		return "", false
	case even:
		return "even", true
	default:
		return "odd", true
	}
}

// isText reports whether b is what codes and their frames are made of.
func isText(b byte) bool {
	return b >= 0x1C && b < 0x7F || strings.IndexByte("\r\n\t\x00\x02\x03\x04", b) >= 0
}

// reportTwisted says which setting is wrong, and gives whoever pulled the
// trigger an answer: a reading that could not be read, with what it most likely
// was. It is not acknowledged, since a good sound would be a lie.
func reportTwisted(line []byte, kind string, out *wire.Output) {
	likely := make([]byte, len(line))
	for i, b := range line {
		likely[i] = b & 0x7F
	}
	likely = bytes.Trim(likely, "\r\n\t\x00\x02\x03")
	out.Fault(fmt.Errorf("line %s fits 7 data bits with %s parity read as 8 bits; set data_bits = 7 and parity = %q in [port] of its profile, or set the scanner to 8 data bits without parity: %w",
		short(line), kind, kind, wire.ErrParity))
	out.Sighting(wire.Sighting{Code: string(likely), NoRead: true, Note: "the scanner sends 7 data bits with " + kind + " parity, and the station reads 8 without"})
}

// leftover reports whether a line is but the second half of a terminator with
// odd parity, whose first half ended the line before.
func leftover(line []byte) bool { return len(line) == 1 && (line[0] == 0x8A || line[0] == 0x8D) }
