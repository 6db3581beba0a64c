package llrp

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

// frames are messages by their number in the fact sheet. Those of readers
// come from captures or were proven against another codec.
var frames = map[string]string{
	"R1":  "04 3F 00 00 00 20 0A B2 88 C9 00 F6 00 16 00 80 00 0C 00 04 F8 53 5B AA DA FF 01 00 00 06 00 00",
	"R2":  "04 3F 00 00 00 20 00 00 00 00 00 F6 00 16 00 80 00 0C 00 06 0A 24 18 1E 40 00 01 00 00 06 00 00",
	"R3":  "04 3F 00 00 00 20 00 00 00 00 00 F6 00 16 00 80 00 0C 00 06 0A 24 18 1E 40 00 01 00 00 06 00 02",
	"R4":  "04 01 00 00 00 0B 00 00 00 01 00",
	"R5":  "04 15 00 00 00 0E 00 00 00 02 00 00 00 00",
	"R6":  "04 1F 00 00 00 12 00 00 00 02 01 1F 00 08 00 00 00 00",
	"R7":  "04 03 00 00 00 14 00 00 00 03 00 00 DC 00 09 01 00 00 27 10",
	"R8":  "04 0D 00 00 00 12 00 00 00 03 01 1F 00 08 00 00 00 00",
	"R9":  "04 14 00 00 00 50 00 00 00 04 00 B1 00 46 00 00 00 01 00 00 00 B2 00 12 00 B3 00 05 00 00 B6 00 09 00 00 00 00 00 00 B7 00 18 00 01 00 00 00 B8 00 09 00 00 00 00 00 00 BA 00 07 00 01 01 00 ED 00 12 01 00 01 00 EE 00 0B 17 80 01 5C 00 05 C0",
	"R10": "04 1E 00 00 00 12 00 00 00 04 01 1F 00 08 00 00 00 00",
	"R11": "04 1E 00 00 00 15 00 00 00 04 01 1F 00 0B 00 65 00 03 62 61 64",
	"R12": "04 18 00 00 00 0E 00 00 00 05 00 00 00 01",
	"R13": "04 16 00 00 00 0E 00 00 00 06 00 00 00 01",
	"R14": "04 17 00 00 00 0E 00 00 00 07 00 00 00 01",
	"R15": "04 40 00 00 00 0A 00 00 00 0F",
	"R16": "04 3E 00 00 00 0A 00 00 00 08",
	"R17": "04 48 00 00 00 0A 00 00 00 08",
	"R18": "04 3D 00 00 00 2C 40 95 89 2F 00 F0 00 22 8D 30 05 FB 63 AC 1F 38 41 EC 88 04 67 81 00 01 86 CE 82 00 04 EC 2E A8 35 4C 09 88 00 01",
	"R19": "04 3D 00 00 00 37 40 95 89 41 00 F0 00 2D 00 F1 00 18 00 90 1F B4 1F 71 2A C9 C3 7A B7 9D 61 81 73 18 83 24 00 1A 81 00 01 86 EF 82 00 04 EC 2E A8 38 1F 57 88 00 01",
	"R20": "04 3D 00 00 00 29 00 00 00 00 00 F0 00 1F 8D 30 00 AB CD EF 00 00 00 00 00 00 03 81 00 01 86 D0 82 00 05 A9 E4 BE F8 62 E0",
	"R21": "04 3D 00 00 00 0A 00 00 00 00",
	"R22": "04 3D 00 00 00 3B 00 00 00 64 00 F0 00 31 8D 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 81 00 02 86 CC 82 00 06 0A 24 18 1E 40 00 84 00 06 0A 24 18 1F 78 80 88 00 09 8C 30 00 8B 69 90",
	"R23": "04 3D 00 00 00 29 00 00 00 0B 00 F0 00 1F 00 F1 00 16 00 80 F7 10 95 06 00 01 34 35 20 81 78 C2 9C 00 00 00 81 00 01 86 C3",
	"R24": "04 3F 00 00 00 21 00 00 00 0D 00 F6 00 17 00 80 00 0C 00 06 0A 24 18 1E 40 00 00 FF 00 07 00 00 03",
	"R25": "04 64 00 00 00 1C 00 00 00 0E 01 1F 00 12 00 6D 00 0A 75 6E 65 78 70 65 63 74 65 64",
	"R26": "04 0E 00 00 00 0A 00 00 00 09",
	"R27": "04 04 00 00 00 12 00 00 00 09 01 1F 00 08 00 00 00 00",
}

