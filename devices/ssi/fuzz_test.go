package ssi

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// However the bytes are chopped up on the wire, the same comes out, and what is
// kept stays bounded. Each byte of pauses is how many bytes come before the
// next silence. Bit 0 of mode makes the checksums right, wherever something
// looks like a packet: few would be by chance.
func FuzzDecode(f *testing.F) {
	vector := func(text string) []byte { return bytesOf(f, text) }
	f.Add(join(good, repeat, other), []byte{}, uint64(1), byte(0), "\r\n", "\r", uint16(100))
	f.Add(join(vector("FF F3 00 02 1B 41*250 BE 77 37 F3 00 00 1B 41*50 F2 09"), good), []byte{9, 30}, uint64(7), byte(2), "\r", "", uint16(400))
	f.Add(vector("FF 73 02 00 00 F3 00 00 01 F7 1C 01 01 F4 5A*241 A6 D5 FF 73 00 00 01 5A*250 A6 A9 0E 73 00 00 02 5A*9 FC 53"), []byte{}, uint64(3), byte(8), "\r\n", "", uint16(500))
	f.Add(join(broken(good), repeat, []byte("4006381333931\r\nABC"), good[:9], good[9:]), []byte{20, 30, 10}, uint64(99), byte(4), "\r\n", "\r", uint16(20))
	f.Add(join([]byte("\x00\x00ABC\rdef##"), good[:7], repeat, good, []byte("X\n")), []byte{5, 20}, uint64(5), byte(0), "##", "#!", uint16(3))
	f.Add(join(packet(opRevision, 0, 0, "R1 B C"), packet(opParams, 0, 0, "\xFF\xEE\x01\xF4\xF0\x3E\x04\xFF"), yes, packet(opNak, 0, 0, "\x06"), []byte("é\r")), []byte{3}, uint64(11), byte(1), "", "", uint16(40))
	f.Add(vector("3E 80 00 80 00 3A 02 00 02 15 53 01 00 13 00 00 52 53 35 31 42 30 2D 54 42 53 4E 57 52 20 20 20 20 20 00 02 16 53 01 00 11 00 00 53 32 30 31 34 30 35 32 33 30 32 30 31 34 34 20 00 FF FF F4 34"),
		[]byte{}, uint64(2), byte(1), "\r", "\n", uint16(9))
	f.Fuzz(func(t *testing.T, in, pauses []byte, cuts uint64, mode byte, end1, end2 string, longest uint16) {
		o := options(func(o *Options) {
			o.End, o.Max, o.AIMID, o.Ack = nil, int(longest), mode&2 == 0, mode&4 == 0
			o.Header = []string{"auto", "auto", "classic", "long"}[mode>>3&3]
			o.CodeID = []string{"none", "symbol"}[mode>>5&1]
		})
		for _, end := range []string{end1, end2} {
			if end != "" {
				o.End = append(o.End, end)
			}
		}
		if _, err := New(o); err != nil {
			return
		}
		in = bytes.Clone(in)
		if mode&1 != 0 {
			rightSums(in)
		}
		run := func(next func(rest int) int) []string {
			d := decoder(t, o)
			var out wire.Output
			rest := in
			for i := 0; len(rest) > 0; i++ {
				piece := rest
				if i < len(pauses) {
					piece = rest[:min(len(rest), int(pauses[i]))]
				}
				rest = rest[len(piece):]
				for len(piece) > 0 {
					n := next(len(piece))
					chunk := bytes.Clone(piece[:n])
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					piece = piece[n:]
					if len(d.buf) > d.limit+largest || len(d.code.content) > d.limit+1 || len(d.last) > largest || len(d.lastReply) > largest {
						t.Fatalf("keeps %d, %d, %d and %d bytes, limit %d", len(d.buf), len(d.code.content), len(d.last), len(d.lastReply), d.limit)
					}
				}
				d.Silence(&out)
			}
			return told(&out)
		}
		whole := run(func(rest int) int { return rest })
		single := run(func(int) int { return 1 })
		random := cuts
		mixed := run(func(rest int) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(rest, 9)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
		if i := slices.IndexFunc(whole, func(s string) bool { return strings.HasPrefix(s, "fault without") }); i >= 0 {
			t.Error(whole[i])
		}
	})
}

// rightSums makes what looks like a packet into one.
func rightSums(b []byte) {
	for i := 0; i+4 <= len(b); i++ {
		n := int(b[i])
		if n < 4 || b[i+1] < 0x80 && b[i+1] != 0x73 || b[i+2] != 0 && b[i+2] != 2 || i+n+2 > len(b) {
			continue
		}
		copy(b[i:], packet(b[i+1], b[i+2], b[i+3], string(b[i+4:i+n])))
		i += n + 1
	}
}

// A scan that arrives whole after a pause is reported, whatever came before
// the pause: noise, broken packets, halves of packets, other scans.
func FuzzAfterNoise(f *testing.F) {
	f.Add([]byte{0x52, 0xF3, 0, 0, 1}, []byte("4006381333931"), true)
	f.Add(broken(good), []byte("ABC"), false)
	f.Add(good[:9], []byte("ABC"), true)
	f.Add([]byte("4006381333931\r\nABC"), []byte("A\x00B\r\nC"), true)
	f.Add([]byte{0xFF, 0x73, 0x02, 0x00}, []byte{0xF3, 0x00, 0x00, 0x00}, false)
	f.Fuzz(func(t *testing.T, noise, code []byte, packeted bool) {
		if len(code) == 0 || len(code) > 200 || slices.Contains([]string{"NR", "?"}, string(code)) || code[0] == ']' || bytes.HasSuffix(code, []byte("\r")) || bytes.HasSuffix(code, []byte("\n")) {
			return
		}
		for i := range len(noise) { // no code under way that the scan could go on with
			if n := len(noise) - i; n > 3 && noise[i+3]&statusMore != 0 && carriesCode(noise[i+1]) || n > 1 && noise[i+1] == opSegment {
				return
			}
		}
		scan := packet(opDecode, 0, 0, "\x03"+string(code))
		for i, all := 0, join(noise, scan); i < len(noise); i++ { // one in 65536 packets fits its checksum by chance
			if n := int(all[i]) + sumBytes; n > sumBytes && i+n > len(noise) && i+n <= len(all) && proven(all[i:][:n]) {
				return
			}
		}
		d := decoder(t, options(func(o *Options) { o.Header = "classic" }))
		var out wire.Output
		if packeted {
			d.Decode(good, &out)
		}
		d.Decode(noise, &out)
		d.Silence(&out)
		out.Reset()
		d.Decode(scan, &out)
		if i := slices.IndexFunc(out.Sightings, func(s wire.Sighting) bool { return s.Code == string(code) && s.OnSaved != nil }); i < 0 {
			t.Errorf("after % X: got %q", noise, told(&out))
		}
	})
}

// Bytes on the wire to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, options(nil))
	in := bytesOf(b, "1E F3 00 00 0F 5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D 0A F9 FC")
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
}

// A code takes at most two allocations, so a burst leaves little to collect.
func TestAllocations(t *testing.T) {
	d := decoder(t, options(nil))
	in := bytesOf(t, "1E F3 00 00 0F 5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D 0A F9 FC")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
