package carrier

// Symbol finds the numbers in a two-dimensional symbol of a carrier, whose
// fields stand between separators: the MaxiCode of UPS, the PDF417 of FedEx.
//
//	96841706672 · 840 · 003 · 1Z12345677 · UPSN · 12345E · …          UPS
//	02976240 · 840 · 19 · 7835379907530201 · FDEB · …                FedEx
//	                      │           └─ the number of a form
//	                      └─ the tracking number
//
// What stands where is not published, and printers differ. So places are not
// relied on: what has a carrier's form and its check digit is its number. The
// fields hold telephone numbers and references too, so only forms that these
// carriers print there count. Every number is reported once.
func Symbol(fields []string) []Match {
	var found []Match
	add := func(m Match) {
		for i := range found {
			if found[i].Same(&m) {
				return
			}
		}
		found = append(found, m)
	}
	for i, field := range fields {
		if m, is := shortUPS(fields, i); is {
			add(m)
		}
		if len(field) == 12+4 && isDigits(field) && checkFedEx(field[:12]) {
			add(Match{Carrier: "fedex", Service: "Express", Number: field[:12], Evidence: Check})
		}
		for _, m := range Find(field) {
			switch {
			case m.Evidence != CheckPrefix:
			case m.Carrier == "ups" && len(m.Number) == 18, m.Carrier == "fedex" && !m.SSCC(), m.Carrier == "usps" && len(m.Number) >= 22, m.Carrier == "s10":
				add(m)
			}
		}
	}
	return found
}

// shortUPS puts together a number that is written short: 1Z and its last eight
// digits. Its shipper stands in a field of six characters and its service is
// the last two digits of the class of service, the three digits before it. The
// check digit covers all of it, and so proves it.
func shortUPS(fields []string, at int) (Match, bool) {
	short := Fold(fields[at])
	if len(short) != 10 || short[:2] != "1Z" || !isDigits(short[2:]) {
		return Match{}, false
	}
	class := ""
	for _, field := range fields[:at] {
		if len(field) == 3 && isDigits(field) {
			class = field[1:]
		}
	}
	if class == "" {
		return Match{}, false
	}
	for i, field := range fields {
		shipper := Fold(field)
		if i == at || len(shipper) != 6 {
			continue
		}
		for _, m := range Find("1Z" + shipper + class + short[2:]) {
			if m.Evidence == CheckPrefix {
				return m, true
			}
		}
	}
	return Match{}, false
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
