package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"scanpost/scan"
	"scanpost/sync/event"
)

var (
	epochA = "0123456789ABCDEF"
	epochB = "FEDCBA9876543210"
	start  = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
)

// scanned is event n of a station's log.
func scanned(station, epoch string, n uint64) Raw {
	ev := scan.Event{
		Number: scan.Number{Epoch: epoch, Seq: n, At: start.Add(time.Duration(n) * time.Second)},
		Site:   "ham1", Station: station,
		Entry: &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: fmt.Sprintf("order:%s-%d", station, n), Raw: "x", Device: "hand"},
	}
	return Raw{Site: "ham1", Station: station, Bytes: event.Append(nil, &ev), Arrived: start}
}

func logger() *slog.Logger { return slog.New(slog.DiscardHandler) }

type tb interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

func mustOpen(t tb, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir, logger())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return l
}

// opened is a ledger that is checked and closed when the test ends.
func opened(t *testing.T, dir string) *Ledger {
	t.Helper()
	l := mustOpen(t, dir)
	t.Cleanup(func() {
		consistent(t, l)
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// consistent compares the ranges with the keys in the file, and lets bbolt
// check its pages.
func consistent(t tb, l *Ledger) {
	t.Helper()
	err := l.view(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("bbolt: %v", err)
		}
		for _, s := range l.Streams() {
			id := streamID{s.Station, s.Epoch}
			var keys ranges
			if b := tx.Bucket(bucketEvents).Bucket(id.key()); b != nil {
				if err := b.ForEach(func(k, _ []byte) error {
					n := binary.BigEndian.Uint64(k)
					keys = keys.add(n, n)
					return nil
				}); err != nil {
					return err
				}
			}
			if have := l.get(id).have; !slices.Equal(have, keys) {
				t.Errorf("%s: ranges say %v, the file holds %v", id.key(), have, keys)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v", err)
	}
}

// contents is every event's bytes by station, epoch and number.
func contents(t tb, l *Ledger) map[string]string {
	t.Helper()
	all := map[string]string{}
	var last Heard
	err := l.Each(func(h Heard) error {
		if h.Station == last.Station && h.Epoch == last.Epoch && h.Seq <= last.Seq {
			t.Errorf("number %d of %s comes after %d", h.Seq, h.Station, last.Seq)
		}
		last = h
		all[h.Station+" "+event.ID(h.Number)] = string(event.Append(nil, &h.Event))
		return nil
	})
	if err != nil {
		t.Fatalf("each: %v", err)
	}
	return all
}

// Whatever the order and repetition in which events, births and losses come,
// and wherever the process dies in between, the same streams, holes and
// contents are there in the end.
func TestAnyOrderEndsTheSame(t *testing.T) {
	ids := []streamID{{"pack-01", epochA}, {"pack-01", epochB}, {"dock-2", epochA}}
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		var steps []func(l *Ledger)
		want := map[string]string{}
		var streams []Stream
		for _, id := range ids {
			held := rapid.SliceOfNDistinct(rapid.Uint64Range(1, 40), 0, 30, rapid.ID).Draw(t, "held")
			first := rapid.Uint64Range(1, 20).Draw(t, "first")
			last := first + rapid.Uint64Range(0, 30).Draw(t, "more")
			gone := rapid.Uint64Range(1, 45).Draw(t, "gone")
			model := map[uint64]string{}
			for n := uint64(1); n < first; n++ {
				model[n] = "lost"
			}
			for n := gone; n <= gone+3; n++ {
				model[n] = "lost"
			}
			last = max(last, gone+3)
			s := Stream{Station: id.station, Epoch: id.epoch, First: first, Last: last, Held: uint64(len(held))}
			for _, n := range held {
				raw := scanned(id.station, id.epoch, n)
				model[n] = "held"
				want[id.station+" "+event.ID(scan.Number{Epoch: id.epoch, Seq: n})] = string(raw.Bytes)
				for range rapid.IntRange(1, 3).Draw(t, "times") {
					steps = append(steps, func(l *Ledger) {
						if _, refused, err := l.Store([]Raw{raw, raw}); err != nil || len(refused) > 0 {
							t.Fatalf("store %d: %v, refused %v", n, err, refused)
						}
					})
				}
			}
			if len(held) > 0 {
				s.Last = max(last, slices.Max(held))
				s.LastAt = start.Add(time.Duration(slices.Max(held)) * time.Second)
			}
			var holes, lost ranges
			for n := uint64(1); n <= s.Last; n++ {
				switch model[n] {
				case "":
					holes = holes.add(n, n)
				case "lost":
					lost = lost.add(n, n)
				}
				if len(holes) == 0 {
					s.Upto = n
				}
			}
			s.Holes, s.Lost = holes, lost
			streams = append(streams, s)
			steps = append(steps, func(l *Ledger) { l.Exists(id.station, id.epoch, first, last) })
			steps = append(steps, func(l *Ledger) {
				if _, err := l.GiveUp(id.station, id.epoch, gone, gone+3); err != nil {
					t.Fatalf("give up: %v", err)
				}
			})
		}
		steps = rapid.Permutation(steps).Draw(t, "order")
		l := mustOpen(t, dir)
		for i, step := range steps {
			step(l)
			switch rapid.IntRange(0, 30).Draw(t, "then") {
			case 0:
				if err := l.Close(); err != nil {
					t.Fatalf("close: %v", err)
				}
				l = mustOpen(t, dir)
			case 1: // dies: what the file holds now is what there is
				dir = copied(t, dir, filepath.Join(base, fmt.Sprintf("%s-%d", filepath.Base(dir), i)))
				l.Close()
				l = mustOpen(t, dir)
			}
		}
		for _, s := range streams { // the next birth says again what was only in memory
			l.Exists(s.Station, s.Epoch, s.First, s.Last)
		}
		for _, again := range []string{"at once", "reopened"} {
			consistent(t, l)
			got := l.Streams()
			slices.SortFunc(streams, func(a, b Stream) int { return strings.Compare(a.Station+a.Epoch, b.Station+b.Epoch) })
			if len(got) != len(streams) {
				t.Fatalf("%s: got %d streams, want %d", again, len(got), len(streams))
			}
			for i := range got {
				g, w := got[i], streams[i]
				if !slices.Equal(g.Holes, w.Holes) || !slices.Equal(g.Lost, w.Lost) {
					t.Errorf("%s: %s holes %v lost %v, want holes %v lost %v", again, g.Station, g.Holes, g.Lost, w.Holes, w.Lost)
				}
				g.Holes, w.Holes, g.Lost, w.Lost = nil, nil, nil, nil
				if !reflect.DeepEqual(g, w) {
					t.Errorf("%s: got %+v, want %+v", again, g, w)
				}
			}
			if got := contents(t, l); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", again, got, want)
			}
			if err := l.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			l = mustOpen(t, dir)
		}
		l.Close()
	})
}

func copied(t tb, from, to string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, "ledger.db"))
	if err == nil {
		err = os.MkdirAll(to, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "ledger.db"), b, 0o644)
	}
	if err != nil {
		t.Fatalf("copy: %v", err)
	}
	return to
}

