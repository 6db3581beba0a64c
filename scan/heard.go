package scan

import "time"

// This file takes in what stations say of themselves: births, heads, and what
// they can no longer say.

func (f *Floor) stepped(s *station, st *stream, ev Event, e *ClockStep) {
	by := e.New.Sub(e.Old) - e.Elapsed
	for _, j := range s.jumps {
		if j.stream == st && j.seq == ev.Seq {
			return
		}
	}
	s.jumps = append(s.jumps, jump{stream: st, seq: ev.Seq, by: by})
	if s.name != f.rules.Self { // our own clock is the one that times are compared on
		s.clock.step(by, false)
	}
	f.reconsider(s)
}

// Birth takes in what a station says of itself when it comes, changes or goes.
func (f *Floor) Birth(name string, checkpoints []string, devices []DeviceView, session, version string, online, signedOff bool, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	if !online && session != "" && s.session != "" && session != s.session {
		return // the death of a connection that has been replaced
	}
	s.online, s.signedOff, s.stateAt = online, signedOff, arrived
	if online {
		s.session, s.version = session, version
		f.serve(s, checkpoints)
		for _, d := range devices {
			have := f.device(s, d.Name)
			if !have.Since.After(d.Since) {
				d.Faults = have.Faults
				*have = d
			}
		}
	}
	f.change()
}

// HeadArrived takes in the time a live head states and when it came. Heads
// that a broker kept say nothing about delays and must not be given here.
func (f *Floor) HeadArrived(name string, at, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	founded := s.clock.founded()
	before, sampled := s.clock.offset()
	s.clock.sample(at, arrived)
	if now, _ := s.clock.offset(); !founded || !sampled && (now-before).Abs() > clockJump {
		f.rejudge(s)
	}
	if arrived.After(s.headAt) {
		s.headAt = arrived
	}
	f.change()
}

// rejudge looks again at every unit that a station has seen: the times of its
// sightings have moved.
func (f *Floor) rejudge(s *station) {
	f.recast()
	for _, u := range f.units {
		for i := range u.seen {
			if u.seen[i].station == s {
				f.touch(u)
				break
			}
		}
	}
}

// Covered takes in a head all of whose events are stored here. For a head
// that was kept (live false), offset is the clock estimate of the time it was
// live, from the ledger; for a live one the present estimate is used.
func (f *Floor) Covered(name, epoch string, seq uint64, at, arrived time.Time, offset time.Duration, live bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	st := s.stream(epoch)
	st.meet(arrived)
	if !live && s.clock.n == 0 { // until a live head comes, the ledger knows best
		s.clock.guess, s.clock.vague = offset, false
		for _, j := range s.jumps {
			if j.stream == st && j.seq > seq || j.stream != st && j.stream.met.After(st.met) {
				s.clock.guess += j.by
			}
		}
	}
	if seq < st.covered {
		return
	}
	st.covered = seq
	f.caughtUp(s)
	if live {
		known := false
		if offset, known = s.clock.offset(); !known {
			return
		}
	}
	before := s.heardTo()
	for i := range s.losses {
		if l := &s.losses[i]; l.epoch == epoch && l.toN <= seq && l.till.IsZero() && l.resumed.IsZero() {
			l.resumed = at.Add(-offset)
		}
	}
	f.hear(s, epoch, seq, at.Add(-offset-f.rules.Margin))
	if heard := s.heardTo(); heard.After(before) {
		s.waiting.ready(heard, f.touch)
		f.change()
	}
}

// Known takes in which numbers a station has given and which are held here.
func (f *Floor) Known(name, epoch string, first, last, stored uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.station(name)
	st := s.stream(epoch)
	if stored > st.upto {
		f.caughtUp(s)
	}
	st.first, st.last, st.upto = first, max(st.last, last), stored
	f.change()
}

// Lost takes in numbers that will never be filled, with the times of the
// events before and after them; zero where there is none.
func (f *Floor) Lost(name, epoch string, from, to uint64, after, till time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost(f.station(name), epoch, from, to, after, till)
	f.change()
}

func (f *Floor) lost(s *station, epoch string, from, to uint64, after, till time.Time) {
	for _, l := range s.losses {
		if l.epoch == epoch && l.fromN == from && l.toN == to {
			return
		}
	}
	s.losses = append(s.losses, lost{epoch: epoch, fromN: from, toN: to, after: after, till: till, since: f.now})
	f.reconsider(s)
}

// Offset is the present estimate of a station's clock less ours.
func (f *Floor) Offset(name string) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.stations[name]; s != nil {
		return s.clock.offset()
	}
	return 0, false
}

// HeardSince reports whether a live head of every named station has come
// after a time.
func (f *Floor) HeardSince(names []string, since time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if s := f.stations[name]; s == nil || !s.headAt.After(since) {
			return false
		}
	}
	return true
}
