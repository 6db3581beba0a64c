package gs1

import (
	"cmp"
	"slices"
	"strings"
)

// Pairs judges which AIs need and exclude each other, over everything that is
// known of one unit: the elements of one symbol or of all its symbols, in any
// order. The errors are in the order of the AIs, none if all is well. A pair
// that excludes each other is told once. An AI with two values is a conflict
// here too, since all symbols of a unit form one message.
//
// Elements with an AI that the table does not have are passed over.
func Pairs(elements []Element) []*Error {
	var few [8]*AI
	ais, conflict := few[:0], false
	for i, e := range elements {
		if a := find(e.AI()); a != nil {
			ais = append(ais, a)
			earlier, _ := Find(elements[:i+1], e.AI())
			conflict = conflict || earlier != e.Value()
		}
	}
	if !conflict && !slices.ContainsFunc(ais, func(a *AI) bool { return a.excluded(ais) != nil || !a.served(ais) }) {
		return nil // as nearly always
	}
	return broken(elements)
}

// broken tells the pairs that break a rule.
func broken(elements []Element) []*Error {
	var ais []*AI
	var errs []*Error
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, func(a, b Element) int { return cmp.Compare(a.AI(), b.AI()) })
	for i, e := range sorted {
		a := find(e.AI())
		switch {
		case a == nil:
		case len(ais) == 0 || ais[len(ais)-1] != a:
			ais = append(ais, a)
		case sorted[i-1].Value() != e.Value() && (len(errs) == 0 || *errs[len(errs)-1] != *a.conflict()):
			errs = append(errs, a.conflict())
		}
	}
	for i, a := range ais {
		for j, b := range ais {
			if i != j && a.excludes(b) && (j > i || !b.excludes(a)) {
				errs = append(errs, a.fault(ExcludedPair, "must not be there together with %s", b.name()))
			}
		}
		if !a.served(ais) {
			errs = append(errs, a.fault(RequiredPair, "needs %s too", a.list()))
		}
	}
	return errs
}

func (a *AI) conflict() *Error {
	return a.fault(ConflictingRepeat, "is there twice with different values")
}

// excluded is one that must not be there beside a.
func (a *AI) excluded(ais []*AI) *AI {
	for _, b := range ais {
		if a.excludes(b) {
			return b
		}
	}
	return nil
}

func (a *AI) excludes(b *AI) bool {
	for _, p := range a.against {
		if a != b && p.matches(b.Code) {
			return true
		}
	}
	return false
}

// served reports whether a has what it needs.
func (a *AI) served(ais []*AI) bool {
	for _, group := range a.needs {
		if a.hasAll(ais, group) {
			return true
		}
	}
	return len(a.needs) == 0
}

// hasAll reports whether a whole group is there beside a.
func (a *AI) hasAll(ais []*AI, group []pattern) bool {
next:
	for _, p := range group {
		for _, b := range ais {
			if a != b && p.matches(b.Code) {
				continue next
			}
		}
		return false
	}
	return true
}

// pattern is an AI in which n at the end stands for any digits.
type pattern struct {
	start  string
	length int
}

func patterns(codes []string) (all []pattern) {
	for _, code := range codes {
		all = append(all, pattern{strings.TrimRight(code, "n"), len(code)})
	}
	return all
}

func (p pattern) matches(code string) bool {
	return len(code) == p.length && strings.HasPrefix(code, p.start)
}

// list writes the groups for a person: "(01) with (21) or (253)".
func (a *AI) list() string {
	var groups []string
	for _, group := range a.Needs {
		groups = append(groups, "("+strings.Join(group, ") with (")+")")
	}
	return strings.Join(groups, " or ")
}