// What does not belong is refused by name, and the rest of its batch is kept.
func TestRefused(t *testing.T) {
	l := opened(t, t.TempDir())
	good, other := scanned("pack-01", epochA, 1), scanned("pack-01", epochA, 1)
	other.Bytes = []byte(strings.Replace(string(other.Bytes), `"hand"`, `"foot"`, 1))
	stray := scanned("pack-02", epochA, 1)
	stray.Station = "pack-01"
	abroad := scanned("pack-01", epochA, 2)
	abroad.Site = "muc2"
	garbage := Raw{Site: "ham1", Station: "pack-01", Bytes: []byte("{}"), Arrived: start}
	fresh, refused, err := l.Store([]Raw{stray, good, other, garbage, abroad, good})
	if err != nil {
		t.Fatal(err)
	}
	if len(fresh) != 1 || fresh[0].Seq != 1 || fresh[0].Station != "pack-01" || !fresh[0].Arrived.Equal(start) {
		t.Errorf("fresh: got %+v, want event 1 of pack-01", fresh)
	}
	var got []error
	for _, r := range refused {
		for _, why := range []error{ErrUnreadable, ErrSource, ErrConflict} {
			if errors.Is(r.Why, why) {
				got = append(got, why)
			}
		}
	}
	if want := []error{ErrSource, ErrUnreadable, ErrSource, ErrConflict}; !slices.Equal(got, want) {
		t.Errorf("refused: got %v, want %v", got, want)
	}
	want := map[string]string{"pack-01 " + event.ID(scan.Number{Epoch: epochA, Seq: 1}): string(good.Bytes)}
	if got := contents(t, l); !reflect.DeepEqual(got, want) {
		t.Errorf("held: got %v, want what came first: %v", got, want)
	}
}

