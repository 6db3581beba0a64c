package sim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func mercuryAt(o MercuryOptions) *mercurySim {
	m := newMercury(o)
	m.powerOn(at(0))
	return m
}

func bytesOfHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	mercStart  = "FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B"
	mercPauses = "FF 15 2F 00 00 01 22 00 00 05 0C 22 88 10 05 1B 03 E8 00 C8 00 57 01 00 C9 DA"
	mercStop   = "FF 03 2F 00 00 02 5E 86"
	mercEU3    = "FF 01 97 08 4B B5"
	mercAnts   = "FF 05 91 02 01 01 02 02 2D C0"
	mercAll    = "FF 03 9A 01 0C 00 A3 5D"
)

func mercuryHex(all [][]byte) (lines []string) {
	for _, b := range all {
		lines = append(lines, fmt.Sprintf("% X", b))
	}
	return lines
}

// The module answers as those of the fact sheet have done.
func TestMercuryCommands(t *testing.T) {
	for _, c := range []struct {
		name, in string
		o        MercuryOptions
		want     []string
	}{
		{name: "M28, M29 the application runs", in: "FF 00 0C 1D 03", want: []string{"FF 01 0C 00 00 12 63 43"}},
		{name: "M2, M31 it runs already", in: "FF 00 04 1D 0B", want: []string{"FF 00 04 01 01 C5 45"}},
		{name: "M3, M34 protocol", in: "FF 02 93 00 05 51 7D", want: []string{"FF 00 93 00 00 37 1A"}},
		{name: "M4, M6 region", in: mercEU3, want: []string{"FF 00 97 00 00 77 9E"}},
		{name: "M7 a region that it was not made for", in: mercEU3, o: MercuryOptions{Regions: []byte{1}}, want: []string{"FF 00 97 01 0B 76 95"}},
		{name: "M24, M25 it is stopped", in: mercEU3 + mercAnts + mercStart + mercStop, want: []string{"FF 00 97 00 00 77 9E", "FF 00 91", "FF 00 2F", "FF 01 2F 00 00 02 30 E6"}},
		{name: "there is nothing to stop", in: mercStop, want: []string{"FF 00 2F 01 00"}},
		{name: "no region, no reading", in: mercAnts + mercStart, want: []string{"FF 00 91 00 00", "FF 00 2F 04 05"}},
		{name: "more power than it has", in: "FF 02 92 0B B8 4A E1", want: []string{"FF 00 92 01 03"}},
		{name: "M10, M12 power", in: "FF 02 92 0A 8C 4B D5 FF 00 62 1D 6D", want: []string{"FF 00 92 00 00", "FF 02 62 00 00 0A 8C"}},
		{name: "noise, a wrong crc, and a command", in: "00 FF FF FF 01 97 08 4B B6 FF 00 0C 1D 03", want: []string{"FF 01 0C 00 00 12 63 43"}},
		{name: "while it reads it hears nothing but the stop", in: mercEU3 + mercAnts + mercStart + "FF 00 03 1D 0C" + mercStop, want: []string{"FF 00 97", "FF 00 91", "FF 00 2F 00 00", "FF 01 2F 00 00 02 30 E6"}},
	} {
		in := bytesOfHex(t, c.in)
		for _, size := range []int{1, len(in)} {
			m := mercuryAt(c.o)
			var got []string
			for piece := range slices.Chunk(in, size) {
				got = append(got, mercuryHex(m.hear(piece, at(0.001)))...)
			}
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("%s, in pieces of %d: %q", c.name, size, got)
			}
		}
	}
}

// What it tells of a tag is M18 and M19, byte for byte but for the time and the
// frequency.
func TestMercuryRecords(t *testing.T) {
	tag := Tag{EPC: bytesOfHex(t, "3154F4E4E4CE0A6A14000000"), Antenna: 2, RSSI: -52}
	m := mercuryAt(MercuryOptions{Tags: func(time.Time) []Tag { return []Tag{tag} }})
	m.hear(bytesOfHex(t, mercEU3+mercAnts+mercAll+mercStart), at(0))
	got := m.tick(at(0.005))
	if len(got) != 1 || len(got[0]) != 47 {
		t.Fatalf("%q", mercuryHex(got))
	}
	b := got[0]
	copy(b[14:], bytesOfHex(t, "0D F7 32 00 00 01 9C"))
	b[26] = 0
	copy(b[len(b)-2:], mercuryCRC(b[1:len(b)-2]))
	if want := "FF 28 22 00 00 10 00 1B 01 FF 01 01 CC 22 0D F7 32 00 00 01 9C 00 5A 05 00 00 00 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90 6C B9"; fmt.Sprintf("% X", b) != want {
		t.Errorf("got  % X\nwant %s", b, want)
	}
	tag.Antenna = 1
	m.hear(bytesOfHex(t, mercStop+mercPauses), at(0.005))
	if got := m.tick(at(0.02)); len(got) == 0 || len(got[0]) != 40 || got[0][5] != 0x88 || got[0][7] != 0 {
		t.Errorf("with pauses %q", mercuryHex(got))
	}
}

// It forgets what it was told with its power, and starts from its boot loader if
// it has to.
func TestMercuryPower(t *testing.T) {
	m := mercuryAt(MercuryOptions{BootLoader: true})
	if got := mercuryHex(m.hear(bytesOfHex(t, "FF 00 0C 1D 03"+mercStop+"FF 00 04 1D 0B"), at(0))); !slices.EqualFunc(got, []string{"FF 01 0C 00 00 11", "FF 00 2F 01 01"}, strings.HasPrefix) {
		t.Errorf("%q", got)
	}
	if got := mercuryHex(m.tick(at(0.2))); !slices.EqualFunc(got, []string{"FF 14 04 00 00 12 09 12 16 30"}, strings.HasPrefix) {
		t.Errorf("started: %q", got)
	}
	m.hear(bytesOfHex(t, mercEU3+mercAnts+mercAll+mercStart), at(0.3))
	if s := m.state(); !s.Streaming || s.Region != 8 || s.Filter || !slices.Equal(s.Antennas, []int{1, 2}) {
		t.Errorf("%+v", s)
	}
	if got := mercuryHex(m.tick(at(1.3))); !slices.Equal(got, []string{"FF 00 22 04 00 84 E0"}) { // M20
		t.Errorf("sign of life: %q", got)
	}
	m.powerOn(at(2))
	if s := m.state(); s.Streaming || s.Region != 0 || s.Application || !s.Filter {
		t.Errorf("%+v", s)
	}
}
