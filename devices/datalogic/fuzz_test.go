package datalogic

import (
	"strings"
	"testing"

	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/wire"
)

// However the bytes are chopped, and whatever they are, the same codes and
// answers come out, nothing that begins as an answer becomes a scan where codes
// have identifiers, and no scan has more than the longest code. FE is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("]E04006381333931\r\n\x01\x02MGD4430\x03\x02SG1\x03\x04]C10037610425\r\xfe"), uint64(1), "\r\n", uint16(100))
	f.Add([]byte("FF<\r\x06\x15$>\r$#,>\r\xfe\x01\x02M\xfe\x01\x02\x03\x01\x02h"), uint64(2), "\r", uint16(9))
	f.Add([]byte("\x01\x02MGD\r]E04006381333931\r\x01\x02M\x03x]E0123\r"), uint64(4), "", uint16(20))
	f.Add([]byte("\x07\x18\x01\xfe1\x06\r\n\xfe"), uint64(9), "\x03", uint16(2))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, end string, longestCode uint16) {
		o := options(func(o *Options) {
			o.AIMID, o.Max, o.End = seed&1 == 0, int(longestCode), nil
			o.CodeID = []string{"none", "datalogic-usa", "datalogic-eu"}[seed/2%3]
			if seed&8 != 0 {
				o.Ack = "\x06"
			}
			if seed&16 != 0 {
				o.Single, o.AIMID, o.CodeID = true, false, "none"
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
			if o.CodeID == "none" && (strings.HasPrefix(said, `"\x01\x02`) || strings.HasPrefix(said, `"\x06`)) {
				t.Errorf("an answer became a scan: %s", said)
			}
		}
		d := decoder(t, o)
		for range 50 {
			var out wire.Output
			d.Decode(in, &out)
			for _, s := range out.Sightings {
				if len(s.Code) > o.Max && !s.NoRead {
					t.Errorf("a code of %d bytes, longest is %d", len(s.Code), o.Max)
				}
			}
		}
		if n := d.stream.Kept(); n > longest {
			t.Errorf("keeps %d bytes", n)
		}
	})
}

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, options(nil))
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
	d := decoder(t, options(nil))
	in := []byte("]C100376104250021234569\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
