package mercury

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
	o.Region = "eu3"
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
		text := fmt.Sprintf("%X pc=%04X ant=%d", r.EPC, r.PC, r.Antenna)
		if r.HasRSSI {
			text += fmt.Sprintf(" rssi=%d", r.RSSI)
		}
		if text += fmt.Sprintf(" n=%d", r.Count); r.Note != "" {
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
	m13 = "FF 14 03 00 00 07 10 23 00 01 00 00 03 20 14 10 07 01 07 02 09 00 00 00 10 5B D1"
	m15 = "FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B"
	m16 = "FF 15 2F 00 00 01 22 00 00 05 0C 22 88 10 05 1B 03 E8 00 C8 00 57 01 00 C9 DA"
	m17 = "FF 28 22 00 00 10 00 1B 01 FF 01 01 C4 11 0E 16 40 00 00 01 27 00 00 05 00 00 0F 00 80 30 00 00 00 00 00 00 00 00 00 00 00 15 45 E9 4A 56 1D"
	m18 = "FF 28 22 00 00 10 00 1B 01 FF 01 01 CC 22 0D F7 32 00 00 01 9C 00 5A 05 00 00 00 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90 6C B9"
	m19 = "FF 21 22 00 00 88 10 00 1B 00 57 01 01 CC 11 00 00 01 9C 05 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90 AE 52"
	m20 = "FF 00 22 04 00 84 E0"
	m21 = "FF 0B 22 04 00 88 10 00 1B 00 10 01 00 00 00 FD ED 84"
	m22 = "FF 00 22 04 05 84 E5"
	m23 = "FF 00 22 05 04 85 E4"
	m24 = "FF 03 2F 00 00 02 5E 86"
	m25 = "FF 01 2F 00 00 02 30 E6"
	m26 = "FF 38 29 00 00 00 57 00 02 2B C6 11 00 00 00 09 05 00 80 34 00 E2 00 47 04 57 60 64 26 E3 01 01 0E C4 BB 2F CC 11 00 00 00 0E 05 00 80 30 00 E2 00 42 0E 8C 50 60 17 04 4E 79 49 50 A7 8F 20"

	tag17 = "000000000000000000001545 pc=3000 ant=1 rssi=-60 n=1"
	tag18 = "3154F4E4E4CE0A6A14000000 pc=3000 ant=2 rssi=-52 n=1"
	tag19 = "3154F4E4E4CE0A6A14000000 pc=3000 ant=1 rssi=-52 n=1"
	stops = "> FF 03 2F 00 00 02 5E 86"
)

