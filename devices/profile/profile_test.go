package profile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
)

// Every profile that comes with Scanpost proves itself, and is named after
// what it is for.
func TestProfiles(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
		if err := p.Check(devices.NewDecoder); err != nil {
			t.Error(err)
		}
		if want := strings.ReplaceAll(strings.ToLower(p.Model+" "+p.Mode), " ", "-"); p.Name != want {
			t.Errorf("%s.toml is for %q in mode %q, so it should be %s.toml", p.Name, p.Model, p.Mode, want)
		}
		if p.Remark == "" {
			t.Errorf("%s has no remark for the bench", p.Name)
		}
		for _, e := range p.Examples {
			if len(e.Pieces) == 0 {
				t.Errorf("%s has an empty example", p.Name)
			}
		}
	}
	if !slices.Equal(names, profile.Names()) {
		t.Errorf("profiles %q, names %q", names, profile.Names())
	}
}

// What a profile says reaches its fields.
func TestLoad(t *testing.T) {
	p, err := profile.Load("honeywell-serial")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", p.Port), "{Type:serial Baud:115200 DataBits:8 Parity:none StopBits:1 USB:[0c2e:????] Usage:}"; got != want {
		t.Errorf("port %s want %s", got, want)
	}
	if string(p.Feedback.Good) != "\x16\x07\x0d" || p.Feedback.Bad != nil || p.Quiet != 100*time.Millisecond || len(p.Unconfirmed) != 4 || p.Decoder != "lines" {
		t.Errorf("got %+v", p)
	}
	if d, err := profile.Load("datalogic-serial"); err != nil || string(d.Feedback.Good) != "\x01" || string(d.Feedback.Bad) != "FE" {
		t.Errorf("datalogic feedback %+v %v", d.Feedback, err)
	}
}

// A device is recognised by its ids, in its mode only.
func TestFits(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	for device, want := range map[string]string{
		"serial 05e0:1701": "zebra-ds2208-cdc", "serial 0c2e:0b6a": "honeywell-serial", "hid 0c2e:0b6a": "generic-hid-keyboard",
		"serial 05f9:4204": "datalogic-serial", "hid 05f9:220c": "generic-hid-keyboard", "serial 0403:6001": "", "hid 05e0:1701": "",
	} {
		var kind string
		var vendor, product uint16
		if _, err := fmt.Sscanf(device, "%s %04x:%04x", &kind, &vendor, &product); err != nil {
			t.Fatal(err)
		}
		var fits []string
		for _, p := range all {
			if p.Fits(kind, vendor, product) {
				fits = append(fits, p.Name)
			}
		}
		if (want == "") != (len(fits) == 0) || want != "" && !slices.Contains(fits, want) {
			t.Errorf("%s: got %q, want %q among them", device, fits, want)
		}
	}
}

// Someone who mistypes a name is told the one that was meant, or all there are.
func TestLoadUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"zebra-ds2208-cd": `no profile "zebra-ds2208-cd" (did you mean zebra-ds2208-cdc?)`,
		"generic_serial":  `no profile "generic_serial" (did you mean generic-serial?)`,
		"../go.mod":       `no profile "../go.mod"; "scanpost devices profiles" lists those there are, or give the path of your own .toml file`,
	} {
		if _, err := profile.Load(name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v\nwant %s", name, err, want)
		}
	}
}

const good = `model = "Acme One"
decoder = "lines"
[port]
type = "serial"
[options]
end = "\r"
[[example]]
in = "123\r"
want = [{ code = "123" }]
`

func load(t *testing.T, text string) (*profile.Profile, error) {
	file := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return profile.LoadFile(file)
}

