package brokers_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"scanpost/cmd/e2e/brokers"
	"scanpost/scan"
	"scanpost/sync/downlink"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
	"scanpost/sync/uplink"
)

func TestMain(m *testing.M) {
	code := m.Run()
	brokers.Clean()
	os.Exit(code)
}

const (
	site  = "ham1"
	again = time.Millisecond // between attempts to connect, at least
)

// station is a station's outbox, and its way to the broker while it runs.
type station struct {
	t      *testing.T
	topics event.Topics
	box    *outbox.Outbox
	signer *proof.Signer

	mu     sync.Mutex
	poison []uint64 // quarantined
}

func newStation(t *testing.T, name string) *station {
	t.Helper()
	return newStationAt(t, name, nil)
}

// newStationAt makes one with a clock of its own.
func newStationAt(t *testing.T, name string, now func() time.Time) *station {
	t.Helper()
	s := &station{t: t, topics: event.Topics{Site: site, Station: name}}
	dir := t.TempDir()
	var err error
	if s.signer, err = proof.LoadOrMakeSigner(dir, s.topics.Origin()); err != nil {
		t.Fatal(err)
	}
	if s.box, err = outbox.Open(dir, outbox.Options{Site: site, Station: name, Signer: s.signer, Now: now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.box.Verify(nil); err != nil {
			t.Error(err)
		}
		if err := s.box.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// scan saves a number of scans, and returns the number of the last one.
func (s *station) scan(n int) (last uint64) {
	s.t.Helper()
	var entries []scan.Entry
	for range n {
		entries = append(entries, &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "code:X", Raw: "X", Device: "hand"})
	}
	numbers, errs := s.box.WriteAll(entries)
	for i, err := range errs {
		if err != nil {
			s.t.Fatalf("scan %d of %d: %v", i, n, err)
		}
	}
	return numbers[len(numbers)-1].Seq
}

// run sends until the test ends or the returned function is called. Nothing is
// trimmed, so that all can be compared in the end.
func (s *station) run(address string, set ...func(*uplink.Options)) (stop func()) {
	s.t.Helper()
	o := uplink.Options{
		Site: site, Station: s.topics.Station, Outbox: s.box, Key: s.signer.VerifierKey(), Checkpoints: []string{"pack"},
		Link:      mqtt.Options{URL: "mqtt://" + address, ClientID: "scanpost-ham1-" + s.topics.Station, Again: again, Timeout: 5 * time.Second},
		HeadEvery: 50 * time.Millisecond, BirthEvery: 500 * time.Millisecond, TrimEvery: time.Hour, AckWait: 10 * time.Second,
		Poison: s.quarantine,
	}
	for _, f := range set {
		f(&o)
	}
	return runUntil(s.t, func(ctx context.Context) error { return uplink.New(o).Run(ctx) })
}

// quarantine does what the program does with an event that no broker takes.
func (s *station) quarantine(epoch string, seq uint64, reason string) {
	s.mu.Lock()
	s.poison = append(s.poison, seq)
	s.mu.Unlock()
	if err := s.box.Quarantine(epoch, seq, reason); err != nil {
		s.t.Error(err)
	}
	if _, err := s.box.Write(&scan.Loss{Epoch: epoch, From: seq, To: seq, Reason: reason}); err != nil {
		s.t.Error(err)
	}
}

func (s *station) quarantined() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.poison)
}

