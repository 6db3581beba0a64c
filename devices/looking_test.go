package devices

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/devices/port"
	"scanpost/scan"
)

// The tests in this file run on time that is made up.

// A code that only silence ends is whole whatever the pauses within it, as
// long as they are short; also when the disk kept the worker from hearing them.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		record := b.Scan
		b.Scan = func(s scan.Sighting) scan.Told {
			pass(time.Second) // the disk; in here time is made up
			return record(s)
		}
		b.start()
		send := func(s string, after time.Duration) {
			p.in <- []byte(s)
			pass(after)
		}
		send("ab", 20*time.Millisecond)
		send("cd", 40*time.Millisecond)
		// The worker is in Scan now.
		send("ef", 20*time.Millisecond)
		send("gh", 40*time.Millisecond)
		send("ij", 20*time.Millisecond)
		send("kl", 5*time.Second)
		want(t, b.codes, "abcd", "efgh", "ijkl")
		b.end()
	})
}

// earlyPort had something to say before it was opened.
type earlyPort struct{ *fakePort }

func (earlyPort) Skipped() int { return 10 }

// What a device sent before its port was open is told and counted, since
// somebody scanned a parcel and heard the scanner beep.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := earlyPort{newFakePort()}
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		b.start()
		p.in <- []byte("!late")
		want(t, b.codes, "late")
		if n := b.Counts().Faults["sent before the port was open"]; n != 1 || len(b.logs.with("level=WARN", "10 bytes")) != 1 {
			t.Errorf("counted %d, told %q", n, b.logs.with(""))
		}
		b.end()
	})
}

// The time of a sighting is that of its last byte, not of the silence after it.
func TestTimeOfSighting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		times := make(chan time.Time, 1)
		b.Scan = func(s scan.Sighting) scan.Told {
			times <- s.At
			return scan.Told{}
		}
		b.start()
		synctest.Wait()
		pass(time.Second)
		p.in <- []byte("a")
		at := time.Now()
		if got := <-times; !got.Equal(at) {
			t.Errorf("got %v, want %v", got, at)
		}
		b.end()
	})
}

// Trouble is told when it is new, once, in its own sentence; after a plug-in
// only when it lasts, since the node comes before its rights.
func TestTrouble(t *testing.T) {
	denied := fmt.Errorf("this user may not: %w", port.ErrPermission)
	busy := fmt.Errorf("another program: %w", port.ErrBusy)
	repeat := func(n int, err error) (all []any) {
		for range n {
			all = append(all, err)
		}
		return all
	}
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		b := newBench(t, "serial:x", testProfile())
		var turns []any
		turns = append(turns, repeat(40, denied)...) // at start: told at once
		turns = append(turns, first)
		turns = append(turns, repeat(10, port.ErrNotFound)...)
		turns = append(turns, repeat(patience-1, denied)...) // udev has not been there yet
		turns = append(turns, second)
		turns = append(turns, repeat(10, port.ErrNotFound)...)
		turns = append(turns, repeat(100, busy)...) // this lasts
		b.opens(turns...)
		b.start()
		want(t, b.states, "went: no permission", "came")
		close(first.gone)
		want(t, b.states, "went: unplugged", "came")
		close(second.gone)
		want(t, b.states, "went: unplugged", "went: in use by another program")
		// Nothing more while it lasts; when it ends with the device gone, that is new.
		want(t, b.states, "went: no such port")
		b.end()
		if got := b.logs.with("may not"); len(got) != 1 {
			t.Errorf("logged %q", got)
		}
		if got := b.logs.with("another program"); len(got) != 1 {
			t.Errorf("logged %q", got)
		}
	})
}

// A replugged device is looked for four times a second.
func TestLookAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		b := newBench(t, "serial:x", testProfile())
		b.opens(first, port.ErrNotFound, port.ErrNotFound, port.ErrNotFound, port.ErrNotFound, second)
		b.start()
		want(t, b.states, "came")
		pulled := time.Now()
		close(first.gone)
		want(t, b.states, "went: unplugged", "came")
		if took := time.Since(pulled); took != time.Second {
			t.Errorf("back after %v, want the fifth look, after 1s", took)
		}
		b.end()
	})
}

