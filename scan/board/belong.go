package board

import (
	"cmp"
	"fmt"
	"slices"

	"scanpost/scan"
	"scanpost/scan/web"
)

// This file is what a unit's page says of what belongs together.

// mostContents is how many units inside a container its page names.
const mostContents = 50

// bond is a link, or a way into a container or out of it, as a line of a list.
type bond struct {
	ID     string
	Words  string   // before the keys
	Keys   []string // what it is about
	After  string   // behind them
	At     web.Moment
	Said   scan.SaidView
	Undone *undone
	Note   string
}

type undone struct {
	At   web.Moment
	Said scan.SaidView
}

// bonds are a unit's links and packings, newest first.
func (p *page) bonds(v *scan.UnitView) []bond {
	var all []bond
	add := func(b bond, by *scan.SaidView) {
		b.At = p.at(b.Said.At)
		if by != nil {
			b.Undone = &undone{p.at(by.At), *by}
		}
		all = append(all, b)
	}
	for _, l := range v.Links {
		b := bond{ID: l.ID, Keys: l.IDs, After: "are one parcel: " + howWord(l.How), Said: l.Said}
		if len(l.Instead) > 0 {
			b.Note = "The operator was told that until then it was " + keysText(l.Instead)
		}
		if l.Overruled {
			b.Note = "A newer link gives one of them to another parcel"
		}
		add(b, l.Undone)
	}
	for _, m := range v.Packing {
		words := "Into"
		if m.Action != scan.PutIn {
			words = "Out of"
		}
		add(bond{ID: m.ID, Words: words, Keys: []string{m.Container}, Said: m.Said}, m.Undone)
	}
	slices.SortStableFunc(all, func(a, b bond) int { return cmp.Or(b.At.At.Compare(a.At.At), cmp.Compare(b.ID, a.ID)) })
	return all
}

func howWord(how string) string {
	switch how {
	case "scanned":
		return "scanned one after the other"
	case "label":
		return "labels of one read"
	case "manifest":
		return "named together in the manifest"
	}
	return web.Plain(how)
}

func keysText(keys []string) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = web.Plain(scan.KeyText(k))
	}
	return scan.List(names)
}

// contents are the first units inside a container, and how many more there are.
func contents(v *scan.UnitView) (first []string, more string) {
	if n := len(v.Contents); n > mostContents {
		return v.Contents[:mostContents], fmt.Sprintf("and %s more", web.Count(n-mostContents))
	}
	return v.Contents, ""
}

// markWords is an operator's word on a scan.
func markWords(m *scan.MarkView) string {
	switch m.Mark {
	case scan.Hold:
		return "Held"
	case scan.Release:
		return "Released"
	case scan.Exception:
		return "Exception " + web.Plain(m.Reason)
	}
	return web.Plain(string(m.Mark))
}
