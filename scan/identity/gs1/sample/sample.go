// Package sample makes GS1 data up: values that obey the rules of their AI, and
// values that break one. It is for tests, of package gs1 and of those that are
// asked the same as a second opinion.
package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"scanpost/scan/identity/gs1"
)

var all = gs1.All()

// Any is any AI.
func Any(r *rand.Rand) gs1.AI { return all[r.IntN(len(all))] }

// Element is an AI with a value that is right.
func Element(r *rand.Rand, ai gs1.AI) gs1.Element { return gs1.Element{ai.Code, Value(r, ai)} }

// Elements are so many elements with different AIs.
func Elements(r *rand.Rand, n int) []gs1.Element {
	elements := make([]gs1.Element, 0, n)
	for _, i := range r.Perm(len(all))[:n] {
		elements = append(elements, Element(r, all[i]))
	}
	return elements
}

// Value is a value that is right for its AI.
func Value(r *rand.Rand, ai gs1.AI) string {
	value := ""
	for _, p := range ai.Parts {
		if p.Optional && r.IntN(2) == 0 {
			break
		}
		value += part(r, p)
	}
	return value
}

// part is a value for one part: characters of its set, changed until they obey its rules.
func part(r *rand.Rand, p gs1.Part) string {
	text := random(r, p.Set, p.Min+r.IntN(p.Max-p.Min+1))
	for _, rule := range p.Rules { // company prefixes first: check digits are made over them
		if strings.HasPrefix(rule, "gcp") && p.Set != 'n' {
			text = company(r, text, p.Max)
		}
	}
	for _, rule := range p.Rules {
		if made := obey(r, rule, text); made != "" {
			text = made
		}
	}
	if p.Set == 'z' {
		text = strings.ReplaceAll(text, "=", "A")
	}
	return text
}

// obey makes a text obey a rule; it is empty if nothing is to be done.
func obey(r *rand.Rand, rule, text string) string {
	switch rule {
	case "cd10":
		return text[:len(text)-1] + string(gs1.CheckDigit(text[:len(text)-1]))
	case "cdpair":
		for gs1.Digits(text) || len(text) < 8 { // 8014 wants a letter too
			text = text[:min(4, len(text))] + random(r, 'x', 8)
		}
		return text[:len(text)-2] + gs1.CheckPair(text[:len(text)-2])
	case "date0":
		return fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), r.IntN(29))
	case "date":
		return fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))
	case "date8":
		return fmt.Sprintf("%04d%02d%02d", 1900+r.IntN(200), 1+r.IntN(12), 1+r.IntN(28))
	case "hhmm", "hhmm99":
		return fmt.Sprintf("%02d%02d", r.IntN(24), r.IntN(60))
	case "hh":
		return fmt.Sprintf("%02d", r.IntN(24))
	case "mm", "ss":
		return fmt.Sprintf("%02d", r.IntN(60))
	case "country", "country999":
		return pick(r, "276", "840", "380", "036", "004")
	case "country2":
		return pick(r, "DE", "US", "IT", "AU", "AF")
	case "currency":
		return pick(r, "978", "840", "756", "036")
	case "iban":
		return pick(r, "DE91100000000123456789", "FR7630006000011234567890189", "MU43BOMM0101123456789101000MUR", "BE71096123456769")
	case "package":
		return pick(r, "PX", "CT", "201", "8", "THE")
	case "media":
		return pick(r, "01", "10", "80", "99")
	case "latitude":
		return fmt.Sprintf("%010d", r.Int64N(1800000001))
	case "longitude":
		return fmt.Sprintf("%010d", r.Int64N(3600000001))
	case "percent":
		return pick(r, strings.ReplaceAll(text, "%", "_"), "Am+Tor%2012", "M%C3%BCller")
	case "pieces":
		total := 1 + r.IntN(99)
		return fmt.Sprintf("%02d%02d", 1+r.IntN(total), total)
	case "sequence":
		total := 1 + r.IntN(9)
		return fmt.Sprintf("%d/%d", 1+r.IntN(total), total)
	case "coupon":
		return coupon(r)
	case "offer":
		return pick(r, "0", "1") + sized(r, 0, 6, 6) + random(r, 'n', 6) + sized(r, 0, 9, 6)
	case "importer":
		return strings.ReplaceAll(random(r, 'z', 1), "=", "-")
	case "yesno":
		return pick(r, "0", "1")
	case "sex":
		return pick(r, "0", "1", "2", "9")
	case "winding":
		return pick(r, "0", "1", "9")
	case "minus":
		return "-"
	case "zero":
		return "0"
	case "nonzero", "nozero":
		return "1" + text[1:]
	}
	return ""
}

// coupon is a North American coupon with some of its optional fields.
func coupon(r *rand.Rand) string {
	purchase := func() string { return sized(r, 1, 5, 0) + pick(r, "0", "4", "9") + random(r, 'n', 3) }
	s := sized(r, 0, 6, 6) + random(r, 'n', 6) + sized(r, 1, 5, 0) + purchase()
	if r.IntN(4) == 0 {
		s += "1" + pick(r, "0", "3") + purchase() + pick(r, "9", sized(r, 0, 6, 6))
	}
	for _, option := range []string{"2" + purchase() + "9", "3281231", "4260101", "5" + sized(r, 0, 9, 6), "6" + sized(r, 1, 7, 6), "9" + pick(r, "0", "6") + "0" + "7" + "1"} {
		if r.IntN(3) == 0 && len(s)+len(option) <= 70 {
			s += option
		}
	}
	return s
}

// sized is a field behind the digit that says how long it is, beyond a least length.
func sized(r *rand.Rand, from, to, least int) string {
	n := from + r.IntN(to-from+1)
	return fmt.Sprint(n) + random(r, 'n', n+least)
}

func company(r *rand.Rand, text string, most int) string {
	text = random(r, 'n', 4) + text
	return text[:min(len(text), most)]
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// random is a text of characters of a set.
func random(r *rand.Rand, set byte, n int) string {
	text := make([]byte, 0, n)
	for len(text) < n {
		if c := byte(r.IntN(0x80)); gs1.In(set, c) {
			text = append(text, c)
		}
	}
	return string(text)
}

// Broken changes an element string in one place, as damage and mistakes do: a
// character is lost, doubled or another one, two change places, a piece is lost
// or comes from elsewhere. Often, and not always, that breaks a rule.
func Broken(r *rand.Rand, value string) string {
	b := []byte(value)
	at := 0
	if len(b) > 0 {
		at = r.IntN(len(b))
	}
	switch kind := r.IntN(6); {
	case len(b) == 0 || kind == 0:
		return value + random(r, 'x', 1)
	case kind == 1:
		return value[:at] + value[at+1:]
	case kind == 2:
		return value[:at] + value[at:at+1] + value[at:]
	case kind == 3 && at > 0:
		b[at], b[at-1] = b[at-1], b[at]
	case kind == 4:
		b[at] = byte(' ' + r.IntN(0x5f))
	default:
		b[at] = '0' + byte(r.IntN(10))
	}
	return string(b)
}
