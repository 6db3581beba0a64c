package snapi

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// Whatever arrives, nothing breaks, every scan report is answered exactly
// once, no more is kept than the longest code, and nothing of the port's
// buffer. Reports stand behind their length; a length of 0 is silence.
func FuzzDecode(f *testing.F) {
	glue := func(in ...[]byte) (all []byte) {
		for _, r := range in {
			all = append(append(all, byte(len(r))), r...)
		}
		return all
	}
	three := [][]byte{part(false, 3, 0, 0x1C, "aa"), part(false, 3, 1, 0x1C, "bb"), part(false, 3, 2, 0x1C, "cc")}
	f.Add(glue(reports(f, n01)...), uint16(100))
	f.Add(glue(three...), uint16(100))
	f.Add(glue(three[0], three[0], three[2], nil, three[2]), uint16(3))
	f.Add(glue(part(true, 2, 0, 0x1B, "a"), []byte{0x21, 4, 1, 0}, part(true, 2, 1, 0x1B, "b"), []byte{0x24}, part(false, 1, 0, 0x33, "x")), uint16(9))
	f.Fuzz(func(t *testing.T, in []byte, longest uint16) {
		o := Options{Max: int(longest), NoRead: []string{"NR"}, Ignore: []string{"?"}}
		if _, err := New(o); err != nil {
			return
		}
		run := func(clobber bool) []string {
			d, _ := New(o)
			var out wire.Output
			scans := 0
			for rest := in; len(rest) > 0; {
				n := min(int(rest[0]), len(rest)-1, 64)
				report := bytes.Clone(rest[1:][:n])
				rest = rest[1+n:]
				if n == 0 {
					d.Silence(&out)
					continue
				}
				if report[0] == scanReport || report[0] == longReport {
					scans++
				}
				d.Decode(report, &out)
				if clobber {
					clear(report) // the buffer is the port's, which reuses it
				}
				if len(d.code) > d.limit || d.last > len(d.code) {
					t.Fatalf("keeps %d bytes, limit %d", len(d.code), d.limit)
				}
			}
			if answered := len(out.Replies) + len(out.Sightings); answered != scans {
				t.Fatalf("%d scan reports, %d answers", scans, answered)
			}
			for _, s := range out.Sightings {
				if len(s.Code) > int(longest) || s.Code == "" || len(s.OnSaved) != 4 {
					t.Fatalf("a code of %d bytes, longest %d, answered % x", len(s.Code), longest, s.OnSaved)
				}
			}
			return told(&out)
		}
		if kept, cleared := run(false), run(true); !slices.Equal(kept, cleared) {
			t.Errorf("buffer kept %q\nbuffer reused %q", kept, cleared)
		}
	})
}

// However a code is cut into reports, whichever of them come again, and
// whatever comes between, the same code comes out, and again after what can
// not be read.
func FuzzParts(f *testing.F) {
	f.Add([]byte("a code of some length, and with \x00 and \x1d in it, that needs several reports"), uint64(1), false)
	f.Add([]byte("a"), uint64(0), true)
	f.Add(bytes.Repeat([]byte("ab"), 600), uint64(99), true)
	f.Fuzz(func(t *testing.T, code []byte, cuts uint64, long bool) {
		if len(code) == 0 || len(code) > 7089 {
			return
		}
		most := 50
		var pieces [][]byte
		for rest := code; len(rest) > 0; {
			cuts = cuts*6364136223846793005 + 1442695040888963407
			n := min(most-int(cuts>>33)%10, len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		d := decoder(t, nil)
		var out wire.Output
		for round := range 2 {
			out.Reset()
			for i, piece := range pieces {
				cuts = cuts*6364136223846793005 + 1442695040888963407
				d.Decode(part(long, len(pieces), i, 0x1C, string(piece)), &out)
				if cuts&(1<<20) != 0 {
					d.Decode([]byte{0x24, byte(cuts >> 40)}, &out)
				}
				if cuts&(1<<21) != 0 && len(pieces) > 1 {
					d.Decode(part(long, len(pieces), i, 0x1C, string(piece)), &out)
				}
			}
			for i, s := range out.Sightings {
				if s.Code != string(code) || s.Again != (i > 0) {
					t.Fatalf("round %d: %q came out as %q", round, code, told(&out))
				}
			}
			if len(out.Sightings) == 0 || len(out.Faults) > 0 {
				t.Fatalf("round %d: %q came out as %q", round, code, told(&out))
			}
			d.Decode(part(long, 3, 1, 0x1C, "lost"), &out)
			d.Decode([]byte{scanReport, 9, 0, 200}, &out)
			d.Silence(&out)
		}
	})
}

// A report to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := append(reports(b, n01)[0], make([]byte, 45)...)
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

// A code takes at most two allocations, its acknowledgement included.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := reports(t, n01)[0]
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
