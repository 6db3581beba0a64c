package scan

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// count keeps the figures of the checkpoints up to date with one unit.
func (f *Floor) count(u *unit, at [][]*sighted) {
	var passed uint64
	furthest := -1
	for i := range at {
		if len(at[i]) > 0 {
			passed |= 1 << i
			furthest = i
		}
	}
	next := 0
	if furthest >= 0 {
		next = u.journey.next(furthest) + 1
	}
	for i := range u.journey.Steps {
		f.seenAt[u.journey.Steps[i].At] += int(passed>>i&1) - int(u.passed>>i&1)
	}
	if next != u.next {
		if u.next > 0 {
			f.onTheWay[u.journey.Steps[u.next-1].At]--
		}
		if next > 0 {
			f.onTheWay[u.journey.Steps[next-1].At]++
		}
	}
	u.passed, u.next = passed, next
}

// checkpoints lists the checkpoints in the order of the journeys, then the
// others that stations serve.
func (f *Floor) checkpoints() []string {
	var order []string
	for _, j := range f.rules.Journeys {
		for _, s := range j.Steps {
			if !slices.Contains(order, s.At) {
				order = append(order, s.At)
			}
		}
	}
	var others []string
	for c := range f.serving {
		if !slices.Contains(order, c) {
			others = append(others, c)
		}
	}
	slices.Sort(others)
	return append(order, others...)
}

// Summary is the floor in numbers.
func (f *Floor) Summary(now time.Time) Summary {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	f.settle(now)
	sum := Summary{At: now, Site: f.rules.Site, Units: len(f.units) - f.unseen(), Checkpoints: []CheckpointSummary{}}
	at := map[string]*CheckpointSummary{}
	list := f.checkpoints()
	cps := make([]CheckpointSummary, len(list))
	for i, c := range list {
		cps[i] = CheckpointSummary{Name: c, Seen: f.seenAt[c], OnTheWay: f.onTheWay[c]}
		for _, s := range f.serving[c] {
			if s.retired {
				continue
			}
			cps[i].Stations++
			if !f.silent(s) {
				cps[i].Heard++
			}
			if h := s.heardTo(); cps[i].Stations == 1 || h.Before(cps[i].HeardTo) {
				cps[i].HeardTo = h
			}
		}
		at[c] = &cps[i]
	}
	y, m, d := now.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, now.Location())
	for _, g := range f.gaps {
		if g.Unit == "" {
			continue
		}
		c := at[g.Checkpoint]
		switch g.State {
		case Missing:
			sum.Missing++
			if c != nil {
				c.Missing++
			}
		case Unknown:
			sum.Unknown++
			if c != nil {
				c.Unknown++
			}
		case Closed:
			if !g.ClosedAt.Before(midnight) {
				sum.ClosedToday++
				if g.ClosedAs == ClosedFoundLate {
					sum.FoundLate++
				}
			}
		}
	}
	sum.Checkpoints = append(sum.Checkpoints, cps...)
	return sum
}

// unseen counts the containers that were never scanned themselves.
func (f *Floor) unseen() int {
	var none map[*unit]struct{}
	for id := range f.boxes {
		if u := f.known(id); u != nil && len(u.seen) == 0 {
			if none == nil {
				none = map[*unit]struct{}{}
			}
			none[u] = struct{}{}
		}
	}
	return len(none)
}