// A wrong profile says what is wrong, with the line, all at once: some of it
// when it is read, the rest when it proves itself.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		change []string // old, new
		want   string
	}{
		"an example that means something else": {[]string{`code = "123"`, `code = "124"`},
			"mine.toml:9: example 1: got [{ code = \"123\" }], want [{ code = \"124\" }]"},
		"an example that means nothing": {[]string{`in = "123\r"`, `in = "123"`, "want = [{ code = \"123\" }]\n", "want = []\n[[example]]\nin = '4'\nsilence = true\nwant = [{code = '4', note = 'unterminated'}]\n"},
			`mine.toml:7: all examples one after the other: got [{ code = "1234", note = "unterminated" }] [], want [{ code = "4", note = "unterminated" }] [] (does one need silence = true?)`},
		"a fault that nobody expects": {[]string{`end = "\r"`, `end = "\r"` + "\nmax = 2", `want = [{ code = "123" }]`, "want = []\nfaults = ['noise']"},
			"mine.toml:11: example 1: got faults [too long], want [noise]"},
		"options": {[]string{`end = "\r"`, "ende = 1\nend = 'abc'\nmax = 0\nnoread = 5"},
			"mine.toml:6: decoder lines: unknown option \"ende\" (did you mean \"end\"?); its options are ack, aim_id, code_id, end, gs, ignore, max, noread, prefix\n" +
				"mine.toml:9: decoder lines: \"noread\" must be a list, not the number 5"},
		"options that no line has": {[]string{`end = "\r"`, "end = 'abc'\nmax = 0"},
			"mine.toml:6: decoder lines: option \"end\" must be of one or two bytes, not \"abc\" (without it, silence ends a code)\n" +
				"mine.toml:7: decoder lines: option \"max\" must be from 1 to 65536, not 0"},
		"a decoder that is none": {[]string{`"lines"`, `"line"`}, `mine.toml:2: no decoder "line" (did you mean "lines"?); there are ` + strings.Join(devices.Decoders(), ", ")},
		"what is missing":        {[]string{`model = "Acme One"`, "", `type = "serial"`, "", `in = "123\r"`, ""}, "mine.toml:1: \"model\" is missing\nmine.toml:3: \"type\" is missing in [port]: \"serial\" or \"hid\"\nmine.toml:7: example 1 needs either in or hex"},
		"what is unknown": {[]string{`type = "serial"`, "type = 'usb'\nbaudrate = 1\nparity = 'no'\nusb = '5e0:1701'\nquiet = '0s'"},
			"mine.toml:4: \"type\" must be \"serial\" or \"hid\", not \"usb\"\nmine.toml:5: unknown key \"baudrate\" in [port] (did you mean \"baud\"?)\nmine.toml:6: \"parity\" must be one of none, odd, even, mark, space, not \"no\"\n" +
				"mine.toml:7: \"5e0:1701\" is not a USB id such as \"05e0:1701\" or \"05f9:42??\", in lower case\nmine.toml:8: \"quiet\" in [port]: \"0s\" must be more than nothing"},
		"signals": {[]string{"[options]", "[feedback]\ngood = '16 0'\nbad='00*65'\n[options]"},
			"mine.toml:6: \"0\" is not bytes in hex, such as \"16 07 0D\" or \"00*8\"\nmine.toml:7: a signal of 65 bytes would still be on its way when the next scan comes; at most 64"},
		"one signal for good and bad":   {[]string{"[options]", "[feedback]\ngood = '07'\nbad='07'\n[options]"}, "mine.toml:7: good and bad must not be the same signal: nobody could tell a saved scan from a lost one"},
		"a keyboard has no baud":        {[]string{`type = "serial"`, "type = 'hid'\nbaud = 9600", `in = "123\r"`, `in = "1"`}, "mine.toml:5: \"baud\" is for serial ports, and this one is hid\nmine.toml:9: reports are written as hex = \"…\", with / between them"},
		"without examples it is no one": {[]string{good[strings.Index(good, "[[example]]"):], ""}, "mine.toml:1: an [[example]] is missing: bytes from the device, and what they mean"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer(c.change...).Replace(good)
			p, err := load(t, text)
			if err == nil {
				err = p.Check(devices.NewDecoder)
			}
			if err == nil {
				t.Fatal("nothing found wrong")
			}
			got, want := strings.Split(hideDir(err.Error()), "\n"), strings.Split(c.want, "\n")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
	if p, err := load(t, good); err != nil || p.Check(devices.NewDecoder) != nil || p.Name != "mine" {
		t.Errorf("the good one: %+v %v", p, err)
	}
}

// hideDir leaves the file's own name of a path at each line's beginning.
func hideDir(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if at := strings.Index(line, "mine.toml:"); at > 0 {
			lines[i] = line[at:]
		}
	}
	return strings.Join(lines, "\n")
}
