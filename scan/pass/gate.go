package pass

import "time"

// gate is a portal's photo-eye or door.
type gate struct {
	lost    bool // nobody knows how it is
	open    bool
	opening *opening      // nil while no parcel is there
	number  int64         // of the last opening
	opened  time.Duration // last
	closed  time.Duration // the last opening was over
	ends    time.Duration // the opening ends, once the gate has closed
}

// opening is one parcel's time before the gate. It begins with what was heard
// of the tag while it came, and lasts a gap longer than the gate is open, or
// until the next opening: the field is wider than the beam.
type opening struct {
	id       int64 // its time in Unix milliseconds, one more if there was one then
	portal   *portal
	from, to time.Time
	at       time.Duration
	shut     time.Duration // the gate closed
	passes   int
	pending  int // passes that have not been recorded yet
	over     bool
	cut      bool // the gate was lost while it was open
}

// Gate says that a portal's gate has opened or closed. A portal that is not
// configured to have one is not concerned.
func (h *Hall) Gate(name string, open bool, now time.Time) {
	at := h.advance(now)
	p := h.named[name]
	if p == nil || !p.Gate {
		return
	}
	p.lost = false
	if p.open == open {
		return
	}
	p.open = open
	if !open {
		p.opening.shut, p.ends = at, at+p.Gap
		h.reckon()
		return
	}
	if p.opening != nil {
		h.close(p, true)
	}
	p.number = max(now.UnixMilli(), p.number+1)
	p.opening = &opening{id: p.number, portal: p, from: now, at: at}
	p.opened, p.ends = at, never
	h.reckon()
	for s := range h.lists[muted].of(p) {
		h.schedule(s)
	}
	for s := range h.lists[candidate].of(p) {
		if s.believed() {
			h.confirm(s)
			h.schedule(s)
		}
	}
}

// GateLost says that nobody knows how a portal's gate is: its signal has not
// come yet, or does not come any more. Until [Hall.Gate] is told again the
// portal judges as one without a gate, since parcels go on passing whether
// their photo-eye works or not.
func (h *Hall) GateLost(name string, now time.Time) {
	at := h.advance(now)
	p := h.named[name]
	if p == nil || !p.Gate || p.lost {
		return
	}
	if p.open {
		p.opening.shut, p.opening.cut = at, true
	}
	p.lost, p.open = true, false
	if p.opening != nil {
		h.close(p, false)
	}
	h.reckon()
}

// gated reports whether there is no pass without the gate.
func (p *portal) gated() bool { return p.Gate && !p.lost }

// Started says that a portal's reader has begun to hear again: what stays in
// the field from then on was not brought there. The hall begins with it.
func (h *Hall) Started(name string, now time.Time) {
	at := h.advance(now)
	if p := h.named[name]; p != nil {
		p.started = at
	}
}

// shut ends the openings that are due.
func (h *Hall) shut() {
	for _, p := range h.portals {
		if p.opening != nil && p.ends <= h.now {
			h.close(p, false)
		}
	}
	h.reckon()
}

// close ends an opening, and the passes in it. Who was heard mostly after
// the gate had closed belongs to the next parcel and is a candidate for it,
// and so is who was not near yet when that came.
func (h *Hall) close(p *portal, next bool) {
	o := p.opening
	p.opening, p.closed = nil, h.now
	o.over, o.to = true, o.from.Add(h.now-o.at)
	for s := range h.lists[confirmed].of(p) {
		if s.opening != o {
			continue // recovered, and older than the gate
		}
		if s.middle() > o.shut.Seconds() || next && (s.weak() || s.near() && s.heard > o.shut) {
			h.drop(s, ReasonNext)
			s.opening, s.shown = nil, false
			h.enter(s, candidate)
			h.schedule(s)
			continue
		}
		h.end(s)
	}
	h.completed(o)
}

// reckon finds the opening that ends first.
func (h *Hall) reckon() {
	h.shuts = never
	for _, p := range h.portals {
		if p.opening != nil {
			h.shuts = min(h.shuts, p.ends)
		}
	}
}

// settled says that one pass of an opening is recorded, or was none.
func (h *Hall) settled(s *session) {
	s.opening.pending--
	h.completed(s.opening)
}

func (h *Hall) completed(o *opening) {
	if o.over && o.pending == 0 {
		o.pending = -1
		told := Pass{Portal: o.portal.Name, First: o.from, Last: o.to, Reads: o.passes, Group: o.id}
		if o.cut {
			told.Reason = ReasonLost
		}
		h.tell(Complete, told)
	}
}
