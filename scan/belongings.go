package scan

import "slices"

// This file tells what is known of a unit's belongings: to the screen, in the
// hand, and to the board.

// held is who asked last that a unit be kept, if nobody released it since.
func (f *Floor) held(u *unit) *Held {
	var word, why *sighted
	for i := range u.seen {
		switch s := &u.seen[i]; {
		case s.void || s.scan.Mark == "":
		case s.scan.Mark == Exception:
			if why == nil || s.moment().after(why.moment()) {
				why = s
			}
		case word == nil || s.moment().after(word.moment()):
			word = s
		}
	}
	if word == nil || word.scan.Mark != Hold {
		return nil
	}
	h := &Held{Unit: u.key, Said: markView(word).Said}
	if why != nil {
		h.Reason = why.scan.Reason
	}
	return h
}

func markView(s *sighted) MarkView {
	return MarkView{Mark: s.scan.Mark, Reason: s.scan.Reason,
		Said: SaidView{Station: s.station.name, At: s.number.At, Checkpoint: s.scan.Checkpoint, Device: s.scan.Device, Operator: s.scan.Operator}}
}

// One reports whether identifiers are one unit's already.
func (f *Floor) One(ids []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recall(ids)
	u := f.known(ids[0])
	return u != nil && !slices.ContainsFunc(ids, func(id string) bool { return f.known(id) != u })
}

// Instead lists the identifiers that some would no longer be one unit with, if
// they became one with each other.
func (f *Floor) Instead(ids []string) (all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recall(ids)
	for _, id := range ids {
		u := f.known(id)
		if u == nil {
			continue
		}
		for _, had := range u.all() {
			clash := func(id string) bool { return id != had && KeyKind(id) == KeyKind(had) }
			if slices.ContainsFunc(ids, clash) && !slices.Contains(all, had) {
				all = append(all, had)
			}
		}
	}
	return all
}

// Link is a link that holds, for who takes it back.
type Link struct {
	Number Number
	*Linked
}

// LinksOf lists the links that an identifier is one unit with others by.
func (f *Floor) LinksOf(id string) (all []Link) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recall([]string{id})
	k, u := f.knots[id], f.known(id)
	if k == nil || u == nil {
		return nil
	}
	for _, t := range k.ties {
		if !t.on || f.known(t.other(id)) != u {
			continue
		}
		for _, l := range t.links {
			if !f.isUndone(l.number) && !slices.ContainsFunc(all, func(o Link) bool { return o.Linked == l.Linked }) {
				all = append(all, Link{l.number, l.Linked})
			}
		}
	}
	return all
}

// Box is what is known of a container.
type Box struct {
	Contents []string // keys of what is inside, and was seen
	Closed   bool     // and nothing was put in since
	Held     *Held    // one of them is held
}

// BoxOf is what is known of a container now.
func (f *Floor) BoxOf(id string) (b Box) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recall([]string{id})
	u := f.known(id)
	if u == nil {
		return Box{}
	}
	f.recallInside(u)
	for _, v := range f.inside(u) {
		b.Contents = append(b.Contents, v.key)
		if h := f.held(v); h != nil && b.Held == nil {
			b.Held = h
		}
	}
	boxes := f.boxesOf(u)
	shut, ok := f.end(boxes, Close, false, moment{at: lastTime})
	b.Closed = ok
	for _, x := range boxes {
		for _, p := range x.puts {
			if !f.isUndone(p.move.number) && p.move.moment().after(shut) {
				b.Closed = false
			}
		}
	}
	return b
}

// Within is the container that a unit is in now, by any of its identifiers;
// empty if it is in none.
func (f *Floor) Within(ids []string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recall(ids)
	return f.within(f.as(ids[0], ids[1:]))
}

func (f *Floor) within(u *unit) string {
	stays := f.stays(u)
	if n := len(stays); n > 0 && stays[n-1].out.epoch == "" {
		return stays[n-1].container.key
	}
	return ""
}

// belongings adds to a unit's view what it belongs to.
func (f *Floor) belongings(u *unit, v *UnitView) {
	for _, id := range u.all() {
		k := f.knots[id]
		if k == nil {
			continue
		}
		for _, t := range k.ties {
			for _, l := range t.links {
				t := f.tieView(l)
				if !slices.ContainsFunc(v.Links, func(o TieView) bool { return o.ID == t.ID }) {
					v.Links = append(v.Links, t)
				}
			}
		}
	}
	slices.SortFunc(v.Links, func(a, b TieView) int { return a.Said.compare(a.ID, b.Said, b.ID) })
	for _, id := range u.all() {
		for _, m := range f.moves[id] {
			v.Packing = append(v.Packing, PackView{ID: ScanID(m.number), Container: f.keyOf(m.Container), Action: m.Action, Undone: f.undoneView(m.number),
				Said: SaidView{m.station.name, m.number.At, m.Checkpoint, m.Device, m.Operator}})
		}
	}
	slices.SortFunc(v.Packing, func(a, b PackView) int { return a.Said.compare(a.ID, b.Said, b.ID) })
	v.Inside = f.within(u)
	for _, c := range f.inside(u) {
		v.Contents = append(v.Contents, c.key)
	}
	slices.Sort(v.Contents)
}

func (f *Floor) tieView(l *linkage) TieView {
	undone := f.undoneView(l.number)
	apart := slices.ContainsFunc(l.IDs, func(id string) bool { return f.keyOf(id) != f.keyOf(l.IDs[0]) })
	return TieView{ID: ScanID(l.number), IDs: l.IDs, How: l.How, Instead: l.Instead, Undone: undone, Overruled: undone == nil && apart,
		Said: SaidView{l.station.name, l.number.At, l.Checkpoint, l.Device, l.Operator}}
}

func (f *Floor) undoneView(n Number) *SaidView {
	by, is := f.undone[ref{n.Epoch, n.Seq}]
	if !is {
		return nil
	}
	return &SaidView{Station: by.station.name, At: by.number.At, Operator: by.operator}
}

// keyOf is the key of the unit behind an identifier, or the identifier.
func (f *Floor) keyOf(id string) string {
	if u := f.known(id); u != nil {
		return u.key
	}
	return id
}
