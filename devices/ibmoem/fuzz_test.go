package ibmoem

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// Whatever arrives, nothing breaks, no more is kept than the longest code, and
// nothing is kept of the port's buffer. Each report takes as many bytes of the
// input as its first byte says, FE is silence.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{i01 + "|" + i02, i06a + "|" + i06b, i10a + "| FE |" + i10b, "04 00 01 00 | 04 00 03 00", "08 40 03 08 01 31 2E 32 | 06 40 03 08 00 03", "06 10 03 00 35 0B"} {
		f.Add(bytes.Join(reports(f, text), nil), uint16(100), false)
		f.Add(bytes.Join(reports(f, text), nil), uint16(7), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, longest uint16, table bool) {
		o := Options{TableTop: table, Max: int(longest), NoRead: []string{"NR"}, Ignore: []string{"?"}}
		if _, err := New(o); err != nil {
			return
		}
		run := func(clobber bool) []string {
			d, _ := New(o)
			var out wire.Output
			for rest := in; len(rest) > 0; {
				if rest[0] == 0xFE {
					d.Silence(&out)
					rest = rest[1:]
					continue
				}
				n := min(max(1, int(rest[0])), len(rest), 64)
				report := bytes.Clone(rest[:n])
				rest = rest[n:]
				d.Decode(report, &out)
				if clobber {
					clear(report) // the buffer is the port's, which reuses it
				}
				if len(d.code) > d.limit || len(d.direct) > mostDirect {
					t.Fatalf("keeps %d and %d bytes, limit %d", len(d.code), len(d.direct), d.limit)
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

// However a code is cut into reports, and whatever statuses come between, the
// same code comes out, and again after what can not be read.
func FuzzParts(f *testing.F) {
	f.Add([]byte(link), uint64(1))
	f.Add([]byte("a"), uint64(0))
	f.Add(bytes.Repeat([]byte{0, 0x10, 0x0B}, 100), uint64(99))
	f.Fuzz(func(t *testing.T, code []byte, cuts uint64) {
		if len(code) == 0 || len(code) > 7089 {
			return
		}
		d := decoder(t, nil)
		var out wire.Output
		for round := range 2 {
			out.Reset()
			for rest := code; len(rest) > 0; {
				cuts = cuts*6364136223846793005 + 1442695040888963407
				n := min(1+int(cuts>>33)%57, len(rest))
				trailer := []byte{0x10, 0x33, 0x0B}
				if n == len(rest) {
					trailer[0] = 0
				}
				d.Decode(slices.Concat([]byte{byte(n + 7), 0x10, 3, 0}, rest[:n], trailer), &out)
				if cuts&(1<<20) != 0 {
					d.Decode([]byte{4, 0, byte(cuts >> 40), byte(cuts >> 48)}, &out)
				}
				rest = rest[n:]
			}
			if len(out.Sightings) != 1 || out.Sightings[0].Code != string(code) {
				t.Fatalf("round %d: %q came out as %q", round, code, told(&out))
			}
			d.Decode([]byte{9, 0x10, 3, 0, 'x', 'y', 0x10, 0x33, 0x0B}, &out)
			d.Decode([]byte{200, 3}, &out)
			d.Silence(&out)
		}
	})
}

// A report to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, tableTop)
	in := append(reports(b, i01)[0], make([]byte, 46)...)
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
	d := decoder(t, nil)
	in := reports(t, i10a+"|"+i10b)
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
