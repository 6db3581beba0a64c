package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/mqtt"
)

// A board that is killed and started again knows what it knew: the gap has the
// same id, nothing is said a second time, and a decision stands.
func TestBoardStartsAgain(t *testing.T) {
	broker := freePort(t)
	mosquitto(t, broker)
	link, err := mqtt.Dial(t.Context(), mqtt.Options{URL: "mqtt://" + broker, ClientID: "tracking"})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close(t.Context())
	var mu sync.Mutex
	var said []string
	seen := map[string]bool{}
	if err := link.Subscribe(t.Context(), func(m mqtt.Message) {
		ev, err := event.Parse(m.Payload)
		if err != nil {
			t.Errorf("the board said %s: %v", m.Payload, err)
			return
		}
		if g, ok := ev.Entry.(*scan.GapChange); ok && g.Gap.Unit != "" {
			mu.Lock()
			defer mu.Unlock()
			id := event.ID(ev.Number)
			if seen[id] {
				return // the same message again, as receivers must expect
			}
			seen[id] = true
			said = append(said, fmt.Sprintf("%s %s at %s: %s %s", g.Change, g.Gap.Unit, g.Gap.Checkpoint, g.Gap.State, g.Gap.ClosedAs))
		}
	}, "scanpost/v1/ham1/board/evt"); err != nil {
		t.Fatal(err)
	}
	rules := "[rules]\nmargin = \"200ms\"\ntransit = \"100ms\"\nhead_every = \"200ms\"\nsilent_after = \"5s\"\n" +
		"[[journey]]\nname = \"outbound\"\nsteps = [ { at = \"receive\" }, { at = \"pack\" }, { at = \"label\" } ]\n"
	benches := map[string]*bench{}
	for _, place := range []string{"receive", "pack", "label"} {
		rules += fmt.Sprintf("[[neighbour]]\nname = \"%s-01\"\ncheckpoints = [%q]\n", place, place)
	}
	for _, place := range []string{"receive", "pack", "label"} {
		scanner, err := sim.NewScanner(filepath.Join(t.TempDir(), "scanner"), sim.Framing{Suffix: "\r"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { scanner.Close() })
		dir := t.TempDir()
		scanpost(t, write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"%s-01\"\ncheckpoint = %q\ndata = %q\n[mqtt]\nurl = \"mqtt://%s\"\n",
			place, place, filepath.Join(dir, "data"), broker)+device("hand", scanner.Address())+rules))
		benches[place] = &bench{t: t, scanner: scanner}
	}
	dir, address := t.TempDir(), freePort(t)
	config := write(t, filepath.Join(dir, "board.toml"), fmt.Sprintf("[station]\nsite = \"ham1\"\ndata = %q\n[mqtt]\nurl = \"mqtt://%s\"\n[board]\nlisten = %q\n",
		filepath.Join(dir, "data"), broker, address)+rules)
	board := scanpost(t, config)
	gaps := func(query string) string { return get("http://" + address + "/api/v1/gaps?" + query) }
	heard := func() bool {
		return strings.Count(get("http://"+address+"/api/v1/stations"), `"heard_to"`) == 3
	}
	wait(t, "the board hears three stations", heard)

	benches["receive"].scan("PARCEL-1", nil)
	benches["receive"].scan("PARCEL-2", nil)
	// A skip is told by silence of the scanner: it has no bad signal. So it is
	// scanned once, and waited for on the board.
	for _, code := range []string{"PARCEL-1", "PARCEL-2"} {
		if err := benches["label"].scanner.Scan("", code); err != nil {
			t.Fatal(err)
		}
		wait(t, code+" is missing at Pack", func() bool { return strings.Contains(gaps("state=missing&q="+code), `"checkpoint": "pack"`) })
	}
	before := gapOf(gaps("state=missing&q=PARCEL-1"))
	decide(t, "http://"+address+"/api/v1/gaps/"+gapOf(gaps("q=PARCEL-2"))+"/waive", `{"by":"MK","reason":"packed by hand"}`)
	wait(t, "the decision is said", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(said, "closed code:PARCEL-2 at pack: closed waived")
	})

	board.kill()
	scanpost(t, config)
	wait(t, "the board hears three stations again", heard)
	wait(t, "PARCEL-1 is missing at Pack again", func() bool { return strings.Contains(gaps("state=missing&q=PARCEL-1"), `"checkpoint": "pack"`) })
	if after := gapOf(gaps("state=missing&q=PARCEL-1")); after != before {
		t.Errorf("the gap is %s, and was %s before", after, before)
	}
	if got := gaps("state=closed&q=PARCEL-2"); !strings.Contains(got, `"closed_as": "waived"`) || !strings.Contains(got, `"by": "MK"`) {
		t.Errorf("the decision is gone:\n%s", got)
	}
	// What comes next is said once, so all that was to be said has been.
	if err := benches["label"].scanner.Scan("", "PARCEL-3"); err != nil {
		t.Fatal(err)
	}
	wait(t, "PARCEL-3 is said to be missing", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "PARCEL-3 at pack: missing") })
	})
	mu.Lock()
	defer mu.Unlock()
	for _, parcel := range []string{"PARCEL-1", "PARCEL-2"} {
		var of []string
		for _, s := range said {
			if strings.Contains(s, parcel) {
				of = append(of, s)
			}
		}
		if got := slices.Compact(slices.Clone(of)); !slices.Equal(got, of) || count(of, "opened") != 1 || count(of, "missing") != 1 {
			t.Errorf("of %s it was said\n%s", parcel, strings.Join(of, "\n"))
		}
	}
}

func count(list []string, part string) int {
	n := 0
	for _, s := range list {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}

// gapOf is the id of the first gap in a list.
func gapOf(list string) string {
	_, rest, _ := strings.Cut(list, `"id": "`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}
