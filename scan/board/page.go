package board

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"scanpost/scan"
	"scanpost/scan/web"
)

// page is what every page needs around its content.
type page struct {
	Site, Version, Build string
	Title, Section       string
	Theme                string
	Wall                 bool
	Stream               string // where its live parts come from; empty if it has none
	Here                 string // its own address, to come back to
	Gaps, Stations       int    // in the navigation
	now                  time.Time
	live                 bool
}

func (b *Board) page(r *http.Request, section, title string) page {
	return page{
		Site: b.Site, Version: b.Version, Build: b.assets.Build(), Section: section, Title: title,
		Theme: web.Theme(r), Here: r.URL.RequestURI(), now: b.Now(),
	}
}

// Now is the page's own time.
func (p *page) Now() web.Moment { return p.at(p.now) }

func (p *page) at(t time.Time) web.Moment { return web.Moment{At: t, Now: p.now, Live: p.live} }

// today reports whether a time is on the page's own day.
func (p *page) today(t time.Time) bool {
	t = t.In(p.now.Location())
	return t.Year() == p.now.Year() && t.YearDay() == p.now.YearDay()
}

var funcs = template.FuncMap{
	"n":     web.Count[int],
	"n64":   web.Count[uint64],
	"name":  scan.Place,
	"id":    web.ID,
	"key":   web.Key,
	"text":  func(s string) template.HTML { return web.Text(s, 400) },
	"plain": web.Plain,
	"unit":  unitPath,
	"at":    stationPath,
	"upper": strings.ToUpper,
}

func unitPath(key string) string     { return "/units/" + url.PathEscape(key) }
func stationPath(name string) string { return "/stations/" + url.PathEscape(name) }

// gapsPath is the address of a list; the pairs are names and values.
func gapsPath(pairs ...string) string {
	return "/gaps" + query(pairs...)
}

func query(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if b.Len() == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}

// failure is a page that could not be shown, and what to do instead.
type failure struct {
	page
	Status  int
	Message string
}

// fail answers in the look of the page that was asked for, or as JSON.
func (b *Board) fail(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/healthz" {
		b.apiFail(w, status, code, message)
		return
	}
	title := map[int]string{
		http.StatusNotFound:         "Not found",
		http.StatusForbidden:        "Not done",
		http.StatusMethodNotAllowed: "Not possible",
	}[status]
	if title == "" {
		title = "Not understood"
	}
	p := b.page(r, "", title)
	b.count(&p, b.Source.Gaps(scan.GapFilter{}), b.Source.Stations(p.now))
	b.show(w, r, status, "failure.html", &failure{p, status, message})
}

// count fills in the numbers of the navigation.
func (b *Board) count(p *page, open []scan.Gap, stations []scan.StationView) {
	p.Stations = len(stations)
	for i := range open {
		if ofUnit(&open[i]) {
			p.Gaps++
		}
	}
}

// theme turns the colours one further: as the system has them, light, dark.
// It is a form, so that it works without scripts, and the server knows.
func (b *Board) theme(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	next := map[string]string{"": "light", "light": "dark", "dark": ""}[web.Theme(r)]
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: next, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, ownPath(r.FormValue("back")), http.StatusSeeOther)
}

// ownPath is an address of this board; anything else leads home, so that a
// form can not be made to send people elsewhere.
func ownPath(back string) string {
	u, err := url.Parse(back)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, `\`) {
		return "/"
	}
	return back
}
