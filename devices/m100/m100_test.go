package m100

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

func bytesIn(t testing.TB, text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func options(change func(*Options)) Options {
	o := Defaults()
	o.Region, o.Frame = "eu", "bb"
	if change != nil {
		change(&o)
	}
	return o
}

func decoder(t testing.TB, o Options) *Decoder {
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var reasons = []error{wire.ErrShort, wire.ErrChecksum, wire.ErrNoise, wire.ErrUnasked, wire.ErrHardware, wire.ErrStart, wire.ErrTag}

// told writes down an output.
func told(out *wire.Output) (all []string) {
	for _, r := range out.Reads {
		text := fmt.Sprintf("%X pc=%04X rssi=%d n=%d", r.EPC, r.PC, r.RSSI, r.Count)
		if r.Note != "" {
			text += " " + r.Note
		}
		all = append(all, text)
	}
	for _, a := range out.Answers {
		for _, f := range a.Facts {
			all = append(all, f.Name+"="+f.Value)
		}
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("> % X", r))
	}
	for _, f := range out.Faults {
		at := slices.IndexFunc(reasons, func(r error) bool { return errors.Is(f, r) })
		if at < 0 {
			all = append(all, "no reason: "+f.Error())
			continue
		}
		all = append(all, reasons[at].Error())
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	return all
}

// said feeds bytes in pieces; 0 is all at once.
func said(d *Decoder, in []byte, size int) []string {
	if size == 0 {
		size = max(1, len(in))
	}
	var all wire.Output
	for piece := range slices.Chunk(in, size) {
		var out wire.Output
		d.Decode(bytes.Clone(piece), &out)
		for i := range out.Reads {
			out.Reads[i].EPC = bytes.Clone(out.Reads[i].EPC)
		}
		all.Reads = append(all.Reads, out.Reads...)
		all.Answers = append(all.Answers, out.Answers...)
		all.Replies = append(all.Replies, out.Replies...)
		all.Faults = append(all.Faults, out.Faults...)
		all.Restarted = all.Restarted || out.Restarted
	}
	return told(&all)
}

const (
	b5  = "BB 01 28 00 01 00 2A 7E"
	b6  = "BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"
	b7  = "BB 02 22 00 11 D5 30 00 E2 00 10 71 00 00 52 9B 09 40 B4 02 EB 98 0C 7E"
	b8  = "AA 02 22 00 11 C7 30 00 E2 80 68 90 00 00 50 0E 88 C6 A4 A7 11 9B 29 DD"
	b9  = "BB 02 22 00 11 CC 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90 C1 7E"
	b10 = "BB 02 22 00 11 C7 30 00 E2 80 68 90 00 00 00 50 0E 88 7E DD 62 A9 D2 7E"
	b11 = "BB 01 FF 00 01 15 16 7E"
	b12 = "BB 01 FF 00 01 17 18 7E"
	b13 = "BB 01 FF 00 10 09 0E 34 00 E2 00 10 71 00 00 52 9B 09 40 B4 02 AA 7E"
	b15 = "BB 01 07 00 01 00 09 7E"
	b17 = "BB 01 B6 00 01 00 B8 7E"

	tag6  = "30751FEB705C5904E3D50D70 pc=3400 rssi=-55 n=1"
	tag7  = "E20010710000529B0940B402 pc=3000 rssi=-43 n=1"
	tag8  = "E28068900000500E88C6A4A7 pc=3000 rssi=-57 n=1"
	tag9  = "3154F4E4E4CE0A6A14000000 pc=3000 rssi=-52 n=1"
	tag10 = "E2806890000000500E887EDD pc=3000 rssi=-57 n=1"
	stops = "> BB 00 28 00 00 28 7E"
)

// summed completes a frame: its length and its sum.
func summed(text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	b[3], b[4] = byte((len(b)-5)>>8), byte(len(b)-5)
	total := 0
	for _, one := range b[1:] {
		total += int(one)
	}
	return fmt.Sprintf("% X %02X %02X", b, total%256, map[byte]byte{0xBB: 0x7E, 0xAA: 0xDD}[b[0]])
}

// The frames of the fact sheet that a module sends mean what it says, whole and
// byte by byte, as if it had been started.
func TestFrames(t *testing.T) {
	aa := func(o *Options) { o.Frame = "aa" }
	auto := func(o *Options) { o.Frame = "auto" }
	for _, c := range []struct {
		name, in string
		change   func(*Options)
		want     []string
	}{
		{"B5 stopped by another", b5, nil, []string{stops, "unexpected frame"}},
		{"B6 tag", b6, nil, []string{tag6}},
		{"B7 tag", b7, nil, []string{tag7}},
		{"B8 tag of the other variant", b8, aa, []string{tag8}},
		{"B9 tag", b9, nil, []string{tag9}},
		{"B10 ends of both variants inside", b10, nil, []string{tag10}},
		{"B11 nothing heard", b11, nil, nil},
		{"B11 nothing heard, again and again", strings.Repeat(b11, 500), nil, nil},
		{"B12 command error at the start", b12, nil, []string{"does not start"}},
		{"B12 command error later", b11 + b12, nil, []string{"unexpected frame"}},
		{"B13 an error that names its tag is no tag", b11 + b13, nil, []string{"unexpected frame"}},
		{"B15 region, unasked", b15, nil, []string{"unexpected frame"}},
		{"B17 power, unasked", b17, nil, []string{"unexpected frame"}},
		{"stream: tags and nothing heard", b6 + b10 + b11 + b9, nil, []string{tag6, tag10, tag9}},
		{"stream of the other variant, which is known by its first frame", b8 + summed("AA 01 FF 00 00 15") + b8, auto, []string{tag8, tag8}},
		{"after one variant the other is noise", b6 + b8 + b9, auto, []string{tag6, tag9, "noise"}},
		{"a header in front of a frame", "BB BB 02" + b9, nil, []string{tag9, "noise"}},
		{"channels busy, told once", summed("BB 01 FF 00 00 20") + summed("BB 01 FF 00 00 20"), nil, []string{"device trouble"}},
		{"channels busy, free, busy", summed("BB 01 FF 00 00 20") + b6 + summed("BB 01 FF 00 00 20"), nil, []string{tag6, "device trouble", "device trouble"}},
		{"an error without a code", summed("BB 01 FF 00 00"), nil, []string{"cut short"}},
		{"a tag of four bytes", summed("BB 02 22 00 00 C9 34 00 30"), nil, []string{"cut short"}},
		{"a tag that was never written", summed("BB 02 22 00 00 C9 00 00 E2 F0"), nil, []string{"cut short"}},
		{"the frame is whole and the tag is not", summed("BB 02 22 00 00 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 71 3A 76"), nil, []string{"tag checksum"}},
		{"an extension is not checked", summed("BB 02 22 00 00 C9 36 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 71 3A 76"), nil, []string{"30751FEB705C5904E3D50D71 pc=3600 rssi=-55 n=1"}},
		{"an EPC of four bytes under a word that tells twelve", summed("BB 02 22 00 00 C9 30 00 E2 00 10 71 DA 24"), nil, []string{"E2001071 pc=3000 rssi=-55 n=1 pc mismatch"}},
		{"B1 an echo", "BB 00 03 00 01 00 04 7E", nil, []string{"unexpected frame"}},
	} {
		in := bytesIn(t, c.in)
		for size := range 4 {
			if got := said(decoder(t, options(c.change)), in, size); !slices.Equal(got, c.want) {
				t.Errorf("%s, in pieces of %d:\ngot  %q\nwant %q", c.name, size, got, c.want)
			}
		}
	}
}

// What must be rejected is, and hides nothing that follows it.
func TestRejected(t *testing.T) {
	for name, in := range map[string]string{
		"X4 sum":              "BB 01 FF 00 01 10 0A 7E",
		"X6 sum":              "BB 00 AB 00 01 01 AC 7E",
		"X7 sum of a version": "BB 01 03 00 10 00 4D 31 30 30 20 32 36 64 42 6D 20 56 31 2E 30 22 7E",
		"no end":              b6[:len(b6)-2] + "DD",
		"half a tag":          b6[:36],
	} {
		for size := range 3 {
			got := said(decoder(t, options(nil)), bytesIn(t, in+b9+b10), size)
			if len(got) != 3 || got[0] != tag9 || got[1] != tag10 {
				t.Errorf("%s, in pieces of %d: %q", name, size, got)
			}
		}
	}
	if got := said(decoder(t, options(func(o *Options) { o.Frame = "aa" })), bytesIn(t, "AA 01 B6 00 01 00 BB DD"+b8), 0); !slices.Equal(got, []string{tag8, "checksum"}) {
		t.Errorf("X5: %q", got)
	}
	tag := bytesIn(t, b9)
	for bit := range 8 * len(tag) {
		broken := bytes.Clone(tag)
		broken[bit/8] ^= 1 << (bit % 8)
		d := decoder(t, options(nil))
		got := said(d, slices.Concat(broken, tag), 0)
		var out wire.Output
		d.Silence(&out)
		if got = append(got, told(&out)...); len(got) < 2 || got[0] != tag9 || slices.Contains(got[1:], tag9) {
			t.Errorf("bit %d wrong: %q", bit, got)
		}
	}
}

// A stream cut at any two places gives the same.
func TestCuts(t *testing.T) {
	in := bytesIn(t, b6+b10+b11+b9)
	for first := range in {
		for second := first; second < len(in); second++ {
			d := decoder(t, options(nil))
			var all []string
			for _, piece := range [][]byte{in[:first], in[first:second], in[second:]} {
				all = append(all, said(d, piece, 0)...)
			}
			if !slices.Equal(all, []string{tag6, tag10, tag9}) {
				t.Fatalf("cut at %d and %d: %q", first, second, all)
			}
		}
	}
}

// The commands are the fact sheet's, byte for byte.
func TestCommands(t *testing.T) {
	d := decoder(t, options(func(o *Options) { o.Power = 20 }))
	find := func(say string) []byte {
		at := slices.IndexFunc(d.steps, func(s step) bool { return strings.HasPrefix(s.say, say) })
		return d.steps[at].frame
	}
	for _, c := range []struct {
		name, want string
		got        []byte
	}{
		{"B1 hardware version", "BB 00 03 00 01 00 04 7E", find("hardware")},
		{"B2 single poll", "BB 00 22 00 00 22 7E", d.command(opTag)},
		{"B3 multi poll", "BB 00 27 00 03 22 27 10 83 7E", d.command(opStart, 0x22, 0x27, 0x10)},
		{"B4 stop", "BB 00 28 00 00 28 7E", d.command(opStop)},
		{"B14 region EU", "BB 00 07 00 01 03 0B 7E", find("region")},
		{"B16 20 dBm", "BB 00 B6 00 02 07 D0 8F 7E", find("power")},
		{"S0, A, Q 4, as the maker's text has it", "BB 00 0E 00 02 10 20 40 7E", find("session")},
		{"hop", "BB 00 AD 00 01 FF AD 7E", find("hop")},
		{"never select", "BB 00 12 00 01 01 14 7E", find("select")},
	} {
		if got := fmt.Sprintf("% X", c.got); got != c.want {
			t.Errorf("%s: got %s want %s", c.name, got, c.want)
		}
	}
	d = decoder(t, options(func(o *Options) { o.Frame, o.Session, o.Target, o.Q = "aa", 2, "B", 7 }))
	if got, want := fmt.Sprintf("% X", find("session")), "AA 00 0E 00 02 12 B8 DA DD"; got != want {
		t.Errorf("S2, B, Q 7: got %s want %s", got, want)
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Frame: "cc", Region: "eu3", Power: 40, Session: 4, Target: "AB", Q: 16})
	for _, option := range []string{"frame", "region", "power", "session", "target", "q"} {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", option)) {
			t.Errorf("%s is missing in %v", option, err)
		}
	}
}
