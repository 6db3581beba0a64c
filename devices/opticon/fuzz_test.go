package opticon

import (
	"strings"
	"testing"

	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/wire"
)

// However the bytes are chopped, and whatever they are, the same codes and
// answers come out, and no scan begins as an answer does. FE is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("]E04006381333931\r\n\x06\x15NLV1\r]C1123\r\xfe"), uint64(1), "\r\n", uint16(100))
	f.Add([]byte("NLV\xfe\x06\xfe123\x06\r\x15\r"), uint64(2), "\r", uint16(9))
	f.Add([]byte("\x02]E0123\x03\x06\x02NLV1\x03\xfe"), uint64(12), "\x03", uint16(20))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, end string, longestCode uint16) {
		o := options(func(o *Options) {
			o.AIMID, o.Max, o.End = seed&1 == 0, int(longestCode), nil
			if o.AIMID {
				o.Replies = map[string]string{"Z1": "NLV"}
			}
			if seed&2 == 0 {
				o.Ack = "\x06"
			}
			if seed&4 == 0 {
				o.Prefix = "\x02"
			}
			if end != "" {
				o.End = []string{end}
			}
		})
		if _, err := New(o); err != nil {
			return
		}
		for _, said := range mixedtest.Chopped(t, func() wire.Decoder { return decoder(t, o) }, in, seed) {
			if strings.Contains(said, " noread ") {
				continue // a line with the wrong parity, and what it most likely was
			}
			if o.Prefix == "" && strings.HasPrefix(said, `"\x06`) || o.AIMID && strings.HasPrefix(said, `"NLV`) {
				t.Errorf("an answer became a scan: %s", said)
			}
		}
		d := decoder(t, o)
		var out wire.Output
		for range 20 {
			d.Decode(in, &out)
		}
		if n := d.stream.Kept(); n > 0 {
			t.Errorf("keeps %d bytes, and one is always enough", n)
		}
	})
}

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, options(func(o *Options) { o.Ack = "\x06" }))
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
	d := decoder(t, options(func(o *Options) { o.Ack = "\x06" }))
	in := []byte("]C100376104250021234569\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
