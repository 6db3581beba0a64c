package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/devices/sim/pty"
)

// protocol is the device's side of a protocol, without its cable. It is pure:
// time comes in as an argument, and one goroutine at a time uses it.
type protocol[S any] interface {
	hear(b []byte, now time.Time) (say [][]byte) // what the host has written
	tick(now time.Time) (say [][]byte)           // time has passed
	due() time.Time                              // when it next needs a tick; zero: not at all
	powerOn(now time.Time)                       // it has power again
	state() S                                    // a copy
}

// hasty is a device that talks on whether somebody reads or not: what the line
// does not take so soon is lost.
type hasty interface{ hurry() time.Duration }

// ErrNotReading is a trigger pull that led to nothing, since the scanner is
// disabled, waits for the host, or is being configured.
var ErrNotReading = errors.New("the simulated scanner does not read now")

// talker is a protocol on a pseudo terminal.
type talker[S any] struct {
	link   string
	device protocol[S]

	mu      sync.Mutex
	pair    *pty.Pair // nil while unplugged
	gone    chan struct{}
	kick    chan struct{} // due has changed
	changed chan struct{} // closed when the state may have changed
	heard   []byte
	faults  misbehaviour
	busy    sync.WaitGroup
}

// misbehaviour is how many times it is still to happen.
type misbehaviour struct {
	deaf int // bytes of the host that get lost
	mute int // answers that are not sent
	torn int // answers that break off in the middle
}

// spoil applies what was asked for to the device's answers.
func (f *misbehaviour) spoil(say [][]byte) (spoiled [][]byte) {
	for _, b := range say {
		switch {
		case f.mute > 0:
			f.mute--
		case f.torn > 0:
			f.torn--
			spoiled = append(spoiled, b[:(len(b)+1)/2])
		default:
			spoiled = append(spoiled, b)
		}
	}
	return spoiled
}

func newTalker[S any](link string, device protocol[S]) (*talker[S], error) {
	t := &talker[S]{link: link, device: device, kick: make(chan struct{}, 1), changed: make(chan struct{})}
	return t, t.Replug()
}

// Address is what stands in the configuration of the agent.
func (t *talker[S]) Address() string { return "serial:" + t.link }

// State is what the device is like now, and what the host has made it do.
func (t *talker[S]) State() S {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.device.state()
}

// Wait waits until the state is as it should be, and returns it.
func (t *talker[S]) Wait(ctx context.Context, enough func(S) bool) (S, error) {
	for {
		t.mu.Lock()
		state, changed := t.device.state(), t.changed
		t.mu.Unlock()
		if enough(state) {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, fmt.Errorf("simulated device is only %+v: %w", state, context.Cause(ctx))
		}
	}
}

// Heard is everything the host has written so far, over all plug-ins.
func (t *talker[S]) Heard() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.heard)
}

// Garbage sends bytes as they are: noise, half a code, another protocol.
func (t *talker[S]) Garbage(b []byte) error {
	return t.do(func(time.Time) ([][]byte, error) { return [][]byte{b}, nil })
}

// LoseBytes makes the device miss the next bytes that the host writes, as one
// does that sleeps.
func (t *talker[S]) LoseBytes(n int) { t.misbehave(func(f *misbehaviour) { f.deaf = n }) }

// SwallowAnswers makes it do what the host asks for and not say so.
func (t *talker[S]) SwallowAnswers(n int) { t.misbehave(func(f *misbehaviour) { f.mute = n }) }

// TearAnswers breaks the next answers off in the middle.
func (t *talker[S]) TearAnswers(n int) { t.misbehave(func(f *misbehaviour) { f.torn = n }) }

func (t *talker[S]) misbehave(change func(*misbehaviour)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.faults)
}

// PowerCycle takes the device's power away and gives it back, behind an adapter
// that stays plugged in: the host does not see it.
func (t *talker[S]) PowerCycle() error {
	return t.do(func(now time.Time) ([][]byte, error) { t.device.powerOn(now); return nil, nil })
}

// do lets the device do something and sends what it has to say.
func (t *talker[S]) do(what func(now time.Time) ([][]byte, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pair == nil {
		return fmt.Errorf("simulated device %s is unplugged", t.link)
	}
	say, err := what(time.Now())
	return errors.Join(err, t.send(t.pair, say))
}

// send writes what the device says, and wakes who waits for its state.
func (t *talker[S]) send(pair *pty.Pair, say [][]byte) error {
	close(t.changed)
	t.changed = make(chan struct{})
	select {
	case t.kick <- struct{}{}:
	default:
	}
	wait := 5 * time.Second
	if h, ok := t.device.(hasty); ok {
		wait = h.hurry()
	}
	for _, b := range say {
		// An agent that does not read fills the kernel's buffer; a device does
		// not wait for that either.
		if err := pair.Write(b, wait); err != nil {
			return err
		}
	}
	return nil
}

// Unplug pulls the cable. What was sent and not yet read is lost.
func (t *talker[S]) Unplug() error {
	t.mu.Lock()
	pair := t.pair
	t.pair = nil
	t.mu.Unlock()
	if pair == nil {
		return nil
	}
	close(t.gone)
	err := pair.Close()
	t.busy.Wait()
	return err
}

// Replug puts the cable back in, and with it the power. It is the same name, and
// another terminal.
func (t *talker[S]) Replug() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pair != nil {
		return nil
	}
	pair, err := pty.New(t.link)
	if err != nil {
		return err
	}
	t.pair, t.gone = pair, make(chan struct{})
	t.device.powerOn(time.Now())
	gone := t.gone
	t.busy.Go(func() { t.listen(pair) })
	t.busy.Go(func() { t.clock(pair, gone) })
	return nil
}

// Close unplugs it for good.
func (t *talker[S]) Close() error { return t.Unplug() }

// Baud is the rate the agent has set.
func (t *talker[S]) Baud() (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pair == nil {
		return 0, fmt.Errorf("simulated device %s is unplugged", t.link)
	}
	return t.pair.Baud()
}

// listen hears the host until the pair is closed.
func (t *talker[S]) listen(pair *pty.Pair) {
	b := make([]byte, 4096)
	for {
		n, err := pair.Master.Read(b)
		if n > 0 {
			t.mu.Lock()
			t.heard = append(t.heard, b[:n]...)
			lost := min(t.faults.deaf, n)
			t.faults.deaf -= lost
			_ = t.send(pair, t.faults.spoil(t.device.hear(slices.Clone(b[lost:n]), time.Now()))) // the next Read tells if it has gone
			t.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// clock ticks when the device needs it, until it is unplugged.
func (t *talker[S]) clock(pair *pty.Pair, gone chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		t.mu.Lock()
		due, now := t.device.due(), time.Now()
		switch {
		case due.IsZero():
			timer.Reset(time.Hour)
		case !due.After(now):
			_ = t.send(pair, t.device.tick(now))
			t.mu.Unlock()
			continue
		default:
			timer.Reset(due.Sub(now))
		}
		t.mu.Unlock()
		select {
		case <-timer.C:
		case <-t.kick:
		case <-gone:
			return
		}
	}
}
