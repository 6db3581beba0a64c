package board

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

// near is how far behind a station may be and still be called heard: heads
// come every two seconds, and a margin is taken off.
const near = 15 * time.Second

// seen is a station as the pages show it: how it is in one word, why, and one
// next step.
type seen struct {
	scan.StationView
	State   string // "silent", "never", "lost", "fault", "catching", "off" or "fine"
	Glyph   string
	Colour  string
	Word    string
	Why     string
	Next    string
	Behind  bool
	HeardAt web.Moment
	Waits   int // gaps that wait for it
	Bar     bar
	Gaps    []scan.Gap // open ones about it
	page    *page
}

// Since is when a device came or went.
func (s seen) Since(d scan.DeviceView) web.Moment { return s.page.at(d.Since) }

// At is any time of this station's page.
func (s seen) At(t time.Time) web.Moment { return s.page.at(t) }

// look judges a station. What the detector found about it goes first, since
// it is what the JSON and the events say too; the rest is what the board can
// see by itself.
func (p *page) look(s scan.StationView, about []scan.Gap) seen {
	v := seen{StationView: s, State: "fine", Glyph: "seen", Colour: "seen", Word: "fine", HeardAt: p.at(s.HeardTo), Gaps: about, page: p}
	v.Behind = s.HeardTo.IsZero() || p.now.Sub(s.HeardTo) > near
	detached, away := "", ""
	for _, d := range s.Devices {
		if d.Attached {
			continue
		}
		if detached != "" {
			detached += ", "
		}
		detached += web.Plain(d.Name)
		if away == "" && !d.Since.IsZero() {
			away = " since " + p.at(d.Since).HMText()
		}
	}
	found := func(k scan.GapKind, device bool) *scan.Gap {
		for i := range about {
			if about[i].Kind == k && (about[i].Device != "") == device && about[i].State != scan.Closed {
				return &about[i]
			}
		}
		return nil
	}
	silent := found(scan.SilentStation, false)
	switch lost, still := found(scan.LostMessages, false), found(scan.SilentStation, true); {
	case s.HeardTo.IsZero() && s.HeadAt.IsZero() && !s.Online:
		v.set("never", "unknown", "unknown", "never heard", "Nothing has come from it yet.", "Start it, or take it out of the site’s list")
	case s.Silent && s.SignedOff:
		v.set("off", "open", "open", "switched off", "It said goodbye; every scan up to then is here.", "Nothing to do, if nobody works there")
		if s.Backlog > 0 {
			v.Why = fmt.Sprintf("It said goodbye with %s still kept there.", plural(int(s.Backlog), "event", "events"))
			v.Next = "Switch it on again, so that they come"
		}
	case s.Silent || silent != nil && !s.Online:
		v.set("silent", "unknown", "unknown", "silent", "It goes on scanning and keeps every scan.", "Check its network cable, then its power")
		if s.Online {
			v.Why, v.Next = "It is connected and says nothing.", "Start scanpost anew there"
		}
		if s.Backlog > 0 {
			v.Why = plural(int(s.Backlog), "event was", "events were") + " waiting there when it was last heard. " + v.Why
		}
		v.take(silent)
	case lost != nil:
		v.set("lost", "broken", "unknown", "record lost", "A part of its record can not be had any more.", "Look at the parcels, then resolve")
		v.take(lost)
	case detached != "":
		v.set("fault", "fault", "missing", detached+" unplugged", "Heard, but "+detached+" is unplugged"+away+".", "Plug "+detached+" back in")
		v.take(still)
	case still != nil:
		v.set("fault", "fault", "missing", web.Plain(still.Device)+" silent", "", "")
		v.take(still)
	case v.Behind && s.Backlog > 0:
		v.set("catching", "catching", "unknown", "catching up", plural(int(s.Backlog), "event", "events")+" waiting there.", "Nothing to do: they come by themselves")
	case v.Behind:
		v.set("catching", "catching", "unknown", "behind", "It is heard, but not all of it up to now.", "Nothing to do: it settles by itself")
	}
	return v
}

func (v *seen) set(state, glyph, colour, word, why, next string) {
	v.State, v.Glyph, v.Colour, v.Word, v.Why, v.Next = state, glyph, colour, word, why, next
}

func (v *seen) take(g *scan.Gap) {
	if g == nil {
		return
	}
	if g.Cause != "" {
		v.Why = web.Plain(g.Cause)
	}
	if g.NextStep != "" {
		v.Next = web.Plain(g.NextStep)
	}
}

// Needs reports whether somebody should look at it.
func (v seen) Needs() bool { return v.State != "fine" }

// Unheard reports whether nothing is known of it at this moment.
func (v seen) Unheard() bool { return v.State == "silent" || v.State == "never" }

var urgency = map[string]int{"silent": 0, "never": 1, "fault": 2, "lost": 3, "catching": 4, "off": 5, "fine": 6}

// looks judges all stations, those in need first.
func (p *page) looks(stations []scan.StationView, open []scan.Gap) []seen {
	about := map[string][]scan.Gap{}
	waits := map[string]int{}
	for _, g := range open {
		if !ofUnit(&g) {
			about[g.Station] = append(about[g.Station], g)
			continue
		}
		if g.State == scan.Unknown {
			for _, s := range g.WaitingFor {
				waits[s]++
			}
		}
	}
	span := p.span(stations)
	out := make([]seen, len(stations))
	for i, s := range stations {
		out[i] = p.look(s, about[s.Name])
		out[i].Waits = waits[s.Name]
		out[i].Bar = p.bar(s, span)
	}
	slices.SortStableFunc(out, func(a, b seen) int {
		return cmp.Or(cmp.Compare(urgency[a.State], urgency[b.State]), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// bar is what is heard of a station on the time the panel shows: solid is
// known, hatched is not heard or lost, empty was before its log began.
type bar []segment

type segment struct {
	X, W string // percent
	Fill string
}

var spans = []time.Duration{15 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour}

// span is the shortest time that shows where the farthest station stopped.
func (p *page) span(stations []scan.StationView) time.Duration {
	far := time.Duration(0)
	for _, s := range stations {
		if d := p.now.Sub(s.HeardTo); !s.HeardTo.IsZero() && d > far && d < spans[len(spans)-1] {
			far = d
		}
	}
	for _, s := range spans {
		if far < s*9/10 {
			return s
		}
	}
	return spans[len(spans)-1]
}

func (p *page) bar(s scan.StationView, span time.Duration) bar {
	begin := p.now.Add(-span)
	// In steps of half a percent, so that a bar does not change every second.
	at := func(t time.Time) float64 {
		part := float64(t.Sub(begin)) / float64(span)
		return float64(int(200*min(max(part, 0), 1)+.5)) / 2
	}
	var b bar
	add := func(from, to float64, fill string) {
		if to > from {
			b = append(b, segment{fmt.Sprintf("%g%%", from), fmt.Sprintf("%g%%", to-from), fill})
		}
	}
	last := -1.0
	for _, h := range s.Heard {
		from, to := at(h.From), at(h.To)
		if last >= 0 {
			add(last, from, "f-hatch")
		}
		if h.To == s.HeardTo && p.now.Sub(h.To) < near {
			to = 100
		}
		add(from, to, "f-bar")
		last = max(last, to)
	}
	add(max(last, 0), 100, "f-hatch")
	return b
}
