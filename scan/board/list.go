package board

import (
	"net/http"
	"slices"
	"strings"

	"scanpost/scan"
)

// list is the gaps that a filter chooses.
type list struct {
	page
	Filter  filter
	Query   string
	N       int // gaps chosen; as many rows, over all pages
	Parcels int
	From    int
	To      int
	Rows    []row
	States  []toggle
	Selects []choice
	Found   []string // units with the number that was asked for, gaps or not
	Any     bool     // something is chosen
	Prev    string
	Next    string
	Causes  []seen // stations that are a cause by themselves
	OpenAll int
}

// toggle is a state to choose, with the number of its list.
type toggle struct {
	State string
	Glyph string
	Word  string
	N     int
	Link  string
	On    bool
}

type choice struct {
	Name, Title string
	Options     []option
	Set         bool
}

type option struct {
	Value, Word string
	On          bool
}

const pageRows = 200

// most units that a search shows beside the gaps.
const maxFound = 20

func (b *Board) gaps(w http.ResponseWriter, r *http.Request) {
	f, err := b.parse(r.URL.Query())
	if err != nil {
		b.fail(w, r, http.StatusBadRequest, "unknown_value", sentence(err))
		return
	}
	p := b.page(r, "gaps", "Gaps")
	p.Stream = "/live" + f.page(f.Page)
	b.show(w, r, http.StatusOK, "gaps.html", b.makeList(p, f))
}

// page is the address of one page of the list.
func (f filter) page(n int) string {
	f.Page = n
	return f.path()
}

func (b *Board) makeList(p page, f filter) *list {
	open := b.Source.Gaps(scan.GapFilter{})
	stations := b.Source.Stations(p.now)
	b.count(&p, open, stations)
	l := &list{page: p, Filter: f, Query: f.Query, OpenAll: p.Gaps}
	l.Any = f.path() != gapsPath()

	// The same filter makes the list and, for each state, its number.
	all := f.GapFilter
	all.State = ""
	chosen := f.inState("").pick(&l.page, b.Source.Gaps(all))
	all.State = scan.Closed
	closed := f.inState(scan.Closed).pick(&l.page, b.Source.Gaps(all))
	gaps := f.pick(&l.page, b.Source.Gaps(f.GapFilter))
	l.toggles(chosen, closed)
	l.selects(b.Source.Summary(p.now), stations)

	looks := map[string]seen{}
	for _, s := range l.looks(stations, open) {
		looks[s.Name] = s
		if f.Kind == "" && f.State != scan.Closed && (s.State == "silent" || s.State == "lost") {
			l.Causes = append(l.Causes, s)
		}
	}
	order(gaps, false)
	l.N, l.Parcels = len(gaps), parcels(gaps)
	from := min((f.Page-1)*pageRows, len(gaps))
	to := min(from+pageRows, len(gaps))
	l.From, l.To = from+1, to
	l.Rows = l.rows(gaps[from:to], f, looks, false)
	if f.Page > 1 {
		l.Prev = f.page(f.Page - 1)
	}
	if to < len(gaps) {
		l.Next = f.page(f.Page + 1)
	}
	if f.Query != "" {
		l.Found = b.find(f.Query, maxFound)
	}
	return l
}

func (l *list) toggles(chosen, closed []scan.Gap) {
	count := map[scan.GapState]int{"": len(chosen), scan.Closed: len(closed)}
	for _, g := range chosen {
		count[g.State]++
	}
	words := map[scan.GapState]string{"": "All open", scan.Missing: "Missing", scan.Unknown: "Unknown", scan.Late: "Late", scan.Closed: "Closed today"}
	for _, s := range []scan.GapState{"", scan.Missing, scan.Unknown, scan.Late, scan.Closed} {
		if s == scan.Late && count[s] == 0 && l.Filter.State != s {
			continue
		}
		to := l.Filter.inState(s)
		if s == "" || s == l.Filter.State {
			// The number of a list that is narrowed by a cause is its own.
			to.Waiting, to.Cause = "", ""
		}
		t := toggle{State: string(s), Word: words[s], N: count[s], On: s == l.Filter.State, Link: to.path()}
		if s != "" {
			t.Glyph = glyphOf(s)
		}
		l.States = append(l.States, t)
	}
}

func (l *list) selects(s scan.Summary, stations []scan.StationView) {
	add := func(name, title, chosen string, options []option) {
		options = append([]option{{"", "Any", chosen == ""}}, options...)
		l.Selects = append(l.Selects, choice{name, title, options, chosen != ""})
	}
	var os []option
	for _, k := range kinds {
		os = append(os, option{string(k), kindWord(k), l.Filter.Kind == k})
	}
	add("kind", "Kind", string(l.Filter.Kind), os)
	os = nil
	for _, c := range s.Checkpoints {
		os = append(os, option{c.Name, scan.Place(c.Name), l.Filter.Checkpoint == c.Name})
	}
	add("checkpoint", "Checkpoint", l.Filter.Checkpoint, os)
	os = nil
	for _, st := range stations {
		os = append(os, option{st.Name, st.Name, l.Filter.Station == st.Name})
	}
	slices.SortFunc(os, func(a, b option) int { return strings.Compare(a.Value, b.Value) })
	add("station", "Station", l.Filter.Station, os)
}

// Hidden are the parts of the filter that have no field of their own.
func (l *list) Hidden() []option {
	var out []option
	for _, o := range []option{{"state", string(l.Filter.State), false}, {"waiting", l.Filter.Waiting, false}, {"cause", l.Filter.Cause, false}, {"closed_as", l.Filter.ClosedAs, false}} {
		if o.Word != "" {
			out = append(out, o)
		}
	}
	return out
}

// search leads to the one unit that carries a number, else to the list.
func (b *Board) search(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(q) > maxQuery {
		q = q[:maxQuery]
	}
	to := gapsPath("q", q)
	if q != "" {
		if found := b.find(q, 2); len(found) == 1 {
			to = unitPath(found[0])
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// find looks for a number as it was typed, then as a scanner would have sent
// it: with an identifier of the symbology, or of the application, before it.
func (b *Board) find(q string, most int) []string {
	_, code := scan.CutAIM(q)
	bare := strings.NewReplacer("(", "", ")", "", " ", "").Replace(code)
	for _, part := range []string{q, code, bare, strings.TrimPrefix(bare, "00")} {
		if part == "" {
			continue
		}
		if found := b.Source.Find(part, most); len(found) > 0 {
			return found
		}
	}
	return nil
}

func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
