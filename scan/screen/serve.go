package screen

import (
	"net/http"
	"strings"

	"scanpost/scan"
	"scanpost/scan/web"
)

func (s *Screen) routes() http.Handler {
	mux := http.NewServeMux()
	on := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(method+" "+path, h)
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", method)
			http.Error(w, "Not possible here.", http.StatusMethodNotAllowed)
		})
	}
	on("GET", "/{$}", s.page)
	on("GET", "/live", s.live)
	on("POST", "/seen", s.postSeen)
	on("GET", "/static/{name}", s.assets.ServeHTTP)
	on("GET", "/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.Redirect(w, r, "/", http.StatusFound) // a bench has one page
			return
		}
		http.NotFound(w, r)
	})
	deny := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "This came from another site's page, so nothing was changed.", http.StatusForbidden)
	})
	return web.Secure(web.SameOrigin(mux, deny))
}

// whole is the page with its present content, so that it also reads without
// scripts.
type whole struct {
	Station, Checkpoint, Theme, Build string
	Now                               web.Moment
	Line                              lineView
	Who                               whoView
	Outcome                           view
	Last                              []lastView
}

// CheckpointName is the bench's checkpoint as its head has it.
func (p whole) CheckpointName() string { return strings.ToUpper(scan.Place(p.Checkpoint)) }

func (s *Screen) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := whole{
		Station: s.Station, Checkpoint: s.Checkpoint, Theme: web.Theme(r), Build: s.assets.Build(),
		Now: web.Moment{At: s.Now(), Now: s.Now()}, Line: s.lineView(), Who: s.whoView(), Outcome: s.outcome(s.shown), Last: s.lastViews(),
	}
	content := s.html("screen.html", p)
	s.mu.Unlock()
	if content == "" {
		http.Error(w, "The screen could not be made. Scanning goes on: listen for the scanner.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(content))
}

// live is one page's stream: the present state first, then what comes.
func (s *Screen) live(w http.ResponseWriter, r *http.Request) {
	me := &reader{make(chan []message, slow)}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		http.Error(w, "The program is ending.", http.StatusServiceUnavailable)
		return
	}
	s.pagesAt[me] = struct{}{}
	first := []message{{"hello", s.assets.Build()}, s.state(), s.line(), s.operator(), s.last(), s.beat()}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pagesAt, me)
		s.mu.Unlock()
	}()
	stream, err := web.NewStream(w)
	if err != nil {
		return
	}
	for out, ok := first, true; ok; {
		for _, m := range out {
			stream.Add(m.event, m.data)
		}
		if stream.Flush() != nil {
			return
		}
		select {
		case out, ok = <-me.messages:
		case <-r.Context().Done():
			return
		}
	}
}

// postSeen takes the acknowledgement of a stop, from the script or, without
// one, from the form.
func (s *Screen) postSeen(w http.ResponseWriter, r *http.Request) {
	s.seen()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// whoView is who works at the bench, and whether in earnest.
type whoView struct {
	Sign     string
	Training bool
}

func (s *Screen) whoView() whoView { return whoView{s.who, s.inTraining()} }

// The parts of the page that change. The callers hold the lock.

func (s *Screen) state() message    { return message{"state", s.html("outcome", s.outcome(s.shown))} }
func (s *Screen) line() message     { return message{"line", s.html("line", s.lineView())} }
func (s *Screen) last() message     { return message{"last", s.html("last", s.lastViews())} }
func (s *Screen) operator() message { return message{"who", s.html("who", s.whoView())} }
func (s *Screen) beat() message {
	return message{"beat", web.Moment{At: s.Now(), Now: s.Now()}.RFC3339()}
}
