package outbox

import (
	"bytes"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// TestModel: the outbox behaves like a slice that survives being closed.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "outbox")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		opts := options
		opts.Retention = time.Minute
		opts.Now = func() time.Time { return now }
		o, err := Open(dir, opts)
		must(err)
		defer func() { o.Close() }()

		var events [][]byte // all ever written
		var times []time.Time
		var hashes memory
		first, published := 1, uint64(0)
		confirmed := map[string]uint64{}
		epoch := o.Epoch()

		// learn takes over what was written since, after checking it.
		learn := func(numbers map[uint64]*scan.Scan) {
			before := len(events)
			must(o.Read(uint64(before+1), 1000, func(seq uint64, b []byte) error {
				e, err := event.Parse(b)
				must(err)
				want := numbers[seq]
				if want == nil || e.Entry.(*scan.Scan).Unit != want.Unit || e.Epoch != epoch || seq != uint64(len(events)+1) {
					t.Fatalf("number %d: got %s, want %+v", seq, b, want)
				}
				h, err := proof.StoredHashes(seq, b, hashes)
				must(err)
				hashes = append(hashes, h...)
				events = append(events, bytes.Clone(b))
				times = append(times, e.At)
				return nil
			}))
			if len(events)-before != len(numbers) {
				t.Fatalf("got %d new events, want %d", len(events)-before, len(numbers))
			}
		}
		reopen := func(leave func()) {
			leave()
			o, err = Open(dir, opts)
			must(err)
			must(o.Verify(nil))
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				s := parcel(rapid.IntRange(0, 1e6).Draw(t, "parcel"))
				s.Raw = string(rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "raw"))
				n, err := o.Write(s)
				must(err)
				if n.Seq != uint64(len(events)+1) || !n.At.Equal(now) {
					t.Fatalf("got %+v, want number %d at %v", n, len(events)+1, now)
				}
				learn(map[uint64]*scan.Scan{n.Seq: s})
			},
			"append several at once, beside other writers": func(t *rapid.T) {
				numbers := map[uint64]*scan.Scan{}
				var mu sync.Mutex
				var writers sync.WaitGroup
				for w := range rapid.IntRange(1, 3).Draw(t, "writers") {
					n := rapid.IntRange(1, 300).Draw(t, "entries")
					writers.Go(func() {
						var scans []*scan.Scan
						var entries []scan.Entry
						for i := range n {
							scans = append(scans, parcel(1000*w+i))
							entries = append(entries, scans[i])
						}
						got, errs := o.WriteAll(entries)
						mu.Lock()
						defer mu.Unlock()
						for i, number := range got {
							if errs[i] != nil || i > 0 && number.Seq <= got[i-1].Seq {
								t.Errorf("entry %d: number %d, error %v; the one before has %d", i, number.Seq, errs[i], got[max(i, 1)-1].Seq)
							}
							numbers[number.Seq] = scans[i]
						}
					})
				}
				writers.Wait()
				learn(numbers)
			},
			"append together": func(t *rapid.T) {
				var mu sync.Mutex
				var writers sync.WaitGroup
				numbers := map[uint64]*scan.Scan{}
				for i := range rapid.IntRange(2, 20).Draw(t, "writers") {
					writers.Go(func() {
						s := parcel(i)
						n, err := o.Write(s)
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							t.Error(err)
						}
						numbers[n.Seq] = s
					})
				}
				writers.Wait()
				learn(numbers)
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			},
			"publish": func(t *rapid.T) {
				seq := rapid.Uint64Range(0, uint64(len(events)+2)).Draw(t, "upto")
				o.SetPublished(seq)
				if seq <= uint64(len(events)) {
					published = max(published, seq)
				}
			},
			"confirm": func(t *rapid.T) {
				consumer := rapid.SampledFrom([]string{"board", "tracking"}).Draw(t, "consumer")
				upto := rapid.Uint64Range(0, uint64(len(events)+2)).Draw(t, "upto")
				foreign := rapid.IntRange(0, 5).Draw(t, "foreign") == 0
				of := epoch
				if foreign {
					of = event.NewEpoch()
				}
				err := o.Confirm(consumer, of, upto)
				if refuse := foreign || upto > uint64(len(events)); refuse != (err != nil) {
					t.Fatalf("confirm %d of %d (foreign %v): got %v", upto, len(events), foreign, err)
				}
				if err == nil {
					confirmed[consumer] = max(confirmed[consumer], upto)
				}
			},
			"trim": func(t *rapid.T) {
				required := rapid.SampledFrom([][]string{nil, {"board"}, {"board", "tracking"}}).Draw(t, "required")
				upto := uint64(len(events))
				for _, c := range required {
					upto = min(upto, confirmed[c])
				}
				want := 0
				for len(required) > 0 && first <= int(upto) && !times[first-1].After(now.Add(-time.Minute)) {
					first++
					want++
				}
				n, err := o.Trim(now, required)
				must(err)
				if n != want {
					t.Fatalf("trimmed %d, want %d", n, want)
				}
			},
			"reopen": func(t *rapid.T) { reopen(func() { must(o.Close()) }) },
			"kill": func(t *rapid.T) {
				// Cursors and receipts may be lost, never events.
				reopen(func() {
					must(o.alone(func() error {
						o.line.Lock()
						o.line.closed = true
						o.line.Unlock()
						close(o.quit)
						return o.closeFile()
					}))
					o.kept.Wait()
				})
				s := o.Stats()
				if s.Published > published {
					t.Fatalf("published %d became %d", published, s.Published)
				}
				published = s.Published
				for c, upto := range s.Confirmed {
					if upto > confirmed[c] {
						t.Fatalf("receipt %d of %s became %d", confirmed[c], c, upto)
					}
				}
				confirmed = s.Confirmed
			},
			"": func(t *rapid.T) {
				s := o.Stats()
				if s.First != uint64(first) || s.Last != uint64(len(events)) || s.Published != published || s.Epoch != epoch {
					t.Fatalf("got %+v, want first %d, last %d, published %d", s, first, len(events), published)
				}
				for c := range confirmed {
					if confirmed[c] == 0 {
						delete(confirmed, c)
					}
				}
				maps.DeleteFunc(s.Confirmed, func(_ string, upto uint64) bool { return upto == 0 })
				if !maps.Equal(s.Confirmed, confirmed) {
					t.Fatalf("got receipts %v, want %v", s.Confirmed, confirmed)
				}
				next := first
				must(o.Read(1, 1<<30, func(seq uint64, b []byte) error {
					if seq != uint64(next) || !bytes.Equal(b, events[seq-1]) {
						t.Fatalf("number %d: got %s, want number %d %s", seq, b, next, events[next-1])
					}
					next++
					return nil
				}))
				if next != len(events)+1 {
					t.Fatalf("read up to %d, want %d", next-1, len(events))
				}
				root, err := proof.TreeHash(uint64(len(events)), hashes)
				must(err)
				h, _, err := o.Head()
				must(err)
				if h.Root != root || h.Seq != uint64(len(events)) || !h.At.Equal(now) {
					t.Fatalf("got head %+v, want root %v at %v", h, root, now)
				}
			},
		})
	})
}

// memory is a tree's hashes as tlog would have stored them.
type memory []proof.Hash

func (m memory) ReadHashes(indexes []int64) ([]proof.Hash, error) {
	out := make([]proof.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m[x]
	}
	return out, nil
}
