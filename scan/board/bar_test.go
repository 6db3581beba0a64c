package board

import (
	"reflect"
	"testing"
	"time"

	"scanpost/scan"
)

// Solid is known, hatched is lost or not heard, and before a log began there
// is nothing.
func TestBar(t *testing.T) {
	now := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return now.Add(time.Duration(minute-60) * time.Minute) }
	for name, c := range map[string]struct {
		heard []scan.Stretch
		want  bar
	}{
		"never heard":           {nil, bar{{"0%", "100%", "f-hatch"}}},
		"heard to now":          {[]scan.Stretch{{From: at(-60), To: now.Add(-3 * time.Second)}}, bar{{"0%", "100%", "f-bar"}}},
		"began after a quarter": {[]scan.Stretch{{From: at(15), To: now.Add(-3 * time.Second)}}, bar{{"25%", "75%", "f-bar"}}},
		"silent for a quarter":  {[]scan.Stretch{{From: at(-60), To: at(45)}}, bar{{"0%", "75%", "f-bar"}, {"75%", "25%", "f-hatch"}}},
		"lost its record in the middle": {[]scan.Stretch{{From: at(-60), To: at(30)}, {From: at(36), To: now}},
			bar{{"0%", "50%", "f-bar"}, {"50%", "10%", "f-hatch"}, {"60%", "40%", "f-bar"}}},
		"silent for longer than is shown": {[]scan.Stretch{{From: at(-120), To: at(-60)}}, bar{{"0%", "100%", "f-hatch"}}},
	} {
		s := scan.StationView{Heard: c.heard}
		if n := len(c.heard); n > 0 {
			s.HeardTo = c.heard[n-1].To
		}
		if got := (&page{now: now}).bar(s, time.Hour); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
