package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// ErrNobody is a reading that nobody was connected for. Such readers do not
// keep it.
var ErrNobody = errors.New("nobody is connected to the simulated reader")

// networked is a protocol on a TCP port, which serves one host at a time and
// hangs up on others.
type networked[S any] struct {
	device protocol[S]

	mu       sync.Mutex
	host     string       // with the port once it is known
	listener net.Listener // nil while unplugged
	client   net.Conn     // nil while nobody is connected
	gone     chan struct{}
	kick     chan struct{} // due has changed
	changed  chan struct{} // closed when the state may have changed
	heard    []byte
	faults   misbehaviour
	busy     sync.WaitGroup
}

func newNetworked[S any](host string, device protocol[S]) (*networked[S], error) {
	n := &networked[S]{device: device, host: host, kick: make(chan struct{}, 1), changed: make(chan struct{})}
	device.powerOn(time.Now())
	return n, n.Replug()
}

// Address is what stands in the configuration of the agent.
func (n *networked[S]) Address() string { return "tcp:" + n.host }

// State is what the device is like now, and what the host has made it do.
func (n *networked[S]) State() S {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.device.state()
}

// Wait waits until the state is as it should be, and returns it.
func (n *networked[S]) Wait(ctx context.Context, enough func(S) bool) (S, error) {
	for {
		n.mu.Lock()
		state, changed := n.device.state(), n.changed
		n.mu.Unlock()
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

// Heard is everything that hosts have written so far.
func (n *networked[S]) Heard() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.heard)
}

// Garbage sends bytes as they are.
func (n *networked[S]) Garbage(b []byte) error {
	return n.do(func(time.Time) ([][]byte, error) { return [][]byte{b}, nil })
}

// LoseBytes makes the device miss the next bytes that the host writes.
func (n *networked[S]) LoseBytes(count int) { n.misbehave(func(f *misbehaviour) { f.deaf = count }) }

// SwallowAnswers makes it do what the host asks for and not say so.
func (n *networked[S]) SwallowAnswers(count int) {
	n.misbehave(func(f *misbehaviour) { f.mute = count })
}

// TearAnswers breaks the next answers off in the middle.
func (n *networked[S]) TearAnswers(count int) { n.misbehave(func(f *misbehaviour) { f.torn = count }) }

func (n *networked[S]) misbehave(change func(*misbehaviour)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.faults)
}

// PowerCycle takes the device's power away and gives it back. The connection
// goes with it.
func (n *networked[S]) PowerCycle() error {
	n.mu.Lock()
	n.device.powerOn(time.Now())
	n.mu.Unlock()
	return n.drop()
}

// drop hangs up on the host, who may come back.
func (n *networked[S]) drop() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.client == nil {
		return nil
	}
	client := n.client
	n.client = nil
	return client.Close()
}

// do lets the device do something and sends what it has to say.
func (n *networked[S]) do(what func(now time.Time) ([][]byte, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	say, err := what(time.Now())
	return errors.Join(err, n.send(say))
}

// send writes what the device says, and wakes who waits for its state.
func (n *networked[S]) send(say [][]byte) error {
	close(n.changed)
	n.changed = make(chan struct{})
	select {
	case n.kick <- struct{}{}:
	default:
	}
	if n.client == nil && len(say) > 0 {
		return ErrNobody
	}
	for _, b := range say {
		if err := n.client.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
			return err
		}
		if _, err := n.client.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Unplug pulls the network cable: nobody answers at the address.
func (n *networked[S]) Unplug() error {
	n.mu.Lock()
	listener := n.listener
	n.listener = nil
	if listener != nil {
		close(n.gone)
	}
	n.mu.Unlock()
	if listener == nil {
		return nil
	}
	err := errors.Join(listener.Close(), n.drop())
	n.busy.Wait()
	return err
}

// Replug puts the network cable back in, at the same address.
func (n *networked[S]) Replug() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", n.host)
	if err != nil {
		return err
	}
	n.host, n.listener, n.gone = listener.Addr().String(), listener, make(chan struct{})
	gone := n.gone
	n.busy.Go(func() { n.accept(listener) })
	n.busy.Go(func() { n.clock(gone) })
	return nil
}

// Close unplugs it for good.
func (n *networked[S]) Close() error { return n.Unplug() }

// accept serves the first host that comes, and hangs up on others meanwhile.
func (n *networked[S]) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		if n.client != nil || n.listener != listener {
			client.Close()
		} else {
			n.client = client
			n.busy.Go(func() { n.listen(client) })
			_ = n.send(nil) // wake who waits for a host
		}
		n.mu.Unlock()
	}
}

// listen hears the host until one of the two hangs up.
func (n *networked[S]) listen(client net.Conn) {
	b := make([]byte, 4096)
	for {
		read, err := client.Read(b)
		n.mu.Lock()
		if read > 0 && n.client == client {
			n.heard = append(n.heard, b[:read]...)
			lost := min(n.faults.deaf, read)
			n.faults.deaf -= lost
			_ = n.send(n.faults.applyTo(n.device.hear(slices.Clone(b[lost:read]), time.Now()))) // the next Read tells if it has gone
		}
		if err != nil && n.client == client {
			n.client = nil
			_ = n.send(nil) // wake who waits for that
		}
		n.mu.Unlock()
		if err != nil {
			client.Close()
			return
		}
	}
}

// applyTo spoils what the device says, as was asked for.
func (f *misbehaviour) applyTo(say [][]byte) (spoiled [][]byte) {
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

// connected waits until a host is connected.
func (n *networked[S]) connected(ctx context.Context) error {
	for {
		n.mu.Lock()
		is, changed := n.client != nil, n.changed
		n.mu.Unlock()
		if is {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// clock ticks when the device needs it, until it is unplugged.
func (n *networked[S]) clock(gone chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n.mu.Lock()
		due, now := n.device.due(), time.Now()
		switch {
		case due.IsZero():
			timer.Reset(time.Hour)
		case !due.After(now):
			_ = n.send(n.device.tick(now))
			n.mu.Unlock()
			continue
		default:
			timer.Reset(due.Sub(now))
		}
		n.mu.Unlock()
		select {
		case <-timer.C:
		case <-n.kick:
		case <-gone:
			return
		}
	}
}
