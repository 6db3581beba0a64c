package ledger

import (
	"testing"
)

// How fast a board takes in what has piled up, in batches as they form.
func BenchmarkStore(b *testing.B) {
	l := mustOpen(b, b.TempDir())
	defer l.Close()
	var batch []Raw
	b.ReportAllocs()
	for n := uint64(1); n <= uint64(b.N); n++ {
		batch = append(batch, scanned("pack-01", epochA, n))
		if len(batch) == 1000 || n == uint64(b.N) {
			store(b, l, batch...)
			batch = batch[:0]
		}
	}
}

// How fast a floor comes back after a restart.
func BenchmarkEach(b *testing.B) {
	l := mustOpen(b, b.TempDir())
	defer l.Close()
	const held = 20_000
	var batch []Raw
	for n := uint64(1); n <= held; n++ {
		batch = append(batch, scanned("pack-01", epochA, n))
	}
	store(b, l, batch...)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Each(func(Heard) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/held, "ns/event")
}
