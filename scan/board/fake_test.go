package board

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/scan"
)

var (
	berlin = time.FixedZone("CET", 3600)
	noon   = time.Date(2026, 11, 20, 14, 7, 32, 0, berlin)
)

func ago(d time.Duration) time.Time { return noon.Add(-d).UTC() }

// floor is a Source made of the facts it is given.
type floor struct {
	mu          sync.Mutex
	gaps        []scan.Gap
	units       map[string]scan.UnitView
	stations    []scan.StationView
	checkpoints []scan.CheckpointSummary
	decisions   []scan.Decision
	refuse      error
	changed     chan struct{}
}

func newFloor() *floor {
	return &floor{units: map[string]scan.UnitView{}, changed: make(chan struct{})}
}

func (f *floor) Summary(now time.Time) scan.Summary {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := scan.Summary{At: now, Site: "ham1", Units: 1200, Checkpoints: f.checkpoints}
	for i := range f.gaps {
		switch g := &f.gaps[i]; {
		case !ofUnit(g):
		case g.State == scan.Missing:
			s.Missing++
		case g.State == scan.Unknown:
			s.Unknown++
		}
	}
	return s
}

func (f *floor) Gaps(want scan.GapFilter) []scan.Gap {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []scan.Gap
	for _, g := range f.gaps {
		switch {
		case want.State == "" && g.State == scan.Closed,
			want.State != "" && g.State != want.State,
			want.Kind != "" && g.Kind != want.Kind,
			want.Checkpoint != "" && g.Checkpoint != want.Checkpoint,
			want.Station != "" && g.Station != want.Station && !slices.Contains(g.WaitingFor, want.Station),
			!strings.Contains(g.Unit, want.Query):
			continue
		}
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b scan.Gap) int { return a.Since.Compare(b.Since) })
	return out
}

func (f *floor) Gap(id string) (scan.Gap, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.gaps {
		if g.ID == id {
			return g, true
		}
	}
	return scan.Gap{}, false
}

func (f *floor) Unit(key string, _ time.Time) (scan.UnitView, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, ok := f.units[key]
	return u, ok
}

func (f *floor) Find(part string, most int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for k := range f.units {
		if strings.Contains(k, part) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), most)]
}

func (f *floor) Stations(time.Time) []scan.StationView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.stations)
}

func (f *floor) Decide(d scan.Decision) (scan.Gap, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return scan.Gap{}, f.refuse
	}
	f.decisions = append(f.decisions, d)
	for i := range f.gaps {
		g := &f.gaps[i]
		if g.ID != d.Gap {
			continue
		}
		switch d.Do {
		case "resolve":
			g.State, g.ClosedAs = scan.Closed, scan.ClosedResolved
		case "waive":
			g.State, g.ClosedAs = scan.Closed, scan.ClosedWaived
		case "reopen":
			g.State, g.ClosedAs = scan.Missing, ""
		}
		g.By, g.ClosedAt = d.By, d.At
		return *g, nil
	}
	return scan.Gap{}, errors.New("no such gap")
}

func (f *floor) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// change does something to the facts and says so.
func (f *floor) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.changed)
	f.changed = make(chan struct{})
}

const (
	sscc    = "sscc:106141410000001238"
	hostile = "code:a/b?c#d<script>alert(1)</script>\x1d\u202eevil\r\n00042"
)

