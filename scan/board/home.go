package board

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

// home is the first page: the answer as a sentence, then where, then which.
type home struct {
	page
	Summary  scan.Summary
	Missing  int
	Unknown  int
	Parcels  int    // of the missing
	Wait     []seen // the stations most of the unknown wait for
	WaitsAll bool   // all of them do
	Silent   []seen
	Outage   *outage
	Look     []seen // stations that need a look
	Fine     int
	Shown    []seen // in the panel
	Groups   []group
	Axis     []web.Moment
	Believe  []belief
	Oldest   *row
	Kinds    []counted
	Flow     []flowStep
	Shape    shape
	Cards    []card
	Rows     []row
	Latest   []row // for the wall
	More     int   // gaps that are not in Rows
	Steps    int
}

// counted is a number with the list it opens.
type counted struct {
	N    int
	Word string
	Link string
}

// card is one checkpoint's gaps.
type card struct {
	Name, Title string
	Lines       []cardLine
	Unheard     bool
	Notes       []counted
	Note        string
}

type cardLine struct {
	State string
	N     int
	Link  string
}

// Digits lets long numbers shrink on the wall.
func (l cardLine) Digits() int { return len(fmt.Sprint(l.N)) }

// belief is until when the board can be believed, for some checkpoints.
type belief struct {
	Names  string
	At     web.Moment
	Short  bool // to the minute: it is some time ago
	Behind bool
}

// group is the stations of one checkpoint, a cell for each.
type group struct {
	Name  string
	Cells []cell
	Heard int
}

type cell struct {
	Fill string
	X, W string
}

// outage is one line for many stations.
type outage struct {
	N        int
	HeardTo  web.Moment // the earliest of them
	Bar      bar
	Since    web.Moment
	Together bool // they went in the same moment
	Unknown  int
}

// Number of rows on the home page; the rest is behind a link.
const homeRows = 60

func (b *Board) makeHome(p page) *home {
	open := b.Source.Gaps(scan.GapFilter{})
	closed := b.Source.Gaps(scan.GapFilter{State: scan.Closed})
	stations := b.Source.Stations(p.now)
	h := &home{page: p, Summary: b.Source.Summary(p.now)}
	b.count(&h.page, open, stations)
	looks := h.looks(stations, open)
	gaps := filter{}.pick(&h.page, open)
	var missing, unknown []scan.Gap
	for _, g := range gaps {
		switch g.State {
		case scan.Missing:
			missing = append(missing, g)
		case scan.Unknown:
			unknown = append(unknown, g)
		}
	}
	h.Missing, h.Unknown, h.Parcels = len(missing), len(unknown), parcels(missing)
	h.waits(looks, unknown)
	h.stationsPanel(looks)
	h.believe()
	h.kinds(missing)
	h.flow()
	h.cards(gaps, filter{GapFilter: scan.GapFilter{State: scan.Closed}}.pick(&h.page, closed))
	h.list(gaps, missing, looks)
	return h
}

func (b *Board) home(w http.ResponseWriter, r *http.Request) {
	p := b.page(r, "now", "Now")
	p.Stream, p.Wall = "/live/home", r.URL.Query().Has("wall")
	if p.Wall {
		p.Stream += "?wall"
	}
	b.show(w, r, http.StatusOK, "home.html", b.makeHome(p))
}

// waits finds the stations that the unknown ones wait for.
func (h *home) waits(looks []seen, unknown []scan.Gap) {
	for _, s := range looks {
		if s.Waits > 0 {
			h.Wait = append(h.Wait, s)
		}
	}
	slices.SortStableFunc(h.Wait, func(a, b seen) int { return b.Waits - a.Waits })
	if len(h.Wait) > 0 {
		first := h.Wait[0]
		h.WaitsAll = first.Waits == len(unknown)
		if h.WaitsAll || first.Waits*2 > len(unknown) {
			h.Wait = h.Wait[:1]
		}
	}
}

