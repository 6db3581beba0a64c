package outbox

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

// onDisk is what a crash now would leave of the cursors.
func onDisk(t *testing.T, o *Outbox) (s state) {
	t.Helper()
	err := o.db.View(func(tx *bbolt.Tx) (err error) { s, err = getState(tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Cursors go to disk within a second, all changes of that second in one
// transaction; and with the next event at once; and when nothing changes
// nothing is written.
func TestCursorsAreKept(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o, err := Open(dir, options)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 9 {
			write(t, o, i)
		}
		commits := o.commits
		for seq := range uint64(6) {
			o.SetPublished(seq)
			if err := o.Confirm("board", o.Epoch(), seq); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := onDisk(t, o); s.published != 0 {
			t.Errorf("got published %d on disk at once", s.published)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if s := onDisk(t, o); s.published != 5 || s.confirmed["board"] != 5 || o.commits != commits+1 {
			t.Errorf("after a second: got %+v in %d commits, want 5 and 5 in one", s, o.commits-commits)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if o.commits != commits+1 {
			t.Errorf("got %d commits while nothing changed", o.commits-commits-1)
		}
		o.SetPublished(7)
		write(t, o, 9)
		if s := onDisk(t, o); s.published != 7 {
			t.Errorf("after the next event: got published %d on disk, want 7", s.published)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if o.commits != commits+2 {
			t.Errorf("got %d commits, want none but the event's", o.commits-commits-1)
		}
		o.SetPublished(8)
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if o := open(t, dir, options); o.Published() != 8 || o.Confirmed("board") != 5 {
		t.Errorf("after closing: got published %d, confirmed %d, want 8 and 5", o.Published(), o.Confirmed("board"))
	}
}

// A receipt that can not be true changes nothing.
func TestFalseReceipts(t *testing.T) {
	o := open(t, t.TempDir(), options)
	write(t, o, 1)
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"for another epoch":           {o.Confirm("board", "0000000000000000", 1), ErrEpoch},
		"for numbers never given":     {o.Confirm("board", o.Epoch(), 2), ErrAhead},
		"of a consumer with no name":  {o.Confirm("", o.Epoch(), 1), nil},
		"of a consumer with wildcard": {o.Confirm("#", o.Epoch(), 1), nil},
	} {
		if c.err == nil || c.want != nil && !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v", name, c.err)
		}
	}
	for i := range maxConsumers + 5 {
		if err := o.Confirm(fmt.Sprintf("stranger-%d", i), o.Epoch(), 1); (err == nil) != (i < maxConsumers) {
			t.Errorf("stranger %d: got %v", i, err)
		}
	}
	if n := len(o.Stats().Confirmed); n != maxConsumers || o.Confirmed("board") != 0 {
		t.Errorf("got %d consumers", n)
	}
}

// Trimming goes chunk by chunk, keeps hashes, and leaves what is too young or
// not confirmed by everyone.
func TestTrim(t *testing.T) {
	b := newBench()
	dir := t.TempDir()
	opts := options
	opts.Retention = time.Hour
	o := open(t, dir, opts)
	o.reading = func() reading { return b.now }
	const n = 2500
	for i := range n {
		write(t, o, i)
	}
	b.pass(30 * time.Minute)
	for i := range 10 {
		write(t, o, i)
	}
	b.pass(31 * time.Minute)
	root, _, err := o.Head()
	if err != nil {
		t.Fatal(err)
	}
	confirm := func(consumer string, upto uint64) {
		if err := o.Confirm(consumer, o.Epoch(), upto); err != nil {
			t.Fatal(err)
		}
	}
	confirm("board", n+10)
	trim := func(want int, required ...string) {
		t.Helper()
		if got, err := o.Trim(b.now.wall, required); err != nil || got != want {
			t.Errorf("required %v: trimmed %d and %v, want %d", required, got, err, want)
		}
	}
	trim(0)
	trim(0, "board", "tracking")
	confirm("tracking", 2200)
	commits := o.commits
	trim(2200, "board", "tracking")
	if got := o.commits - commits; got != 3 {
		t.Errorf("got %d transactions, want 3", got)
	}
	trim(300, "board")
	if s := o.Stats(); s.First != n+1 || s.Unused == 0 || !s.OldestUnconfirmed.Equal(b.now.wall.Add(-31*time.Minute)) {
		t.Errorf("got %+v", s)
	}
	b.pass(time.Hour)
	trim(10, "board")
	if h, _, err := o.Head(); err != nil || h.Root != root.Root {
		t.Errorf("the root changed from %v to %v (%v)", root.Root, h.Root, err)
	}
	if p, err := o.Prove(17); err != nil || p.Event != nil {
		t.Errorf("got %+v and %v, want a proof without the event", p, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open(t, dir, opts)
	o.reading = func() reading { return b.now }
	if s := o.Stats(); s.First != n+11 || s.Last != n+10 {
		t.Errorf("after reopening, empty: got %+v", s)
	}
	if got := write(t, o, 1); got.Seq != n+11 {
		t.Errorf("got number %d, want %d", got.Seq, n+11)
	}
}

// Events that were dated by a clock that ran ahead do not stay for years.
func TestTrimAfterAClockSetBack(t *testing.T) {
	b := newBench()
	o := openAt(t, t.TempDir(), b)
	b.set(10 * 365 * 24 * time.Hour)
	for i := range 5 {
		write(t, o, i)
	}
	b.set(-10 * 365 * 24 * time.Hour)
	write(t, o, 5)
	b.pass(time.Second)
	if err := o.Confirm("board", o.Epoch(), 7); err != nil {
		t.Fatal(err)
	}
	if n, err := o.Trim(b.now.wall, []string{"board"}); err != nil || n != 7 {
		t.Errorf("trimmed %d and %v, want 7", n, err)
	}
}

// A long list of free pages stays out of the commits, and is on disk again
// after closing, so that the next start need not look for it.
func TestLongFreelist(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, options)
	const n = 30_000
	gatherWrites(t, o, n)
	if err := o.Confirm("board", o.Epoch(), n); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Trim(time.Now().Add(time.Hour), []string{"board"}); err != nil {
		t.Fatal(err)
	}
	if !o.db.NoFreelistSync {
		t.Errorf("with %d free pages the list is still written", o.db.Stats().FreePageN)
	}
	write(t, o, 1)
	crashed(t, o)
	o = open(t, dir, options)
	if s := o.Stats(); s.First != n+1 || s.Last != n+1 {
		t.Errorf("after a crash: got %+v", s)
	}
	check(t, o)
	write(t, o, 2)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open(t, dir, options)
	if o.commits != 0 {
		t.Errorf("opening wrote %d times", o.commits)
	}
	if s := o.Stats(); s.Last != n+2 {
		t.Errorf("got %+v", s)
	}
}

// gatherWrites fills in large transactions.
func gatherWrites(t testing.TB, o *Outbox, n int) {
	t.Helper()
	for i := 0; i < n; {
		var batch []*turn
		for ; i < n && len(batch) < 1000; i++ {
			batch = append(batch, &turn{kind: writeTurn, entry: parcel(i)})
		}
		if err := o.alone(func() error { o.commit(batch); return batch[0].err }); err != nil {
			t.Fatal(err)
		}
	}
}
