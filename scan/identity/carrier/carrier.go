// Package carrier recognises tracking numbers by their form and check digit.
//
// All formats are tried and every match is kept, because forms collide: a
// number can be a valid one of two carriers. Today these are the formats whose
// check digit makes a chance match unlikely, UPS 1Z and the S10 of the postal
// union; further carriers are further rows of formats.
//
// Numbers are compared the way they stand in the bars. On paper they are
// printed in groups, so spaces and hyphens are dropped and letters made upper
// case before anything else.
package carrier

import "strings"

// Match is a carrier that a number belongs to.
type Match struct {
	Carrier string // the first part of the unit's key, such as "ups"
	Service string // empty if the number does not say, or we do not know
	Number  string // without spaces, upper case
	Checked bool   // a check digit was there and is right
}

// Near is a number that has a carrier's form and not its check digit.
type Near struct {
	Carrier   string
	Name      string // for people
	Number    string
	Want, Got byte
}

// format is one carrier's one way to write a number.
type format struct {
	carrier, name string
	length        int
	form          func(number string) bool
	check         func(number string) (want, got byte)
	service       func(number string) string
}

var formats = []format{
	{"ups", "UPS", 18, isUPS, checkUPS, serviceUPS},
	{"s10", "postal (S10)", 13, isS10, checkS10, nil},
}

// longest is the longest text that can be a tracking number, spaces included.
const longest = 64

// Find returns every carrier that a text is a number of. If there is none,
// near may say which one it would be with another check digit.
func Find(text string) (matches []Match, near *Near) {
	if len(text) > longest {
		return nil, nil
	}
	number := fold(text)
	for i := range formats {
		f := &formats[i]
		if len(number) != f.length || !f.form(number) {
			continue
		}
		want, got := f.check(number)
		if want != got {
			if near == nil {
				near = &Near{f.carrier, f.name, number, want, got}
			}
			continue
		}
		m := Match{Carrier: f.carrier, Number: number, Checked: true}
		if f.service != nil {
			m.Service = f.service(number)
		}
		matches = append(matches, m)
	}
	if matches != nil {
		return matches, nil
	}
	return nil, near
}

// fold brings a printed number into the form it has in the bars. What is in
// that form already is not copied.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, text)
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
