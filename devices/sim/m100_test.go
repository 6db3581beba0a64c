package sim

import (
	"slices"
	"testing"
	"time"
)

const (
	m100Start = "BB 00 27 00 03 22 27 10 83 7E"
	m100Stop  = "BB 00 28 00 00 28 7E"
)

// The module answers as the maker's text has it; B1 to B17 are the frames of the
// fact sheet.
func TestM100Commands(t *testing.T) {
	tag := func(epc string, rssi int, pc uint16) Tags {
		return func(time.Time) []Tag { return []Tag{{EPC: bytesOfHex(t, epc), RSSI: rssi, PC: pc, Antenna: 1}} }
	}
	for _, c := range []struct {
		name, in string
		o        M100Options
		want     []string
	}{
		{name: "B4, B5 stop", in: m100Stop, want: []string{"BB 01 28 00 01 00 2A 7E"}},
		{name: "B14, B15 region", in: "BB 00 07 00 01 03 0B 7E", want: []string{"BB 01 07 00 01 00 09 7E"}},
		{name: "B16, B17 power", in: "BB 00 B6 00 02 07 D0 8F 7E", want: []string{"BB 01 B6 00 01 00 B8 7E"}},
		{name: "B2, B11 a single poll hears nothing", in: "BB 00 22 00 00 22 7E", want: []string{"BB 01 FF 00 01 15 16 7E"}},
		{name: "B6", in: "BB 00 22 00 00 22 7E", o: M100Options{Tags: tag("30751FEB705C5904E3D50D70", -55, 0x3400)}, want: []string{"BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"}},
		{name: "B8 with the other marks", in: "AA 00 22 00 00 22 DD", o: M100Options{AA: true, Tags: tag("E28068900000500E88C6A4A7", -57, 0)}, want: []string{"AA 02 22 00 11 C7 30 00 E2 80 68 90 00 00 50 0E 88 C6 A4 A7 11 9B 29 DD"}},
		{name: "B10 with both ends inside", in: "BB 00 22 00 00 22 7E", o: M100Options{Tags: tag("E2806890000000500E887EDD", -57, 0)}, want: []string{"BB 02 22 00 11 C7 30 00 E2 80 68 90 00 00 00 50 0E 88 7E DD 62 A9 D2 7E"}},
		{name: "B12 more power than it has", in: "BB 00 B6 00 02 0B B8 7B 7E", want: []string{"BB 01 FF 00 01 17 18 7E"}},
		{name: "B1 hardware", in: "BB 00 03 00 01 00 04 7E", want: []string{"BB 01 03 00 10 00 4D 31 30 30 20 32 36 64 42 6D 20 56 31 2E 30 92 7E"}},
		{name: "X6 a wrong sum, and a stop", in: "BB 00 AB 00 01 01 AC 7E" + m100Stop, want: []string{"BB 01 28 00 01 00 2A 7E"}},
		{name: "what is in flight comes before the answer", in: m100Start + m100Stop, want: []string{"BB 01 FF 00 01 15 16 7E", "BB 01 28 00 01 00 2A 7E"}},
		{name: "as it polls it hears nothing but the stop", in: m100Start + "BB 00 03 00 01 00 04 7E", want: nil},
	} {
		in := bytesOfHex(t, c.in)
		for _, size := range []int{1, len(in)} {
			m := newM100(c.o)
			m.powerOn(at(0))
			var got []string
			for piece := range slices.Chunk(in, size) {
				got = append(got, mercuryHex(m.hear(piece, at(1)))...)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, in pieces of %d: %q", c.name, size, got)
			}
		}
	}
}

// Its rounds end by themselves, without a word.
func TestM100RoundsEnd(t *testing.T) {
	m := newM100(M100Options{Rounds: 1000})
	m.powerOn(at(0))
	m.hear(bytesOfHex(t, "BB 00 27 00 03 22 00 03 4F 7E"), at(0))
	if got := m.tick(at(0.01)); len(got) != 3 || m.state().Polling {
		t.Errorf("%q %+v", mercuryHex(got), m.state())
	}
	if got := m.tick(at(1)); got != nil || !m.due().IsZero() {
		t.Errorf("%q", mercuryHex(got))
	}
}
