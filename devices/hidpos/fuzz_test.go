package hidpos

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

var names = []string{"honeywell", "zebra", "newland", "auto"}

// Whatever arrives, nothing breaks, no more is kept than the longest code, and
// nothing is kept of the port's buffer. A report that begins with FE is
// silence; one that begins with FD is cut to the length in its second byte.
func FuzzDecode(f *testing.F) {
	for i, name := range names[:3] {
		f.Add(slices.Concat(made(name, "]C1", 'I', "0011", false), made(name, "]Q1", 's', lorem, true), made(name, "]Q1", 's', "end", false)), uint8(i), uint16(100))
		f.Add(slices.Concat(made(name, "]Q1", 's', lorem, true), bytes.Repeat([]byte{0xFE}, size), made(name, "]Q1", 's', lorem, false)), uint8(3), uint16(57))
	}
	f.Add(slices.Concat(reports(f, revinf1602)...), uint8(0), uint16(7089))
	f.Add(slices.Concat(made("honeywell", "]X0", textID, "12345", false), append([]byte{0xFD, 20}, make([]byte, 62)...), made("honeywell", "]Z6", '6', "A\x05.", false)), uint8(3), uint16(5))
	f.Fuzz(func(t *testing.T, in []byte, layout uint8, longest uint16) {
		o := Options{Layout: names[int(layout)%len(names)], AIMID: layout&4 != 0, StripCR: layout&8 != 0, Max: int(longest), NoRead: []string{"NR"}, Ignore: []string{"?"}}
		if _, err := New(o); err != nil {
			return
		}
		run := func(clobber bool) []string {
			d, _ := New(o)
			var out wire.Output
			for report := range slices.Chunk(in, size) {
				report = bytes.Clone(report)
				switch {
				case report[0] == 0xFE:
					d.Silence(&out)
					continue
				case report[0] == 0xFD && len(report) > 1:
					report = append([]byte{number}, report[2:]...)[:min(len(report)-1, int(report[1]))]
				}
				d.Decode(report, &out)
				if clobber {
					clear(report) // the buffer is the port's, which reuses it
				}
				if len(d.code) > d.limit || len(d.held) > most || d.bytes > d.limit {
					t.Fatalf("keeps %d bytes and %d in %d texts, limit %d", len(d.code), d.bytes, len(d.held), d.limit)
				}
			}
			for _, s := range out.Sightings {
				if len(s.Code) > int(longest) || s.Code == "" {
					t.Fatalf("a code of %d bytes, longest %d", len(s.Code), longest)
				}
			}
			return told(&out)
		}
		if kept, cleared := run(false), run(true); !slices.Equal(kept, cleared) {
			t.Errorf("buffer kept %q\nbuffer reused %q", kept, cleared)
		}
	})
}

// However a code is cut into reports, and whatever reports of other numbers
// come between, the same code comes out, and again after what can not be read.
func FuzzParts(f *testing.F) {
	f.Add([]byte(gs1DM), uint8(0), uint64(1))
	f.Add([]byte("a"), uint8(1), uint64(0))
	f.Add(bytes.Repeat([]byte("\x00\r"), 200), uint8(2), uint64(99))
	f.Fuzz(func(t *testing.T, code []byte, which uint8, cuts uint64) {
		name := names[int(which)%3]
		if len(code) == 0 || len(code) > 7089 || name == "newland" && bytes.HasPrefix(code, []byte(nlsFrame)) {
			return
		}
		d := decoder(t, layoutOf(name))
		var out wire.Output
		for round := range 2 {
			out.Reset()
			for rest := code; len(rest) > 0; {
				cuts = cuts*6364136223846793005 + 1442695040888963407
				n := min(1+int(cuts>>33)%room, len(rest))
				d.Decode(made(name, "]d2", 'w', string(rest[:n]), n < len(rest)), &out)
				if cuts&(1<<20) != 0 {
					d.Decode([]byte{byte(cuts>>40) | 4, 1, 2}, &out)
				}
				rest = rest[n:]
			}
			if len(out.Sightings) != 1 || out.Sightings[0].Code != string(code) {
				t.Fatalf("round %d: %q came out as %q", round, code, told(&out))
			}
			d.Decode(made(name, "]d2", 'w', "lost", true), &out)
			d.Decode(make([]byte, 0, 1), &out)
			d.Decode([]byte{number, 3}, &out)
			d.Silence(&out)
		}
	})
}

// A report to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := reports(b, p07)[0]
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode(in, &out)
	}
	if len(out.Sightings) != 1 {
		b.Fatal(told(&out))
	}
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, layoutOf("auto"))
	in := reports(t, p08a+"|"+p08b)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() {
		out.Reset()
		for _, r := range in {
			d.Decode(r, &out)
		}
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
