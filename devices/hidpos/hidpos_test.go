package hidpos

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// reports reads the notation of the fact sheet: hex bytes, 00*8 for eight of
// one, | between reports.
func reports(t testing.TB, text string) (all [][]byte) {
	for one := range strings.SplitSeq(text, "|") {
		var b []byte
		for word := range strings.FieldsSeq(one) {
			digits, times, _ := strings.Cut(word, "*")
			piece, err := hex.DecodeString(digits)
			n := 1
			if times != "" && err == nil {
				n, err = strconv.Atoi(times)
			}
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, slices.Repeat(piece, n)...)
		}
		all = append(all, b)
	}
	return all
}

// made builds a report of a layout from its parts.
func made(layout, aim string, id byte, data string, more bool) []byte {
	l := layouts[layout]
	b := make([]byte, size)
	b[0], b[1], b[l.id] = number, byte(len(data)), id
	if l.aim > 0 {
		copy(b[l.aim:], aim)
	}
	copy(b[l.data:], data)
	if more {
		b[63] = 1
	}
	return b
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	o := Defaults()
	o.Layout = "honeywell"
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func layoutOf(name string) func(*Options) { return func(o *Options) { o.Layout = name } }

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q ", s.AIM, s.Code) + s.Symbology)
		if s.NoRead {
			line += " noread"
		}
		all = append(all, line)
	}
	for _, a := range out.Answers {
		line := "answer"
		for _, f := range a.Facts {
			line += fmt.Sprintf(" %s=%q", f.Name, f.Value)
		}
		if a.Refused != "" {
			line += " refused: " + a.Refused
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrUnasked, wire.ErrGap} {
			if errors.Is(f, reason) {
				all = append(all, reason.Error())
			}
		}
	}
	return all
}

const (
	lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing elit,"
	p03a  = "02 38 00 5D 51 31 4C 6F 72 65 6D 20 69 70 73 75 6D 20 64 6F 6C 6F 72 20 73 69 74 20 61 6D 65 74 2C 20 63 6F 6E 73 65 63 74 65 74 75 72 20 61 64 69 70 69 73 63 69 6E 67 20 65 6C 69 74 2C 73 01"
	p03b  = "02 35 00 5D 51 31 75 6C 70 61 20 71 75 69 20 6F 66 66 69 63 69 61 20 64 65 73 65 72 75 6E 74 20 6D 6F 6C 6C 69 74 20 61 6E 69 6D 20 69 64 20 65 73 74 20 6C 61 62 6F 72 75 6D 2E 00 00 00 73 00"
	p04   = "02 38 5D 51 31 4C 6F 72 65 6D 20 69 70 73 75 6D 20 64 6F 6C 6F 72 20 73 69 74 20 61 6D 65 74 2C 20 63 6F 6E 73 65 63 74 65 74 75 72 20 61 64 69 70 69 73 63 69 6E 67 20 65 6C 69 74 2C 73 31 01"
	p05   = "02 08 5D 5A 36 52 45 56 49 4E 46 06 2E 00*48 36 00 00"
	p06   = "02 09 5D 58 30 75 6D 3A 20 4E 2F 41 0D 0A 00*47 3F 00 00"
	p07   = "02 14 5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 00*36 49 00 00"
	p08a  = "02 38 5D 64 32 30 31 30 39 35 30 31 31 30 31 35 33 30 30 30 33 31 37 32 37 31 32 33 31 31 30 4C 4F 54 2D 32 30 32 36 2D 30 30 34 32 1D 32 31 53 45 52 30*9 31 1D 77 00 01"
	p08b  = "02 10 5D 64 32 32 34 30 49 54 45 4D 2D 37 37 2D 42 4C 41 43 4B 00*40 77 00 00"
	p11   = "02 10 5D 45 30 36 39 30 31 32 33 34 35 36 37 38 39 32 00*46"
	gs1DM = "0109501101530003172712311" + "0LOT-2026-0042\x1d21SER0000000001\x1d240ITEM-77-BLACK"
	upcA  = "306030209223"
	sscc  = "00376104250021234569"
	ean   = "6901234567892"
	p01   = "02 0C 00 5D 58 67 33 30 36 30 33 30 32 30 39 32 32 33 00*44 63 00"
	p02   = "02 0C 5D 45 30 33 30 36 30 33 30 32 30 39 32 32 33 00*44 63 41 00"
	p09   = "02 38 5D 51 31 58*56 73 00 00"
	p10   = "02 0D 36 39 30 31 32 33 34 35 36 37 38 39 32 00*49"
)

