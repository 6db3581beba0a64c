package scan

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// This file makes units of identifiers: which of them are one thing's, by all
// links and labels that are known and not taken back. It is the same whatever
// order they came in: the newest is believed first, and what would give a unit
// a second identifier of one kind is overruled. So a carrier's label that was
// put on another parcel belongs to that one from then on, and to the first again
// if the newer link is taken back. Newest is by the stations' own clocks, which
// do not change with what else is heard.

// moment is when something was said, and what was said: no two are equal.
type moment struct {
	at    time.Time
	epoch string
	seq   uint64
}

func (m moment) compare(n moment) int {
	return cmp.Or(m.at.Compare(n.at), strings.Compare(m.epoch, n.epoch), cmp.Compare(m.seq, n.seq))
}

func (m moment) after(n moment) bool { return m.compare(n) > 0 }

// said is a moment on the station's own clock.
func said(n Number) moment { return moment{n.At, n.Epoch, n.Seq} }

// ref names an event.
type ref struct {
	epoch string
	seq   uint64
}

// undoing is who took an event back.
type undoing struct {
	station  *station
	number   Number
	operator string
}

// linkage is a link as the floor remembers it.
type linkage struct {
	station *station
	number  Number
	*Linked
}

// tie is why two identifiers are one unit's.
type tie struct {
	a, b  string
	label moment // of the newest code that carried both; zero if there was none
	links []*linkage
	last  moment // of both, the newest that was not taken back
	on    bool   // there is one
}

func (t *tie) other(id string) string {
	if id == t.a {
		return t.b
	}
	return t.a
}

// knot is what ties an identifier to others.
type knot struct {
	ties   []*tie
	on     int  // how many of them hold
	common bool // too many for one unit's: a test label, or an order of many parcels. It names nothing
}

// mostTies is how many others an identifier can be tied with and still name
// one unit: one of each kind, and many a label that was made anew.
const mostTies = 32

// labelled ties what one code carried.
func (f *Floor) labelled(s *station, e *Scan, n Number) {
	for _, id := range e.IDs {
		if id == e.Unit || !Tracked(id) || !Tracked(e.Unit) {
			continue
		}
		t := f.tie(e.Unit, id)
		if now := said(n); now.after(t.label) {
			t.label = now
			f.retie(t)
		}
	}
}

// linked takes in a link, or that one was taken back.
func (f *Floor) linked(s *station, ev Event, e *Linked) {
	f.belonging(s)
	if e.Undo != "" {
		if !f.undo(s, ev.Number, e.Undo, e.Operator) {
			return
		}
	}
	var ties []*tie
	for i := 1; i < len(e.IDs); i++ {
		if a, b := e.IDs[0], e.IDs[i]; a != b && Tracked(a) && Tracked(b) {
			ties = append(ties, f.tie(a, b))
		}
	}
	for _, t := range ties {
		same := func(l *linkage) bool { return l.number.Epoch == ev.Epoch && l.number.Seq == ev.Seq }
		if e.Undo == "" && !slices.ContainsFunc(t.links, same) {
			t.links = append(t.links, &linkage{s, ev.Number, e})
		}
		f.retie(t)
	}
}

// undo notes that an event was taken back. What it was may come later.
func (f *Floor) undo(s *station, n Number, id, operator string) bool {
	epoch, seq, ok := CutID(id)
	if !ok {
		return false
	}
	r := ref{epoch, seq}
	if old, twice := f.undone[r]; !twice || said(old.number).after(said(n)) {
		f.undone[r] = undoing{s, n, operator}
	}
	return true
}

func (f *Floor) isUndone(n Number) bool {
	if len(f.undone) == 0 {
		return false
	}
	_, is := f.undone[ref{n.Epoch, n.Seq}]
	return is
}

// tie finds what is known of two identifiers, or makes it.
func (f *Floor) tie(a, b string) *tie {
	a, b = min(a, b), max(a, b)
	ka, kb := f.knot(a), f.knot(b)
	if len(kb.ties) < len(ka.ties) {
		ka = kb
	}
	for _, t := range ka.ties {
		if t.a == a && t.b == b {
			return t
		}
	}
	t := &tie{a: a, b: b}
	f.knots[a].ties, f.knots[b].ties = append(f.knots[a].ties, t), append(f.knots[b].ties, t)
	return t
}

func (f *Floor) knot(id string) *knot {
	k := f.knots[id]
	if k == nil {
		k = &knot{}
		f.knots[id] = k
	}
	return k
}

// newest is when a tie was last said of those times that stand, or false.
func (f *Floor) newest(t *tie) (moment, bool) {
	last, on := t.label, t.label.epoch != ""
	for _, l := range t.links {
		if m := said(l.number); !f.isUndone(l.number) && (!on || m.after(last)) {
			last, on = m, true
		}
	}
	return last, on
}