// The frames of the fact sheet that a module sends mean what it says, whole and
// byte by byte, as if it had been started.
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"M6 region taken, unasked", "FF 00 97 00 00 77 9E", []string{"unexpected frame"}},
		{"M7 region refused, unasked", "FF 00 97 01 0B 76 95", []string{"unexpected frame"}},
		{"M12 power, unasked", "FF 02 62 00 00 09 C4 1F B7", []string{"unexpected frame"}},
		{"M13 a version that nobody asked for is a reset", m13, append(slices.Clone(versionFacts), stops, "device trouble", "restarted")},
		{"M17 tag", m17, []string{tag17}},
		{"M18 tag at the second antenna", m18, []string{tag18}},
		{"M19 tag in the form for several selections", m19, []string{tag19}},
		{"M20 sign of life", m20, nil},
		{"M21 sign of life with a time", m21, nil},
		{"M22 region lost", m22, []string{stops, "device trouble", "restarted"}},
		{"M23 too hot", m23, []string{"temperature=too hot (0504)", stops, "device trouble"}},
		{"M25 stopped by another", m25, []string{stops, "unexpected frame"}},
		{"M26 two tags of the buffer", m26, []string{
			"E200470457606426E301010E pc=3400 ant=1 rssi=-58 n=43", "E200420E8C506017044E7949 pc=3000 ant=1 rssi=-52 n=47"}},
		{"M29 application runs, unasked", "FF 01 0C 00 00 12 63 43", []string{"unexpected frame"}},
		{"M30 its first word after power-up", "FF 14 04 00 00 07 10 23 00 01 00 00 03 20 14 10 07 01 07 02 09 00 00 00 10 52 51", append(slices.Clone(versionFacts), stops, "device trouble", "restarted")},
		{"M31 runs already", "FF 00 04 01 01 C5 45", []string{stops, "device trouble", "restarted"}},
		{"M32 protocol none", "FF 02 63 00 00 00 00 21 43", []string{"unexpected frame"}},
		{"M33 protocol Gen2", "FF 02 63 00 00 00 05 21 46", []string{"unexpected frame"}},
		{"M34 protocol taken", "FF 00 93 00 00 37 1A", []string{"unexpected frame"}},
		{"stream: tag, sign of life, tag", m17 + m20 + m18, []string{tag17, tag18}},
		{"three headers before a tag", "FF FF FF" + m18, []string{tag18, "noise"}},
		{"a false header with length 28", "00 FF 28" + m18, []string{tag18, "noise"}},
		{"a temperature record is no tag", withCRC("FF 0A 22 00 00 88 10 05 1B 00 57 02 01 00 2A"), nil},
		{"the end of reading is no tag", withCRC("FF 08 22 00 00 10 00 1B 01 FF 00 00 00"), nil},
		{"an unknown record is no tag", withCRC("FF 08 22 00 00 10 00 1B 01 FF 07 00 00"), []string{"unexpected frame"}},
		{"a record without anything beside the EPC", withCRC("FF 16 22 00 00 00 00 1B 01 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"3154F4E4E4CE0A6A14000000 pc=3000 ant=0 n=1"}},
		{"the sixteenth antenna", withCRC("FF 19 22 00 00 10 00 1B 00 04 01 00 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"3154F4E4E4CE0A6A14000000 pc=3000 ant=16 n=1"}},
		{"all fields there are, embedded data and a long tag type", withCRC("FF 00 22 00 00 10 00 1B 3F FF 01 05 C4 21 0D F7 32 00 00 01 9C 00 5A 05 00 14 AA BB C0 0F 03 02 01 CA FE 81 82 03 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"),
			[]string{"3154F4E4E4CE0A6A14000000 pc=3000 ant=2 rssi=-60 n=5"}},
		{"embedded data that could not be read", withCRC("FF 00 22 00 00 10 00 1B 00 82 01 C4 80 00 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"3154F4E4E4CE0A6A14000000 pc=3000 ant=0 rssi=-60 n=1"}},
		{"a field that nobody knows", withCRC("FF 00 22 00 00 10 00 1B 40 01 01 01 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"unexpected frame"}},
		{"another protocol", withCRC("FF 00 22 00 00 10 00 1B 00 40 01 03 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"unexpected frame"}},
		{"a record that ends before its EPC", withCRC("FF 00 22 00 00 10 00 1B 00 01 01 01 00 80 30 00 31 54"), []string{"cut short"}},
		{"a record of one byte", withCRC("FF 00 22 00 00 10"), []string{"cut short"}},
		{"the frame is whole and the tag is not", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 01 69 90"), []string{"tag checksum"}},
		{"a control word that tells another length", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 60" + tagCRC("30 00 E2 00 42 0E 8C 50 60 17")), []string{"E200420E8C506017 pc=3000 ant=0 n=1 pc mismatch"}},
		{"an extension word stands before the EPC", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 70 22 00 01 00 E2 00 42 0E 8C 50 60 17 00 00"), []string{"E200420E8C506017 pc=2200 ant=0 n=1"}},
		{"two extension words", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 80 22 00 81 00 00 00 E2 00 42 0E 8C 50 60 17 00 00"), []string{"E200420E8C506017 pc=2200 ant=0 n=1"}},
		{"an extension that is not there", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 20 22 00 81 00"), []string{"cut short"}},
		{"a tag that was never written", withCRC("FF 00 22 00 00 10 00 1B 00 00 01 00 20" + tagCRC("00 00")), []string{"cut short"}},
		{"a buffer that tells more tags than it holds", withCRC("FF 00 29 00 00 00 01 00 02 01 00 80 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 69 90"), []string{"3154F4E4E4CE0A6A14000000 pc=3000 ant=0 n=1", "cut short"}},
		{"an empty buffer", withCRC("FF 00 29 04 00"), nil},
		{"firmware stopped", withCRC("FF 00 22 7F 00"), []string{stops, "device trouble", "restarted"}},
		{"antenna missing, told once", withCRC("FF 00 22 05 03") + withCRC("FF 00 22 05 03"), []string{"antenna 1=antenna not connected (0503)", "device trouble"}},
		{"antenna missing, then there", withCRC("FF 00 22 05 05") + m17, []string{tag17, "antenna 1=antenna missing or bad: its power comes back (0505)", "antenna 1=ok", "device trouble"}},
		{"buffer full", withCRC("FF 00 22 06 00"), []string{stops, "device trouble"}},
		{"channel busy, told once", withCRC("FF 00 22 05 01") + withCRC("FF 00 22 05 01"), []string{"device trouble"}},
	} {
		in := bytesIn(t, c.in)
		for size := range 4 {
			if got := said(decoder(t, options(nil)), in, size); !slices.Equal(got, c.want) {
				t.Errorf("%s, in pieces of %d:\ngot  %q\nwant %q", c.name, size, got, c.want)
			}
		}
	}
}

// withCRC completes a frame: its length, and its CRC by the rule written for
// nibbles, as the fact sheet has it.
func withCRC(text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	b[1] = byte(len(b) - 5)
	crc := uint16(0xFFFF)
	for _, one := range b[1:] {
		for _, nibble := range []byte{one >> 4, one & 15} {
			crc = (crc<<4 | uint16(nibble)) ^ crc>>12*0x1021
		}
	}
	return fmt.Sprintf(" % X %04X", b, crc)
}

// tagCRC adds a tag's own CRC, by long division.
func tagCRC(text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	rest := uint32(0xFFFF)
	for _, one := range b {
		for bit := 7; bit >= 0; bit-- {
			if rest = rest<<1 ^ uint32(one>>bit&1)<<16; rest&0x10000 != 0 {
				rest ^= 0x11021
			}
		}
	}
	return fmt.Sprintf("%X%04X", b, ^uint16(rest))
}

// What must be rejected is, and hides nothing that follows it.
func TestRejected(t *testing.T) {
	for name, in := range map[string]string{
		"X1 crc of another opcode": "FF 01 87 08 4B B5",
		"X2 wrong crc":             "FF 03 29 00 15 00 97 55",
		"X3 length too small":      "FF 03 71 00 00 01 02 03 07 39 FF",
		"a command, as an echo":    "FF 00 03 1D 0C",
		"a start, as an echo":      m15,
		"half a tag":               m18[:60],
	} {
		for size := range 3 {
			got := said(decoder(t, options(nil)), bytesIn(t, in+m18+m17), size)
			tags, faults := got[:min(2, len(got))], got[min(2, len(got)):]
			if !slices.Equal(tags, []string{tag18, tag17}) || len(faults) == 0 {
				t.Errorf("%s, in pieces of %d: %q", name, size, got)
			}
		}
	}
	tag := bytesIn(t, m18)
	for bit := range 8 * len(tag) {
		broken := bytes.Clone(tag)
		broken[bit/8] ^= 1 << (bit % 8)
		d := decoder(t, options(nil))
		got := said(d, slices.Concat(broken, tag), 0)
		var out wire.Output
		d.Silence(&out)
		if got = append(got, told(&out)...); len(got) < 2 || got[0] != tag18 || slices.Contains(got[1:], tag18) {
			t.Errorf("bit %d wrong: %q", bit, got)
		}
	}
}

// Two frames cut at any one place, and at any two, give the same.
func TestCuts(t *testing.T) {
	in := bytesIn(t, m17+m20+m18)
	for first := range in {
		for second := first; second < len(in); second += 7 {
			d := decoder(t, options(nil))
			var all []string
			for _, piece := range [][]byte{in[:first], in[first:second], in[second:]} {
				all = append(all, said(d, piece, 0)...)
			}
			if !slices.Equal(all, []string{tag17, tag18}) {
				t.Fatalf("cut at %d and %d: %q", first, second, all)
			}
		}
	}
}

// The checksums are those of the fact sheet's check values.
func TestCRC(t *testing.T) {
	if got := crc([]byte("123456789")); got != 0xA69D {
		t.Errorf("got %04X want A69D", got)
	}
}

// The commands are the fact sheet's, byte for byte.
func TestCommands(t *testing.T) {
	find := func(change func(*Options), say string) []byte {
		d := decoder(t, options(change))
		for _, s := range d.steps {
			if strings.HasPrefix(s.say, say) {
				return s.frame
			}
		}
		t.Fatalf("no step %q", say)
		return nil
	}
	for _, c := range []struct {
		name, want string
		got        []byte
	}{
		{"M1 version", "FF 00 03 1D 0C", ask},
		{"M2 boot", "FF 00 04 1D 0B", find(nil, "start the app")},
		{"M3 protocol", "FF 02 93 00 05 51 7D", find(nil, "protocol")},
		{"M4 EU3", "FF 01 97 08 4B B5", find(nil, "region")},
		{"M5 NA2", "FF 01 97 0D 4B B0", find(func(o *Options) { o.Region = "na2" }, "region")},
		{"M8 one antenna", "FF 02 91 01 01 70 3B", command(opAntennas, 1, 1)},
		{"M9 two antennas", "FF 05 91 02 01 01 02 02 2D C0", find(func(o *Options) { o.Antennas = []int{1, 2} }, "antennas")},
		{"M10 27 dBm", "FF 02 92 0A 8C 4B D5", find(func(o *Options) { o.Power = 27 }, "power")},
		{"M11 get power", "FF 00 62 1D 6D", command(0x62)},
		{"M14 filter off", "FF 03 9A 01 0C 00 A3 5D", find(nil, "read filter")},
		{"M15 start, always on", m15, decoder(t, options(nil)).start()},
		{"M16 start, with pauses", m16, decoder(t, options(func(o *Options) { o.Duty = []int{1000, 200} })).start()},
		{"M24 stop", m24, stop},
		{"M28 which program", "FF 00 0C 1D 03", find(nil, "which")},
		{"M35 a list of one", "FF 03 91 02 01 01 42 C5", find(nil, "antennas")},
		{"M36 clear", "FF 00 2A 1D 25", command(0x2A)},
		{"M27 a read into the buffer", "FF 08 22 88 10 00 13 03 E8 00 57 1F DF", command(opRead, 0x88, 0x10, 0, 0x13, 3, 0xE8, 0, 0x57)},
		{"M37 a short one", "FF 05 22 00 00 13 01 F4 2B 19", command(opRead, 0, 0, 0x13, 1, 0xF4)},
		{"M38 fetch", "FF 03 29 01 FF 00 1B 03", command(opBuffer, 1, 0xFF, 0)},
		{"M39 fetch without metadata", "FF 03 29 00 00 00 F4 22", command(opBuffer, 0, 0, 0)},
		{"M40 30 dBm", "FF 02 92 0B B8 4A E1", find(func(o *Options) { o.Power = 30 }, "power")},
		{"session S1", strings.TrimSpace(fmt.Sprintf("% X", command(opGen2, 5, 0, 1))), find(func(o *Options) { o.Session = 1 }, "session")},
		{"target AB", strings.TrimSpace(fmt.Sprintf("% X", command(opGen2, 5, 1, 0, 0))), find(func(o *Options) { o.Target = "AB" }, "target")},
		{"Q 4", strings.TrimSpace(fmt.Sprintf("% X", command(opGen2, 5, 0x12, 1, 4))), find(func(o *Options) { o.Q = 4 }, "Q")},
	} {
		if got := fmt.Sprintf("% X", c.got); got != c.want {
			t.Errorf("%s: got %s want %s", c.name, got, c.want)
		}
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Region: "eu9", Power: 40, Antennas: []int{1, 1}, Session: 4, Target: "C", Q: 16, Duty: []int{5}})
	for _, option := range []string{"region", "power", "antennas", "session", "target", "q", "duty"} {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", option)) {
			t.Errorf("%s is missing in %v", option, err)
		}
	}
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), `"antennas"`) {
		t.Errorf("no antennas: %v", err)
	}
}
