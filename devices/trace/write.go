package trace

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Writer writes a trace as it happens. It may be used by several goroutines:
// what arrives and what is written back come from different ones.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	line []byte
}

// NewWriter writes the header and returns the writer of what follows.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	_, err := fmt.Fprintf(w, "%s %s at=%s port=%s profile=%s\n", magic, version,
		h.At.UTC().Format("2006-01-02T15:04:05.000Z"), strconv.QuoteToASCII(h.Port), strconv.QuoteToASCII(h.Profile))
	return &Writer{w: w}, err
}

// Write writes one record as one line in one call of the underlying writer, so
// that a power cut costs the last line and no more.
func (w *Writer) Write(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	micros := max(r.At, 0).Microseconds()
	way := '<'
	if r.ToDevice {
		way = '>'
	}
	w.line = fmt.Appendf(w.line[:0], "%d.%06d %c ", micros/1e6, micros%1e6, way)
	switch {
	case isText(r.Data):
		// ASCII only: what is in a barcode may be hostile to the terminal of
		// the person who reads the trace.
		w.line = strconv.AppendQuoteToASCII(w.line, string(r.Data))
	default:
		w.line = fmt.Appendf(w.line, "% x", r.Data)
	}
	w.line = append(w.line, '\n')
	_, err := w.w.Write(w.line)
	return err
}

// Note writes a remark for the reader, such as "unplugged".
func (w *Writer) Note(at time.Duration, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	quoted := strings.Trim(strconv.QuoteToASCII(text), `"`)
	_, err := fmt.Fprintf(w.w, "# %.6f %s\n", at.Seconds(), quoted)
	return err
}

// Write writes the whole trace.
func (t *Trace) Write(to io.Writer) error {
	w, err := NewWriter(to, t.Header)
	for _, r := range t.Records {
		if err != nil {
			break
		}
		err = w.Write(r)
	}
	return err
}

// isText chooses the form that a person reads better: most of it printable.
func isText(b []byte) bool {
	printable := 0
	for _, c := range b {
		if c >= ' ' && c <= '~' {
			printable++
		}
	}
	return printable*2 >= len(b)
}
