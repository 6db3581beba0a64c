package port

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"scanpost/devices/trace"
)

// replayPort plays what a device once sent, with its original pauses or with
// none. Each record is one Read, as HID reports are. After the last one Read
// returns ErrEnd: a trace that is over is not a cable that was pulled, and
// nobody should wait for it to come back. What is written goes nowhere.
type replayPort struct {
	records []trace.Record
	fast    bool
	start   time.Time // of the first Read
	arrived time.Time // of the last record, by the recording's own pauses
	rest    []byte    // of a record that did not fit
	closed  chan struct{}
	once    sync.Once
}

func openReplay(a Address) (Port, error) {
	f, err := os.Open(a.Path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fail(ErrPermission, a, "this user may not read the file; change its owner or mode", err)
	case err != nil:
		return nil, fail(ErrNotFound, a, "the file does not open: "+err.Error(), err)
	}
	defer f.Close()
	t, err := trace.Read(f)
	if err != nil {
		return nil, fail(ErrConfig, a, err.Error(), err)
	}
	p := &replayPort{fast: a.Fast, closed: make(chan struct{})}
	for _, r := range t.Records {
		if !r.ToDevice && len(r.Data) > 0 {
			p.records = append(p.records, r)
		}
	}
	return p, nil
}

func (p *replayPort) Read(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, ErrClosed
	default:
	}
	if len(b) == 0 {
		return 0, io.ErrShortBuffer
	}
	if len(p.rest) == 0 {
		if len(p.records) == 0 {
			return 0, ErrEnd
		}
		if err := p.wait(p.records[0].At); err != nil {
			return 0, err
		}
		p.arrived = p.start.Add(p.records[0].At)
		p.rest, p.records = p.records[0].Data, p.records[1:]
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// wait waits until a record is due.
func (p *replayPort) wait(at time.Duration) error {
	if p.start.IsZero() {
		p.start = time.Now()
	}
	if p.fast {
		return nil
	}
	due := time.NewTimer(time.Until(p.start.Add(at)))
	defer due.Stop()
	select {
	case <-due.C:
		return nil
	case <-p.closed:
		return ErrClosed
	}
}

// Arrived is when the bytes of the last Read arrived, had there been the
// pauses of the recording: some codes are ended by a pause, also when a trace
// is played without any. It is for the goroutine that reads.
func (p *replayPort) Arrived() time.Time { return p.arrived }

func (p *replayPort) Write(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, ErrClosed
	default:
		return len(b), nil
	}
}

func (p *replayPort) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}
