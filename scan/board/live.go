package board

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"scanpost/scan/web"
)

// pulse tells streams that there may be something new. Streams take what they
// show themselves, so that none of them can hold up another.
type pulse struct {
	mu    sync.Mutex
	next  chan struct{}
	ended bool
}

func newPulse() *pulse { return &pulse{next: make(chan struct{})} }

func (p *pulse) wait() (next <-chan struct{}, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next, p.ended
}

func (p *pulse) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.next)
	p.next = make(chan struct{})
}

func (p *pulse) stop() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.again()
}

// parts are the live elements of a page, by id, in the order of the page.
type parts struct {
	names []string
	html  map[string]string
	said  string
}

// stream sends a page's live parts: all of them when it begins, since the
// page may be older than the stream, and later those that changed. fill is
// called in the request's goroutine; nil ends the stream.
func (b *Board) stream(w http.ResponseWriter, r *http.Request, fill func(p page) *parts) {
	s, err := web.NewStream(w)
	if err != nil {
		return
	}
	s.Add("hello", b.assets.Build())
	sent := map[string]string{}
	beat := time.NewTicker(b.beat)
	defer beat.Stop()
	for {
		next, ended := b.pulse.wait()
		if ended {
			return
		}
		p := b.page(r, "", "")
		p.live, p.Stream = true, ""
		now := fill(p)
		if now == nil {
			return
		}
		for _, name := range now.names {
			if html := now.html[name]; html != sent[name] {
				sent[name] = html
				s.Add(name, html)
			}
		}
		if now.said != "" {
			s.Add("said", now.said)
		}
		s.Add("beat", p.Now().RFC3339())
		if s.Flush() != nil {
			return
		}
		select {
		case <-next:
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
	}
}

// render makes the named parts of a page; each is a template of that name.
func (b *Board) render(data any, names ...string) *parts {
	out := &parts{names: names, html: map[string]string{}}
	for _, name := range names {
		var buf bytes.Buffer
		if err := b.pages.ExecuteTemplate(&buf, name, data); err != nil {
			b.Log.Error("part of a page not made", "reason", name, "err", err)
			return nil
		}
		out.html[name] = string(bytes.TrimSpace(buf.Bytes()))
	}
	return out
}

func (b *Board) liveHome(w http.ResponseWriter, r *http.Request) {
	var before *home
	b.stream(w, r, func(p page) *parts {
		p.Section = "now"
		p.Wall = r.URL.Query().Has("wall")
		h := b.makeHome(p)
		out := b.render(h, homeParts...)
		if out != nil {
			out.said = said(before, h)
		}
		before = h
		return out
	})
}

func (b *Board) liveGaps(w http.ResponseWriter, r *http.Request) {
	f, err := b.parse(r.URL.Query())
	if err != nil {
		b.fail(w, r, http.StatusBadRequest, "unknown_value", sentence(err))
		return
	}
	b.stream(w, r, func(p page) *parts {
		p.Section = "gaps"
		return b.render(b.makeList(p, f), "nav", "toggles", "shown", "causes", "rows")
	})
}

func (b *Board) liveUnit(w http.ResponseWriter, r *http.Request) {
	key, by := r.PathValue("key"), rememberedName(r)
	b.stream(w, r, func(p page) *parts {
		p.Section, p.Here = "gaps", unitPath(key)
		u := b.makeUnit(p, key, by, nil)
		if u == nil {
			return nil
		}
		return b.render(u, "nav", "belongs", "line", "unitgaps", "bonds", "log")
	})
}

func (b *Board) liveStations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	b.stream(w, r, func(p page) *parts {
		p.Section = "stations"
		s, err := b.makeStations(p, q.Get("state"), q.Get("checkpoint"))
		if err != nil {
			return nil
		}
		return b.render(s, "nav", "stationlist")
	})
}

func (b *Board) liveStation(w http.ResponseWriter, r *http.Request) {
	name, by := r.PathValue("name"), rememberedName(r)
	b.stream(w, r, func(p page) *parts {
		p.Section, p.Here = "stations", stationPath(name)
		s := b.makeStation(p, name, by, nil)
		if s == nil {
			return nil
		}
		return b.render(s, "nav", "facts", "stationgaps")
	})
}
