package outbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
)

// pastKept is what is kept of a past beside its events.
type pastKept struct {
	First     uint64            `json:"first"` // what came before had been confirmed and trimmed
	Last      uint64            `json:"last"`
	Held      uint64            `json:"held"`
	Published uint64            `json:"published"`
	Confirmed map[string]uint64 `json:"confirmed,omitempty"`
}

// Past is what is left of a log that ended when its file was damaged. Nothing
// is added to it; its events are sent with the ids they had.
type Past struct {
	o     *Outbox
	epoch string
	kept  pastKept // guarded by o.mu
	dirty bool
}

// Pasts are the older logs of which something is still held, by epoch.
func (o *Outbox) Pasts() []*Past {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.pasts)
}

// loadPasts reads what is kept of them.
func (o *Outbox) loadPasts(tx *bbolt.Tx) error {
	b := tx.Bucket(pastsBucket)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, v := c.Seek([]byte(epochPrefix)); bytes.HasPrefix(k, []byte(epochPrefix)); k, v = c.Next() {
		p := &Past{o: o, epoch: string(k[len(epochPrefix):])}
		if err := json.Unmarshal(v, &p.kept); err != nil {
			return fmt.Errorf("%w: what is kept of the log %.40q", ErrDamaged, p.epoch)
		}
		o.pasts = append(o.pasts, p)
	}
	return nil
}

func (p *Past) save() error {
	p.o.mu.Lock()
	kept, err := json.Marshal(p.kept)
	mark := appendMark(nil, p.epoch, state{first: p.kept.First, last: p.kept.Last, published: p.kept.Published})
	p.dirty = false
	p.o.mu.Unlock()
	if err != nil {
		return err
	}
	err = p.o.alone(func() error {
		return p.o.update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(pastsBucket)
			if err != nil {
				return err
			}
			return errors.Join(b.Put([]byte(epochPrefix+p.epoch), kept), b.Put(markOf(p.epoch), mark))
		})
	})
	if err != nil {
		p.o.mu.Lock()
		p.dirty = true
		p.o.mu.Unlock()
		return err
	}
	o := p.o
	o.mu.Lock()
	defer o.mu.Unlock()
	at, known := slices.BinarySearchFunc(o.pasts, p.epoch, func(q *Past, epoch string) int { return strings.Compare(q.epoch, epoch) })
	if known {
		o.pasts[at] = p
	} else {
		o.pasts = slices.Insert(o.pasts, at, p)
	}
	if o.wrote != nil { // there is more to send
		close(o.wrote)
		o.wrote = nil
	}
	return nil
}

// Epoch is the past's name.
func (p *Past) Epoch() string { return p.epoch }

// Stats says what is held of it. Numbers between First and Last may be gone.
func (p *Past) Stats() Stats {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	return Stats{Site: p.o.site, Station: p.o.station, Epoch: p.epoch, First: p.kept.First, Last: p.kept.Last,
		Published: p.kept.Published, Confirmed: p.kept.Confirmed}
}

// Published is the number up to which the broker has acknowledged everything
// that is held.
func (p *Past) Published() uint64 {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	return p.kept.Published
}

// SetPublished moves the published cursor forward. It goes to disk within some
// seconds; losing it only repeats some events.
func (p *Past) SetPublished(seq uint64) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	if seq > p.kept.Published && seq <= p.kept.Last {
		p.kept.Published, p.dirty = seq, true
		p.o.stir()
	}
}

// Read calls fn for up to most of the events held from a number on, oldest
// first. What is gone is passed over. The bytes are valid within fn only.
func (p *Past) Read(from uint64, most int, fn func(seq uint64, b []byte) error) error {
	for most > 0 {
		var seqs []uint64
		var all [][]byte
		err := p.o.view(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(pastPrefix + p.epoch))
			if b == nil {
				return nil
			}
			c := b.Cursor()
			for k, v := c.Seek(key(from)); k != nil && len(all) < min(most, chunkEvents); k, v = c.Next() {
				// A second damage on the way makes it one more that is gone.
				if r, err := parseRecord(v); err == nil && r.intact() {
					seqs, all = append(seqs, seqOf(k)), append(all, bytes.Clone(r.event))
				}
			}
			return nil
		})
		if err != nil {
			return p.o.explain("read what was rescued", err)
		}
		for i, b := range all {
			if err := fn(seqs[i], b); err != nil {
				return err
			}
		}
		if len(all) == 0 || seqs[len(seqs)-1] == math.MaxUint64 {
			return nil
		}
		most -= len(all)
		from = seqs[len(seqs)-1] + 1
	}
	return nil
}

// past finds one by its epoch; nil if there is none.
func (o *Outbox) past(epoch string) *Past {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pasts {
		if p.epoch == epoch {
			return p
		}
	}
	return nil
}

// confirm takes a consumer's receipt for the past.
func (p *Past) confirm(consumer string, upto uint64) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	if p.kept.Confirmed == nil {
		p.kept.Confirmed = map[string]uint64{}
	}
	if _, known := p.kept.Confirmed[consumer]; !known && len(p.kept.Confirmed) >= maxConsumers {
		return
	}
	if upto = min(upto, p.kept.Last); upto > p.kept.Confirmed[consumer] {
		p.kept.Confirmed[consumer], p.dirty = upto, true
		p.o.stir()
	}
}

// savePasts writes the cursors that moved.
func (o *Outbox) savePasts() error {
	var errs []error
	for _, p := range o.Pasts() {
		o.mu.Lock()
		dirty := p.dirty
		o.mu.Unlock()
		if dirty {
			errs = append(errs, p.save())
		}
	}
	return errors.Join(errs...)
}

// Quarantined is an event that no broker takes. It is kept here until somebody
// has looked at it, also when its log is trimmed.
type Quarantined struct {
	Epoch  string
	Seq    uint64
	At     time.Time // when it was given up
	Reason string
	Event  []byte
}

const poisonPrefix = "poison/" // in pasts: an event that no broker takes

// Quarantine keeps an event aside that no broker takes.
func (o *Outbox) Quarantine(epoch string, seq uint64, reason string) error {
	q := Quarantined{Epoch: epoch, Seq: seq, At: event.Milli(o.reading().wall), Reason: reason}
	take := func(have uint64, b []byte) error {
		if have == seq {
			q.Event = bytes.Clone(b)
		}
		return nil
	}
	var err error
	if p := o.past(epoch); p != nil {
		err = p.Read(seq, 1, take)
	} else {
		err = o.Read(seq, 1, take)
	}
	if err != nil {
		return err
	}
	kept, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return o.explain("keep an event aside", o.alone(func() error {
		return o.update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(pastsBucket)
			if err != nil {
				return err
			}
			return b.Put([]byte(poisonPrefix+event.ID(number(epoch, seq))), kept)
		})
	}))
}

// Quarantined are the events that were kept aside, by id.
func (o *Outbox) Quarantined() (all []Quarantined) {
	// What can not be read is tried again by the uplink, and found again.
	_ = o.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(pastsBucket)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(poisonPrefix)); bytes.HasPrefix(k, []byte(poisonPrefix)); k, v = c.Next() {
			var q Quarantined
			if json.Unmarshal(v, &q) == nil {
				all = append(all, q)
			}
		}
		return nil
	})
	return all
}
