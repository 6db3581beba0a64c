package demo

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/scan/pass"
)

// watch lets a reader look at a plan's field every few milliseconds, and tells
// what the portal's rules make of it.
func watch(t *testing.T, p *Plan, until time.Duration, speed float64, next func(n int) time.Duration) (recorded []string) {
	t.Helper()
	start := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	hall, err := pass.NewHall([]pass.Portal{{Name: "label", Line: [2]int{1, 2},
		Gap: gapAt(speed), Dwell: dwellAt(speed)}})
	if err != nil {
		t.Fatal(err)
	}
	f := &field{echoes: map[string]bool{}}
	hall.Sweep(start.Add(-2 * time.Second)) // the station was there before
	f.put(p, 1, start, speed)
	turn := 0
	for n, now := 0, start; now.Sub(start) < time.Duration(float64(until)/speed); n++ {
		took := next(n)
		now = now.Add(took)
		// As many answers as the reader has had the time for, of what is there now.
		if heard := f.tags(now); len(heard) > 0 {
			for range min(int(took*200/time.Second), 200) {
				tag := heard[turn%len(heard)]
				turn++
				hall.Hear(&pass.Read{Portal: "label", EPC: tag.EPC, Antenna: tag.Antenna, RSSI: tag.RSSI, HasRSSI: true}, now)
			}
		}
		hall.Sweep(now)
		for _, e := range hall.Events() {
			if e.Kind == pass.Passed || e.Kind == pass.Parked {
				recorded = append(recorded, fmt.Sprint(hex.EncodeToString(e.Pass.EPC), " ", e.Kind, " ", e.Pass.Direction))
			}
		}
	}
	slices.Sort(recorded)
	return recorded
}

// passesOf is what a plan's tags are to be recorded as.
func passesOf(p *Plan) (want []string) {
	kinds := map[string]string{tagPasses: "passed forward", tagForeign: "passed forward", tagParks: "parked "}
	for _, tag := range p.tags {
		if kind := kinds[tag.what]; kind != "" {
			want = append(want, hex.EncodeToString(tag.epc)+" "+kind)
		}
	}
	slices.Sort(want)
	return want
}

// What happens in the field is what the plan says, at any speed: every parcel
// with a tag passes once, the pallet parks once, and nothing else is anything.
func TestField(t *testing.T) {
	for _, speed := range []float64{0.5, 1, 2, 4} {
		for seed := range uint64(5) {
			p := makePlan(seed, 0, time.Minute, 0)
			got := watch(t, p, time.Minute, speed, func(int) time.Duration { return 5 * time.Millisecond })
			if want := passesOf(p); !slices.Equal(got, want) {
				t.Errorf("seed %d at speed %g\n got %q\nwant %q", seed, speed, got, want)
			}
		}
	}
}

// A reader that comes late, and now and then very late, finds the same tags:
// the field waits for it.
func TestFieldWaitsForItsReader(t *testing.T) {
	for seed := range uint64(5) {
		p := makePlan(seed, 0, time.Minute, 0)
		got := watch(t, p, time.Minute, 2, func(n int) time.Duration {
			switch {
			case n%150 == 149:
				return 1500 * time.Millisecond
			case n%10 == 9:
				return 120 * time.Millisecond
			}
			return time.Duration(5+n*7%30) * time.Millisecond
		})
		// The pallet is no longer seen to stay, and from few looks there may be no direction.
		bare := func(all []string) {
			for i, line := range all {
				all[i], _, _ = strings.Cut(line, " ")
			}
		}
		want := passesOf(p)
		bare(got)
		bare(want)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d\n got %q\nwant %q", seed, got, want)
		}
	}
}

// An echo is heard once, by a reader that looks at that moment. One that comes
// late would make so many reads of it that it might pass for a parcel.
func TestEchoes(t *testing.T) {
	start := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	for late, want := range map[bool][]int{false: {-68}, true: nil} {
		f := &field{echoes: map[string]bool{}}
		f.put(&Plan{tags: []tagged{{what: tagStray, epc: []byte("an echo"), at: time.Second, level: -68}}}, 1, start, 1)
		var got []int
		for at := time.Duration(0); at < 2*time.Second; at += 5 * time.Millisecond {
			if late && at > 960*time.Millisecond && at < 1040*time.Millisecond {
				continue
			}
			for _, tag := range f.tags(start.Add(at)) {
				got = append(got, tag.RSSI)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("a late look %v: heard at %v, want %v", late, got, want)
		}
		if strays, _ := f.account(); strays != len(want) {
			t.Errorf("a late look %v: %d strays heard, want %d", late, strays, len(want))
		}
	}
}

// The check notices a pass that is not recorded, one that is recorded twice or
// as something else, and a scan of what did not pass.
func TestPortalCheck(t *testing.T) {
	one, other := newParcel(1), newParcel(2)
	epc := func(p parcel) []byte { return tagOf(p.unit) }
	good := scan.Scan{Checkpoint: "label", Verdict: scan.OK, Unit: one.unit, Raw: string(epc(one)), Pass: &scan.Pass{Reads: 90, Antenna: 1, RSSI: -41, Direction: "forward"}}
	but := func(change func(*scan.Scan)) scan.Scan {
		s, p := good, *good.Pass
		s.Pass = &p
		change(&s)
		return s
	}
	passes := []tagged{{what: tagPasses, unit: one.unit, epc: epc(one)}}
	parks := []tagged{{what: tagParks, unit: one.unit, epc: epc(one)}}
	cases := map[string]struct {
		truth []tagged
		scans []scan.Scan
		fine  bool
	}{
		"one pass":                   {passes, []scan.Scan{good}, true},
		"not recorded":               {passes, nil, false},
		"recorded twice":             {passes, []scan.Scan{good, good}, false},
		"scanned by hand only":       {passes, []scan.Scan{but(func(s *scan.Scan) { s.Pass = nil })}, false},
		"as another unit":            {passes, []scan.Scan{but(func(s *scan.Scan) { s.Unit = other.unit })}, false},
		"at another place":           {passes, []scan.Scan{but(func(s *scan.Scan) { s.Checkpoint = "load" })}, false},
		"of too few reads":           {passes, []scan.Scan{but(func(s *scan.Scan) { s.Pass.Reads = 2 })}, false},
		"in the wrong direction":     {passes, []scan.Scan{but(func(s *scan.Scan) { s.Pass.Direction = "backward" })}, false},
		"a parcel that parked":       {passes, []scan.Scan{but(func(s *scan.Scan) { s.Pass.Reason = "parked" })}, false},
		"a pallet that parked":       {parks, []scan.Scan{but(func(s *scan.Scan) { s.Pass.Reason = "parked" })}, true},
		"a pallet that did not park": {parks, []scan.Scan{good}, false},
		"a tag of nothing":           {nil, []scan.Scan{good}, false},
	}
	for _, what := range []string{tagUnread, tagStands, tagStray, tagForeign} {
		truth := []tagged{{what: what, unit: one.unit, epc: epc(one)}}
		cases[what+" and was recorded"] = struct {
			truth []tagged
			scans []scan.Scan
			fine  bool
		}{truth, []scan.Scan{good}, false}
		cases[what+" and was not"] = struct {
			truth []tagged
			scans []scan.Scan
			fine  bool
		}{truth, nil, true}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		f := newFindings()
		for i := range c.scans {
			f.scans = append(f.scans, scanSeen{Scan: &c.scans[i]})
		}
		if _, problems := f.portal(c.truth, &field{}, 1); (len(problems) == 0) != c.fine {
			t.Errorf("%s: problems %q", name, problems)
		}
	}
}
