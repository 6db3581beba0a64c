package outbox

import (
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// trimChunk bounds the transactions of Trim, since a scan may wait for one.
const trimChunk = 1000

// Trim lets go of the events that every required consumer has confirmed and
// that are older than the retention, and says how many. With no consumer
// required nothing is ever let go. Tree hashes stay, so heads stay comparable
// and proofs possible.
func (o *Outbox) Trim(now time.Time, required []string) (int, error) {
	o.trimming.Lock()
	defer o.trimming.Unlock()
	upto := o.confirmedByAll(required)
	trimmed := 0
	for {
		o.mu.Lock()
		first := o.state.first
		o.mu.Unlock()
		if first > upto {
			return trimmed, o.trimPasts(now, required)
		}
		to, err := o.oldUpto(first, upto, now.Add(-o.retention), now)
		if err != nil {
			return trimmed, o.explain("trim the outbox", err)
		}
		if to < first {
			return trimmed, o.trimPasts(now, required)
		}
		to = min(to, first+trimChunk-1)
		if err := o.alone(func() error { return o.trimChunk(first, to) }); err != nil {
			return trimmed, err
		}
		trimmed += int(to - first + 1)
	}
}

func (o *Outbox) confirmedByAll(required []string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(required) == 0 {
		return 0
	}
	upto := o.state.last
	for _, consumer := range required {
		upto = min(upto, o.state.confirmed[consumer])
	}
	return upto
}

// oldUpto is the newest event, of first to upto, that is old enough, as far
// as a chunk needs it. An event dated after now was written before the clock
// was set back; how old it is, the next believable one says.
func (o *Outbox) oldUpto(first, upto uint64, before, now time.Time) (uint64, error) {
	old := first - 1
	for from := first; from <= upto && old < first+trimChunk-1; {
		next, done := from, false
		err := o.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(eventsBucket).Cursor()
			for k, v := c.Seek(key(from)); k != nil && next < from+trimChunk; k, v = c.Next() {
				seq := seqOf(k)
				if done = seq > upto; done {
					return nil
				}
				r, err := parseRecord(v)
				if err != nil { // damaged: as old as what comes behind it
					next = seq + 1
					continue
				}
				switch {
				case !r.at.After(before):
					old = seq
				case !r.at.After(now):
					done = true
					return nil
				}
				next = seq + 1
			}
			return nil
		})
		if err != nil || done || next == from {
			return old, err
		}
		from = next
	}
	return old, nil
}

// trimChunk moves the hashes of events first to to aside and deletes the
// events. The caller holds the turn.
func (o *Outbox) trimChunk(first, to uint64) error {
	o.mu.Lock()
	s := o.state
	o.mu.Unlock()
	s.first, s.lastAt = to+1, o.clock.last
	err := o.update(func(tx *bbolt.Tx) error {
		events, hashes := tx.Bucket(eventsBucket), tx.Bucket(hashesBucket)
		hashes.FillPercent = 1
		for seq := first; seq <= to; seq++ {
			k := key(seq)
			r, err := parseRecord(events.Get(k))
			if err != nil { // damaged: nobody can have more of it than its loss
				if err := events.Delete(k); err != nil {
					return err
				}
				continue
			}
			if err := hashes.Put(k, append([]byte(nil), r.hashes...)); err != nil {
				return err
			}
			if err := events.Delete(k); err != nil {
				return err
			}
		}
		// Whoever has to carve this file must not take them for lost.
		return putState(tx, o.epoch, s, nil)
	})
	if err != nil {
		return o.explain("trim the outbox", err)
	}
	o.weighFreelist()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.first = to + 1
	return nil
}

// trimPasts lets go of an older log when every required consumer has confirmed
// all of it and its newest event is old enough.
func (o *Outbox) trimPasts(now time.Time, required []string) error {
	for _, p := range o.Pasts() {
		if !p.confirmedByAll(required) || !p.old(now.Add(-o.retention)) {
			continue
		}
		for more := true; more; {
			err := o.alone(func() error { return o.update(func(tx *bbolt.Tx) (err error) { more, err = p.drop(tx); return err }) })
			if err != nil {
				return o.explain("trim the outbox", err)
			}
		}
		o.mu.Lock()
		o.pasts = slices.DeleteFunc(o.pasts, func(q *Past) bool { return q == p })
		o.mu.Unlock()
	}
	return nil
}

func (p *Past) confirmedByAll(required []string) bool {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	for _, consumer := range required {
		if p.kept.Confirmed[consumer] < p.kept.Last {
			return false
		}
	}
	return len(required) > 0
}

func (p *Past) old(before time.Time) bool {
	old := true
	err := p.o.view(func(tx *bbolt.Tx) error {
		if b := tx.Bucket([]byte(pastPrefix + p.epoch)); b != nil {
			if _, v := b.Cursor().Last(); v != nil {
				r, err := parseRecord(v)
				old = err != nil || !r.at.After(before)
			}
		}
		return nil
	})
	return err == nil && old
}

// drop deletes some of a past's events, and the rest of it after the last.
func (p *Past) drop(tx *bbolt.Tx) (more bool, err error) {
	if b := tx.Bucket([]byte(pastPrefix + p.epoch)); b != nil {
		c := b.Cursor()
		n := 0
		for k, _ := c.First(); k != nil && n < trimChunk; k, _ = c.First() {
			if err := c.Delete(); err != nil {
				return false, err
			}
			n++
		}
		if n == trimChunk {
			return true, nil
		}
		if err := tx.DeleteBucket([]byte(pastPrefix + p.epoch)); err != nil {
			return false, err
		}
	}
	pasts := tx.Bucket(pastsBucket)
	p.o.mu.Lock()
	mark := appendMark(nil, p.epoch, state{first: p.kept.Last + 1, last: p.kept.Last, published: p.kept.Published})
	p.o.mu.Unlock()
	return false, errors.Join(pasts.Delete([]byte(epochPrefix+p.epoch)), pasts.Put(markOf(p.epoch), mark))
}
