package board

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"scanpost/scan"
)

type event struct{ name, data string }

// listener reads a stream until the test ends.
type listener struct {
	t      *testing.T
	events chan event
}

// serve runs a board with quick streams and listens to one of them.
func serve(t *testing.T, b *Board, path string) *listener {
	t.Helper()
	b.every, b.beat = time.Millisecond, 20*time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	srv := httptest.NewServer(b)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
		t.Fatalf("type %q", got)
	}
	l := &listener{t, make(chan event, 4096)}
	go l.read(resp.Body)
	t.Cleanup(func() { stop(); <-done; _ = resp.Body.Close(); srv.Close() })
	return l
}

func (l *listener) read(r io.Reader) {
	defer close(l.events)
	var e event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "event: "):
			e.name = line[7:]
		case strings.HasPrefix(line, "data: "):
			e.data += line[6:] + "\n"
		case line == "" && e.name != "":
			l.events <- e
			e = event{}
		}
	}
}

// wait returns the first event of a name whose data holds a text.
func (l *listener) wait(name, holds string) event {
	l.t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				l.t.Fatalf("the stream ended before %s with %q", name, holds)
			}
			if e.name == name && strings.Contains(e.data, holds) {
				return e
			}
		case <-late.C:
			l.t.Fatalf("no %s with %q", name, holds)
		}
	}
}

// A skipped scan shows by itself: in the sentence, on its card, in the list.
func TestLiveHome(t *testing.T) {
	f := warehouse()
	b := newBoard(f)
	l := serve(t, b, "/live/home")
	l.wait("hello", b.assets.Build())
	for _, name := range homeParts {
		if e := l.wait(name, ""); !strings.Contains(e.data, `id="`+name+`"`) {
			t.Errorf("event %s carries another element: %.80s", name, e.data)
		}
	}
	l.wait("beat", "2026-11-20T14:07:32+01:00")
	f.change(func() {
		f.gaps = append(f.gaps, scan.Gap{ID: "new", Kind: scan.Skipped, State: scan.Missing, Unit: "sscc:000000000000077777", Checkpoint: "pack", WaitingFor: []string{}, Since: ago(0)})
	})
	l.wait("headline", "3 parcels")
	if e := l.wait("gaplist", `id="gap-new"`); strings.Contains(e.data, "<script") {
		t.Error("a barcode's text came through the stream as it is")
	} else if strings.Index(e.data, "gap-new") > strings.Index(e.data, "gap-g1") {
		t.Error("the new gap is not at the top")
	}
	l.wait("said", "1 more missing at Pack")
}

// A part is sent again only if it changed: ages are left to the page.
func TestLiveSendsChangesOnly(t *testing.T) {
	f := warehouse()
	now := noon
	b := New(Options{Site: "ham1", Source: f, Now: func() time.Time { now = now.Add(time.Second); return now }})
	p := page{now: noon, live: true}
	first := b.render(b.makeHome(p), "headline", "gaplist", "gapcards")
	p.now = noon.Add(61 * time.Second)
	second := b.render(b.makeHome(p), "headline", "gaplist", "gapcards")
	for name, html := range first.html {
		if second.html[name] != html {
			t.Errorf("a minute later %s is another, though nothing happened", name)
		}
	}
}

func TestLiveOthers(t *testing.T) {
	f := warehouse()
	for path, parts := range map[string][]string{
		"/live/gaps?state=missing":   {"nav", "toggles", "shown", "causes", "rows"},
		"/live" + unitPath(sscc):     {"line", "unitgaps", "log"},
		"/live/stations":             {"stationlist"},
		"/live/stations/load-01":     {"facts", "stationgaps"},
		"/live/home?wall":            {"gaplist"},
		"/live" + unitPath(hostile):  {"line"},
		"/live/gaps?q=%3Cscript%3Ex": {"shown"},
	} {
		t.Run(path, func(t *testing.T) {
			l := serve(t, newBoard(f), path)
			for _, name := range parts {
				if e := l.wait(name, `id="`+name+`"`); strings.Contains(e.data, "<script") {
					t.Errorf("%s carries a barcode's text as it is", name)
				}
			}
		})
	}
}

// A reader that does not read holds up nobody, and the board ends all the same.
func TestLiveSlowReader(t *testing.T) {
	f := warehouse()
	b := newBoard(f)
	l := serve(t, b, "/live/home")
	l.wait("beat", "")
	stuck := &stuckWriter{head: http.Header{}, at: make(chan struct{})}
	ctx, leave := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.ServeHTTP(stuck, httptest.NewRequest("GET", "/live/home", nil).WithContext(ctx))
	}()
	<-stuck.at
	f.change(func() { f.gaps = f.gaps[:1] })
	l.wait("headline", "1 parcel")
	leave()
	close(stuck.free())
	<-ended
}

// stuckWriter is a reader whose line is full.
type stuckWriter struct {
	head http.Header
	at   chan struct{}
	n    int
	out  chan struct{}
}

func (s *stuckWriter) free() chan struct{} { return s.out }
func (s *stuckWriter) Header() http.Header { return s.head }
func (s *stuckWriter) WriteHeader(int)     {}
func (s *stuckWriter) Write(p []byte) (int, error) {
	if s.n++; s.n == 2 {
		s.out = make(chan struct{})
		close(s.at)
		<-s.out
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}
