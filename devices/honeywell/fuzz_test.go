package honeywell

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same comes out, what is held
// back for a reply stays small, and the next frame after a pause is read. A byte FD in the input is silence.
func FuzzDecode(f *testing.F) {
	good := dechdr("IC1", "00376104250021234569\r")
	f.Add([]byte("]C100376104250021234569\r\n4006\r\r\n"+good+"\xfd"), uint64(0), uint16(100))
	f.Add([]byte(good[:20]+good+"CBRENA1\x06,SSX0\x06;232BAD99\x15.12\xfd"+good[3:]+"\xfd"), uint64(1), uint16(100))
	f.Add([]byte("1\r"+revision+"REVINF\x06.Name: 1\r\xfdREVINF\x05!"+revision+"]C1\r"), uint64(2), uint16(50))
	f.Add([]byte(dechdr("sQ1", "a\rb\r")+strings.Replace(good, "0021", "0020", 1)+good), uint64(3), uint16(9))
	f.Add([]byte("\x16\xfe\x0a\x00\x00\x00\rMSGPUTabcd1\rREVREVINF\x06x\x06.\xfdCBR\xfd"), uint64(20), uint16(9))
	f.Add([]byte("\x16\x16\xfe\x16\xfe\x23\x00\x00\x00\r\x16\xfe\x23\x00\x00\x00\rMSGGET\xfd"), uint64(37), uint16(7))
	f.Fuzz(func(t *testing.T, in []byte, how uint64, longest uint16) {
		o := Options{
			Header: []string{"auto", "auto", "plain"}[how%3], Replies: [][]string{{revinf, "CBR", "CBRENA"}, {"232BAD"}, nil}[how/3%3],
			End: [][]string{{"\r\n", "\r"}, nil, {"\n\r"}}[how/9%3], AIMID: how&64 != 0, Max: int(longest), NoRead: []string{"NR"}, Ignore: []string{"?"},
		}
		if how&128 != 0 {
			o.Ack, o.CodeID = "\x06", "honeywell"
		}
		if _, err := New(o); err != nil {
			return
		}
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, o)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFD}) {
				if i > 0 {
					d.Silence(&out)
				}
				for len(piece) > 0 {
					n := next(piece)
					chunk := bytes.Clone(piece[:n])
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					piece = piece[n:]
				}
				if len(d.block.lines) > mostLines || d.block.bytes > mostBytes {
					t.Fatalf("holds %d lines of %d bytes", len(d.block.lines), d.block.bytes)
				}
			}
			for _, s := range out.Sightings {
				if o.Replies != nil && s.Note == "unterminated" && endsReply(s.Code) {
					t.Errorf("a reply became a scan: %q", s.Code)
				}
			}
			all := told(&out)
			if o.Header == "auto" && o.Max >= 20 { // whatever was before, the first frame after a pause is read
				d.Silence(&out)
				out.Reset()
				d.Decode([]byte(good), &out)
				if len(out.Sightings) != 1 || out.Sightings[0].Code != "00376104250021234569" || len(out.Faults) > 0 {
					t.Errorf("after it, a frame gave %q", told(&out))
				}
			}
			return all
		}
		whole := run(func(rest []byte) int { return len(rest) })
		single := run(func([]byte) int { return 1 })
		random := how
		mixed := run(func(rest []byte) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(len(rest), 9)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

// A device that never ends what it began does not fill the memory.
func TestMemory(t *testing.T) {
	for name, in := range map[string]string{
		"frames that never end":  "\x16\xfe\x0f\x27\x00\x00\rMSGGET9985IC1\x1d",
		"replies without a mark": "CBRENA1\x06,", "text without an end": "A", "lines of a block": "Name: value\r", "half a tag": "REVIN",
	} {
		t.Run(name, func(t *testing.T) {
			d := decoder(t, options(nil))
			var out wire.Output
			piece := []byte(strings.Repeat(in, 1+1000/len(in)))
			heap := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			for range 2000 {
				d.Decode(piece, &out)
				out.Reset()
			}
			if after := heap(); after > before+1<<19 {
				t.Errorf("keeps %d bytes of %d", after-before, 2000*len(piece))
			}
			runtime.KeepAlive(d)
		})
	}
}

var wires = map[string][]byte{
	"plain":  []byte("]C100376104250021234569\r\n"),
	"header": []byte(dechdr("IC1", "00376104250021234569\r")),
}

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"plain", "header"} {
		b.Run(name, func(b *testing.B) {
			d := decoder(b, options(nil))
			in := wires[name]
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
		})
	}
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	for name, in := range wires {
		d := decoder(t, options(func(o *Options) { o.Ack = "\x06" }))
		var out wire.Output
		if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
