package port_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/trace"
)

// A replay keeps the pauses of the recording; ?fast has none. After the last
// record comes ErrEnd, again and again, and it is not an unplug.
func TestReplayPauses(t *testing.T) {
	address := replay(t,
		trace.Record{At: 2 * time.Second, Data: []byte("a\r")},
		trace.Record{At: 3 * time.Second, Data: []byte{6}, ToDevice: true},
		trace.Record{At: 90 * time.Second, Data: []byte("b\r")})
	for suffix, want := range map[string][]time.Duration{"": {2 * time.Second, 90 * time.Second}, "?fast": {0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			p, err := port.Open(t.Context(), address+suffix, port.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			start := time.Now()
			for i, code := range []string{"a\r", "b\r"} {
				b := make([]byte, 10)
				n, err := p.Read(b)
				if at := time.Since(start); string(b[:n]) != code || at != want[i] || err != nil {
					t.Errorf("%q: got %q at %v, %v; want %q at %v", suffix, b[:n], at, err, code, want[i])
				}
			}
			for range 2 {
				if n, err := p.Read(make([]byte, 1)); n != 0 || !errors.Is(err, port.ErrEnd) || errors.Is(err, port.ErrUnplugged) {
					t.Errorf("%q: after the end %d, %v", suffix, n, err)
				}
			}
		})
	}
}

// A record longer than the buffer comes in pieces.
func TestReplaySmallBuffer(t *testing.T) {
	p, err := port.Open(t.Context(), replay(t, trace.Record{Data: []byte("abc")})+"?fast", port.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var got []string
	for b := make([]byte, 2); ; {
		n, err := p.Read(b)
		if err != nil {
			break
		}
		got = append(got, string(b[:n]))
	}
	if s := strings.Join(got, "|"); s != "ab|c" {
		t.Errorf("got %q", s)
	}
}
