package outbox

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
)

// maxConsumers bounds what strangers can make us remember: receipts come from
// topics.
const maxConsumers = 16

// Published is the number up to which the broker has acknowledged everything.
func (o *Outbox) Published() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.published
}

// SetPublished moves the published cursor forward. It goes to disk with the
// next commit or within a second: losing it only repeats some events.
func (o *Outbox) SetPublished(seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq > o.state.published && seq <= o.state.last {
		o.state.published = seq
		o.touched()
	}
}

// Confirm takes a consumer's receipt for everything up to a number. A receipt
// never moves back. One for another epoch or for numbers never given is an
// error and changes nothing.
func (o *Outbox) Confirm(consumer, epoch string, upto uint64) error {
	if !event.ValidName(consumer) {
		return fmt.Errorf("receipt: %.60q can not name a consumer", consumer)
	}
	if epoch != o.epoch {
		if p := o.past(epoch); p != nil {
			p.confirm(consumer, upto)
			return nil
		}
		return fmt.Errorf("receipt of %s: %w (%.40q, this one is %s)", consumer, ErrEpoch, epoch, o.epoch)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if upto > o.state.last {
		return fmt.Errorf("receipt of %s: %w (%d, the last is %d)", consumer, ErrAhead, upto, o.state.last)
	}
	had, known := o.state.confirmed[consumer]
	if !known && len(o.state.confirmed) >= maxConsumers {
		return fmt.Errorf("receipt of %s: %d consumers are known already, more are not kept", consumer, maxConsumers)
	}
	if known && upto <= had {
		return nil
	}
	o.state.confirmed[consumer] = upto
	o.touched()
	o.confirmedAt = o.changes
	return nil
}

// Confirmed is what a consumer has confirmed.
func (o *Outbox) Confirmed(consumer string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.confirmed[consumer]
}

// touched notes a change that is not on disk. The caller holds mu.
func (o *Outbox) touched() {
	o.changes++
	o.stir()
}

// stir lets keep look.
func (o *Outbox) stir() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// receipts are the receipts to write, nil if they are on disk. The caller
// holds mu.
func (o *Outbox) receipts() map[string]uint64 {
	if o.confirmedAt <= o.saved {
		return nil
	}
	receipts := make(map[string]uint64, len(o.state.confirmed))
	for consumer, upto := range o.state.confirmed {
		receipts[consumer] = upto
	}
	return receipts
}

// keep writes the cursors within a second of a change, if no commit has taken
// them along. While nothing changes it does nothing.
func (o *Outbox) keep() {
	defer o.kept.Done()
	for {
		select {
		case <-o.changed:
		case <-o.quit:
			return
		}
		for warned := false; o.dirty(); {
			select {
			case <-time.After(time.Second):
			case <-o.quit:
				return // Close writes them
			}
			err := errors.Join(o.alone(o.saveState), o.savePasts())
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil && !warned {
				o.log.Warn("cursors not saved", "err", err)
				warned = true
			}
		}
	}
}

func (o *Outbox) dirty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changes != o.saved || slices.ContainsFunc(o.pasts, func(p *Past) bool { return p.dirty })
}

// saveState writes cursors and time if they changed. The caller holds the turn.
func (o *Outbox) saveState() error {
	o.mu.Lock()
	s, changes, receipts := o.state, o.changes, o.receipts()
	unchanged := changes == o.saved
	o.mu.Unlock()
	if unchanged {
		return nil
	}
	s.lastAt = o.clock.last
	err := o.update(func(tx *bbolt.Tx) error { return putState(tx, o.epoch, s, receipts) })
	if err != nil {
		return o.explain("save the cursors", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saved = max(o.saved, changes)
	return nil
}
