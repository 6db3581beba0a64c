package cfprime

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

// framed puts header, address, length and CRC around what a reader says: the low
// byte of the command, status and data.
func framed(t testing.TB, text string) string {
	b := bytesOf(t, text)
	b = append([]byte{header, 0, 0, b[0], byte(len(b) - 1)}, b[1:]...)
	c := crc(b)
	return fmt.Sprintf("%X", append(b, byte(c>>8), byte(c)))
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	o := Defaults()
	o.Region = "us"
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
		line := fmt.Sprintf("%X ant %d", r.EPC, r.Antenna)
		if r.HasRSSI {
			line += fmt.Sprintf(" %d dBm", r.RSSI)
		}
		all = append(all, strings.TrimSpace(line+" "+r.Note))
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

// Frames of the fact sheet by their ids, frames that others have published, and
// tags: of these the layout is published, and the CRC made here.
var sheet = map[string]string{
	"P1":          "CF FF 00 02 00 E7 61",
	"P2":          "CF 00 00 02 01 00 9E EA",
	"settings":    "CF 00 00 72 1A 00 00 00 01 80 04 00 01 01 03 86 02 EE 01 F4 31 21 01 04 00 00 0C 00 03 01 05 2C 68",
	"no tag":      "CF 00 00 01 01 12 42 1D",
	"power taken": "CF 00 00 53 01 00 47 D5",
	"another's":   "CF 01 00 50 01 00 A3 F5",
	"-32 dBm":     "CF 00 00 01 12 00 FE C0 01 00 0C E2 80 11 60 60 00 02 09 4C 4C 8B 1A 1A 5B",
	"-52 dBm":     "CF 00 00 01 12 00 FD F8 02 00 0C 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 A8 D5",
	"eight bytes": "CF 00 00 01 0E 00 FD B2 01 00 08 30 39 60 63 03 C7 43 80 7D 17",
}

var (
	first  = "E2801160600002094C4C8B1A ant 1 -32 dBm"
	second = "3154F4E4E4CE0A6A14000000 ant 2 -52 dBm"
)

// Frames mean what the fact sheet and those who published them say, in one piece
// and byte by byte; what fits no frame is named, and costs nothing of what follows.
func TestFrames(t *testing.T) {
	broken := strings.Replace(sheet["-32 dBm"], "60 60", "60 61", 1)
	beyond := "a tag goes on beyond the end of its frame, or has no EPC: cut short"
	for name, c := range map[string]struct {
		hex  string
		want []string
	}{
		"P2, late":        {sheet["P2"], nil},
		"a tag":           {sheet["-32 dBm"], []string{first}},
		"three":           {sheet["-32 dBm"] + sheet["-52 dBm"] + sheet["-32 dBm"], []string{first, second, first}},
		"a short EPC":     {sheet["eight bytes"], []string{"3039606303C74380 ant 1 -59 dBm"}},
		"none":            {sheet["no tag"], nil},
		"the ack of TCP":  {"00 00" + sheet["-52 dBm"], []string{second, "2 bytes: noise"}},
		"after noise":     {"CF 00 00 01 00 CF 11" + sheet["-52 dBm"], []string{second, "7 bytes: noise"}},
		"a flipped bit":   {broken + sheet["-52 dBm"], []string{second, "frame of 25 bytes, CRC 1A5B and not 9BE4: checksum"}},
		"a host's own":    {sheet["P1"] + sheet["-52 dBm"], []string{second, "7 bytes: noise"}},
		"it breaks off":   {sheet["-52 dBm"][:30], []string{"frame of which 10 bytes came: cut short"}},
		"no strength":     {framed(t, "01 00 00 00 01 00 02 31 54"), []string{"3154 ant 1"}},
		"no such antenna": {framed(t, "01 00 FE C0 40 00 02 31 54"), []string{"3154 ant 0 -32 dBm antenna unclear"}},
		"-0.4 is 0":       {framed(t, "01 00 FF FC 01 00 02 31 54"), []string{"3154 ant 1 0 dBm"}},
		"beyond its end":  {framed(t, "01 00 FE C0 01 00 04 31 54"), []string{beyond}},
		"no EPC":          {framed(t, "01 00 FE C0 01 00 00 31 54"), []string{beyond}},
		"more than told":  {framed(t, "01 00 FE C0 01 00 02 31 54 00"), []string{"3154 ant 1 -32 dBm", "1 bytes behind the tag of a frame: unexpected frame"}},
		"a tag's trouble": {framed(t, "01 15"), nil},
		"another's":       {sheet["another's"], []string{"answer to 50, which nobody asked (does another program use the reader?): unexpected frame"}},
	} {
		d := decoder(t, nil)
		compare(t, name, append(say(t, d, c.hex), silence(d)...), c.want...)
		single := decoder(t, nil)
		var got []string
		for _, b := range bytesOf(t, c.hex) {
			got = append(got, say(t, single, fmt.Sprintf("%02X", b))...)
		}
		got = append(got, silence(single)...)
		slices.Sort(got)
		slices.Sort(c.want) // of one call, tags come before faults
		compare(t, name+", byte by byte", got, c.want...)
	}
	one := decoder(t, func(o *Options) { o.Address = 3 })
	compare(t, "another reader", say(t, one, sheet["-32 dBm"]), "frame of reader 0, this one is 3: unexpected frame")
	compare(t, "a wrong speed without a pause", say(t, decoder(t, nil), strings.Repeat("E0", 5000)), "4096 bytes: noise",
		"nothing but noise (is this a reader with Chafon's UHF Prime protocol, and its speed right? 115200 is usual): noise")
}

// The commands are those of the fact sheet and of others' clients, byte for byte.
func TestCommands(t *testing.T) {
	p := decoder(t, func(o *Options) { o.Power = 26 }).plan
	for want, got := range map[string]step{
		sheet["P1"]: p.stop, "CF FF 00 70 00 24 15": p.about, "CF FF 00 72 00 17 A5": p.settings,
		"CF FF 00 53 02 1A 00 FB C8": p.setPower, "CF FF 00 01 05 00 00 00 00 00 F5 B5": p.start,
	} {
		if got := fmt.Sprintf("% X", got.frame); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := crc([]byte("123456789")); got != 0x6F91 {
		t.Errorf("check value %04X", got)
	}
}

// All that is wrong with the options is named at once.
func TestMistakes(t *testing.T) {
	_, err := New(Options{Region: "mars", Address: 256})
	for _, option := range []string{"region", "power", "patience", "address"} {
		if err == nil || !strings.Contains(err.Error(), `option "`+option+`"`) {
			t.Errorf("%s is not named in %v", option, err)
		}
	}
}
