package usbdev

import "sync"

// Queue is what a device has to send on one endpoint: packets in order, as many
// as are put in.
type Queue struct {
	mu      sync.Mutex
	packets [][]byte
	changed chan struct{} // closed when packets change
}

// NewQueue makes an empty queue.
func NewQueue() *Queue { return &Queue{changed: make(chan struct{})} }

// Push appends packets. They are not copied.
func (q *Queue) Push(packets ...[]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.packets = append(q.packets, packets...)
	q.tell()
}

func (q *Queue) tell() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Len is how many packets the host has not fetched.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.packets)
}

// Forget drops what the host has not fetched, as a device does that loses its
// power, and returns how many packets that were.
func (q *Queue) Forget() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.packets)
	q.packets = nil
	q.tell()
	return n
}

// Pop waits for a packet and takes at most most bytes of it, 0 for all: the
// rest is the next packet. It returns nil when stop is closed.
func (q *Queue) Pop(most int, stop <-chan struct{}) []byte {
	for {
		q.mu.Lock()
		if len(q.packets) > 0 {
			p := q.packets[0]
			if most > 0 && len(p) > most {
				p, q.packets[0] = p[:most], p[most:]
			} else {
				q.packets = q.packets[1:]
			}
			q.mu.Unlock()
			return p
		}
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}
