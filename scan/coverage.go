package scan

import (
	"container/heap"
	"slices"
	"time"
)

// This file is the evidence behind every "missing": for which stretches of
// time all scans of a station are known here (design section 6).

// span is a stretch of time, on the observer's clock, for which all scans of
// a station are known.
type span struct {
	epoch string
	from  time.Time // zero: from the first number of the first log we know of
	to    time.Time
}

// covers reports whether the span holds all of [from, to].
func (s span) covers(from, to time.Time) bool {
	return (s.from.IsZero() || !s.from.After(from)) && !s.to.Before(to)
}

// clock is what is known of a station's wall clock. A message can not arrive
// before it was sent, so head time less arrival time is the clock difference
// less that message's delay, and the largest of many is the difference less
// the smallest delay. A fast clock can not make us believe that we have heard
// the future; a slow one only makes us wait.
type clock struct {
	recent [64]time.Duration
	n      int           // samples taken since the estimate began
	guess  time.Duration // until there is a sample: what it was before the clock stepped, and the step
	vague  bool          // the guess rests on nothing
}

// step starts the estimate anew. Whether the samples so far were taken before
// the step or after it is not known when it was the station's clock.
func (c *clock) step(by time.Duration, sure bool) {
	before, _ := c.offset()
	*c = clock{guess: before + by, vague: c.vague && c.n == 0 || !sure}
}

// founded reports whether the estimate rests on a head, now or in the ledger.
func (c *clock) founded() bool { return c.n > 0 || !c.vague }

func (c *clock) sample(head, arrived time.Time) {
	c.recent[c.n%len(c.recent)] = head.Sub(arrived)
	c.n++
}

func (c *clock) offset() (time.Duration, bool) {
	if c.n == 0 {
		return c.guess, false
	}
	most := c.recent[0]
	for _, o := range c.recent[:min(c.n, len(c.recent))] {
		most = max(most, o)
	}
	return most, true
}

// jump is a step of a station's clock between two of its events.
type jump struct {
	stream *stream
	seq    uint64
	by     time.Duration
}

// lost is a stretch of a station's record that can never be known.
type lost struct {
	epoch       string
	fromN, toN  uint64
	after, till time.Time // of the events before and behind, station's clock; zero if there is none
	resumed     time.Time // observer's clock: of the first complete head behind it, where no event is
	since       time.Time // when it was found
}

// between is when what is lost can have been said, on the observer's clock;
// a zero end is open.
func (s *station) between(l *lost) (after, till time.Time) {
	if !l.after.IsZero() {
		after = s.observed(l.epoch, l.fromN-1, l.after)
	}
	if till = l.resumed; !l.till.IsZero() {
		till = s.observed(l.epoch, l.toN+1, l.till)
	}
	return after, till
}

// stream is one epoch of a station's log as it is held here.
type stream struct {
	epoch              string
	met                time.Time // when the first of it arrived: the older log was met earlier
	lowest             uint64    // smallest number observed
	lowestAt           time.Time // its time, station's clock
	highest            uint64    // largest number observed
	first, last, upto  uint64    // as the ledger knows them
	covered            uint64    // number of the newest head that was covered
	scans, unreadables int
}

// hear extends a station's coverage by a head whose events are all held here.
func (f *Floor) hear(s *station, epoch string, seq uint64, upto time.Time) {
	if n := len(s.spans); n > 0 && s.spans[n-1].epoch == epoch {
		if upto.After(s.spans[n-1].to) {
			s.spans[n-1].to = upto
		}
		return
	}
	for _, sp := range s.spans {
		if sp.epoch == epoch {
			return // an old head of an epoch that has ended
		}
	}
	begin := span{epoch: epoch, from: upto, to: upto}
	st := s.stream(epoch)
	oldest := len(s.spans) == 0
	for _, o := range s.streams {
		oldest = oldest && !o.met.Before(st.met)
	}
	if st.lowest != 0 {
		begin.from = s.observed(epoch, st.lowest, st.lowestAt)
	}
	if oldest && (st.lowest == 1 || seq == 0) { // nothing was ever said before
		begin.from = time.Time{}
	}
	s.spans = append(s.spans, begin)
	f.reconsider(s)
}

// observed puts a time of the station's clock on the observer's, minding the
// steps that the clock has made since.
func (s *station) observed(epoch string, seq uint64, at time.Time) time.Time {
	off, _ := s.clock.offset()
	if len(s.jumps) > 0 {
		st := s.stream(epoch)
		for _, j := range s.jumps {
			if j.stream == st && j.seq > seq || j.stream != st && j.stream.met.After(st.met) {
				off -= j.by
			}
		}
	}
	return at.Add(-off)
}