// in turns words into bytes: a frame's number, or hex.
func in(t testing.TB, text string) []byte {
	var all []byte
	for word := range strings.FieldsSeq(text) {
		if frame, known := frames[word]; known {
			word = strings.ReplaceAll(frame, " ", "")
		}
		b, err := hex.DecodeString(word)
		if err != nil {
			t.Fatal(word, err)
		}
		all = append(all, b...)
	}
	return all
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	o := Defaults()
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var reasons = []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrUnasked, wire.ErrHardware, wire.ErrGap, wire.ErrTag, wire.ErrStart}

// told writes down all that a decoder said, for comparing. Faults are their
// reasons if they are long.
func told(out *wire.Output) []string {
	var all []string
	for _, r := range out.Reads {
		line := fmt.Sprintf("%X ant=%d rssi=%d n=%d", r.EPC, r.Antenna, r.RSSI, r.Count)
		if r.HasPC {
			line += fmt.Sprintf(" pc=%04X", r.PC)
		}
		all = append(all, strings.TrimSpace(line+" "+r.Note))
	}
	for _, a := range out.Answers {
		for _, f := range a.Facts {
			all = append(all, f.Name+"="+f.Value)
		}
	}
	for _, f := range out.Faults {
		for _, known := range reasons {
			if errors.Is(f, known) {
				all = append(all, known.Error())
			}
		}
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("> %X", r))
	}
	if out.Hangup {
		line := "hang up"
		if out.Later {
			line += ", later"
		}
		all = append(all, line)
	}
	return all
}