func (h *home) stationsPanel(looks []seen) {
	stations := make([]scan.StationView, len(looks))
	for i, s := range looks {
		stations[i] = s.StationView
		if s.Needs() {
			h.Look = append(h.Look, s)
		} else {
			h.Fine++
		}
		if s.State == "silent" {
			h.Silent = append(h.Silent, s)
		}
	}
	h.Shown = h.Look
	switch {
	case len(h.Silent) >= enough: // they are one line of their own
		h.Shown = slices.DeleteFunc(slices.Clone(h.Look), func(s seen) bool { return s.State == "silent" })
	case len(looks) <= 8:
		h.Shown = looks
	}
	h.Shown = h.Shown[:min(len(h.Shown), 8)]
	span := h.span(stations)
	h.Axis = []web.Moment{h.at(h.now.Add(-span)), h.at(h.now.Add(-span / 2))}
	for _, c := range h.Summary.Checkpoints {
		h.Groups = append(h.Groups, makeGroup(c.Name, looks))
	}
	if n := len(h.Silent); n >= enough {
		o := &outage{N: n, Together: true, Unknown: h.Unknown}
		first, last := h.Silent[0].HeadAt, h.Silent[0].HeadAt
		for _, s := range h.Silent {
			if s.HeadAt.Before(first) {
				first = s.HeadAt
			}
			if s.HeadAt.After(last) {
				last = s.HeadAt
			}
		}
		o.Together = last.Sub(first) < 10*time.Second && !first.IsZero()
		o.Since = h.at(first)
		far := h.Silent[0]
		for _, s := range h.Silent {
			if s.HeardTo.Before(far.HeardTo) {
				far = s
			}
		}
		o.HeardTo, o.Bar = far.HeardAt, far.Bar
		h.Outage = o
	}
}

func makeGroup(checkpoint string, looks []seen) group {
	g := group{Name: checkpoint}
	var serving []seen
	for _, s := range looks {
		if slices.Contains(s.Checkpoints, checkpoint) {
			serving = append(serving, s)
		}
	}
	slices.SortFunc(serving, func(a, b seen) int { return strings.Compare(a.Name, b.Name) })
	step := 100 / float64(max(28, len(serving)))
	for i, s := range serving {
		c := cell{Fill: "f-bar", X: fmt.Sprintf("%.2f%%", float64(i)*step), W: fmt.Sprintf("%.2f%%", step*.72)}
		switch s.State {
		case "fine":
			g.Heard++
		case "fault":
			c.Fill = "f-missing"
			g.Heard++
		default:
			c.Fill = "f-unknown"
		}
		g.Cells = append(g.Cells, c)
	}
	return g
}

// believe says until when each checkpoint is known, those that are about now
// first and together.
func (h *home) believe() {
	var now []string
	var oldest time.Time
	for _, c := range h.Summary.Checkpoints {
		if c.Stations == 0 {
			continue
		}
		if c.HeardTo.IsZero() || h.now.Sub(c.HeardTo) > near {
			h.Believe = append(h.Believe, belief{Names: scan.Place(c.Name), At: h.at(c.HeardTo), Short: true, Behind: true})
			continue
		}
		now = append(now, scan.Place(c.Name))
		if oldest.IsZero() || c.HeardTo.Before(oldest) {
			oldest = c.HeardTo
		}
	}
	if len(now) == 0 {
		return
	}
	b := belief{Names: scan.List(now), At: h.at(oldest)}
	if len(h.Believe) == 0 {
		b.Names = ""
	}
	h.Believe = append([]belief{b}, h.Believe...)
}

func (h *home) kinds(missing []scan.Gap) {
	words := map[scan.GapKind]string{scan.Skipped: "skipped a checkpoint", scan.Overdue: "overdue"}
	for _, k := range []scan.GapKind{scan.Skipped, scan.Overdue} {
		n := 0
		for i := range missing {
			if missing[i].Kind == k {
				n++
			}
		}
		if n > 0 {
			h.Kinds = append(h.Kinds, counted{n, words[k], gapsPath("state", "missing", "kind", string(k))})
		}
	}
}

// cards are the gaps by checkpoint, all of them first. A checkpoint that has
// gaps and is in no plan any more still has its card, so that the sums agree.
func (h *home) cards(open, closed []scan.Gap) {
	late := 0
	for _, g := range closed {
		if g.ClosedAs == scan.ClosedFoundLate {
			late++
		}
	}
	all := h.card("", open)
	all.Title = "All checkpoints"
	if len(closed) > 0 {
		all.Notes = append(all.Notes, counted{len(closed), "closed today", gapsPath("state", "closed")})
		if late > 0 {
			all.Notes = append(all.Notes, counted{late, "of them found late", gapsPath("state", "closed", "closed_as", scan.ClosedFoundLate)})
		}
	} else {
		all.Note = "None closed yet today."
	}
	h.Cards = []card{all}
	have := map[string]bool{}
	for _, c := range h.Summary.Checkpoints {
		have[c.Name] = true
		k := h.card(c.Name, open)
		k.Unheard = k.Unheard || c.Heard < c.Stations
		if len(k.Notes) == 0 {
			switch {
			case c.Stations == 0:
				k.Note = "No station serves it yet."
			case c.Heard == c.Stations:
				k.Note = plural(c.Stations, "station, heard.", "stations, all heard.")
			default:
				k.Note = fmt.Sprintf("%d of %d stations heard.", c.Heard, c.Stations)
			}
		}
		h.Cards = append(h.Cards, k)
	}
	others := map[string]bool{}
	for _, g := range open {
		if !have[g.Checkpoint] && g.Checkpoint != "" {
			others[g.Checkpoint] = true
		}
	}
	for _, name := range keys(others) {
		h.Cards = append(h.Cards, h.card(name, open))
	}
	h.Steps = len(h.Cards)
}