// heardTo is the end of the newest covered stretch, or zero.
func (s *station) heardTo() time.Time {
	if len(s.spans) == 0 {
		return time.Time{}
	}
	return s.spans[len(s.spans)-1].to
}

// evidence says what stands between a checkpoint and certainty over a
// stretch of time: stations not heard far enough, and stations whose record
// of it is lost. Both empty means complete evidence.
type evidence struct {
	waiting  []*station
	lost     []*station
	nobody   bool // no station is known to serve the checkpoint
	stations int  // how many serve it
}

func (e evidence) complete() bool {
	return len(e.waiting) == 0 && len(e.lost) == 0 && !e.nobody
}

// unless adds that a sighting can not be dated yet.
func (e evidence) unless(s *station) evidence {
	if e.complete() && !s.clock.founded() {
		e.waiting = append(e.waiting, s)
	}
	return e
}

// evidence looks at who serves a checkpoint, and at who may know the unit under
// another name.
func (f *Floor) evidence(checkpoint string, from, to time.Time) evidence {
	var e evidence
	e.nobody = true
	for _, s := range f.serving[checkpoint] {
		if s.retired {
			continue
		}
		e.nobody = false
		e.stations++
		e.ask(f, s, from, to)
	}
	for _, s := range f.tying {
		if !s.retired && !slices.Contains(e.waiting, s) && !slices.Contains(e.lost, s) {
			e.ask(f, s, from, to)
		}
	}
	return e
}

// upto adds that a station which links may have said, in a number before that
// of a scan and not here yet, whose label it was.
func (e evidence) upto(f *Floor, u *unit, scan *sighted) evidence {
	s := scan.station
	st := s.streams[scan.number.Epoch]
	if !e.complete() || s.retired || s.name == f.rules.Self && f.remembered || !slices.Contains(f.tying, s) ||
		st != nil && max(st.upto, st.covered) >= scan.number.Seq {
		return e
	}
	s.behind = append(s.behind, u)
	e.waiting = append(e.waiting, s)
	return e
}

// caughtUp looks again at what waited for the numbers before a scan's.
func (f *Floor) caughtUp(s *station) {
	for _, u := range s.behind {
		f.touch(u)
	}
	s.behind = nil
}

// may is what the stations that are waited for may have done: scanned it at a
// checkpoint, or, where none of them stands there, linked it.
func (e *evidence) may(checkpoint, scanned string) string {
	if slices.ContainsFunc(e.waiting, func(s *station) bool { return slices.Contains(s.checkpoints, checkpoint) }) {
		return scanned
	}
	return "know it under another number too"
}

// ask notes what a station can not say of a stretch of time.
func (e *evidence) ask(f *Floor, s *station, from, to time.Time) {
	switch {
	case s.name == f.rules.Self && f.remembered || s.covers(from, to):
	case s.heardTo().Before(to):
		e.waiting = append(e.waiting, s)
	default:
		e.lost = append(e.lost, s)
	}
}

func (s *station) covers(from, to time.Time) bool {
	for i := range s.losses {
		if after, till := s.between(&s.losses[i]); !to.Before(after) && (till.IsZero() || !till.Before(from)) {
			return false
		}
	}
	for i := len(s.spans) - 1; i >= 0; i-- {
		if s.spans[i].covers(from, to) {
			return true
		}
	}
	return false
}

// waiter is a unit to be judged again once a time has come: on the clock, or
// in a station's covered time.
type waiter struct {
	when time.Time
	unit *unit
}

type waiters []waiter

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].when.Before(w[j].when) }
func (w waiters) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiters) Push(x any)        { *w = append(*w, x.(waiter)) }
func (w *waiters) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = waiter{}
	*w = old[:len(old)-1]
	return last
}

func (w *waiters) add(when time.Time, u *unit) { heap.Push(w, waiter{when, u}) }

// ready takes out everything due by a time.
func (w *waiters) ready(by time.Time, do func(*unit)) {
	for len(*w) > 0 && !(*w)[0].when.After(by) {
		do(heap.Pop(w).(waiter).unit)
	}
}

// reconsider lets everything that waits for a station be judged again.
func (f *Floor) reconsider(s *station) {
	for _, w := range s.waiting {
		f.touch(w.unit)
	}
	clear(s.waiting)
	s.waiting = s.waiting[:0]
}
