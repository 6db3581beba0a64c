package m100

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// repair makes the sums right, wherever something looks like a frame: few
// would be by chance.
func repair(b []byte) {
	for i := 0; i+overhead <= len(b); i++ {
		if n := overhead + int(b[i+atLength])<<8 + int(b[i+atLength+1]); b[i] == 0xBB && b[i+atType] <= typeNotice && n <= overhead+mostData && i+n <= len(b) {
			b[i+n-2], b[i+n-1] = sum(b[i+atType:i+n-2]), 0x7E
			i += n - 1
		}
	}
}

// However the bytes are chopped up on the wire, the same comes out, and the same
// is said; no more is kept than one frame; and after a silence a tag is read
// whatever came before. Each byte of pauses is how many bytes come before the
// next silence.
func FuzzDecode(f *testing.F) {
	f.Add(bytesIn(f, b6+b10+b11+b9+b13+b12), []byte{}, uint64(1), false, true)
	f.Add(bytesIn(f, b5+info(0, "H")+info(1, "F")+info(2, "M")+b15+ok("AD")+ok("12")+ok("0E")+b11+b9), []byte{200, 3, 9}, uint64(7), true, true)
	f.Add(bytesIn(f, b9+"BB BB 02 22"+b9[:47]+b11+b9+"BB 02 22 00 FF"+b9), []byte{20, 50, 1, 1, 1, 1, 1, 1, 1}, uint64(3), false, true)
	f.Add(bytesIn(f, b8+b9+b8), []byte{}, uint64(9), true, false)
	f.Fuzz(func(t *testing.T, in, pauses []byte, cuts uint64, right, open bool) {
		in = bytes.Clone(in)
		if right {
			repair(in)
		}
		run := func(next func(left int) int) (all []string) {
			d := decoder(t, options(func(o *Options) { o.Frame = []string{"bb", "auto"}[cuts%2] }))
			if open {
				d.Open(&wire.Output{})
			}
			var whole wire.Output
			keep := func(out *wire.Output) {
				for _, r := range out.Reads {
					r.EPC = bytes.Clone(r.EPC)
					whole.Reads = append(whole.Reads, r)
				}
				whole.Replies, whole.Faults, whole.Answers = append(whole.Replies, out.Replies...), append(whole.Faults, out.Faults...), append(whole.Answers, out.Answers...)
			}
			rest := in
			for i := 0; len(rest) > 0; i++ {
				part := rest
				if i < len(pauses) {
					part = rest[:min(len(rest), int(pauses[i]))]
				}
				rest = rest[len(part):]
				for len(part) > 0 {
					piece := bytes.Clone(part[:next(len(part))])
					part = part[len(piece):]
					var out wire.Output
					d.Decode(piece, &out)
					keep(&out)
					clear(piece)
					if kept := d.stream.Kept(); kept > overhead+mostData {
						t.Fatalf("keeps %d bytes", kept)
					}
				}
				if i < len(pauses) {
					var out wire.Output
					d.Silence(&out)
					keep(&out)
				}
			}
			all = told(&whole)
			var last wire.Output
			d.Silence(&last)
			d.stage, d.sure, d.marks, d.rounds = reading, true, marks["bb"], 0
			last.Reset()
			d.Decode(all9, &last)
			if len(last.Reads) != 1 {
				t.Fatalf("a clean tag after all that gives %q", told(&last))
			}
			return all
		}
		whole := run(func(left int) int { return left })
		single := run(func(int) int { return 1 })
		random := cuts
		mixed := run(func(left int) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(left, 40)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

var all9 = func() []byte {
	b := bytesIn(&testing.T{}, b9)
	return b
}()

// Frames on the wire to reads: a port's buffer full of tags at a time.
func BenchmarkDecode(b *testing.B) {
	const frames = 80
	in := bytes.Repeat(all9, frames)
	d := decoder(b, options(nil))
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode(in, &out)
		if len(out.Reads) != frames {
			b.Fatal(told(&out))
		}
	}
	b.ReportMetric(float64(b.N)*frames/b.Elapsed().Seconds(), "reads/s")
}

// A read takes no memory.
func TestAllocations(t *testing.T) {
	d := decoder(t, options(nil))
	var out wire.Output
	d.Decode(all9, &out)
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(all9, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
