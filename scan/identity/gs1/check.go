package gs1

import "strings"

// check compares a value with its description, part by part. The result is an
// error and not an *Error, so that nil stays nil.
func (a *AI) check(value string) error {
	if len(value) < a.min || len(value) > a.max {
		return a.wrongLength(len(value))
	}
	rest := value
	for i := range a.Parts {
		p := &a.Parts[i]
		if p.Optional && rest == "" {
			break
		}
		n := min(p.Max, len(rest))
		if n < p.Min {
			return a.wrongLength(len(value))
		}
		set := sets[p.Set]
		for j := range n {
			if member[rest[j]]&set == 0 {
				return a.fault(BadCharset, "may not hold %+q", rest[j:j+1])
			}
		}
		for _, rule := range p.rules {
			if code, message := rule(rest[:n]); code != "" {
				return a.fault(code, "%s", message)
			}
		}
		rest = rest[n:]
	}
	return nil
}

// In reports whether a character is in a set: 'n' digits, 'x' CSET 82, 'y'
// CSET 39, 'z' base64url.
func In(set, c byte) bool { return member[c]&sets[set] != 0 }

// cset82 is in the order that gives each character its number in a check pair.
const cset82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

// The character sets of GS1 General Specifications, 7.11, as bits.
var sets = [256]uint8{'n': 1, 'x': 2, 'y': 4, 'z': 8}

var member = func() (m [256]uint8) {
	const digits, upper, lower = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
	for set, characters := range map[byte]string{
		'n': digits,
		'x': cset82,
		'y': digits + upper + "#-/",
		'z': digits + upper + lower + "-_=",
	} {
		for _, c := range strings.Split(characters, "") {
			m[c[0]] |= sets[set]
		}
	}
	return m
}()

// Digits reports whether a text is decimal digits and nothing else.
func Digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// prefix is the number of an AI's first two digits, which decide its length.
func prefix(ai string) int { return int(ai[0]-'0')*10 + int(ai[1]-'0') }
