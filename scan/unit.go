package scan

import (
	"slices"
	"time"
)

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

// sighted is a scan of a unit as the floor remembers it.
type sighted struct {
	station *station
	number  Number
	scan    *Scan
	void    bool
}

func (s *sighted) at() time.Time {
	return s.station.observed(s.number.Epoch, s.number.Seq, s.number.At)
}

func (f *Floor) scanned(s *station, st *stream, ev Event, e *Scan, arrived time.Time) {
	if e.Verdict == NotUnderstood {
		st.unreadables++
		f.device(s, e.Device).Faults++
		return
	}
	f.serve(s, []string{e.Checkpoint})
	u := f.unit(e.Unit, e.IDs)
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
	st.scans++
	if ev.At.After(s.lastScan) {
		s.lastScan = ev.At
	}
	s.recent = append(s.recent, arrived)
	if len(s.recent) > 4096 {
		s.recent = append(s.recent[:0], s.recent[2048:]...)
	}
	f.touch(u)
}

// unit finds the unit behind a key, or makes it.
func (f *Floor) unit(key string, ids []string) *unit {
	u := f.units[key]
	if u == nil {
		u = f.alias[key]
	}
	if u == nil {
		u = &unit{key: key}
		if Tracked(key) && len(f.rules.Journeys) > 0 {
			u.journey = &f.rules.Journeys[0]
		}
		f.units[key] = u
	}
	for _, id := range ids {
		if id == u.key || !Tracked(id) || !Tracked(u.key) || slices.Contains(u.ids, id) {
			continue
		}
		v := f.units[id]
		if v == nil {
			v = f.alias[id]
		}
		if v != nil && v != u {
			f.join(u, v)
			continue
		}
		u.ids = append(u.ids, id)
		f.alias[id] = u
	}
	return u
}

// join makes one unit of two that turned out to be the same.
func (f *Floor) join(u, v *unit) {
	if v.journey != nil {
		f.count(v, make([][]*sighted, len(v.journey.Steps)))
	}
	for _, id := range v.gaps {
		if g := f.gaps[id]; g.State != Closed {
			f.shut(g, ClosedArrived, "", f.now)
		}
	}
	u.seen = append(u.seen, v.seen...)
	for _, id := range append(v.ids, v.key) {
		if id != u.key && !slices.Contains(u.ids, id) {
			u.ids = append(u.ids, id)
		}
		f.alias[id] = u
	}
	delete(f.units, v.key)
	delete(f.touched, v)
	v.journey, v.seen = nil, nil // who still waits for it finds nothing to judge
	f.touch(u)
}

func (f *Floor) voided(s *station, v *Void) {
	u := f.units[v.Unit]
	if u == nil {
		// The scan it takes back may still be on its way: remember the unit.
		u = f.unit(v.Unit, nil)
	}
	found := false
	for i := range u.seen {
		if u.seen[i].station == s && ScanID(u.seen[i].number) == v.Scan {
			u.seen[i].void, found = true, true
		}
	}
	if !found {
		f.later(u, s, v)
	}
	f.touch(u)
}

// later keeps a void whose scan has not arrived: a sighting without a scan.
func (f *Floor) later(u *unit, s *station, v *Void) {
	for i := range u.seen {
		if u.seen[i].station == s && u.seen[i].void && ScanID(u.seen[i].number) == v.Scan {
			return
		}
	}
	epoch, seq, ok := CutID(v.Scan)
	if !ok {
		return
	}
	u.seen = append(u.seen, sighted{station: s, number: Number{Epoch: epoch, Seq: seq}, scan: &Scan{Unit: v.Unit}, void: true})
}
