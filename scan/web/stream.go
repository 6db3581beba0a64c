package web

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"
)

// patience is how long a reader may leave a write waiting. Who is slower is
// dropped; the page comes back by itself and is given the present state.
const patience = 10 * time.Second

// Stream sends server-sent events to one reader.
type Stream struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	buf bytes.Buffer
}

// NewStream begins a stream of events as the answer to a request.
func NewStream(w http.ResponseWriter) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &Stream{w: w, rc: http.NewResponseController(w)}
	s.buf.WriteString("retry: 1000\n\n")
	return s, s.Flush()
}

// Add puts an event into the next flush.
func (s *Stream) Add(event, data string) {
	s.buf.WriteString("event: ")
	s.buf.WriteString(event)
	// A carriage return ends a line here too, so none may come through.
	data = strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(data, "\n") {
		s.buf.WriteString("\ndata: ")
		s.buf.WriteString(line)
	}
	s.buf.WriteString("\n\n")
}

// Flush sends what was added, and gives up on a reader that takes too long.
func (s *Stream) Flush() error {
	err := s.rc.SetWriteDeadline(time.Now().Add(patience))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	s.buf.Reset()
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// Send sends one event at once.
func (s *Stream) Send(event, data string) error {
	s.Add(event, data)
	return s.Flush()
}
