package config_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan"
)

// The sample that init prints is a configuration that runs.
func TestSampleLoads(t *testing.T) {
	c, err := config.Parse("station.toml", []byte(config.Sample))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Hints) > 0 {
		t.Errorf("the sample should need no hints, got %q", c.Hints)
	}
	if got := c.Devices[0]; got.Name != "hand" || got.Checkpoint != "pack" || got.Port != "usb:05e0:1701" || got.Profile.Name != "zebra-ds2208-cdc" {
		t.Errorf("device %+v", got)
	}
	want := []scan.Journey{{Name: "outbound", Steps: []scan.Step{
		{At: "receive"}, {At: "pack", Within: 4 * time.Hour}, {At: "weigh", Within: 30 * time.Minute, Optional: true},
		{At: "label", Within: 30 * time.Minute}, {At: "load", Within: 6 * time.Hour},
	}}}
	if !reflect.DeepEqual(c.Journeys, want) {
		t.Errorf("journeys\n got %+v\nwant %+v", c.Journeys, want)
	}
	if !c.OwnBroker() {
		t.Error("the sample's machine talks to its own broker")
	}
}

// The defaults that the sample tells are the ones that hold: with every
// commented-out key switched on, nothing changes. Lines marked as examples
// have no default.
func TestSampleTellsTheDefaults(t *testing.T) {
	var on []string
	commented := regexp.MustCompile(`^# (\[\w+\]|\w+ = .*)$`)
	for _, line := range strings.Split(config.Sample, "\n") {
		if m := commented.FindStringSubmatch(line); m != nil && !strings.Contains(line, "# example") {
			line = m[1]
		}
		on = append(on, line)
	}
	all, err := config.Parse("station.toml", []byte(strings.Join(on, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := config.Parse("station.toml", []byte(config.Sample))
	if err != nil {
		t.Fatal(err)
	}
	// Each is loaded anew, so profiles are equal in content only.
	if !reflect.DeepEqual(all, bare) {
		t.Errorf("with the keys\n%+v\nwithout\n%+v", all, bare)
	}
}

// Every key of the file format stands in the sample.
func TestSampleHasEveryKey(t *testing.T) {
	for _, key := range config.Keys() {
		if !regexp.MustCompile(`(?m)(^|[ {#])`+regexp.QuoteMeta(strings.TrimSuffix(key, ",one"))+` +=`).MatchString(config.Sample) &&
			!strings.Contains(config.Sample, "#   "+strings.TrimSuffix(key, ",one")+" ") {
			t.Errorf("the sample says nothing of %q", key)
		}
	}
}
