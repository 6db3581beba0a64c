package chafon

import (
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

// framed puts length and CRC around what a reader says.
func framed(t testing.TB, text string) string {
	b := bytesOf(t, text)
	b = append([]byte{byte(len(b) + 2)}, b...)
	c := crc(b)
	return fmt.Sprintf("%X", append(b, byte(c), byte(c>>8)))
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	o := Defaults()
	o.Region = "eu"
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func old(o *Options) { o.Form = "18" }

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, r := range out.Reads {
		line := fmt.Sprintf("%X ant %d", r.EPC, r.Antenna)
		if r.TID != nil {
			line += fmt.Sprintf(" tid %X", r.TID)
		}
		if r.HasRSSI {
			line += fmt.Sprintf(" %02X", r.RSSI)
		}
		if r.HasRSSI && !r.Relative {
			line += " dBm"
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
	"C3":  "11 00 21 00 00 16 0C 03 4E 00 1E 0A 01 00 00 00 E6 51",
	"C5":  "13 00 01 03 01 0C 00 00 00 00 00 00 00 00 00 00 03 13 3F 39",
	"C6":  "20 00 01 03 02 0C 00 00 00 00 00 00 00 00 00 00 03 13 0C 00 00 00 00 00 00 00 00 00 00 03 14 9A C9",
	"C7":  "15 00 01 03 01 01 0C 30 39 60 63 03 C7 43 80 00 1A 05 59 40 F9 3E",
	"C8":  "15 00 01 03 04 01 0C 49 44 00 00 00 00 00 00 0A 00 03 34 64 25 C0",
	"C9":  "0D 00 01 03 01 01 04 00 32 30 38 6D A3 D2",
	"C10": "23 00 01 03 01 02 0C 00 00 00 00 00 00 00 00 00 00 03 13 6B 0C 00 00 00 00 00 00 00 00 00 00 03 14 6C 70 F2",
	"C11": "07 00 01 01 01 00 1E 4B",
	"C12": "05 00 01 FB F2 3D",
	"C13": "05 00 00 FE 87 73",
	"C16": "14 00 EE 00 04 0C 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 4A 16 91",
	"C17": "11 00 EE 28 00 00 00 07 01 00 00 00 00 00 00 2A 03 80",
	"X9":  "15 00 01 03 01 01 0C 00 00 00 00 00 00 00 00 00 00 03 13 6B B1 A6",
}

// The frames of the fact sheet that readers send mean what it says, in one
// piece, byte by byte, and after noise.
func TestSheetFrames(t *testing.T) {
	for id, want := range map[string][]string{
		"C3":  nil,
		"C5":  {"000000000000000000000313 ant 0"},
		"C6":  {"000000000000000000000313 ant 0", "000000000000000000000314 ant 0"},
		"C7":  {"3039606303C74380001A0559 ant 1 40"},
		"C8":  {"49440000000000000A000334 ant 3 64"},
		"C9":  {"00323038 ant 1 6D"},
		"C10": {"000000000000000000000313 ant 1 6B", "000000000000000000000314 ant 1 6C"},
		"C11": nil,
		"C12": nil,
		"C13": nil,
		"C16": {"3154F4E4E4CE0A6A14000000 ant 3 4A"},
		"C17": {"antennas = 01 00 00 00"},
	} {
		change := func(o *Options) {
			if id == "C5" || id == "C6" {
				o.Form = "18"
			}
		}
		compare(t, id, say(t, decoder(t, change), sheet[id]), want...)
		single := decoder(t, change)
		var got []string
		for _, b := range bytesOf(t, sheet[id]) {
			got = append(got, say(t, single, fmt.Sprintf("%02X", b))...)
		}
		compare(t, id+" byte by byte", got, want...)
		got = say(t, decoder(t, change), "00 03 FF 15 00 E7"+sheet[id])
		got = slices.DeleteFunc(got, func(s string) bool { return s == "6 bytes: noise" })
		compare(t, id+" after noise", got, want...)
	}
}

// What must be rejected gives no tag, is named, and costs nothing of what
// follows it.
func TestRejected(t *testing.T) {
	const good = "3039606303C74380001A0559 ant 1 40"
	d := decoder(t, nil)
	compare(t, "X9", append(say(t, d, sheet["X9"]), silence(d)...), "frame of 22 bytes, CRC A6B1: checksum")
	compare(t, "then a good one", say(t, d, sheet["C7"]), good)
	half := sheet["C7"][:33]
	compare(t, "a pause in the middle", append(say(t, d, half), silence(d)...), "frame of which 11 bytes came: cut short")
	compare(t, "the rest is noise, the next is read", say(t, d, sheet["C7"][33:]+sheet["C7"]), good, "frame of 6 bytes, CRC 153E: checksum", "6 bytes: noise")
	compare(t, "no pause at all", say(t, d, half+sheet["C7"]), good, "frame of 22 bytes, CRC 6360: checksum")
	compare(t, "a false length that swallows", say(t, d, "FF 00 01 03"+sheet["C7"]))
	compare(t, "gives it back", silence(d), good, "frame of which 26 bytes came: cut short")
	compare(t, "a wrong speed without a pause", say(t, decoder(t, nil), strings.Repeat("E0", 5000)), "4096 bytes: noise",
		"nothing but noise (is this a Chafon reader, and its speed right? 57600 is usual): noise")
}

// C5 and C7 have no gap, and each reads its own form; what does not fit its
// form is named, and gives no tag.
func TestForms(t *testing.T) {
	misfit := func(form string) string {
		return fmt.Sprintf("a tag goes on beyond the end of its frame (is option form = %q right for this reader?): cut short", form)
	}
	d := decoder(t, nil)
	if got := say(t, d, sheet["C5"]+sheet["C7"]); len(got) < 2 || got[0] != "3039606303C74380001A0559 ant 1 40" || got[len(got)-1] != misfit("288") {
		t.Errorf("form 18 for a reader of 288: %q", got)
	}
	if got := say(t, decoder(t, old), sheet["C7"]); len(got) != 2 || !strings.HasSuffix(got[1], "unexpected frame") {
		t.Errorf("form 288 for a reader of 18: %q", got) // it can not be told from a tag of one byte
	}
	compare(t, "18, beyond the end", say(t, decoder(t, old), framed(t, "00 01 03 02 04 01 02 03 04")), "01020304 ant 0", misfit("18"))
	compare(t, "no number of tags", say(t, d, framed(t, "00 01 01 01")), "inventory without a number of tags (is this a reader of form 18?): cut short")
	compare(t, "with TID", say(t, d, framed(t, "00 01 03 02 01 98 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 E2 80 11 05 20 00 01 02 03 04 05 06 4A")),
		"3154F4E4E4CE0A6A14000000 ant 2 tid E28011052000010203040506 4A")
	compare(t, "with phase", say(t, d, framed(t, "00 EE 00 01 44 31 54 F4 E4 4A 00 10 00 20")), "3154F4E4 ant 1 4A")
	compare(t, "an antenna that is none", say(t, d, framed(t, "00 EE 00 03 04 31 54 F4 E4 4A")), "3154F4E4 ant 0 4A antenna unclear")
	compare(t, "no EPC", say(t, d, framed(t, "00 EE 00 01 00 4A")), "tag without an EPC: cut short")
	compare(t, "an empty push", say(t, d, framed(t, "00 EE 00")), misfit("288"))
}

// The commands are those of the fact sheet, byte for byte.
func TestCommands(t *testing.T) {
	zero := func(o *Options) { o.Address = 0 }
	for _, c := range []struct {
		id, want string
		got      []byte
	}{
		{"C1", "04 FF 21 19 95", decoder(t, nil).plan.info.frame},
		{"C2", "04 00 01 DB 4B", decoder(t, func(o *Options) { o.Form, o.Address = "18", 0 }).plan.inventories[0]},
		{"C4", "09 00 01 04 FE 00 80 32 80 BE", decoder(t, func(o *Options) { o.Address, o.Session, o.Scan = 0, "auto", 50 }).plan.inventories[0]},
		{"C14", "05 00 76 01 EB D8", decoder(t, zero).plan.pushing.frame},
		{"C15", "05 00 76 00 62 C9", decoder(t, zero).plan.answering.frame},
		{"fast start, as an open client sends it", "05 00 50 00 81 BE", decoder(t, zero).plan.begin.frame},
		{"all of Europe", "06 00 22 4E 00", decoder(t, zero).plan.region.frame[:5]},
		{"some of Europe", "06 00 22 4B 03", decoder(t, func(o *Options) { o.Address, o.Channels = 0, []int{3, 11} }).plan.region.frame[:5]},
		{"all of the US", "06 00 22 31 80", decoder(t, func(o *Options) { o.Address, o.Region = 0, "us" }).plan.region.frame[:5]},
	} {
		if got := fmt.Sprintf("% X", c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", c.id, got, c.want)
		}
	}
	if got := crc([]byte("123456789")); got != 0x6F91 {
		t.Errorf("check value %04X", got)
	}
}

// All that is wrong with the options is named at once.
func TestMistakes(t *testing.T) {
	_, err := New(Options{Form: "19", Mode: "off", Region: "mars", Channels: []int{1}, Power: 40, Antennas: []int{5}, Q: 16, Session: "4", Target: "c", Rest: -1, Address: 256})
	for _, option := range []string{"form", "mode", "region", "channels", "power", "antennas", "q", "session", "target", "scan", "rest", "patience", "address"} {
		if err == nil || !strings.Contains(err.Error(), `option "`+option+`"`) {
			t.Errorf("%s is not named in %v", option, err)
		}
	}
	for name, change := range map[string]func(*Options){
		"realtime of form 18":  func(o *Options) { o.Form, o.Mode = "18", "realtime" },
		"antenna 2 of form 18": func(o *Options) { o.Form, o.Antennas = "18", []int{1, 2} },
		"channels turned":      func(o *Options) { o.Channels = []int{5, 2} },
		"no such channel":      func(o *Options) { o.Channels = []int{5, 15} },
		"an antenna twice":     func(o *Options) { o.Antennas = []int{1, 1} },
		"no antenna":           func(o *Options) { o.Antennas = nil },
	} {
		o := Defaults()
		o.Region = "eu"
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: is taken", name)
		}
	}
}
