package identity

import (
	"errors"
	"strings"

	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/gs1"
)

// The warnings that go with a guess. They are in the answer, so that a wrong
// guess can be traced to the scanner that sends no identifiers.
const (
	guessedSSCC     = "no symbology identifier: read as SSCC by its form"
	guessedGTIN     = "no symbology identifier: read as GTIN by its form"
	guessedGS1      = "no symbology identifier: read as GS1 by its separators"
	guessedBrackets = "no symbology identifier: read as GS1 by its brackets"
	plainSSCC       = "not a GS1 symbol: read as SSCC by its form"
	lostSeparator   = "missing_separator_suspected: none between the postcode (420) and the number behind it"
	namesNothing    = "this GS1 symbol names no unit: no SSCC, GTIN, GRAI or GIAI in it"
)

// readGS1 reads what a GS1 symbol holds.
func (i *Identifier) readGS1(code string) Result {
	elements, err := gs1.Parse(code)
	if err != nil {
		// FNC1 between postcode and number is often lost on the way to us. The
		// number's own check digit proves that nothing else was.
		if elements, ok := splitUSPS(code); ok {
			r, _ := i.readElements(elements)
			r.Warnings = append(r.Warnings, lostSeparator)
			return r
		}
		return gs1Fault(err)
	}
	r, _ := i.readElements(elements)
	return r
}

func gs1Fault(err error) Result {
	if broken, ok := errors.AsType[*gs1.Error](err); ok {
		return fault(GS1, broken.Code, broken.Message)
	}
	return fault(GS1, BadInput, err.Error())
}

// readElements says which unit elements name. It is the logistic unit if they
// name one, else a carrier's parcel, else the item, else a returnable or other
// asset. A GTIN beside an SSCC or a serial number is no identifier of the unit:
// thousands of units share it, and would become one.
//
// A broken pair rule is told, and the unit stands: a label has several symbols,
// and what one of them lacks may stand in another.
func (i *Identifier) readElements(elements []gs1.Element) (r Result, named bool) {
	r = Result{Kind: GS1, GS1: elements, Warnings: gs1.Suspect(elements)}
	if pairs := gs1.Pairs(elements); len(pairs) > 0 {
		r.Error = &Error{pairs[0].Code, pairs[0].Message}
	}
	found, err := overlay(elements)
	if err != nil {
		return Result{Kind: GS1, Error: err, Fault: err.Message}, false
	}
	r.Carriers = i.tell(found)
	if sscc, ok := gs1.Find(elements, "00"); ok {
		r.name("sscc:" + sscc)
	}
	for n := range found {
		r.name(found[n].Key())
		r.also(&found[n], true)
	}
	gtin, ok := gs1.Find(elements, "01")
	serial, serialised := gs1.Find(elements, "21")
	grai, returnable := gs1.Find(elements, "8003")
	giai, asset := gs1.Find(elements, "8004")
	switch {
	case ok && serialised:
		r.name("sgtin:" + gtin + "." + serial)
	case r.Unit != "":
	case ok:
		r.name("gtin:" + gtin)
	case returnable:
		r.name("grai:" + grai)
	case asset:
		r.name("giai:" + giai)
	default:
		r.Unit = TextKey(gs1.Build(elements))
		r.Warnings = append(r.Warnings, namesNothing)
		return r, false
	}
	return r, true
}

// name gives the unit its key, or one more of them.
func (r *Result) name(key string) {
	switch {
	case key == "" || key == r.Unit:
	case r.Unit == "":
		r.Unit = key
	case r.IDs == nil:
		r.IDs = []string{r.Unit, key}
	default:
		for _, known := range r.IDs {
			if known == key {
				return
			}
		}
		r.IDs = append(r.IDs, key)
	}
}

// guessGS1 reads a code with separators from a device that sends no AIM
// identifier. Separators and a key with its check digit are witnesses enough;
// without such a key, or with a GIAI, which has none, they are just control
// characters in a text.
func (i *Identifier) guessGS1(code string) Result {
	if elements, err := gs1.Parse(code); err == nil {
		if r, named := i.readElements(elements); named && !strings.HasPrefix(r.Unit, "giai:") {
			r.Warnings = append(r.Warnings, guessedGS1)
			return r
		}
	}
	return fault(Text, Unreadable, "unreadable bytes: "+excerpt(code, strings.IndexByte(code, gs1.GS)))
}

// readWritten reads what people write and link to: a Digital Link, and, where
// nobody says that it was a bar code, an element string with brackets. In the
// bars the brackets are never.
func (i *Identifier) readWritten(code, aim string) (Result, bool) {
	if strings.Contains(code, "://") {
		elements, is, err := gs1.ParseLink(code)
		if !is {
			return Result{}, false
		}
		if err != nil {
			return gs1Fault(err), true
		}
		r, _ := i.readElements(elements)
		return r, true
	}
	if aim == "" && len(code) > 4 && code[0] == '(' {
		if elements, err := gs1.ParseBracketed(code); err == nil {
			r, _ := i.readElements(elements)
			r.Warnings = append(r.Warnings, guessedBrackets)
			return r, true
		}
	}
	return Result{}, false
}

// splitUSPS splits postcode and number where the separator between them was
// lost.
func splitUSPS(code string) ([]gs1.Element, bool) {
	if !strings.HasPrefix(code, "420") {
		return nil, false
	}
	var buf [8]carrier.Match
	for _, m := range carrier.Append(buf[:0], code) {
		if at := len(code) - len(m.Number); m.Carrier == "usps" && m.Evidence == carrier.CheckPrefix && code[at:] == m.Number {
			return []gs1.Element{{"420", code[3:at]}, {m.Number[:2], m.Number[2:]}}, true
		}
	}
	return nil, false
}
