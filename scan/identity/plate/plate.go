// Package plate reads licence plates of ISO/IEC 15459 and the other data
// identifiers (DI) of ASC MH10.8.2 that stand on transport labels.
//
//	1J UN 043325711 MH8031200000000001
//	│  │  │         └─ what the company numbers its units with
//	│  │  └─ the company
//	│  └─ the agency that gave the company its code (IAC), one to three characters
//	└─ DI: J, or 1J to 6J for a unit, a pallet, a mixed load …
//
// The bars have the DI, and people leave it out; it says how the thing is
// packed and not which thing it is. So a plate's number, and its key, is
// without it. The digits 0 to 9 are GS1's among the agencies: J and an SSCC is
// that SSCC.
//
// There is no check digit, and half of all texts begin with a J or an S. So by
// itself a code is a plate only if its agency is one we know, or its DI has a
// digit; inside an envelope (ISO/IEC 15434, format 06), where every field has
// a DI, all are taken at their word.
package plate

import (
	"strings"

	"scanpost/scan/identity/gs1"
)

// Plate is the licence plate of a transport unit.
type Plate struct {
	DI     string // J, or 1J to 6J
	Agency string // who gave the company its code; empty if it is none we know
	Number string // without the DI, upper case, no spaces
	SSCC   bool   // the number is a serial shipping container code
}

// Key is the key of the unit.
func (p Plate) Key() string {
	if p.SSCC {
		return "sscc:" + p.Number
	}
	return "plate:" + p.Number
}

// Field is a data identifier and what stands behind it. It is an array so that
// its JSON is a pair.
type Field [2]string

// The longest and the shortest number of a plate: the first is the standard's;
// it has no other limit than an agency, a company and something.
const (
	longest  = 35
	shortest = 5
)

// agencies are those we know, with how a number goes on: UN has the nine digits
// of a D-U-N-S number, the others whatever they like.
var agencies = []struct {
	code    string
	company int // digits
	least   int // characters in all
}{
	{"UN", 9, 12},  // Dun & Bradstreet
	{"OD", 0, 6},   // Odette, cars
	{"LE", 0, 6},   // EDIFICE, electronics
	{"JD", 0, 11},  // DHL
	{"VGL", 0, 12}, // DHL
}

// Parse reads a code that stands by itself.
func Parse(code string) (Plate, bool) {
	di, number, ok := cut(code)
	if !ok {
		return Plate{}, false
	}
	p, ok := read(di, number)
	if !ok || di == "J" && p.Agency == "" {
		return Plate{}, false
	}
	if di != "J" && !strings.ContainsAny(p.Number, "0123456789") {
		return Plate{}, false
	}
	return p, true
}

// Damaged reports whether a code is J and 18 digits, which only an SSCC is,
// with a wrong check digit.
func Damaged(code string) (number string, is bool) {
	di, number, ok := cut(code)
	return number, ok && di != "" && isSSCC(number) && gs1.CheckDigit(number[:17]) != number[17]
}

// Plate reads a plate from a field of an envelope.
func (f Field) Plate() (Plate, bool) {
	if di := f[0]; di != "J" && (len(di) != 2 || di[1] != 'J' || di[0] < '1' || di[0] > '6') {
		return Plate{}, false
	}
	return read(f[0], f[1])
}

// cut takes the DI of a plate off.
func cut(code string) (di, number string, ok bool) {
	if len(code) > 2*longest {
		return "", "", false
	}
	number = strings.ToUpper(strings.ReplaceAll(code, " ", ""))
	switch {
	case strings.HasPrefix(number, "J"):
		return "J", number[1:], true
	case len(number) > 2 && number[0] >= '1' && number[0] <= '6' && number[1] == 'J':
		return number[:2], number[2:], true
	}
	return "", "", false
}

func read(di, number string) (Plate, bool) {
	number = strings.ToUpper(strings.ReplaceAll(number, " ", ""))
	if len(number) < shortest || len(number) > longest {
		return Plate{}, false
	}
	for i := range len(number) {
		if c := number[i]; !isDigit(c) && (c < 'A' || c > 'Z') {
			return Plate{}, false
		}
	}
	p := Plate{DI: di, Number: number}
	if isDigit(number[0]) { // GS1's
		p.Agency, p.SSCC = "GS1", isSSCC(number)
		return p, p.SSCC && gs1.CheckDigit(number[:17]) == number[17]
	}
	for _, a := range agencies {
		if rest, is := strings.CutPrefix(number, a.code); is && len(number) >= a.least && len(rest) > a.company && (a.company == 0 || gs1.Digits(rest[:a.company])) {
			p.Agency = a.code
		}
	}
	return p, true
}

func isSSCC(number string) bool { return len(number) == 18 && gs1.Digits(number) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
