// Package screen is the operator's screen at a bench: one outcome at a time,
// told by colour, shape and words together, and gone to the side before
// anybody could take an old green for a new one.
//
// The screen never decides anything. It shows what the station told, after
// the station saved it. A stop stays until somebody says that it was seen;
// a page that lost the station's program says so and shows no outcome at all.
package screen

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

//go:embed static
var static embed.FS

//go:embed templates/*.html
var templates embed.FS

// Options are what a screen needs.
type Options struct {
	Station    string
	Checkpoint string
	Link       func() scan.LinkView // asked once a second; must not block
	Seen       func()               // somebody acknowledged a stop at the screen
	Now        func() time.Time
	Log        *slog.Logger
}

const (
	idleAfter = 10 * time.Minute
	keep      = 5  // outcomes remembered: the one shown and four before it
	queue     = 64 // outcomes not yet sent to the pages
	slow      = 16 // messages a page may be behind before it is dropped
)

// Screen answers HTTP. Any number of pages may be open.
type Screen struct {
	Options
	assets  *web.Assets
	pages   *template.Template
	handler http.Handler
	poke    chan struct{}

	mu      sync.Mutex
	shown   *scan.Told  // nil before the first scan, and long after the last
	stop    bool        // shown is a stop that nobody has seen yet
	recent  []scan.Told // newest first, without commands
	pending []scan.Told // told, and not yet sent
	who     string      // the operator's sign
	hour    string      // the hour that is counted
	saved   int         // scans saved in it
	since   time.Time   // when counting began
	link    scan.LinkView
	trained map[string]bool // devices in training
	pagesAt map[*reader]struct{}
	ended   bool
}

// reader is one open page.
type reader struct{ messages chan []message }

type message struct{ event, data string }

// New makes a screen.
func New(o Options) *Screen {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Link == nil {
		o.Link = func() scan.LinkView { return scan.LinkView{} }
	}
	assets, err := web.NewAssets(static)
	if err != nil {
		panic(err) // the files are part of the program
	}
	s := &Screen{Options: o, assets: assets, poke: make(chan struct{}, 1), since: o.Now(), pagesAt: map[*reader]struct{}{}, trained: map[string]bool{}}
	s.pages = template.Must(template.New("screen").ParseFS(templates, "templates/*.html"))
	s.link = o.Link()
	s.handler = s.routes()
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Screen) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Tell takes in what the operator was told. It never waits: pages are told by
// Run, and one that is too slow is dropped.
func (s *Screen) Tell(t scan.Told) {
	s.mu.Lock()
	s.take(&t)
	if len(s.pending) == queue {
		s.pending = slices.Delete(s.pending, 0, 1)
	}
	s.pending = append(s.pending, t)
	s.mu.Unlock()
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Withdraw takes back a tag that was shown as passing and did not pass here
// after all. What was told of anything else stays.
func (s *Screen) Withdraw(code, checkpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(t scan.Told) bool {
		return t.Outcome == scan.Passing && t.Code == code && t.Checkpoint == checkpoint
	}
	s.pending = slices.DeleteFunc(s.pending, is)
	if s.shown != nil && is(*s.shown) {
		s.shown = nil
		s.send(s.state(), s.last())
	}
}

func (s *Screen) take(t *scan.Told) {
	if t.Outcome == scan.Passing {
		if !s.stop {
			s.shown = t
		}
		return // it is told again when it is a scan
	}
	s.trained[t.Device] = t.Training
	command := t.Outcome == scan.CommandDone
	if command || t.Operator != "" {
		s.who = t.Operator
	}
	if !command && !t.Repeat {
		s.recent = append([]scan.Told{*t}, s.recent[:min(len(s.recent), keep-1)]...)
		s.count(t)
	}
	// Only a person ends a stop: with the button, or with a command card,
	// which nobody scans by accident. Later scans go to the list below it.
	if s.stop && !command && t.Outcome != scan.NotSaved {
		return
	}
	s.shown, s.stop = t, t.Outcome == scan.NotSaved
}

// inTraining reports whether what is scanned at one of the devices does not count.
func (s *Screen) inTraining() bool {
	for _, in := range s.trained {
		if in {
			return true
		}
	}
	return false
}

func (s *Screen) count(t *scan.Told) {
	if t.Notice || t.Training {
		return
	}
	switch t.Outcome {
	case scan.Saved, scan.SavedOffline, scan.SavedPreviousMissing, scan.SavedNotVerifiable, scan.SavedWrongCheckpoint:
		if h := s.hourOf(t.At); h != s.hour {
			s.hour, s.saved = h, 0
		}
		s.saved++
	}
}

func (s *Screen) hourOf(t time.Time) string {
	return t.In(s.Now().Location()).Format("2006-01-02 15")
}

// seen ends a stop, if there is one.
func (s *Screen) seen() {
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if !stop {
		return
	}
	if s.Seen != nil {
		s.Seen() // may tell something itself
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop {
		s.shown, s.stop = nil, false
	}
	s.send(s.state(), s.last())
}

// Run keeps the open pages up to date until the context ends.
func (s *Screen) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	defer s.end()
	for {
		select {
		case <-s.poke:
			s.flush()
		case <-tick.C:
			s.tick(s.Link())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// flush sends what was told since, each by itself: every scan has its tone.
func (s *Screen) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pending {
		t := &s.pending[i]
		if s.stop && t.Outcome != scan.NotSaved {
			continue
		}
		s.send(message{"told", s.html("outcome", s.outcome(t))})
	}
	s.pending = s.pending[:0]
	s.send(s.last(), s.operator())
}

func (s *Screen) tick(link scan.LinkView) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, idle := s.line(), s.shown == nil
	hour := s.hourOf(s.Now())
	turned := s.hour != "" && hour != s.hour
	if turned {
		s.hour, s.saved = hour, 0
	}
	if s.shown != nil && !s.stop && s.Now().Sub(s.shown.At) >= idleAfter {
		s.shown = nil
	}
	changed := link != s.link
	s.link = link
	out := []message{s.beat()}
	if now := s.line(); now != before {
		out = append(out, now)
	}
	if s.shown == nil && (!idle || changed || turned) {
		out = append(out, s.state(), s.last())
	}
	s.send(out...)
}

// send gives messages to every page that can take them. A page that can not
// is dropped; it comes back by itself and is shown the present state.
func (s *Screen) send(out ...message) {
	for r := range s.pagesAt {
		select {
		case r.messages <- out:
		default:
			close(r.messages)
			delete(s.pagesAt, r)
		}
	}
}

func (s *Screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for r := range s.pagesAt {
		close(r.messages)
		delete(s.pagesAt, r)
	}
}

// html executes a template. A mistake in one is logged and shows nothing,
// which the page tells as an outcome it can not show.
func (s *Screen) html(name string, data any) string {
	var buf bytes.Buffer
	if err := s.pages.ExecuteTemplate(&buf, name, data); err != nil {
		s.Log.Error("part of the screen not made", "reason", name, "err", err)
		return ""
	}
	return string(bytes.TrimSpace(buf.Bytes()))
}
