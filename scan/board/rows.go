package board

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"scanpost/scan"
	"scanpost/scan/web"
)

// row is one line of a list: a gap, or a cause that many gaps share.
type row struct {
	Gap    scan.Gap
	DOM    string // the row's id on the page
	Href   string // the unit, or the station
	Glyph  string
	Head   string // "Missing at Pack"
	Sub    template.HTML
	Since  web.Moment
	Cause  template.HTML
	Next   template.HTML
	Proof  template.HTML // what a "missing" rests on; empty for others
	In     string        // the cause this row is listed under; empty if none
	Shut   bool          // listed under a cause that is not opened
	Shared *cause        // set for the line of a cause
}

// cause is one line for many gaps that wait for the same stations.
type cause struct {
	Key     string
	N       int
	Parcels int
	Waiting []string
	HeardTo web.Moment // of the one station, if it is one
	Link    string
	Shut    bool
	Same    string // the checkpoint all of them are about; empty if several
	Next    template.HTML
}

// enough gaps that wait for the same stations become one line.
const enough = 3

func (p *page) row(g scan.Gap) row {
	r := row{
		Gap: g, DOM: "gap-" + g.ID, Glyph: glyphOf(g.State), Head: headOf(&g), Since: p.at(g.Since),
		Cause: web.Text(g.Cause, 400), Next: web.Text(g.NextStep, 200),
	}
	if ofUnit(&g) {
		r.Href = unitPath(g.Unit)
	} else {
		r.Href = stationPath(g.Station)
	}
	r.Sub = p.sub(&g)
	if g.State == scan.Missing && g.Stations > 0 {
		r.Proof = p.proof(&g)
	}
	return r
}

// proof is the evidence behind a "missing": who was heard, over what time.
func (p *page) proof(g *scan.Gap) template.HTML {
	here := string(web.Text(scan.Place(g.Checkpoint), 60))
	who := fmt.Sprintf("All %d stations at %s are", g.Stations, here)
	if g.Stations == 1 {
		who = "The one station at " + here + " is"
	}
	return template.HTML(fmt.Sprintf("%s heard without a hole from %s to %s, and did not scan it.", who, p.at(g.From).HMS(), p.at(g.To).HMS()))
}

// sub is the line under a row's state: what kind, since when, last where.
func (p *page) sub(g *scan.Gap) template.HTML {
	var words []string
	since := string(p.at(g.Since).HM())
	switch {
	case g.State == scan.Closed:
		words = append(words, string(p.at(g.ClosedAt).HMS()))
		if g.By != "" {
			words = append(words, "by "+string(web.Text(g.By, 60)))
		}
	case g.Kind == scan.Skipped && g.Station != "":
		words = append(words, "skipped, seen later at "+place(g.Station), since)
	case g.Kind == scan.Skipped:
		words = append(words, "skipped, seen later "+since)
	case g.Kind == scan.Overdue && g.Station != "":
		words = append(words, "overdue since "+since, "last at "+place(g.Station))
	case g.Kind == scan.Overdue:
		words = append(words, "overdue since "+since)
	default:
		words = append(words, "since "+since)
	}
	return template.HTML(strings.Join(words, ", ")) //nolint:gosec // escaped piece by piece
}

// place is a station's name, kept on one line.
func place(station string) string {
	return `<span class="nowrap">` + template.HTMLEscapeString(station) + `</span>`
}

// order puts what is missing first, then what is late, then what is only
// unheard; each oldest first, or newest first.
func order(gaps []scan.Gap, newest bool) {
	rank := map[scan.GapState]int{scan.Missing: 0, scan.Late: 1, scan.Unknown: 2, scan.Closed: 3}
	slices.SortStableFunc(gaps, func(a, b scan.Gap) int {
		if c := cmp.Compare(rank[a.State], rank[b.State]); c != 0 {
			return c
		}
		at, bt := a.Since, b.Since
		if a.State == scan.Closed { // always the latest decision first
			return cmp.Or(b.ClosedAt.Compare(a.ClosedAt), cmp.Compare(a.ID, b.ID))
		}
		if newest {
			at, bt = bt, at
		}
		return cmp.Or(at.Compare(bt), cmp.Compare(a.ID, b.ID))
	})
}

// rows makes the lines of a list. Gaps that wait for the same stations stand
// together under one line that names the cause; the gaps themselves are
// always there too, so that a list has as many rows as its number says.
func (p *page) rows(gaps []scan.Gap, in filter, stations map[string]seen, shut bool) []row {
	shared := map[string][]scan.Gap{}
	for _, g := range gaps {
		if key := sharedBy(&g); key != "" {
			shared[key] = append(shared[key], g)
		}
	}
	out := make([]row, 0, len(gaps)+len(shared))
	done := map[string]bool{}
	for _, g := range gaps {
		key := sharedBy(&g)
		if len(shared[key]) < enough {
			out = append(out, p.row(g))
			continue
		}
		if done[key] {
			continue
		}
		done[key] = true
		out = append(out, p.causeRow(key, shared[key], in, stations, shut))
		for _, g := range shared[key] {
			r := p.row(g)
			r.In, r.Shut = key, shut
			out = append(out, r)
		}
	}
	return out
}

func sharedBy(g *scan.Gap) string {
	if g.State != scan.Unknown || !ofUnit(g) || len(g.WaitingFor) == 0 {
		return ""
	}
	names := slices.Clone(g.WaitingFor)
	slices.Sort(names)
	return strings.Join(names, "_")
}

func (p *page) causeRow(key string, gaps []scan.Gap, in filter, stations map[string]seen, shut bool) row {
	c := &cause{Key: key, N: len(gaps), Parcels: parcels(gaps), Waiting: gaps[0].WaitingFor, Same: gaps[0].Checkpoint, Shut: shut}
	for i := range gaps {
		if gaps[i].Checkpoint != c.Same {
			c.Same = ""
		}
	}
	in = in.inState(scan.Unknown)
	in.Cause = key
	c.Link = in.path()
	next := "Nothing to do for these parcels: they settle by themselves"
	if len(c.Waiting) == 1 {
		if s, ok := stations[c.Waiting[0]]; ok {
			c.HeardTo = s.HeardAt
			if s.Next != "" {
				next = s.Next
			}
		}
	}
	c.Next = web.Text(next, 200)
	return row{DOM: "cause-" + key, Glyph: "unknown", Shared: c}
}
