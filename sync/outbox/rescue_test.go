package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
)

// held is every event that an outbox can still give, by id: its own and those
// of its pasts.
func held(t testing.TB, o *Outbox) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	take := func(epoch string) func(uint64, []byte) error {
		return func(seq uint64, b []byte) error {
			id := event.ID(number(epoch, seq))
			if e, err := event.Parse(b); err != nil || event.ID(e.Number) != id {
				t.Errorf("number %s: got %.300q (%v)", id, b, err)
			}
			if _, twice := all[id]; twice {
				t.Errorf("%s was given twice", id)
			}
			all[id] = bytes.Clone(b)
			return nil
		}
	}
	if err := o.Read(1, 1<<30, take(o.Epoch())); err != nil {
		t.Error(err)
	}
	for _, p := range o.Pasts() {
		if err := p.Read(1, 1<<30, take(p.Epoch())); err != nil {
			t.Error(err)
		}
	}
	return all
}

// declared are the numbers whose loss was declared, by epoch.
func declared(t testing.TB, all map[string][]byte) map[string]bool {
	t.Helper()
	gone := map[string]bool{}
	for _, b := range all {
		e, err := event.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := e.Entry.(*scan.Loss); ok {
			for n := l.From; n <= l.To; n++ {
				gone[event.ID(number(l.Epoch, n))] = true
			}
		}
	}
	return gone
}

// isAsideKind reports whether the program sets a file aside for an error.
func isAsideKind(err error) bool { return errors.Is(err, ErrDamaged) || errors.Is(err, ErrCopy) }

// startDespite is a station's start: what can not be used is set aside, and
// what it holds is brought over.
func startDespite(t testing.TB, dir string, round int) *Outbox {
	t.Helper()
	o, err := Open(dir, options)
	for try := 0; err != nil; try++ {
		if !isAsideKind(err) || try == 2 {
			t.Fatalf("round %d: the station does not start: %v", round, err)
		}
		if _, err := SetAside(dir, time.UnixMilli(int64(1e12)+int64(round*10+try)), err); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		o, err = Open(dir, options)
	}
	return o
}