// What readers send means what the fact sheet says, in whatever pieces it
// arrives. A "~" is a second of silence.
func TestDecode(t *testing.T) {
	const sscc = "3154F4E4E4CE0A6A14000000"
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"R1 and R2: we are taken, so it is asked what it can do", "R1 ~", []string{"> 0401" + "0000000B0000000100"}},
		{"R3: another client has it", "R3 R18", []string{"does not start", "hang up, later"}},
		{"R16: a keep-alive is acknowledged with its number", "R16", []string{"> 0448" + "0000000A00000008"}},
		{"R18", "R18", []string{"3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1"}},
		{"R19: an EPC that is not 96 bits long", "R19", []string{"1FB41F712AC9C37AB79D618173188324001A ant=1 rssi=-17 n=1"}},
		{"R20", "R20", []string{"3000ABCDEF00000000000003 ant=1 rssi=-48 n=1"}},
		{"R21: a report without a tag", "R21 R20", []string{"3000ABCDEF00000000000003 ant=1 rssi=-48 n=1"}},
		{"R22: merged reads, PC and checksum", "R22", []string{sscc + " ant=2 rssi=-52 n=9 pc=3000"}},
		{"R23", "R23", []string{"F710950600013435208178C29C000000 ant=1 rssi=-61 n=1"}},
		{"R24: an antenna is gone", "R24", []string{"antenna 3=gone", "device trouble"}},
		{"R25: it complains", "R25", []string{"unexpected frame"}},
		{"R27, when nobody has asked", "R27", nil},
		{"R6, R8, R10, R11, when nobody has asked", "R6 R8 R10 R11", []string{"unexpected frame", "unexpected frame", "unexpected frame", "unexpected frame"}},
		{"our own messages come back from something that is no reader", "R4 R5 R9 R12 R13 R14 R15 R17 R26", slices.Repeat([]string{"unexpected frame"}, 9)},
		{"several in one go", "R18 R16 R21 R22 R24", []string{"3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1", sscc + " ant=2 rssi=-52 n=9 pc=3000", "antenna 3=gone", "device trouble", "> 04480000000A00000008"}},

		{"a short parameter of unknown type drops that tag only",
			"043D 00000031 00000001 00F0 0014 8D 3005FB63AC1F3841EC880467 9E 0000 00F0 0013 8D 3005FB63AC1F3841EC880468 86CE R18",
			[]string{"3005FB63AC1F3841EC880468 ant=0 rssi=-50 n=1", "3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1", "unexpected frame"}},
		{"an unknown parameter with a length is skipped",
			"043D 00000035 00000001 00F0 002B 8D 3005FB63AC1F3841EC880467 03FF 000F 0000651A 00000039 AABBCC 8100 04 02BC 0006 1234 86CE",
			[]string{"3005FB63AC1F3841EC880467 ant=4 rssi=-50 n=1"}},
		{"all that version 1.1 tells of a tag, in an order of its own",
			"043D 00000068 00000001 00F0 005E 9300AA 940001 8C3000 8B6990 86CC 92 00010002 91 0001 90 00000001 8F 0001 8E 0001 8A 0001 89 00000001 880000 870003 85 0000000000000001 84 0000000000000001 83 0000000000000001 81 0010 8D" + sscc,
			[]string{sscc + " ant=16 rssi=-52 n=1 pc=3000"}},
		{"a wrong checksum is no read", "043D 00000021 00000001 00F0 0017 8D" + sscc + " 8C3000 8B6991", []string{"tag checksum"}},
		{"with an extended PC the checksum is not for us to judge", "043D 00000021 00000001 00F0 0017 8D" + sscc + " 8C3200 8B6991", []string{sscc + " ant=0 rssi=0 n=1 pc=3200"}},
		{"a PC of another length", "043D 0000001E 00000001 00F0 0014 8D" + sscc + " 8C4000", []string{sscc + " ant=0 rssi=0 n=1 pc=4000 pc mismatch"}},
		{"bits that fill no byte, and pad bytes", "043D 00000018 00000001 00F0 000E 00F1 000A 000C ABC0 0000", []string{"ABC0 ant=0 rssi=0 n=1"}},
		{"a tag without an EPC", "043D 00000017 00000001 00F0 000D 81 0001 00F1 0006 0000", []string{"cut short"}},
		{"an unknown parameter at the top of a report", "043D 0000000C 00000001 9E00", []string{"unexpected frame"}},

		{"an EPC longer than its parameter", "043D 00000016 00000001 00F0 000C 00F1 0008 0060 ABCD R18", []string{"cut short", "hang up, later"}},
		{"a parameter longer than its tag", "043D 00000016 00000001 00F0 000C 00F1 0009 0010 ABCD R18", []string{"cut short", "hang up, later"}},
		{"a parameter longer than its message", "043D 00000012 00000001 00F0 0009 810001 88", []string{"cut short", "hang up, later"}},
		{"a parameter shorter than its head", "043D 0000000E 00000001 00F0 0003", []string{"cut short", "hang up, later"}},
		{"a short parameter that is cut", "043D 00000010 00000001 00F0 0006 8100", []string{"cut short", "hang up, later"}},
		{"a message shorter than its head", "043D 00000009 00000001 00", []string{"cut short", "hang up, later"}},
		{"a message beyond reason", "043D 00100001 00000001", []string{"too long", "hang up, later"}},
		{"what is no LLRP at all", "485454502F312E31", []string{"noise", "hang up, later"}},
		{"a version that nobody knows", "0C3D 0000000A 00000001", []string{"noise", "hang up, later"}},
		{"version 1.1 is read as well", "083D 0000001B 00000001 00F0 0011 8D 3005FB63AC1F3841EC880467", []string{"3005FB63AC1F3841EC880467 ant=0 rssi=0 n=1"}},

		{"a message that breaks off is told, and goes on", "043D 0000002C 4095892F 00F0 0022 8D3005 ~ ~ FB63AC1F3841EC880467 810001 86CE 820004EC2EA8354C09 880001", []string{"3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1", "cut short"}},
		{"an input goes on and off", "043F 00000015 00000001 00F6 000B 00F8 0007 0001 80 043F 00000015 00000002 00F6 000B 00F8 0007 0002 00", []string{"gpi 1=on", "gpi 2=off"}},
		{"an antenna comes back", "043F 00000015 00000001 00F6 000B 00FF 0007 01 0003", []string{"antenna 3=connected"}},
		{"the report buffer fills, and runs over", "043F 00000013 00000001 00F6 0009 00FA 0005 50 043F 00000012 00000002 00F6 0008 00FB 0004", []string{"report buffer=80 %", "part missing"}},
		{"a reader's exception", "043F 00000018 00000001 00F6 000E 00FC 000A 0003 686F74 89", []string{"device trouble"}},
		{"a ROSpec was pushed aside", "043F 0000001B 00000001 00F6 0011 00F9 000D 02 00000001 00000007", []string{"unexpected frame"}},
		{"another client tries", "R1 043F 00000014 00000001 00F6 000A 0100 0006 0004", []string{"unexpected frame", "> 04010000000B0000000100"}},
		{"it closes the connection", "043F 00000012 00000001 00F6 0008 0101 0004", []string{"unexpected frame", "hang up, later"}},
		{"hops, surveys and ends of antennas are nothing to us", "043F 00000017 00000001 00F6 000D 00F7 0005 01 00FE 0004 R20", []string{"3000ABCDEF00000000000003 ant=1 rssi=-48 n=1"}},
		{"an event that is cut", "043F 00000014 00000001 00F6 000A 00FF 0006 0000", []string{"cut short", "hang up, later"}},
		{"a maker's own message", "07FF 00000010 00000001 0000651A 2A00", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 7, 5000} {
				var out wire.Output
				d := decoder(t, nil)
				for i, part := range strings.Split(c.in, "~") {
					if i > 0 {
						d.Silence(&out)
					}
					for chunk := range slices.Chunk(in(t, part), size) {
						before := len(out.Reads)
						d.Decode(chunk, &out)
						for i := before; i < len(out.Reads); i++ {
							out.Reads[i].EPC = bytes.Clone(out.Reads[i].EPC)
						}
					}
				}
				if got := told(&out); !slices.Equal(got, c.want) {
					t.Fatalf("in pieces of %d: got %q\nwant %q", size, got, c.want)
				}
			}
		})
	}
}

// The first message that is whole needs all of its bytes, wherever it is split.
func TestSplit(t *testing.T) {
	whole := in(t, "R1 R18 R24")
	for cut := range whole {
		var out wire.Output
		d := decoder(t, nil)
		d.Decode(whole[:cut], &out)
		d.Decode(whole[cut:], &out)
		if len(out.Reads) != 1 || len(out.Replies) != 1 || len(out.Answers) != 1 {
			t.Errorf("split behind %d bytes: %q", cut, told(&out))
		}
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Antennas: []int{0}, GPI: []int{-1}, Power: new(99.5), Session: 4, Transit: -1, Mode: -2, Tari: 7, Search: "fast"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"antennas", "gpi", "power", "session", "population", "transit", "mode", "tari", "channel", "keepalive", "search"} {
		if !strings.Contains(err.Error(), fmt.Sprintf("%q", want)) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
	o := Defaults()
	o.Search = "dual"
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "impinj = true") {
		t.Errorf("search without impinj: %v", err)
	}
}
