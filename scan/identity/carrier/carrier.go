// Package carrier recognises tracking numbers by their form and check digit.
//
//	420 73301 9201990846563212233072
//	│   │     └─ the number: its own check digit proves it        usps:9201990846563212233072
//	│   └─ postcode
//	└─ routing
//
// All formats are tried and every match is kept, because forms collide: twelve
// digits that are right for one carrier are right for another one time in ten.
// So each match says how good its [Evidence] is, and who asks decides; no
// match is hidden for being weak, and none is called certain for being alone.
//
// What the formats are is data: formats.go. Their source is the public rule set
// tracking_number_data 2.0.0 and the carriers' label specifications; where no
// rule is public, the length or the prefix is all there is to see.
//
// Numbers are compared the way they stand in the bars. On paper they are
// printed in groups, so spaces and hyphens are dropped and letters made upper
// case before anything else. What is left is the number of the unit's key: the
// one that people read off the label, without routing in front and behind.
package carrier

import "slices"

// Evidence says why a text is taken for a number, the best first.
type Evidence uint8

// The classes of evidence. Only the first two are a proof of anything.
const (
	CheckPrefix Evidence = iota + 1 // a check digit is right, and something in the number says whose it is
	Check                           // a check digit is right: one number in ten has it by chance
	Prefix                          // it begins as such numbers do, and has their length
	Length                          // it has the length; this never decides anything
)

// String is the evidence in words, as in the answers of scanpost identify.
func (e Evidence) String() string {
	switch e {
	case CheckPrefix:
		return "check digit and prefix"
	case Check:
		return "check digit"
	case Prefix:
		return "prefix"
	}
	return "length"
}

// MarshalText implements encoding.TextMarshaler.
func (e Evidence) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Match is a carrier that a number can belong to.
type Match struct {
	Carrier  string // the first part of the unit's key, such as "ups"
	Service  string // empty if the number does not say, or we do not know
	Number   string // without spaces and routing, upper case
	Evidence Evidence
	ITF      bool // such numbers are printed as Interleaved 2 of 5 and as nothing else
	name     name
}

// Checked reports whether a check digit was there and is right.
func (m *Match) Checked() bool { return m.Evidence <= Check }

// name says what key a number makes.
type name uint8

const (
	byCarrier name = iota // ups:1Z…
	bySSCC                // sscc:…, the number is GS1's
	byPlate               // plate:…, the number is one of ISO 15459
	byNothing             // where a parcel goes, which many parcels share
	byGround              // fedex:96…, whose last 15 digits are a number too
	byOld                 // usps:91…, whose last 20 digits but for the check digit are a number too
)

// Routing reports whether the number says where a parcel goes, and not which
// parcel it is: it names no unit.
func (m *Match) Routing() bool { return m.name == byNothing }

// SSCC reports whether the number is a serial shipping container code of GS1.
func (m *Match) SSCC() bool { return m.name == bySSCC }

// Plate reports whether the number is a licence plate of ISO 15459.
func (m *Match) Plate() bool { return m.name == byPlate }

// Key is the key of the unit, empty for a routing code.
func (m *Match) Key() string {
	if space := m.space(); space != "" {
		return space + ":" + m.Number
	}
	return ""
}

// space is what stands before the colon in the key.
func (m *Match) space() string {
	switch m.name {
	case bySSCC:
		return "sscc"
	case byPlate:
		return "plate"
	case byNothing:
		return ""
	}
	return m.Carrier
}

// Same reports whether two matches make the same key.
func (m *Match) Same(o *Match) bool { return m.Number == o.Number && m.space() == o.space() }

// Also is another key of the same parcel, under which it is known where the
// number is written shorter; empty if there is none.
func (m *Match) Also() string {
	switch m.name {
	case byGround:
		return m.Carrier + ":" + m.Number[7:]
	case byOld:
		short := m.Number[2:21]
		return m.Carrier + ":" + short + string(mod10(short))
	}
	return ""
}

// longest is the longest text that can be a tracking number, spaces included.
const longest = 96

// Find returns every carrier that a text can be a number of, the best evidence
// first.
func Find(text string) []Match { return Append(nil, text) }

// Append appends what [Find] returns to dst, which must be empty. It allocates
// nothing if dst has room (16 is enough for nearly every number) and the text
// is written as in the bars.
func Append(dst []Match, text string) []Match {
	if len(text) == matrixLength {
		return appendMatrix(dst, text)
	}
	if len(text) > longest {
		return dst
	}
	n := Fold(text)
	if len(n) >= len(byLength) || len(byLength[len(n)]) == 0 {
		return dst
	}
	var bits [len(byLength)]uint64
	all := ^uint64(0)
	for i := range len(n) {
		bit := symbols[n[i]]
		if bit == 0 {
			return dst
		}
		bits[i] = bit
		all &= kinds[n[i]]
	}
	for _, f := range byLength[len(n)] {
		if f.fits(bits[:len(n)], all) {
			dst = f.read(dst, n)
		}
	}
	if len(dst) > 1 {
		slices.SortStableFunc(dst, func(a, b Match) int { return int(a.Evidence) - int(b.Evidence) })
	}
	return dst
}

// Fold brings a printed number into the form it has in the bars. What is in
// that form already is not copied.
func Fold(text string) string {
	for i := range len(text) {
		if c := text[i]; c == ' ' || c == '-' || c >= 'a' && c <= 'z' {
			return fold(text)
		}
	}
	return text
}

func fold(text string) string {
	folded := make([]byte, 0, longest)
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '-':
		case c >= 'a' && c <= 'z':
			folded = append(folded, c-'a'+'A')
		default:
			folded = append(folded, c)
		}
	}
	return string(folded)
}

// The matrix of GLS: a Data Matrix of 123 characters in columns, with the
// eight of the track id at the 34th. Nothing in it says that it is one.
const (
	matrixLength = 123
	matrixID     = 33
)

func appendMatrix(dst []Match, text string) []Match {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 'a' {
			return dst
		}
	}
	id := text[matrixID : matrixID+8]
	for i := range len(id) {
		if !isDigit(id[i]) && !isLetter(id[i]) {
			return dst
		}
	}
	return append(dst, Match{Carrier: "gls", Service: "track id", Number: id, Evidence: Length})
}

// Mailer returns the mailer id in a USPS number (IMpb): nine digits if the
// first is 9, else six. Consolidators hand their parcels to USPS under one
// form of number, and only this tells them apart.
func Mailer(number string) string {
	switch {
	case len(number) < 22 || number[0] != '9' || number[1] < '2' || number[1] > '5':
		return ""
	case number[5] == '9':
		return number[5:14]
	}
	return number[5:11]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
