package board

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"scanpost/scan"
)

// What people may do about a gap.
var doings = []string{"resolve", "waive", "reopen"}

const (
	maxBody   = 64 << 10
	maxName   = 60
	maxReason = 500
)

// check finds what is wrong with a decision, and in which field. A name is
// always needed, since a decision says by whom; a waiver says why.
func check(d *scan.Decision) (field, message string) {
	d.By, d.Reason = strings.TrimSpace(d.By), strings.TrimSpace(d.Reason)
	switch {
	case d.By == "":
		return "by", "Say who decides this"
	case len(d.By) > maxName || !utf8.ValidString(d.By):
		return "by", "A name has at most 60 characters"
	case d.Do == "waive" && d.Reason == "":
		return "reason", "Say why nothing needs to be done"
	case len(d.Reason) > maxReason || !utf8.ValidString(d.Reason):
		return "reason", "A reason has at most 500 characters"
	}
	return "", ""
}

// decideForm takes a decision from a page and leads back to it.
func (b *Board) decideForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		b.fail(w, r, http.StatusRequestEntityTooLarge, "too_large", "The form could not be read.")
		return
	}
	g, ok := b.Source.Gap(r.PathValue("id"))
	if !ok || !slices.Contains(doings, r.PathValue("do")) {
		b.fail(w, r, http.StatusNotFound, "unknown_gap", "This gap is not known any more. Nothing was changed.")
		return
	}
	d := scan.Decision{Gap: g.ID, Do: r.PathValue("do"), By: r.PostFormValue("by"), Reason: r.PostFormValue("reason"), At: b.Now()}
	field, message := check(&d)
	if message == "" {
		if _, err := b.Source.Decide(d); err != nil {
			b.Log.Warn("decision not taken", "reason", d.Do, "err", err)
			message = "Not done: " + err.Error()
		}
	}
	if message != "" {
		m := &mistake{g.ID, field, message, d.By, d.Reason}
		if ofUnit(&g) {
			b.showUnit(w, r, g.Unit, http.StatusUnprocessableEntity, m)
		} else {
			b.showStation(w, r, g.Station, http.StatusUnprocessableEntity, m)
		}
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "name", Value: url.QueryEscape(d.By), Path: "/", MaxAge: 12 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, ownPath(r.PostFormValue("back")), http.StatusSeeOther)
}

// rememberedName is who decided last in this browser, for half a day.
func rememberedName(r *http.Request) string {
	c, err := r.Cookie("name")
	if err != nil {
		return ""
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil || len(name) > maxName {
		return ""
	}
	return name
}
