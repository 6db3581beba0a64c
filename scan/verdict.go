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
	Held    *Held    // it was held, and not released
}

// Judge says what a scan of a unit at a checkpoint, made now on the observing
// station, means. It takes no longer than a look: what has not been heard is
// not verifiable, never missing.
func (f *Floor) Judge(key string, ids []string, checkpoint string, now time.Time) Judgement {
	return f.JudgeWith(key, ids, nil, checkpoint, now)
}

// JudgeWith is Judge for a code of a parcel whose other labels were scanned
// just now: what is known of them is known of it, and their scans here are not
// earlier ones of it.
func (f *Floor) JudgeWith(key string, ids, labels []string, checkpoint string, now time.Time) Judgement {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(now)
	if !Tracked(key) {
		return Judgement{Verdict: OK}
	}
	names := slices.Concat(ids, labels)
	f.recall(append(names, key))
	u := f.as(key, names)
	j := f.judgeOne(u, checkpoint, labels, now)
	j.Held = f.held(u)
	return j
}

func (f *Floor) judgeOne(u *unit, checkpoint string, labels []string, now time.Time) Judgement {
	if e := f.earlier(u, checkpoint, labels); e != nil {
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

// as is what is known under any of a code's identifiers, as one unit.
func (f *Floor) as(key string, ids []string) *unit {
	var found []*unit
	for _, id := range append([]string{key}, ids...) {
		if u := f.known(id); u != nil && (id == key || Tracked(id)) && !slices.Contains(found, u) {
			found = append(found, u)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	u := f.newUnit(key)
	for _, v := range found {
		u.seen = append(u.seen, v.seen...)
		for _, id := range v.all() {
			if id != key {
				u.ids = append(u.ids, id)
			}
		}
	}
	return u
}

// earlier is the unit's newest scan at a checkpoint, in this round of a
// container, other than those of some of its labels.
func (f *Floor) earlier(u *unit, checkpoint string, labels []string) *Earlier {
	var newest *sighted
	round, again := f.emptied(u)
	for i := range u.seen {
		s := &u.seen[i]
		if !s.counts() || s.scan.Checkpoint != checkpoint || slices.Contains(labels, s.scan.Unit) || again && round.after(s.moment()) {
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
	for i := f.begins(u); i < step; i++ {
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
