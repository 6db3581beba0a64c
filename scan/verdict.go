package scan

import (
	"slices"
	"time"
)

// Judgement is what local knowledge says about a scan that is about to be
// recorded.
type Judgement struct {
	Verdict Verdict
	Missing []string // the checkpoints it names
	Waiting []string // stations whose word is lacking
	Belongs string   // where the unit should go instead
	Earlier *Earlier // the scan that it repeats
}

// Judge says what a scan of a unit at a checkpoint, made now on the observing
// station, means. It takes no longer than a look: what has not been heard is
// not verifiable, never missing.
func (f *Floor) Judge(key string, ids []string, checkpoint string, now time.Time) Judgement {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	u := f.known(key, ids)
	if !Tracked(key) {
		return Judgement{Verdict: OK}
	}
	if e := u.earlier(checkpoint); e != nil {
		return Judgement{Verdict: Double, Earlier: e}
	}
	if u.journey == nil {
		return Judgement{Verdict: OK}
	}
	step := u.journey.step(checkpoint)
	if step < 0 {
		return Judgement{Verdict: OK}
	}
	return f.previous(u, step, now)
}

// known is what is known under any of a code's identifiers, as one unit.
func (f *Floor) known(key string, ids []string) *unit {
	var found []*unit
	for _, id := range append([]string{key}, ids...) {
		u := f.units[id]
		if u == nil {
			u = f.alias[id]
		}
		if u != nil && (id == key || Tracked(id)) && !slices.Contains(found, u) {
			found = append(found, u)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	u := &unit{key: key}
	if Tracked(key) && len(f.rules.Journeys) > 0 {
		u.journey = &f.rules.Journeys[0]
	}
	for _, v := range found {
		u.seen = append(u.seen, v.seen...)
	}
	return u
}

// earlier is the unit's newest valid scan at a checkpoint.
func (u *unit) earlier(checkpoint string) *Earlier {
	var newest *sighted
	for i := range u.seen {
		s := &u.seen[i]
		if s.void || s.scan.Checkpoint != checkpoint {
			continue
		}
		if newest == nil || s.at().After(newest.at()) {
			newest = s
		}
	}
	if newest == nil {
		return nil
	}
	return &Earlier{At: newest.number.At, Station: newest.station.name, Operator: newest.scan.Operator}
}

// previous judges the steps before the one that the unit is scanned at now.
func (f *Floor) previous(u *unit, step int, now time.Time) Judgement {
	at := f.sightings(u)
	var missing, unsure, waiting []string
	for i := range step {
		if len(at[i]) > 0 || u.journey.Steps[i].Optional {
			continue
		}
		from, to := f.stretch(u, at, i, step, now)
		e := f.evidence(u.journey.Steps[i].At, from, to)
		if e.complete() {
			missing = append(missing, u.journey.Steps[i].At)
			continue
		}
		unsure = append(unsure, u.journey.Steps[i].At)
		for _, s := range e.waiting {
			if !f.silent(s) { // who is silent will not answer in a moment either
				waiting = append(waiting, s.name)
			}
		}
	}
	switch {
	case len(missing) > 0:
		return Judgement{Verdict: PreviousMissing, Missing: missing, Waiting: waiting}
	case len(unsure) > 0:
		return Judgement{Verdict: NotVerifiable, Missing: unsure, Waiting: waiting}
	}
	return Judgement{Verdict: OK}
}
