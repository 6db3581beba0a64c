package uplink

import (
	"bytes"
	"errors"
	"time"

	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

// lane publishes a stretch of the log on one topic, in ascending order, with a
// bounded number of publishes under way. It belongs to one goroutine.
//
// What is written while connected has a lane of its own, so that it never
// waits behind a backlog; see backlog.go.
type lane struct {
	link   *mqtt.Link
	topic  string
	box    reader
	epoch  string
	window int
	broken func(seq uint64, err error)         // an event can not be read
	poison func(epoch string, seq uint64) bool // an event that no broker takes
	pace   *pace                               // nil for as fast as the link allows

	next  uint64    // to be read
	limit uint64    // the last to be sent
	ready []item    // read, not sent
	sent  []item    // not acknowledged, or behind one that is not
	since time.Time // when sent[0] became the oldest, or was last seen to be none
}

// item is one event on its way. Without bytes it was unreadable and stands
// for its number only.
type item struct {
	seq     uint64
	bytes   []byte
	pending *mqtt.Pending
}

// fill sends what the window has room for.
func (l *lane) fill() error {
	for len(l.sent) < l.window {
		if len(l.ready) == 0 {
			if err := l.read(); err != nil {
				return err
			}
			if len(l.ready) == 0 {
				return nil
			}
		}
		it := l.ready[0]
		if it.seq > l.limit {
			return nil
		}
		if it.bytes != nil && l.poison(l.epoch, it.seq) {
			it.bytes = nil
		}
		if it.bytes != nil {
			if !l.pace.ready() {
				return nil
			}
			var err error
			if it.pending, err = l.link.Send(mqtt.Message{Topic: l.topic, Payload: it.bytes}); err != nil {
				return err
			}
			it.bytes = nil // the link has it
		}
		if len(l.sent) == 0 {
			l.since = time.Now()
		}
		l.sent = append(l.sent, it)
		l.ready = l.ready[1:]
	}
	return nil
}

// reader is a log to send from.
type reader interface {
	Read(from uint64, most int, fn func(seq uint64, b []byte) error) error
	Published() uint64
	SetPublished(seq uint64)
}

// read copies a window's worth out of the log. The outbox lends its bytes, and
// the network is no place to hold on to them.
func (l *lane) read() error {
	l.ready = make([]item, 0, l.window)
	err := l.box.Read(l.next, l.window, func(seq uint64, b []byte) error {
		l.ready = append(l.ready, item{seq: seq, bytes: bytes.Clone(b)})
		l.next = seq + 1
		return nil
	})
	var damaged *outbox.DamagedError
	if errors.As(err, &damaged) && damaged.Seq >= l.next {
		l.broken(damaged.Seq, err)
		l.ready = append(l.ready, item{seq: damaged.Seq})
		l.next = damaged.Seq + 1
		return nil
	}
	return err
}

// oldest is closed when the oldest publish has ended; nil if none is under way.
func (l *lane) oldest() <-chan struct{} {
	if len(l.sent) == 0 {
		return nil
	}
	if l.sent[0].pending == nil {
		return closed
	}
	return l.sent[0].pending.Done()
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// collect takes the acknowledged ones off the front and gives the number up to
// which there is no hole; 0 if the oldest is still under way.
func (l *lane) collect() (upto uint64, err error) {
	for len(l.sent) > 0 {
		if p := l.sent[0].pending; p != nil {
			select {
			case <-p.Done():
			default:
				return upto, nil
			}
			if err := p.Err(); err != nil {
				return upto, err
			}
		}
		upto = l.sent[0].seq
		l.sent = l.sent[1:]
		l.since = time.Now()
	}
	return upto, nil
}

// idle reports whether nothing is under way and nothing left to send.
func (l *lane) idle() bool {
	return len(l.sent) == 0 && (len(l.ready) == 0 || l.ready[0].seq > l.limit)
}

// stuck reports whether the broker has answered nothing for too long.
func (l *lane) stuck(wait time.Duration) bool {
	return l != nil && len(l.sent) > 0 && time.Since(l.since) > wait
}
