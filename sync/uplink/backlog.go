package uplink

import (
	"math"
	"time"

	"scanpost/sync/outbox"
)

// backlog is what had not left when the connection was made: first what was
// rescued of older logs, then this one's. It gets what room live events leave,
// at a pace that the configuration may bound, so that a station that was away
// for a week does not shut out the others when it is back.
//
// What is written now goes first, and what waited goes behind it, each in its
// own order. Receivers are told in the birth which numbers are on their way, or
// they would take them for lost and ask for them.
type backlog struct {
	ended uint64          // the newest number when the connection was made: what comes later is live
	upto  uint64          // live events acknowledged up to here
	lanes []*lane         // to come
	now   *lane           // nil when there is none left
	met   map[string]bool // epochs of older logs that were taken up
	done  bool            // this log's own backlog has arrived: the cursor follows what is live
	pace  *pace

	closing bool // this is the goodbye, which takes along only what it can
}

// lane is one from behind the cursor of a log to wherever it ends.
func (s *session) lane(box reader, epoch string) lane {
	return lane{
		link: s.link, topic: s.topics.Evt(), box: box, epoch: epoch, window: s.o.Window,
		broken: s.tellDamaged, poison: s.poisoned, next: box.Published() + 1, limit: math.MaxUint64,
	}
}

// begin finds out what there is to send.
func (b *backlog) begin(s *session) {
	b.pace, b.met = newPace(s.o.Pace), map[string]bool{}
	b.pasts(s)
	if l := s.lane(s.o.Outbox, s.o.Outbox.Epoch()); l.next <= b.ended {
		l.limit, l.pace = b.ended, b.pace
		b.lanes = append(b.lanes, &l)
	} else {
		b.done = true
	}
	b.turn()
}

// pasts takes up what was rescued of older logs.
func (b *backlog) pasts(s *session) {
	for _, p := range s.pasts() {
		if b.met[p.Epoch()] {
			continue
		}
		b.met[p.Epoch()] = true
		if l := s.lane(p, p.Epoch()); l.next <= p.Stats().Last {
			l.broken, l.pace = func(uint64, error) {}, b.pace // its loss was declared when it was rescued
			l.limit = p.Stats().Last
			b.lanes = append(b.lanes, &l)
		}
	}
}

// more takes up what was rescued since the connection was made: a rescue goes
// on beside it.
func (b *backlog) more(s *session) {
	b.pasts(s)
	if b.now == nil {
		b.turn()
	}
}

// turn takes up the next log.
func (b *backlog) turn() {
	b.now = nil
	if len(b.lanes) > 0 {
		b.now, b.lanes = b.lanes[0], b.lanes[1:]
	}
}

// next goes on behind a log of which everything has arrived.
func (b *backlog) next(s *session) error {
	own := b.now.epoch == s.live.epoch
	b.turn()
	if !own {
		return nil
	}
	b.done = true
	if upto := max(b.ended, b.upto); upto > s.o.Outbox.Published() {
		s.o.Outbox.SetPublished(upto)
	}
	return s.sendBirth() // nothing is on its way any more
}

func (b *backlog) fill(s *session) error {
	for b.now != nil {
		if err := b.now.fill(); err != nil || !b.now.idle() || b.closing {
			return err
		}
		// It was asked for more, and there is none: everything has arrived.
		if err := b.next(s); err != nil {
			return err
		}
	}
	return nil
}

func (b *backlog) oldest() <-chan struct{} {
	if b.now == nil {
		return nil
	}
	return b.now.oldest()
}

// limit bounds what still leaves before the goodbye.
func (b *backlog) limit(seq uint64) {
	b.closing = true
	if b.now != nil {
		b.now.limit = min(b.now.limit, seq)
		b.now.pace = nil
	}
}

func (b *backlog) resting() bool { return b.now == nil || b.now.idle() }

// pasts are the older logs of which something is held.
func (s *session) pasts() []*outbox.Past {
	if o, ok := s.o.Outbox.(interface{ Pasts() []*outbox.Past }); ok {
		return o.Pasts()
	}
	return nil
}

// boxOf is the log of an epoch; nil if it is no longer there.
func (s *session) boxOf(epoch string) reader {
	if epoch == s.o.Outbox.Epoch() {
		return s.o.Outbox
	}
	for _, p := range s.pasts() {
		if p.Epoch() == epoch {
			return p
		}
	}
	return nil
}

// pace lets so many events a second pass, a twentieth of a second's at once.
type pace struct {
	every time.Duration
	due   time.Time // the next may pass
	timer *time.Timer
}

// newPace is nil for a rate of zero: as fast as the link allows.
func newPace(perSecond int) *pace {
	if perSecond <= 0 {
		return nil
	}
	return &pace{every: time.Second / time.Duration(perSecond)}
}

// ready reports whether one more may pass, and counts it.
func (p *pace) ready() bool {
	if p == nil {
		return true
	}
	now := time.Now()
	const together = time.Second / 20
	if p.due.Sub(now) > together {
		if p.timer == nil {
			p.timer = time.NewTimer(together)
		} else {
			p.timer.Reset(together)
		}
		return false
	}
	if p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(p.every)
	return true
}

// wait ends when more may pass; nil if nothing waits.
func (p *pace) wait() <-chan time.Time {
	if p == nil || p.timer == nil {
		return nil
	}
	return p.timer.C
}
