package board

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"scanpost/scan"
)

// The same facts as JSON, design section 8. Errors are
// {"error":{"code","message"}} with the status that fits.

func (b *Board) apiFail(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	b.answer(w, status, map[string]problem{"error": {code, message}})
}

func (b *Board) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		b.Log.Debug("answer not sent", "err", err)
	}
}

func (b *Board) apiSummary(w http.ResponseWriter, r *http.Request) {
	if !b.only(w, r.URL.Query()) {
		return
	}
	s := b.Source.Summary(b.Now())
	if s.Checkpoints == nil {
		s.Checkpoints = []scan.CheckpointSummary{}
	}
	b.answer(w, http.StatusOK, s)
}

func (b *Board) apiGaps(w http.ResponseWriter, r *http.Request) {
	if !b.only(w, r.URL.Query(), "state", "kind", "checkpoint", "station", "q") {
		return
	}
	f, err := b.parse(r.URL.Query())
	if err != nil {
		b.apiFail(w, http.StatusBadRequest, "unknown_value", err.Error())
		return
	}
	gaps := b.Source.Gaps(f.GapFilter)
	if gaps == nil {
		gaps = []scan.Gap{}
	}
	b.answer(w, http.StatusOK, map[string]any{"count": len(gaps), "gaps": gaps})
}

func (b *Board) apiUnit(w http.ResponseWriter, r *http.Request) {
	if !b.only(w, r.URL.Query()) {
		return
	}
	u, ok := b.Source.Unit(r.PathValue("key"), b.Now())
	if !ok {
		b.apiFail(w, http.StatusNotFound, "unknown_unit", "no unit with this key has been seen")
		return
	}
	b.answer(w, http.StatusOK, u)
}

func (b *Board) apiStations(w http.ResponseWriter, r *http.Request) {
	if !b.only(w, r.URL.Query()) {
		return
	}
	stations := b.Source.Stations(b.Now())
	if stations == nil {
		stations = []scan.StationView{}
	}
	b.answer(w, http.StatusOK, map[string]any{"count": len(stations), "stations": stations})
}

// only refuses parameters that mean nothing here: a mistyped filter would
// otherwise choose everything.
func (b *Board) only(w http.ResponseWriter, q url.Values, known ...string) bool {
	for name := range q {
		if !slices.Contains(known, name) {
			b.apiFail(w, http.StatusBadRequest, "unknown_parameter", unknownValue("parameter", name, known).Error())
			return false
		}
	}
	return true
}

func (b *Board) apiDecide(w http.ResponseWriter, r *http.Request) {
	do := r.PathValue("do")
	if !slices.Contains(doings, do) {
		b.apiFail(w, http.StatusNotFound, "not_found", unknownValue("decision", do, doings).Error())
		return
	}
	body, ok := b.body(w, r)
	if !ok {
		return
	}
	var said struct {
		By     string `json:"by"`
		Reason string `json:"reason"`
	}
	if err := strict(body, &said); err != nil {
		b.apiFail(w, http.StatusBadRequest, "bad_json", `want {"by":"…","reason":"…"}: `+err.Error())
		return
	}
	g, ok := b.Source.Gap(r.PathValue("id"))
	if !ok {
		b.apiFail(w, http.StatusNotFound, "unknown_gap", "no gap has this id")
		return
	}
	d := scan.Decision{Gap: g.ID, Do: do, By: said.By, Reason: said.Reason, At: b.Now()}
	if field, message := check(&d); message != "" {
		b.apiFail(w, http.StatusUnprocessableEntity, "bad_"+field, message)
		return
	}
	g, err := b.Source.Decide(d)
	if err != nil {
		b.apiFail(w, http.StatusConflict, "not_done", err.Error())
		return
	}
	b.answer(w, http.StatusOK, g)
}

func (b *Board) apiExpect(w http.ResponseWriter, r *http.Request) {
	if b.Expect == nil {
		b.apiFail(w, http.StatusNotImplemented, "not_implemented", "this board does not take expected units yet; gaps are found from what was scanned")
		return
	}
	body, ok := b.body(w, r)
	if !ok {
		return
	}
	if err := b.Expect(body); err != nil {
		b.apiFail(w, http.StatusUnprocessableEntity, "not_accepted", err.Error())
		return
	}
	b.answer(w, http.StatusAccepted, map[string]bool{"accepted": true})
}

func (b *Board) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		b.apiFail(w, http.StatusRequestEntityTooLarge, "too_large", "a body has at most 65536 bytes")
		return nil, false
	case err != nil:
		b.apiFail(w, http.StatusBadRequest, "bad_body", err.Error())
		return nil, false
	}
	return body, true
}

func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

func (b *Board) healthz(w http.ResponseWriter, _ *http.Request) {
	if b.Health != nil {
		if err := b.Health(); err != nil {
			b.apiFail(w, http.StatusServiceUnavailable, "not_healthy", err.Error())
			return
		}
	}
	b.answer(w, http.StatusOK, map[string]string{"status": "ok", "version": b.Version})
}
