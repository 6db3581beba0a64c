package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"scanpost/scan"
)

// Report is what the demo found, held against what it did.
type Report struct {
	Seed     uint64   `json:"seed"`
	Seconds  float64  `json:"seconds"`
	Speed    float64  `json:"speed"`
	Parcels  int      `json:"parcels"`
	Saved    int      `json:"saved"`   // scans that an operator was told are saved
	Arrived  int      `json:"arrived"` // of them, received by a tracking system over MQTT
	Repeats  int      `json:"repeats"` // messages that came more than once, with the same id and bytes
	Skips    int      `json:"skips"`
	Warnable int      `json:"skips_that_could_be_told_in_hand"` // all stations were heard when the parcel came to the next one
	InHand   int      `json:"skips_told_in_hand"`
	Kinds    []Kind   `json:"kinds"`
	Faults   []Found  `json:"faults"`
	Portal   *Portal  `json:"portal"`
	Links    *Links   `json:"links,omitempty"`
	Problems []string `json:"problems"` // empty: everything was found, nothing was invented, nothing was lost
}

// Kind sums up the faults of one kind.
type Kind struct {
	Kind     string  `json:"kind"`
	Injected int     `json:"injected"`
	Found    int     `json:"found"`
	Median   float64 `json:"median_s"` // seconds from when it could be known to when it was
	Longest  float64 `json:"longest_s"`
}

// Found is one fault and what became of it. Times are seconds since the start.
type Found struct {
	Kind    string  `json:"kind"`
	Place   string  `json:"place"`
	Unit    string  `json:"unit,omitempty"`
	At      float64 `json:"at_s"`
	Known   float64 `json:"could_be_known_s"`
	FoundAt float64 `json:"found_s"`
	Found   bool    `json:"found"`
}

// ErrFailed is returned by a checked demo that has problems to report.
var ErrFailed = errors.New("the demo's check failed")

func (f *findings) report(o Options, p *player, took time.Duration) *Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	faults := p.faults
	r := &Report{Seed: o.Seed, Seconds: took.Seconds(), Speed: o.Speed, Parcels: p.parcels, Saved: len(f.saved), Repeats: f.repeats, Problems: []string{}}
	for id := range f.saved {
		if _, here := f.arrived[id]; here {
			r.Arrived++
		}
	}
	waits := map[string][]float64{}
	count := map[string]int{}
	for i := range faults {
		t := &faults[i]
		known := time.Duration(float64(t.Known) / o.Speed)
		at, found := f.found(t)
		r.Faults = append(r.Faults, Found{Kind: t.Kind, Place: t.Place, Unit: t.Unit, At: (time.Duration(float64(t.At) / o.Speed)).Seconds(),
			Known: known.Seconds(), FoundAt: at.Seconds(), Found: found})
		count[t.Kind]++
		if found {
			waits[t.Kind] = append(waits[t.Kind], (at - known).Seconds())
		} else {
			r.Problems = append(r.Problems, strings.TrimSpace(fmt.Sprintf("not found: %s at %s %s", t.Kind, t.Place, t.Unit)))
		}
		if t.Kind == faultSkip || t.Kind == faultUnread {
			r.Skips++
			if t.Warnable {
				r.Warnable++
			}
			if f.inHand(t.Unit, t.Place) {
				r.InHand++
			}
		}
	}
	for _, kind := range []string{faultSkip, faultUnread, faultStall, faultDouble, faultUnreadable, faultOutage, faultUnplug} {
		if count[kind] == 0 {
			continue
		}
		k := Kind{Kind: kind, Injected: count[kind], Found: len(waits[kind])}
		if w := waits[kind]; len(w) > 0 {
			slices.Sort(w)
			k.Median, k.Longest = w[len(w)/2], w[len(w)-1]
		}
		r.Kinds = append(r.Kinds, k)
	}
	portal, problems := f.portal(p.tags, p.field, o.Speed)
	r.Portal = portal
	for _, list := range [][]string{problems, f.falseAlarms(), f.unexplained(faults), f.lost(), f.bad} {
		r.Problems = append(r.Problems, list...)
	}
	return r
}

// write prints the report, for a person or a program.
func (r *Report) write(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d parcels in %.0f s, seed %d\n\n", r.Parcels, r.Seconds, r.Seed)
	fmt.Fprintf(&b, "%-20s %8s %6s   %s\n", "fault", "injected", "found", "known after: median, longest")
	for _, k := range r.Kinds {
		fmt.Fprintf(&b, "%-20s %8d %6d   %.1f s, %.1f s\n", k.Kind, k.Injected, k.Found, k.Median, k.Longest)
	}
	fmt.Fprintf(&b, "\n%d of %d skips came while all stations were heard; %d were told with the parcel in the hand.\n", r.Warnable, r.Skips, r.InHand)
	fmt.Fprintf(&b, "%d parcels took a readable tag through the portal at %s; %d of them are one scan each, made of %d reads. %d stray tags were heard there.\n",
		r.Portal.Tagged, scan.Place(r.Portal.Place), r.Portal.Recorded, r.Portal.Reads, r.Portal.Strays)
	if r.Links != nil {
		fmt.Fprintf(&b, "%d parcels had their carrier's label linked to their SSCC at %s; %d of them are found whole by either.\n", r.Links.Linked, scan.Place(places[portalPlace]), r.Links.Found)
	}
	fmt.Fprintf(&b, "%d scans were given as saved; %d of them arrived (%d messages came more than once).\n", r.Saved, r.Arrived, r.Repeats)
	if len(r.Problems) == 0 {
		b.WriteString("Nothing was missed, nothing was invented, nothing was lost.\n")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "PROBLEM: %s\n", p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
