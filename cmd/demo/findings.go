package demo

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
)

// findings is everything that can be seen from outside: what the operators
// were told, what a tracking system receives over MQTT, and what the board
// says there about gaps. The check looks at nothing else.
type findings struct {
	start time.Time

	mu      sync.Mutex
	told    []toldAt
	saved   map[string]scan.Told      // by event id: every scan that was given as saved
	arrived map[string][]byte         // by event id: the bytes as they arrived
	streams map[string]map[uint64]int // by station and epoch: how often each number came
	scans   []scanSeen
	gaps    []gapSeen
	bad     []string // messages that should not exist
	repeats int
	changed chan struct{}
}

type toldAt struct {
	scan.Told
	station string
	at      time.Duration
}

type scanSeen struct {
	scan.Event
	*scan.Scan
	at time.Duration
}

type gapSeen struct {
	scan.Gap
	change string
	at     time.Duration
}

func newFindings() *findings {
	return &findings{start: time.Now(), saved: map[string]scan.Told{}, arrived: map[string][]byte{}, streams: map[string]map[uint64]int{}, changed: make(chan struct{}, 1)}
}

// heardTold notes what an operator was told.
func (f *findings) heardTold(station string, t scan.Told) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, toldAt{t, station, time.Since(f.start)})
	if t.Number.Seq != 0 {
		f.saved[event.ID(t.Number)] = t
	}
	f.poke()
}

// received notes a message that a tracking system receives.
func (f *findings) received(topic string, payload []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := time.Since(f.start)
	ev, err := event.Parse(payload)
	if err != nil {
		f.bad = append(f.bad, fmt.Sprintf("%s: %v", topic, err))
		return
	}
	id := event.ID(ev.Number)
	if before, again := f.arrived[id]; again {
		f.repeats++
		if string(before) != string(payload) {
			f.bad = append(f.bad, fmt.Sprintf("%s came twice with different bytes", id))
		}
		return
	}
	f.arrived[id] = slices.Clone(payload)
	stream := ev.Station + " " + ev.Epoch
	if f.streams[stream] == nil {
		f.streams[stream] = map[uint64]int{}
	}
	f.streams[stream][ev.Seq]++
	switch e := ev.Entry.(type) {
	case *scan.Scan:
		f.scans = append(f.scans, scanSeen{ev, e, at})
	case *scan.GapChange:
		f.gaps = append(f.gaps, gapSeen{e.Gap, e.Change, at})
	}
	f.poke()
}

func (f *findings) poke() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// found is when a fault was seen to be known, if it was.
func (f *findings) found(fault *Fault) (time.Duration, bool) {
	station := stationAt(fault.Place)
	switch fault.Kind {
	case faultSkip, faultUnread:
		return f.gap(func(g *gapSeen) bool {
			return g.State == scan.Missing && g.Kind == scan.Skipped && g.Unit == fault.Unit && g.Checkpoint == fault.Place
		})
	case faultStall:
		return f.gap(func(g *gapSeen) bool {
			return g.State == scan.Missing && g.Kind == scan.Overdue && g.Unit == fault.Unit && g.Checkpoint == fault.Place
		})
	case faultOutage:
		return f.gap(func(g *gapSeen) bool {
			return g.Kind == scan.SilentStation && g.change == "opened" && g.Station == station && g.Device == ""
		})
	case faultUnplug:
		return f.gap(func(g *gapSeen) bool {
			return g.Kind == scan.SilentStation && g.change == "opened" && g.Station == station && g.Device != ""
		})
	case faultDouble:
		return f.scan(func(s *scanSeen) bool {
			return s.Verdict == scan.Double && s.Unit == fault.Unit && s.Checkpoint == fault.Place
		})
	case faultUnreadable:
		raw := smudge(labelOf(fault.Unit))[3:]
		return f.scan(func(s *scanSeen) bool {
			return s.Verdict == scan.NotUnderstood && s.Raw == raw && s.Checkpoint == fault.Place
		})
	}
	return 0, false
}

func (f *findings) gap(is func(*gapSeen) bool) (time.Duration, bool) {
	for i := range f.gaps {
		if is(&f.gaps[i]) {
			return f.gaps[i].at, true
		}
	}
	return 0, false
}

func (f *findings) scan(is func(*scanSeen) bool) (time.Duration, bool) {
	for i := range f.scans {
		if is(&f.scans[i]) {
			return f.scans[i].at, true
		}
	}
	return 0, false
}

// inHand reports whether an operator was warned of a skip at a place while
// the parcel was in the hand.
func (f *findings) inHand(unit, skipped string) bool {
	return slices.ContainsFunc(f.told, func(t toldAt) bool {
		return t.Unit == unit && t.Outcome == scan.SavedPreviousMissing && slices.Contains(t.Missing, skipped)
	})
}

// falseAlarms lists the gaps that were called missing although a station had
// scanned the parcel there in time.
func (f *findings) falseAlarms() []string {
	first := map[passing]time.Time{}
	for _, t := range f.saved {
		key := passing{t.Unit, t.Checkpoint}
		if at, has := first[key]; t.Unit != "" && (!has || t.At.Before(at)) {
			first[key] = t.At
		}
	}
	var out []string
	for _, g := range f.gaps {
		if at, scanned := first[passing{g.Unit, g.Checkpoint}]; g.State == scan.Missing && g.Unit != "" && scanned && !at.After(g.Since) {
			out = append(out, fmt.Sprintf("%s was called missing at %s, and had been scanned there %v earlier", g.Unit, g.Checkpoint, g.Since.Sub(at).Round(time.Millisecond)))
		}
	}
	return out
}

// unexplained lists the gaps called missing that nobody injected and that no
// late scan explains.
func (f *findings) unexplained(faults []Fault) []string {
	var out []string
	for _, g := range f.gaps {
		if g.State != scan.Missing || g.Unit == "" {
			continue
		}
		injected := slices.ContainsFunc(faults, func(t Fault) bool {
			return t.Unit == g.Unit && t.Place == g.Checkpoint && (t.Kind == faultSkip || t.Kind == faultUnread || t.Kind == faultStall)
		})
		late := slices.ContainsFunc(f.gaps, func(c gapSeen) bool { return c.ID == g.ID && c.ClosedAs == scan.ClosedFoundLate })
		if !injected && !late {
			out = append(out, fmt.Sprintf("%s was called missing at %s, and nothing had happened to it", g.Unit, g.Checkpoint))
		}
	}
	return out
}

// lost lists what was given as saved and did not arrive, and the numbers that
// are not there.
func (f *findings) lost() []string {
	var out []string
	for id, t := range f.saved {
		if _, here := f.arrived[id]; !here {
			out = append(out, fmt.Sprintf("%s at %s was given as saved (%s) and did not arrive", t.Unit, t.Checkpoint, id))
		}
	}
	for stream, numbers := range f.streams {
		for n := uint64(1); n <= uint64(len(numbers)); n++ {
			if numbers[n] == 0 {
				out = append(out, fmt.Sprintf("%s: number %d of %d is not there", stream, n, len(numbers)))
			}
		}
	}
	slices.Sort(out)
	return out
}

func stationAt(place string) string { return place + "-01" }
