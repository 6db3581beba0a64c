package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/proof"
)

var options = Options{Site: "ham1", Station: "pack-07", NoSync: true}

// open opens the outbox in dir, and checks every byte of it when the test
// ends.
func open(t testing.TB, dir string, opts Options) *Outbox {
	t.Helper()
	o, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Verify(nil); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		check(t, o)
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// check lets bbolt and our own examiner look at the whole file.
func check(t testing.TB, o *Outbox) {
	t.Helper()
	_ = o.alone(func() error {
		_ = o.db.View(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				t.Error(err)
			}
			return nil
		})
		if err := examine(o.path); err != nil {
			t.Error(err)
		}
		return nil
	})
}

func parcel(i int) *scan.Scan {
	unit := fmt.Sprintf("sscc:%018d", i)
	return &scan.Scan{
		Checkpoint: "pack", Verdict: scan.OK, Unit: unit, IDs: []string{unit}, Raw: unit[5:], AIM: "]C1",
		Symbology: "gs1-128", Device: "hand", Clock: scan.Clock{Synced: true, OffsetMin: 60},
	}
}

func write(t testing.TB, o *Outbox, i int) scan.Number {
	t.Helper()
	n, err := o.Write(parcel(i))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// all is everything held, and the number of the first.
func all(t testing.TB, o *Outbox) (first uint64, events [][]byte) {
	t.Helper()
	err := o.Read(1, 1<<30, func(seq uint64, b []byte) error {
		if first == 0 {
			first = seq
		}
		if seq != first+uint64(len(events)) {
			return fmt.Errorf("number %d after %d", seq, first+uint64(len(events))-1)
		}
		events = append(events, bytes.Clone(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, events
}

// What was written is read back under its number, unchanged, also by the next
// process.
func TestWriteAndReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "if", "absent")
	o := open(t, dir, Options{Site: "ham1", Station: "pack-07"})
	wrote := o.Wrote()
	n := write(t, o, 1)
	<-wrote
	if n.Seq != 1 || n.Epoch != o.Epoch() {
		t.Errorf("got number %+v", n)
	}
	for i := 2; i <= 5; i++ {
		write(t, o, i)
	}
	_, before := all(t, o)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write(parcel(6)); !errors.Is(err, ErrClosed) {
		t.Errorf("write after close: got %v", err)
	}
	if _, _, err := o.Head(); !errors.Is(err, ErrClosed) {
		t.Errorf("head after close: got %v", err)
	}
	if err := o.Read(1, 1, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("read after close: got %v", err)
	}
	if err := o.Close(); err != nil {
		t.Errorf("second close: got %v", err)
	}

	o = open(t, dir, Options{}) // no names: whatever the file says
	first, after := all(t, o)
	if first != 1 || len(after) != 5 || o.Epoch() != n.Epoch {
		t.Fatalf("got %d events from %d of epoch %s, want 5 of %s", len(after), first, o.Epoch(), n.Epoch)
	}
	for i := range after {
		if !bytes.Equal(after[i], before[i]) {
			t.Errorf("event %d changed from %s to %s", i+1, before[i], after[i])
		}
		e, err := event.Parse(after[i])
		if err != nil || e.Seq != uint64(i+1) || e.Site != "ham1" || e.Station != "pack-07" {
			t.Errorf("event %d: got %+v and %v", i+1, e, err)
		}
	}
	if n := write(t, o, 6); n.Seq != 6 {
		t.Errorf("got number %d, want 6", n.Seq)
	}
}

// Two outboxes never share an epoch, even in one place one after the other.
func TestEpochIsNew(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, options)
	was := o.Epoch()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	if o := open(t, dir, options); o.Epoch() == was {
		t.Errorf("epoch %s was used again", was)
	}
}

// gather starts writers while the turn is held, so that all of them wait.
func gather(t *testing.T, o *Outbox, n int, write func(i int)) {
	t.Helper()
	var writers sync.WaitGroup
	err := o.alone(func() error {
		for i := range n {
			writers.Go(func() { write(i) })
		}
		for waiting := 0; waiting < n; runtime.Gosched() {
			o.line.Lock()
			waiting = len(o.line.waiting)
			o.line.Unlock()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	writers.Wait()
}

// Those who come while a commit runs share the next one, each with a number
// or an error of its own; a head among them does not wait for it.
func TestWritersShareACommit(t *testing.T) {
	o := open(t, t.TempDir(), options)
	write(t, o, 0)
	commits := o.commits
	var mu sync.Mutex
	numbers := map[uint64]int{}
	gather(t, o, 12, func(i int) {
		switch i {
		case 3:
			if _, err := o.Write(&scan.NoRead{Raw: strings.Repeat("x", event.MaxSize)}); err == nil || !strings.Contains(err.Error(), "at most") {
				t.Errorf("an event too large: got %v", err)
			}
		case 7:
			if h, _, err := o.Head(); err != nil || h.Seq != 1 {
				t.Errorf("head: got %+v and %v, want it before the next commit", h, err)
			}
		default:
			n, err := o.Write(parcel(i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			numbers[n.Seq] = i
		}
	})
	if o.commits != commits+1 {
		t.Errorf("got %d commits, want 1", o.commits-commits)
	}
	for seq := uint64(2); seq <= 11; seq++ {
		i, ok := numbers[seq]
		if !ok {
			t.Fatalf("got numbers %v, want 2 to 11", numbers)
		}
		err := o.Read(seq, 1, func(_ uint64, b []byte) error {
			if e, err := event.Parse(b); err != nil || e.Entry.(*scan.Scan).Unit != parcel(i).Unit {
				t.Errorf("number %d: got %s, want parcel %d", seq, b, i)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A transaction that fails fails for all in it, and its numbers go to the
// next one.
func TestFailedCommitLeavesNumbers(t *testing.T) {
	o := open(t, t.TempDir(), options)
	write(t, o, 1)
	head, _, err := o.Head()
	if err != nil {
		t.Fatal(err)
	}
	// A key that is there as a bucket can not be written.
	block := func(do func(*bbolt.Bucket) error) {
		if err := o.db.Update(func(tx *bbolt.Tx) error { return do(tx.Bucket(eventsBucket)) }); err != nil {
			t.Fatal(err)
		}
	}
	block(func(b *bbolt.Bucket) error { _, err := b.CreateBucket(key(4)); return err })
	gather(t, o, 5, func(i int) {
		if n, err := o.Write(parcel(i)); err == nil || n != (scan.Number{}) {
			t.Errorf("got %+v and %v, want an error", n, err)
		}
	})
	if s := o.Stats(); s.Last != 1 {
		t.Errorf("got last %d, want 1", s.Last)
	}
	if h, _, err := o.Head(); err != nil || h.Seq != head.Seq || h.Root != head.Root {
		t.Errorf("got head %+v and %v, want %+v", h, err, head)
	}
	block(func(b *bbolt.Bucket) error { return b.DeleteBucket(key(4)) })
	for i := 2; i <= 5; i++ {
		if n := write(t, o, i); n.Seq != uint64(i) {
			t.Errorf("got number %d, want %d", n.Seq, i)
		}
	}
}

// A head is signed, states the root over all bytes, and an event can be proven
// against it to someone who has nothing but the key.
func TestHeadAndProof(t *testing.T) {
	dir := t.TempDir()
	signer, err := proof.LoadOrMakeSigner(dir, event.Topics{Site: "ham1", Station: "pack-07"}.Origin())
	if err != nil {
		t.Fatal(err)
	}
	opts := options
	opts.Signer = signer
	o := open(t, dir, opts)
	for i := range 11 {
		write(t, o, i)
	}
	p, err := o.Prove(7)
	if err != nil {
		t.Fatal(err)
	}
	h, err := proof.Open(p.Note, signer.VerifierKey())
	if err != nil || h != p.Head || h.Seq != 11 {
		t.Fatalf("got %+v and %v, want %+v", h, err, p.Head)
	}
	if err := proof.CheckRecord(p.Path, h.Seq, h.Root, 7, p.Event); err != nil {
		t.Error(err)
	}
	if _, err := o.Prove(12); err == nil {
		t.Error("an event that does not exist was proven")
	}
}

// Readers are not held up by writers, nor writers by a reader in the middle of
// its work.
func TestSlowReaderHoldsNobodyUp(t *testing.T) {
	o := open(t, t.TempDir(), options)
	for i := range 3 {
		write(t, o, i)
	}
	if err := o.Confirm("board", o.Epoch(), 3); err != nil {
		t.Fatal(err)
	}
	var got []uint64
	err := o.Read(1, 100, func(seq uint64, b []byte) error {
		got = append(got, seq)
		write(t, o, 10+int(seq))
		if _, err := o.Trim(time.Now(), []string{"board"}); err != nil {
			t.Error(err)
		}
		if _, err := event.Parse(b); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err != nil || len(got) != 3 || o.Stats().Last != 6 || o.Stats().First != 4 {
		t.Errorf("got %v and %v, %+v", got, err, o.Stats())
	}
	stop := errors.New("enough")
	if err := o.Read(4, 100, func(uint64, []byte) error { return stop }); err != stop {
		t.Errorf("got %v, want the reader's own error", err)
	}
}
