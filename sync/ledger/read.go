package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

// page is how many events one reading transaction takes: few enough that a
// long start holds no page of the file from being used again, and that fn may
// call the ledger.
const page = 1024

// Each calls fn with everything held: by station and epoch, and in order
// within. It is how a floor comes back after a restart. One page is read and
// decoded while fn works on the one before.
func (l *Ledger) Each(fn func(Heard) error) error {
	type result struct {
		events []Heard
		err    error
	}
	pages := make(chan result)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(pages)
		for _, s := range l.Streams() {
			for from := uint64(1); from != 0; {
				events, next, err := l.page(streamID{s.Station, s.Epoch}, from)
				select {
				case pages <- result{events, err}:
				case <-stop:
					return
				}
				if err != nil {
					return
				}
				from = next
			}
		}
	}()
	defer func() { close(stop); <-done }()
	for p := range pages {
		for _, h := range p.events {
			if err := fn(h); err != nil {
				return err
			}
		}
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// page reads events from a number on; next is zero at the end. Copying is
// quick and decoding is not, so the transaction ends before all cores decode.
func (l *Ledger) page(id streamID, from uint64) (events []Heard, next uint64, err error) {
	type kept struct {
		seq     uint64
		arrived time.Time
		raw     []byte
	}
	var some []kept
	err = l.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketEvents).Bucket(id.key())
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek(binary.BigEndian.AppendUint64(nil, from)); k != nil; k, v = c.Next() {
			seq := binary.BigEndian.Uint64(k)
			if len(some) == page {
				next = seq
				return nil
			}
			arrived, raw, ok := openEvent(v)
			if !ok {
				return fmt.Errorf("%w: event %d of %s", ErrDamaged, seq, id.key())
			}
			some = append(some, kept{seq, arrived, bytes.Clone(raw)})
		}
		return nil
	})
	read := make([]Heard, len(some))
	errs := make([]error, len(some))
	var decoding sync.WaitGroup
	share := max(64, (len(some)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	for at := 0; at < len(some); at += share {
		decoding.Go(func() {
			for i := at; i < min(at+share, len(some)); i++ {
				var ev scan.Event
				ev, errs[i] = event.Parse(some[i].raw)
				read[i] = Heard{ev, some[i].arrived}
			}
		})
	}
	decoding.Wait()
	events = read[:0]
	for i, h := range read {
		if errs[i] != nil {
			// It was readable once, so another version of us took it in: the
			// number is held all the same.
			l.log.Warn("stored event can not be read, passed over", "station", id.station, "seq", some[i].seq, "err", errs[i])
			continue
		}
		events = append(events, h)
	}
	return events, next, err
}

// Read calls fn with the stored bytes of the numbers from..to that are held.
// The bytes are the caller's to keep.
func (l *Ledger) Read(station, epoch string, from, to uint64, fn func(seq uint64, b []byte) error) error {
	type one struct {
		seq uint64
		b   []byte
	}
	for next := from; next != 0; {
		var some []one
		err := l.view(func(tx *bolt.Tx) error {
			at := next
			next = 0
			b := tx.Bucket(bucketEvents).Bucket(streamID{station, epoch}.key())
			if b == nil {
				return nil
			}
			c := b.Cursor()
			for k, v := c.Seek(binary.BigEndian.AppendUint64(nil, at)); k != nil; k, v = c.Next() {
				seq := binary.BigEndian.Uint64(k)
				if seq > to {
					return nil
				}
				if len(some) == page {
					next = seq
					return nil
				}
				_, raw, ok := openEvent(v)
				if !ok {
					return fmt.Errorf("%w: event %d of %s/%s", ErrDamaged, seq, station, epoch)
				}
				some = append(some, one{seq, bytes.Clone(raw)})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, o := range some {
			if err := fn(o.seq, o.b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Around is the station's time of the nearest events held below from and
// above to: when what lies between was said. Zero where there is none.
func (l *Ledger) Around(station, epoch string, from, to uint64) (before, after time.Time) {
	s := l.get(streamID{station, epoch})
	var below, above uint64
	if i := s.have.at(from); i < len(s.have) && s.have[i][0] < from {
		below = from - 1
	} else if i > 0 {
		below = s.have[i-1][1]
	}
	if n := s.have.next(to+1, MaxSeq+1); n <= MaxSeq {
		above = n
	}
	return l.timeOf(station, epoch, below), l.timeOf(station, epoch, above)
}

// timeOf is for the rare loss; a file that can not be read is told elsewhere.
func (l *Ledger) timeOf(station, epoch string, seq uint64) (at time.Time) {
	if seq == 0 {
		return time.Time{}
	}
	_ = l.Read(station, epoch, seq, seq, func(_ uint64, b []byte) error {
		ev, err := event.Parse(b)
		at = ev.At
		return err
	})
	return at
}
