package strict_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices/strict"
)

type station struct {
	Station struct {
		Site string
		Name string
		Keep strict.Duration
		Idle strict.Span
	}
	Device  []device
	Journey []struct {
		Name  string
		Steps []struct {
			At     string
			Within strict.Duration
		}
	}
	Limits map[string]int
}

type device struct {
	Name, Port string
	Baud       int
	Retries    uint8
	Gain       float64
	On         *bool
	End        []string `toml:"end,one"`
	Options    map[string]any
	Inner      string `toml:"-"`
}

// A whole file arrives in its fields, and what it does not say stays as it was.
func TestDecode(t *testing.T) {
	var got station
	got.Station.Name = "default"
	err := strict.Decode("station.toml", []byte("\xef\xbb\xbf"+`
[station]
site = "ham1"
keep = "36h"
idle = "0s"
[limits]
a = 1
[[device]]
port = "serial:/dev/ttyS1"
retries = 3
gain = 2
on = false
end = "\r"
options.max = 10
[[device]]
end = ["\r\n", "\r"]
[[journey]]
name = "outbound"
steps = [ { at = "pack" }, { at = "label", within = "30m" } ]
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Station.Site != "ham1" || got.Station.Name != "default" || got.Station.Keep.D() != 36*time.Hour || got.Station.Idle != 0 {
		t.Errorf("station %+v", got.Station)
	}
	one, two := got.Device[0], got.Device[1]
	if one.Retries != 3 || one.Gain != 2 || one.On == nil || *one.On || !slices.Equal(one.End, []string{"\r"}) || one.Options["max"] != int64(10) {
		t.Errorf("first device %+v", one)
	}
	if two.On != nil || !slices.Equal(two.End, []string{"\r\n", "\r"}) {
		t.Errorf("second device %+v", two)
	}
	if got.Limits["a"] != 1 || got.Journey[0].Steps[1].Within.D() != 30*time.Minute {
		t.Errorf("rest %+v", got)
	}
}

// Every mistake is one line with file, line and key, all of them at once.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"unknown keys name their table and what was meant": {
			"[station]\nsitee = 'x'\n[[device]]\n[[device]]\nprot = 'x'\nwhatever = 1\n[brocker]\nlisten = 'x'\n",
			[]string{
				`s.toml:2: unknown key "sitee" in [station] (did you mean "site"?)`,
				`s.toml:5: unknown key "prot" in [[device]] 2 (did you mean "port"?)`,
				`s.toml:6: unknown key "whatever" in [[device]] 2`,
				`s.toml:7: unknown key "brocker"`,
			}},
		"wrong types say what is wanted and what is there": {
			"station = 1\n[[device]]\nname = 5\nbaud = '9600'\nretries = 300\non = 'yes'\ngain = 'x'\nend = [1]\noptions = []\n[[device]]\nretries = -1\nbaud=1.5\n",
			[]string{
				`s.toml:1: "station" must be a table, not the number 1`,
				`s.toml:3: "name" in [[device]] 1 must be text, not the number 5`,
				`s.toml:4: "baud" in [[device]] 1 must be a whole number, not text`,
				`s.toml:5: "retries" in [[device]] 1 is too large: 300`,
				`s.toml:6: "on" in [[device]] 1 must be true or false, not text`,
				`s.toml:7: "gain" in [[device]] 1 must be a number, not text`,
				`s.toml:8: "end" number 1 in [[device]] 1 must be text, not the number 1`,
				`s.toml:9: "options" in [[device]] 1 must be a table, not a list`,
				`s.toml:11: "retries" in [[device]] 2 must not be negative, and -1 is`,
				`s.toml:12: "baud" in [[device]] 2 must be a whole number, not the number 1.5`,
			}},
		"time spans are text and more than nothing": {
			"[station]\nkeep = 30\nidle = '-1s'\n[[journey]]\nsteps = [\n  { at = 'a', within = '0s' },\n  { within = '3 days', witin = '1s' },\n]\n",
			[]string{
				`s.toml:2: "keep" in [station] must be a time span such as "30s", not the number 30`,
				`s.toml:3: "idle" in [station]: "-1s" must not be negative`,
				`s.toml:6: "within" in [journey 1.steps 1]: "0s" must be more than nothing`,
				`s.toml:7: "within" in [journey 1.steps 2]: "3 days" is not a time span such as "30s", "5m" or "4h"`,
				`s.toml:7: unknown key "witin" in [journey 1.steps 2] (did you mean "within"?)`,
			}},
		"mistakes of syntax on their own lines do not hide the others": {
			"[station]\nsite = ham1\nname = \"x\nname = 'y'\nname = 'z'\nkeep = 30\n",
			[]string{
				`s.toml:2: unexpected character U+0068 'h' at start of value (text is written in quotes)`,
				`s.toml:3: basic strings cannot have new lines`,
				`s.toml:5: key name is already defined`,
				`s.toml:6: "keep" in [station] must be a time span such as "30s", not the number 30`,
			}},
		"a table that does not close stops the reading": {
			"wrong = 1\n[station\nsite = 1\n", []string{`s.toml:2: expected ']' to close table name`}},
		"a list that does not close stops the reading": {
			"limits = [\n[station]\nsite = 1\n", []string{`s.toml:2: unexpected character U+0073 's' at start of value (text is written in quotes)`}},
		"a table twice": {"[station]\n[station]\n", []string{`s.toml:2: table station already exists`}},
		"dates":         {"[station]\nsite = 2026-01-02\n", []string{`s.toml:2: "site" in [station] must be text, not a date`}},
	} {
		t.Run(name, func(t *testing.T) {
			var s station
			err := strict.Decode("s.toml", []byte(c.file), &s)
			if err == nil {
				t.Fatal("no mistake found")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// A caller's own mistakes carry the line of the key, or of the table that lacks it.
func TestAt(t *testing.T) {
	doc := strict.Parse("s.toml", []byte("# head\n[station]\nsite = 5\n\n[[device]]\nname = 'a'\n[[device]]\nname = 'b'\n[[journey]]\nsteps = [\n { at = 'x' },\n { at = 'y' } ]\n"))
	var s station
	doc.Into(&s)
	doc.At("device", 1, "name").Mistake("device %q is there already", "b")
	doc.At("device", 0, "port").Mistake("device %q needs a port", "a")
	doc.At("device", 0, "port").Mistake("device %q needs a port", "a")
	doc.At("station", "site").Mistake("the site needs a name") // it has one, of the wrong type
	doc.At("mqtt", "url").Mistake("no broker")
	doc.At("journey", 0, "steps", 1, "at").Mistake("nobody serves %q", "y")
	want := `s.toml:1: no broker
s.toml:3: "site" in [station] must be text, not the number 5
s.toml:5: device "a" needs a port
s.toml:8: device "b" is there already
s.toml:12: nobody serves "y"`
	if err := doc.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if doc.At("device", 2).Set() || !doc.At("device", 1, "name").Set() || doc.At("device", 1, "name").Line() != 8 {
		t.Error("Set and Line do not know the document")
	}
	var mistake *strict.Mistake
	if !errors.As(doc.Err(), &mistake) || mistake.Line != 1 {
		t.Errorf("first mistake %+v", mistake)
	}
}

// When a line could not be read, its key is not missed as well; when the file
// could not be read, nothing in it is.
func TestNoFollowingMistakes(t *testing.T) {
	for _, file := range []string{"[station]\nname = x y\n", "[station\nname = 'a'\n", "a = [\n[station]\nname = 'a'\n", "station = 5\n"} {
		doc := strict.Parse("s.toml", []byte(file))
		var s station
		doc.Into(&s)
		before := doc.Err().Error()
		doc.At("station", "name").Mistake("the station needs a name")
		if after := doc.Err().Error(); after != before || strings.Contains(after, "\n") {
			t.Errorf("%q: %s\nthen %s", file, before, after)
		}
	}
}

// Values read earlier are held to the same rules, without lines.
func TestTable(t *testing.T) {
	var d device
	err := strict.Table("option", map[string]any{"baud": int64(1), "nam": "x", "end": int64(2)}, &d)
	if err == nil || d.Baud != 1 {
		t.Fatal(err, d)
	}
	got := strings.Split(err.Error(), "\n")
	slices.Sort(got)
	if want := []string{`"end" must be a list, not the number 2`, `unknown option "nam" (did you mean "name"?)`}; !slices.Equal(got, want) {
		t.Errorf("got %q want %q", got, want)
	}
}

// Near words come nearest first, and strange ones not at all.
func TestNear(t *testing.T) {
	known := []string{"zebra-ds2208-cdc", "honeywell-serial", "generic-serial"}
	for word, want := range map[string][]string{
		"zebra-ds2208":    {"zebra-ds2208-cdc"},
		"honeywel-serial": {"honeywell-serial"},
		"generic_serial":  {"generic-serial"},
		"x":               {}, "": {},
	} {
		if got := strict.Near(word, known); !slices.Equal(got, want) {
			t.Errorf("%q: got %q want %q", word, got, want)
		}
	}
}

// Whatever a file holds, reading ends, and every mistake names a line in it.
func FuzzParse(f *testing.F) {
	f.Add("[station]\nsite = 'x'\n[[device]]\nend = [1, {a=2}]\n")
	f.Add("a.b.c = 1\n[a]\nb = 'x\n[[a]]\n{")
	f.Add("steps = [\n{a=1},\n2s ]\nx = \"\"\"\n\n\"\"\"\n")
	f.Fuzz(func(t *testing.T, file string) {
		doc := strict.Parse("f", []byte(file))
		var s station
		doc.Into(&s)
		doc.At("device", 0, "port").Mistake("no port")
		var all strict.Mistakes
		if errors.As(doc.Err(), &all) {
			for _, m := range all {
				if m.Line < 0 || m.Line > strings.Count(file, "\n")+1 {
					t.Errorf("line %d of %q: %v", m.Line, file, m)
				}
			}
		}
	})
}
