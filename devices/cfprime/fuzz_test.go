package cfprime

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped, the same comes out, no more is kept than one
// frame, and a tag after a pause is read. A byte FC in the input is silence.
func FuzzDecode(f *testing.F) {
	for _, text := range sheet {
		f.Add(bytesOf(f, text), uint64(1))
	}
	f.Add(bytesOf(f, sheet["P2"]+"CF 00 00 01 FF"+sheet["-32 dBm"]+"FC"+sheet["-52 dBm"][:50]+sheet["-52 dBm"]), uint64(4))
	f.Add(bytesOf(f, sheet["P2"]+introduction(f)+sheet["settings"]+"FCFCFC"+sheet["no tag"]+sheet["eight bytes"]+"FCFCFCFC"), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64) {
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, func(o *Options) {
				if o.Patience = 3; cuts&1 == 0 {
					o.Power = 26
				}
			})
			all := open(d)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFC}) {
				if i > 0 {
					all = append(all, silence(d)...)
				}
				for len(piece) > 0 {
					n := next(piece)
					chunk := bytes.Clone(piece[:n])
					out.Reset()
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					all = append(all, told(&out)...)
					piece = piece[n:]
					if kept := d.stream.Kept(); kept > before+255+after {
						t.Fatalf("keeps %d bytes", kept)
					}
				}
			}
			all = append(all, silence(d)...)
			out.Reset()
			d.Decode(bytesOf(t, sheet["-52 dBm"]), &out)
			if len(out.Reads) != 1 || fmt.Sprintf("%X", out.Reads[0].EPC) != second[:24] {
				t.Fatalf("a tag after all that gives %q", told(&out))
			}
			slices.Sort(all) // of one call, tags come before faults
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

// Frames on the wire to tags.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := bytes.Repeat(bytesOf(b, sheet["-52 dBm"]), 16)
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		out.Reset()
		d.Decode(in, &out)
		n += len(out.Reads)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "reads/s")
}

// Tags take no allocation at all.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := bytes.Repeat(bytesOf(t, sheet["-52 dBm"]), 16)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
