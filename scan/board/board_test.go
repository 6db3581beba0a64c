package board

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"scanpost/scan"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// part is the text of one element of a page, by its id.
func part(page, id string) string {
	_, rest, ok := strings.Cut(page, `id="`+id+`"`)
	if !ok {
		return ""
	}
	rest = rest[strings.Index(rest, ">")+1:]
	for _, end := range []string{"</dl>", "</section>", "</h1>", "</ol>"} {
		if i := strings.Index(rest, end); i >= 0 && (end != "</h1>" || id == "headline") {
			rest = rest[:i]
		}
	}
	return strings.Join(strings.Fields(tags.ReplaceAllString(rest, " ")), " ")
}

// The first line is the answer, and it distinguishes missing from unknown.
func TestHeadline(t *testing.T) {
	cases := map[string]struct {
		floor func() *floor
		want  string
	}{
		"something of everything": {warehouse, "2 parcels are missing a scan. 3 more are unknown, waiting for pack-07 ."},
		"nothing missing, one silent": {func() *floor { f := warehouse(); f.gaps = f.gaps[5:6]; return f },
			"Nothing is missing as far as is heard. pack-07 is silent."},
		"only unheard": {func() *floor { f := warehouse(); f.gaps = f.gaps[2:6]; return f },
			"3 scans are unknown, waiting for pack-07 . Nothing is known to be missing."},
		"clear": {func() *floor { f := warehouse(); f.gaps, f.stations = nil, f.stations[:2]; return f },
			"Nothing is missing, and nothing is unknown."},
		"before the first station": {newFloor, "No station has been heard yet."},
		"one parcel missing twice": {func() *floor {
			f := warehouse()
			f.gaps = []scan.Gap{f.gaps[0], f.gaps[0]}
			f.gaps[1].ID, f.gaps[1].Checkpoint = "g9", "receive"
			f.stations = f.stations[:2]
			return f
		}, "2 scans are missing, of 1 parcel. Nothing is unknown."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := part(body(t, newBoard(c.floor()), "/"), "headline"); got != c.want {
				t.Errorf("headline\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// The home page says for each station how it is, why, and one next step; a
// device that came off is named.
func TestStationsPanel(t *testing.T) {
	page := body(t, newBoard(warehouse()), "/")
	got := part(page, "stations")
	for _, want := range []string{
		"pack-07 silent 13:02 65 min behind", "Cause of s1.", "3 gaps wait for it.", "Step of s1",
		"load-01 gate unplugged", "gate is unplugged since 13:56", "Plug gate back in", "2 of 4 need nothing", "Pack 1 of 2",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the stations panel lacks %q:\n%s", want, got)
		}
	}
}

// What is not known is not shown: no line for what nothing finds yet.
func TestNothingInvented(t *testing.T) {
	page := strings.ToLower(tags.ReplaceAllString(body(t, newBoard(warehouse()), "/"), ""))
	for _, absent := range []string{"at risk", "cutoff", "usual", "expected"} {
		if strings.Contains(page, absent) {
			t.Errorf("the page speaks of %q", absent)
		}
	}
}

// A unit's page stands on its own: plan, evidence, what was taken back, and
// forms that need no script.
func TestUnit(t *testing.T) {
	page := body(t, newBoard(warehouse()), unitPath(sscc))
	for _, want := range []string{
		`action="/gaps/g1/resolve"`, `formaction="/gaps/g1/waive"`, `name="by"`, `name="reason"`, `action="/gaps/c1/reopen"`,
		"NOT SEEN AT PACK", `class="struck"`, "<code>01JDC4X0M6Q3V9T2-00000000000000003313</code>", `<kbd class="ctl">GS</kbd>&lt;b&gt;`,
		"within 4 h, by", "Missing at Pack", "Waived at Load", "by Tom B.", "gapbox", "order:",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// Text from a barcode is shown and never obeyed, on every page and in the
// stream; its unit has an address that leads to it.
func TestHostileText(t *testing.T) {
	f := warehouse()
	f.gaps[0].Cause = "<img src=x onerror=alert(1)>"
	f.stations[1].Devices = []scan.DeviceView{{Name: "<script>x</script>", Reason: "\"><script>", Port: "<script>"}}
	b := newBoard(f)
	for _, path := range []string{"/", "/?wall", "/gaps", "/gaps?q=%3Cscript%3E", "/gaps?q=%22%3E%3Cscript%3E", unitPath(hostile), unitPath(sscc), "/stations", "/stations/pack-01"} {
		page := body(t, b, path)
		if strings.Contains(page, "<script>") || strings.Contains(page, "<img") || strings.ContainsAny(page, "\x1d\u202e\r") {
			t.Errorf("%s carries a barcode's text as it is", path)
		}
		if strings.Contains(page, "onclick") || strings.Contains(page, "style=") || strings.Contains(page, "<style") {
			t.Errorf("%s has inline script or style", path)
		}
	}
	link := `href="` + unitPath(hostile) + `"`
	if page := body(t, b, "/gaps"); !strings.Contains(page, link) {
		t.Errorf("no link %s on the list", link)
	}
	if page := body(t, b, unitPath(hostile)); !strings.Contains(page, `<kbd class="ctl">RLO</kbd>`) {
		t.Error("a control character is not shown by its name")
	}
	if w := get(t, b, "/api/v1"+unitPath(hostile)); w.Code != http.StatusOK {
		t.Errorf("JSON of the same unit: status %d", w.Code)
	}
}

// Nothing comes from anywhere else, and nothing inline would run.
func TestHeaders(t *testing.T) {
	for _, path := range []string{"/", "/gaps", "/nowhere", "/api/v1/summary", "/static/base.css"} {
		h := get(t, newBoard(warehouse()), path).Header()
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: types may be guessed", path)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(body(t, newBoard(warehouse()), "/"), -1) {
		if !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page refers to %q", m[1])
		}
	}
}

func TestErrors(t *testing.T) {
	b := newBoard(warehouse())
	cases := []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/nowhere", 404, "no page at this address"},
		{"GET", "/units/code:nobody", 404, "No parcel with this number"},
		{"GET", "/stations/nobody", 404, "No station has this name"},
		{"POST", "/", 405, "not possible here"},
		{"GET", "/gaps/g1/resolve", 405, "not possible here"},
		{"GET", "/gaps?state=lost", 400, "&#34;lost&#34; is not known"},
		{"GET", "/gaps?kind=%3Cb%3E", 400, "is not known"},
		{"GET", "/gaps?station=pack-99", 400, "pack-99"},
		{"GET", "/gaps?checkpoint=roof", 400, "roof"},
		{"GET", "/gaps?page=0", 400, "page"},
		{"GET", "/stations?state=tired", 400, "tired"},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) && !strings.Contains(w.Body.String(), strings.ReplaceAll(c.says, "&#34;", `"`)) {
			t.Errorf("%s %s: status %d, want %d and %q in\n%s", c.method, c.path, w.Code, c.status, c.says, part(w.Body.String(), "main"))
		}
		if !strings.Contains(w.Body.String(), `class="brand"`) {
			t.Errorf("%s %s: not in the look of the board", c.method, c.path)
		}
	}
}

// A search leads to the one unit, however its number was scanned or typed.
func TestSearch(t *testing.T) {
	b := newBoard(warehouse())
	for q, want := range map[string]string{
		"001238": unitPath(sscc), "]C100106141410000001238": unitPath(sscc), "(00) 106141410000001238": unitPath(sscc),
		"1": "/gaps?q=1", "4711": "/gaps?q=4711", "": "/gaps",
	} {
		if got := get(t, b, "/search?q="+url.QueryEscape(q)).Header().Get("Location"); got != want {
			t.Errorf("search for %q leads to %q, want %q", q, got, want)
		}
	}
	if page := body(t, b, "/gaps?q=4711"); !strings.Contains(page, "No parcel carries") {
		t.Error("a search that finds nothing does not say so")
	}
}

// The colours are chosen by the server, from a cookie that a plain form sets.
func TestTheme(t *testing.T) {
	b := newBoard(warehouse())
	r := httptest.NewRequest("POST", "/theme", strings.NewReader(url.Values{"back": {"/gaps?state=missing"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "theme", Value: "light"})
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if c := w.Result().Cookies()[0]; c.Value != "dark" || w.Header().Get("Location") != "/gaps?state=missing" {
		t.Errorf("cookie %v, back to %q", c, w.Header().Get("Location"))
	}
	r = httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
	w = httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `<html lang="en" data-theme="dark">`) {
		t.Error("the page does not follow the cookie")
	}
	for _, evil := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		if got := ownPath(evil); got != "/" {
			t.Errorf("back to %q leads to %q", evil, got)
		}
	}
}

// The wall shows the same facts larger, and names no more than it can.
func TestWall(t *testing.T) {
	page := body(t, newBoard(warehouse()), "/?wall")
	for _, want := range []string{`data-mode="wall"`, `data-stream="/live/home?wall"`, "latest", "20 min"} {
		if !strings.Contains(page, want) {
			t.Errorf("the wall lacks %q", want)
		}
	}
}

// Three silent stations are one line, not three.
func TestOutage(t *testing.T) {
	f := warehouse()
	for i := range 3 {
		f.stations[i].Silent, f.stations[i].Online = true, false
		f.stations[i].HeardTo, f.stations[i].HeadAt = ago(28*time.Minute), ago(28*time.Minute)
	}
	page := body(t, newBoard(f), "/")
	if got := part(page, "outage"); !strings.Contains(got, "3 stations fell silent in the same moment") {
		t.Errorf("outage %q", got)
	}
	if got := part(page, "stations"); strings.Count(got, "silent") != 1 {
		t.Errorf("the panel blames each station: %q", got)
	}
}
