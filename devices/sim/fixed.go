package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FixedReader is a reader over a belt or a packing table. It reads when its own
// sensor sees a parcel (Pass), or between a host's commands that open and close
// its gate. It has its own power: to unplug it is to pull its data cable.
//
//	serial:/tmp/reader    on a pseudo terminal behind that link
//	tcp:127.0.0.1:0       on a TCP port, of the kernel's choice if it is 0
type FixedReader struct {
	fixedHost
	device *fixed
}

// fixedHost is what a reader is connected by.
type fixedHost interface {
	Address() string
	State() FixedState
	Wait(ctx context.Context, enough func(FixedState) bool) (FixedState, error)
	Heard() []byte
	Garbage(b []byte) error
	LoseBytes(n int)
	SwallowAnswers(n int)
	TearAnswers(n int)
	PowerCycle() error
	Unplug() error
	Replug() error
	Close() error

	do(what func(now time.Time) ([][]byte, error)) error
}

// FixedState is what a fixed reader is like, and what the host has made it do.
type FixedState struct {
	Open     bool     // the gate: it looks for a code
	Gates    int      // how often the host has opened it
	Sent     []string // readings, in their order, "" for each that failed
	Commands []string // that it took, in its words
	Refused  []string // that it did not take
	Extended bool     // Cognex: it answers, and sends readings in Base64
}

// fixed is what all fixed readers do alike. What goes over the wire is the
// brand's.
type fixed struct {
	brand     fixedBrand
	heartbeat time.Duration // 0: none
	gate      time.Duration // how long the host's gate stays open by itself; 0: until it is closed

	now      FixedState
	waiting  []string // codes before the reader that no gate was open for
	nextBeat time.Time
	closes   time.Time // the gate
}

// fixedBrand is the maker's wire.
type fixedBrand interface {
	// hear takes bytes of the host; what it says comes out in order.
	hear(b []byte, r *fixed, now time.Time) (say [][]byte)
	reading(code string, r *fixed) []byte
	noRead(r *fixed) []byte
	beat() []byte
	powerOn(r *fixed)
}

func newFixed(address string, device *fixed) (*FixedReader, error) {
	if link, serial := strings.CutPrefix(address, "serial:"); serial {
		host, err := newTalker(link, protocol[FixedState](device))
		return &FixedReader{host, device}, err
	}
	if host, network := strings.CutPrefix(address, "tcp:"); network {
		host, err := newNetworked(host, protocol[FixedState](device))
		return &FixedReader{host, device}, err
	}
	return nil, fmt.Errorf("a simulated reader is at serial:LINK or tcp:HOST:PORT, not %q", address)
}

// Pass lets parcels pass: the reader's own sensor opens the gate for each, and
// the readings go out one right behind the other. An empty code is a parcel on
// which it reads nothing.
func (r *FixedReader) Pass(codes ...string) error {
	return r.do(func(time.Time) ([][]byte, error) {
		var all []byte
		for _, code := range codes {
			all = append(all, r.device.read(code)...)
		}
		return [][]byte{all}, nil
	})
}

// Present puts codes before the reader, which are read one with each gate that
// the host opens, at once if it is open now.
func (r *FixedReader) Present(codes ...string) error {
	return r.do(func(time.Time) (say [][]byte, err error) {
		r.device.waiting = append(r.device.waiting, codes...)
		return r.device.look(), nil
	})
}

// Drop ends the connection of the host, who may come back; on a serial line it
// is a short pull of the cable.
func (r *FixedReader) Drop() error {
	if network, is := r.fixedHost.(*networked[FixedState]); is {
		return network.drop()
	}
	if err := r.Unplug(); err != nil {
		return err
	}
	return r.Replug()
}

// WaitConnected waits until a host is connected. A serial line always has
// somebody to send to.
func (r *FixedReader) WaitConnected(ctx context.Context) error {
	if network, is := r.fixedHost.(*networked[FixedState]); is {
		return network.connected(ctx)
	}
	return nil
}

// read is what the reader sends for a parcel.
func (r *fixed) read(code string) []byte {
	r.now.Sent = append(r.now.Sent, code)
	if code == "" {
		return r.brand.noRead(r)
	}
	return r.brand.reading(code, r)
}

// open opens the gate on the host's command.
func (r *fixed) open(now time.Time) (say [][]byte) {
	r.now.Open = true
	r.now.Gates++
	if r.gate > 0 {
		r.closes = now.Add(r.gate)
	}
	return r.look()
}

// look reads the next code if the gate is open, which closes it.
func (r *fixed) look() (say [][]byte) {
	if !r.now.Open || len(r.waiting) == 0 {
		return nil
	}
	code := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.now.Open, r.closes = false, time.Time{}
	return [][]byte{r.read(code)}
}

// shut closes the gate; if nothing was read, the reader says so.
func (r *fixed) shut() (say [][]byte) {
	if !r.now.Open {
		return nil
	}
	r.now.Open, r.closes = false, time.Time{}
	return [][]byte{r.read("")}
}

func (r *fixed) took(command string)    { r.now.Commands = append(r.now.Commands, command) }
func (r *fixed) refused(command string) { r.now.Refused = append(r.now.Refused, command) }

func (r *fixed) hear(b []byte, now time.Time) [][]byte { return r.brand.hear(b, r, now) }

func (r *fixed) tick(now time.Time) (say [][]byte) {
	if !r.closes.IsZero() && !r.closes.After(now) {
		say = append(say, r.shut()...)
	}
	if r.heartbeat > 0 && !r.nextBeat.After(now) {
		r.nextBeat = now.Add(r.heartbeat)
		say = append(say, r.brand.beat())
	}
	return say
}

func (r *fixed) due() time.Time {
	at := r.closes
	if r.heartbeat > 0 && (at.IsZero() || r.nextBeat.Before(at)) {
		at = r.nextBeat
	}
	return at
}

func (r *fixed) powerOn(now time.Time) {
	r.now.Open, r.closes, r.nextBeat = false, time.Time{}, now.Add(r.heartbeat)
	r.brand.powerOn(r)
}

func (r *fixed) state() FixedState {
	s := r.now
	s.Sent, s.Commands, s.Refused = slices.Clone(s.Sent), slices.Clone(s.Commands), slices.Clone(s.Refused)
	return s
}
