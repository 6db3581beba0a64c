package port_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/port/porttest"
	"scanpost/devices/sim/pty"
	"scanpost/devices/trace"
)

// A serial port keeps the contract, on a real terminal of the kernel.
func TestSerial(t *testing.T) {
	porttest.Run(t, func(t *testing.T) *porttest.Wire {
		link := filepath.Join(t.TempDir(), "scanner")
		pair, err := pty.New(link)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pair.Close() })
		return &porttest.Wire{
			Open: func() (port.Port, error) { return port.Open(t.Context(), "serial:"+link, port.Settings{}) },
			Send: func(b []byte) { pair.Master.Write(b) },
			Heard: func(n int) ([]byte, error) {
				b := make([]byte, n)
				_, err := io.ReadFull(pair.Master, b)
				return b, err
			},
			Unplug: func() { pair.Close() },
			Deaf:   func() {}, // nobody reads the master
		}
	})
}

// A TCP port keeps the contract.
func TestTCP(t *testing.T) {
	porttest.Run(t, func(t *testing.T) *porttest.Wire {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		var conn net.Conn
		return &porttest.Wire{
			Open: func() (port.Port, error) {
				p, err := port.Open(t.Context(), "tcp:"+l.Addr().String(), port.Settings{})
				if err == nil {
					conn, err = l.Accept()
					peer := conn
					t.Cleanup(func() { peer.Close() })
				}
				return p, err
			},
			Send:   func(b []byte) { conn.Write(b) },
			Heard:  func(n int) ([]byte, error) { b := make([]byte, n); _, err := io.ReadFull(conn, b); return b, err },
			Unplug: func() { conn.Close() },
			Deaf:   func() {},
		}
	})
}

// A replay keeps the contract.
func TestReplay(t *testing.T) {
	porttest.Run(t, func(t *testing.T) *porttest.Wire {
		var tr trace.Trace
		return &porttest.Wire{
			Before:  true,
			Reports: true,
			Send:    func(b []byte) { tr.Records = append(tr.Records, trace.Record{Data: bytes.Clone(b)}) },
			Open: func() (port.Port, error) {
				// Something far in the future, so that a Read has something to wait for.
				return port.Open(t.Context(), replay(t, append(tr.Records, trace.Record{At: time.Hour, Data: []byte("late")})...), port.Settings{})
			},
		}
	})
}

func replay(t *testing.T, records ...trace.Record) (address string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "morning.trace")
	f, err := os.Create(name)
	if err == nil {
		err = (&trace.Trace{Records: records}).Write(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return "replay:" + name
}

// A HID port keeps the contract, and never lets the handle be freed while a
// call is inside it.
func TestHID(t *testing.T) {
	porttest.Run(t, func(t *testing.T) *porttest.Wire {
		var h *fakeHID
		deaf := false
		return &porttest.Wire{
			Reports: true,
			Open: func() (port.Port, error) {
				h = &fakeHID{t: t, reports: make(chan []byte, 32), gone: make(chan struct{}), heard: make(chan []byte, 1000)}
				if deaf {
					h.deaf = make(chan struct{})
				}
				return port.NewHID(h), nil
			},
			Send: func(b []byte) { h.reports <- bytes.Clone(b) },
			Heard: func(n int) ([]byte, error) {
				var b []byte
				for len(b) < n {
					b = append(b, <-h.heard...)
				}
				return b, nil
			},
			Unplug: func() { close(h.gone) },
			Deaf:   func() { deaf = true },
			Check: func(t *testing.T) {
				if h.deaf != nil {
					close(h.deaf) // the driver lets go at last, and only now is the handle freed
				}
			},
		}
	})
}

// fakeHID behaves as the library does, and complains where the library would
// use memory that was freed.
type fakeHID struct {
	t       *testing.T
	reports chan []byte
	heard   chan []byte
	gone    chan struct{}
	deaf    chan struct{} // a Write hangs until it is closed

	mu     sync.Mutex
	inside int
	freed  bool
}

func (h *fakeHID) use() func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inside++
	if h.freed {
		h.t.Error("the handle is used after it was closed")
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.inside--
	}
}

// errHID is the one text the library has.
var errHID = errors.New("hidapi: hid_error is not implemented yet")

func (h *fakeHID) ReadTimeout(b []byte, ms int) (int, error) {
	defer h.use()()
	if ms < 100 || ms > 60_000 {
		h.t.Errorf("a timeout of %d ms: 0 spins, and -1 never lets go of the handle", ms)
	}
	if len(b) < 1024 {
		h.t.Errorf("a buffer of %d bytes cuts reports silently", len(b))
	}
	timer := time.NewTimer(5 * time.Millisecond) // short, so that the timeouts are met often
	defer timer.Stop()
	select {
	case r := <-h.reports:
		return copy(b, r), nil
	case <-h.gone:
		return 0, errHID
	case <-timer.C:
		return 0, nil
	}
}

func (h *fakeHID) Write(b []byte) (int, error) {
	defer h.use()()
	if h.deaf != nil {
		<-h.deaf
		return 0, errHID
	}
	select {
	case h.heard <- bytes.Clone(b):
	default: // nobody asks
	}
	return len(b), nil
}

func (h *fakeHID) SendFeatureReport(b []byte) (int, error) { return h.Write(b) }

func (h *fakeHID) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inside > 0 || h.freed {
		h.t.Errorf("the handle is freed with %d calls inside, freed before: %v", h.inside, h.freed)
	}
	h.freed = true
	return nil
}
