package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/lf"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan/pass"
)

// heardField is a field whose reader, "portal" with antenna 1 at label and 2 at
// load, has heard so many tags for a second.
func heardField(t *testing.T, w *watching, tags int) (*tagField, time.Time) {
	t.Helper()
	f := newField(t, w, func(time.Time, string, string) {})
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	for range 10 {
		at = at.Add(100 * time.Millisecond)
		var reads []wire.Read
		for i := range tags {
			reads = append(reads, readOf(fmt.Sprintf("3114257BF4%08X000000", 0x40000000+i), 1+i%2, -50))
		}
		f.readers[0].heard(reads, at)
	}
	return f, at
}

func newField(t *testing.T, w *watching, say func(time.Time, string, string)) *tagField {
	t.Helper()
	p, err := profile.Load("generic-llrp")
	if err != nil {
		t.Fatal(err)
	}
	w.devices = []watched{{&devices.Device{Name: "portal", Checkpoint: "label", Profile: p}, true, map[int]string{2: "load"}, []string{"label", "load"}}}
	if w.portals == nil {
		w.portals = []pass.Portal{{Name: "label"}, {Name: "load"}}
	}
	f, err := newTagField(w, time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC), say)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readOf(epc string, antenna, rssi int) wire.Read {
	b, err := hex.DecodeString(epc)
	if err != nil {
		panic(err)
	}
	return wire.Read{EPC: b, Antenna: antenna, RSSI: rssi, HasRSSI: true, Count: 1}
}

