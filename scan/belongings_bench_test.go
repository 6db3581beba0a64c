package scan

import (
	"fmt"
	"testing"
)

// A pallet costs each parcel on it the same, however many there are: from its
// scans at three checkpoints and its way onto the pallet to what the pallet's
// scan means for it.
func BenchmarkPallet(b *testing.B) {
	for _, parcels := range []int{10, 100, 1000, 4000} {
		b.Run(fmt.Sprint(parcels), func(b *testing.B) {
			for b.Loop() {
				h := newHall(b)
				for n := range parcels {
					unit := fmt.Sprint("ups:", n)
					h.feed(h.receive.scan(unit, at(0)), h.pack.scan(unit, at(10)), h.label.scan(unit, at(20)), h.label.say(pack(PutIn, "sscc:9", unit), 21))
					h.Sweep(at(21))
				}
				h.feed(h.label.say(pack(Close, "sscc:9"), 22), h.load.scan("sscc:9", at(60)))
				h.Sweep(at(61))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*parcels), "ns/parcel")
		})
	}
}

// A linked parcel beside one with a single number, through four checkpoints.
func BenchmarkLinked(b *testing.B) {
	const parcels = 10_000
	for _, linked := range []bool{false, true} {
		b.Run(fmt.Sprintf("linked=%t", linked), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h := newHall(b)
				for n := range parcels {
					unit, carrier := fmt.Sprint("sscc:", n), fmt.Sprint("ups:", n)
					h.feed(h.receive.scan(unit, at(0)), h.pack.scan(unit, at(10)), h.label.scan(unit, at(20)))
					if linked {
						h.feed(h.label.say(link(unit, carrier), 21), h.load.scan(carrier, at(60)))
					} else {
						h.feed(h.load.scan(unit, at(60)))
					}
					h.Sweep(at(61))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*parcels), "ns/parcel")
		})
	}
}