// Gaps lists the gaps that a filter chooses, oldest first.
func (f *Floor) Gaps(filter GapFilter) []Gap {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle(f.now)
	out := []Gap{}
	for _, g := range f.gaps {
		if f.chosen(g, filter) {
			out = append(out, f.copied(g))
		}
	}
	slices.SortFunc(out, func(a, b Gap) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
	return out
}

func (f *Floor) chosen(g *Gap, filter GapFilter) bool {
	switch {
	case filter.State == "" && g.State == Closed,
		filter.State != "" && g.State != filter.State,
		filter.Kind != "" && g.Kind != filter.Kind,
		filter.Checkpoint != "" && g.Checkpoint != filter.Checkpoint,
		filter.Station != "" && g.Station != filter.Station && !slices.Contains(g.WaitingFor, filter.Station):
		return false
	}
	if filter.Query == "" {
		return true
	}
	return f.matches(g.Unit, filter.Query)
}

// matches reports whether a unit's key or another of its identifiers holds
// some text, whatever its case.
func (f *Floor) matches(key, part string) bool {
	part = strings.ToLower(part)
	if strings.Contains(strings.ToLower(key), part) {
		return true
	}
	u := f.known(key) // of a gap that belongs to another unit now: that one
	return u != nil && slices.ContainsFunc(u.all(), func(id string) bool { return strings.Contains(strings.ToLower(id), part) })
}

// copied is a gap to give away, with a next step that fits the present.
func (f *Floor) copied(g *Gap) Gap {
	c := *g
	c.WaitingFor = append([]string{}, g.WaitingFor...)
	if g.Unit != "" && g.State == Unknown && len(g.WaitingFor) > 0 {
		waiting := make([]*station, 0, len(g.WaitingFor))
		for _, name := range g.WaitingFor {
			waiting = append(waiting, f.station(name))
		}
		c.NextStep = waitStep(waiting, f)
	}
	return c
}

// Gap finds one gap.
func (f *Floor) Gap(id string) (Gap, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gaps[id]
	if g == nil {
		return Gap{}, false
	}
	return f.copied(g), true
}

// Find lists up to most unit keys whose key or other identifiers hold part.
func (f *Floor) Find(part string, most int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []string
	for key := range f.units {
		if f.matches(key, part) {
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), most)]
}

// Unit shows one unit's plan beside what is known of it. The key may be any
// of its identifiers.
func (f *Floor) Unit(key string, now time.Time) (UnitView, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	f.settle(now)
	u := f.known(key)
	if u == nil || len(u.seen) == 0 && len(f.boxesOf(u)) == 0 {
		return UnitView{}, false
	}
	v := UnitView{Key: u.key, IDs: u.all(), Steps: []StepView{}, Gaps: []Gap{}}
	f.belongings(u, &v)
	if u.journey != nil {
		v.Journey = u.journey.Name
		f.planned(u, &v)
	}
	f.unplanned(u, &v)
	v.Held = f.held(u)
	slices.SortFunc(v.Gaps, func(a, b Gap) int { return a.Since.Compare(b.Since) })
	return v, true
}

func (f *Floor) planned(u *unit, v *UnitView) {
	at := f.sightings(u)
	var before time.Time // last sighting at the step before
	for i, step := range u.journey.Steps {
		s := StepView{Checkpoint: step.At, Planned: true, Optional: step.Optional, Within: step.Within, Scans: []ScanView{}}
		if step.Within > 0 && !before.IsZero() {
			s.Due = before.Add(step.Within).UTC()
		}
		if len(at[i]) > 0 {
			before = at[i][len(at[i])-1].at()
		}
		s.Scans = f.scansAt(u, step.At)
		if id, has := u.gaps[i]; has {
			g := f.copied(f.gaps[id])
			v.Gaps = append(v.Gaps, g)
			if g.State != Closed {
				s.Gap = &g
			}
		}
		v.Steps = append(v.Steps, s)
	}
}

// unplanned adds the scans at checkpoints that the journey does not name.
func (f *Floor) unplanned(u *unit, v *UnitView) {
	var others []string
	for _, s := range append(f.inferred(u, nil), u.seen...) {
		c := s.scan.Checkpoint
		if c != "" && (u.journey == nil || u.journey.step(c) < 0) && !slices.Contains(others, c) {
			others = append(others, c)
		}
	}
	for _, c := range others {
		v.Steps = append(v.Steps, StepView{Checkpoint: c, Scans: f.scansAt(u, c)})
	}
}

