package gs1

import "strings"

// The codes that the warnings of [Suspect] begin with.
const (
	MissingSeparator = "missing_separator_suspected"
	NoTime           = "no_time"
)

// Suspect tells what breaks no rule and is odd all the same. Each warning
// begins with its code: "missing_separator_suspected: …" where a value looks as
// if it had swallowed the elements behind it, and "no_time: …" where a delivery
// has a date and no time of day.
//
// A lost separator can not be proven: 10B7717280229 is a lot number, or a lot
// number and the date of its expiry. It is suspected where the end of a value
// is an element with a date or a check digit that is right, and whatever
// follows is elements too. One random number in a hundred looks so if it has 20
// digits, and one in five hundred if it has 10.
func Suspect(elements []Element) []string {
	var warnings []string
	for _, e := range elements {
		a := find(e.AI())
		switch {
		case a == nil:
		case (e.AI() == "4324" || e.AI() == "4325") && strings.HasSuffix(e.Value(), noTime):
			warnings = append(warnings, NoTime+": "+a.name()+" says 9999 in place of a time of day")
		case a.Predefined || a.min == a.max || a.Code[0] == '9': // 90 to 99 hold numbers of every kind
		default:
			if swallowed := a.swallowed(e.Value()); swallowed != "" {
				warnings = append(warnings, MissingSeparator+": "+a.name()+" ends with "+swallowed+", which looks like an element of its own")
			}
		}
	}
	return warnings
}

// explain adds to the error of a value that a lost separator would explain it.
func (a *AI) explain(err error, value string) error {
	const longest = 256 // a value and what a label has room for behind it
	if a.Predefined || len(value) > longest {
		return err
	}
	if swallowed := a.swallowed(value); swallowed != "" {
		if e, ok := err.(*Error); ok {
			return &Error{e.Code, e.Message + "; perhaps a separator was lost before " + swallowed}
		}
	}
	return err
}

// swallowed finds the elements that a value may end with, and writes them with
// brackets. Only as much as a value may have is searched, which is not much.
func (a *AI) swallowed(value string) string {
	for at := max(a.min, 1); at < len(value) && at <= a.max; at++ {
		rest := value[at:]
		if b := leading(rest); b == nil || !b.Predefined || !b.telling() || b.check(rest[len(b.Code):min(len(b.Code)+b.max, len(rest))]) != nil {
			continue
		}
		if elements, err := parse(rest, false); err == nil && a.check(value[:at]) == nil {
			return Bracketed(elements)
		}
	}
	return ""
}

// telling reports whether chance seldom makes a value of the AI.
func (a *AI) telling() bool { return len(a.Parts[0].Rules) > 0 }
