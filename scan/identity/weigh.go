package identity

import (
	"fmt"
	"slices"
	"strings"

	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/plate"
)

// weigh picks the one thing that a code is: the only key among those with the
// best evidence. The winner is -1 if there is none, and the best have a bit
// each, so that nothing is allocated.
//
// Before evidence counts who prints what: Identcodes are Interleaved 2 of 5 and
// nothing else is, UPS has its MaxiCode, FedEx its PDF417 and DPD its Aztec
// code. After that counts who comes to this site at all. Length alone is no
// evidence.
func (i *Identifier) weigh(f *form) (winner int, best uint32) {
	prints, evidence := f.printer(), carrier.Prefix
	for at := range things {
		is, m := f.evidence(at), f.match(at)
		switch {
		case is > evidence:
			continue
		case isITF(f.aim) && at >= f.n && at != article:
			continue
		case f.aim != "" && !isITF(f.aim) && m != nil && m.ITF:
			continue
		case prints != "" && (m == nil || m.Carrier != prints):
			continue
		case prints == "" && !i.comes(m):
			continue
		case is < evidence:
			evidence, best = is, 0
		}
		best |= 1 << at
	}
	winner = -1
	for at := range things {
		switch {
		case best&(1<<at) == 0:
		case winner < 0:
			winner = at
		case !f.same(at, winner):
			return -1, best
		}
	}
	return winner, best
}

// comes reports whether a carrier is on the site's list. A number that says
// itself whose it is needs no list, and GS1's keys and plates are everybody's.
func (i *Identifier) comes(m *carrier.Match) bool {
	return len(i.Carriers) == 0 || m == nil || m.Evidence == carrier.CheckPrefix || m.SSCC() || m.Plate() || slices.Contains(i.Carriers, m.Carrier)
}

// printer is the carrier that prints a symbology, if the code can be its.
func (f *form) printer() string {
	if len(f.aim) != 3 {
		return ""
	}
	who := ""
	switch f.aim[1] {
	case 'U':
		who = "ups"
	case 'L':
		who = "fedex"
	case 'z':
		who = "dpd"
	}
	for at := range f.n {
		if m := &f.room[at]; m.Carrier == who && m.Evidence <= carrier.Prefix {
			return who
		}
	}
	return ""
}

func isITF(aim string) bool { return strings.HasPrefix(aim, "]I") }

// readForm reads a code by its form: what the site expects, then the site's
// own patterns, then the best evidence.
func (i *Identifier) readForm(code, aim string) Result {
	var f form
	f.read(code, aim)
	own := i.own(code)
	winner, best := i.weigh(&f)
	switch expected, isOwn := i.expected(&f, own, code); {
	case isOwn:
	case expected >= 0:
		winner, own = expected, nil
	case own != nil && winner >= 0 && f.evidence(winner) <= carrier.Check && !own.BeatsCarriers:
		own = nil
	}
	var r Result
	switch {
	case own != nil:
		r = Result{Unit: own.Key + ":" + code, Kind: Text}
		r.name(TextKey(code)) // so it was before there was a pattern
	case winner >= 0:
		r = f.accept(winner, code)
	case best != 0:
		r = f.ambiguous(code, best)
	default:
		return i.readText(code, &f)
	}
	r.Carriers = i.tell(f.matches())
	return r
}

// expected finds the one thing that a code can be and that is expected, by the
// manifest. If two are, or none is, the manifest does not decide.
func (i *Identifier) expected(f *form, own *Pattern, code string) (found int, isOwn bool) {
	found = -1
	if i.Expected == nil {
		return found, false
	}
	if own != nil && i.Expected(own.Key+":"+code) {
		return found, true
	}
	for at := range things {
		switch {
		case f.evidence(at) > carrier.Length, found >= 0 && f.same(at, found), !i.Expected(f.key(at)):
		case found >= 0:
			return -1, false
		default:
			found = at
		}
	}
	return found, false
}

