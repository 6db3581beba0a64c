package lines

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/symbology"
	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same codes come out, and
// no more is kept than the longest line. A byte FE in the input is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("]C100376104250021234569\r\n4006381333931\r\r\n\xfe"), uint64(1), "\r\n", "\r", "", uint16(100))
	f.Add([]byte("\x02123\x03x\xfe\x02\x03\x0234"), uint64(7), "\x03", "", "\x02", uint16(3))
	f.Add([]byte("line1\rline2\xfe\r\n\xfea"), uint64(99), "", "", "", uint16(9))
	f.Add([]byte("a###b!#\xfe#"), uint64(3), "##", "!#", "", uint16(2))
	f.Add([]byte("4\xb0\xb0\xb6\xb381\xb3\xb3\xb3\xb9\xb31\r\x8a\xfe\xb40063\xb8\xb133393\xb1\x8d\xfe\x8a\xfe"), uint64(5), "\r", "", "", uint16(20))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64, end1, end2, prefix string, longest uint16) {
		o := Options{Prefix: prefix, AIMID: cuts&1 == 0, Max: int(longest), NoRead: []string{"NR"}, Ignore: []string{"?"}}
		o.CodeID = symbology.Sets()[cuts>>1%uint64(len(symbology.Sets()))]
		if cuts&16 == 0 {
			o.Ack = "\x06"
		}
		for _, end := range []string{end1, end2} {
			if end != "" {
				o.End = append(o.End, end)
			}
		}
		if _, err := New(o); err != nil {
			return
		}
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, o)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFE}) {
				if i > 0 {
					d.Silence(&out)
				}
				for len(piece) > 0 {
					n := next(piece)
					chunk := bytes.Clone(piece[:n])
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					piece = piece[n:]
					if len(d.line) > d.limit {
						t.Fatalf("keeps %d bytes, limit %d", len(d.line), d.limit)
					}
				}
			}
			d.Silence(&out)
			all := told(&out)
			if longest >= 9 && plain(end1+end2) && (prefix == "" || prefix == "\x02") {
				// Whatever came before, a code after a pause is read.
				out.Reset()
				d.Decode([]byte(prefix+"~123456~"+end1), &out)
				d.Silence(&out)
				if len(out.Sightings) != 1 || !strings.HasSuffix(out.Sightings[0].Code, "123456~") || len(out.Faults) > 0 {
					t.Fatalf("a clean code after all that gives %q", told(&out))
				}
			}
			return all
		}
		whole := run(func(rest []byte) int { return len(rest) })
		single := run(func([]byte) int { return 1 })
		random := cuts
		mixed := run(func(rest []byte) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(len(rest), 9)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

// plain reports whether a text is of control characters that no code begins with.
func plain(end string) bool { return strings.Trim(end, "\r\n\t\x00\x03") == "" }

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, options(nil))
	in := []byte("]C100376104250021234569\r\n")
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

// The same with the look at bytes above 7F that a diagnosis needs.
func BenchmarkDecodeHigh(b *testing.B) {
	d := decoder(b, options(nil))
	in := []byte("]Q1" + strings.Repeat("\xc3\xa9", 12) + "\r\n")
	var out wire.Output
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
	d := decoder(t, options(nil))
	in := []byte("]C100376104250021234569\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
