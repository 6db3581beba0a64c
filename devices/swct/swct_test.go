package swct

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

// framed puts head, length and check around what a reader says.
func framed(t testing.TB, text string) string {
	b := bytesOf(t, text)
	n := len(b) + 1
	b = append([]byte{'C', 'T', byte(n >> 8), byte(n)}, b...)
	s := byte(0)
	for _, one := range b {
		s -= one
	}
	return fmt.Sprintf("%X", append(b, s))
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

func asked(o *Options) { o.Mode = "answer" }

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, r := range out.Reads {
		line := fmt.Sprintf("%X ant %d %02X %s", r.EPC, r.Antenna, r.RSSI, r.Note)
		if !r.Relative {
			line += " dBm"
		}
		all = append(all, strings.TrimSpace(line))
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

// Frames of the fact sheet by their ids, and the examples of the maker's text.
var sheet = map[string]string{
	"S1":           "53 57 00 03 FF 10 44",
	"S2":           "43 54 00 04 00 24 01 40",
	"S3":           "43 54 00 2C 00 45 01 C4 DD 93 8E 17 01 23 02 0F 01 02 E2 00 20 75 60 10 01 82 04 80 E0 64 33 0F 01 03 E3 00 20 75 60 10 01 82 04 80 E0 64 34 07",
	"who it is":    "43 54 00 0D 00 10 01 14 11 C3 DD 93 8E 17 01 23 2A",
	"in Korea":     "43 54 00 06 00 3E 01 29 9D 5E",
	"30 dBm":       "43 54 00 06 00 23 01 05 1E 1C",
	"stopped":      "43 54 00 04 00 40 01 24",
	"started":      "43 54 00 04 00 41 01 23",
	"antennas":     "43 54 00 06 00 E1 01 FF F2 90",
	"three tags":   "43 54 00 36 00 01 01 00 03 0F 01 02 E2 00 20 67 55 16 02 70 12 70 92 0F 49 0F 01 02 E2 00 20 75 60 10 01 86 25 10 16 A3 48 0F 01 02 E2 00 20 75 60 10 01 85 01 01 01 01 4D E4",
	"no tag":       "43 54 00 04 00 01 00 64",
	"it lives":     "43 54 00 0B 01 FF 01 23 01 02 03 04 05 06 25",
	"wrong length": "43 54 00 05 01 E0 01 82", // a misprint of the maker's: eight bytes that call themselves nine
}

var (
	two   = []string{"E2002075601001820480E064 ant 2 33", "E3002075601001820480E064 ant 3 34"}
	three = []string{"E2002067551602701270920F ant 2 49", "E200207560100186251016A3 ant 2 48", "E20020756010018501010101 ant 2 4D"}
)

const serial = "serial = C4DD938E170123"

// Frames mean what the fact sheet says, in one piece and byte by byte; what
// fits no frame is named, and costs nothing of what follows.
func TestFrames(t *testing.T) {
	broken := strings.Replace(sheet["S3"], "E2 00", "E2 01", 1)
	tooFar := "a tag goes on beyond the end of its frame, or has no EPC: cut short"
	for name, c := range map[string]struct {
		hex  string
		want []string
	}{
		"S2, late":             {sheet["S2"], nil},
		"S3":                   {sheet["S3"], append(slices.Clone(two), serial)},
		"S3 twice":             {sheet["S3"] + sheet["S3"], append(slices.Clone(two), two[0], two[1], serial)},
		"three tags":           {sheet["three tags"], slices.Clone(three)},
		"no tag":               {sheet["no tag"], nil},
		"it lives":             {sheet["it lives"], nil},
		"after noise":          {"43 00 43 54 00 01 43" + sheet["S3"], append(slices.Clone(two), serial, "7 bytes: noise")},
		"a flipped bit":        {broken + sheet["S3"], append(slices.Clone(two), serial, "frame of 48 bytes, check 07 and not 06: checksum")},
		"a wrong length":       {sheet["wrong length"] + sheet["S3"], append(slices.Clone(two), serial, "frame of 9 bytes, check 43 and not 00: checksum")},
		"a host's own command": {sheet["S1"] + sheet["S3"], append(slices.Clone(two), serial, "7 bytes: noise")},
		"it breaks off":        {sheet["S3"][:60], []string{"frame of which 20 bytes came: cut short"}},
		"a bad status":         {framed(t, "00 45 02"), []string{"the reader pushes status 02 in place of tags: device trouble"}},
		"too short for a push": {framed(t, "00 45 01 C4 DD"), []string{"push of 2 bytes: cut short"}},
		"no number of tags":    {framed(t, "00 01 01 00"), []string{"inventory without a number of tags: cut short"}},
		"an empty push":        {framed(t, "00 45 01 C4 DD 93 8E 17 01 23 00"), []string{serial}},
		"beyond its end":       {framed(t, "00 45 01 C4 DD 93 8E 17 01 23 01 0F 01 02 E2"), []string{serial, tooFar}},
		"no EPC":               {framed(t, "00 45 01 C4 DD 93 8E 17 01 23 01 03 01 02 E2"), []string{serial, tooFar}},
		"more than told":       {framed(t, "00 45 01 C4 DD 93 8E 17 01 23 00 0F"), []string{serial, "1 bytes behind the last tag of a frame: unexpected frame"}},
		"no such antenna":      {framed(t, "00 45 01 C4 DD 93 8E 17 01 23 01 05 01 11 31 54 40"), []string{"3154 ant 0 40 antenna unclear", serial}},
		"another's answer":     {framed(t, "00 2B 01 11 01 02 03 04 05"), []string{"answer to 2B, which nobody asked (does another program use the reader?): unexpected frame"}},
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
	compare(t, "another reader", say(t, one, sheet["S3"]), "frame of reader 0, this one is 3: unexpected frame")
	compare(t, "a wrong speed without a pause", say(t, decoder(t, nil), strings.Repeat("E0", 5000)), "4096 bytes: noise",
		"nothing but noise (is this a reader of the SW/CT family, and its speed right? 115200 is usual): noise")
}

// The commands are those of the fact sheet and of the maker's text, byte for byte.
func TestCommands(t *testing.T) {
	p := decoder(t, func(o *Options) { o.Mode, o.Region, o.Power = "answer", "us", 26 }).plan
	for want, got := range map[string]step{
		sheet["S1"]: p.info, "53 57 00 03 FF 40 14": p.stop, "53 57 00 03 FF 41 13": p.start, "53 57 00 03 FF 01 53": p.once,
		"53 57 00 03 FF 3E 16": p.band, "53 57 00 05 FF 3F 31 80 62": p.setBand, "53 57 00 04 FF 23 05 2B": p.power,
		"53 57 00 05 FF 24 05 1A 0F": p.setPower, "53 57 00 05 FF 24 02 00 2C": p.setMode, "53 57 00 03 FF E1 73": p.antennas,
	} {
		if got := fmt.Sprintf("% X", got.frame); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for name, want := range map[string]string{"eu": "865.1 to 867.9 MHz", "us": "902.75 to 927.25 MHz", "china": "920.25 to 924.75 MHz", "korea": "917.25 to 923.25 MHz"} {
		if got := regions[name].String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// All that is wrong with the options is named at once.
func TestMistakes(t *testing.T) {
	_, err := New(Options{Mode: "off", Region: "mars", Power: 40, Filter: 256, Rest: -1, Address: 256})
	for _, option := range []string{"mode", "region", "power", "filter", "rest", "patience", "address"} {
		if err == nil || !strings.Contains(err.Error(), `option "`+option+`"`) {
			t.Errorf("%s is not named in %v", option, err)
		}
	}
}
