package lf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := New(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func told(out *wire.Output) (all []string) {
	for _, r := range out.Reads {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%X %s", r.EPC, r.Note)))
	}
	for _, f := range out.Faults {
		all = append(all, f.Error())
	}
	return all
}

func compare(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// run decodes, and then the line is silent.
func run(t testing.TB, d *Decoder, in []byte, size int) (all []string) {
	var out wire.Output
	for piece := range slices.Chunk(in, size) {
		piece = bytes.Clone(piece)
		out.Reset()
		d.Decode(piece, &out)
		clear(piece)
		all = append(all, told(&out)...)
		if kept := d.stream.Kept(); kept > digits+3 {
			t.Fatalf("keeps %d bytes", kept)
		}
	}
	out.Reset()
	d.Silence(&out)
	return append(all, told(&out)...)
}

// Frames of the fact sheet by their ids.
var sheet = map[string]string{
	"L1": "02 36 32 45 33 30 38 36 43 45 44 30 38 03",
	"L2": "02 33 43 30 30 43 45 37 35 34 43 43 42 03",
	"L3": "02 30 30 30 34 31 34 43 44 37 45 41 33 03",
	"L4": "02 33 43 30 30 43 45 37 35 34 43 43 42 0D 0A 03",
}

// The frames of the fact sheet mean what it says, in one piece and byte by
// byte; what is damaged is named and gives no card.
func TestFrames(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want []string
	}{
		"L1":                     {sheet["L1"], []string{"62E3086CED lf"}},
		"L2":                     {sheet["L2"], []string{"3C00CE754C lf"}},
		"L3 its first byte is 0": {sheet["L3"], []string{"000414CD7E lf"}},
		"L4 of an ID-12":         {sheet["L4"], []string{"3C00CE754C lf"}},
		"noise before, CR LF behind (stream test 7)": {"03 00 FF" + sheet["L1"] + "0D 0A", []string{"62E3086CED lf", "3 bytes: noise"}},
		"a card stays in the field":                  {sheet["L1"] + sheet["L1"] + sheet["L4"], []string{"62E3086CED lf", "62E3086CED lf", "3C00CE754C lf"}},
		"small letters":                              {"02 36 32 65 33 30 38 36 63 65 64 30 38 03", []string{"62E3086CED lf"}},
		"the check leaves out the first byte":        {"02 36 32 45 33 30 38 36 43 45 44 36 41 03", []string{`card "62E3086CED6A": checksum`}},
		"a digit is lost":                            {"02 36 32 45 33 30 38 36 43 45 44 30 03" + sheet["L2"], []string{"3C00CE754C lf", "13 bytes: noise"}},
		"a digit too many":                           {"02 36 32 45 33 30 38 36 43 45 44 30 38 30 03" + sheet["L2"], []string{"3C00CE754C lf", "15 bytes: noise"}},
		"a card begins within another":               {"02 36 32 45 33" + sheet["L2"], []string{"3C00CE754C lf", "5 bytes: noise"}},
		"it breaks off":                              {"02 36 32 45 33", []string{"frame of which 5 bytes came: cut short"}},
	} {
		in := bytesOf(t, c.hex)
		compare(t, name, run(t, decoder(t), in, len(in)), c.want...)
		got, want := run(t, decoder(t), in, 1), slices.Clone(c.want)
		slices.Sort(got)
		slices.Sort(want)
		compare(t, name+", byte by byte", got, want...)
	}
	if got := run(t, decoder(t), bytes.Repeat([]byte{0xE0}, 5000), 100); len(got) < 2 || !strings.HasPrefix(got[1], "nothing but noise (is this a card reader") {
		t.Errorf("a wrong speed: %q", got)
	}
	if _, err := New(Options{Antenna: -1}); err == nil {
		t.Error("antenna -1 is taken")
	}
}

// However the bytes are chopped, the same comes out, and a card after a pause
// is read.
func FuzzDecode(f *testing.F) {
	for _, text := range sheet {
		f.Add(bytesOf(f, text), uint64(1))
	}
	f.Add(bytesOf(f, "0300FF"+sheet["L1"]+"0D0A02"+sheet["L4"]+"0A0D"+sheet["L3"][:20]), uint64(9))
	f.Fuzz(func(t *testing.T, in []byte, size uint64) {
		sorted := func(n int) []string {
			d := decoder(t)
			all := run(t, d, in, n)
			compare(t, "a card after all that", run(t, d, bytesOf(t, sheet["L1"]), 20), "62E3086CED lf")
			slices.Sort(all)
			return all
		}
		whole := sorted(len(in) + 1)
		for _, n := range []int{1, 2 + int(size%20)} {
			if got := sorted(n); !slices.Equal(got, whole) {
				t.Errorf("in one piece %q, in pieces of %d %q", whole, n, got)
			}
		}
	})
}

// Frames on the wire to cards.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b)
	in := bytes.Repeat(bytesOf(b, sheet["L1"]+sheet["L4"]), 16)
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

// Cards take no allocation at all.
func TestAllocations(t *testing.T) {
	d := decoder(t)
	in := bytes.Repeat(bytesOf(t, sheet["L1"]+sheet["L4"]), 16)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
