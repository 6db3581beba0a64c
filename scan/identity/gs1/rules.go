package gs1

import (
	"fmt"
	"strconv"
	"strings"
)

// rule checks what a part's characters mean; an empty code means that they are
// right. The characters are in the part's set already, and as many as it has.
type rule func(part string) (code, message string)

// rules are those that table.txt names. Each is one of the dictionary's.
var rules = map[string]rule{
	"cd10":   checkMod10,
	"cdpair": checkPair,
	"gcp1":   checkCompany,
	"gcp2":   func(part string) (string, string) { return checkCompany(part[min(1, len(part)):]) },

	"date0":  checkDate0,
	"date":   checkDate,
	"date8":  checkDate8,
	"hhmm":   checkClock,
	"hhmm99": checkClockOrNone,
	"hh":     upTo("23", BadTime, "hours"),
	"mm":     upTo("59", BadTime, "minutes"),
	"ss":     upTo("59", BadTime, "seconds"),

	"currency":   inList(currencies, BadCurrency, "currency of ISO 4217"),
	"country":    isCountry,
	"country999": checkCountryOrMany,
	"country2":   inList(countries2, BadCountry, "country of ISO 3166"),
	"package":    inList(packages, BadValue, "kind of package"),
	"iban":       checkIBAN,

	"latitude":  upTo("1800000000", BadPlace, "latitude"),
	"longitude": upTo("3600000000", BadPlace, "longitude"),
	"percent":   checkPercent,
	"pieces":    checkPieces,
	"sequence":  checkSequence,
	"coupon":    checkCoupon,
	"offer":     checkOffer,

	"yesno":    oneOf("01", "0 (no) or 1 (yes)"),
	"sex":      oneOf("0129", "a sex of ISO 5218: 0, 1, 2 or 9"),
	"winding":  oneOf("019", "a winding: 0, 1 or 9"),
	"minus":    oneOf("-", "a minus or nothing"),
	"zero":     oneOf("0", "0 in front"),
	"importer": oneOf("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", "an importer index: a letter, a digit, - or _"),
	"media":    checkMedia,
	"nonzero":  checkNonzero,
	"nozero":   checkNoZero,
	"nondigit": checkNondigit,
}

func oneOf(allowed, what string) rule {
	return func(part string) (string, string) {
		if len(part) == 1 && strings.Contains(allowed, part) {
			return "", ""
		}
		return BadValue, fmt.Sprintf("has %q, expected %s", part, what)
	}
}

// upTo compares numbers of as many digits as the largest has.
func upTo(largest, code, what string) rule {
	return func(part string) (string, string) {
		if part <= largest {
			return "", ""
		}
		return code, fmt.Sprintf("has the %s %s, at most %s", what, part, largest)
	}
}

func checkMod10(part string) (code, message string) {
	last := len(part) - 1
	if want := CheckDigit(part[:last]); part[last] != want {
		return BadCheckDigit, fmt.Sprintf("%s has a wrong check digit: expected %c, got %c", part, want, part[last])
	}
	return "", ""
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

func checkPair(part string) (code, message string) {
	if len(part) < 2 {
		return BadCheckPair, fmt.Sprintf("%q is too short for its check characters", part)
	}
	cut := len(part) - 2
	if want := CheckPair(part[:cut]); part[cut:] != want {
		return BadCheckPair, fmt.Sprintf("%s has wrong check characters: expected %s, got %s", part, want, part[cut:])
	}
	return "", ""
}

// CheckPair are GS1's two check characters of an alphanumeric key: the
// characters' numbers in CSET 82, times the primes from the right, modulo 1021
// (GS1 General Specifications, 7.9.5). The text is CSET 82 and at most 30 long.
func CheckPair(text string) string {
	primes := [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113}
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	sum := 0
	for i := range len(text) {
		sum += strings.IndexByte(cset82, text[i]) * primes[len(text)-1-i]
	}
	sum %= 1021
	return string([]byte{letters[sum>>5], letters[sum&31]})
}

// checkCompany asks for the four digits that the shortest company prefix has.
// How long a prefix is, and whose, only GS1 knows.
func checkCompany(part string) (code, message string) {
	if len(part) < 4 || !Digits(part[:4]) {
		return BadCompanyPrefix, fmt.Sprintf("has %q where a company prefix of at least 4 digits should be", part[:min(4, len(part))])
	}
	return "", ""
}

// checkPieces checks two digits each, the piece and of how many.
func checkPieces(part string) (code, message string) {
	if piece, total := part[:2], part[2:]; piece == "00" || piece > total {
		return BadPieces, fmt.Sprintf("says piece %s of %s", piece, total)
	}
	return "", ""
}

// checkSequence checks a position and of how many, as in 1/3.
func checkSequence(part string) (code, message string) {
	position, total, found := strings.Cut(part, "/")
	if n, m := number(position), number(total); !found || n < 1 || m < n || position[0] == '0' || total[0] == '0' {
		return BadValue, fmt.Sprintf("has %q, expected a position and of how many, as in 1/3", part)
	}
	return "", ""
}

// number is -1 for what is no number.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || !Digits(s) {
		return -1
	}
	return n
}

func checkMedia(part string) (code, message string) {
	if part >= "01" && part <= "10" || part >= "80" {
		return "", ""
	}
	return BadValue, fmt.Sprintf("has the media type %s, expected 01 to 10 or 80 to 99", part)
}

func checkNonzero(part string) (code, message string) {
	if strings.Trim(part, "0") == "" {
		return BadValue, fmt.Sprintf("has %s, which must not be zero", part)
	}
	return "", ""
}

func checkNoZero(part string) (code, message string) {
	if part[0] == '0' && part != "0" {
		return BadValue, fmt.Sprintf("has %s, which must not begin with 0", part)
	}
	return "", ""
}

func checkNondigit(part string) (code, message string) {
	if Digits(part) {
		return BadValue, fmt.Sprintf("has %s, expected at least one character that is no digit", part)
	}
	return "", ""
}

// checkPadding checks the = at the end of base64, as GS1's engine does: none,
// or one or two that fill up a multiple of three.
func checkPadding(part string) (code, message string) {
	data := strings.TrimRight(part, "=")
	pads := len(part) - len(data)
	if strings.Contains(data, "=") || pads > 2 || pads > 0 && len(part)%3 != 0 {
		return BadCharset, "has = where base64 has none"
	}
	return "", ""
}

// checkPercent checks that % begins an escape of two hex digits.
func checkPercent(part string) (code, message string) {
	if _, ok := unescape(part, false); !ok {
		return BadPercent, "has a % without the two hex digits of its escape"
	}
	return "", ""
}
