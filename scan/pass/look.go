package pass

import "time"

// Counters are what a portal has done so far, and what it has in hand.
type Counters struct {
	Portal         string
	Reads          uint64
	Passes, Parked uint64 // recorded
	Strays         Strays
	Candidates     int   // heard, and not believed yet
	Open           int   // passes that go on
	Present        int   // all tags that are or were just in the field
	Background     int   // tags that stand there, or did within the day
	Thresholds     []int // dBm, learned, by antenna - 1; zero where nothing is
}

// Strays are tags that were heard and did not pass, by why.
type Strays struct {
	Few        uint64 // too few reads
	Weak       uint64 // no read was strong enough
	Shut       uint64 // the gate was not open
	CrossRead  uint64 // a neighbour heard it better
	Background uint64 // it stands there
	Crowded    uint64 // forgotten, since there were too many tags
	Malformed  uint64 // no EPC can be that long, or is empty
}

// Counters are those of every portal, in their order.
func (h *Hall) Counters() []Counters {
	out := make([]Counters, 0, len(h.portals))
	for _, p := range h.portals {
		c := p.counters
		c.Portal, c.Strays, c.Present = p.Name, p.strays, p.present
		for _, l := range p.learned {
			c.Thresholds = append(c.Thresholds, l.threshold)
		}
		for range h.lists[candidate].of(p) {
			c.Candidates++
		}
		for _, st := range []state{confirmed, held} {
			for range h.lists[st].of(p) {
				c.Open++
			}
		}
		for _, st := range []state{background, away} {
			for range h.lists[st].of(p) {
				c.Background++
			}
		}
		out = append(out, c)
	}
	return out
}

// Tag is one tag at one portal, for those who aim antennas and look for what
// stands in the field.
type Tag struct {
	Pass
	State string        // "candidate", "confirmed", "ended", "muted", "parked", "background", "away"
	Quiet time.Duration // since it was heard last
}

// Tags are all that are heard or remembered, each state's oldest first.
func (h *Hall) Tags(now time.Time) []Tag {
	at := max(h.now, now.Sub(h.base))
	var out []Tag
	for i := range h.lists {
		for s := h.lists[i].head; s != nil; s = s.next {
			out = append(out, Tag{s.pass(), words[i], at - s.heard})
		}
	}
	return out
}

// Open are the passes that are confirmed and not recorded yet, in the order
// in which they were confirmed. Kept on disk, they survive a crash.
func (h *Hall) Open() []Pass {
	var out []Pass
	for _, st := range []state{confirmed, held} {
		for s := h.lists[st].head; s != nil; s = s.next {
			out = append(out, s.pass())
		}
	}
	return out
}

// Turn is another number whenever [Hall.Open] has become other passes.
func (h *Hall) Turn() uint64 { return h.turns }

// Recover takes in what was open when the program ended. What is older than
// its gap has ended and is recorded; the rest goes on. Of a portal that is no
// longer there they are recorded too.
func (h *Hall) Recover(passes []Pass, now time.Time) {
	at := h.advance(now)
	for _, was := range passes {
		was.Reason = ReasonRecovered
		p := h.named[was.Portal]
		if p == nil || len(was.EPC) == 0 || len(was.EPC) > longestEPC {
			h.tell(Passed, was)
			continue
		}
		if h.tags[string(was.EPC)].at(p) != nil {
			continue // it is there twice, or was heard before it was recovered
		}
		s := h.begin(was.EPC, p, at)
		s.recovered, s.start, s.pc, s.reads = true, was.First, was.PC, max(was.Reads, 1)
		s.first, s.last = at-max(now.Sub(was.First), 0), at-max(now.Sub(was.Last), 0)
		s.first = min(s.first, s.last)
		s.best = reading{p.calibrated(was.Antenna, was.RSSI), was.RSSI, was.Antenna, was.HasRSSI, was.Relative}
		s.measured, s.group = was.HasRSSI && !was.Relative, was.Group
		s.strong, s.shown = true, true
		h.enter(s, confirmed)
		if at-s.last < p.Gap {
			s.heard = s.last
			h.schedule(s)
			continue
		}
		h.record(s, Passed)
		h.enter(s, muted)
		s.muted = at
		h.schedule(s)
	}
}
