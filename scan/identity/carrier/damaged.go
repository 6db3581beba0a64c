package carrier

// Near is a number that has a carrier's form and not its check digit.
type Near struct {
	Carrier   string
	Name      string // for people
	Number    string
	Want, Got byte
}

// Damaged recognises a number that can be nothing else but one of a carrier,
// and whose check digit is wrong: it was mistyped or came damaged. There are
// only a few forms that leave no doubt: 1Z of UPS, the postal union's with a
// country that exists, and USPS's with 92 to 95 in front, or 420 and a
// postcode. Anything else is more likely not a tracking number at all.
func Damaged(text string) (Near, bool) {
	if len(text) > longest {
		return Near{}, false
	}
	n := Fold(text)
	if len(n) >= len(byLength) {
		return Near{}, false
	}
	var bits [len(byLength)]uint64
	all := ^uint64(0)
	for i := range len(n) {
		bits[i] = symbols[n[i]]
		all &= kinds[n[i]]
	}
	for _, s := range byLength[len(n)] {
		if s.sure == nil || !s.fits(bits[:len(n)], all) || s.check(n) {
			continue
		}
		if near, is := s.sure(n[s.from:]); is && near.Want != near.Got {
			near.Carrier = s.carrier
			return near, true
		}
	}
	return Near{}, false
}

func sureUPS(n string) (Near, bool) {
	return Near{Name: "UPS", Number: n, Want: sumUPS(n[2:17]), Got: n[17]}, true
}

func sureS10(n string) (Near, bool) {
	return Near{Name: "postal (S10)", Number: n, Want: sumS10(n), Got: n[10]}, issues(n)
}

func sureUSPS(n string) (Near, bool) {
	last := len(n) - 1
	return Near{Name: "USPS", Number: n, Want: mod10(n[:last]), Got: n[last]}, true
}
