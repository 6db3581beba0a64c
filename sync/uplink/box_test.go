package uplink

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/outbox"
)

const epoch = "01JDC4X0M6Q3V9T2"

var station = event.Topics{Site: "ham1", Station: "pack-07"}

// box is an outbox in memory. Event n is [bytesOf] n.
type box struct {
	moved func(seq uint64) // called when the cursor moves

	mu        sync.Mutex
	first     uint64
	last      uint64
	published uint64
	confirmed map[string]uint64
	wrote     chan struct{}
	damaged   uint64
	trims     []string
}

func bytesOf(seq uint64) string {
	return string(event.Append(nil, &scan.Event{
		Number: scan.Number{Epoch: epoch, Seq: seq, At: time.Unix(int64(seq), 0)},
		Site:   station.Site, Station: station.Station,
		Entry: &scan.Scan{Checkpoint: "pack", Raw: fmt.Sprint(seq)},
	}))
}

// seqOf is the number of an event, if the bytes are those of one, unchanged.
func seqOf(t testing.TB, payload string) uint64 {
	t.Helper()
	e, err := event.Parse([]byte(payload))
	if err != nil || payload != bytesOf(e.Seq) {
		t.Errorf("these are not the bytes of an event: %s (%v)", payload, err)
	}
	return e.Seq
}

func newBox(n uint64) *box {
	return &box{first: 1, last: n, confirmed: map[string]uint64{}}
}

func (b *box) write(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last += uint64(n)
	if b.wrote != nil {
		close(b.wrote)
		b.wrote = nil
	}
}

func (b *box) Epoch() string { return epoch }

func (b *box) Stats() outbox.Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return outbox.Stats{Epoch: epoch, First: b.first, Last: b.last, Published: b.published, Confirmed: maps.Clone(b.confirmed)}
}

func (b *box) Head() (event.Head, []byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return event.Head{Seq: b.last}, fmt.Appendf(nil, "head %d", b.last), nil
}

func (b *box) Wrote() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrote == nil {
		b.wrote = make(chan struct{})
	}
	return b.wrote
}

func (b *box) Read(from uint64, max int, fn func(seq uint64, b []byte) error) error {
	b.mu.Lock()
	from, last, damaged := maxOf(from, b.first), b.last, b.damaged
	b.mu.Unlock()
	buf := []byte{}
	for seq := from; seq <= last && max > 0; seq++ {
		if seq == damaged {
			return &outbox.DamagedError{Seq: seq}
		}
		buf = append(buf[:0], bytesOf(seq)...)
		if err := fn(seq, buf); err != nil {
			return err
		}
		clear(buf) // the bytes are lent
		max--
	}
	return nil
}

func maxOf(a, b uint64) uint64 { return max(a, b) }

func (b *box) Published() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.published
}

func (b *box) SetPublished(seq uint64) {
	b.mu.Lock()
	b.published = seq
	b.mu.Unlock()
	if b.moved != nil {
		b.moved(seq)
	}
}

func (b *box) Confirm(consumer, e string, upto uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e != epoch || upto > b.last {
		return outbox.ErrEpoch
	}
	b.confirmed[consumer] = upto
	return nil
}

func (b *box) Trim(_ time.Time, required []string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trims = append(b.trims, strings.Join(required, ","))
	upto := b.last
	for _, c := range required {
		upto = min(upto, b.confirmed[c])
	}
	b.first = max(b.first, upto+1)
	return 0, nil
}

func (b *box) receipts() map[string]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := map[string]uint64{}
	for k, v := range b.confirmed {
		m[k] = v
	}
	return m
}

func upTo(n uint64) []uint64 { return between(1, n) }

func between(from, to uint64) []uint64 {
	var all []uint64
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

func without(all []uint64, n uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(all), func(x uint64) bool { return x == n })
}
