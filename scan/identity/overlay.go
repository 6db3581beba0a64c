package identity

import (
	"fmt"
	"strings"

	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/gs1"
)

// overlay finds the carriers' numbers in a GS1 symbol. AIs 90 to 99 are every
// company's own, so what stands there is a carrier's only if its check digit
// is right:
//
//	00 34…                    DHL Paket (the key is that of the SSCC)
//	92 to 95, also behind 420 USPS: AI and value are the number
//	96                        FedEx Ground: the same
//	91                        USPS, or Australia Post beside its GTIN
func overlay(elements []gs1.Element) (found []carrier.Match, broken *Error) {
	for _, e := range elements {
		who := ""
		switch ai := e.AI(); ai {
		case "00":
			if strings.HasPrefix(e.Value(), "34") {
				who = "dhl"
			}
		case "91":
			if gtin, _ := gs1.Find(elements, "01"); gtin == ausPostGTIN {
				m, err := ausPost(e.Value())
				if err != nil {
					return nil, err
				}
				found = append(found, m)
				continue
			}
			who = "usps"
		case "92", "93", "94", "95":
			who = "usps"
		case "96":
			who = "fedex"
		}
		if who == "" {
			continue
		}
		var buf [8]carrier.Match
		for _, m := range carrier.Append(buf[:0], e.AI()+e.Value()) {
			if m.Carrier == who && m.Evidence == carrier.CheckPrefix {
				found = append(found, m)
			}
		}
	}
	return found, nil
}

// ausPostGTIN stands on every parcel of Australia Post, and so names none.
const ausPostGTIN = "99312650999998"

// ausPost reads an article of Australia Post: its own number, or an SSCC. It
// can be nothing else, so a wrong check digit is an error.
func ausPost(value string) (carrier.Match, *Error) {
	var buf [8]carrier.Match
	for _, m := range carrier.Append(buf[:0], value) {
		if m.Checked() && (m.Carrier == "auspost" || m.SSCC()) {
			m.Carrier, m.Service, m.Evidence = "auspost", "eParcel", carrier.CheckPrefix
			return m, nil
		}
	}
	return carrier.Match{}, &Error{gs1.BadCheckDigit, fmt.Sprintf("%+q is no article of Australia Post: expected 21 or 23 characters or an SSCC, with the right check digit", value)}
}
