package scan

import (
	"fmt"
	"time"
)

// This file tells silence apart: a station or a device that is gone, and events
// that will never come.

// silent reports whether a station has not been heard for longer than the
// rules allow, or is known to be gone.
func (f *Floor) silent(s *station) bool {
	if s.retired || s.name == f.rules.Self {
		return false
	}
	heard := s.headAt
	if heard.IsZero() {
		heard = f.rules.Started
	}
	return f.now.Sub(heard) > f.rules.SilentAfter || !s.online && !s.stateAt.IsZero()
}

// silences opens and closes the gaps that are about stations and devices.
func (f *Floor) silences(now time.Time) {
	for _, s := range f.stations {
		if s.name == f.rules.Self {
			continue
		}
		switch silent := f.silent(s); {
		case silent && s.silentGap == "":
			since := s.headAt
			if since.IsZero() {
				since = f.rules.Started
			}
			s.silentGap = gapID("silent", s.name, fmt.Sprint(s.heardTo().UnixMilli()))
			cause, next := f.silenceCause(s)
			f.raise(Gap{ID: s.silentGap, Kind: SilentStation, State: Unknown, Station: s.name, WaitingFor: []string{s.name}, Since: milli(since), Known: milli(f.now),
				Cause: cause, NextStep: next})
		case !silent && s.silentGap != "":
			if g := f.gaps[s.silentGap]; g.State != Closed {
				g.Cause = s.name + " is heard again"
				f.shut(g, ClosedBack, "", now)
			}
			s.silentGap = ""
		}
		if g := f.gaps[s.silentGap]; g != nil && g.State != Closed {
			g.Cause, g.NextStep = f.silenceCause(s)
		}
		f.unplugged(s, now)
		f.losses(s)
	}
}

func (f *Floor) silenceCause(s *station) (cause, next string) {
	switch {
	case s.headAt.IsZero() && s.stateAt.IsZero():
		return s.name + " has not been heard since this board started", "Start " + s.name + ", or take it out of the station list"
	case !s.online && s.signedOff:
		return s.name + " was switched off properly", "Nothing to do if it should be off"
	case !s.online:
		return s.name + " lost its connection without a goodbye: network or power. It keeps what it scans", "Check the network cable of " + s.name + ", then its power"
	}
	return s.name + " is connected but says nothing", "Restart the program on " + s.name
}

func (f *Floor) unplugged(s *station, now time.Time) {
	for _, d := range s.devices {
		if d.Since.IsZero() {
			continue
		}
		id := gapID("device", s.name, d.Name)
		switch g := f.gaps[id]; {
		case !d.Attached && (g == nil || g.State == Closed):
			reason := d.Reason
			if reason == "" {
				reason = "unplugged"
			}
			f.raise(Gap{ID: id, Kind: SilentStation, State: Unknown, Station: s.name, Device: d.Name, WaitingFor: []string{}, Since: milli(d.Since), Known: milli(f.now),
				Cause:    fmt.Sprintf("The scanner %q at %s is gone: %s", d.Name, s.name, reason),
				NextStep: "Plug it in again"})
		case d.Attached && g != nil && g.State != Closed:
			g.Cause = fmt.Sprintf("The scanner %q at %s is back", d.Name, s.name)
			f.shut(g, ClosedBack, "", now)
		}
	}
}

func (f *Floor) losses(s *station) {
	for _, l := range s.losses {
		if l.toN == 0 {
			continue
		}
		id := gapID("lost", s.name, l.epoch, fmt.Sprint(l.fromN, "-", l.toN))
		if f.gaps[id] == nil {
			f.raise(Gap{ID: id, Kind: LostMessages, State: Unknown, Station: s.name, WaitingFor: []string{}, Since: milli(l.since), Known: milli(f.now),
				Cause:    fmt.Sprintf("%s no longer has its events %d to %d", s.name, l.fromN, l.toN),
				NextStep: "Look at the parcels of that time, then resolve"})
		}
	}
}
