package sick

import (
	"bytes"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same comes out; no more is
// kept than one frame; and after a pause a code is read whatever came before.
// A byte FE in the input is silence.
func FuzzDecode(f *testing.F) {
	ident := binaryFrame("sRA DeviceIdent \x00\x08CLV690-0\x00\x05V1.20")
	f.Add([]byte("\x02]C100376104250021234569\x03\x02NoRead\x03\x02sRA SCdevicestate 1\x03\x02sFA 3\x03"), uint64(1), uint16(100))
	f.Add([]byte(ident+"\x021\x03"+ident[:9]+"\xfe"+ident[3:]+ident), uint64(7), uint16(3))
	f.Add([]byte("\x02\x02\x02\x02\x00\x00\x00\x20sRA X\x02\x02\x02\x02\x00\x00\x00\x02\x021\x03\xfe\x02\x02\xfe"), uint64(99), uint16(9))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64, longest uint16) {
		o := options(func(o *Options) { o.Max, o.AIMID = int(longest), cuts&1 == 0 })
		if _, err := New(o); err != nil {
			return
		}
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, o)
			var out wire.Output
			for i, part := range bytes.Split(in, []byte{0xFE}) {
				if i > 0 {
					d.Silence(&out)
				}
				for len(part) > 0 {
					n := next(part)
					chunk := bytes.Clone(part[:n])
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					part = part[n:]
					if len(d.held) > head+d.limit+1 || len(d.strayHead) > shown {
						t.Fatalf("keeps %d bytes, limit %d", len(d.held), d.limit)
					}
				}
			}
			d.Silence(&out)
			all := told(&out)
			if longest >= 6 {
				out.Reset()
				d.Decode([]byte("\x02123456\x03"), &out)
				if len(out.Sightings) != 1 || out.Sightings[0].Code != "123456" || len(out.Faults) > 0 {
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

func bench(b *testing.B, in string) {
	d := decoder(b, options(nil))
	var out wire.Output
	bytes := []byte(in)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode(bytes, &out)
	}
	if len(out.Sightings)+len(out.Answers) != 1 {
		b.Fatal(told(&out))
	}
}

// Bytes on the wire to a sighting, and to an answer.
func BenchmarkDecode(b *testing.B) { bench(b, "\x02]C100376104250021234569\x03") }
func BenchmarkAnswer(b *testing.B) {
	bench(b, binaryFrame("sRA DeviceIdent \x00\x08CLV690-0\x00\x05V1.20"))
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, options(nil))
	in := []byte("\x02]C100376104250021234569\x03")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