func (f *Floor) scansAt(u *unit, checkpoint string) []ScanView {
	scans := []ScanView{}
	for _, s := range append(f.inferred(u, nil), u.seen...) {
		if s.scan.Checkpoint != checkpoint || s.scan.Mark != "" {
			continue
		}
		v := ScanView{ID: ScanID(s.number), Station: s.station.name, Epoch: s.number.Epoch, Seq: s.number.Seq, At: s.number.At,
			Device: s.scan.Device, Operator: s.scan.Operator, Verdict: s.scan.Verdict, Missing: s.scan.Missing, Raw: s.scan.Raw,
			AIM: s.scan.AIM, Symbology: s.scan.Symbology, Synced: s.scan.Clock.Synced, Voided: s.void, Held: s.scan.Held, Inferred: s.inferred}
		if s.inferred == "" && s.scan.Unit != u.key {
			v.As = s.scan.Unit
		}
		for i := range u.seen {
			if m := u.seen[i].scan; m.Mark != "" && m.Of == v.ID {
				v.Marks = append(v.Marks, markView(&u.seen[i]))
			}
		}
		scans = append(scans, v)
	}
	slices.SortFunc(scans, func(a, b ScanView) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return scans
}

// Stations shows every station that is not retired, by name.
func (f *Floor) Stations(now time.Time) []StationView {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	f.settle(now)
	waiting := map[string]int{}
	for _, g := range f.gaps {
		if g.State == Unknown && g.Unit != "" {
			for _, s := range g.WaitingFor {
				waiting[s]++
			}
		}
	}
	out := []StationView{}
	for _, s := range f.sorted() {
		if s.retired {
			continue
		}
		v := f.stationView(s)
		v.Waiting = waiting[s.name]
		out = append(out, v)
	}
	return out
}

func (f *Floor) stationView(s *station) StationView {
	v := StationView{Name: s.name, Checkpoints: append([]string{}, s.checkpoints...), Online: s.online, SignedOff: s.signedOff, Silent: f.silent(s),
		HeardTo: milli(s.heardTo()), HeadAt: s.headAt, LastScan: s.lastScan, Version: s.version, Devices: []DeviceView{}, Heard: []Stretch{}}
	v.Heard = append(v.Heard, s.heard()...)
	for _, st := range s.streams {
		v.Scans += st.scans
	}
	if st := s.newest; st != nil {
		v.Epoch, v.Last, v.Stored = st.epoch, max(st.last, st.highest), st.upto
		if v.Last > v.Stored {
			v.Backlog = v.Last - v.Stored
		}
	}
	since := f.now.Add(-5 * time.Minute)
	for _, at := range s.recent {
		if at.After(since) {
			v.Rate++
		}
	}
	if off, known := s.clock.offset(); known {
		v.ClockOff = off.Round(time.Millisecond).String()
		if off >= 0 {
			v.ClockOff = "+" + v.ClockOff
		}
	}
	for _, d := range s.devices {
		v.Devices = append(v.Devices, *d)
	}
	slices.SortFunc(v.Devices, func(a, b DeviceView) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// heard lists the stretches of time for which all of a station's scans are
// known, less what was lost in them.
func (s *station) heard() []Stretch {
	var out []Stretch
	for _, sp := range s.spans {
		from := sp.from
		if from.IsZero() {
			from = sp.to // a log without events says nothing about when it began
			if st := s.streams[sp.epoch]; st != nil && st.lowest != 0 {
				from = s.observed(sp.epoch, st.lowest, st.lowestAt)
			}
		}
		out = append(out, Stretch{From: milli(from), To: milli(sp.to)})
	}
	for i := range s.losses {
		after, till := s.between(&s.losses[i])
		var left []Stretch
		for _, h := range out {
			if h.To.Before(after) || !till.IsZero() && h.From.After(till) {
				left = append(left, h)
				continue
			}
			if h.From.Before(after) {
				left = append(left, Stretch{From: h.From, To: milli(after)})
			}
			if !till.IsZero() && h.To.After(till) {
				left = append(left, Stretch{From: milli(till), To: h.To})
			}
		}
		out = left
	}
	return out
}
