package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// DamagedError names an event whose bytes are no longer those that were
// written. Whoever reads on goes past it with a declared loss.
type DamagedError struct {
	Path string
	Seq  uint64
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("event %d in %s is damaged: its bytes are not those that were written (is the disk failing? keep a copy of the file)", e.Seq, e.Path)
}

// Unwrap makes it an [ErrDamaged].
func (e *DamagedError) Unwrap() error { return ErrDamaged }

const (
	chunkEvents = 256
	chunkBytes  = 256 << 10
)

// chunk is a piece of the log, copied out.
type chunk struct {
	bytes []byte
	ends  []int
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// Read calls fn for up to most events from a number on, oldest first, up to
// the newest when it was called. Where the first ones were trimmed it begins
// with the oldest held. It ends early with fn's first error. The bytes are
// valid within fn only, and are always those that were written: an event that
// the disk has damaged ends the reading with a [*DamagedError].
//
// The events are copied out piece by piece before fn sees them, so that a slow
// fn holds up no writer and no page of the file.
func (o *Outbox) Read(from uint64, most int, fn func(seq uint64, b []byte) error) error {
	o.mu.Lock()
	last := o.state.last
	from = max(from, o.state.first)
	o.mu.Unlock()
	c := chunks.Get().(*chunk)
	defer chunks.Put(c)
	for from <= last && most > 0 {
		first, damaged, err := o.readChunk(c, from, last, min(most, chunkEvents))
		if err != nil {
			return o.explain("read the outbox", err)
		}
		start := 0
		for i, end := range c.ends {
			if err := fn(first+uint64(i), c.bytes[start:end:end]); err != nil {
				return err
			}
			start = end
		}
		if damaged != 0 {
			b := o.carved(damaged)
			if b == nil {
				return &DamagedError{Path: o.path, Seq: damaged}
			}
			if err := fn(damaged, b); err != nil {
				return err
			}
			from, most = damaged+1, most-len(c.ends)-1
			continue
		}
		if len(c.ends) == 0 {
			return nil // all trimmed meanwhile
		}
		from = first + uint64(len(c.ends))
		most -= len(c.ends)
	}
	return nil
}

// carved looks for an event past the pages that should lead to it: where one
// page is hurt, its neighbours on the page are often whole. It goes through the
// file, which is slow and seldom.
func (o *Outbox) carved(seq uint64) (found []byte) {
	f, err := os.Open(o.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var at time.Time
	c := &carver{only: []byte(opening + event.ID(number(o.epoch, seq))), record: func(_ string, _ uint64, record []byte) error {
		if r, err := parseRecord(record); err == nil && !r.at.Before(at) {
			found, at = bytes.Clone(r.event), r.at
		}
		return nil
	}}
	if c.carve(f) != nil {
		return nil
	}
	return found
}

// readChunk copies events from the first that is held at or after from. It
// stops before a damaged one.
func (o *Outbox) readChunk(c *chunk, from, last uint64, most int) (first, damaged uint64, err error) {
	err = o.view(func(tx *bbolt.Tx) error {
		c.bytes, c.ends = c.bytes[:0], c.ends[:0]
		cur := tx.Bucket(eventsBucket).Cursor()
		k, v := cur.Seek(key(from))
		if k == nil || seqOf(k) > last {
			// It was trimmed meanwhile, or the page that should name it does not.
			o.mu.Lock()
			trimmed := from < o.state.first
			o.mu.Unlock()
			if !trimmed {
				first, damaged = from, from
			}
			return nil
		}
		// Only the oldest are ever trimmed, so what lacks in between is lost.
		oldest, _ := tx.Bucket(eventsBucket).Cursor().First()
		first = seqOf(k)
		if first != from && seqOf(oldest) < from {
			damaged = from
			return nil
		}
		for seq := first; len(c.ends) < most && len(c.bytes) < chunkBytes && seq <= last; seq++ {
			r, err := parseRecord(v)
			if err != nil || seqOf(k) != seq || !r.intact() {
				damaged = seq
				return nil
			}
			c.bytes = append(c.bytes, r.event...)
			c.ends = append(c.ends, len(c.bytes))
			k, v = cur.Next()
		}
		return nil
	})
	if errors.Is(err, ErrDamaged) {
		// A whole page is gone. What was copied before it is good, and the
		// next one is named, so that the reader can step over it.
		if len(c.ends) == 0 {
			first = from
		}
		return first, first + uint64(len(c.ends)), nil
	}
	return first, damaged, err
}

// Proof shows to anyone who trusts the station's key that an event is in its
// log.
type Proof struct {
	Seq   uint64
	Event []byte // as published; nil if it was trimmed here
	Head  event.Head
	Note  []byte // the signed head
	Path  proof.RecordProof
}

// Prove makes the proof of one event against a fresh head.
func (o *Outbox) Prove(seq uint64) (Proof, error) {
	head, note, err := o.Head()
	if err != nil {
		return Proof{}, err
	}
	if seq < 1 || seq > head.Seq {
		return Proof{}, fmt.Errorf("prove event %d: the log holds 1 to %d", seq, head.Seq)
	}
	p := Proof{Seq: seq, Head: head, Note: note}
	err = o.view(func(tx *bbolt.Tx) error {
		if v := tx.Bucket(eventsBucket).Get(key(seq)); v != nil {
			r, err := parseRecord(v)
			if err != nil {
				return err
			}
			p.Event = append([]byte(nil), r.event...)
		}
		p.Path, err = proof.ProveRecord(head.Seq, seq, hashReader(tx))
		return err
	})
	if err != nil {
		return Proof{}, o.explain(fmt.Sprintf("prove event %d", seq), err)
	}
	if p.Event != nil {
		if err := proof.CheckRecord(p.Path, head.Seq, head.Root, seq, p.Event); err != nil {
			return Proof{}, &DamagedError{Path: o.path, Seq: seq}
		}
	}
	return p, nil
}

// mostProven bounds a bundle, which is made in memory.
const mostProven = 100_000

// Bundle proves the events of a range, both ends included, against one head
// that the signer signs. What was trimmed can not be shown any more.
func (o *Outbox) Bundle(signer *proof.Signer, from, to uint64) (*proof.Bundle, error) {
	head, _, err := o.Head()
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	first := o.state.first
	o.mu.Unlock()
	switch {
	case from < 1 || to > head.Seq || from > to:
		return nil, fmt.Errorf("prove event %d to %d: the log holds 1 to %d", from, to, head.Seq)
	case from < first:
		return nil, fmt.Errorf("prove event %d: it was confirmed and trimmed here, the oldest is %d; whoever received it holds its bytes", from, first)
	case to-from >= mostProven:
		return nil, fmt.Errorf("prove %d events: at most %d fit into one proof, give --from and --max", to-from+1, mostProven)
	}
	note, err := signer.Sign(head)
	if err != nil {
		return nil, err
	}
	b := proof.NewBundle(signer.VerifierKey(), note)
	err = o.Read(from, int(to-from+1), func(seq uint64, bytes []byte) error {
		var path proof.RecordProof
		err := o.view(func(tx *bbolt.Tx) (err error) {
			path, err = proof.ProveRecord(head.Seq, seq, hashReader(tx))
			return err
		})
		if err == nil {
			b.Add(seq, bytes, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = b.Check("")
	return b, err
}

// view runs a transaction that reads.
func (o *Outbox) view(fn func(*bbolt.Tx) error) error {
	if broken := o.broken.Load(); broken != nil {
		return *broken
	}
	// A panic in here leaves no lock behind: a damaged page is one page less.
	return guard(func() error { return o.db.View(fn) })
}
