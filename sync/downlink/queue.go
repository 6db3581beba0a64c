package downlink

import (
	"sync"
	"time"

	"scanpost/sync/mqtt"
)

// message is what arrived, and when: heads are worth their arrival time, so
// it is taken before they wait for a commit.
type message struct {
	mqtt.Message
	arrived time.Time
}

// queue stands between the link's handler and the session. When it is full the
// handler waits, the link's inbox fills, and the broker is held back.
type queue struct {
	mu     sync.Mutex
	items  []message
	bytes  int
	closed chan struct{}
	more   chan struct{}
	room   chan struct{}
}

const (
	queueMessages = 4096
	queueBytes    = 4 << 20
)

func newQueue() *queue {
	return &queue{closed: make(chan struct{}), more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (q *queue) put(m message, ended <-chan struct{}) {
	for {
		q.mu.Lock()
		if len(q.items) == 0 || len(q.items) < queueMessages && q.bytes < queueBytes {
			q.items = append(q.items, m)
			q.bytes += len(m.Payload)
			q.mu.Unlock()
			signal(q.more)
			return
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-ended:
			return
		case <-q.closed:
			return
		}
	}
}

// all takes everything.
func (q *queue) all() []message {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items, q.bytes = nil, 0
	signal(q.room)
	return items
}

func (q *queue) close() { close(q.closed) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
