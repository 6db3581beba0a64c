package scan

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file is the detector: what counts as a missing scan, and when it may
// be called missing (design section 6).

// judged is what the evidence says about one step of one unit.
type judged struct {
	step     int
	kind     GapKind
	since    time.Time // the later sighting, or the limit
	due      time.Time // the limit; zero for a skip
	from, to time.Time // the stretch of time that the stations must be known for
	last     *sighted  // where the unit was seen: the later sighting, or the last one
	evidence evidence
}

func (j *judged) state() GapState {
	if j.evidence.complete() {
		return Missing
	}
	return Unknown
}

// Sweep judges everything that could have changed by now and returns what
// opened, changed or closed since the last call.
func (f *Floor) Sweep(now time.Time) []GapChange {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	f.settle(now)
	out := f.changes
	f.changes = nil
	if len(out) > 0 {
		f.change()
	}
	return out
}

func (f *Floor) settle(now time.Time) {
	f.due.ready(now, f.touch)
	for u := range f.touched {
		f.judge(u, now)
	}
	clear(f.touched)
	f.silences(now)
}

// judge compares what should be open for a unit with what is.
func (f *Floor) judge(u *unit, now time.Time) {
	if u.journey == nil {
		return
	}
	at, begin := f.sightings(u), f.begins(u)
	if begin == len(at) { // nothing to follow
		clear(at)
	}
	f.count(u, at)
	want := f.find(u, at, begin, now)
	for i := range want {
		f.open(u, &want[i])
	}
	for step, id := range u.gaps {
		if slices.ContainsFunc(want, func(j judged) bool { return j.step == step }) {
			continue
		}
		g := f.gaps[id]
		if g.State == Closed && f.decided[id].Gap == "" {
			continue
		}
		f.explain(u, g, at[step], step < begin)
	}
}

// sightings sorts a unit's scans by step: for each the valid ones, earliest
// first.
func (f *Floor) sightings(u *unit) [][]*sighted {
	at := make([][]*sighted, len(u.journey.Steps))
	sort := func(all []sighted) {
		for i := range all {
			if step := u.journey.step(all[i].scan.Checkpoint); step >= 0 && all[i].counts() {
				at[step] = append(at[step], &all[i])
			}
		}
	}
	sort(u.seen)
	sort(f.inferred(u, nil))
	for _, scans := range at {
		slices.SortFunc(scans, func(a, b *sighted) int { return a.moment().compare(b.moment()) })
	}
	return at
}

// find applies the rules "skipped" and "overdue", from a step on.
func (f *Floor) find(u *unit, at [][]*sighted, begin int, now time.Time) []judged {
	var found []judged
	furthest := -1
	for i := range at {
		if len(at[i]) > 0 {
			furthest = i
		}
	}
	if furthest < 0 {
		return nil
	}
	for i := begin; i < furthest; i++ {
		if len(at[i]) == 0 && !u.journey.Steps[i].Optional {
			found = append(found, f.skipped(u, at, i))
		}
	}
	if next := u.journey.next(furthest); next >= 0 {
		if limit := u.journey.Steps[next].Within; limit > 0 {
			last := at[furthest][len(at[furthest])-1]
			due := last.at().Add(limit)
			if now.Before(due) {
				f.due.add(due, u)
			} else {
				found = append(found, judged{step: next, kind: Overdue, since: due, due: due,
					from: last.at(), to: due, last: last, evidence: f.evidence(u.journey.Steps[next].At, last.at(), due).unless(last.station)})
			}
		}
	}
	return found
}

// skipped judges a required step that has no scan although a later one has.
func (f *Floor) skipped(u *unit, at [][]*sighted, step int) judged {
	var later *sighted
	laterStep := 0
	for i := step + 1; i < len(at); i++ {
		if len(at[i]) > 0 && (later == nil || at[i][0].at().Before(later.at())) {
			later, laterStep = at[i][0], i
		}
	}
	t := later.at()
	from, to := f.stretch(u, at, step, laterStep, t)
	return judged{step: step, kind: Skipped, since: t, from: from, to: to, last: later,
		evidence: f.evidence(u.journey.Steps[step].At, from, to).unless(later.station).upto(f, u, later)}
}

// stretch is the time in which a unit seen at a later step at t could have
// been scanned at a step: from its last sighting before that step (or, never
// seen before, from as far back as the rules look) to t less the time it
// needs on the way.
func (f *Floor) stretch(u *unit, at [][]*sighted, step, laterStep int, t time.Time) (from, to time.Time) {
	transit := u.journey.Steps[laterStep].Transit
	if transit == 0 {
		transit = f.rules.Transit
	}
	to = t.Add(-transit)
	from = time.Time{}
	for i := range step {
		for _, s := range at[i] {
			if seen := s.at(); s.station.clock.founded() && !seen.After(t) && seen.After(from) {
				from = seen
			}
		}
	}
	if from.IsZero() {
		from = t.Add(-f.rules.Lookback)
	}
	if from.After(to) {
		from = to
	}
	return from, to
}

