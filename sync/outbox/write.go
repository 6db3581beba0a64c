package outbox

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/proof"
)

var (
	eventsBucket = []byte("events")
	hashesBucket = []byte("hashes")
	stateBucket  = []byte("state")
	logBucket    = []byte("log")
)

// Write numbers, dates and encodes the entry, and returns when it is synced to
// disk. When it returns an error the entry is not saved and its number goes to
// the next one.
func (o *Outbox) Write(entry scan.Entry) (scan.Number, error) {
	if entry == nil {
		return scan.Number{}, errors.New("write an event: there is none")
	}
	return o.write(&turn{kind: writeTurn, entry: entry})
}

// WriteAll writes entries that came together, in their order and in as few
// transactions as it can, and answers for each one as Write does.
func (o *Outbox) WriteAll(entries []scan.Entry) ([]scan.Number, []error) {
	numbers, errs := make([]scan.Number, len(entries)), make([]error, len(entries))
	for start := 0; start < len(entries); start += maxTogether {
		part := entries[start:min(start+maxTogether, len(entries))]
		turns := make([]turn, len(part))
		for i, entry := range part {
			turns[i] = turn{kind: writeTurn, entry: entry}
		}
		turns[0].with = turns[1:]
		_, err := o.write(&turns[0])
		for i := range turns {
			t := &turns[i]
			numbers[start+i], errs[start+i] = t.number, t.err
			if t.number.Seq == 0 && t.err == nil { // the whole place in line was refused
				errs[start+i] = err
			}
		}
	}
	return numbers, errs
}

// maxTogether bounds what one caller adds to a commit.
const maxTogether = 256

func (o *Outbox) write(t *turn) (scan.Number, error) {
	if o.join(t) {
		batch := o.takeWrites(t)
		o.commit(batch)
		for i, w := range batch {
			if w != t && w.wake != nil { // what came with another is answered with it
				w.wake <- struct{}{}
			}
			batch[i] = nil // what was answered belongs to its caller alone
		}
		o.pass()
	}
	return t.number, t.err
}

// pending is a record that is ready to be saved.
type pending struct {
	seq    uint64
	record []byte
}

// commit saves a batch in one transaction, and answers every turn in it. The
// caller holds the turn. Nothing of what it knows changes before the
// transaction is on disk, so a failed one leaves its numbers unused.
func (o *Outbox) commit(batch []*turn) {
	c := o.clock
	at, step := c.read(o.reading())
	if err := o.withinLimits(at); err != nil {
		o.fail(batch, fmt.Errorf("save a scan: %w", err))
		return
	}
	o.trial.CopyFrom(o.edge)
	o.buf = o.buf[:0]
	records := make([]pending, 0, len(batch)+1)
	if step != nil {
		// Before the events that speak the new time, in their transaction.
		r, err := o.prepare(step, at)
		if err != nil {
			o.fail(batch, err)
			return
		}
		records = append(records, r)
	}
	for _, t := range batch {
		if t.entry == nil {
			continue
		}
		r, err := o.prepare(t.entry, at)
		if err != nil {
			t.err = err // its own fault: the others go on
			continue
		}
		t.number = o.number(r.seq, at)
		records = append(records, r)
	}
	if len(records) == 0 {
		return
	}
	c.last = at
	if err := o.save(records, at); err != nil {
		o.fail(batch, o.explain("save a scan", err))
		return
	}
	o.clock = c
	o.edge, o.trial = o.trial, o.edge
	if step != nil {
		o.log.Warn("clock stepped", "old", step.Old, "new", step.New, "elapsed", step.Elapsed)
	}
	if cap(o.buf) > 1<<20 {
		o.buf = nil
	}
}

func (o *Outbox) fail(batch []*turn, err error) {
	for _, t := range batch {
		if t.err == nil {
			t.number, t.err = scan.Number{}, err
		}
	}
}

// prepare encodes the entry under the next number of the trial edge.
func (o *Outbox) prepare(entry scan.Entry, at time.Time) (pending, error) {
	seq := o.trial.Len() + 1
	start := len(o.buf)
	e := scan.Event{Number: o.number(seq, at), Site: o.site, Station: o.station, Entry: entry}
	o.buf = event.Append(o.buf, &e)
	b := o.buf[start:]
	if len(b) > event.MaxSize {
		o.buf = o.buf[:start]
		return pending{}, fmt.Errorf("write an event: it is %d bytes large, at most %d can be sent", len(b), event.MaxSize)
	}
	o.hashes = o.trial.Append(o.hashes[:0], proof.RecordHash(b))
	o.buf = appendTrailer(o.buf, o.hashes, at)
	return pending{seq, o.buf[start:len(o.buf):len(o.buf)]}, nil
}

// save commits the records, and with them the cursors as they are now.
func (o *Outbox) save(records []pending, at time.Time) error {
	o.mu.Lock()
	s, changes, receipts := o.state, o.changes, o.receipts()
	o.mu.Unlock()
	last := records[len(records)-1].seq
	s.last, s.lastAt = last, at
	err := o.update(func(tx *bbolt.Tx) error {
		events := tx.Bucket(eventsBucket)
		events.FillPercent = 1
		for _, r := range records {
			if err := events.Put(key(r.seq), r.record); err != nil {
				return err
			}
		}
		return putState(tx, o.epoch, s, receipts)
	})
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.last, o.state.lastAt = last, at
	o.saved = max(o.saved, changes)
	if o.wrote != nil {
		close(o.wrote)
		o.wrote = nil
	}
	return nil
}

// longFreelist is where writing the list of free pages begins to be felt in
// every commit: eight bytes each.
const longFreelist = 4096

// update runs a transaction that writes. The caller holds the turn.
func (o *Outbox) update(fn func(*bbolt.Tx) error) error {
	if broken := o.broken.Load(); broken != nil {
		return *broken
	}
	err := guard(func() error { return o.db.Update(fn) })
	if errors.Is(err, errPanic) {
		// bbolt may have kept its locks, so asking again, to write or to read,
		// could wait for ever.
		o.broken.Store(&err)
	}
	if o.commits++; err == nil && o.commits%256 == 0 {
		o.weighFreelist()
	}
	return err
}

// weighFreelist decides whether the list of free pages goes into the commits.
func (o *Outbox) weighFreelist() {
	s := o.db.Stats()
	o.db.NoFreelistSync = s.FreePageN+s.PendingPageN > longFreelist
}
