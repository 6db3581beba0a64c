package gs1

import (
	"fmt"
	"strings"
)

// The codes of an [Error].
const (
	UnknownAI     = "unknown_ai"
	BadLength     = "bad_length"
	BadCharacter  = "bad_character"
	BadCheckDigit = "bad_check_digit"
	BadDate       = "bad_date"
	MisplacedGS   = "misplaced_separator"
	RepeatedAI    = "repeated_ai"
)

// Error says which rule an element string breaks.
type Error struct {
	Code    string // for programs
	Message string // for people; shows nothing of the data unquoted
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

func (a *AI) fault(code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf("%s (%s) ", a.Title, a.Code) + fmt.Sprintf(format, args...)}
}

func (a *AI) wrongLength(have int) *Error {
	if a.min == a.max {
		return a.fault(BadLength, "has %d characters, expected %d", have, a.max)
	}
	return a.fault(BadLength, "has %d characters, expected %d to %d", have, a.min, a.max)
}

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
		for j := range n {
			if member[rest[j]]&sets[p.Set] == 0 {
				return a.fault(BadCharacter, "may not hold %+q", rest[j:j+1])
			}
		}
		if p.rule != nil {
			if code, message := p.rule(rest[:n]); code != "" {
				return a.fault(code, "%s", message)
			}
		}
		rest = rest[n:]
	}
	if rest != "" {
		return a.wrongLength(len(value))
	}
	return nil
}

// rule checks what a part's characters mean; an empty code means that they are right.
type rule func(part string) (code, message string)

var rules = map[string]rule{
	"cd10":  checkMod10,
	"date0": checkDate,
}

func checkMod10(part string) (code, message string) {
	last := len(part) - 1
	if want := CheckDigit(part[:last]); part[last] != want {
		return BadCheckDigit, fmt.Sprintf("%s has a wrong check digit: expected %c, got %c", part, want, part[last])
	}
	return "", ""
}

// checkDate checks YYMMDD, where day 00 stands for the last of the month. Of
// the years that two digits can mean today, those divisible by four are leap
// years, so the date of today is not needed.
func checkDate(part string) (code, message string) {
	if !IsDate(prefix(part), prefix(part[2:]), prefix(part[4:])) {
		return BadDate, fmt.Sprintf("%s is no date: expected year, month, day, two digits each", part)
	}
	return "", ""
}

// IsDate reports whether there is such a day. The year has two digits; day 0
// stands for the last of the month.
func IsDate(year, month, day int) bool {
	days := [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	if year%4 == 0 {
		days[2] = 29
	}
	return year >= 0 && year <= 99 && month >= 1 && month <= 12 && day >= 0 && day <= days[month]
}

// CheckDigit is GS1's mod 10 check digit for the digits before it: weights
// 3, 1, 3, 1 from the right (GS1 General Specifications, 7.9.1).
func CheckDigit[T ~string | ~[]byte](digits T) byte {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += weight * int(digits[i]-'0')
		weight = 4 - weight
	}
	return '0' + byte((10-sum%10)%10)
}

// Digits reports whether a text is decimal digits and nothing else.
func Digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// In reports whether a character is in a set: 'n' digits, 'x' CSET 82, 'y'
// CSET 39, 'z' base64url.
func In(set, c byte) bool { return member[c]&sets[set] != 0 }

// The character sets of GS1 General Specifications, 7.11, as bits.
var sets = [256]uint8{'n': 1, 'x': 2, 'y': 4, 'z': 8}

var member = func() (m [256]uint8) {
	const digits, upper, lower = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
	for set, characters := range map[byte]string{
		'n': digits,
		'x': digits + upper + lower + "!\"%&'()*+,-./:;<=>?_",
		'y': digits + upper + "#-/",
		'z': digits + upper + lower + "-_=",
	} {
		for _, c := range strings.Split(characters, "") {
			m[c[0]] |= sets[set]
		}
	}
	return m
}()
