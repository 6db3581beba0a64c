package sim_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scanpost/devices/profile"
	"scanpost/devices/sim"
)

// hexReport reads the notation of the fact sheet: hex bytes, 00*8 for eight.
func hexReport(t testing.TB, text string) (b []byte) {
	for word := range strings.FieldsSeq(text) {
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
	return b
}

// filled makes a report 64 bytes long.
func filled(b []byte) []byte { return append(slices.Clone(b), make([]byte, 64-len(b))...) }

const (
	loremFirst = "Lorem ipsum dolor sit amet, consectetur adipiscing elit,"
	loremLast  = "ulpa qui officia deserunt mollit anim id est laborum."
	packLabel  = "01095011015300031727123110LOT-2026-0042\x1d21SER0000000001\x1d240ITEM-77-BLACK"
	packLink   = "HTTPS://EXAMPLE.ORG/01/09501101530003/10/LOT-2026-0042/21/SER0000000001?17=271231"
)

// What the simulated scanners send are the vectors of the fact sheet, byte for
// byte.
func TestHIDVectors(t *testing.T) {
	zebra, newland, prefixed := &sim.HIDPOS{Layout: "zebra"}, &sim.HIDPOS{Layout: "newland"}, &sim.HIDPOS{Layout: "newland", AIMPrefix: true}
	honeywell := func(reserved byte) *sim.HIDPOS {
		return &sim.HIDPOS{Layout: "honeywell", Reserved: reserved, Revision: "um: N/A\r\n"}
	}
	asked, _ := honeywell(0).Host(hexReport(t, "FD 0A 16 4D 0D 52 45 56 49 4E 46 2E 00*52"))
	on := func(table bool) *sim.IBMOEM {
		o := &sim.IBMOEM{TableTop: table}
		o.PowerOn()
		o.Host(make11(0x11))
		return o
	}
	beep, _ := on(false).Host(make11(0x30, 0, 4))
	for _, c := range []struct {
		name string
		got  [][]byte
		want []string
	}{
		{"P01", zebra.Code("]Xg", 'c', []byte("306030209223")), []string{"02 0C 00 5D 58 67 33 30 36 30 33 30 32 30 39 32 32 33 00*44 63 00"}},
		{"P02", honeywell(0x41).Code("]E0", 'c', []byte("306030209223")), []string{"02 0C 5D 45 30 33 30 36 30 33 30 32 30 39 32 32 33 00*44 63 41 00"}},
		{"P03a and P03b", zebra.Code("]Q1", 's', []byte(loremFirst+loremLast)), []string{
			"02 38 00 5D 51 31 4C 6F 72 65 6D 20 69 70 73 75 6D 20 64 6F 6C 6F 72 20 73 69 74 20 61 6D 65 74 2C 20 63 6F 6E 73 65 63 74 65 74 75 72 20 61 64 69 70 69 73 63 69 6E 67 20 65 6C 69 74 2C 73 01",
			"02 35 00 5D 51 31 75 6C 70 61 20 71 75 69 20 6F 66 66 69 63 69 61 20 64 65 73 65 72 75 6E 74 20 6D 6F 6C 6C 69 74 20 61 6E 69 6D 20 69 64 20 65 73 74 20 6C 61 62 6F 72 75 6D 2E 00 00 00 73 00"}},
		{"P04", honeywell(0x31).Code("]Q1", 's', []byte(loremFirst+"x"))[:1], []string{
			"02 38 5D 51 31 4C 6F 72 65 6D 20 69 70 73 75 6D 20 64 6F 6C 6F 72 20 73 69 74 20 61 6D 65 74 2C 20 63 6F 6E 73 65 63 74 65 74 75 72 20 61 64 69 70 69 73 63 69 6E 67 20 65 6C 69 74 2C 73 31 01"}},
		{"P06 and P05", asked, []string{"02 09 5D 58 30 75 6D 3A 20 4E 2F 41 0D 0A 00*47 3F 00 00", "02 08 5D 5A 36 52 45 56 49 4E 46 06 2E 00*48 36 00 00"}},
		{"P07", honeywell(0).Code("]C1", 'I', []byte("00376104250021234569")), []string{"02 14 5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 00*36 49 00 00"}},
		{"P08a and P08b", honeywell(0).Code("]d2", 'w', []byte(packLabel)), []string{
			"02 38 5D 64 32 30 31 30 39 35 30 31 31 30 31 35 33 30 30 30 33 31 37 32 37 31 32 33 31 31 30 4C 4F 54 2D 32 30 32 36 2D 30 30 34 32 1D 32 31 53 45 52 30*9 31 1D 77 00 01",
			"02 10 5D 64 32 32 34 30 49 54 45 4D 2D 37 37 2D 42 4C 41 43 4B 00*40 77 00 00"}},
		{"P09", honeywell(0).Code("]Q1", 's', bytes.Repeat([]byte("X"), 56)), []string{"02 38 5D 51 31 58*56 73 00 00"}},
		{"P10", newland.Code("]E0", 0, []byte("6901234567892")), []string{"02 0D 36 39 30 31 32 33 34 35 36 37 38 39 32 00*49"}},
		{"P11", prefixed.Code("]E0", 0, []byte("6901234567892")), []string{"02 10 5D 45 30 36 39 30 31 32 33 34 35 36 37 38 39 32 00*46"}},
		{"I01", on(false).Code("ean-13", []byte("9001475067933")), []string{"12 10 03 00 39 30 30 31 34 37 35 30 36 37 39 33 33 16 00*46"}},
		{"I02", on(false).Code("code-39", []byte("00004937")), []string{"0F 10 03 00 30 30 30 30 34 39 33 37 00 0A 0B 00*49"}},
		{"I03", on(true).Code("ean-13", []byte("9001475067933")), []string{"12 10 03 00 09 00 00 01 04 07 05 00 06 07 09 03 03 16 00*46"}},
		{"I04", (&sim.IBMOEM{}).PowerOn(), []string{"04 00 01 00 00*60"}},
		{"I05", beep, []string{"04 00 00 08 00*60"}},
		{"I07", on(false).Code("gs1-128", []byte("00376104250021234569")), []string{"1B 10 03 00 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 00 25 0B 00*37"}},
		{"I10a and I10b", on(false).Code("qr", []byte(packLink)), []string{
			"40 10 03 00 48 54 54 50 53 3A 2F 2F 45 58 41 4D 50 4C 45 2E 4F 52 47 2F 30 31 2F 30 39 35 30 31 31 30 31 35 33 30 30 30 33 2F 31 30 2F 4C 4F 54 2D 32 30 32 36 2D 30 30 34 32 2F 32 31 10 33 0B",
			"1F 10 03 00 2F 53 45 52 30*9 31 3F 31 37 3D 32 37 31 32 33 31 00 33 0B 00*33"}},
		{"N01", (&sim.SNAPI{}).Code(0x0B, []byte("4006381333931")), []string{"22 01 00 0D 0B 00 34 30 30 36 33 38 31 33 33 33 39 33 31 00*45"}},
	} {
		var want [][]byte
		for _, text := range c.want {
			want = append(want, hexReport(t, text))
		}
		if !slices.EqualFunc(c.got, want, bytes.Equal) {
			t.Errorf("%s: got\n% X\nwant\n% X", c.name, c.got, want)
		}
	}
}

// make11 is a command of IBM's OEM modes.
func make11(b ...byte) []byte { return append(b, make([]byte, 11-len(b))...) }

// What our profiles send are the vectors of the fact sheet, in the shape that
// a HID port takes: filled up where the report has a length, a 00 before what
// has no number.
func TestHIDHostVectors(t *testing.T) {
	for _, c := range []struct {
		name, profile, hex string
		from               func(p *profile.Profile) []byte
	}{
		{"P13", "honeywell-1900-hid-pos", "FD 0A 16 4D 0D 52 45 56 49 4E 46 2E 00*52", func(p *profile.Profile) []byte { return p.Commands[1].Bytes }},
		{"P13, to another model", "honeywell-1602g-hid-pos", "FD 0A 16 4D 0D 52 45 56 49 4E 46 2E 00*52", func(p *profile.Profile) []byte { return p.Commands[1].Bytes }},
		{"P14", "honeywell-1900-hid-pos", "04 40", good},
		{"P14, to a Youjie", "youjie-hid-pos", "04 40", good},
		{"P15", "access-is-lsr116-hid-pos", "FD 0B 16 4D 0D 41 49 53 46 57 56 31 2E 00*51", func(p *profile.Profile) []byte { return p.Commands[0].Bytes }},
		{"I08", "datalogic-gryphon-oem", "00 11 00*10", func(p *profile.Profile) []byte { return p.Commands[0].Bytes }},
		{"I09", "datalogic-gryphon-oem", "00 30 00 04 00*8", good},
		{"N03", "zebra-snapi", "04 12", func(p *profile.Profile) []byte { return p.Feedback.Bad }},
	} {
		p, err := profile.Load(c.profile)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, want := c.from(p), hexReport(t, c.hex); !bytes.Equal(got, want) {
			t.Errorf("%s: got % X, want % X", c.name, got, want)
		}
	}
	// P12 is sent by no profile, since report 04 has a signal for bad as well; the device knows it.
	p := sim.HIDPOS{Layout: "honeywell"}
	p.Host(filled(hexReport(t, "FD 03 16 07 0D")))
	if got := p.State().Sounds; !slices.Equal(got, []string{"beep"}) {
		t.Errorf("P12: %q", got)
	}
}

func good(p *profile.Profile) []byte { return p.Feedback.Good }
