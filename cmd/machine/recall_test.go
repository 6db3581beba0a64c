package machine

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan"
	"scanpost/sync/downlink"
	"scanpost/sync/event"
	"scanpost/sync/outbox"
	"scanpost/sync/uplink"
)

// longPast writes scans of units 0 to n-1 at pack, each with a second
// identifier, and says what the first voids are of.
func longPast(t *testing.T, folder string, n int) {
	t.Helper()
	box, err := outbox.Open(folder, outbox.Options{Site: "ham1", Station: "pack-07", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	var batch []scan.Entry
	for i := range n {
		unit := fmt.Sprintf("sscc:%018d", i)
		batch = append(batch, &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: unit, IDs: []string{unit, fmt.Sprintf("order:%d", i)}, Raw: unit, Device: "hand"})
		if len(batch) == 500 || i == n-1 {
			if _, errs := box.WriteAll(batch); errs[0] != nil {
				t.Fatal(errs[0])
			}
			batch = batch[:0]
		}
	}
	for _, i := range []int{3, n / 2} { // taken back
		if _, err := box.Write(&scan.Void{Scan: event.ID(scan.Number{Epoch: box.Epoch(), Seq: uint64(i + 1)}), Unit: fmt.Sprintf("sscc:%018d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
}

func openPast(t *testing.T, folder string) *voice {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	m := &machine{Options: Options{Log: logger}, cfg: &config.Config{Station: config.Station{Site: "ham1", Name: "pack-07", Data: folder}}}
	var v *voice
	err := despite(folder, logger, func() (err error) { v, err = m.openVoice("pack-07", folder, "pack-07", logger); return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := m.connect(v, nil, uplink.Options{}, downlink.Options{}); err != nil {
		t.Fatal(err)
	}
	before, err := v.begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.remember(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	return v
}

// After a restart a station knows every scan that is on its disk, under each of
// its identifiers and as it was taken back, also those of an older log that was
// rescued; and it does not hold them in memory.
func TestLongPast(t *testing.T) {
	const n = 60_000
	for _, rescued := range []bool{false, true} {
		t.Run(fmt.Sprint("rescued=", rescued), func(t *testing.T) {
			folder := t.TempDir()
			longPast(t, folder, n)
			if rescued {
				if _, err := outbox.SetAside(folder, time.Now(), outbox.ErrDamaged); err != nil {
					t.Fatal(err)
				}
			}
			heap := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.GC() // what pools hold goes with the second
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			v := openPast(t, folder)
			defer v.close()
			if grown := int64(heap() - before); grown > n*100 {
				t.Errorf("it holds %d bytes for each scan on disk", grown/n)
			}
			for _, i := range []int{0, 1, 3, 4, n / 3, n / 2, n/2 + 1, n - 2001, n - 1} {
				for _, id := range []string{fmt.Sprintf("sscc:%018d", i), fmt.Sprintf("order:%d", i)} {
					j := v.floor.Judge(id, []string{id}, "pack", time.Now())
					want := scan.Double
					if i == 3 || i == n/2 {
						want = scan.OK
					}
					if j.Verdict != want {
						t.Errorf("%s: %s, want %s", id, j.Verdict, want)
					}
				}
			}
			if j := v.floor.Judge("sscc:999999999999999999", nil, "pack", time.Now()); j.Verdict != scan.OK {
				t.Errorf("a unit that was never here: %s", j.Verdict)
			}
		})
	}
}

// An identifier of very many scans is looked up without reading all of them.
func TestRecallIsBounded(t *testing.T) {
	box, err := outbox.Open(t.TempDir(), outbox.Options{Site: "ham1", Station: "pack-07", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	r := newRecall()
	for i := range 1000 {
		unit := fmt.Sprintf("sscc:%018d", i)
		if _, err := box.Write(&scan.Scan{Checkpoint: "pack", Unit: unit, IDs: []string{unit, "order:5"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Read(1, 1000, func(seq uint64, b []byte) error { r.add(box, seq, b); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := len(r.scans("order:5")); got != recallMost {
		t.Errorf("%d scans are read, want %d", got, recallMost)
	}
	if got := r.scans(fmt.Sprintf("sscc:%018d", 7)); len(got) != 1 || got[0].Seq != 8 {
		t.Errorf("got %v", got)
	}
}
