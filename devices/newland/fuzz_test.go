package newland

import (
	"strings"
	"testing"

	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/wire"
)

// However the bytes are chopped, and whatever they are, the same codes and
// answers come out, no scan begins as an answer does, and what is kept has its
// limit. FE is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("4006381333931\r\x02\x010000@C11ENA1\x06,MIN12\x06,MAX22\x06;\x03]E0123\r\n\xfe"), uint64(1), "\r\n", uint16(100))
	f.Add([]byte("!\x06\x02\x00\x00\x01\x00\x33\x31123\r!\xfe!4\x15\xfe"), uint64(2), "\r", uint16(9))
	f.Add([]byte("12\x02\x010000#GRBENA0\x05;\x0334\xfe\x02\x0100\xfe\x02\x010000#G\x00"), uint64(3), "", uint16(20))
	f.Add([]byte("\x02123\x03\x02\x00\x05\xff\x02\x01\x03\xfe"), uint64(6), "\x03", uint16(4))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, end string, longestCode uint16) {
		o := options(func(o *Options) {
			o.AIMID, o.Engine, o.Max, o.End = seed&1 == 0, seed&2 == 0, int(longestCode), nil
			if end != "" {
				o.End = []string{end}
			}
			if seed&4 == 0 {
				o.Prefix = "\x02"
			}
		})
		if _, err := New(o); err != nil {
			return
		}
		for _, said := range mixedtest.Chopped(t, func() wire.Decoder { return decoder(t, o) }, in, seed) {
			if strings.Contains(said, " noread ") {
				continue // a line with the wrong parity, and what it most likely was
			}
			if o.Prefix == "" && (strings.HasPrefix(said, `"\x02\x01`) || o.Engine && (strings.HasPrefix(said, `"\x06`) || strings.HasPrefix(said, `"\x02\x00`))) {
				t.Errorf("an answer became a scan: %s", said)
			}
		}
		d := decoder(t, o)
		var out wire.Output
		for range 20 {
			d.Decode(in, &out)
		}
		if n := d.stream.Kept(); n > longest {
			t.Errorf("keeps %d bytes", n)
		}
	})
}

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, options(engine))
	in := []byte("]C100376104250021234569\r\n")
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		d.Decode(in, &out)
	}
	if len(out.Sightings) != 1 {
		b.Fatal(mixedtest.Lines(&out))
	}
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, options(engine))
	in := []byte("]C100376104250021234569\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
