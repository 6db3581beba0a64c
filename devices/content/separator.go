package content

import (
	"strings"

	"scanpost/scan/identity/gs1"
)

// separator is what a device sends in place of the separator of GS1 codes,
// which should arrive as the control character GS:
//
//	""       GS itself, as it should be
//	"|"      this text; also "^", "<GS>", "{GS}", "\x1e" and others
//	"lost"   nothing
//
// It is a setting of one device and applies to GS1 codes only, since "|" and
// "^" stand in other codes too. A code is GS1 if its AIM identifier says so.
// Where there is no identifier at all, it is taken for GS1 if it has separators
// in that notation, and is then right in every value, and has an SSCC, a GTIN
// or a GRAI with its check digit; everything else stays as it is.
//
// Lost separators are put back where there is one way to do so, see
// [gs1.Separate], and otherwise not: nobody can say where they were.
type separator string

const lost separator = "lost"

// mistake tells what cannot be a separator, since values may hold it.
func (s separator) mistake() error {
	switch {
	case s == "" || s == lost:
		return nil
	case len(s) > 8:
		return Wrong("gs", "must be at most 8 bytes, not %d", len(s))
	case len(s) == 1 && gs1.In('x', s[0]), gs1Text(string(s)):
		return Wrong("gs", `must be what no value holds, such as "|" or "<GS>", or "lost", not %q`, string(s))
	}
	return nil
}

// gs1Text reports whether a text is letters and digits alone.
func gs1Text(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// restore gives a code its separators.
func (s separator) restore(code, symbology string) string {
	known := strings.HasPrefix(symbology, "gs1-")
	if symbology != "" && !known {
		return code
	}
	with := code
	if s == lost {
		if strings.IndexByte(code, gs1.GS) >= 0 {
			return code
		}
		if separated, ok := gs1.Separate(code); ok {
			with = separated
		}
	} else {
		with = strings.ReplaceAll(code, string(s), string(gs1.GS))
		// The FNC1 in front says that the symbol is GS1 and is no data. A scanner
		// that writes out all of them writes out this one as well.
		with = strings.TrimPrefix(with, string(gs1.GS))
	}
	if with == code || known || proven(with) {
		return with
	}
	return code
}

// proven reports whether a code can be nothing but GS1: right throughout, with
// a key that has a check digit.
func proven(code string) bool {
	elements, err := gs1.Parse(code)
	if err != nil {
		return false
	}
	for _, ai := range []string{"00", "01", "8003"} {
		if _, ok := gs1.Find(elements, ai); ok {
			return true
		}
	}
	return false
}
