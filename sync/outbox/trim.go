package outbox

import (
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
			return trimmed, nil
		}
		to, err := o.oldUpto(first, upto, now.Add(-o.retention), now)
		if err != nil {
			return trimmed, o.explain("trim the outbox", err)
		}
		if to < first {
			return trimmed, nil
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
				if err != nil {
					return err
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
	err := o.update(func(tx *bbolt.Tx) error {
		events, hashes := tx.Bucket(eventsBucket), tx.Bucket(hashesBucket)
		hashes.FillPercent = 1
		for seq := first; seq <= to; seq++ {
			k := key(seq)
			r, err := parseRecord(events.Get(k))
			if err != nil {
				return err
			}
			if err := hashes.Put(k, append([]byte(nil), r.hashes...)); err != nil {
				return err
			}
			if err := events.Delete(k); err != nil {
				return err
			}
		}
		return nil
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
