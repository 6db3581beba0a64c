package mqtt

import (
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// inbox holds what arrived until the handler takes it, in order.
//
// Paho reads messages and acknowledgements from one stream and stops reading
// while a message is being delivered, so delivery must not wait for the
// handler. But memory must not grow for ever either. Three steps, each slower
// than the one before:
//
//  1. Up to inboxEager messages are acknowledged to the broker on arrival. A
//     burst passes at the speed of the line, whatever the handler does.
//  2. Beyond that a message is acknowledged only when the handler is done with
//     it. The broker's own window of unacknowledged messages (20 in mosquitto,
//     65,535 at most by the protocol) then makes it stop sending, while
//     acknowledgements for what we publish keep flowing.
//  3. A broker that ignores its window (or floods QoS 0) meets a hard limit at
//     which we stop reading. Now acknowledgements wait as well: nothing is
//     lost, and it moves on as soon as the handler does.
//
// Acknowledgements are written by a goroutine of their own, since a write can
// wait for a broker that in turn waits for us to read.
//
// Acknowledging on arrival gives nothing away: the session is clean, so a
// broker keeps nothing for us across connections in either case, and receivers
// find holes by their numbers.
type inbox struct {
	mu    sync.Mutex
	queue []arrival
	bytes int
	held  int            // arrivals that are acknowledged only when handled
	acks  []paho.Message // to be acknowledged, in the order of arrival

	more chan struct{} // something was put
	room chan struct{} // something was taken or acknowledged
	due  chan struct{} // something is to be acknowledged
}

type arrival struct {
	message paho.Message
	held    bool
}

const (
	inboxEager = 8 << 10
	inboxMost  = inboxEager + 65535
	inboxBytes = 64 << 20
)

func newInbox() *inbox {
	return &inbox{more: make(chan struct{}, 1), room: make(chan struct{}, 1), due: make(chan struct{}, 1)}
}

// put takes a message from paho. It waits only in step 3, and gives up when
// the connection has ended.
func (b *inbox) put(m paho.Message, ended <-chan struct{}) {
	for {
		b.mu.Lock()
		if n := len(b.queue) + len(b.acks); n == 0 || n < inboxMost && b.bytes < inboxBytes {
			break
		}
		b.mu.Unlock()
		select {
		case <-b.room:
		case <-ended:
			return
		}
	}
	// MQTT wants acknowledgements in the order of arrival: none overtakes a
	// message that is still held.
	held := b.held > 0 || len(b.queue) >= inboxEager
	if held {
		b.held++
	} else {
		b.acks = append(b.acks, m)
		signal(b.due)
	}
	b.queue = append(b.queue, arrival{m, held})
	b.bytes += len(m.Payload())
	b.mu.Unlock()
	signal(b.more)
}

// take gives the oldest message, if there is one.
func (b *inbox) take() (arrival, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		b.queue = nil // a burst's memory goes back
		return arrival{}, false
	}
	a := b.queue[0]
	b.queue[0] = arrival{}
	b.queue = b.queue[1:]
	b.bytes -= len(a.message.Payload())
	signal(b.room)
	return a, true
}

// handled says that the handler has returned.
func (b *inbox) handled(a arrival) {
	if !a.held {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held--
	b.acks = append(b.acks, a.message)
	signal(b.due)
}

// acknowledge acknowledges what is due until the link is done.
func (b *inbox) acknowledge(done <-chan struct{}) {
	for {
		select {
		case <-b.due:
		case <-done:
			return
		}
		b.mu.Lock()
		acks := b.acks
		b.acks = nil
		b.mu.Unlock()
		signal(b.room)
		for _, m := range acks {
			m.Ack()
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
