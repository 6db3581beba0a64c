package board

import (
	"net/http"
	"slices"

	"scanpost/scan"
	"scanpost/scan/web"
)

// stationsPage is all stations, those in need first.
type stationsPage struct {
	page
	All        []seen
	Shown      []seen
	Needs      int
	States     []toggle
	Checkpoint string
	Span       string
}

// stationPage is one station.
type stationPage struct {
	page
	S       seen
	About   []decidable // gaps about the station itself
	Waiting string      // the list of what waits for it
	Key     *KeyOffer   // another key than it had, to be decided about
}

var stationWords = []struct{ state, word, glyph, colour string }{
	{"silent", "Silent", "unknown", "unknown"}, {"never", "Never heard", "unknown", "unknown"},
	{"fault", "Fault", "fault", "missing"}, {"lost", "Record lost", "broken", "unknown"},
	{"catching", "Catching up", "catching", "unknown"}, {"off", "Switched off", "open", "open"}, {"fine", "Fine", "seen", "seen"},
}

func (b *Board) stations(w http.ResponseWriter, r *http.Request) {
	state, checkpoint := r.URL.Query().Get("state"), r.URL.Query().Get("checkpoint")
	p := b.page(r, "stations", "Stations")
	p.Stream = "/live/stations" + query("state", state, "checkpoint", checkpoint)
	s, err := b.makeStations(p, state, checkpoint)
	if err != nil {
		b.fail(w, r, http.StatusBadRequest, "unknown_value", sentence(err))
		return
	}
	b.show(w, r, http.StatusOK, "stations.html", s)
}

func (b *Board) makeStations(p page, state, checkpoint string) (*stationsPage, error) {
	stations := b.Source.Stations(p.now)
	open := b.Source.Gaps(scan.GapFilter{})
	b.count(&p, open, stations)
	s := &stationsPage{page: p, Checkpoint: checkpoint}
	var names []string
	for _, st := range stations {
		names = append(names, st.Checkpoints...)
	}
	for _, c := range b.Source.Summary(p.now).Checkpoints {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if checkpoint != "" && !slices.Contains(names, checkpoint) {
		return nil, unknownValue("checkpoint", checkpoint, names)
	}
	for _, v := range s.looks(stations, open) {
		if checkpoint == "" || slices.Contains(v.Checkpoints, checkpoint) {
			s.All = append(s.All, v)
		}
	}
	s.Span = scan.SpanText(s.span(stations))
	count := map[string]int{}
	known := state == ""
	for _, v := range s.All {
		count[v.State]++
		if v.Needs() {
			s.Needs++
		}
		if state == "" || v.State == state {
			s.Shown = append(s.Shown, v)
		}
	}
	s.States = []toggle{{Word: "All", N: len(s.All), Link: "/stations" + query("checkpoint", checkpoint), On: state == ""}}
	var words []string
	for _, w := range stationWords {
		words = append(words, w.state)
		known = known || w.state == state
		if count[w.state] > 0 || w.state == state {
			s.States = append(s.States, toggle{State: w.colour, Glyph: w.glyph, Word: w.word, N: count[w.state],
				Link: "/stations" + query("state", w.state, "checkpoint", checkpoint), On: w.state == state})
		}
	}
	if !known {
		return nil, unknownValue("state", state, words)
	}
	return s, nil
}

func (b *Board) station(w http.ResponseWriter, r *http.Request) {
	b.showStation(w, r, r.PathValue("name"), http.StatusOK, nil)
}

func (b *Board) showStation(w http.ResponseWriter, r *http.Request, name string, status int, m *mistake) {
	p := b.page(r, "stations", web.Plain(name))
	p.Here, p.Stream = stationPath(name), "/live"+stationPath(name)
	s := b.makeStation(p, name, rememberedName(r), m)
	if s == nil {
		b.fail(w, r, http.StatusNotFound, "unknown_station", "No station has this name.")
		return
	}
	b.show(w, r, status, "station.html", s)
}

func (b *Board) makeStation(p page, name, by string, m *mistake) *stationPage {
	stations := b.Source.Stations(p.now)
	open := b.Source.Gaps(scan.GapFilter{})
	b.count(&p, open, stations)
	for _, v := range p.looks(stations, open) {
		if v.Name != name {
			continue
		}
		s := &stationPage{page: p, S: v, Key: b.offer(name, by)}
		f := filter{GapFilter: scan.GapFilter{State: scan.Unknown}, Waiting: name}
		s.Waiting = f.path()
		for _, g := range v.Gaps {
			s.About = append(s.About, s.decidable(g, by, m))
		}
		return s
	}
	return nil
}
