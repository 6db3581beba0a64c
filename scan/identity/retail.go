package identity

import (
	"fmt"
	"strings"

	"scanpost/scan/identity/gs1"
)

// readRetail reads EAN-13, UPC-A, UPC-E (most scanners expand it to 13 digits)
// and EAN-8. What stands beside the number on the label, an add-on or the
// second part of a composite, names no other thing and is left out. The check digit was checked by the scanner; a wrong one here
// means that the code was damaged on its way to us.
func readRetail(code, aim string) Result {
	var warnings []string
	switch {
	case aim == "]E1" || aim == "]E2":
		return Result{Unit: TextKey(code), Kind: Text, Warnings: []string{"an add-on without its EAN"}}
	case aim == "]E3" && (len(code) == 13+2 || len(code) == 13+5):
		code, warnings = code[:13], []string{"the add-on of the EAN is left out"}
	default:
		if at := strings.Index(code, "|]e"); at >= 0 {
			code, warnings = code[:at], []string{"the composite part beside the EAN is left out"}
		}
		for _, at := range [...]int{13, 12, 8} { // some scanners send the add-on with an identifier of its own
			if len(code) > at+3 && (code[at:at+3] == "]E1" || code[at:at+3] == "]E2") {
				code, warnings = code[:at], []string{"the add-on of the EAN is left out"}
				break
			}
		}
	}
	if !gs1.Digits(code) {
		return fault(EAN, gs1.BadCharset, "an EAN has digits only")
	}
	if full, ok := expandUPCE(code); ok && aim != "]E4" && aim != "]XC" {
		code = full
	}
	if n := len(code); n != 13 && n != 12 && n != 8 || n != 8 && aim == "]E4" {
		return fault(EAN, gs1.BadLength, fmt.Sprintf("an EAN of %d digits, expected 13, 12 or 8", n))
	}
	if want, got := checkDigit(code); want != got {
		return fault(EAN, gs1.BadCheckDigit, fmt.Sprintf("EAN %s has a wrong check digit: expected %c, got %c", code, want, got))
	}
	return Result{Unit: gtinKey(code), Kind: EAN, Warnings: warnings}
}

// expandUPCE gives the 12 digits of a UPC-A that a UPC-E of 8 stands for: the
// last of its six digits says where the zeros were. It is one only if the
// check digit, which is that of the 12, agrees; an EAN-8 looks the same.
func expandUPCE(code string) (string, bool) {
	if len(code) != 8 || code[0] != '0' && code[0] != '1' {
		return "", false
	}
	d, full := code[1:7], ""
	switch last := d[5]; last {
	case '0', '1', '2':
		full = d[:2] + string(last) + "0000" + d[2:5]
	case '3':
		full = d[:3] + "00000" + d[3:5]
	case '4':
		full = d[:4] + "00000" + d[4:5]
	default:
		full = d[:5] + "0000" + string(last)
	}
	full = code[:1] + full + code[7:]
	want, got := checkDigit(full)
	return full, want == got
}

// gtinKey fills a GTIN-8, -12 or -13 up to 14 digits with zeros in front,
// which leaves the check digit right.
func gtinKey(digits string) string { return "gtin:" + "00000000000000"[len(digits):] + digits }

func checkDigit(number string) (want, got byte) {
	last := len(number) - 1
	return gs1.CheckDigit(number[:last]), number[last]
}