// open makes the gap say what was judged, and arranges to look again when
// more is heard.
func (f *Floor) open(u *unit, j *judged) {
	checkpoint := u.journey.Steps[j.step].At
	for _, s := range j.evidence.waiting {
		s.waiting.add(j.to, u)
	}
	id := gapID("scan", u.key, checkpoint)
	if u.gaps == nil {
		u.gaps = map[int]string{}
	}
	u.gaps[j.step] = id
	g := f.gaps[id]
	change := "updated"
	switch {
	case g == nil:
		g = &Gap{ID: id, Unit: u.key, Checkpoint: checkpoint}
		f.gaps[id] = g
		change = "opened"
	case g.State == Closed && f.decided[id].Gap == "":
		change = "opened" // again: the scan that closed it was taken back
		g.ClosedAs, g.By, g.ClosedAt = "", "", time.Time{}
	}
	if d := f.decision(u, checkpoint); d.Gap != "" {
		if change == "opened" { // decided before a restart
			f.describe(g, j, u)
			g.State, g.ClosedAs, g.By, g.ClosedAt, g.NextStep = Closed, decidedAs(d), d.By, d.At, "Nothing to do"
			if d.Reason != "" {
				g.Cause = d.Reason
			}
		}
		return
	}
	state, waiting := j.state(), names(j.evidence.waiting)
	same := change == "updated" && g.Kind == j.kind && g.State == state && slices.Equal(g.WaitingFor, waiting)
	if !same {
		g.Known = milli(f.now)
	}
	g.State, g.WaitingFor = state, waiting
	f.describe(g, j, u)
	if !same {
		f.changes = append(f.changes, GapChange{change, *g})
	}
}

// describe gives a gap its facts, its likely cause and the one next step.
func (f *Floor) describe(g *Gap, j *judged, u *unit) {
	g.Kind, g.Since, g.Due, g.Station = j.kind, milli(j.since), milli(j.due), j.last.station.name
	g.From, g.To, g.Stations = milli(j.from), milli(j.to), j.evidence.stations
	here, there := Place(g.Checkpoint), Place(j.last.scan.Checkpoint)
	switch e := j.evidence; {
	case len(e.lost) > 0:
		g.Cause = fmt.Sprintf("%s lost its record of that time, so it can never be known whether %s scanned it", List(names(e.lost)), here)
		g.NextStep = "Look at the parcel, then resolve"
	case e.nobody:
		g.Cause = fmt.Sprintf("No station is known to serve %s", here)
		g.NextStep = fmt.Sprintf("Start the stations of %s, or name them in the configuration", here)
	case len(e.waiting) > 0 && j.kind == Overdue:
		g.Cause = fmt.Sprintf("Last seen at %s. %s not heard that far yet and may %s", there, isare(names(e.waiting)), e.may(g.Checkpoint, "have scanned it"))
		g.NextStep = waitStep(e.waiting, f)
	case len(e.waiting) > 0:
		g.Cause = fmt.Sprintf("Seen at %s. %s not heard that far yet and may %s", there, isare(names(e.waiting)), e.may(g.Checkpoint, "have scanned it before"))
		g.NextStep = waitStep(e.waiting, f)
	case j.kind == Overdue:
		g.Cause = fmt.Sprintf("Last seen at %s, and not at %s within %s", there, here, SpanText(u.journey.Steps[j.step].Within))
		g.NextStep = fmt.Sprintf("Look for it between %s and %s", there, here)
	default:
		g.Cause = fmt.Sprintf("Passed %s without a scan: seen at %s", here, there)
		g.NextStep = fmt.Sprintf("Check it at %s, then resolve", there)
	}
}

// waitStep is what to do about stations that are not heard.
func waitStep(waiting []*station, f *Floor) string {
	for _, s := range waiting {
		if f.silent(s) {
			return fmt.Sprintf("Check %s: its network cable, then its power", s.name)
		}
	}
	return "Nothing to do: it settles when " + List(names(waiting)) + " is heard"
}

// explain closes a gap that no longer stands.
func (f *Floor) explain(u *unit, g *Gap, here []*sighted, before bool) {
	if f.decided[g.ID].Gap != "" {
		return
	}
	closed := ClosedVoided
	switch {
	case before:
		closed = ClosedBelongs
	case len(here) > 0 && here[0].at().After(g.Since):
		closed = ClosedFoundLate
	case len(here) > 0:
		closed = ClosedArrived
	case g.Kind == Overdue && slices.ContainsFunc(append(f.inferred(u, nil), u.seen...), func(s sighted) bool { return s.counts() && s.at().After(g.From.Add(time.Millisecond)) }):
		closed = ClosedSeenAgain
	}
	f.shut(g, closed, "", f.now)
}

func (f *Floor) shut(g *Gap, as, by string, at time.Time) {
	g.State, g.ClosedAs, g.By, g.ClosedAt, g.WaitingFor = Closed, as, by, milli(at), []string{}
	g.Known = milli(f.now)
	switch as {
	case ClosedFoundLate:
		g.Cause, g.NextStep = "Scanned after all, later than it should have been", "Nothing to do"
	case ClosedArrived:
		g.Cause, g.NextStep = "Had been scanned in time: only the message was late", "Nothing to do"
	case ClosedSeenAgain:
		g.Cause, g.NextStep = "Seen again where it was: its limit runs anew", "Nothing to do"
	case ClosedBack, ClosedResolved, ClosedWaived:
		g.NextStep = "Nothing to do"
	case ClosedBelongs:
		g.Cause, g.NextStep = "It is not a parcel by itself: what it belongs to is followed", "Nothing to do"
	case ClosedVoided:
		g.Cause, g.NextStep = "The scan it rested on was taken back", "Nothing to do"
	}
	f.changes = append(f.changes, GapChange{"closed", *g})
}

func (f *Floor) raise(g Gap) {
	if d := f.decided[g.ID]; d.Gap != "" {
		g.State, g.ClosedAs, g.By, g.ClosedAt = Closed, decidedAs(d), d.By, d.At
	}
	change := GapChange{"opened", g}
	f.gaps[g.ID] = &g
	if g.State != Closed {
		f.changes = append(f.changes, change)
	}
}

// milli is a time as it goes out: UTC, whole milliseconds.
func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// gapID is a gap's name, made from what it is about.
func gapID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:13])
}

func names(stations []*station) []string {
	out := make([]string, 0, len(stations))
	for _, s := range stations {
		out = append(out, s.name)
	}
	slices.Sort(out)
	return out
}
