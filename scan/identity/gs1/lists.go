package gs1

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed codes.txt
var codesText string

// The lists that values are looked up in. What stands beside a number is what
// people know it by.
var (
	countries, countries2 = loadPairs("country")
	currencies, _         = loadPairs("currency")
	packages, _           = loadPairs("package")
)

// loadPairs reads a list of codes.txt: by the number, and by what stands behind it.
func loadPairs(name string) (byNumber, byName map[string]string) {
	_, rest, _ := strings.Cut(codesText, "\n="+name+"\n")
	rest, _, _ = strings.Cut(rest, "\n\n")
	byNumber, byName = map[string]string{}, map[string]string{}
	for entry := range strings.FieldsSeq(rest) {
		number, short := entry, ""
		if name != "package" {
			number, short = entry[:3], entry[3:]
		}
		byNumber[number], byName[short] = short, number
	}
	return byNumber, byName
}

var isCountry = inList(countries, BadCountry, "country of ISO 3166")

func inList(list map[string]string, code, what string) rule {
	return func(part string) (string, string) {
		if _, ok := list[part]; ok {
			return "", ""
		}
		return code, fmt.Sprintf("has %q, which is no %s", part, what)
	}
}

// checkCountryOrMany checks a country, or 999 for several.
func checkCountryOrMany(part string) (code, message string) {
	if part == "999" {
		return "", ""
	}
	return isCountry(part)
}

// checkIBAN checks an account number of ISO 13616: a country, and a remainder
// of 1 after division by 97 with the first four characters at the end (ISO 7064).
func checkIBAN(part string) (code, message string) {
	const shortest = 11
	if len(part) < shortest {
		return BadIBAN, fmt.Sprintf("has %d characters, an IBAN has at least %d", len(part), shortest)
	}
	if _, ok := countries2[part[:2]]; !ok {
		return BadIBAN, fmt.Sprintf("has %q, which is no country of ISO 3166", part[:2])
	}
	sum := 0
	for i := range len(part) {
		switch c := part[(i+4)%len(part)]; {
		case isDigit(c):
			sum = (sum*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			sum = (sum*100 + int(c-'A') + 10) % 97
		default:
			return BadIBAN, fmt.Sprintf("may not hold %+q", string(c))
		}
	}
	if sum != 1 {
		return BadIBAN, "has wrong check digits: expected an account number whose remainder by 97 is 1"
	}
	return "", ""
}