// warehouse is a small floor on which something of everything happens.
func warehouse() *floor {
	f := newFloor()
	f.checkpoints = []scan.CheckpointSummary{
		{Name: "receive", Seen: 1200, Stations: 1, Heard: 1, HeardTo: ago(3 * time.Second)},
		{Name: "pack", Seen: 1100, OnTheWay: 100, Stations: 2, Heard: 1, HeardTo: ago(65 * time.Minute)},
		{Name: "load", Seen: 900, OnTheWay: 200, Stations: 1, Heard: 1, HeardTo: ago(4 * time.Second)},
	}
	hand := []scan.DeviceView{{Name: "hand", Attached: true, Port: "usb:05e0:1701", Since: ago(7 * time.Hour)}}
	f.stations = []scan.StationView{
		{Name: "receive-01", Checkpoints: []string{"receive"}, Online: true, HeardTo: ago(3 * time.Second), HeadAt: ago(time.Second), Devices: hand, Rate: 12},
		{Name: "pack-01", Checkpoints: []string{"pack"}, Online: true, HeardTo: ago(3 * time.Second), HeadAt: ago(time.Second), Devices: hand},
		{Name: "pack-07", Checkpoints: []string{"pack"}, Silent: true, HeardTo: ago(65 * time.Minute), HeadAt: ago(65 * time.Minute), Backlog: 7, Devices: hand},
		{Name: "load-01", Checkpoints: []string{"load"}, Online: true, HeardTo: ago(4 * time.Second), HeadAt: ago(time.Second),
			Devices: []scan.DeviceView{{Name: "gate", Since: ago(11 * time.Minute), Reason: "cable"}}},
	}
	for i := range f.stations {
		f.stations[i].Heard = []scan.Stretch{{From: ago(6 * time.Hour), To: f.stations[i].HeardTo}}
	}
	gap := func(id string, k scan.GapKind, s scan.GapState, unit, at, station string, since time.Duration, waiting ...string) scan.Gap {
		if waiting == nil {
			waiting = []string{}
		}
		return scan.Gap{ID: id, Kind: k, State: s, Unit: unit, Checkpoint: at, Station: station, WaitingFor: waiting, Since: ago(since), Known: ago(since), Cause: "Cause of " + id + ".", NextStep: "Step of " + id}
	}
	f.gaps = []scan.Gap{
		gap("g1", scan.Skipped, scan.Missing, sscc, "pack", "load-01", 86*time.Minute),
		gap("g2", scan.Overdue, scan.Missing, hostile, "load", "pack-01", 20*time.Minute),
		gap("g3", scan.Overdue, scan.Unknown, "sscc:106141410000000003", "pack", "receive-01", 30*time.Minute, "pack-07"),
		gap("g4", scan.Overdue, scan.Unknown, "sscc:106141410000000004", "pack", "receive-01", 29*time.Minute, "pack-07"),
		gap("g5", scan.Overdue, scan.Unknown, "sscc:106141410000000005", "pack", "receive-01", 28*time.Minute, "pack-07"),
		gap("s1", scan.SilentStation, scan.Unknown, "", "", "pack-07", 65*time.Minute, "pack-07"),
	}
	closed := gap("c1", scan.Overdue, scan.Closed, sscc, "load", "pack-01", 3*time.Hour)
	closed.ClosedAs, closed.ClosedAt, closed.By = scan.ClosedWaived, ago(time.Hour), "Tom B."
	f.gaps = append(f.gaps, closed)
	proof := scan.ScanView{ID: "01JDC4X0M6Q3V9T2-00000000000000003313", Station: "load-01", Epoch: "01JDC4X0M6Q3V9T2", Seq: 3313, At: ago(86 * time.Minute),
		Device: "hand", Operator: "JN", Verdict: scan.PreviousMissing, Missing: []string{"pack"}, Raw: "00106141410000001238\x1d<b>", AIM: "]C1", Symbology: "gs1-128", Synced: true}
	void := proof
	void.Seq, void.Voided = 3311, true
	open := f.gaps[0]
	f.units[sscc] = scan.UnitView{Key: sscc, IDs: []string{sscc, "order:88107"}, Journey: "outbound", Gaps: []scan.Gap{open, closed}, Steps: []scan.StepView{
		{Checkpoint: "receive", Planned: true, Scans: []scan.ScanView{}},
		{Checkpoint: "pack", Planned: true, Within: 4 * time.Hour, Due: ago(96 * time.Minute), Gap: &open},
		{Checkpoint: "load", Planned: true, Scans: []scan.ScanView{void, proof}},
	}}
	f.units[hostile] = scan.UnitView{Key: hostile, IDs: []string{hostile}, Gaps: []scan.Gap{f.gaps[1]}}
	return f
}

func newBoard(f *floor) *Board {
	return New(Options{Site: "ham1", Source: f, Now: func() time.Time { return noon }, Version: "1.2.3"})
}

// get asks for a page and returns what came.
func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func body(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	w := get(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: status %d, want 200\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func newRecorder(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}
