package hidkeyboard

import (
	"slices"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// Whatever reports come, in whatever layout, however often each is repeated by
// the device, and with broken ones of another number in between: the same codes
// come out, and no more is kept than the longest code.
func FuzzDecode(f *testing.F) {
	join := func(all ...[][]byte) []byte { return slices.Concat(slices.Concat(all...)...) }
	f.Add(join(typed(f, "us", "]C1aB1")), uint16(10), uint16(0))
	f.Add(join(altCode("0029"), altCode("99999999"), typed(f, "us", "")), uint16(3), uint16(1))
	f.Add(slices.Concat(make([]byte, 8), []byte{0, 0, 1, 1, 1, 1, 1, 1}, join(typed(f, "us", "abc"))), uint16(2), uint16(1))
	for i, layout := range []string{"de", "fr", "uk"} {
		for way, k := range []sim.Keyboard{{Controls: "ctrl", Rolling: true}, {Controls: "f8", ShiftFirst: true}, {Alt: "3"}, {PressesCaps: true}} {
			k.Layout, k.Suffix = layout, "enter"
			f.Add(join(scanned(f, k, "aB^1~\x1d`é/")), uint16(50), uint16(i<<4|way))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, longest, how uint16) {
		change := func(o *Options) {
			o.Max = max(1, int(longest))
			o.Suffix = []string{"enter", "none", "tab"}[how%3]
			o.Layout = Layouts()[int(how>>4)%len(layouts)]
			o.DeadKeys = how&0x400 == 0
			o.Caps = []string{"off", "on", "ignore"}[int(how>>11)%3]
			o.GSKey = []string{"none", "f8"}[int(how>>13)%2]
			o.ReportID = 5
		}
		run := func(times int, broken ...[]byte) []string {
			d := decoder(t, change)
			var out wire.Output
			for report := range slices.Chunk(in, 8) {
				for range times {
					if len(report) > 2 && report[1] == 0xFE {
						d.Silence(&out)
						continue
					}
					for _, b := range broken {
						d.Decode(b, &out)
					}
					one := append([]byte{5}, report...)
					d.Decode(one, &out)
					clear(one) // the buffer is the port's, which reuses it
				}
				if len(d.code) > d.limit {
					t.Fatalf("keeps %d bytes, limit %d", len(d.code), d.limit)
				}
			}
			return told(&out)[:len(out.Sightings)] // faults come after them, and a broken report is told each time
		}
		once := run(1)
		if twice := run(2); !slices.Equal(once, twice) {
			t.Errorf("each report once %q, twice %q", once, twice)
		}
		if among := run(1, []byte{1, 0, 0, 4, 0, 0, 0, 0, 0}, []byte{5, 0, 0, 4}); !slices.Equal(once, among) {
			t.Errorf("without broken reports %q, with %q", once, among)
		}
	})
}

// One code of 20 digits, typed, to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := typed(b, "us", "]C100376104250021234569")
	var out wire.Output
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		feed(d, in, &out)
	}
	if len(out.Sightings) != 1 {
		b.Fatal(told(&out))
	}
}

// A code takes at most two allocations.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := typed(t, "us", "]C100376104250021234569")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); feed(d, in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