// retie makes the units anew that a tie may have changed.
func (f *Floor) retie(t *tie) {
	before := t.last
	last, on := f.newest(t)
	t.last = last
	if u := f.known(t.a); on && t.on && !before.after(last) && u != nil && u == f.known(t.b) {
		return // said once more of what is one unit already
	}
	starts := []string{t.a, t.b}
	if on != t.on {
		t.on = on
		for _, id := range [...]string{t.a, t.b} {
			k := f.knots[id]
			if on {
				k.on++
			} else {
				k.on--
			}
			if common := k.on > mostTies; common != k.common {
				k.common = common
				for _, o := range k.ties {
					starts = append(starts, o.other(id))
				}
			}
		}
	}
	f.regroup("", starts...)
}

// regroup makes the units of some identifiers anew, and of all that they may
// have been or become one with. What was seen stays with the identifier it was
// seen under. An identifier that is being seen just now has a unit in any case.
func (f *Floor) regroup(seen string, starts ...string) {
	ids, ties := f.around(starts)
	groups := groups(ids, ties)
	var old []*unit
	same := true
	for _, g := range groups {
		for _, id := range g {
			u := f.known(id)
			if u != nil && !slices.Contains(old, u) {
				old = append(old, u)
			}
			same = same && id != seen && (u == nil && f.known(g[0]) == nil || u != nil && u.key == g[0] && len(u.ids) == len(g)-1)
		}
	}
	if same {
		return
	}
	of := map[string]int{}
	for n, g := range groups {
		for _, id := range g {
			of[id] = n
		}
	}
	scans := make([][]sighted, len(groups))
	for _, u := range old {
		delete(f.units, u.key)
		for _, id := range u.ids {
			delete(f.alias, id)
		}
		for _, s := range u.seen {
			scans[of[s.scan.Unit]] = append(scans[of[s.scan.Unit]], s)
		}
	}
	for n, g := range groups {
		if len(scans[n]) == 0 && !slices.ContainsFunc(g, func(id string) bool { return id == seen || f.boxes[id] != nil }) {
			continue
		}
		at := slices.IndexFunc(old, func(u *unit) bool { return u.key == g[0] })
		var u *unit
		if at < 0 {
			u = f.newUnit(g[0])
		} else {
			u = old[at]
			old = slices.Delete(old, at, at+1)
		}
		u.seen, u.ids = scans[n], slices.Clone(g[1:])
		f.units[u.key] = u
		for _, id := range u.ids {
			f.alias[id] = u
		}
		f.touch(u)
		f.stir(u, time.Time{})
	}
	for _, u := range old {
		f.dissolve(u)
	}
}

// around finds every identifier that some are tied with, over any number of
// others, and the ties.
func (f *Floor) around(starts []string) (ids []string, ties []*tie) {
	met := map[string]bool{}
	add := func(id string) {
		if !met[id] {
			met[id] = true
			ids = append(ids, id)
		}
	}
	for _, id := range starts {
		add(id)
	}
	for i := 0; i < len(ids); i++ {
		if u := f.known(ids[i]); u != nil { // as it was until now
			for _, id := range u.all() {
				add(id)
			}
		}
		k := f.knots[ids[i]]
		if k == nil || k.common {
			continue
		}
		for _, t := range k.ties {
			other := t.other(ids[i])
			if !t.on || f.knots[other].common {
				continue
			}
			add(other)
			if t.a == ids[i] {
				ties = append(ties, t)
			}
		}
	}
	return ids, ties
}

// groups divides identifiers into units, each with its key first.
func groups(ids []string, ties []*tie) [][]string {
	slices.SortFunc(ties, func(a, b *tie) int {
		return cmp.Or(b.last.compare(a.last), strings.Compare(a.a, b.a), strings.Compare(a.b, b.b))
	})
	group := make(map[string]*[]string, len(ids))
	for _, id := range ids {
		group[id] = &[]string{id}
	}
	for _, t := range ties {
		a, b := group[t.a], group[t.b]
		if a == b || twoOfAKind(*a, *b) {
			continue
		}
		*a = append(*a, *b...)
		for _, id := range *b {
			group[id] = a
		}
	}
	var all [][]string
	for _, id := range ids {
		g := group[id]
		if len(*g) == 0 {
			continue
		}
		slices.SortFunc(*g, func(a, b string) int {
			if before(a, b) {
				return -1
			}
			return 1
		})
		all = append(all, slices.Clone(*g))
		*g = (*g)[:0]
	}
	return all
}

// twoOfAKind reports whether two lists of identifiers can not be one unit's.
func twoOfAKind(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if KeyKind(x) == KeyKind(y) {
				return true
			}
		}
	}
	return false
}