// What becomes of a tag is told in one line each: what it is, what the pass
// rests on, why it is none, and what a station would make of it.
func TestWatchEvents(t *testing.T) {
	var lines []string
	w := &watching{foreign: map[string]string{"load": "record"}, ours: []string{"0614141"}, portals: []pass.Portal{{Name: "label", Line: [2]int{1, 3}}, {Name: "load"}}}
	f := newField(t, w, func(at time.Time, who, text string) { lines = append(lines, strings.TrimSpace(who+" "+text)) })
	r := f.readers[0]
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	r.began(at)
	now := func(ms int) time.Time { return at.Add(time.Duration(ms) * time.Millisecond) }
	const ours, foreign, raw = "3114257BF4499602D2000000", "3154F4E4E4CE0A6A14000000", "E2806894000040012345ABCD"
	hear := func(ms int, reads ...wire.Read) { r.heard(reads, now(ms)) }
	at = at.Add(time.Minute)
	for ms := 0; ms < 1000; ms += 50 { // from antenna 1 to antenna 3, which is stronger at the end
		hear(ms, readOf(ours, 1, -45-ms/50), readOf(ours, 3, -65+ms/50))
	}
	hear(3000, readOf(foreign, 1, -50), readOf(foreign, 1, -50), readOf(foreign, 1, -50))
	hear(3000, readOf(raw, 2, -50), readOf(raw, 2, -50), readOf(raw, 2, -50))
	hear(3000, readOf("000000000000000000000000", 2, -50), readOf("000000000000000000000000", 2, -50), readOf("000000000000000000000000", 2, -50))
	hear(3000, readOf("300000000000000000000001", 1, -80))
	f.sweep(now(20_000))
	for ms := 20_000; ms < 32_000; ms += 100 {
		hear(ms, readOf(ours, 2, -52))
	}
	f.end(now(32_000))
	want := []string{
		"confirmed sscc:106141412345678908 at label: 3 reads in 0.05 s, best -45 dBm, antenna 1",
		"confirmed sscc:340123454567890128 at label: 3 reads, best -50 dBm, antenna 1; a station ignores it: its company prefix is none of the site's",
		"confirmed EPC E2806894000040012345ABCD at load: 3 reads, best -50 dBm, antenna 2",
		"passed sscc:106141412345678908 at label: 40 reads in 0.95 s, best -45 dBm, antenna 1, forward",
		"passed sscc:340123454567890128 at label: 3 reads, best -50 dBm, antenna 1; a station ignores it: its company prefix is none of the site's",
		"passed EPC E2806894000040012345ABCD at load: 3 reads, best -50 dBm, antenna 2",
		"confirmed EPC 000000000000000000000000 at load: 3 reads, best -50 dBm, antenna 2; a station ignores it: it names nothing",
		"passed EPC 000000000000000000000000 at load: 3 reads, best -50 dBm, antenna 2; a station ignores it: it names nothing",
		"strays at label: few 1",
		"confirmed sscc:106141412345678908 at load: 3 reads in 0.20 s, best -52 dBm, antenna 2",
		"parked sscc:106141412345678908 at load: 100 reads in 9.90 s, best -52 dBm, antenna 2",
	}
	slices.Sort(lines)
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// The table says of each tag how it is heard and what keeps it from being a
// pass, of each antenna how much it hears, and of each reader what it tells;
// tags that are gone leave it.
func TestWatchTable(t *testing.T) {
	w := &watching{}
	f := newField(t, w, func(time.Time, string, string) {})
	r := f.readers[0]
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	r.state(true, "")
	r.known(devices.Inventory{Model: "Speedway\x1b[31m", Firmware: "1.0"})
	r.told([]wire.Fact{{Name: "temperature", Value: "41 °C"}, {Name: "antenna 10", Value: "gone"}, {Name: "antenna 3", Value: "ok"}, {Name: "antenna 2", Value: "ok"}, {Name: "antennas", Value: "4"}, {Name: "country", Value: "276"}}, at)
	card := readOf("3C00CE754C", 1, -40)
	card.Note = lf.Note
	loose := readOf("3114257BF4499602D3000000", 1, 90)
	loose.Relative = true
	for i := range 10 {
		at = at.Add(100 * time.Millisecond)
		r.heard([]wire.Read{readOf("3114257BF4499602D2000000", 1, -50-i), readOf("3114257BF4499602D2000000", 2, -61), card, loose}, at)
	}
	r.heard([]wire.Read{readOf("3114257BF4499602D4000000", 1, -70)}, at)
	got := f.table(at)
	want := `
READER  READS/S  READS  MODEL                  TEMPERATURE  ANTENNAS                TROUBLE
portal  46       41     Speedway�[31m 1.0      41 °C        4 ports; 2, 3 ok; 10 gone   -

PORTAL  ANTENNA  READS/S  TAGS  PASSED  PARKED  THRESHOLD  STRAYS
label   all      34       4     0       0       -65 dBm    -
        1        34       4
load    all      11       1     0       0       -65 dBm    -
        2        11       1

TAG                           PORTAL  STATE                      LAST  BEST  ANTENNA  READS  READS/S  BEST OF EACH ANTENNA
sscc:106141412345678908       label   passing                     -59   -50   1        10     11       -
sscc:106141412345678915       label   passing                     90    90    1        10     11       -
code:3C00CE754C (0013530444)  label   passing                     -40   -40   1        10     11       -
sscc:106141412345678908       load    passing, stronger at label  -61   -61   2        10     11       -
sscc:106141412345678922       label   candidate, weak             -70   -70   1        1      2        -
`
	if squeeze(got) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	f.sweep(at.Add(time.Minute))
	if got := f.table(at.Add(time.Minute)); !strings.HasSuffix(got, "\n\nNo tag is heard.\n") || !strings.Contains(got, "few 1") {
		t.Errorf("after a minute\n%s", got)
	}
	if len(f.tags) != 0 {
		t.Errorf("%d tags are remembered", len(f.tags))
	}
}

// What a reader says of itself is one line, and no command to the terminal.
func TestWatchLines(t *testing.T) {
	var out strings.Builder
	lines := &watchLines{out: &out}
	f := newField(t, &watching{}, func(at time.Time, who, text string) { lines.say(at, "  "+who, " ", text) })
	f.readers[0].told([]wire.Fact{{Name: "temperature", Value: "hot\x1b]0;x\x07\r\n10:15:00 passed\u202e\u009b2J"}}, time.Date(2026, 11, 21, 10, 15, 0, 0, time.Local))
	if want := "10:15:00.000  portal     temperature: hot\ufffd]0;x\ufffd\ufffd 10:15:00 passed\ufffd\ufffd2J\n"; out.String() != want {
		t.Errorf("got %q\nwant %q", out.String(), want)
	}
}

// A portal with a gate takes no pass while it is closed; the table and a line
// say how it is, and that nobody knows any more when its reader goes.
func TestWatchGate(t *testing.T) {
	var lines []string
	w := &watching{portals: []pass.Portal{{Name: "label", Gate: true, Line: [2]int{1, 3}}, {Name: "load"}}, gates: []gateInput{{"label", "portal", "gpi 1", "off"}}}
	f := newField(t, w, func(at time.Time, who, text string) { lines = append(lines, strings.TrimSpace(who+" "+text)) })
	r := f.readers[0]
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	f.hall.Sweep(at)
	hear := func(epc string) {
		for range 5 {
			at = at.Add(100 * time.Millisecond)
			r.heard([]wire.Read{readOf(epc, 1, -50)}, at)
		}
	}
	input := func(value string) { r.told([]wire.Fact{{Name: "gpi 1", Value: value}}, at) }
	gate := func(want string) {
		t.Helper()
		if got := f.table(at); !strings.Contains(squeeze(got), "-65 dBm gate "+want) {
			t.Errorf("want gate %s in\n%s", want, got)
		}
	}
	gate("not known")
	hear("3114257BF4499602D4000000") // so it is taken
	at = at.Add(time.Minute)
	f.sweep(at)
	input("on")
	gate("closed")
	hear("3114257BF4499602D2000000") // too early
	at = at.Add(time.Minute)
	f.sweep(at)
	input("off")
	gate("open")
	hear("3114257BF4499602D3000000")
	input("on")
	at = at.Add(time.Minute)
	f.sweep(at)
	r.state(false, "unplugged")
	gate("not known")
	want := []string{
		"confirmed sscc:106141412345678922 at label: 3 reads in 0.20 s, best -50 dBm, antenna 1", "passed sscc:106141412345678922 at label: 5 reads in 0.40 s, best -50 dBm, antenna 1",
		"portal gpi 1: on", "strays at label: shut 1", "portal gpi 1: off",
		"confirmed sscc:106141412345678915 at label: 3 reads in 0.20 s, best -50 dBm, antenna 1", "portal gpi 1: on",
		"passed sscc:106141412345678915 at label: 5 reads in 0.40 s, best -50 dBm, antenna 1",
		"gate closed at label: 1 passed",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// An option of --set is read as TOML would have it, and as text where the option
// is one; what the profile needs and is not set is named with its values.
func TestSetOptions(t *testing.T) {
	for _, c := range []struct {
		profile string
		flags   []string
		want    string // options, or the mistake
	}{
		{"thingmagic-nano-serial", []string{"region=eu3", "power=20", "antennas=[1, 2]"}, ` (antennas = [1, 2], power = 20, region = "eu3", session = 0)`},
		{"thingmagic-nano-serial", []string{` region = "eu3" `}, ` (antennas = [1], region = "eu3", session = 0)`},
		{"chafon-uhfreader288-serial", []string{"region=eu", "session=1"}, ` (antennas = [1], form = "288", mode = "answer", region = "eu", session = "1")`},
		{"m100-serial", nil, `profile m100-serial needs "region", which nobody may guess: add --set region=…, one of cn, cn800, eu, kr, us`},
		{"m100-serial", []string{"region=eu", "power"}, `--set power: write an option of the profile and its value, such as --set power=20`},
		{"m100-serial", []string{"region=eu\ny = 3"}, "--set: decoder m100: option \"region\" must be one of cn, cn800, eu, kr, us, not \"eu\\ny = 3\""},
	} {
		p, err := profile.Load(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if with, err := withOptions(p, c.flags); err != nil {
			got = err.Error()
		} else {
			got = optionText(with.Options)
		}
		if got != c.want {
			t.Errorf("%s %q: got\n%s\nwant\n%s", c.profile, c.flags, got, c.want)
		}
	}
}

// squeeze makes one space of several.
func squeeze(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// A rate is that of the last one and a half to two seconds, and of what there is
// while there is less.
func TestPace(t *testing.T) {
	var p pace
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	var got []string
	for i := range 40 { // 100 a second for two seconds, then nothing
		if i < 20 {
			p.add(at, 10)
		}
		at = at.Add(100 * time.Millisecond)
		if i%5 == 4 {
			got = append(got, fmt.Sprintf("%.0f", p.perSecond(at)))
		}
	}
	if want := strings.Fields("100 100 100 100 67 33 0 0"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	p.add(at.Add(-time.Hour), 7) // the clock is put back
	if got := p.perSecond(at.Add(-time.Hour)); got != 14 {
		t.Errorf("after the clock was put back: %v", got)
	}
}