func runUntil(t *testing.T, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// board is a receiver with a ledger on disk, as the board is one.
type board struct {
	t      *testing.T
	ledger *ledger.Ledger
	down   *downlink.Downlink
	floor  *scan.Floor
	before downlink.Counts // when the figures begin

	mu    sync.Mutex
	order []uint64 // as events of the first station came, each once
}

func newBoard(t *testing.T) *board {
	t.Helper()
	l, err := ledger.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &board{t: t, ledger: l, floor: scan.NewFloor(scan.Rules{Site: site, Started: time.Now(), Margin: 200 * time.Millisecond})}
	b.down, err = downlink.New(downlink.Options{
		Site: site, Self: "board", Consumer: "board", Ledger: l, Reorder: 100 * time.Millisecond,
		Floor: floor{b.floor, b},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// floor notes in which order events reach the board's judgement.
type floor struct {
	*scan.Floor
	b *board
}

func (f floor) Observe(ev scan.Event, arrived time.Time) {
	f.b.mu.Lock()
	f.b.order = append(f.b.order, ev.Seq)
	f.b.mu.Unlock()
	f.Floor.Observe(ev, arrived)
}

func (b *board) came() []uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.order)
}

// run hears until the test ends or the returned function is called.
func (b *board) run(address string) (stop func()) {
	b.t.Helper()
	o := mqtt.Options{URL: "mqtt://" + address, ClientID: "scanpost-ham1-board", Again: again, Timeout: 5 * time.Second}
	return runUntil(b.t, func(ctx context.Context) error { return mqtt.Keep(ctx, o, b.down.Session, nil) })
}

// listens returns when the board hears what a station says: one scan has come,
// and the figures begin behind it.
func (b *board) listens(s *station, address string) {
	b.t.Helper()
	s.scan(1)
	stop := s.run(address)
	b.same(s)
	stop()
	b.before = b.down.Counts()
}

// has reports whether the board holds everything that the station has saved,
// but for what was given up.
func (b *board) has(s *station) bool {
	held := b.ledger.Stream(s.topics.Station, s.box.Epoch())
	return held.Last == s.box.Stats().Last && held.Upto == held.Last && len(held.Holes) == 0
}

// same waits until the board holds what the outbox holds, and compares: each
// number once, the same bytes, contiguous, and a head with the root over them.
func (b *board) same(s *station) {
	b.t.Helper()
	last := s.box.Stats().Last
	name, epoch := s.topics.Station, s.box.Epoch()
	given := s.quarantined()
	defer func() {
		if b.t.Failed() {
			b.t.Logf("the board's stream: %+v; counts %+v; the outbox: %+v", b.ledger.Stream(name, epoch), b.down.Counts(), s.box.Stats())
		}
	}()
	brokers.Wait(b.t, "the board holds what the outbox holds", func() bool { return b.has(s) })
	brokers.Wait(b.t, "a head covers it all", func() bool { return headOf(b.ledger, name, epoch).Seq >= last })

	var want, got [][]byte
	var lost []uint64
	if err := s.box.Read(1, int(last), func(_ uint64, e []byte) error { want = append(want, bytes.Clone(e)); return nil }); err != nil {
		b.t.Fatal(err)
	}
	next := uint64(1)
	if err := b.ledger.Read(name, epoch, 1, last, func(seq uint64, e []byte) error {
		for ; next < seq; next++ {
			lost, got = append(lost, next), append(got, nil)
		}
		next++
		got = append(got, e)
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	if !slices.Equal(lost, given) {
		b.t.Errorf("the board lacks %v, want it to lack %v", lost, given)
	}
	for _, seq := range lost {
		got[seq-1] = want[seq-1] // kept at the station, so the tree can still be told
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		b.t.Errorf("the board holds %d events and the outbox %d, or their bytes differ", len(got), len(want))
	}
	var edge *proof.Edge
	var err error
	if edge, err = proof.LoadEdge(0, nil); err != nil {
		b.t.Fatal(err)
	}
	head := headOf(b.ledger, name, epoch)
	signed, err := proof.Open(head.Note, s.signer.VerifierKey())
	if err != nil {
		b.t.Fatalf("the newest head does not verify: %v", err)
	}
	for seq, e := range got {
		if uint64(seq) < signed.Seq {
			edge.Append(nil, proof.RecordHash(e))
		}
	}
	if edge.Root() != signed.Root || signed.Seq < last {
		b.t.Errorf("head %d states the root %v, the events make %v", signed.Seq, signed.Root, edge.Root())
	}
	c := b.down.Counts()
	if c.Conflicts+c.Unreadable+c.WrongSource+c.BadHeads+c.StoreErrors != 0 || c.Lost != uint64(len(given)) {
		b.t.Errorf("counts %+v: want no conflict, nothing unreadable, %d lost", c, len(given))
	}
}

func headOf(l *ledger.Ledger, station, epoch string) ledger.Head {
	for _, h := range l.Heads() {
		if h.Station == station && h.Epoch == epoch {
			return h
		}
	}
	return ledger.Head{}
}

// figures prints what a trial cost: what docs/brokers.md tells.
func (b *board) figures(s *station, more string, args ...any) {
	c := b.down.Counts()
	b.t.Logf("figures: %d events, %d of them a second time, %d requests, %d without an answer%s",
		c.Events-b.before.Events, c.Repeats-b.before.Repeats, c.Requests-b.before.Requests, c.Unanswered-b.before.Unanswered, fmt.Sprintf(more, args...))
}

// all runs the trials against the cluster too, which takes seconds to find
// itself each time.
var all = flag.Bool("all", false, "all trials against the cluster of three nodes as well")

// each runs a trial against every broker.
func each(t *testing.T, c brokers.Config, trial func(t *testing.T, b *brokers.Broker)) {
	for _, kind := range brokers.Kinds {
		if kind == "nats, 3 nodes" && !*all || testing.Short() && kind != "embedded broker" {
			continue // TestClusterLosesNodes is for everyone
		}
		t.Run(kind, func(t *testing.T) { trial(t, brokers.Run(t, kind, c)) })
	}
}

// large saves a scan with a code of so many bytes.
func (s *station) large(size int) uint64 {
	s.t.Helper()
	n, err := s.box.Write(&scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "code:X", Raw: string(bytes.Repeat([]byte("X"), size)), Device: "hand"})
	if err != nil {
		s.t.Fatal(err)
	}
	return n.Seq
}
