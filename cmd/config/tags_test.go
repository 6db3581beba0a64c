package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan/pass"
)

// dock is a station with a portal reader, a bench reader and a scanner; tests
// put more below it.
const dock = `[station]
site = "ham1"
name = "dock-01"
checkpoint = "label"
[[device]]
name = "portal"
profile = "impinj-speedway-r420-llrp"
port = "tcp:10.0.0.7:5084"
antennas = { 1 = "label", 2 = "load", 3 = "load" }
[[device]]
name = "bench"
profile = "thingmagic-nano-serial"
port = "serial:/dev/ttyS1"
options = { region = "eu3" }
[[device]]
name = "hand"
profile = "zebra-ds2208-cdc"
port = "usb:05e0:1701"
`

// What is wrong with a tag reader or a portal is said with its line, and with
// what to write instead; one mistake brings no others with it.
func TestTagMistakesSayWhatToWrite(t *testing.T) {
	bench := func(line string) string {
		return strings.Replace(dock, `options = { region = "eu3" }`, line, 1)
	}
	antennas := func(table string) string {
		return strings.Replace(dock, `{ 1 = "label", 2 = "load", 3 = "load" }`, table, 1)
	}
	portal := func(lines string) string { return dock + "[[portal]]\nat = \"load\"\n" + lines + "\n" }
	for name, c := range map[string]struct{ text, want string }{
		"no region": {bench(""),
			`station.toml:10: "options" in [[device]]: thingmagic-nano-serial needs "region", which nobody may guess; write for example options = { region = … } (scanpost devices show thingmagic-nano-serial)`},
		"a region that is none":            {bench(`options = { region = "mars" }`), `station.toml:14: "region" in [[device]]: decoder mercury: option "region" must be one of ar, au,`},
		"an option that is none":           {bench(`options = { region = "eu3", regoin = "x" }`), `station.toml:14: "regoin" in [[device]]: decoder mercury: unknown option "regoin" (did you mean "region"?)`},
		"an option of the wrong kind":      {bench(`options = { region = "eu3", antennas = "1" }`), `station.toml:14: "antennas" in [[device]]: decoder mercury: `},
		"options that are no table":        {bench(`options = "eu3"`), `station.toml:14: "options" in [[device]] 2 must be a table, not text`},
		"an antenna by name":               {antennas(`{ left = "label" }`), `station.toml:9: "left" in [[device]]: "left" is no antenna; they are numbered from 1, such as antennas = { 1 = "label", 2 = "load" }`},
		"antenna 0":                        {antennas(`{ 0 = "label" }`), `"0" is no antenna`},
		"an antenna twice":                 {antennas(`{ 1 = "label", 01 = "load" }`), `"01" is no antenna`},
		"an antenna that stands nowhere":   {antennas(`{ 1 = "" }`), `station.toml:9: "1" in [[device]]: is missing; write the checkpoint where the antenna stands`},
		"an antenna at a place with blank": {antennas(`{ 1 = "dock 2" }`), `station.toml:9: "1" in [[device]]: "dock 2" is not a name`},
		"antennas of a barcode scanner": {dock + `antennas = { 1 = "label" }` + "\n",
			`station.toml:19: "antennas" in [[device]]: zebra-ds2208-cdc reads no radio tags, so it has no antennas; write where it stands as checkpoint`},
		"a portal without a place": {dock + "[[portal]]\ngap = \"1s\"\n", `station.toml:19: "at" in [[portal]]: is missing; write the checkpoint where the antennas stand`},
		"a portal where nobody stands": {strings.Replace(portal(""), `at = "load"`, `at = "laod"`, 1),
			`station.toml:20: "at" in [[portal]]: no tag reader stands at "laod", but at label, load; write one of these, or the checkpoint of a device or an antenna`},
		"a portal without a reader": {station + "[[portal]]\nat = \"pack\"\n",
			`station.toml:10: "at" in [[portal]]: no device of this machine reads radio tags; add a [[device]] for the reader, or take the portal out`},
		"two portals at one place":      {portal("[[portal]]\nat = \"load\""), `station.toml:22: "at" in [[portal]]: "load" is already used in line 20; write another name`},
		"an unknown key":                {portal("treshold = -60"), `station.toml:21: unknown key "treshold" in [[portal]] 1 (did you mean "threshold"?)`},
		"a gap without unit":            {portal(`gap = "1"`), `station.toml:21: "gap" in [[portal]]`},
		"a gap of nothing":              {portal(`gap = "0s"`), `station.toml:21: "gap" in [[portal]]`},
		"a dwell as short as a gap":     {portal(`dwell = "2s"`), `station.toml:21: "dwell" in [[portal]]: 2s is not longer than the longest silence within a pass, 2s, so every tag would be parked; write a longer one, such as "10s"`},
		"a gap as long as the dwell":    {portal(`gap = "12s"`), `station.toml:21: "gap" in [[portal]]: 12s is not shorter than dwell (10s unless written), so every tag would be parked; write a shorter one, or a longer dwell`},
		"a rearm of days":               {portal(`rearm = "48h"`), `station.toml:21: "rearm" in [[portal]]: 48h0m0s is longer than a day, and a tag is not remembered for longer`},
		"a threshold above zero":        {portal(`threshold = 65`), `station.toml:21: "threshold" in [[portal]]: must be from -120 to -1 dBm, not 65`},
		"no reads":                      {portal(`reads = 0`), `station.toml:21: "reads" in [[portal]]: must be from 1 to 1000, not 0`},
		"three reads of one answer":     {portal("single_target = true\nreads = 3"), `station.toml:22: "reads" in [[portal]]: with single_target a tag answers once and would never come to 3; take one of the two out`},
		"a line of one":                 {portal(`line = [1]`), `station.toml:21: "line" in [[portal]]: must be two antennas in the order of travel, such as [1, 2]`},
		"a line on the spot":            {portal(`line = [2, 2]`), `must be two antennas in the order of travel`},
		"a foreign rule that is none":   {portal(`foreign = "yes"`), `station.toml:21: "foreign" in [[portal]]: says what becomes of tags that are not GS1's: "ignore" or "record", not "yes"`},
		"a prefix with a hyphen":        {portal(`prefixes = ["4012345", "40-12345"]`), `station.toml:21: "prefixes" in [[portal]]: "40-12345" is no GS1 company prefix, which has 4 to 12 digits`},
		"a gate that is a word":         {portal(`gate = "portal"`), `station.toml:21: "gate" in [[portal]] 1 must be a table, not text`},
		"a gate without a device":       {portal(`gate = { input = 1 }`), `station.toml:21: "device" in [[portal]]: is missing; write the name of the reader that the photo-eye is wired to`},
		"a gate at a device that is no": {portal(`gate = { device = "protal", input = 1 }`), `there is no device "protal" (did you mean "portal"?); write the name of a [[device]] of this file`},
		"a gate at a module":            {portal(`gate = { device = "bench", input = 1 }`), `station.toml:21: "device" in [[portal]]: thingmagic-nano-serial does not tell of its inputs; readers that speak LLRP do (scanpost devices profiles)`},
		"a gate at a scanner":           {portal(`gate = { device = "hand", input = 1 }`), `zebra-ds2208-cdc does not tell of its inputs`},
		"a gate without an input":       {portal(`gate = { device = "portal" }`), `station.toml:21: "input" in [[portal]]: must be the number of the reader's input, from 1, such as gate = { device = "portal", input = 1 }`},
		"a gate that is half open":      {portal(`gate = { device = "portal", input = 1, open = "high" }`), `station.toml:21: "open" in [[portal]]: says how the input is while a parcel is there: "on" or "off", not "high"`},
		"an opening that is a wonder":   {portal(`gate = { device = "portal", input = 1, empty = "tell" }`), `station.toml:21: "empty" in [[portal]]: says what an opening is in which no tag passed: "ignore" or "noread", not "tell"`},
		"a gate with a key too many":    {portal(`gate = { device = "portal", input = 1, invert = true }`), `station.toml:21: unknown key "invert"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("station.toml", []byte(c.text))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
			if !config.IsMistake(err) {
				t.Errorf("%T is not taken for a mistake in the configuration", err)
			}
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("one mistake brought others with it:\n%v", err)
			}
		})
	}
}

// All that is wrong with readers and portals is told at once, in the order of
// the file.
func TestAllTagMistakesAtOnce(t *testing.T) {
	_, err := config.Parse("station.toml", []byte(strings.Replace(strings.Replace(dock, `2 = "load", 3 = "load"`, `x = "load"`, 1), "eu3", "mars", 1)+`[[portal]]
at = "lode"
threshold = 5
line = [1]
foreign = "all"
gate = { device = "nobody", input = 1, open = "up" }
`))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	var places []string
	for l := range strings.Lines(err.Error()) {
		place, _, _ := strings.Cut(l, ": ")
		places = append(places, strings.TrimPrefix(place, "station.toml:"))
	}
	if got, want := strings.Join(places, " "), "9 14 20 21 22 23 24 24"; got != want {
		t.Errorf("got lines %s, want %s\n%v", got, want, err)
	}
}

// A portal's keys arrive where passes are made, and a gate's input is switched
// on at its reader beside those that the site has named itself.
func TestPortals(t *testing.T) {
	c := parse(t, strings.Replace(dock, "port = \"tcp:10.0.0.7:5084\"\n", "port = \"tcp:10.0.0.7:5084\"\noptions = { gpi = [3] }\n", 1)+`[[portal]]
at = "load"
gap = "1s"
dwell = "30s"
rearm = "8s"
absent = "2m"
threshold = -60
reads = 5
line = [2, 3]
foreign = "record"
prefixes = "0614141"
gate = { device = "portal", input = 1, open = "off", empty = "noread" }
[[portal]]
at = "label"
single_target = true
foreign = "ignore"
gate = { device = "portal", input = 3 }
`)
	want := []config.Portal{
		{At: "load", Gap: time.Second, Dwell: 30 * time.Second, Rearm: 8 * time.Second, Absent: 2 * time.Minute, Threshold: -60, Reads: 5, Line: [2]int{2, 3},
			Foreign: "record", Prefixes: []string{"0614141"}, Gate: &config.Gate{Device: "portal", Input: 1, Open: "off", NoRead: true}},
		{At: "label", SingleTarget: true, Foreign: "ignore", Gate: &config.Gate{Device: "portal", Input: 3, Open: "on"}},
	}
	if !reflect.DeepEqual(c.Portals, want) {
		t.Errorf("got\n%+v %+v\nwant\n%+v %+v", c.Portals, *c.Portals[0].Gate, want, *want[0].Gate)
	}
	reader := &c.Devices[0]
	if got, want := reader.Profile.Options["gpi"], []any{int64(3), int64(1)}; !reflect.DeepEqual(got, want) {
		t.Errorf("the reader tells of its inputs %v, want %v", got, want)
	}
	if got, want := reader.Places(), []string{"label", "load"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the reader serves %q, want %q", got, want)
	}
	if got, want := reader.Antennas, map[int]string{1: "label", 2: "load", 3: "load"}; !reflect.DeepEqual(got, want) {
		t.Errorf("antennas %v, want %v", got, want)
	}
	if !reader.Tags || !c.Devices[1].Tags || c.Devices[2].Tags {
		t.Errorf("read tags: %t %t %t, want the readers and not the scanner", reader.Tags, c.Devices[1].Tags, c.Devices[2].Tags)
	}
	if got := c.Devices[1].Profile.Options["region"]; got != "eu3" {
		t.Errorf("the site's region is %v, want eu3", got)
	}
}

// Every profile that shows tags in its examples is a tag reader's, and no other.
func TestTagReaders(t *testing.T) {
	for profile, want := range map[string]bool{
		"rdm6300-serial": true, "id-12la-serial": true, "thingmagic-nano-serial": true, "m100-serial": true, "chafon-uhfreader18-serial": true,
		"generic-llrp": true, "zebra-ds2208-cdc": false, "honeywell-voyager-1250g-rs-232": false,
	} {
		port := "serial:/dev/ttyS1"
		if strings.HasSuffix(profile, "-llrp") {
			port = "tcp:10.0.0.7:5084"
		}
		c := parse(t, "[station]\nsite = \"ham1\"\nname = \"pack-07\"\ncheckpoint = \"pack\"\n[[device]]\nname = \"reader\"\nprofile = \""+profile+"\"\nport = \""+port+"\"\noptions = {"+
			map[string]string{"thingmagic-nano-serial": ` region = "eu3" `, "m100-serial": ` region = "eu" `, "chafon-uhfreader18-serial": ` region = "eu" `}[profile]+"}\n")
		if got := c.Devices[0].Tags; got != want {
			t.Errorf("%s reads tags: %t, want %t", profile, got, want)
		}
	}
}

// The default times of a portal that the checks and the sample speak of are
// those that make the passes.
func TestSamplePortal(t *testing.T) {
	var lines []string
	for l := range strings.Lines(config.Sample) {
		if key, ok := strings.CutPrefix(l, "#   "); ok {
			for _, want := range []string{"at", "gap", "dwell", "rearm", "absent", "threshold", "reads", "single_target", "line", "foreign", "prefixes", "gate"} {
				if strings.HasPrefix(key, want+" = ") {
					value, _, _ := strings.Cut(strings.TrimSpace(key), "   ")
					lines = append(lines, value)
				}
			}
		}
	}
	c := parse(t, dock+"[[portal]]\n"+strings.Join(lines, "\n")+"\n")
	if len(lines) != 12 || len(c.Portals) != 1 {
		t.Fatalf("the sample tells of %q", lines)
	}
	p, d := c.Portals[0], pass.Defaults()
	if p.Gap != d.Gap || p.Dwell != d.Dwell || p.Rearm != d.Rearm || p.Absent != d.Absent || p.Threshold != d.Threshold || p.Reads != d.MinReads || p.SingleTarget != d.SingleTarget {
		t.Errorf("the sample tells of\n%+v, the defaults are\n%+v", p, d)
	}
}