func (h *home) card(checkpoint string, open []scan.Gap) card {
	k := card{Name: checkpoint, Title: scan.Place(checkpoint)}
	in := filter{GapFilter: scan.GapFilter{Checkpoint: checkpoint}}
	count := map[scan.GapState]int{}
	wait := map[string]int{}
	for _, g := range open {
		if checkpoint != "" && g.Checkpoint != checkpoint {
			continue
		}
		count[g.State]++
		if g.State == scan.Unknown {
			for _, s := range g.WaitingFor {
				wait[s]++
			}
			if len(g.WaitingFor) == 0 {
				wait[nobody]++
			}
		}
	}
	for _, s := range []scan.GapState{scan.Missing, scan.Unknown, scan.Late} {
		if s == scan.Late && count[s] == 0 {
			continue // nothing finds these yet: a dash would say that it looked
		}
		k.Lines = append(k.Lines, cardLine{string(s), count[s], in.inState(s).path()})
	}
	k.Unheard = count[scan.Unknown] > 0
	if checkpoint == "" {
		k.Unheard = false
		return k
	}
	names := keys(wait)
	slices.SortStableFunc(names, func(a, b string) int { return wait[b] - wait[a] })
	for _, s := range names {
		if len(k.Notes) == 2 {
			break
		}
		f := in.inState(scan.Unknown)
		f.Waiting = s
		word := "wait for " + s
		if wait[s] == 1 {
			word = "waits for " + s
		}
		if s == nobody {
			word = "can not be known"
		}
		k.Notes = append(k.Notes, counted{wait[s], word, f.path()})
	}
	return k
}

// list is the newest gaps, so that one that was just found is at the top.
func (h *home) list(gaps, missing []scan.Gap, looks []seen) {
	stations := map[string]seen{}
	for _, s := range looks {
		stations[s.Name] = s
	}
	order(gaps, true)
	shown := gaps[:min(len(gaps), homeRows)]
	h.More = len(gaps) - len(shown)
	h.Rows = h.rows(shown, filter{}, stations, true)
	for i := range h.Rows {
		// A line that stands for more than are on this page counts them all.
		if c := h.Rows[i].Shared; c != nil && h.More > 0 {
			c.N, c.Parcels = 0, 0
			var all []scan.Gap
			for _, g := range gaps {
				if sharedBy(&g) == c.Key {
					all = append(all, g)
				}
			}
			c.N, c.Parcels = len(all), parcels(all)
		}
	}
	for _, r := range h.Rows {
		if r.Shared == nil && r.In == "" && len(h.Latest) < 5 {
			h.Latest = append(h.Latest, r)
		}
	}
	if len(missing) > 0 {
		old := missing[0]
		for _, g := range missing {
			if g.Since.Before(old.Since) {
				old = g
			}
		}
		r := h.row(old)
		h.Oldest = &r
	}
}

// Fragments of the page that are live, by the id of the element.
var homeParts = []string{"nav", "outage", "headline", "answers", "flow", "gapcards", "stations", "gaplist"}

// said is one sentence for those who hear the page instead of seeing it.
func said(before, now *home) string {
	if before == nil {
		return ""
	}
	was := map[string]int{}
	for _, c := range before.Cards {
		was[c.Name] = c.count(scan.Missing)
	}
	for _, c := range now.Cards {
		if c.Name == "" {
			continue
		}
		if n := c.count(scan.Missing) - was[c.Name]; n > 0 {
			return fmt.Sprintf("%d more missing at %s", n, c.Title)
		}
	}
	if len(now.Silent) > len(before.Silent) {
		return now.Silent[0].Name + " is silent"
	}
	return ""
}

func (k card) count(s scan.GapState) int {
	for _, l := range k.Lines {
		if l.State == string(s) {
			return l.N
		}
	}
	return 0
}
