package devices

import (
	"errors"
	"sync"
	"time"

	"scanpost/devices/port"
)

// answers holds what is to be written back until the device takes it. The
// replies of a protocol go in order. Of the signals only the newest waits: a
// beep for the parcel before last is worse than none.
type answers struct {
	mu      sync.Mutex
	replies []outgoing
	beep    []byte // nil: none waits
	closed  bool
	ending  bool // closed, as soon as the replies are out
	wake    chan struct{}
}

// outgoing is what is written in one piece.
type outgoing struct {
	bytes   []byte
	feature bool // HID: a feature report
}

// replyQueue is far above what a protocol that waits for its answers needs.
const replyQueue = 64

func newAnswers() *answers { return &answers{wake: make(chan struct{}, 1)} }

// reply adds bytes of the protocol and returns how many replies were lost:
// none, or this one since the device takes nothing.
func (a *answers) reply(b []byte) (lost int) { return a.send(outgoing{bytes: b}) }

// send adds what is to be written after the replies before it.
func (a *answers) send(o outgoing) (lost int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.replies) >= replyQueue {
		return 1
	}
	a.replies = append(a.replies, o)
	a.poke()
	return 0
}

// signal replaces the signal that waits, with none if b is empty: a good one
// for the scan before must not sound after one that was not saved.
func (a *answers) signal(b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.beep = b
	a.poke()
}

func (a *answers) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.poke()
}

// finish closes it when the replies that wait are out; signals do not matter
// any more.
func (a *answers) finish() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ending = true
	a.poke()
}

func (a *answers) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// next takes what is to be written now, replies first.
func (a *answers) next() (o outgoing, closed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return o, true
	case len(a.replies) > 0:
		o, a.replies = a.replies[0], a.replies[1:]
	case a.ending:
		return o, true
	default:
		o.bytes, a.beep = a.beep, nil
	}
	return o, false
}

// forget drops what waits and returns how much that was.
func (a *answers) forget() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n = len(a.replies)
	if len(a.beep) > 0 {
		n++
	}
	a.replies, a.beep = nil, nil
	return n
}

// run writes until closed. Write reports whether the device took the bytes; if
// not, what waits behind them is as late and goes too.
func (a *answers) run(write func(o outgoing, forget func() int)) {
	for {
		o, closed := a.next()
		switch {
		case closed:
			return
		case len(o.bytes) > 0:
			write(o, a.forget)
		default:
			<-a.wake
		}
	}
}

// write sends one answer. A device that has gone, or was closed, is for the
// reader to notice.
func (c *connection) write(o outgoing, forget func() int) {
	write := c.port.Write
	if f, ok := c.port.(port.Features); ok && o.feature {
		write = f.WriteFeature
	}
	_, err := write(o.bytes)
	switch {
	case err == nil:
		c.rec.record(time.Now(), true, o.bytes)
		c.watch(Seen{At: c.Now(), ToDevice: true, Bytes: o.bytes})
	case errors.Is(err, port.ErrClosed):
		forget()
	default:
		c.lost(1 + forget())
	}
}

// lost counts answers that the device did not get.
func (c *connection) lost(n int) {
	if n == 0 {
		return
	}
	first := false
	c.counts.add(func(c *Counters) { first, c.Lost = c.Lost == 0, c.Lost+uint64(n) })
	if first {
		c.Log.Warn("device takes no answer", "port", c.Address)
	}
}

func isEnd(err error) bool { return errors.Is(err, port.ErrEnd) }