// A station that has trimmed its log leaves what is below lost, not a hole
// that is asked for for ever; and what is lost has times around it.
func TestTrimmedBeforeWeCame(t *testing.T) {
	l := opened(t, t.TempDir())
	store(t, l, scanned("pack-01", epochA, 502))
	if got, want := l.Stream("pack-01", epochA).Holes, [][2]uint64{{1, 501}}; !slices.Equal(got, want) {
		t.Errorf("holes before the birth: got %v, want %v", got, want)
	}
	if got, want := l.Exists("pack-01", epochA, 500, 505), [][2]uint64{{1, 499}}; !slices.Equal(got, want) {
		t.Errorf("lost by the birth: got %v, want %v", got, want)
	}
	store(t, l, scanned("pack-01", epochA, 500))
	if got := l.Exists("pack-01", epochA, 500, 505); got != nil {
		t.Errorf("lost by the same birth again: got %v", got)
	}
	s := l.Stream("pack-01", epochA)
	if want := [][2]uint64{{501, 501}, {503, 505}}; !slices.Equal(s.Holes, want) || s.Upto != 500 {
		t.Errorf("holes: got %v, held to %d, want %v and 500", s.Holes, s.Upto, want)
	}
	lost, err := l.GiveUp("pack-01", epochA, 501, 501)
	if want := [][2]uint64{{501, 501}}; err != nil || !slices.Equal(lost, want) {
		t.Errorf("given up: got %v, %v, want %v", lost, err, want)
	}
	before, after := l.Around("pack-01", epochA, 501, 501)
	if !before.Equal(start.Add(500*time.Second)) || !after.Equal(start.Add(502*time.Second)) {
		t.Errorf("around 501: got %v and %v, want the times of 500 and 502", before, after)
	}
	if before, after := l.Around("pack-01", epochA, 1, 499); !before.IsZero() || !after.Equal(start.Add(500*time.Second)) {
		t.Errorf("around 1-499: got %v and %v, want nothing and the time of 500", before, after)
	}
	if _, after := l.Around("pack-01", epochA, 503, 505); !after.IsZero() {
		t.Errorf("after the tail: got %v, want nothing", after)
	}
}

func store(t tb, l *Ledger, batch ...Raw) {
	t.Helper()
	if _, refused, err := l.Store(batch); err != nil || len(refused) > 0 {
		t.Fatalf("store: %v, refused %v", err, refused)
	}
}

// Facts, pins and heads are there after a restart; the first key stays.
func TestFactsSurvive(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir)
	for _, f := range []struct{ bucket, key, value string }{{"birth", "pack-01", "one"}, {"birth", "pack-02", "two"}, {"birth", "pack-01", "three"}, {"told", "g", ""}} {
		if err := l.Put(f.bucket, f.key, []byte(f.value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Put("birth", "", nil); err == nil {
		t.Error("a fact without a key was taken")
	}
	if err := l.Delete("birth", "pack-02"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"first", "second"} {
		if got, err := l.PinKey("pack-01", key); err != nil || got != "first" {
			t.Errorf("pin %s: got %q, %v, want the first", key, got, err)
		}
	}
	h := Head{Station: "pack-01", Epoch: epochA, Seq: 7, At: start, Arrived: start.Add(time.Second), Offset: -time.Second, Note: []byte("signed")}
	older := h
	older.Seq = 6
	l.SaveHead(h)
	l.SaveHead(older)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir)
	var got []string
	if err := l.EachIn("birth", func(key string, value []byte) error {
		got = append(got, key+"="+string(value))
		return l.Put("birth", key, append(value, '!')) // may call the ledger
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"pack-01=three"}; !slices.Equal(got, want) {
		t.Errorf("facts: got %q, want %q", got, want)
	}
	if got, err := l.Get("birth", "pack-01"); err != nil || string(got) != "three!" {
		t.Errorf("fact: got %q, %v", got, err)
	}
	if got, err := l.Get("none", "x"); err != nil || got != nil {
		t.Errorf("no fact: got %q, %v", got, err)
	}
	if got, err := l.PinKey("pack-01", "third"); err != nil || got != "first" {
		t.Errorf("pin after restart: got %q, %v, want the first", got, err)
	}
	if got, want := l.Heads(), []Head{h}; !reflect.DeepEqual(got, want) {
		t.Errorf("heads: got %+v, want %+v", got, want)
	}
	if err := l.Unpin("pack-01"); err != nil {
		t.Fatal(err)
	}
	if got, err := l.PinKey("pack-01", "third"); err != nil || got != "third" {
		t.Errorf("pin after unpin: got %q, %v, want the third", got, err)
	}
}
