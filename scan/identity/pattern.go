package identity

import "strings"

// Pattern says which codes are the site's own: orders, totes, places. The key
// is the pattern's with the whole code, such as order:ORD-1234.
type Pattern struct {
	Key    string // what stands before the colon, such as "order" or "tote"
	Prefix string // how such a code begins; never empty
	Length int    // of the whole code in characters; 0: any up to 64
	Digits bool   // nothing but digits behind the prefix
	// BeatsCarriers lets the pattern win where a carrier's check digit is right.
	// Without it, it wins over numbers that merely look like a carrier's.
	BeatsCarriers bool
}

const longestOwn = 64

// own finds the first of the site's patterns that a code fits.
func (i *Identifier) own(code string) *Pattern {
	for n := range i.Patterns {
		if p := &i.Patterns[n]; p.fits(code) {
			return p
		}
	}
	return nil
}

// fits: something stands behind the prefix, and all of it is printable ASCII,
// so that the key needs no escapes.
func (p *Pattern) fits(code string) bool {
	rest, ok := strings.CutPrefix(code, p.Prefix)
	if !ok || p.Prefix == "" || rest == "" || len(code) > longestOwn || p.Length > 0 && len(code) != p.Length {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; c < ' ' || c >= 0x7f || p.Digits && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
