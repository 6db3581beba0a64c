package scan

import (
	"slices"
	"sort"
	"time"
)

// This file is what is inside what. A scan of a container counts for what was
// inside at that time. Such a scan is not kept with the unit: it is found when
// the unit is looked at, so that it is there whatever came first.

// move is a unit that went into a container or came out, or what was done with
// all of a container.
type move struct {
	station *station
	number  Number
	*Packed
}

func (m *move) moment() moment {
	return moment{m.station.observed(m.number.Epoch, m.number.Seq, m.number.At), m.number.Epoch, m.number.Seq}
}

// box is what was done with one container, under one of its identifiers.
type box struct {
	ends []*move // when all was taken out, when it was closed, and when filling began
	puts []put   // what ever went in, by time

	first *move // the first that put something in or began to, of those not taken back
}

// begin notes that something was put in, or that filling began.
func (b *box) begin(f *Floor, m *move) {
	if !f.isUndone(m.number) && (b.first == nil || b.first.moment().after(m.moment())) {
		b.first = m
	}
}

// begun finds anew what was first.
func (b *box) begun(f *Floor) {
	b.first = nil
	for _, m := range b.ends {
		if m.Action == PutIn {
			b.begin(f, m)
		}
	}
	for i := range b.puts {
		b.begin(f, b.puts[i].move)
	}
}

// put is an entry of a box. Its time is as it was when the entry was made, and
// drifts from the true one by less than puzzle before it is set anew.
type put struct {
	when time.Time
	id   string
	move *move
}

// puzzle is within what time two stations' clocks may disagree on what was
// first without the list of a box being made anew. Judgement itself does not
// rest on it: it only says how far around a time to look.
const puzzle = time.Minute

// deepest is how many containers may be inside each other.
const deepest = 8

// packed takes in what was done with a container, or that it was taken back.
func (f *Floor) packed(s *station, ev Event, e *Packed) {
	f.belonging(s)
	if e.Container == "" {
		return
	}
	if e.Undo != "" {
		if !f.undo(s, ev.Number, e.Undo, e.Operator) {
			return
		}
	} else if !f.moved(&move{s, ev.Number, e}) {
		return // said before
	}
	when := s.observed(ev.Epoch, ev.Seq, ev.At)
	if e.Undo != "" {
		when = time.Time{} // it may have been long ago
	}
	for _, id := range e.Contents {
		if u := f.known(id); u != nil {
			f.touch(u)
			f.stir(u, when)
		}
	}
	// Of what only went in the container itself knows no more than when it began.
	b, c := f.boxes[e.Container], f.known(e.Container)
	if e.Undo != "" && b != nil {
		b.begun(f)
	}
	if c != nil && (e.Action != PutIn || e.Undo != "" || b.first != nil && b.first.number == ev.Number) {
		f.touch(c)
		if e.Action == AllOut || e.Action == Close {
			f.stir(c, when)
		}
	}
}

// moved keeps a move, unless it is known.
func (f *Floor) moved(m *move) bool {
	same := func(o *move) bool { return o.number.Epoch == m.number.Epoch && o.number.Seq == m.number.Seq }
	b := f.boxes[m.Container]
	if b == nil {
		b = &box{}
		f.boxes[m.Container] = b
		f.touch(f.unit(m.Container)) // also if it is never scanned itself: it may be inside another
	}
	if m.Action == AllOut || m.Action == Close || m.Action == PutIn && len(m.Contents) == 0 {
		if slices.ContainsFunc(b.ends, same) {
			return false
		}
		if b.ends = append(b.ends, m); m.Action == PutIn {
			b.begin(f, m)
		}
		return true
	}
	fresh := false
	for _, id := range m.Contents {
		if !Tracked(id) || id == m.Container || slices.ContainsFunc(f.moves[id], same) {
			continue
		}
		fresh = true
		f.moves[id] = append(f.moves[id], m)
		if m.Action == PutIn {
			p := put{m.moment().at, id, m}
			at := sort.Search(len(b.puts), func(i int) bool { return b.puts[i].when.After(p.when) })
			b.puts = slices.Insert(b.puts, at, p)
			b.begin(f, m)
		}
	}
	return fresh
}

// boxesOf are what was done with a unit as a container.
func (f *Floor) boxesOf(u *unit) (all []*box) {
	if len(f.boxes) == 0 {
		return nil
	}
	if b := f.boxes[u.key]; b != nil {
		all = append(all, b)
	}
	for _, id := range u.ids {
		if b := f.boxes[id]; b != nil {
			all = append(all, b)
		}
	}
	return all
}

// end finds the first, or the last, end of one kind that a unit's boxes have
// on one side of a moment.
func (f *Floor) end(boxes []*box, a Action, after bool, than moment) (found moment, ok bool) {
	for _, b := range boxes {
		for _, m := range b.ends {
			if m.Action != a || f.isUndone(m.number) {
				continue
			}
			if now := m.moment(); now.after(than) == after && (!ok || now.after(found) != after) {
				found, ok = now, true
			}
		}
	}
	return found, ok
}

// stir looks again at what is inside a unit that was scanned, or that was done
// something with, at a time or later.
func (f *Floor) stir(u *unit, since time.Time) { f.stirred(u, since, nil) }

func (f *Floor) stirred(u *unit, since time.Time, above []*unit) {
	boxes := f.boxesOf(u)
	if len(boxes) == 0 || len(above) == deepest || slices.Contains(above, u) {
		return
	}
	above = append(above, u)
	var from time.Time // what went in before it came out again before
	if !since.IsZero() {
		if out, ok := f.end(boxes, AllOut, false, moment{at: since.Add(-puzzle)}); ok {
			from = out.at.Add(-puzzle)
		}
	}
	for _, b := range boxes {
		at := sort.Search(len(b.puts), func(i int) bool { return b.puts[i].when.After(from) })
		for _, p := range b.puts[at:] {
			if v := f.known(p.id); v != nil {
				f.touch(v)
				f.stirred(v, since, above)
			}
		}
	}
}

