// Package board is the managers' board: what is missing, what is merely
// unknown and because of which station, and one next step for each.
//
// Two rules hold on every page. A number that counts gaps is a link, and the
// list behind it has exactly as many rows, because both are made by the same
// filter. And what is unheard never looks like what is missing. The pages work
// without scripts; a stream of events only keeps them up to date.
package board

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

//go:embed static
var static embed.FS

//go:embed templates/*.html
var templates embed.FS

var parsed = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("board").Funcs(funcs).ParseFS(templates, "templates/*.html"))
})

// Source is where the board's facts come from: a floor, and the place that
// makes decisions durable.
type Source interface {
	Summary(now time.Time) scan.Summary
	Gaps(filter scan.GapFilter) []scan.Gap // oldest first
	Gap(id string) (scan.Gap, bool)
	Unit(key string, now time.Time) (scan.UnitView, bool)
	Find(part string, most int) []string // keys of units that contain part
	Stations(now time.Time) []scan.StationView
	// Decide saves a person's decision and returns the gap as it is then.
	Decide(d scan.Decision) (scan.Gap, error)
	// Changed returns a channel that is closed when anything changes.
	Changed() <-chan struct{}
}

// Options are what a board needs.
type Options struct {
	Site    string
	Source  Source
	Now     func() time.Time
	Log     *slog.Logger
	Version string
	Metrics http.Handler            // optional
	Health  func() error            // optional: why the board can not be relied on
	Expect  func(body []byte) error // optional: takes in expected units
	Keys    Keys                    // optional: keys of stations that wait for a decision
}

// Board answers HTTP and keeps its pages live while Run runs.
type Board struct {
	Options
	assets  *web.Assets
	pages   *template.Template
	handler http.Handler
	pulse   *pulse
	every   time.Duration // least time between two updates of a page
	beat    time.Duration // how often a stream says that it lives
}

// New makes a board.
func New(o Options) *Board {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	assets, err := web.NewAssets(static)
	if err != nil {
		panic(err) // the files are part of the program
	}
	b := &Board{Options: o, assets: assets, pulse: newPulse(), every: time.Second, beat: 5 * time.Second}
	b.pages = parsed()
	b.handler = b.routes()
	return b
}

// ServeHTTP implements [http.Handler].
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.handler.ServeHTTP(w, r) }

// Run tells the open pages of changes until the context ends, which also ends
// their streams.
func (b *Board) Run(ctx context.Context) error {
	defer b.pulse.stop()
	tick := time.NewTicker(b.beat)
	defer tick.Stop()
	for {
		changed := b.Source.Changed()
		b.pulse.again()
		// At most once in a while, however fast the scans come.
		pause := time.NewTimer(b.every)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return context.Cause(ctx)
		}
		select {
		case <-changed:
		case <-tick.C: // bars move and stations fall behind without any event
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (b *Board) routes() http.Handler {
	mux := http.NewServeMux()
	on := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(method+" "+path, h)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", method)
			b.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not possible here, "+method+" is.")
		})
	}
	on("GET", "/{$}", b.home)
	on("GET", "/gaps", b.gaps)
	on("GET", "/search", b.search)
	on("GET", "/units/{key...}", b.unit)
	on("GET", "/stations", b.stations)
	on("GET", "/stations/{name}", b.station)
	on("POST", "/gaps/{id}/{do}", b.decideForm)
	on("POST", "/stations/{name}/trust", b.trustForm)
	on("POST", "/theme", b.theme)
	on("GET", "/live/home", b.liveHome)
	on("GET", "/live/gaps", b.liveGaps)
	on("GET", "/live/units/{key...}", b.liveUnit)
	on("GET", "/live/stations", b.liveStations)
	on("GET", "/live/stations/{name}", b.liveStation)
	on("GET", "/api/v1/summary", b.apiSummary)
	on("GET", "/api/v1/gaps", b.apiGaps)
	on("GET", "/api/v1/units/{key...}", b.apiUnit)
	on("GET", "/api/v1/stations", b.apiStations)
	on("POST", "/api/v1/gaps/{id}/{do}", b.apiDecide)
	on("POST", "/api/v1/expect", b.apiExpect)
	on("GET", "/healthz", b.healthz)
	on("GET", "/static/{name}", b.assets.ServeHTTP)
	if b.Metrics != nil {
		on("GET", "/metrics", b.Metrics.ServeHTTP)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b.fail(w, r, http.StatusNotFound, "not_found", "There is no page at this address.")
	})
	deny := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.fail(w, r, http.StatusForbidden, "other_origin", "This came from another site's page, so nothing was changed.")
	})
	return web.Secure(web.SameOrigin(mux, deny))
}

// show answers with a page; nothing is sent before all of it could be made.
func (b *Board) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var buf bytes.Buffer
	if err := b.pages.ExecuteTemplate(&buf, name, data); err != nil {
		b.Log.Error("page not made", "path", r.URL.Path, "err", err)
		http.Error(w, "The board made a mistake, not you. Nothing was changed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}
