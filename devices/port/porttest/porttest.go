// Package porttest is the suite that every wire passes: the contract of
// port.Port as tests. A wire that can not do a thing (pull the cable of a
// trace) leaves the function nil and skips that part.
package porttest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"scanpost/devices/port"
)

// Wire is one wire with a device at its far end.
type Wire struct {
	Open    func() (port.Port, error)
	Send    func(b []byte)              // the device sends: a few bytes, or one report
	Heard   func(n int) ([]byte, error) // waits until n bytes have reached the device
	Unplug  func()                      // pulls the cable
	Deaf    func()                      // the device takes nothing from now on
	Reports bool                        // one Read is one Send
	Before  bool                        // Send works before Open only
	Check   func(t *testing.T)          // looks at the far end when the port has been closed
}

// Run runs the suite. Each part gets a wire of its own.
func Run(t *testing.T, lay func(t *testing.T) *Wire) {
	part := func(fact string, fn func(t *testing.T, w *Wire)) {
		t.Run(fact, func(t *testing.T) {
			t.Parallel()
			w := lay(t)
			fn(t, w)
			if w.Check != nil {
				w.Check(t)
			}
		})
	}
	part("what the device sends arrives in order and unchanged", arrives)
	part("a Read waits for bytes and is never empty", waits)
	part("Close ends a waiting Read", closeEndsRead)
	part("Close may be called by anyone, any number of times", closeByMany)
	part("a closed port neither reads nor writes", closedIsClosed)
	part("a pulled cable is an unplug, and our own Close is not", unplug)
	part("what is written reaches the device", written)
	part("Close may come in the middle of a Write", closeDuringWrite)
	part("a Write to a device that takes nothing is given up", deaf)
}

func open(t *testing.T, w *Wire) port.Port {
	t.Helper()
	p, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// everyByte is split so that each piece fits a small report.
func everyByte() (whole []byte, pieces [][]byte) {
	for i := range 256 {
		whole = append(whole, byte(i))
	}
	for i := 0; i < 256; i += 32 {
		pieces = append(pieces, whole[i:i+32])
	}
	return whole, pieces
}

func arrives(t *testing.T, w *Wire) {
	want, pieces := everyByte()
	send := func() {
		for _, b := range pieces {
			w.Send(b)
		}
	}
	if w.Before {
		send()
	}
	p := open(t, w)
	if !w.Before {
		send()
	}
	var got []byte
	buf := make([]byte, port.ReportSize)
	for i := 0; len(got) < len(want); i++ {
		n, err := p.Read(buf)
		if n == 0 || err != nil {
			t.Fatalf("Read = %d, %v after % x", n, err, got)
		}
		if w.Reports && !bytes.Equal(buf[:n], pieces[i]) {
			t.Fatalf("report %d: got % x, want % x", i, buf[:n], pieces[i])
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
}

func waits(t *testing.T, w *Wire) {
	if w.Before {
		w.Send([]byte("a"))
	}
	p := open(t, w)
	got := make(chan string)
	reading := make(chan struct{})
	go func() {
		close(reading)
		b := make([]byte, port.ReportSize)
		n, err := p.Read(b)
		got <- string(b[:n])
		if n == 0 || err != nil {
			t.Errorf("Read = %d, %v", n, err)
		}
	}()
	<-reading
	if !w.Before {
		w.Send([]byte("a"))
	}
	if s := <-got; s != "a" {
		t.Errorf("got %q", s)
	}
}

func closeEndsRead(t *testing.T, w *Wire) {
	for range 20 { // Close comes a little before, or in, or well into the Read
		p := open(t, w)
		reading, ended := make(chan struct{}), make(chan error)
		go func() {
			close(reading)
			n, err := p.Read(make([]byte, port.ReportSize))
			if n != 0 {
				t.Errorf("Read = %d from a silent device", n)
			}
			ended <- err
		}()
		<-reading
		runtime.Gosched()
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ended; !errors.Is(err, port.ErrClosed) || errors.Is(err, port.ErrUnplugged) {
			t.Fatalf("Read ended with %v, want %v", err, port.ErrClosed)
		}
	}
}

func closeByMany(t *testing.T, w *Wire) {
	p := open(t, w)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
}

func closedIsClosed(t *testing.T, w *Wire) {
	p := open(t, w)
	p.Close()
	for range 2 {
		if n, err := p.Read(make([]byte, port.ReportSize)); n != 0 || !errors.Is(err, port.ErrClosed) {
			t.Errorf("Read = %d, %v, want %v", n, err, port.ErrClosed)
		}
		if n, err := p.Write([]byte("x")); n != 0 || !errors.Is(err, port.ErrClosed) {
			t.Errorf("Write = %d, %v, want %v", n, err, port.ErrClosed)
		}
	}
}

func unplug(t *testing.T, w *Wire) {
	if w.Unplug == nil {
		t.Skip("this wire has no cable to pull")
	}
	p := open(t, w)
	ended := make(chan error)
	go func() {
		_, err := p.Read(make([]byte, port.ReportSize))
		ended <- err
	}()
	w.Unplug()
	if err := <-ended; !errors.Is(err, port.ErrUnplugged) || errors.Is(err, port.ErrClosed) {
		t.Errorf("Read ended with %v, want %v", err, port.ErrUnplugged)
	}
	if n, err := p.Read(make([]byte, port.ReportSize)); n != 0 || !errors.Is(err, port.ErrUnplugged) {
		t.Errorf("the next Read = %d, %v, want %v", n, err, port.ErrUnplugged)
	}
	p.Close()
	if _, err := p.Read(make([]byte, port.ReportSize)); !errors.Is(err, port.ErrClosed) {
		t.Errorf("Read after Close: %v, want %v", err, port.ErrClosed)
	}
}

func written(t *testing.T, w *Wire) {
	if w.Heard == nil {
		t.Skip("nobody hears at the far end of this wire")
	}
	p := open(t, w)
	want, pieces := everyByte()
	for _, b := range pieces {
		if n, err := p.Write(b); n != len(b) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	got, err := w.Heard(len(want))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the device heard % x, %v\nwant % x", got, err, want)
	}
}

func closeDuringWrite(t *testing.T, w *Wire) {
	for range 10 {
		p := open(t, w)
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				if _, err := p.Write([]byte("0123456789")); err != nil {
					if !errors.Is(err, port.ErrClosed) && !errors.Is(err, port.ErrStuck) {
						t.Errorf("Write ended with %v", err)
					}
					if errors.Is(err, port.ErrClosed) {
						return
					}
				}
			}
		})
		runtime.Gosched()
		p.Close()
		wg.Wait()
	}
}

func deaf(t *testing.T, w *Wire) {
	if w.Deaf == nil {
		t.Skip("this wire always takes what is written")
	}
	w.Deaf()
	p := open(t, w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	big := bytes.Repeat([]byte("beep"), 1024)
	for ctx.Err() == nil {
		if _, err := p.Write(big); err != nil {
			if !errors.Is(err, port.ErrStuck) {
				t.Errorf("got %v, want %v", err, port.ErrStuck)
			}
			p.Close()
			return
		}
	}
	t.Error("everything was taken")
}
