package pass

import "time"

// schedule sets when something is due for a session if nothing more is heard.
func (h *Hall) schedule(s *session) {
	p := s.portal
	switch s.state {
	case candidate, confirmed:
		s.deadline = min(s.last+s.patience(), s.stays())
	case muted:
		s.deadline = s.heard + s.rearm()
	case parked, background:
		s.deadline = s.heard + p.Absent
	case away:
		s.deadline = s.heard + day
	}
	h.timers.moved(s)
}

// rearm is how long a tag that has passed must be unheard to pass again. A
// gate that opened since then says that this is the next parcel.
func (s *session) rearm() time.Duration {
	if p := s.portal; p.gated() && p.opened >= s.muted {
		return min(p.Gap, p.Rearm)
	}
	return s.portal.Rearm
}

// stays is when a tag that is still heard is one that stays. Before a gate
// parcels queue: there they may wait until the gate has not opened for long.
func (s *session) stays() time.Duration {
	p := s.portal
	switch {
	case s.opening != nil:
		return max(s.first, s.opening.at) + p.Dwell
	case s.state != candidate || !p.gated():
		return s.first + p.Dwell
	case p.opening != nil:
		return never
	}
	return max(s.first+p.Dwell, p.closed+p.Absent)
}

// expire does what is due for a session.
func (h *Hall) expire(s *session) {
	if s.state == held {
		h.decide(s)
		return
	}
	if h.schedule(s); s.deadline > h.now {
		return // its patience has grown since it was heard
	}
	switch s.state {
	case candidate, confirmed:
		if h.now >= s.last+s.patience() {
			h.end(s)
		} else {
			h.stay(s)
		}
	case muted, parked, away:
		h.forget(s)
	case background:
		h.enter(s, away)
		h.schedule(s)
	}
}

// confirm makes a pass of a candidate. It is not shown while a neighbour
// hears the tag better.
func (h *Hall) confirm(s *session) {
	h.enter(s, confirmed)
	if o := s.portal.opening; o != nil {
		s.opening = o
		o.pending++
	}
	h.show(s)
}

func (h *Hall) show(s *session) {
	if s.shown = !h.yields(s); s.shown {
		h.tell(Confirmed, s.pass())
	}
}

// end is silence, or the gate that shut.
func (h *Hall) end(s *session) {
	if s.state == candidate {
		h.stray(s)
		return
	}
	for o := s.tag.sessions; o != nil; o = o.sibling {
		if o.state <= held && h.meets(s, o) {
			h.enter(s, held)
			s.deadline = h.now + s.window()
			h.timers.moved(s)
			return
		}
	}
	h.decide(s)
}

// window is how far apart in time two portals may hear one and the same pass.
func (s *session) window() time.Duration { return s.portal.Gap + linger }

// meets reports whether another portal's session of the tag may be the same pass.
func (h *Hall) meets(s, o *session) bool {
	return o != s && o.heard+s.window() >= s.first && o.first <= s.last+s.window()
}

// yields reports whether a neighbour heard the tag better.
func (h *Hall) yields(s *session) bool {
	if s.tag.sessions == s && s.sibling == nil && !s.rival.valid {
		return false
	}
	own := s.standing()
	if own.yields(s.rival, s.window(), s.portal.Lead) {
		return true
	}
	for o := s.tag.sessions; o != nil; o = o.sibling {
		if o.passing() && h.meets(s, o) && own.yields(o.standing(), s.window(), s.portal.Lead) {
			return true
		}
	}
	return false
}

// passing reports whether a session is a pass, or was one just now.
func (s *session) passing() bool { return s.state >= confirmed && s.state <= parked }

// decide records a pass that has ended, unless it was at another portal.
func (h *Hall) decide(s *session) {
	t := s.tag
	switch {
	case h.yields(s):
		s.portal.strays.CrossRead++
		h.drop(s, ReasonCrossRead)
		h.leave(s)
	case s.weak() && s.early() && !s.recovered:
		s.portal.strays.Background++
		h.drop(s, ReasonBackground)
		h.ground(s)
	default:
		h.record(s, Passed)
		h.enter(s, muted)
		s.muted = h.now
		h.schedule(s)
	}
	h.release(t)
}

// release decides about those who waited for nothing but what was decided.
func (h *Hall) release(t *tag) {
	for s := t.sessions; s != nil; s = s.sibling {
		if s.state == held && !h.waits(s) {
			s.deadline = h.now
			h.timers.moved(s)
		}
	}
}

func (h *Hall) waits(s *session) bool {
	for o := s.tag.sessions; o != nil; o = o.sibling {
		if o.state <= confirmed && h.meets(s, o) {
			return true
		}
	}
	return false
}

// early reports whether the tag may have been in the field before its reader
// began to hear.
func (s *session) early() bool { return s.first-s.portal.started < s.portal.Dwell }

// stay is a tag that does not leave.
func (h *Hall) stay(s *session) {
	p := s.portal
	switch {
	case s.state == candidate && s.reads < p.MinReads:
		h.stray(s)
	case s.state == candidate:
		p.strays.Background++
		h.ground(s)
	case h.yields(s):
		p.strays.CrossRead++
		h.drop(s, ReasonCrossRead)
		h.ground(s)
	case !s.recovered && (s.weak() || s.early()):
		p.strays.Background++
		h.drop(s, ReasonBackground)
		h.ground(s)
	default:
		h.record(s, Parked)
		h.enter(s, parked)
		h.schedule(s)
	}
}

// stray is a tag that was heard and did not pass.
func (h *Hall) stray(s *session) {
	p := s.portal
	switch {
	case s.reads < p.MinReads:
		p.strays.Few++
	case s.weak():
		p.strays.Weak++
	default:
		p.strays.Shut++
	}
	h.leave(s)
}

// leave ends a session that was no pass. What is of the background stays it.
func (h *Hall) leave(s *session) {
	switch p := s.portal; {
	case s.known:
		s.since, s.highest, s.came = h.now, lowest, false
		h.enter(s, background)
		h.schedule(s)
	case p.gated() && p.opening == nil && s.first-p.closed >= p.Absent:
		h.ground(s)
	default:
		h.forget(s)
	}
}

// ground makes a session part of the background.
func (h *Hall) ground(s *session) {
	s.ground = ground{known: true, ranked: s.measured, level: s.best.level, since: h.now, highest: lowest}
	h.enter(s, background)
	h.schedule(s)
}

// record tells of a pass for good.
func (h *Hall) record(s *session, kind Kind) {
	p := s.portal
	told := s.pass()
	if kind == Parked {
		told.Reason = ReasonParked
		p.counters.Parked++
	} else {
		told.Direction = s.direction()
		p.counters.Passes++
		if s.measured && told.Reason == "" {
			p.learn(s.best.antenna, s.best.level)
		}
	}
	h.tell(kind, told)
	standing := s.standing()
	for o := s.tag.sessions; o != nil; o = o.sibling {
		if o.state <= held && h.meets(s, o) && (!o.rival.valid || o.rival.score < standing.score) {
			o.rival = standing
		}
	}
	if s.opening != nil {
		s.opening.passes++
		h.settled(s)
	}
}

// drop takes back what was shown.
func (h *Hall) drop(s *session, reason string) {
	if s.shown {
		told := s.pass()
		told.Reason = reason
		h.tell(Dropped, told)
	}
	if s.opening != nil {
		h.settled(s)
	}
}

func (h *Hall) tell(kind Kind, p Pass) { h.events = append(h.events, Event{kind, p}) }
