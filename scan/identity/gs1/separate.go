package gs1

import "slices"

// Separate puts separators back that a scanner dropped, if there is exactly one
// way to do so: one splitting whose values are all right and in which every AI
// has what it needs and nothing it excludes. With none or several it returns
// false, and nobody can say what was there; see [Suspect].
//
// If what was printed obeys the rules, it is one of the ways, so the only way
// is what was printed. A label that breaks the rules can be misread.
func Separate(s string) (separated string, ok bool) {
	w := ways{text: s, steps: 10_000}
	w.walk(0, make([]Element, 0, 8))
	if len(w.found) != 1 || w.steps <= 0 {
		return "", false
	}
	return w.found[0], true
}

// ways is the search for all splittings.
type ways struct {
	text  string
	steps int // that may still be done; texts that need more are not worth it
	found []string
}

// walk goes on from an AI, with what was read before it.
func (w *ways) walk(at int, before []Element) {
	if at == len(w.text) {
		if way := Build(before); len(Pairs(before)) == 0 && !slices.Contains(w.found, way) {
			w.found = append(w.found, way)
		}
		return
	}
	a := leading(w.text[at:])
	if a == nil {
		return
	}
	start := at + len(a.Code)
	for n := a.min; n <= a.max && start+n <= len(w.text); n++ {
		if w.steps--; w.steps <= 0 || len(w.found) > 1 {
			return
		}
		value := w.text[start : start+n]
		if a.check(value) != nil {
			continue
		}
		if after, err := a.add(before, value); err == nil {
			w.walk(start+n, after)
		}
	}
}
