package llrp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same comes out, and no more
// is kept than one message. A byte FE behind another is a second of silence.
func FuzzDecode(f *testing.F) {
	join := func(names ...string) (all []byte) {
		for _, name := range names {
			all = append(all, in(f, name)...)
		}
		return all
	}
	f.Add(join("R1", "R6", "R8", "R10", "R18", "R16", "R19", "R22"), uint64(1))
	f.Add(append(join("R2", "R24", "R25"), 0xFE, 0xFE, 0x04, 0x3D, 0xFE, 0xFE, 0x00), uint64(7))
	f.Add(slices.Concat(join("R2"), in(f, reply(11, 1, general(), region(2, powers()))), in(f, reply(31, 2)), in(f, reply(13, 3)), in(f, fails(30, 4, 100, "no", tlv(289, short(177), short(100), tlv(288, short(2), short(300))))), bytes.Repeat([]byte{0xFE}, 70), join("R3")), uint64(99))
	f.Add(join("R23", "R20", "R21", "R3", "R18"), uint64(3))
	f.Fuzz(func(t *testing.T, input []byte, cuts uint64) {
		run := func(next func(rest []byte) int) (all []string) {
			d := decoder(t, func(o *Options) { o.Antennas = []int{1, 2} })
			var out wire.Output
			d.Open(&out)
			for i, part := range bytes.Split(input, []byte{0xFE, 0xFE}) {
				if i > 0 {
					d.Silence(&out)
				}
				for len(part) > 0 {
					n := next(part)
					chunk := bytes.Clone(part[:n])
					before := len(out.Reads)
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					for i := before; i < len(out.Reads); i++ {
						out.Reads[i].EPC = bytes.Clone(out.Reads[i].EPC)
						if len(out.Reads[i].EPC) == 0 || out.Reads[i].Count < 1 {
							t.Fatalf("read %+v", out.Reads[i])
						}
					}
					if len(d.held) > longest+len(input) {
						t.Fatalf("keeps %d bytes", len(d.held))
					}
					part = part[n:]
				}
			}
			over := d.dead
			d.Open(&out) // whatever it was, the next conversation begins well
			at := len(out.Replies)
			d.Decode(in(t, "R1"), &out)
			if len(out.Replies) != at+1 || !strings.HasSuffix(fmt.Sprintf("%X", out.Replies[at]), "0100") {
				t.Fatalf("opened anew, it says %X", out.Replies[at:])
			}
			return append(told(&out), fmt.Sprint(over))
		}
		whole := run(func(rest []byte) int { return len(rest) })
		single := run(func([]byte) int { return 1 })
		random := cuts
		mixed := run(func(rest []byte) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(len(rest), 19)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

// Messages in which bytes were changed never panic, and lose no more than the
// conversation.
func TestDamaged(t *testing.T) {
	whole := slices.Concat(in(t, "R2 R22 R19 R24"), in(t, reply(11, 1, general(), region(2, powers()))))
	for at := range whole {
		for _, change := range []byte{0x01, 0x80, 0xFF} {
			b := bytes.Clone(whole)
			b[at] ^= change
			var out wire.Output
			d := decoder(t, nil)
			d.Open(&out)
			d.Decode(b, &out)
			if out.Hangup && len(out.Faults) == 0 {
				t.Fatalf("byte %d: given up without a word", at)
			}
		}
	}
}

// benched is a report as a busy reader sends it: ten tags with everything.
func benched(t testing.TB) []byte {
	tag := in(t, "8D 3154F4E4E4CE0A6A14000000 8900000001 8E0001 8A0001 810002 86CC 870003 8200060A24181E4000 8400060A24181F7880 880009 9000000000 8C3000 8B6990")
	return message(1, roAccessReport, 7, bytes.Repeat(tlv(240, tag), 10))
}

func bench(b *testing.B, input []byte, tags int) {
	d := decoder(b, nil)
	var out wire.Output
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode(input, &out)
	}
	if len(out.Reads) != tags || len(out.Faults) != 0 {
		b.Fatal(told(&out))
	}
	b.ReportMetric(float64(b.N*tags)/b.Elapsed().Seconds(), "reads/s")
}

// Bytes on the wire to reads: ten tags in a report, and one.
func BenchmarkDecode(b *testing.B)    { bench(b, benched(b), 10) }
func BenchmarkDecodeOne(b *testing.B) { bench(b, in(b, "R22"), 1) }

// A read takes no allocation, so a storm leaves nothing to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	input := benched(t)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(input, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
