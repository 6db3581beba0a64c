package a0

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// bytesOf reads the notation of the fact sheet: hex bytes with spaces.
func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decoder is one in region etsi, with address 1 as the frames of the fact sheet.
func decoder(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	o := Defaults()
	o.Region, o.Address = "etsi", 1
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
	for _, r := range out.Reads {
		line := fmt.Sprintf("%X ant %d pc %04X", r.EPC, r.Antenna, r.PC)
		if r.HasRSSI {
			line += fmt.Sprintf(" %d dBm", r.RSSI)
		}
		if r.Note != "" {
			line += " " + r.Note
		}
		all = append(all, line)
	}
	for _, a := range out.Answers {
		for _, f := range a.Facts {
			all = append(all, f.Name+" = "+f.Value)
		}
	}
	for _, f := range out.Faults {
		all = append(all, f.Error())
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("> % X", r))
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	return all
}

// say is what the decoder does with bytes.
func say(t testing.TB, d *Decoder, text string) []string {
	t.Helper()
	var out wire.Output
	d.Decode(bytesOf(t, text), &out)
	return told(&out)
}

func silence(d *Decoder) []string {
	var out wire.Output
	d.Silence(&out)
	return told(&out)
}

func open(d *Decoder) []string {
	var out wire.Output
	d.Open(&out)
	return told(&out)
}

