package scan

import "time"

// This file is what is remembered of one unit: its sightings, under all of its
// identifiers.

type unit struct {
	key     string
	ids     []string
	journey *Journey
	seen    []sighted
	gaps    map[int]string // every gap it ever had, by step
	passed  uint64         // steps with a valid scan, one bit each
	next    int            // the step it is on the way to, plus one; zero if none
}

// sighted is a scan of a unit as the floor remembers it. Its scan's Unit is the
// identifier that it came under, by which it goes another way again when a link
// is undone.
type sighted struct {
	station  *station
	number   Number
	scan     *Scan
	void     bool
	inferred string // the container that was scanned while the unit was inside; empty for the unit's own
}

func (s *sighted) at() time.Time {
	return s.station.observed(s.number.Epoch, s.number.Seq, s.number.At)
}

func (s *sighted) moment() moment { return moment{s.at(), s.number.Epoch, s.number.Seq} }

// counts reports whether the unit was there: the scan was not taken back, and
// is more than a word on another one.
func (s *sighted) counts() bool { return !s.void && s.scan.Mark == "" }

func (f *Floor) scanned(s *station, st *stream, ev Event, e *Scan, arrived time.Time) {
	if e.Training {
		return
	}
	if e.Verdict == NotUnderstood {
		st.unreadables++
		f.device(s, e.Device).Faults++
		return
	}
	f.serve(s, []string{e.Checkpoint})
	f.labelled(s, e, ev.Number)
	u := f.unit(e.Unit)
	known := false
	for i := range u.seen {
		if n := u.seen[i].number; n.Epoch == ev.Epoch && n.Seq == ev.Seq && u.seen[i].station == s {
			if u.seen[i].scan.Checkpoint != "" {
				return
			}
			// Taken back before it arrived: now we know what it was.
			u.seen[i].number, u.seen[i].scan = ev.Number, e
			known = true
		}
	}
	if !known {
		u.seen = append(u.seen, sighted{station: s, number: ev.Number, scan: e})
	}
	f.touch(u)
	if e.Mark != "" {
		return
	}
	f.stir(u, s.observed(ev.Epoch, ev.Seq, ev.At))
	st.scans++
	if ev.At.After(s.lastScan) {
		s.lastScan = ev.At
	}
	s.recent = append(s.recent, arrived)
	if len(s.recent) > 4096 {
		s.recent = append(s.recent[:0], s.recent[2048:]...)
	}
}

// known finds the unit behind any of its identifiers, or nil.
func (f *Floor) known(id string) *unit {
	if u := f.units[id]; u != nil {
		return u
	}
	return f.alias[id]
}

// unit finds the unit behind an identifier, or makes it.
func (f *Floor) unit(id string) *unit {
	if u := f.known(id); u != nil {
		return u
	}
	if f.knots[id] != nil { // linked before it was ever seen
		f.regroup(id, id)
		return f.known(id)
	}
	u := f.newUnit(id)
	f.units[id] = u
	return u
}

func (f *Floor) newUnit(key string) *unit {
	u := &unit{key: key}
	if Tracked(key) && len(f.rules.Journeys) > 0 {
		u.journey = &f.rules.Journeys[0]
	}
	return u
}

// all are the unit's identifiers, its key first.
func (u *unit) all() []string { return append([]string{u.key}, u.ids...) }

// dissolve lets go of a unit that is part of another now. Its gaps are judged
// there.
func (f *Floor) dissolve(u *unit) {
	if u.journey != nil {
		f.count(u, make([][]*sighted, len(u.journey.Steps)))
	}
	for _, id := range u.gaps {
		if g := f.gaps[id]; g.State != Closed {
			f.shut(g, ClosedBelongs, "", f.now)
		}
	}
	delete(f.touched, u)
	u.journey, u.seen, u.gaps = nil, nil, nil // who still waits for it finds nothing to judge
}

func (f *Floor) voided(s *station, v *Void) {
	if v.Unit == "" {
		return // of a rehearsal, or of a code that was not understood
	}
	// The scan it takes back may still be on its way: remember the unit.
	u := f.unit(v.Unit)
	found := false
	for i := range u.seen {
		if u.seen[i].station == s && ScanID(u.seen[i].number) == v.Scan {
			u.seen[i].void, found = true, true
			f.stir(u, u.seen[i].at())
		}
	}
	if !found {
		f.later(u, s, v)
	}
	f.touch(u)
}

// later keeps a void whose scan has not arrived: a sighting without a scan.
func (f *Floor) later(u *unit, s *station, v *Void) {
	epoch, seq, ok := CutID(v.Scan)
	if !ok {
		return
	}
	u.seen = append(u.seen, sighted{station: s, number: Number{Epoch: epoch, Seq: seq}, scan: &Scan{Unit: v.Unit}, void: true})
}
