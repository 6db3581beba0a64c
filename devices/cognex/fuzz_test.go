package cognex

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same comes out; no more is
// kept than the longest line; and after a pause a code is read whatever came
// before. A byte FE in the input is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("4006381333931\r\n||[1]NDAwNjM4MTMzMzkzMQ==\r\n||0:1[0]DM260\r\nNOREAD\r\n"), uint64(1), "\r\n", uint16(100))
	f.Add([]byte("||1:3[102]\r\r\n||1:7[0]DM18\n\r\n||1:7[0]DM2||0:1[0]DM260\r\n\xfe||[1]NDA\xfe"), uint64(7), "\r", uint16(3))
	f.Add([]byte("||[1]eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\nMDEy\r\n1\r\n\xfe"), uint64(99), "\r\n", uint16(80))
	f.Add([]byte("a###b##||[0]##\r\n#\xfe#||"), uint64(3), "##", uint16(2))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64, end string, longest uint16) {
		o := options(func(o *Options) { o.End, o.Max, o.AIMID = end, int(longest), cuts&1 == 0 })
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
					if len(d.line) > d.limit || len(d.reading) > d.limit {
						t.Fatalf("keeps %d and %d bytes, limit %d", len(d.line), len(d.reading), d.limit)
					}
				}
			}
			d.Silence(&out)
			all := told(&out)
			if longest >= 6 {
				out.Reset()
				d.Decode([]byte("||[1]MTIzNDU2\r\n"), &out)
				if len(out.Sightings) != 1 || out.Sightings[0].Code != "123456" || len(out.Faults) > 0 {
					// An end of the alphabet of readings may cut one in two.
					if end == "\r\n" || end == "\r" {
						t.Fatalf("a clean code after all that gives %q", told(&out))
					}
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

func bench(b *testing.B, in string) {
	d := decoder(b, options(nil))
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode([]byte(in), &out)
	}
	if len(out.Sightings) != 1 {
		b.Fatal(told(&out))
	}
}

// Bytes on the wire to a sighting, as plain text and in Base64.
func BenchmarkDecodePlain(b *testing.B) { bench(b, "]C100376104250021234569\r\n") }
func BenchmarkDecodeBase64(b *testing.B) {
	bench(b, "||[1]XUMxMDAzNzYxMDQyNTAwMjEyMzQ1Njk=\r\n")
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, options(nil))
	for _, in := range []string{"]C100376104250021234569\r\n", "||[1]XUMxMDAzNzYxMDQyNTAwMjEyMzQ1Njk=\r\n"} {
		b := []byte(in)
		var out wire.Output
		if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(b, &out) }); n > 2 {
			t.Errorf("%v allocations for %q", n, in)
		}
	}
}
