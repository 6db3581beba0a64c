package devices

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// bench is a device at work, and everything that is seen of it.
type bench struct {
	*Device
	t      *testing.T
	codes  chan string
	states chan string // "came" or "went: reason"
	taken  chan []byte // what was taken from the wire, by way of the trace
	logs   logLines
	stop   context.CancelFunc
	done   chan error
}

// newBench makes a device that is not running yet.
func newBench(t *testing.T, address string, p *profile.Profile) *bench {
	b := &bench{t: t, codes: make(chan string, 10000), states: make(chan string, 10000), taken: make(chan []byte, 10000), done: make(chan error, 1)}
	b.Device = &Device{
		Name: "hand", Checkpoint: "pack", Address: address, Profile: p, Log: slog.New(slog.NewTextHandler(&b.logs, nil)),
		Scan: func(s scan.Sighting) scan.Told {
			b.codes <- s.Code
			return scan.Told{Outcome: scan.Saved}
		},
		State: func(attached bool, port, reason string) {
			if port != address {
				t.Errorf("State of port %q", port)
			}
			if attached {
				b.states <- "came"
			} else {
				b.states <- "went: " + reason
			}
		},
		Record: b,
	}
	if p.Decoder == "test" {
		b.newDecoder = func(string, map[string]any) (wire.Decoder, error) { return &testDecoder{}, nil }
	}
	return b
}

// Write takes the lines of the trace.
func (b *bench) Write(line []byte) (int, error) {
	b.taken <- bytes.Clone(line)
	return len(line), nil
}

func (b *bench) start() *bench {
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	go func() { b.done <- b.Run(ctx) }()
	return b
}

// end stops the device and waits for it.
func (b *bench) end() {
	b.t.Helper()
	b.stop()
	if err := <-b.done; err != nil {
		b.t.Errorf("Run: %v", err)
	}
}

// want waits for these values, in this order.
func want[T any](t *testing.T, from <-chan T, values ...T) {
	t.Helper()
	for i, v := range values {
		select {
		case got := <-from:
			if fmt.Sprint(got) != fmt.Sprint(v) {
				t.Fatalf("at %d: got %v, want %v", i, got, v)
			}
		case <-t.Context().Done():
			t.Fatalf("at %d: want %v", i, v)
		case <-time.After(time.Minute): // not a measure, only better than a hung test
			t.Fatalf("at %d: nothing came, want %v", i, v)
		}
	}
}

// waitTaken waits until the trace has a line with this text.
func (b *bench) waitTaken(text string) {
	b.t.Helper()
	for {
		select {
		case line := <-b.taken:
			if bytes.Contains(line, []byte(text)) {
				return
			}
		case <-time.After(time.Minute):
			b.t.Fatalf("%q never arrived", text)
		}
	}
}

// logLines keeps what was logged.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

// with are the lines that hold all parts.
func (l *logLines) with(parts ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) }) {
			found = append(found, line)
		}
	}
	return found
}

func lineProfile() *profile.Profile {
	return &profile.Profile{
		Name: "test", Decoder: "lines", Port: profile.Port{Type: "serial"}, Options: map[string]any{"end": "\r", "aim_id": true},
		Feedback: profile.Feedback{Good: []byte("G"), Bad: []byte("B")},
	}
}

// The decoder of these tests: "!x" is a sighting x that is acknowledged by
// "<x>" once saved, and "&x" is the same once more, "?x" wants the reply x at
// once, "=n:v" answers a command with the fact n, "~x" refuses it, "^" says it
// was restarted, "#" is noise, anything else is kept until silence, which
// makes it a sighting.
type testDecoder struct{ kept string }

func (d *testDecoder) Decode(b []byte, out *wire.Output) {
	switch s := string(b); s[0] {
	case '!':
		out.Sighting(wire.Sighting{Code: s[1:], OnSaved: []byte("<" + s[1:] + ">")})
	case '&':
		out.Sighting(wire.Sighting{Code: s[1:], OnSaved: []byte("<" + s[1:] + ">"), Again: true})
	case '=':
		name, value, _ := strings.Cut(s[1:], ":")
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: name, Value: value}}})
	case '~':
		out.Answer(wire.Answer{Refused: s[1:]})
	case '^':
		out.Restarted = true
	case '?':
		out.Reply([]byte(s[1:]))
	case '#':
		out.Fault(fmt.Errorf("test: %w", wire.ErrNoise))
	default:
		d.kept += s
	}
}

func (d *testDecoder) Silence(out *wire.Output) {
	if d.kept != "" {
		out.Sighting(wire.Sighting{Code: d.kept})
	}
	d.kept = ""
}

func testProfile() *profile.Profile {
	p := lineProfile()
	p.Decoder, p.Options, p.Quiet = "test", nil, 30*time.Millisecond
	return p
}

// fakePort fails on demand.
type fakePort struct {
	in     chan []byte
	gone   chan struct{} // closed by the test: an unplug
	closed chan struct{}
	once   sync.Once
	stuck  func() // called by Write first

	mu      sync.Mutex
	written []string
}

func newFakePort() *fakePort {
	return &fakePort{in: make(chan []byte), gone: make(chan struct{}), closed: make(chan struct{})}
}

func (p *fakePort) Read(b []byte) (int, error) {
	select {
	case s := <-p.in:
		return copy(b, s), nil
	case <-p.gone:
		return 0, port.ErrUnplugged
	case <-p.closed:
		return 0, port.ErrClosed
	}
}

func (p *fakePort) Write(b []byte) (int, error) {
	if p.stuck != nil {
		p.stuck()
		return 0, port.ErrStuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = append(p.written, string(b))
	return len(b), nil
}

func (p *fakePort) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *fakePort) wrote() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.written, " ")
}

// opens makes the device open these, in turn: a port, or an error. After the
// last there is nothing plugged in.
func (b *bench) opens(turns ...any) {
	b.Device.open = func(ctx context.Context, _ string, _ port.Settings) (port.Port, error) {
		if len(turns) == 0 {
			return nil, port.ErrNotFound
		}
		turn := turns[0]
		turns = turns[1:]
		if err, ok := turn.(error); ok {
			return nil, err
		}
		return turn.(port.Port), nil
	}
}

// pass lets made-up time pass: it is used in synctest bubbles only.
func pass(d time.Duration) { <-time.After(d) }
