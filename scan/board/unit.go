package board

import (
	"html/template"
	"net/http"
	"strings"

	"scanpost/scan"
	"scanpost/scan/web"
)

// unitPage is one unit: what should have happened, and what did.
type unitPage struct {
	page
	Unit   scan.UnitView
	Others []identifier
	Steps  []step
	Open   []decidable
	Log    []decidable // closed ones and what else was decided
	By     string

	Bonds    []bond   // what made it one, and what it was put into
	Contents []string // the first units inside it
	More     string   // how many more there are
	HeldAt   web.Moment
}

type identifier struct {
	Scheme string
	Key    string
}

// step is one step of the plan beside what is known of it.
type step struct {
	scan.StepView
	Class  string
	Glyph  string
	Colour string
	Due    web.Moment
	Limit  string
	Good   []evidence
	Gone   []evidence // taken back
	GapRow *row
}

// evidence is one scan as it can be proven.
type evidence struct {
	scan.ScanView
	At        web.Moment
	ToldGlyph string
	Told      string
	Raw       template.HTML
	Marked    []marked
}

// marked is what an operator said of a scan afterwards.
type marked struct {
	Words string
	At    web.Moment
	Said  scan.SaidView
}

// decidable is a gap with the form to decide on it.
type decidable struct {
	row
	Back    string
	By      string // remembered, or what was typed
	Reason  string
	Mistake string // what is wrong with the form that was sent
	Field   string // in which field
	Reopen  bool
	Closed  web.Moment
}

// mistake is a form that could not be taken as it was.
type mistake struct {
	gap, field, message, by, reason string
}

func (b *Board) unit(w http.ResponseWriter, r *http.Request) {
	b.showUnit(w, r, r.PathValue("key"), http.StatusOK, nil)
}

func (b *Board) showUnit(w http.ResponseWriter, r *http.Request, key string, status int, m *mistake) {
	p := b.page(r, "gaps", web.Plain(key))
	if len(p.Title) > 80 {
		p.Title = "…" + web.Tail(key)
	}
	p.Here, p.Stream = unitPath(key), "/live"+unitPath(key)
	u := b.makeUnit(p, key, rememberedName(r), m)
	if u == nil {
		b.fail(w, r, http.StatusNotFound, "unknown_unit", "No parcel with this number has been seen.")
		return
	}
	b.show(w, r, status, "unit.html", u)
}

func (b *Board) makeUnit(p page, key, by string, m *mistake) *unitPage {
	v, ok := b.Source.Unit(key, p.now)
	if !ok {
		return nil
	}
	b.count(&p, b.Source.Gaps(scan.GapFilter{}), b.Source.Stations(p.now))
	u := &unitPage{page: p, Unit: v, By: by}
	for _, id := range v.IDs {
		if id != v.Key {
			scheme, _, _ := strings.Cut(id, ":")
			u.Others = append(u.Others, identifier{web.Plain(scheme), id})
		}
	}
	u.Bonds = u.bonds(&v)
	u.Contents, u.More = contents(&v)
	if v.Held != nil {
		u.HeldAt = u.at(v.Held.Said.At)
	}
	for _, s := range v.Steps {
		u.Steps = append(u.Steps, u.step(s))
	}
	for _, g := range v.Gaps {
		d := u.page.decidable(g, by, m)
		if g.State == scan.Closed {
			u.Log = append([]decidable{d}, u.Log...)
		} else {
			u.Open = append(u.Open, d)
		}
	}
	return u
}

func (p *page) decidable(g scan.Gap, by string, m *mistake) decidable {
	d := decidable{row: p.row(g), Back: p.Here, By: by, Reopen: byPerson(&g), Closed: p.at(g.ClosedAt)}
	if m != nil && m.gap == g.ID {
		d.By, d.Reason, d.Mistake, d.Field = m.by, m.reason, m.message, m.field
	}
	return d
}

func (u *unitPage) step(v scan.StepView) step {
	s := step{StepView: v, Due: u.at(v.Due)}
	if v.Within > 0 {
		s.Limit = limit(v.Within)
	}
	for _, e := range v.Scans {
		glyph, words := told(&e)
		proof := evidence{ScanView: e, At: u.at(e.At), ToldGlyph: glyph, Told: words, Raw: web.Text(e.Raw, 1000)}
		for _, m := range e.Marks {
			proof.Marked = append(proof.Marked, marked{markWords(&m), u.at(m.Said.At), m.Said})
		}
		if e.Voided {
			s.Gone = append(s.Gone, proof)
		} else {
			s.Good = append(s.Good, proof)
		}
	}
	switch {
	case v.Gap != nil && v.Gap.State != scan.Closed:
		r := u.row(*v.Gap)
		s.GapRow = &r
		s.Glyph = r.Glyph
		s.Colour = r.Glyph
		s.Class = "step-gap step-" + s.Glyph
	case len(s.Good) > 0:
		s.Glyph, s.Colour = "seen", "seen"
	case v.Optional:
		s.Glyph, s.Colour, s.Class = "optional", "open", "step-skip"
	default:
		s.Glyph, s.Colour, s.Class = "open", "open", "step-open"
	}
	return s
}
