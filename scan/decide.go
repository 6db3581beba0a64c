package scan

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// This file is a person's word on a gap.

// Decide takes in a person's word on a gap.
func (f *Floor) Decide(d Decision, now time.Time) (GapChange, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gaps[d.Gap]
	if g == nil {
		return GapChange{}, ErrNoGap
	}
	reason := strings.TrimSpace(d.Reason)
	switch d.Do {
	case "resolve", "waive":
		if g.State == Closed {
			return GapChange{}, fmt.Errorf("%w: it is closed already, as %s", ErrDecided, g.ClosedAs)
		}
		if d.Do == "waive" && reason == "" {
			return GapChange{}, fmt.Errorf("%w: say in a few words why nothing needs to be done", ErrReason)
		}
		f.decided[d.Gap] = d
		closed := ClosedResolved
		if d.Do == "waive" {
			closed = ClosedWaived
		}
		f.shut(g, closed, d.By, d.At)
		if reason != "" {
			g.Cause = reason
		}
	case "reopen":
		u := f.known(g.Unit)
		if g.State != Closed || f.decided[d.Gap].Gap == "" && (u == nil || f.decision(u, g.Checkpoint).Gap == "") {
			return GapChange{}, fmt.Errorf("%w: only what a person closed can be opened again", ErrDecided)
		}
		delete(f.decided, d.Gap)
		if u != nil {
			for _, id := range u.all() {
				delete(f.decided, gapID("scan", id, g.Checkpoint))
			}
		}
		g.State, g.ClosedAs, g.By, g.ClosedAt = Unknown, "", "", time.Time{}
		if u != nil {
			f.touch(u)
		}
		f.settle(now)
	default:
		return GapChange{}, fmt.Errorf("no such decision: %q (resolve, waive or reopen)", d.Do)
	}
	f.change()
	return GapChange{Change: changeOf(g), Gap: *g}, nil
}

// What Decide says no with.
var (
	ErrNoGap   = errors.New("there is no such gap")
	ErrDecided = errors.New("that decision does not fit")
	ErrReason  = errors.New("a reason is needed")
)

func changeOf(g *Gap) string {
	if g.State == Closed {
		return "closed"
	}
	return "updated"
}

// decision is a person's word on a unit's gap at a checkpoint, under whichever
// of its identifiers it was given.
func (f *Floor) decision(u *unit, checkpoint string) Decision {
	if len(f.decided) == 0 {
		return Decision{}
	}
	d := f.decided[gapID("scan", u.key, checkpoint)]
	for i := 0; i < len(u.ids) && d.Gap == ""; i++ {
		d = f.decided[gapID("scan", u.ids[i], checkpoint)]
	}
	return d
}

func decidedAs(d Decision) string {
	if d.Do == "waive" {
		return ClosedWaived
	}
	return ClosedResolved
}

// Restore takes in a decision made before a restart.
func (f *Floor) Restore(d Decision) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.Do == "reopen" {
		delete(f.decided, d.Gap)
		return
	}
	f.decided[d.Gap] = d
}
