package devices

import (
	"log/slog"
	"sync"
	"time"

	"scanpost/devices/trace"
)

// recorder writes the trace that was asked for. Recording is a help for later:
// if it fails it is told once and stops, and scanning goes on.
type recorder struct {
	mu    sync.Mutex
	w     *trace.Writer // nil: nothing to record, or it failed
	start time.Time
	log   *slog.Logger
}

func newRecorder(d *Device) *recorder {
	r := &recorder{start: time.Now(), log: d.Log}
	if d.Record == nil {
		return r
	}
	w, err := trace.NewWriter(d.Record, trace.Header{At: d.Now(), Port: d.Address, Profile: d.Profile.Name})
	r.w = w
	r.failed(err)
	return r
}

func (r *recorder) record(at time.Time, toDevice bool, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w != nil {
		r.failed(r.w.Write(trace.Record{At: at.Sub(r.start), ToDevice: toDevice, Data: b}))
	}
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w != nil {
		r.failed(r.w.Note(time.Since(r.start), text))
	}
}

func (r *recorder) failed(err error) {
	if err != nil {
		r.w = nil
		r.log.Warn("recording stopped", "err", err)
	}
}
