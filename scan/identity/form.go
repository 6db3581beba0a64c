package identity

import (
	"slices"

	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/plate"
)

// form is everything that a code can be by its form. Each thing has a number:
// the carriers' from 0 on, then article and plate. It is a plain value without
// pointers into itself, so that it stays off the heap.
type form struct {
	room    [article]carrier.Match
	n       int
	gtin    string      // the code, if it can be an article
	plate   plate.Plate // if it can be one
	isPlate bool
	aim     string
}

const (
	article = 16 + iota
	licence
	things
)

// read finds everything that a code can be: numbers of carriers, plates, and,
// where the symbology is not known, GTINs. In an Interleaved 2 of 5 a GTIN has
// 14 digits.
func (f *form) read(code, aim string) {
	f.aim = aim
	f.n = copy(f.room[:], carrier.Append(f.room[:0], code))
	if isITF(aim) {
		f.n = len(slices.DeleteFunc(f.room[:f.n], func(m carrier.Match) bool { return !m.ITF }))
	}
	if n := len(code); (aim == "" && (n == 8 || n >= 12 && n <= 14) || isITF(aim) && n == 14) && gs1.Digits(code) {
		if want, got := checkDigit(code); want == got {
			f.gtin = code
		}
	}
	f.plate, f.isPlate = plate.Parse(code)
}

func (f *form) matches() []carrier.Match { return f.room[:f.n] }

// match is the carrier's number that a thing is, nil if it is none.
func (f *form) match(at int) *carrier.Match {
	if at >= f.n {
		return nil
	}
	return &f.room[at]
}

// evidence of a thing, or what is worse than any if it is not there or names
// no unit.
func (f *form) evidence(at int) carrier.Evidence {
	switch {
	case at < f.n && !f.room[at].Routing():
		return f.room[at].Evidence
	case at == article && f.gtin != "":
		return carrier.Check
	case at == licence && f.isPlate && f.plate.SSCC:
		return carrier.CheckPrefix
	case at == licence && f.isPlate:
		return carrier.Prefix
	}
	return carrier.Length + 1
}

func (f *form) kind(at int) Kind {
	switch {
	case at == article:
		return EAN
	case at == licence || f.room[at].Plate():
		return Plate
	case f.room[at].SSCC() && f.aim == "":
		return GS1
	}
	return Carrier
}

func (f *form) key(at int) string {
	switch at {
	case article:
		return gtinKey(f.gtin)
	case licence:
		return f.plate.Key()
	}
	return f.room[at].Key()
}

// same reports whether two things have the same key.
func (f *form) same(a, b int) bool {
	if a < f.n && b < f.n {
		return f.room[a].Same(&f.room[b])
	}
	return f.key(a) == f.key(b)
}
