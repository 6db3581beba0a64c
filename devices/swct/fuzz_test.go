package swct

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped, the same comes out, no more is kept than one
// frame, and a tag after a pause is read. A byte FD in the input is silence.
func FuzzDecode(f *testing.F) {
	for _, text := range sheet {
		f.Add(bytesOf(f, text), uint64(1))
	}
	f.Add(bytesOf(f, sheet["S2"]+"43 54 00 FF"+sheet["S3"]+"FD"+sheet["S3"][:50]+sheet["S3"]), uint64(4))
	setUp := ""
	for _, text := range inOrder {
		if text[0] == '0' {
			text = framed(f, text)
		}
		setUp += text
	}
	f.Add(bytesOf(f, setUp+sheet["started"]+"FDFDFD"+sheet["S3"]+"FDFDFDFD"), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64) {
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, func(o *Options) {
				if o.Patience = 3; cuts&1 == 0 {
					o.Mode = "answer"
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
					if kept := d.stream.Kept(); kept > longest+head {
						t.Fatalf("keeps %d bytes", kept)
					}
				}
			}
			all = append(all, silence(d)...)
			out.Reset()
			d.Decode(bytesOf(t, sheet["S3"]), &out)
			if len(out.Reads) != 2 || fmt.Sprintf("%X", out.Reads[0].EPC) != two[0][:24] {
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
	in := bytes.Repeat(bytesOf(b, sheet["S3"]), 16)
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
	in := bytes.Repeat(bytesOf(t, sheet["S3"]), 16)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
