package pass

import (
	"errors"
	"fmt"
	"time"
)

// Hall is portals that stand near each other, and the tags they hear.
type Hall struct {
	portals []*portal
	named   map[string]*portal
	tags    map[string]*tag
	lists   [states]list // sessions by state
	timers  timers
	limit   int // sessions
	number  uint64
	turns   uint64 // how often the passes that go on have become others

	base   time.Time     // times inside are counted from here
	now    time.Duration // it never goes back
	begun  bool
	shuts  time.Duration // the first time at which a gate's opening ends
	events []Event
	told   []Event // those handed out last, to be reused

	freeSessions *session // by sibling
	freeTags     []*tag
}

// limit is how many sessions are kept. 2,000 tags a second come to half of it.
const limit = 20_000

// never is later than everything.
const never = time.Duration(1<<63 - 1)

// NewHall makes a hall of portals, or says all that is wrong with them.
func NewHall(portals []Portal) (*Hall, error) {
	h := &Hall{named: map[string]*portal{}, tags: map[string]*tag{}, limit: limit, shuts: never}
	var errs []error
	for _, p := range portals {
		if err := p.check(); err != nil {
			errs = append(errs, err)
		}
		if h.named[p.Name] != nil {
			errs = append(errs, fmt.Errorf("portal %q: there are two of that name", p.Name))
		}
		made := &portal{Portal: p.withDefaults(), gate: gate{opened: -1}}
		h.portals = append(h.portals, made)
		h.named[p.Name] = made
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return h, nil
}

// Hear takes in a tag that a portal's reader heard. A portal that the hall
// does not have is not listened to.
func (h *Hall) Hear(r *Read, now time.Time) {
	at := h.advance(now)
	p := h.named[r.Portal]
	switch {
	case p == nil:
		return
	case len(r.EPC) == 0 || len(r.EPC) > longestEPC:
		p.strays.Malformed++
		return
	}
	p.observe(at, r.count())
	level := p.calibrated(r.Antenna, r.RSSI)
	t := h.tags[string(r.EPC)]
	s := t.at(p)
	if s == nil {
		s = h.begin(r.EPC, p, at)
		s.start = now
	} else if d := at - s.heard; d < p.Dwell {
		follow(&p.interval, d/time.Duration(r.count()), 64)
	}
	s.heard = at
	switch s.state {
	case held:
		if s.opening != nil && s.opening.over {
			break // another parcel's turn
		}
		h.enter(s, confirmed)
		s.add(r, level, at)
	case candidate, confirmed:
		s.add(r, level, at)
	case muted:
		if at-s.muted >= p.Dwell {
			h.enter(s, parked)
		}
	case away, background:
		if h.rises(s, r, level) {
			s.evidence = evidence{start: now}
			h.enter(s, candidate)
			s.add(r, level, at)
		}
	}
	switch {
	case s.state == candidate && s.believed():
		h.confirm(s)
	case s.state == confirmed && !s.shown && s.reads%8 == 0: // now and then
		h.show(s)
	}
	h.schedule(s)
}

// rises reports whether a tag of the background is heard as it never was,
// and so is being moved. After it was away it need not be better than
// unmistakable.
func (h *Hall) rises(s *session, r *Read, level int) bool {
	p := s.portal
	if s.state == away {
		s.came, s.back = true, h.now
		s.since, s.highest = h.now, level
		h.enter(s, background)
		if !s.ground.ranked || !r.measured() {
			return true
		}
	}
	if !s.ground.ranked || !r.measured() {
		return false
	}
	want := s.level + rise
	if s.came && h.now-s.back < p.Dwell {
		want = min(want, p.threshold(r.Antenna)+rise)
	}
	if level > want {
		return true
	}
	if h.now-s.since >= p.Dwell {
		s.level = max(s.highest, s.level-1)
		s.since, s.highest = h.now, level
	}
	s.highest = max(s.highest, level)
	return false
}

// begin makes a session for a tag that was not heard here lately.
func (h *Hall) begin(epc []byte, p *portal, at time.Duration) *session {
	h.makeRoom()
	t := h.tags[string(epc)]
	if t == nil {
		if n := len(h.freeTags); n > 0 {
			t, h.freeTags = h.freeTags[n-1], h.freeTags[:n-1]
		} else {
			t = &tag{}
		}
		t.epc = string(epc)
		h.tags[t.epc] = t
	}
	s := h.freeSessions
	if s != nil {
		h.freeSessions = s.sibling
		*s = session{}
	} else {
		s = &session{}
	}
	h.number++
	s.portal, s.tag, s.number, s.heard, s.deadline = p, t, h.number, at, at
	s.sibling, t.sessions = t.sessions, s
	h.lists[candidate].add(s)
	h.timers.add(s)
	p.present++
	return s
}

// forget ends a session for good.
func (h *Hall) forget(s *session) {
	if s.state.open() {
		h.turns++
	}
	if s.state != away {
		s.portal.present--
	}
	h.lists[s.state].remove(s)
	h.timers.remove(s)
	t := s.tag
	for at := &t.sessions; *at != nil; at = &(*at).sibling {
		if *at == s {
			*at = s.sibling
			break
		}
	}
	if t.sessions == nil {
		delete(h.tags, t.epc)
		t.epc = ""
		h.freeTags = append(h.freeTags, t)
	}
	s.tag = nil
	s.sibling, h.freeSessions = h.freeSessions, s
}

func (t *tag) at(p *portal) *session {
	if t == nil {
		return nil
	}
	s := t.sessions
	for s != nil && s.portal != p {
		s = s.sibling
	}
	return s
}

// enter puts a session into another state.
func (h *Hall) enter(s *session, next state) {
	if s.state == next {
		return
	}
	if s.state == away {
		s.portal.present++
	}
	if next == away {
		s.portal.present--
	}
	if s.state.open() != next.open() {
		h.turns++
	}
	h.lists[s.state].remove(s)
	s.state = next
	h.lists[next].add(s)
}

// makeRoom forgets whoever is missed least, if there are too many: the
// background that is gone, the oldest candidates while there are many of
// them, and what is recorded anyhow. A pass is never lost.
func (h *Hall) makeRoom() {
	if len(h.timers) < h.limit {
		return
	}
	for _, least := range []struct {
		state state
		n     int // only if there are so many
	}{{away, 1}, {candidate, h.limit / 8}, {muted, 1}, {parked, 1}, {background, 1}, {candidate, 1}} {
		if l := &h.lists[least.state]; l.n >= max(1, least.n) {
			l.head.portal.strays.Crowded++
			h.forget(l.head)
			return
		}
	}
	s := h.lists[held].head
	if s == nil {
		s = h.lists[confirmed].head
	}
	s.crowded = true
	h.record(s, Passed)
	h.forget(s)
}

// advance does what is due by now, in the order in which it was due.
func (h *Hall) advance(now time.Time) time.Duration {
	if !h.begun {
		h.begun, h.base = true, now
	}
	to := max(h.now, now.Sub(h.base))
	for {
		s, at, any := h.timers.first()
		if h.shuts <= to && (!any || h.shuts < at) {
			h.now = max(h.now, h.shuts)
			h.shut()
			continue
		}
		if !any || at > to {
			break
		}
		h.now = max(h.now, at)
		h.expire(s)
	}
	h.now = to
	return to
}

// Sweep does what is due by now, and says when something may be due next if
// nothing more is heard; never, if that is the zero time.
func (h *Hall) Sweep(now time.Time) (next time.Time) {
	h.advance(now)
	_, at, any := h.timers.first()
	if any {
		next = h.base.Add(at)
	}
	if h.shuts != never && (!any || h.shuts < at) {
		next = h.base.Add(h.shuts)
	}
	return next
}

// Events are those since the last call. The slice is good until the next one.
func (h *Hall) Events() []Event {
	h.events, h.told = h.told[:0], h.events
	return h.told
}
