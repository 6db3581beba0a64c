package board

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Keys are the keys of stations that wait for a person's decision.
type Keys interface {
	Offers() []KeyOffer
	// Trust believes a station's offered key from now on, and notes by whom it
	// was decided.
	Trust(r *http.Request, station, key, by string) error
}

// KeyOffer is a key that a station names and that is not the one it had.
type KeyOffer struct {
	Station  string
	Had, Has string // verifier keys, the end of which tells them apart
	Since    time.Time
	By       string // who decided last in this browser
}

// Short is the end of a key, which people can compare.
func (KeyOffer) Short(key string) string {
	const most = 12
	if len(key) > most {
		return "…" + key[len(key)-most:]
	}
	return key
}

// offer is the key that waits for a decision about a station; nil if none does.
func (b *Board) offer(name, by string) *KeyOffer {
	if b.Keys == nil {
		return nil
	}
	for _, o := range b.Keys.Offers() {
		if o.Station == name {
			o.By = by
			return &o
		}
	}
	return nil
}

// trustForm takes the decision from the station's page.
func (b *Board) trustForm(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		b.fail(w, r, http.StatusRequestEntityTooLarge, "too_large", "The form could not be read.")
		return
	}
	by := strings.TrimSpace(r.PostFormValue("by"))
	o := b.offer(name, by)
	switch {
	case o == nil || o.Has != r.PostFormValue("key"):
		b.fail(w, r, http.StatusConflict, "unknown_key", "The station names another key by now, or the one it had. Nothing was changed.")
		return
	case by == "" || len(by) > maxName:
		b.fail(w, r, http.StatusUnprocessableEntity, "by", "Say who decides this, in at most 60 characters. Nothing was changed.")
		return
	}
	if err := b.Keys.Trust(r, name, o.Has, by); err != nil {
		b.Log.Warn("key not taken up", "station", name, "err", err)
		b.fail(w, r, http.StatusInternalServerError, "not_done", "Not done: "+err.Error()+".")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "name", Value: url.QueryEscape(by), Path: "/", MaxAge: 12 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, stationPath(name), http.StatusSeeOther)
}