func compare(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// Frames of the fact sheet by their ids.
var sheet = map[string]string{
	"A2":  "A0 05 01 72 01 09 DE",
	"A3":  "A0 03 01 70 EC", // of a host
	"A5":  "A0 04 01 74 10 D7",
	"A8":  "A0 13 01 89 04 30 00 E2 00 30 16 66 13 01 21 15 50 74 EF 45 BF",
	"A9":  "A0 13 01 89 8C 30 00 30 08 33 B2 DD D9 01 40 00 00 00 01 37 BB",
	"A10": "A0 13 01 89 D4 30 00 E2 00 40 74 85 0A 01 03 16 90 67 DD 2F 7D",
	"A11": "A0 0A 01 89 00 00 11 00 00 00 05 B6",
	"A13": "A0 13 01 8B 10 30 00 30 09 66 37 81 DB 02 97 48 76 FC 6A 67 2B",
	"A14": "A0 0A 01 8B 00 00 19 00 00 00 01 B0",
	"A15": "A0 13 01 89 14 34 00 11 22 33 44 55 66 77 88 99 00 AA BB 60 B9",
	"A16": "A0 13 01 89 2A 30 00 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 4D 85",
	"A18": "A0 0A 01 8A 00 00 2A 00 00 01 F4 AC",
	"A19": "A0 05 01 8A 02 22 AC",
	"A20": "A0 04 01 89 22 B0",
	"X8":  "A0 0A 01 89 00 00 1D 00 00 00 01 BC",
}

// The frames of the fact sheet that readers send mean what it says, in one
// piece, byte by byte, and after noise.
func TestSheetFrames(t *testing.T) {
	for id, want := range map[string][]string{
		"A2":  {"firmware = 1.9"},
		"A3":  {"answer to 70, which nobody asked: unexpected frame"},
		"A5":  nil,
		"A8":  {"E200301666130121155074EF ant 1 pc 3000 -60 dBm"},
		"A9":  {"300833B2DDD9014000000001 ant 1 pc 3000 -74 dBm"},
		"A10": {"E2004074850A0103169067DD ant 1 pc 3000 -82 dBm"},
		"A11": nil,
		"A13": {"3009663781DB02974876FC6A ant 1 pc 3000 -26 dBm"},
		"A14": nil,
		"A15": {"11223344556677889900AABB ant 1 pc 3400 -33 dBm"},
		"A16": {"3154F4E4E4CE0A6A14000000 ant 3 pc 3000 -52 dBm"},
		"A18": nil,
		"A19": {"antenna 3 = missing", "antenna 3 is missing (is its cable in? if there is none, take it out of option antennas): device trouble"},
		"A20": {"the reader reports the antenna is missing (22): device trouble"},
	} {
		frame := bytesOf(t, sheet[id])
		d := decoder(t, nil)
		compare(t, id, say(t, d, sheet[id]), want...)
		single := decoder(t, nil)
		var got []string
		for _, b := range frame {
			got = append(got, say(t, single, fmt.Sprintf("%02X", b))...)
		}
		compare(t, id+" byte by byte", got, want...)
		after := decoder(t, nil)
		got = say(t, after, "00 A0 02 FF"+sheet[id])
		got = slices.DeleteFunc(got, func(s string) bool { return s == "4 bytes: noise" })
		compare(t, id+" after noise", got, want...)
	}
}

// What must be rejected gives no tag, is named, and costs nothing of what
// follows it.
func TestRejected(t *testing.T) {
	const good = "E200301666130121155074EF ant 1 pc 3000 -60 dBm"
	d := decoder(t, nil)
	compare(t, "X8", say(t, d, sheet["X8"]), "frame of 12 bytes, check BC and not AE: checksum")
	compare(t, "then a good one", say(t, d, sheet["A8"]), good)
	broken := bytesOf(t, sheet["A16"])
	broken[9] ^= 0x10
	compare(t, "a flipped bit, then a good frame", say(t, d, fmt.Sprintf("%X", broken)+sheet["A8"]), good, "frame of 21 bytes, check 85 and not 95: checksum")
	compare(t, "a false header that swallows", say(t, d, "A0 50 01"+sheet["A8"]), good, "3 bytes: noise")
	compare(t, "one that can not be seen through", say(t, d, "A0 50 01 89"+sheet["A8"]))
	compare(t, "gives it back", silence(d), good, "frame of which 25 bytes came: cut short")
	compare(t, "half a frame and a pause", append(say(t, d, sheet["A8"][:30]), silence(d)...), "frame of which 10 bytes came: cut short")
	compare(t, "a wrong speed without a pause", say(t, decoder(t, nil), strings.Repeat("E0", 5000)), "4096 bytes: noise", "nothing but noise (is this an A0 reader, and its speed right? 115200 is usual, 38400 possible): noise")
}

// A tag's EPC is as long as its PC says, whether phase follows or not; where
// both fit neither, the frame's length holds and the tag is marked.
func TestTagLength(t *testing.T) {
	frame := func(data ...byte) string {
		f := append([]byte{0xA0, byte(len(data) + 3), 1, 0x89}, data...)
		return fmt.Sprintf("%X", append(f, -sum(f)))
	}
	epc := []byte{0x31, 0x54, 0xF4, 0xE4}
	for name, c := range map[string]struct {
		data  []byte
		ports int
		want  []string
	}{
		"four bytes":                    {slices.Concat([]byte{0, 0x10, 0}, epc, []byte{0x4D}), 4, []string{"3154F4E4 ant 1 pc 1000 -52 dBm"}},
		"with phase":                    {slices.Concat([]byte{0, 0x10, 0}, epc, []byte{0x4D, 1, 2}), 4, []string{"3154F4E4 ant 1 pc 1000 -52 dBm"}},
		"PC says more":                  {slices.Concat([]byte{0, 0x30, 0}, epc, []byte{0x4D}), 4, []string{"3154F4E4 ant 1 pc 3000 -52 dBm pc mismatch"}},
		"no EPC":                        {[]byte{0, 0, 0, 0x4D}, 4, []string{"tag without an EPC: cut short"}},
		"upper antennas of eight":       {slices.Concat([]byte{2, 0x10, 0}, epc, []byte{0xD3}), 8, []string{"3154F4E4 ant 7 pc 1000 -46 dBm"}},
		"lower antennas of eight":       {slices.Concat([]byte{2, 0x10, 0}, epc, []byte{0x53}), 8, []string{"3154F4E4 ant 3 pc 1000 -46 dBm"}},
		"more antennas than are set up": {slices.Concat([]byte{2, 0x10, 0}, epc, []byte{0xD3}), 4, []string{"3154F4E4 ant 3 pc 1000", "the reader tells of antennas above 4 (set option ports = 8): unexpected frame"}},
	} {
		compare(t, name, say(t, decoder(t, func(o *Options) { o.Ports = c.ports }), frame(c.data...)), c.want...)
	}
}

// The commands are those of the fact sheet, byte for byte.
func TestCommands(t *testing.T) {
	d := decoder(t, nil)
	for _, c := range []struct {
		id, want string
		got      []byte
	}{
		{"A1", "A0 03 01 72 EA", d.plan.steps[0].frame},
		{"A4", "A0 04 01 74 00 E7", d.plan.antennas[0]},
		{"A6", "A0 04 01 89 01 D1", d.plan.round},
		{"A7", "A0 04 01 89 FF D3", decoder(t, func(o *Options) { o.Repeat = 255 }).plan.round},
		{"A12", "A0 06 01 8B 01 00 01 CC", decoder(t, func(o *Options) { o.Command, o.Session = "session", 1 }).plan.round},
		{"with SL", "A0 07 01 8B 01 02 01 05 C4", decoder(t, func(o *Options) { o.Command, o.Session, o.SL, o.Target, o.Repeat = "session", 1, "2", "b", 5 }).plan.round},
		{"A17", "A0 0D 01 8A 00 01 01 01 02 01 03 01 00 0A B4", decoder(t, func(o *Options) { o.Command, o.Antennas, o.Repeat = "fast", []int{1, 2, 3, 4}, 10 }).plan.round},
		{"fast, two antennas", "A0 0D 01 8A 02 01 00 01 FF 01 FF 01 00 01 C3", decoder(t, func(o *Options) { o.Command, o.Antennas = "fast", []int{3, 1} }).plan.round},
	} {
		if got := fmt.Sprintf("% X", c.got); got != c.want || sum(c.got) != 0 {
			t.Errorf("%s: got %s, want %s", c.id, got, c.want)
		}
	}
}

// All that is wrong with the options is named at once.
func TestMistakes(t *testing.T) {
	o := Options{Region: "mars", From: 1, Power: 50, Ports: 3, Antennas: []int{9}, Command: "slow", Session: 4, Target: "c", SL: "x", Rest: -1, Address: 256}
	_, err := New(o)
	for _, option := range []string{"region", "from", "power", "ports", "antennas", "command", "session", "target", "sl", "repeat", "rest", "patience", "address"} {
		if err == nil || !strings.Contains(err.Error(), `option "`+option+`"`) {
			t.Errorf("%s is not named in %v", option, err)
		}
	}
	for name, change := range map[string]func(*Options){
		"a band outside of the region": func(o *Options) { o.From = 920 },
		"a band turned around":         func(o *Options) { o.From, o.To = 867.5, 865.5 },
		"between two channels":         func(o *Options) { o.From = 865.6 },
		"an antenna twice":             func(o *Options) { o.Antennas = []int{1, 2, 1} },
		"no antenna":                   func(o *Options) { o.Antennas = nil },
		"fast with eight ports":        func(o *Options) { o.Command, o.Ports = "fast", 8 },
	} {
		o := Defaults()
		o.Region = "etsi"
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// However the bytes are chopped, the same comes out, and no more is kept than
// one frame. A byte FE in the input is silence.
func FuzzDecode(f *testing.F) {
	for _, text := range sheet {
		f.Add(bytesOf(f, text), uint64(1))
	}
	f.Add(bytesOf(f, sheet["A8"]+"A0FF"+sheet["A15"]+sheet["A20"]+"FE"+sheet["X8"]+sheet["A11"]+"A0"), uint64(7))
	f.Add(bytesOf(f, sheet["A2"]+"FE FE FE FE FE FE"+sheet["A5"]+sheet["A11"]+"A0 0D 01 89 FE FE"+sheet["A19"]), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64) {
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, func(o *Options) {
				o.Antennas = []int{1, 2}
				if cuts&1 == 0 {
					o.Ports, o.Command = 8, "session"
				}
			})
			all := open(d)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFE}) {
				if i > 0 {
					all = append(all, silence(d)...)
				}
				for len(piece) > 0 {
					n := next(piece)
					chunk := bytes.Clone(piece[:n])
					out.Reset()
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					all = append(all, told(&out)...)
					piece = piece[n:]
					if kept := d.stream.Kept(); kept > longest+2 {
						t.Fatalf("keeps %d bytes", kept)
					}
				}
			}
			all = append(all, silence(d)...)
			if kept := d.stream.Kept(); kept > 0 {
				t.Fatalf("keeps %d bytes after a pause", kept)
			}
			// Whatever came before, a tag after a pause is read.
			out.Reset()
			d.Decode(bytesOf(t, sheet["A8"]), &out)
			if len(out.Reads) != 1 || fmt.Sprintf("%X", out.Reads[0].EPC) != "E200301666130121155074EF" {
				t.Fatalf("a tag after all that gives %q", told(&out))
			}
			slices.Sort(all) // of one call, tags come before faults
			return all
		}
		whole := run(func(rest []byte) int { return len(rest) })
		single := run(func([]byte) int { return 1 })
		random := cuts
		mixed := run(func(rest []byte) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(len(rest), 9)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

// Frames on the wire to tags.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := bytes.Repeat(bytesOf(b, sheet["A8"]+sheet["A16"]), 16)
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

// Tags take no allocation at all.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := bytes.Repeat(bytesOf(t, sheet["A8"]+sheet["A16"]), 16)
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