// accept makes the winner the unit.
func (f *form) accept(at int, code string) Result {
	r := Result{Unit: f.key(at), Kind: f.kind(at)}
	m := f.match(at)
	switch {
	case at == article && !isITF(f.aim):
		r.Warnings = []string{guessedGTIN}
	case at == licence && !f.plate.SSCC && len(f.plate.Number) >= 12: // people quote a plate without its J
		r.name(TextKey(f.plate.Number))
	case at >= f.n:
	case r.Kind == GS1:
		r.GS1, r.Warnings = []gs1.Element{{"00", m.Number}}, []string{guessedSSCC}
	case m.SSCC():
		r.Warnings = []string{plainSSCC}
	default:
		r.also(m, m.Number == code)
	}
	return r
}

// also gives a carrier's parcel its other keys. Another station may have less
// to go by: no symbology, no manifest, only the number that is short. There it
// may be no more than that text.
func (r *Result) also(m *carrier.Match, whole bool) {
	if m.Evidence != carrier.CheckPrefix || !whole {
		r.nameText(m.Number)
	}
	if key := m.Also(); key != "" {
		r.name(key)
		_, number, _ := strings.Cut(key, ":")
		r.nameText(number)
	}
}

// nameText makes the text of a number a key where the number alone, to who
// knows nothing else, is none of the unit's.
func (r *Result) nameText(number string) {
	var f form
	f.read(number, "")
	if plain, _ := new(Identifier).weigh(&f); plain < 0 || f.key(plain) != r.Unit && !slices.Contains(r.IDs, f.key(plain)) {
		r.name(TextKey(number))
	}
}

// ambiguous keeps a code that is two things at once as its text, as it stands
// in the bars.
func (f *form) ambiguous(code string, best uint32) Result {
	var names []string
	kind := Carrier
	for at := range things {
		if best&(1<<at) == 0 {
			continue
		}
		name := ""
		switch at {
		case article:
			name, kind = "an article (GTIN)", Text
		case licence:
			name = "a licence plate"
		default:
			name = f.room[at].Carrier
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return Result{Unit: TextKey(carrier.Fold(code)), Kind: kind, Warnings: []string{
		"ambiguous: can be of " + strings.Join(names, ", ") + "; kept as its text (a scanner that sends symbology identifiers, or the list of the carriers that come, would decide)",
	}}
}

// readText reads a code that nothing decides on: it is a text, unless it can
// only be something that came damaged or that names no unit.
func (i *Identifier) readText(code string, f *form) Result {
	matches := f.matches()
	if near, is := carrier.Damaged(code); is {
		return fault(Carrier, gs1.BadCheckDigit, fmt.Sprintf("%s number %s has a wrong check digit: expected %c, got %c", near.Name, near.Number, near.Want, near.Got))
	}
	if number, is := plate.Damaged(code); is {
		return fault(Plate, gs1.BadCheckDigit, fmt.Sprintf("SSCC %s of a licence plate has a wrong check digit: expected %c, got %c", number, gs1.CheckDigit(number[:17]), number[17]))
	}
	r := Result{Unit: TextKey(code), Kind: Text, Carriers: i.tell(matches)}
	if len(matches) > 0 && gs1.Digits(strings.ReplaceAll(code, " ", "")) { // a number as people write it
		r.Unit = TextKey(carrier.Fold(code))
	}
	for n := range matches {
		if !matches[n].Routing() {
			continue
		}
		if isITF(f.aim) {
			return fault(Carrier, RoutingCode, "a Leitcode says where a parcel goes and not which it is: scan the Identcode, the other code of the label")
		}
		r.Warnings = append(r.Warnings, "may be a Leitcode, which says where a parcel goes and names none")
	}
	if field, is := plate.Looks(code); is {
		r.Data = []plate.Field{field}
		r.Warnings = append(r.Warnings, fmt.Sprintf("looks like a field of a transport label (%s %s), which names no unit", field[0], plate.Title(field[0])))
	}
	return r
}

// tell lists the carriers for the answer.
func (i *Identifier) tell(matches []carrier.Match) []CarrierMatch {
	if len(matches) == 0 {
		return nil
	}
	told := make([]CarrierMatch, len(matches))
	for n := range matches {
		m := &matches[n]
		told[n] = CarrierMatch{Carrier: m.Carrier, Service: m.Service, Checked: m.Checked(), Evidence: m.Evidence, Number: m.Number}
		if m.Carrier == "usps" && len(i.Mailers) > 0 {
			if who := i.Mailers[carrier.Mailer(m.Number)]; who != "" {
				told[n].Service = who
			}
		}
	}
	return told
}
