package scan

import "slices"

// This file lets a station know a long past of its own without holding it in
// memory: of its own scans, those of an identifier are taken in when somebody
// asks about it (Rules.Recall), with those of everything that it turns out to
// be one with or to be inside of. All else that the station said is fed as
// ever, since it may concern any identifier. What is known in the end does not
// depend on the order, so it is the same as if all had been fed.
//
// Gaps are another matter: a floor that recalls finds those of units that
// somebody asked about. A board is fed with everything.

// recall takes in what Self scanned under some identifiers.
func (f *Floor) recall(ids []string) {
	if f.rules.Recall == nil {
		return
	}
	met := map[string]bool{}
	for todo := slices.Clone(ids); len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if met[id] || !Tracked(id) {
			continue
		}
		met[id] = true
		if _, done := f.recalled[id]; !done {
			if f.remembered { // until then there may be more
				f.recalled[id] = struct{}{}
			}
			for _, ev := range f.rules.Recall(id) {
				f.observe(ev, ev.At)
			}
		}
		if k := f.knots[id]; k != nil && !k.common {
			for _, t := range k.ties {
				todo = append(todo, t.other(id))
			}
		}
		for _, m := range f.moves[id] {
			todo = append(todo, m.Container)
		}
	}
}

// recallInside does the same for what may be in a container now.
func (f *Floor) recallInside(c *unit) {
	if f.rules.Recall == nil {
		return
	}
	boxes := f.boxesOf(c)
	out, _ := f.end(boxes, AllOut, false, moment{at: lastTime})
	var ids []string
	for _, b := range boxes {
		for _, p := range b.puts {
			if p.move.moment().after(out) {
				ids = append(ids, p.id)
			}
		}
	}
	f.recall(ids)
}