// movesOf are a unit's ways into containers and out of them, those that were
// not taken back, oldest first.
func (f *Floor) movesOf(u *unit) (all []*move) {
	if len(f.moves) == 0 {
		return nil
	}
	take := func(id string) {
		for _, m := range f.moves[id] {
			if !f.isUndone(m.number) {
				all = append(all, m)
			}
		}
	}
	take(u.key)
	for _, id := range u.ids {
		take(id)
	}
	if len(all) > 1 {
		slices.SortFunc(all, func(a, b *move) int { return a.moment().compare(b.moment()) })
	}
	return all
}

// stay is a time that a unit was inside a container.
type stay struct {
	in        *move
	container *unit
	closed    moment // zero: it was never closed
	out       moment // zero: it is still there
}

// stays are when a unit was inside what.
func (f *Floor) stays(u *unit) (all []stay) {
	moves := f.movesOf(u)
	for i, m := range moves {
		c := f.known(m.Container)
		if m.Action != PutIn || c == nil || c == u {
			continue
		}
		s := stay{in: m, container: c}
		for _, later := range moves[i+1:] {
			if later.Action == PutIn || f.known(later.Container) == c {
				s.out = later.moment()
				break
			}
		}
		boxes, in := f.boxesOf(c), m.moment()
		if out, ok := f.end(boxes, AllOut, true, in); ok && (s.out.epoch == "" || s.out.after(out)) {
			s.out = out
		}
		if shut, ok := f.end(boxes, Close, true, in); ok && (s.out.epoch == "" || s.out.after(shut)) {
			s.closed = shut
		}
		all = append(all, s)
	}
	return all
}

// inferred are the scans of containers that count for a unit: those that were
// made while it was inside and the container closed.
func (f *Floor) inferred(u *unit, above []*unit) (all []sighted) {
	if len(f.moves) == 0 || len(above) == deepest || slices.Contains(above, u) {
		return nil
	}
	for _, stay := range f.stays(u) {
		if stay.closed.epoch == "" {
			continue
		}
		within := func(s *sighted) {
			if m := s.moment(); s.counts() && m.after(stay.closed) && (stay.out.epoch == "" || stay.out.after(m)) {
				all = append(all, *s)
			}
		}
		for i := range stay.container.seen {
			s := stay.container.seen[i]
			s.inferred = stay.container.key
			within(&s)
		}
		outer := f.inferred(stay.container, append(above, u))
		for i := range outer {
			within(&outer[i])
		}
	}
	return all
}

// begins is from which step of the journey on a unit can be missed: a pallet or
// a carton comes into being where something is first put into it. Of a tote,
// which goes round and round, none.
func (f *Floor) begins(u *unit) int {
	boxes, again := f.boxesOf(u), reusable(u.key)
	var first *move
	for _, b := range boxes {
		if b.first != nil && (first == nil || first.moment().after(b.first.moment())) {
			first = b.first
		}
		for i := 0; again && first == nil && i < len(b.ends); i++ {
			if !f.isUndone(b.ends[i].number) {
				first = b.ends[i]
			}
		}
	}
	switch {
	case first == nil:
		return 0
	case again:
		return len(u.journey.Steps)
	}
	if step := u.journey.step(first.Checkpoint); step >= 0 {
		return step
	}
	begin, in := len(u.journey.Steps), first.moment()
	for i := range u.seen {
		if s := &u.seen[i]; s.counts() && !in.after(s.moment()) {
			if step := u.journey.step(s.scan.Checkpoint); step >= 0 {
				begin = min(begin, step)
			}
		}
	}
	return begin
}

// emptied is when all was last taken out of a container that is used again and
// again; scans before then are of another round.
func (f *Floor) emptied(u *unit) (moment, bool) {
	if !reusable(u.key) {
		return moment{}, false
	}
	return f.end(f.boxesOf(u), AllOut, false, moment{at: lastTime})
}

// lastTime is later than anything.
var lastTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// inside lists the units that are in a container now.
func (f *Floor) inside(c *unit) (all []*unit) {
	boxes := f.boxesOf(c)
	out, _ := f.end(boxes, AllOut, false, moment{at: lastTime})
	met := map[*unit]bool{nil: true}
	for _, b := range boxes {
		for _, p := range b.puts {
			v := f.known(p.id)
			if met[v] || f.isUndone(p.move.number) || !p.move.moment().after(out) {
				continue
			}
			met[v] = true
			if moves := f.movesOf(v); len(moves) > 0 && moves[len(moves)-1].Action == PutIn && f.known(moves[len(moves)-1].Container) == c {
				all = append(all, v)
			}
		}
	}
	return all
}

// recast makes the times in the boxes anew, since a clock has moved, and looks
// again at everything that was ever moved.
func (f *Floor) recast() {
	for _, b := range f.boxes {
		for i := range b.puts {
			b.puts[i].when = b.puts[i].move.moment().at
		}
		slices.SortStableFunc(b.puts, func(a, b put) int { return a.when.Compare(b.when) })
		b.begun(f)
	}
	for id := range f.moves {
		if u := f.known(id); u != nil {
			f.touch(u)
		}
	}
}

// belonging notes that a station says what belongs together. What it has not
// said yet may be that a scan under another name was of this unit.
func (f *Floor) belonging(s *station) {
	if slices.Contains(f.tying, s) {
		return
	}
	f.tying = append(f.tying, s)
	for _, u := range f.units {
		f.touch(u)
	}
}