// The vectors of the fact sheet mean what it says, once and again and after
// every other one of the same layout.
func TestVectors(t *testing.T) {
	type vector struct {
		name, layout, hex string
		want              []string
	}
	vectors := []vector{
		{"P01 UPC-A with Zebra's own identifier", "zebra", p01, []string{`]Xg "306030209223" upc-a`}},
		{"P02 UPC-A keeps its 12 digits", "honeywell", p02, []string{`]E0 "306030209223" upc-a`}},
		{"P03 first and last of eight", "zebra", p03a + "|" + p03b, []string{`]Q1 "` + lorem + `ulpa qui officia deserunt mollit anim id est laborum." qr`}},
		{"P04 first of several, then the last", "honeywell", p04 + "| 02 01 5D 51 31 21 00*55 73 31 00", []string{`]Q1 "` + lorem + `!" qr`}},
		{"P05 and P06 are a reply and no scan", "honeywell", p06 + "|" + p05, []string{`answer REVINF um="N/A"`}},
		{"P05 alone", "honeywell", p05, []string{"answer"}},
		{"P07 SSCC", "honeywell", p07, []string{`]C1 "` + sscc + `" gs1-128`}},
		{"P08 GS1 Data Matrix of two reports, with GS", "honeywell", p08a + "|" + p08b, []string{fmt.Sprintf("]d2 %q gs1-datamatrix", gs1DM)}},
		{"P09 56 bytes and no more", "honeywell", p09, []string{`]Q1 "` + strings.Repeat("X", 56) + `" qr`}},
		{"P10 Newland has no identifier", "newland", p10, []string{`"` + ean + `"`}},
		{"P11 Newland with the prefix on", "newland", p11, []string{`]E0 "` + ean + `" ean-13`}},
	}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			for _, before := range append(vectors, vector{layout: v.layout}) {
				if before.layout != v.layout {
					continue
				}
				d := decoder(t, func(o *Options) { o.Layout, o.AIMID = v.layout, v.layout == "newland" })
				var out wire.Output
				var in [][]byte
				if before.hex != "" {
					in = reports(t, before.hex)
				}
				for _, r := range slices.Concat(in, reports(t, v.hex), reports(t, v.hex)) {
					if len(r) != size {
						t.Fatalf("the report has %d bytes", len(r))
					}
					d.Decode(r, &out)
				}
				if got, want := told(&out), merged(before.want, v.want, v.want); !slices.Equal(got, want) {
					t.Fatalf("after %q: got %q want %q", before.name, got, want)
				}
			}
		})
	}
}

// merged puts sightings before answers, as told does.
func merged(lists ...[]string) []string {
	all := slices.Concat(lists...)
	isAnswer := func(s string) int {
		if strings.HasPrefix(s, "answer") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b string) int { return isAnswer(a) - isAnswer(b) })
	return all
}

// The first report tells the layout, and it stays.
func TestGuess(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      []string
	}{
		{"an identifier at 2", p02 + "|" + p07, []string{`]E0 "` + upcA + `" upc-a`, `]C1 "` + sscc + `" gs1-128`}},
		{"a zero and an identifier at 3", p01, []string{`]Xg "` + upcA + `" upc-a`}},
		{"none", p10, []string{`"` + ean + `"`}},
		{"an identifier that is part of the data", p11, []string{`]E0 "` + ean + `" ean-13`}},
		{"an identifier that is part of 56 bytes", "02 38 5D 51 31 58*53 00*6", []string{`]Q1 "` + strings.Repeat("X", 53) + `" qr`}},
		{"a Honeywell code that ends in zeros has its code id", "02 05 5D 43 30 41 42 00 00 00 00*51 6A 00 00", []string{`]C0 "AB\x00\x00\x00" code-128`}},
		{"a full Honeywell report", p09, []string{`]Q1 "` + strings.Repeat("X", 56) + `" qr`}},
		{"a reply", p05 + "|" + p02, []string{`]E0 "` + upcA + `" upc-a`, "answer"}},
		{"another layout later", p02 + "|" + p01 + "|" + p10, []string{`]E0 "` + upcA + `" upc-a`, "noise", "noise"}},
		{"what can not be read tells nothing", "02 39 5D 43 31 00*59 | 02 00*63 | 02 0C |" + p01, []string{`]Xg "` + upcA + `" upc-a`, "noise", "cut short"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			d := decoder(t, layoutOf("auto"))
			for _, r := range reports(t, c.hex) {
				d.Decode(r, &out)
			}
			if got := told(&out); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}