// Whatever happens to the file, the station starts, gives every event of which
// no byte was hurt, with its bytes and its id, says exactly which numbers are
// gone, and gives no number twice.
func TestFiveHundredDamages(t *testing.T) {
	const events = 250
	// The damaged files lie in folders of their own, and are no copies here.
	defer func(was func(*os.File) string) { homeOf = was }(homeOf)
	homeOf = func(*os.File) string { return "here" }
	master := t.TempDir()
	o := open(t, master, options)
	gatherWrites(t, o, events)
	if err := o.Confirm("board", o.Epoch(), 60); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Trim(time.Now().Add(time.Hour), []string{"board"}); err != nil {
		t.Fatal(err)
	}
	o.SetPublished(100)
	if _, _, err := o.Head(); err != nil { // as every two seconds
		t.Fatal(err)
	}
	truth := held(t, o)
	epoch := o.Epoch()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(master, "outbox.lock"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(master, fileName))
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.TrimRight(file, "\x00")
	file = append(file, make([]byte, 4096-len(file)%4096)...)

	rounds := 500
	if testing.Short() {
		rounds = 60
	}
	aside, whole := 0, 0
	for round := range rounds {
		random := rand.New(rand.NewPCG(11, uint64(round)))
		bad := bytes.Clone(file)
		pages := len(bad) / 4096
		what := ""
		switch round % 6 {
		case 0:
			n := 1 + random.IntN(20)
			what = fmt.Sprint(n, " flipped bits")
			for range n {
				bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
			}
		case 1:
			n := 1 + random.IntN(10)
			what = fmt.Sprint(n, " zeroed pages")
			for range n {
				clear(bad[random.IntN(pages)*4096:][:4096])
			}
		case 2:
			n := random.IntN(len(bad))
			what = fmt.Sprint("cut off at ", n)
			bad = bad[:n]
		case 3:
			what = "both first pages torn"
			for page := range 2 {
				for i := range 512 {
					bad[page*4096+i] = byte(random.Uint32())
				}
			}
		case 4:
			what = "a stretch of noise"
			at, n := random.IntN(len(bad)), random.IntN(5*4096)
			for i := at; i < min(at+n, len(bad)); i++ {
				bad[i] = byte(random.Uint32())
			}
		case 5:
			what = "headers of pages"
			for range 1 + random.IntN(4) {
				bad[random.IntN(pages)*4096+random.IntN(16)] ^= 1 << random.IntN(8)
			}
		}
		dir := inMemory(t)
		if err := os.WriteFile(filepath.Join(dir, fileName), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "outbox.lock"), lock, 0o640); err != nil {
			t.Fatal(err)
		}
		o := startDespite(t, dir, round)
		if o.Epoch() != epoch {
			aside++
		}
		// A station scans at once; the rescue goes on beside it.
		first, err := o.Write(parcel(round))
		if err != nil {
			// Found only now: the program sets it aside and starts again.
			if !isAsideKind(err) {
				t.Fatalf("round %d (%s): %v", round, what, err)
			}
			o.Close()
			if _, err := SetAside(dir, time.UnixMilli(int64(2e12)+int64(round)), err); err != nil {
				t.Fatal(err)
			}
			o = startDespite(t, dir, round)
			aside++
			if first, err = o.Write(parcel(round)); err != nil {
				t.Fatal(err)
			}
		}
		if id := event.ID(first); truth[id] != nil {
			t.Errorf("round %d (%s): number %s was given before", round, what, id)
		}
		if _, err := o.Rescue(context.Background()); err != nil {
			t.Fatalf("round %d (%s): %v", round, what, err)
		}
		// What a reader names as damaged in a file that is still in use counts
		// as declared: the program declares it.
		named := map[string]bool{}
		got := heldDespite(t, o, named)
		gone := declared(t, got)
		maps.Copy(gone, named)
		lost := 0
		for id, b := range truth {
			switch {
			case got[id] != nil && !bytes.Equal(got[id], b):
				t.Errorf("round %d (%s): %s has other bytes", round, what, id)
			case got[id] == nil && bytes.Contains(bad, b) && !hurt(bad, b):
				t.Errorf("round %d (%s): %s is whole in the file and was not brought over", round, what, id)
			case got[id] == nil && !gone[id]:
				t.Errorf("round %d (%s): %s is gone and was not declared", round, what, id)
			case got[id] != nil && gone[id]:
				t.Errorf("round %d (%s): %s is here and was declared lost", round, what, id)
			case got[id] == nil:
				lost++
			}
		}
		if lost == 0 {
			whole++
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("stopped after round %d (%s)", round, what)
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d damages: %d files set aside, nothing lost in %d", rounds, aside, whole)
}

// inMemory is a folder on a disk in memory where there is one: five hundred
// times a disk's patience is no part of what is tested.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "scanpost-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hurt reports whether the trailer behind an event that is whole is not.
func hurt(file, b []byte) bool {
	at := bytes.Index(file, b)
	n, _, _ := recordAt(file[at:])
	return n == 0
}

// heldDespite is held for a file that may have damaged events in it.
func heldDespite(t testing.TB, o *Outbox, named map[string]bool) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for next := o.Stats().First; next <= o.Stats().Last; {
		err := o.Read(next, 1<<30, func(seq uint64, b []byte) error {
			all[event.ID(number(o.Epoch(), seq))] = bytes.Clone(b)
			next = seq + 1
			return nil
		})
		if err == nil {
			break
		}
		damaged, ok := err.(*DamagedError)
		if !ok {
			t.Fatalf("reading: %v", err)
		}
		named[event.ID(number(o.Epoch(), damaged.Seq))] = true
		next = damaged.Seq + 1
	}
	for _, p := range o.Pasts() {
		if err := p.Read(1, 1<<30, func(seq uint64, b []byte) error {
			all[event.ID(number(p.Epoch(), seq))] = bytes.Clone(b)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// An old copy that was put back is noticed: the numbers that had been given
// since are not given again, and are declared.
func TestOldCopy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, fileName)
	o := open(t, dir, options)
	gatherWrites(t, o, 50)
	epoch := o.Epoch()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o = open(t, dir, options)
	gatherWrites(t, o, 30)
	if _, _, err := o.Head(); err != nil { // as every two seconds
		t.Fatal(err)
	}
	truth := held(t, o)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := overwrite(path, old); err != nil {
		t.Fatal(err)
	}
	o = startDespite(t, dir, 0)
	defer o.Close()
	if o.Epoch() == epoch {
		t.Fatal("it goes on with the numbers of the old copy")
	}
	found, err := o.Rescue(context.Background())
	if err != nil || len(found) != 1 || found[0].Epoch != epoch || found[0].Events != 50 || found[0].Lost != 30 {
		t.Fatalf("got %+v (%v)", found, err)
	}
	got := held(t, o)
	gone := declared(t, got)
	for id := range truth {
		_, seq, _ := event.ParseID(id)
		if (got[id] != nil) != (seq <= 50) || gone[id] != (seq > 50) {
			t.Errorf("%s: here %v, declared %v", id, got[id] != nil, gone[id])
		}
	}
}

// A copied folder that runs beside its original gives numbers of its own.
func TestCopiedFolder(t *testing.T) {
	dir, twin := t.TempDir(), t.TempDir()
	o := open(t, dir, options)
	gatherWrites(t, o, 20)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(twin, fileName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	// Looking into a copy, such as a backup, is no reason to begin anything.
	looking, err := Open(twin, Options{})
	if err != nil {
		t.Fatalf("a copy can not be looked into: %v", err)
	}
	if n := len(readFrom(t, looking, 1)); n != 20 {
		t.Errorf("%d events in the copy, want 20", n)
	}
	if err := looking.Close(); err != nil {
		t.Fatal(err)
	}
	first, second := startDespite(t, dir, 0), startDespite(t, twin, 1)
	defer first.Close()
	defer second.Close()
	if first.Epoch() == second.Epoch() {
		t.Fatal("both go on with the same numbers")
	}
	if _, err := second.Rescue(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a, b := slices.Sorted(maps.Keys(held(t, first))), slices.Sorted(maps.Keys(held(t, second))); !slices.Equal(a, b) {
		t.Errorf("the copy holds %d events, its original %d", len(b), len(a))
	}
}

// What was scanned on an old image of a disk, under numbers that had been sent
// from it before, gets new numbers and keeps its times.
func TestSuperseded(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, options)
	gatherWrites(t, o, 20)
	epoch := o.Epoch()
	var want []string
	for _, b := range readFrom(t, o, 16) {
		e, err := event.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprint(e.At, e.Entry))
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Supersede(dir, time.Now(), epoch, 16, 40); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start finds it done
		o = open(t, dir, options)
		var got []string
		for _, b := range readFrom(t, o, 1) {
			e, err := event.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, loss := e.Entry.(*scan.Loss); !loss {
				got = append(got, fmt.Sprint(e.At, e.Entry))
			}
		}
		if o.Epoch() == epoch || len(got) != 5 {
			t.Fatalf("epoch %s (was %s): got %d events, want 5", o.Epoch(), epoch, len(got))
		}
		for i := range got {
			if got[i][:40] != want[i][:40] {
				t.Errorf("got %s\nwant %s", got[i], want[i])
			}
		}
		if _, err := o.Rescue(context.Background()); err != nil {
			t.Fatal(err)
		}
		all := held(t, o)
		gone := declared(t, all)
		for n := uint64(1); n <= 40; n++ {
			id := event.ID(number(epoch, n))
			if (all[id] != nil) != (n < 16) || gone[id] != (n >= 16) {
				t.Errorf("%d: here %v, declared %v", n, all[id] != nil, gone[id])
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A past is let go when everyone has confirmed it and it is old enough, and
// not before.
func TestPastIsTrimmed(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, options)
	gatherWrites(t, o, 2500)
	epoch := o.Epoch()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := SetAside(dir, time.Now(), ErrDamaged); err != nil {
		t.Fatal(err)
	}
	o = open(t, dir, options)
	if _, err := o.Rescue(context.Background()); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(100 * 24 * time.Hour)
	for _, step := range []struct {
		upto uint64
		want int
	}{{0, 1}, {2499, 1}, {2500, 0}} {
		if step.upto > 0 {
			if err := o.Confirm("board", epoch, step.upto); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := o.Trim(time.Now().Add(-24*time.Hour), []string{"board"}); err != nil {
			t.Fatal(err)
		}
		if got := len(o.Pasts()); got != 1 {
			t.Fatalf("confirmed to %d and young: %d pasts are held, want 1", step.upto, got)
		}
		if _, err := o.Trim(later, []string{"board"}); err != nil {
			t.Fatal(err)
		}
		if got := len(o.Pasts()); got != step.want {
			t.Fatalf("confirmed to %d and old: %d pasts are held, want %d", step.upto, got, step.want)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if o = open(t, dir, options); len(o.Pasts()) != 0 {
		t.Error("it is back after a restart")
	}
}

// A file that is damaged again gives what was rescued into it once more, also
// when the first one was thrown away, and what was confirmed and let go of in
// between is not declared lost.
func TestDamagedAgain(t *testing.T) {
	for fact, c := range map[string]struct {
		remove bool   // the first file, after its rescue
		upto   uint64 // of the first log is confirmed between the damages
	}{
		"the first file is still there":      {false, 0},
		"the first file was thrown away":     {true, 0},
		"all of the first log was confirmed": {true, 400},
	} {
		t.Run(fact, func(t *testing.T) {
			dir := t.TempDir()
			o := open(t, dir, options)
			gatherWrites(t, o, 400)
			if err := o.Confirm("board", o.Epoch(), 110); err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(100 * 24 * time.Hour)
			if _, err := o.Trim(later, []string{"board"}); err != nil {
				t.Fatal(err)
			}
			first := o.Epoch()
			truth := held(t, o)
			for round := range 3 {
				if err := o.Close(); err != nil {
					t.Fatal(err)
				}
				if err := tear(filepath.Join(dir, fileName)); err != nil {
					t.Fatal(err)
				}
				o = startDespite(t, dir, round)
				// The power may go before a rescue is known to be over.
				for range 2 {
					if _, err := o.Rescue(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				for id, b := range held(t, o) {
					if round == 0 || truth[id] == nil {
						truth[id] = b
					}
				}
				if round == 0 && c.upto > 0 {
					if err := o.Confirm("board", first, c.upto); err != nil {
						t.Fatal(err)
					}
					if _, err := o.Trim(later, []string{"board"}); err != nil {
						t.Fatal(err)
					}
					maps.DeleteFunc(truth, func(id string, _ []byte) bool { return strings.HasPrefix(id, first) })
				}
				if files, _ := filepath.Glob(filepath.Join(dir, "outbox.damaged-*")); round == 0 && c.remove {
					for _, f := range files {
						os.Remove(f)
					}
				}
				gatherWrites(t, o, 50)
				maps.Copy(truth, held(t, o))
			}
			got := held(t, o)
			for id, b := range truth {
				if !bytes.Equal(got[id], b) {
					t.Errorf("%s: got %.100q, want %.100q", id, got[id], b)
				}
			}
			if gone := declared(t, got); len(gone) > 0 {
				t.Errorf("declared lost, and is not: %q", slices.Sorted(maps.Keys(gone)))
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// tear spoils both first pages, without which bbolt does not open a file.
func tear(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, 2*4096), 0)
	return errors.Join(err, f.Close())
}

// readFrom is what an outbox holds from a number on.
func readFrom(t testing.TB, o *Outbox, from uint64) (all [][]byte) {
	t.Helper()
	if err := o.Read(from, 1<<30, func(_ uint64, b []byte) error { all = append(all, bytes.Clone(b)); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// overwrite puts bytes into a file that stays the same file.
func overwrite(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(b)
	return err
}
