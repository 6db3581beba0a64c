package chafon

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped, the same comes out, and no more is kept than
// one frame. A byte FD in the input is silence.
func FuzzDecode(f *testing.F) {
	for _, text := range sheet {
		f.Add(bytesOf(f, text), uint64(1))
	}
	f.Add(bytesOf(f, sheet["C5"]+sheet["C7"]+"FF0001"+sheet["C3"]+"FD"+sheet["C7"][:20]+"FD"+sheet["X9"]+sheet["C11"]+"15"), uint64(6))
	f.Add(bytesOf(f, sheet["C3"]+framed(f, "00 77 00 01")+sheet["C16"]+"FDFDFDFDFD"+sheet["C17"]+sheet["C13"]), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64) {
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, func(o *Options) {
				o.Antennas, o.Patience = []int{1, 2}, 3
				switch cuts & 3 {
				case 0:
					o.Form, o.Antennas = "18", []int{1}
				case 1:
					o.Mode = "realtime"
				case 2:
					o.Mode = "fast"
				}
			})
			all := open(d)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFD}) {
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
					if kept := d.stream.Kept(); kept > 256 {
						t.Fatalf("keeps %d bytes", kept)
					}
				}
			}
			all = append(all, silence(d)...)
			// Whatever came before, a tag after a pause is read.
			out.Reset()
			d.Decode(bytesOf(t, sheet["C16"]), &out)
			if len(out.Reads) != 1 || fmt.Sprintf("%X", out.Reads[0].EPC) != "3154F4E4E4CE0A6A14000000" {
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
	in := bytes.Repeat(bytesOf(b, sheet["C7"]+sheet["C16"]), 16)
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
	in := bytes.Repeat(bytesOf(t, sheet["C7"]+sheet["C16"]), 16)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
