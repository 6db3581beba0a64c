package machine

import (
	"encoding/json"
	"net/http"
	"strconv"

	"scanpost/sync/event"
)

// proofs serves the proof of custody of one event of this log, so that the
// agent need not be stopped to make one: GET /api/v1/proof/{id}.
func (v *voice) proofs() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		epoch, seq, ok := event.ParseID(id)
		if !ok {
			n, err := strconv.ParseUint(id, 10, 64)
			if err != nil {
				http.Error(w, "that is neither the id of an event nor its number", http.StatusBadRequest)
				return
			}
			epoch, seq = v.outbox.Epoch(), n
		}
		if epoch != v.outbox.Epoch() {
			http.Error(w, "that event is of another log than the present one, "+v.outbox.Epoch(), http.StatusNotFound)
			return
		}
		b, err := v.outbox.Bundle(v.signer, seq, seq)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		_ = e.Encode(b) // whoever asked has gone
	})
}
