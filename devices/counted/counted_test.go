package counted

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// report builds a report of 64 bytes.
func report(number int, data string) []byte {
	b := make([]byte, 64)
	at := 0
	if number != 0 {
		b[0], at = byte(number), 1
	}
	b[at] = byte(len(data))
	copy(b[at+1:], data)
	return b
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	o := Defaults()
	o.AIMID, o.Suffix = true, []string{"\r\n", "\r"}
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q ", s.AIM, s.Code) + s.Symbology)
		if s.NoRead {
			line += " noread"
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrUnasked} {
			if errors.Is(f, reason) {
				all = append(all, reason.Error())
			}
		}
	}
	return all
}

// A report that is not full ends a code, silence ends any, and what can not be
// read is a named fault.
func TestReports(t *testing.T) {
	var silence []byte
	microscan := func(o *Options) { o.Number = 1 }
	full, full62 := strings.Repeat("x", 63), strings.Repeat("y", 62)
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"Simple COM", nil, [][]byte{report(0, "]E04006381333931\r\n"), report(0, "4006381333931")}, []string{`]E0 "4006381333931" ean-13`, `"4006381333931"`}},
		{"Microscan", microscan, [][]byte{report(1, "4006381333931")}, []string{`"4006381333931"`}},
		{"not filled up: it is full, so silence ends it", nil, [][]byte{{3, 'a', 'b', 'c'}, silence, {1, 'd'}, silence}, []string{`"abc"`, `"d"`}},
		{"two reports", nil, [][]byte{report(0, full), report(0, "end\r")}, []string{`"` + full + `end"`}},
		{"two reports of Microscan", microscan, [][]byte{report(1, full62), report(1, "end")}, []string{`"` + full62 + `end"`}},
		{"a full report and silence", nil, [][]byte{report(0, full), silence, report(0, "next")}, []string{`"` + full + `"`, `"next"`}},
		{"a full report and an empty one", nil, [][]byte{report(0, full), report(0, ""), report(0, "next")}, []string{`"` + full + `"`, `"next"`}},
		{"the suffix in a report of its own", nil, [][]byte{report(0, full), report(0, "\r\n")}, []string{`"` + full + `"`}},
		{"one suffix is cut, and the longer first", nil, [][]byte{report(0, "a\r\r\n"), report(0, "b\r")}, []string{`"a\r"`, `"b"`}},
		{"CR and NUL in a code", nil, [][]byte{report(0, "a\r\x00b\x00")}, []string{`"a\r\x00b\x00"`}},
		{"empty reports and silence are nothing", nil, [][]byte{report(0, ""), silence, {}, {0}, report(0, "\r\n")}, nil},
		{"another report number", microscan, [][]byte{report(2, "x"), report(1, "y")}, []string{`"y"`, "unexpected frame"}},
		{"more than there is", nil, [][]byte{{64, 1, 2}, {1}, report(0, "next")}, []string{`"next"`, "cut short", "cut short"}},
		{"nothing behind the number", microscan, [][]byte{{1}}, []string{"cut short"}},
		{"what can not be read drops the code around it", nil, [][]byte{report(0, full), {64, 1}, report(0, full), report(0, "end"), report(0, "next")}, []string{`"next"`, "cut short"}},
		{"too long is said once", func(o *Options) { o.Max = 70 }, [][]byte{report(0, full), report(0, full), report(0, full), report(0, "end"), report(0, "next")}, []string{`"next"`, "too long"}},
		{"no-read and ignored", func(o *Options) { o.NoRead, o.Ignore = []string{"NOREAD"}, []string{"?"} }, [][]byte{report(0, "NOREAD\r"), report(0, "?")}, []string{`"NOREAD" noread`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decoder(t, c.change)
			var out wire.Output
			for _, r := range c.in {
				if r == nil {
					d.Silence(&out)
				} else {
					d.Decode(r, &out)
				}
			}
			if got := told(&out); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Number: 256, Suffix: []string{""}, CodeID: "acme"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"number"`, `"suffix"`, `"code_id"`, `"max"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

// However a code is cut into reports, the same code comes out; and whatever
// arrives, nothing breaks, no more is kept than the longest code, and nothing
// of the port's buffer.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("4006381333931"), uint16(100), uint64(1))
	f.Add(bytes.Repeat([]byte("x\r\x00"), 70), uint16(7089), uint64(5))
	f.Add([]byte("\x02\x40\xFE\x01\x00"), uint16(3), uint64(2))
	f.Fuzz(func(t *testing.T, in []byte, longest uint16, cuts uint64) {
		o := Options{Max: int(longest), Number: int(cuts & 1)}
		d, err := New(o)
		if err != nil {
			return
		}
		var out wire.Output
		for rest := in; len(rest) > 0; { // as reports of any kind
			cuts = cuts*6364136223846793005 + 1442695040888963407
			n := min(int(cuts>>33)%66, len(rest))
			chunk := bytes.Clone(rest[:n])
			d.Decode(chunk, &out)
			clear(chunk)
			rest = rest[max(n, 1):]
			if len(d.code) > d.limit {
				t.Fatalf("keeps %d bytes, limit %d", len(d.code), d.limit)
			}
		}
		d.Silence(&out)
		out.Reset()
		size := 63 - o.Number
		for piece := range slices.Chunk(in, size) { // as a code
			chunk := report(o.Number, string(piece))
			d.Decode(chunk, &out)
			clear(chunk)
		}
		d.Silence(&out)
		want := []string{fmt.Sprintf("%q", in)}
		switch {
		case len(in) == 0:
			want = nil
		case len(in) > int(longest):
			want = []string{"too long"}
		}
		if got := told(&out); !slices.Equal(got, want) {
			t.Errorf("got %q want %q", got, want)
		}
	})
}

// A report to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := report(0, "]C100376104250021234569\r\n")
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
	d := decoder(t, nil)
	in := report(0, "]C100376104250021234569\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