// The port is closed at once when the cable goes, also while a scan is being
// saved: else the kernel gives it another name when it comes back.
func TestClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		free := make(chan struct{})
		b.Scan = func(scan.Sighting) scan.Told { <-free; return scan.Told{} }
		b.start()
		p.in <- []byte("!x")
		synctest.Wait()
		close(p.gone)
		synctest.Wait()
		select {
		case <-p.closed:
		default:
			t.Error("still open")
		}
		close(free)
		b.end()
	})
}

// A stop ends the device wherever it is; what was read by then is still saved.
// A goroutine left behind would fail the bubble.
func TestStop(t *testing.T) {
	for fact, fn := range map[string]func(b *bench, p *fakePort){
		"while reading": func(b *bench, p *fakePort) { b.opens(p); b.start(); synctest.Wait() },
		"while looking": func(b *bench, p *fakePort) { b.opens(port.ErrNotFound); b.start(); synctest.Wait() },
		"at once":       func(b *bench, p *fakePort) { b.opens(p); b.start() },
		"while saving": func(b *bench, p *fakePort) {
			b.opens(p)
			b.Scan = func(s scan.Sighting) scan.Told {
				pass(10 * time.Second) // made up
				b.codes <- s.Code
				return scan.Told{Outcome: scan.Saved}
			}
			b.start()
			for i := range 3 {
				p.in <- fmt.Appendf(nil, "!%d", i)
			}
			synctest.Wait()
			b.stop()
			want(b.t, b.codes, "0", "1", "2")
		},
		"while the device takes nothing": func(b *bench, p *fakePort) {
			b.opens(p)
			p.stuck = func() { <-p.closed }
			b.start()
			p.in <- []byte("!x")
			synctest.Wait()
		},
	} {
		t.Run(fact, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, "serial:x", testProfile())
				fn(b, newFakePort())
				b.end()
			})
		})
	}
}

// A loose cable gives one line and, when it has come to rest, a count; every
// coming and going is still told to State.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "serial:x", testProfile())
		var turns []any
		var ports []*fakePort
		for range 11 {
			p := newFakePort()
			turns, ports = append(turns, p), append(ports, p)
		}
		b.opens(turns...)
		b.start()
		want(t, b.states, "came")
		for _, p := range ports[:10] {
			close(p.gone)
			want(t, b.states, "went: unplugged", "came")
		}
		pass(2 * calm)
		synctest.Wait()
		if got := b.logs.with("device gone", "count=1"); len(got) != 1 {
			t.Errorf("logged %q", got)
		}
		if got := b.logs.with("device steady again after flapping", "count=9"); len(got) != 1 {
			t.Errorf("logged %q", got)
		}
		b.end()
		if got := b.logs.with(""); len(got) != 4 { // attached, gone, back, steady
			t.Errorf("logged %q", got)
		}
	})
}

// Mistakes that no waiting cures end Run at once, all of them told together.
func TestMistakes(t *testing.T) {
	p := lineProfile()
	p.Decoder, p.Port.Baud = "none", -5
	err := newBench(t, "usb:xyz", p).Run(t.Context())
	for _, part := range []string{"device hand", "usb:xyz", "baud -5", `no decoder "none"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %q", err, part)
		}
	}
	if err := newBench(t, "hid:05e0:1300", lineProfile()).Run(t.Context()); !errors.Is(err, port.ErrConfig) {
		t.Errorf("a serial profile on a HID device: %v", err)
	}
	b := newBench(t, "serial:x", lineProfile())
	b.opens(port.ErrUnsupported)
	if err := b.Run(t.Context()); !errors.Is(err, port.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// The flap counter by itself.
func TestFlaps(t *testing.T) {
	var f flaps
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	if tell, n := f.gone(at(0)); !tell || n != 0 || !f.back() {
		t.Error("the first unplug is told, and its end")
	}
	if tell, _ := f.gone(at(30)); tell || f.back() {
		t.Error("the second is counted")
	}
	if _, rested := f.settle(at(80)); rested {
		t.Error("50 s are not calm")
	}
	if tell, n := f.gone(at(85)); !tell || n != 1 {
		t.Errorf("after a minute it is told with the one before: %v, %d", tell, n)
	}
	f.gone(at(90))
	if n, rested := f.settle(at(150)); !rested || n != 1 {
		t.Errorf("at rest: %d, %v", n, rested)
	}
	if _, rested := f.settle(at(300)); rested {
		t.Error("told twice")
	}
}
