package downlink

import (
	"fmt"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
)

// ask is a replay request that was sent and not answered to its end.
type ask struct {
	id    string
	heard time.Time // when it was sent, or its answer last heard
	held  uint64    // events held when it was sent

	ranges [][2]uint64
}

// sweep does what is due, and returns when to look again; zero if only a
// message can change anything.
func (d *Downlink) sweep(now time.Time) (next time.Time) {
	soon := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, st := range d.stations {
		for _, s := range st.streams {
			soon(d.confirm(s, now))
			soon(d.repair(s, now))
		}
	}
	if d.flushed.IsZero() {
		d.flushed = now
	}
	if now.Sub(d.flushed) >= flushEvery {
		d.flushed = now
		if err := d.o.Ledger.Flush(); err != nil {
			d.o.Log.Debug("newest heads not written", "err", err)
		}
	}
	soon(d.flushed.Add(flushEvery))
	return next
}

// repair asks for what is missing of a stream, when it is time to.
func (d *Downlink) repair(s *stream, now time.Time) (next time.Time) {
	if !s.behind {
		s.ask, s.stuck, s.backoff, s.markAt, s.old = nil, nil, 0, time.Time{}, 0
		return time.Time{}
	}
	mark := d.o.Ledger.Marks(s.station.name, s.epoch)
	ranges, ripe := s.ripe(d.o.Ledger, mark, now, d.o.Reorder)
	if s.ask != nil {
		if until := s.ask.heard.Add(answerWait); now.Before(until) {
			return until
		}
		d.count(func(c *Counts) { c.Unanswered++ })
		s.done(mark.Held, now)
	}
	switch {
	case s.station.gone: // its next birth brings us back here
		return time.Time{}
	case now.Before(d.pause):
		return d.pause
	case now.Before(s.notBefore):
		return s.notBefore
	case len(ranges) == 0:
		return ripe
	}
	d.serial++
	id := fmt.Sprintf("%s-%d", d.boot, d.serial)
	req := event.Request{ID: id, From: d.o.Requester, Epoch: s.epoch, Replay: ranges}
	if err := d.up.send(mqtt.Message{Topic: d.topics(s.station.name).Req(), Payload: req.JSON()}); err != nil {
		return time.Time{} // the link is going, and the next one begins anew
	}
	s.ask = &ask{id: id, heard: now, held: mark.Held, ranges: ranges}
	d.count(func(c *Counts) { c.Requests++ })
	d.o.Log.Debug("asking for missing events", "station", s.station.name, "seq", ranges[0][0], "ranges", len(ranges))
	return now.Add(answerWait)
}

// ripe lists what may be asked for: holes whose lower end has not moved for
// the reorder time, as far as their numbers have been known for that long.
// If there are none, it says when that may change.
func (s *stream) ripe(l *ledger.Ledger, mark ledger.Stream, now time.Time, reorder time.Duration) (ranges [][2]uint64, next time.Time) {
	if s.markAt.IsZero() || now.Sub(s.markAt) >= reorder {
		s.old, s.mark, s.markAt = s.mark, mark.Last, now
	}
	next = s.markAt.Add(reorder)
	stuck := make(map[uint64]time.Time, len(s.stuck))
	left := uint64(maxReplay)
	awaited := len(s.coming) > 0 && now.Sub(s.comingAt) < comingWait
	if awaited {
		next = minTime(next, s.comingAt.Add(comingWait))
	}
	for _, h := range l.Holes(s.station.name, s.epoch, watchedHoles) {
		since, ok := s.stuck[h[0]]
		if !ok {
			since = now
			if h[0] == s.asked+1 { // the rest of what was too much for one request
				since = s.askedSince
			}
		}
		stuck[h[0]] = since
		if due := since.Add(reorder); due.After(now) {
			if due.Before(next) {
				next = due
			}
			continue
		}
		to := min(h[1], s.old)
		if awaited && s.comes(h[0]) {
			continue
		}
		if to < h[0] || left == 0 || len(ranges) == maxRanges {
			continue
		}
		to = min(to, h[0]+left-1)
		if left -= to - h[0] + 1; left == 0 {
			s.asked, s.askedSince = to, since
		}
		ranges = append(ranges, [2]uint64{h[0], to})
	}
	s.stuck = stuck
	return ranges, next
}

// comingWait is how long nothing of an announced backlog may come before it is
// asked for after all: it was lost on the way, or goes too slowly to be one.
const comingWait = 30 * time.Second

// comes reports whether the station says that a number is on its way.
func (s *stream) comes(seq uint64) bool {
	for _, r := range s.coming {
		if r[0] <= seq && seq <= r[1] {
			return true
		}
	}
	return false
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// done ends a request. One that brought something is followed at once by the
// next; after one that brought nothing we wait, longer each time.
func (s *stream) done(held uint64, now time.Time) {
	if held > s.ask.held {
		s.backoff = 0
	} else {
		s.backoff = min(max(firstBackoff, 2*s.backoff), longBackoff)
	}
	s.notBefore = now.Add(s.backoff)
	s.ask = nil
}

// answering notes that a station is answering: a long answer on a slow line is
// not a missing one.
func (d *Downlink) answering(name string, at time.Time) {
	if st := d.stations[name]; st != nil {
		for _, s := range st.streams {
			if s.ask != nil {
				s.ask.heard = at
			}
		}
	}
}

// answered takes in the end of an answer: what the station holds at all.
func (d *Downlink) answered(name string, m message) {
	st := d.station(name)
	e, err := event.ParseEnd(m.Payload)
	if err != nil {
		d.unreadable(st, "res", err)
		return
	}
	if st.streams[e.Epoch] != nil {
		d.exists(st.streams[e.Epoch], e.First, e.Last)
	}
	for _, s := range st.streams {
		if s.ask == nil || s.ask.id != e.ID {
			continue
		}
		mark := d.o.Ledger.Marks(name, s.epoch)
		switch {
		case s.epoch != e.Epoch: // it has no such log any more
			if mark.Upto < mark.Last {
				d.giveUp(s, mark.Upto+1, mark.Last)
			}
		case e.Sent > 0 || mark.Held > s.ask.held:
			s.empty = 0
		default:
			d.empty(s, e)
		}
		s.done(mark.Held, d.o.Now())
	}
}

// empty takes in an answer without events. Numbers that the station counts as
// held and does not send, again and again, are damaged there: a hole that
// replay can not fill is lost.
func (d *Downlink) empty(s *stream, e event.End) {
	s.empty++
	if s.empty < emptyAnswers {
		return
	}
	s.empty = 0
	for _, r := range s.ask.ranges {
		if from, to := max(r[0], e.First), min(r[1], e.Last); from <= to {
			d.giveUp(s, from, to)
		}
	}
}
