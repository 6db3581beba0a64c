package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

// benchDir is a folder on a real disk: SCANPOST_BENCH_DIR, or here. The usual
// temporary folder may be in memory, where a sync costs nothing.
func benchDir(b *testing.B) string {
	b.Helper()
	base := os.Getenv("SCANPOST_BENCH_DIR")
	if base == "" {
		base = "."
	}
	dir, err := os.MkdirTemp(base, ".bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func percentile(d []time.Duration, p float64) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, int(float64(len(d))*p))]
}

// floor is a bare bbolt file with one bucket.
func floor(b *testing.B, dir string) func(seq uint64, v []byte) {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "floor.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	name := []byte("events")
	put := func(seq uint64, v []byte) {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			return bucket.Put(key(seq), v)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	put(0, nil)
	return put
}

// One scan at a time, from Write to saved, beside a bare bbolt commit of the
// same bytes, taken in turns.
func BenchmarkScanToSaved(b *testing.B) {
	dir := benchDir(b)
	o := open(b, dir, Options{Site: "ham1", Station: "pack-07"})
	bare := floor(b, dir)
	var ours, floors []time.Duration
	var bytes []byte
	for i := 0; b.Loop(); i++ {
		s := parcel(i)
		start := time.Now()
		n, err := o.Write(s)
		saved := time.Now()
		if err != nil {
			b.Fatal(err)
		}
		ours = append(ours, saved.Sub(start))
		o.SetPublished(n.Seq) // as the uplink does meanwhile

		err = o.Read(n.Seq, 1, func(_ uint64, e []byte) error { bytes = append(bytes[:0], e...); return nil })
		if err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		bare(n.Seq, bytes)
		floors = append(floors, time.Since(start))
	}
	b.ReportMetric(0, "ns/op")
	for _, p := range []float64{0.5, 0.99} {
		us, bolt := percentile(ours, p), percentile(floors, p)
		name := fmt.Sprintf("p%.0f", p*100)
		b.ReportMetric(float64(us.Microseconds()), name+"-µs")
		b.ReportMetric(float64(bolt.Microseconds()), name+"-floor-µs")
		b.ReportMetric(float64(us)/float64(bolt), name+"-ratio")
	}
}

// Many at once share commits.
func BenchmarkConcurrentWriters(b *testing.B) {
	for _, writers := range []int{4, 32, 256} {
		b.Run(strconv.Itoa(writers), func(b *testing.B) {
			o := open(b, benchDir(b), Options{Site: "ham1", Station: "pack-07"})
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := o.Write(parcel(w)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "scans/s")
		})
	}
}

// What a scan costs besides the disk.
func BenchmarkWriteWithoutSync(b *testing.B) {
	o := open(b, benchDir(b), options)
	s := parcel(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Write(s); err != nil {
			b.Fatal(err)
		}
	}
}

// Heads are taken between scans; they must cost next to nothing.
func BenchmarkHead(b *testing.B) {
	o := open(b, benchDir(b), options)
	gatherWrites(b, o, 5000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := o.Head(); err != nil {
			b.Fatal(err)
		}
	}
}

// Opening with a million events waiting, reading them, and a scan right after;
// and the same once they were trimmed. Filling takes a while:
//
//	SCANPOST_BENCH_MILLION=1 go test ./sync/outbox -run - -bench Million -benchtime 5x
func BenchmarkMillion(b *testing.B) {
	if os.Getenv("SCANPOST_BENCH_MILLION") == "" {
		b.Skip("set SCANPOST_BENCH_MILLION=1")
	}
	dir := benchDir(b)
	const million = 1_000_000
	func() {
		o, err := Open(dir, options)
		if err != nil {
			b.Fatal(err)
		}
		gatherWrites(b, o, million)
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	synced := Options{Site: "ham1", Station: "pack-07"}
	cycle := func(b *testing.B) {
		var opening, first time.Duration
		for b.Loop() {
			start := time.Now()
			o, err := Open(dir, synced)
			if err != nil {
				b.Fatal(err)
			}
			opened := time.Now()
			write(b, o, 1)
			opening, first = opening+opened.Sub(start), first+time.Since(start)
			if err := o.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(opening.Seconds()*1000/float64(b.N), "open-ms")
		b.ReportMetric(first.Seconds()*1000/float64(b.N), "first-scan-ms")
	}
	b.Run("open", cycle)
	b.Run("read", func(b *testing.B) {
		o := open(b, dir, synced)
		for b.Loop() {
			n := 0
			if err := o.Read(1, million, func(uint64, []byte) error { n++; return nil }); err != nil || n != million {
				b.Fatal(n, err)
			}
		}
		b.ReportMetric(million*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		info, err := os.Stat(o.path)
		if err == nil {
			b.ReportMetric(float64(info.Size())/million, "bytes/event")
		}
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	})
	var trimmed map[string]float64 // of the first run: there is one million to trim
	b.Run("trim", func(b *testing.B) {
		defer func() {
			b.ReportMetric(0, "ns/op")
			for name, v := range trimmed {
				b.ReportMetric(v, name)
			}
		}()
		if trimmed != nil {
			return
		}
		o := open(b, dir, synced)
		if err := o.Confirm("board", o.Epoch(), million); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		stop := make(chan struct{})
		var worst []time.Duration
		var scans sync.WaitGroup
		scans.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				start := time.Now()
				if _, err := o.Write(parcel(i)); err != nil {
					b.Error(err)
				}
				worst = append(worst, time.Since(start))
			}
		})
		n, err := o.Trim(time.Now().Add(time.Hour), []string{"board"})
		close(stop)
		scans.Wait()
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
		trimmed = map[string]float64{
			"trimmed/s":   float64(n) / time.Since(start).Seconds(),
			"scan-p50-ms": percentile(worst, 0.5).Seconds() * 1000,
			"scan-p99-ms": percentile(worst, 0.99).Seconds() * 1000,
			"scan-max-ms": percentile(worst, 1).Seconds() * 1000,
		}
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("open after trim", cycle)
	b.Run("scan after trim", func(b *testing.B) {
		o := open(b, dir, synced)
		bare := floor(b, b.TempDir())
		bytes := event.Append(nil, &scan.Event{Number: o.number(1, time.Now()), Site: "ham1", Station: "pack-07", Entry: parcel(1)})
		var ours, floors []time.Duration
		for i := 0; b.Loop(); i++ {
			start := time.Now()
			write(b, o, i)
			ours = append(ours, time.Since(start))
			start = time.Now()
			bare(uint64(i), bytes)
			floors = append(floors, time.Since(start))
		}
		b.ReportMetric(float64(percentile(ours, 0.5))/float64(percentile(floors, 0.5)), "p50-ratio")
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// A file with both of its first pages gone is brought over, beside scans that
// are made 100 times a second. The floor is what such scans wait without it.
//
//	SCANPOST_BENCH_MILLION=1 go test ./sync/outbox -run - -bench Rescue -benchtime 1x
func BenchmarkRescue(b *testing.B) {
	n := 20_000
	if os.Getenv("SCANPOST_BENCH_MILLION") != "" {
		n = 1_000_000
	}
	dir := benchDir(b)
	o := open(b, dir, options)
	gatherWrites(b, o, n)
	if err := o.Close(); err != nil {
		b.Fatal(err)
	}
	if _, err := SetAside(dir, time.Now(), ErrDamaged); err != nil {
		b.Fatal(err)
	}
	syscall.Sync() // or the disk is still busy with it when time is taken
	o = open(b, dir, Options{Site: "ham1", Station: "pack-07"})
	scan := func(until <-chan struct{}) (took []time.Duration) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-until:
				return took
			case <-tick.C:
			}
			start := time.Now()
			write(b, o, i)
			took = append(took, time.Since(start))
		}
	}
	enough := make(chan struct{})
	time.AfterFunc(2*time.Second, func() { close(enough) })
	floor := scan(enough)

	done := make(chan struct{})
	b.ResetTimer()
	var found []Rescued
	go func() {
		defer close(done)
		var err error
		if found, err = o.Rescue(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	took := scan(done)
	b.StopTimer()
	if len(found) != 1 || found[0].Events != uint64(n) || found[0].Lost != 0 {
		b.Errorf("rescued %+v", found)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", .5}, {"p99", .99}, {"max", 1}} {
		b.ReportMetric(percentile(took, q.at).Seconds()*1000, "scan-"+q.name+"-ms")
		b.ReportMetric(percentile(floor, q.at).Seconds()*1000, "scan-"+q.name+"-floor-ms")
	}
}
