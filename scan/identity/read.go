package identity

import (
	"errors"
	"fmt"
	"strings"

	"scanpost/scan"
	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/command"
	"scanpost/scan/identity/gs1"
)

// The warnings that go with a guess. They are in the event, so that a wrong
// guess can be traced to the scanner that sends no identifiers.
const (
	guessedSSCC = "no symbology identifier: read as SSCC by its form"
	guessedGTIN = "no symbology identifier: read as GTIN by its form"
	guessedGS1  = "no symbology identifier: read as GS1 by its separators"
)

// readGS1 reads an element string. Its unit is the logistic unit if it names
// one, else the item, else a returnable or other asset. A GTIN beside an SSCC or a serial number is no identifier
// of the unit: thousands of units share it, and would become one.
func readGS1(code string) Result {
	elements, err := gs1.Parse(code)
	if err != nil {
		if broken, ok := errors.AsType[*gs1.Error](err); ok {
			return fault(GS1, broken.Code, broken.Message)
		}
		return fault(GS1, BadInput, err.Error())
	}
	r := Result{Kind: GS1, GS1: elements}
	if sscc, ok := gs1.Find(elements, "00"); ok {
		r.Unit = "sscc:" + sscc
	}
	gtin, ok := gs1.Find(elements, "01")
	serial, serialised := gs1.Find(elements, "21")
	grai, returnable := gs1.Find(elements, "8003")
	giai, asset := gs1.Find(elements, "8004")
	switch {
	case ok && serialised:
		item := "sgtin:" + gtin + "." + serial
		if r.Unit == "" {
			r.Unit = item
		} else {
			r.IDs = []string{r.Unit, item}
		}
	case r.Unit != "":
	case ok:
		r.Unit = "gtin:" + gtin
	case returnable:
		r.Unit = "grai:" + grai
	case asset:
		r.Unit = "giai:" + giai
	default:
		r.Unit = TextKey(strings.TrimSuffix(code, string(gs1.GS)))
		r.Warnings = []string{"this GS1 symbol names no unit: no SSCC, GTIN, GRAI or GIAI in it"}
	}
	return r
}

// guessGS1 reads a code with separators from a device that sends no AIM
// identifier. Separators and a key with its check digit are witnesses enough;
// without such a key, or with a GIAI, which has none, they are just control
// characters in a text.
func guessGS1(code string) Result {
	if r := readGS1(code); r.Fault == "" && r.Warnings == nil && !strings.HasPrefix(r.Unit, "giai:") {
		r.Warnings = []string{guessedGS1}
		return r
	}
	return fault(Text, Unreadable, "unreadable bytes: "+excerpt(code, strings.IndexByte(code, gs1.GS)))
}

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
		return fault(EAN, gs1.BadCharacter, "an EAN has digits only")
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

// readCommand reads a command card. Cards are printed in a few symbologies; the
// same text in any other, such as on a carrier's label, never acts.
func (i Identifier) readCommand(code, aim string) Result {
	switch scan.SymbologyOf(aim) {
	case "code-128", "qr", "datamatrix", "code-39":
	default:
		if aim != "" {
			return fault(Command, NotOurCommand, command.ErrNotOurs.Error())
		}
	}
	c, err := command.Parse(i.CommandKey, code)
	switch {
	case errors.Is(err, command.ErrUnknown):
		return fault(Command, UnknownCommand, err.Error())
	case err != nil:
		return fault(Command, NotOurCommand, err.Error())
	}
	return Result{Kind: Command, Command: &c}
}

// readCarrier reads a tracking number. One whose check digit is wrong may be
// anything that merely looks like it (or be mistyped), so it stays a text, with
// the error beside it.
func readCarrier(code string) (Result, bool) {
	matches, near := carrier.Find(code)
	if near != nil {
		return Result{Unit: TextKey(code), Kind: Text, Error: &Error{gs1.BadCheckDigit,
			fmt.Sprintf("looks like a %s number, but its check digit is wrong: expected %c, got %c", near.Name, near.Want, near.Got)}}, true
	}
	if matches == nil {
		return Result{}, false
	}
	r := Result{Unit: matches[0].Carrier + ":" + matches[0].Number, Kind: Carrier}
	r.Carriers = make([]CarrierMatch, len(matches))
	for n, m := range matches {
		r.Carriers[n] = CarrierMatch{m.Carrier, m.Service, m.Checked}
	}
	return r, true
}

// guessDigits reads bare digits by length and check digit, where the symbology
// is not known, and the 14 digits of an ITF-14. Where it is known to be
// another one, such as plain Code 128, digits are a text: one number in ten
// passes the check by chance.
func guessDigits(code, aim string) (Result, bool) {
	itf := strings.HasPrefix(aim, "]I")
	if aim != "" && !itf || !gs1.Digits(code) {
		return Result{}, false
	}
	number, isSSCC := code, len(code) == 18
	if len(code) == 20 && code[:2] == "00" {
		number, isSSCC = code[2:], true
	}
	if want, got := checkDigit(number); want != got {
		return Result{}, false
	}
	switch {
	case isSSCC && !itf:
		return Result{Unit: "sscc:" + number, Kind: GS1, GS1: []gs1.Element{{"00", number}}, Warnings: []string{guessedSSCC}}, true
	case itf && len(code) == 14:
		return Result{Unit: gtinKey(code), Kind: EAN}, true
	case !itf && (len(code) == 8 || len(code) >= 12 && len(code) <= 14):
		return Result{Unit: gtinKey(code), Kind: EAN, Warnings: []string{guessedGTIN}}, true
	}
	return Result{}, false
}

// gtinKey fills a GTIN-8, -12 or -13 up to 14 digits with zeros in front,
// which leaves the check digit right.
func gtinKey(digits string) string { return "gtin:" + "00000000000000"[len(digits):] + digits }

func checkDigit(number string) (want, got byte) {
	last := len(number) - 1
	return gs1.CheckDigit(number[:last]), number[last]
}
