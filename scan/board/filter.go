package board

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"scanpost/scan"
)

// nobody is the value of "waiting" for gaps that wait for no station: they
// are unknown because a record is lost, and waiting does not help.
const nobody = "nobody"

// filter is what a list was asked for: the one of the JSON, and three more
// that links on the pages use.
type filter struct {
	scan.GapFilter
	Waiting  string // a station it waits for, or nobody
	Cause    string // the stations it waits for, these and no others
	ClosedAs string
	Page     int
}

var (
	states   = []scan.GapState{scan.Missing, scan.Unknown, scan.Late, scan.Closed}
	kinds    = []scan.GapKind{scan.Skipped, scan.Overdue, scan.SilentStation, scan.LostMessages}
	closings = []string{scan.ClosedFoundLate, scan.ClosedArrived, scan.ClosedBack, scan.ClosedResolved, scan.ClosedWaived, scan.ClosedVoided,
		scan.ClosedSeenAgain, scan.ClosedBelongs}
)

const maxQuery = 256

// parse reads a filter from an address. A value that can mean nothing is an
// error that names it: a mistyped filter must not look like an empty list.
func (b *Board) parse(q url.Values) (filter, error) {
	f := filter{Page: 1}
	f.State = scan.GapState(q.Get("state"))
	f.Kind = scan.GapKind(q.Get("kind"))
	f.Checkpoint, f.Station, f.Query = q.Get("checkpoint"), q.Get("station"), strings.TrimSpace(q.Get("q"))
	f.Waiting, f.Cause, f.ClosedAs = q.Get("waiting"), q.Get("cause"), q.Get("closed_as")
	if f.State != "" && !slices.Contains(states, f.State) {
		return f, unknownValue("state", string(f.State), states)
	}
	if f.Kind != "" && !slices.Contains(kinds, f.Kind) {
		return f, unknownValue("kind", string(f.Kind), kinds)
	}
	if f.ClosedAs != "" && !slices.Contains(closings, f.ClosedAs) {
		return f, unknownValue("closed_as", f.ClosedAs, closings)
	}
	if f.Checkpoint != "" {
		var names []string
		for _, c := range b.Source.Summary(b.Now()).Checkpoints {
			names = append(names, c.Name)
		}
		if !slices.Contains(names, f.Checkpoint) && len(b.Source.Gaps(scan.GapFilter{Checkpoint: f.Checkpoint})) == 0 {
			return f, unknownValue("checkpoint", f.Checkpoint, names)
		}
	}
	for name, value := range map[string]string{"station": f.Station, "waiting": f.Waiting} {
		if value == "" || name == "waiting" && value == nobody {
			continue
		}
		var names []string
		for _, s := range b.Source.Stations(b.Now()) {
			names = append(names, s.Name)
		}
		if !slices.Contains(names, value) && len(b.Source.Gaps(scan.GapFilter{Station: value})) == 0 {
			return f, unknownValue(name, value, names)
		}
	}
	if len(f.Query) > maxQuery {
		return f, fmt.Errorf("q is longer than %d characters", maxQuery)
	}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return f, fmt.Errorf("page %q is not a number from 1", s)
		}
		f.Page = n
	}
	return f, nil
}

func unknownValue[S ~string](name, value string, known []S) error {
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	if len(words) > 12 {
		words = append(words[:12], "…")
	}
	return fmt.Errorf("%s %q is not known; known are: %s", name, value, strings.Join(words, ", "))
}

// path is the list's address.
func (f filter) path() string {
	number := ""
	if f.Page > 1 {
		number = strconv.Itoa(f.Page)
	}
	return gapsPath("state", string(f.State), "kind", string(f.Kind), "checkpoint", f.Checkpoint, "station", f.Station,
		"waiting", f.Waiting, "cause", f.Cause, "closed_as", f.ClosedAs, "q", f.Query, "page", number)
}

// inState is the same filter for another state.
func (f filter) inState(s scan.GapState) filter {
	f.State, f.Page = s, 1
	if s != scan.Closed {
		f.ClosedAs = ""
	}
	if s != scan.Unknown {
		f.Waiting, f.Cause = "", ""
	}
	return f
}

// pick narrows what the source returned to what the pages mean by the filter:
// without a kind gaps about units only, and of the closed ones today's.
func (f filter) pick(p *page, gaps []scan.Gap) []scan.Gap {
	out := make([]scan.Gap, 0, len(gaps))
	for _, g := range gaps {
		if f.Kind == "" && !ofUnit(&g) || f.ClosedAs != "" && g.ClosedAs != f.ClosedAs {
			continue
		}
		if g.State == scan.Closed && !p.today(g.ClosedAt) {
			continue
		}
		if f.Cause != "" && sharedBy(&g) != f.Cause {
			continue
		}
		if f.Waiting == nobody && len(g.WaitingFor) > 0 ||
			f.Waiting != "" && f.Waiting != nobody && !slices.Contains(g.WaitingFor, f.Waiting) {
			continue
		}
		out = append(out, g)
	}
	return out
}
