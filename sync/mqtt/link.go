package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Link is one connection to a broker, from its CONNACK to its end.
type Link struct {
	client paho.Client
	wire   *wire
	inbox  *inbox
	where  string // host:port, for errors
	log    *slog.Logger

	// gate is held for reading during every call into paho that hands a packet
	// over, and for writing to close the link: paho must not be told of the end
	// while such a call is under way.
	gate sync.RWMutex
	shut bool          // no further calls
	done chan struct{} // closed with shut

	routes  sync.RWMutex
	route   []route
	hurry   chan struct{} // closed when what is queued shall be dropped
	handled chan struct{} // closed when the handing-over goroutine has ended
	closing sync.Once

	acknowledged chan struct{} // closed when the acknowledging goroutine has ended
}

type route struct {
	filters []string
	handler func(Message)
}

// Dial connects, and returns once the broker has accepted us. The context
// bounds connecting only.
func Dial(ctx context.Context, o Options) (*Link, error) {
	o = o.withDefaults()
	where, secure, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	conn, err := o.open(within, where, secure)
	if err != nil {
		return nil, o.explain(where, err)
	}
	l := &Link{
		inbox: newInbox(), where: where, log: o.Log,
		done: make(chan struct{}), hurry: make(chan struct{}), handled: make(chan struct{}),
		acknowledged: make(chan struct{}),
	}
	l.wire = newWire(conn, l.shutDown)
	// Paho asks for a sign of life after KeepAlive without one, and looks at
	// its watch every five seconds.
	l.wire.patience = o.KeepAlive + o.KeepAlive/2 + 10*time.Second
	defer context.AfterFunc(within, func() { l.wire.fail(context.Cause(within)) })()

	l.client = paho.NewClient(l.pahoOptions(&o))
	token := l.client.Connect()
	<-token.Done() // it ends at the latest when within does: that closes the socket
	if err := token.Error(); err != nil {
		l.wire.fail(err)
		return nil, o.explain(where, firstOf(err, l.wire.cause))
	}
	// Paho takes return codes it does not know for success, on a socket that it
	// has closed itself.
	if l.wire.failed() {
		l.client.Disconnect(uint(writeWait.Milliseconds()))
		return nil, o.explain(where, l.wire.cause)
	}
	go l.handOver()
	go func() {
		defer close(l.acknowledged)
		l.inbox.acknowledge(l.done)
	}()
	return l, nil
}

func (l *Link) pahoOptions(o *Options) *paho.ClientOptions {
	p := paho.NewClientOptions()
	p.SetAutoReconnect(false)
	p.SetConnectRetry(false)
	p.SetCleanSession(true)
	p.SetStore(nothingStored{})
	p.SetProtocolVersion(4) // 3.1.1, without a second try as 3.1
	p.SetOrderMatters(true)
	p.SetAutoAckDisabled(true) // the inbox acknowledges
	p.SetConnectionLostHandler(nil)
	p.SetClientID(o.ClientID)
	p.SetUsername(o.User)
	p.SetPassword(o.Password)
	p.SetKeepAlive(o.KeepAlive.Truncate(time.Second))
	p.SetPingTimeout(1000 * time.Hour)    // wire judges silence
	p.SetConnectTimeout(1000 * time.Hour) // Dial bounds it
	if o.Will != nil {
		p.SetBinaryWill(o.Will.Topic, o.Will.Payload, 1, o.Will.Retained)
	}
	p.Servers = []*url.URL{{Scheme: "tcp", Host: l.where}}
	p.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return l.wire, nil })
	p.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { l.inbox.put(m, l.wire.ended) })
	return p
}

// Send starts a publish. It waits only until the packet is being written. The
// payload must not be changed before the pending publish is done.
func (l *Link) Send(m Message) (*Pending, error) {
	if err := checkTopic(m.Topic); err != nil {
		return nil, err
	}
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.shut {
		return nil, l.end()
	}
	return &Pending{l, m.Topic, l.client.Publish(m.Topic, 1, m.Retained, m.Payload)}, nil
}

// Publish returns nil only when the broker has acknowledged this message on
// this connection. After any error it may or may not have arrived.
func (l *Link) Publish(ctx context.Context, m Message) error {
	p, err := l.Send(m)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
		return p.Err()
	case <-ctx.Done():
		return fmt.Errorf("publish to %s: %w", m.Topic, context.Cause(ctx))
	}
}

// Pending is a publish under way.
type Pending struct {
	link  *Link
	topic string
	token paho.Token
}

// Done is closed when the broker has acknowledged, or never will on this
// connection.
func (p *Pending) Done() <-chan struct{} { return p.token.Done() }

// Err is nil if the broker has acknowledged. It may be called when Done is
// closed; before that it says so.
func (p *Pending) Err() error {
	select {
	case <-p.token.Done():
	default:
		return fmt.Errorf("publish to %s: not acknowledged yet", p.topic)
	}
	err := p.token.Error()
	if err == nil {
		return nil
	}
	if lost := p.link.Err(); lost != nil {
		err = lost
	}
	return fmt.Errorf("publish to %s was not acknowledged: %w", p.topic, err)
}

// Subscribe asks for everything under the filters and returns once the broker
// has agreed. The handler is called by one goroutine for the whole link, in
// the order of arrival; it should not wait for long, must not wait for a
// publish of its own, and must not wait at all once Done is closed.
func (l *Link) Subscribe(ctx context.Context, handler func(Message), filters ...string) error {
	l.routes.Lock()
	l.route = append(l.route, route{slices.Clone(filters), handler}) // first: retained messages come at once
	l.routes.Unlock()

	asked := make(map[string]byte, len(filters))
	for _, f := range filters {
		asked[f] = 1
	}
	l.gate.RLock()
	if l.shut {
		l.gate.RUnlock()
		return l.end()
	}
	token := l.client.SubscribeMultiple(asked, nil).(*paho.SubscribeToken)
	l.gate.RUnlock()

	select {
	case <-token.Done():
	case <-ctx.Done():
		return fmt.Errorf("subscribe to %q: %w", filters, context.Cause(ctx))
	}
	if err := token.Error(); err != nil {
		if lost := l.Err(); lost != nil {
			err = lost
		}
		return fmt.Errorf("subscribe to %q: %w", filters, err)
	}
	for filter, granted := range token.Result() {
		if granted > 2 {
			return fmt.Errorf("the broker %s refuses the subscription to %s (may this user read there?)", l.where, filter)
		}
	}
	return nil
}

// handOver calls the handlers, until the link has ended and all that arrived
// is handed over, or Close is in a hurry.
func (l *Link) handOver() {
	defer close(l.handled)
	for {
		a, ok := l.inbox.take()
		if !ok {
			select {
			case <-l.inbox.more:
				continue
			case <-l.done:
			case <-l.hurry:
				return
			}
			if a, ok = l.inbox.take(); !ok { // put before done was closed
				return
			}
		}
		m := Message{a.message.Topic(), a.message.Payload(), a.message.Retained()}
		l.routes.RLock()
		to := l.route
		l.routes.RUnlock()
		for _, r := range to {
			if slices.ContainsFunc(r.filters, func(f string) bool { return matches(f, m.Topic) }) {
				r.handler(m)
			}
		}
		l.inbox.handled(a)
		select {
		case <-l.hurry:
			return
		default:
		}
	}
}

// shutDown runs in paho's reading goroutine, before it learns of the end.
func (l *Link) shutDown() {
	l.gate.Lock()
	defer l.gate.Unlock()
	l.shut = true
	close(l.done)
}

// Done is closed when the connection is over. Pending publishes that the
// broker did not acknowledge end with an error.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err says why the connection is over; nil while it is not.
func (l *Link) Err() error {
	if !l.wire.failed() {
		return nil
	}
	return l.explainEnd(l.wire.cause)
}

// end is Err, also while Close is still saying goodbye.
func (l *Link) end() error {
	if err := l.Err(); err != nil {
		return err
	}
	return ErrClosed
}

// Close says goodbye to the broker (which then keeps the will to itself),
// hands over what has arrived, and waits for the handler. When the context
// ends it does none of that any longer.
func (l *Link) Close(ctx context.Context) {
	l.closing.Do(func() {
		hurry := func() {
			l.wire.fail(ErrClosed)
			close(l.hurry)
		}
		hurried := make(chan struct{})
		stop := context.AfterFunc(ctx, func() { hurry(); close(hurried) })

		l.gate.Lock() // wait for calls under way, then let in no more
		l.shut = true
		l.gate.Unlock()
		l.wire.leaving.Store(true)
		l.client.Disconnect(uint(writeWait.Milliseconds()))
		l.wire.fail(ErrClosed)
		<-l.done
		<-l.acknowledged

		select {
		case <-l.handled:
		case <-ctx.Done():
		}
		if !stop() {
			<-hurried
		}
		select {
		case <-l.handled:
		default:
			l.log.Debug("a message was still being handled when its link closed")
		}
	})
}

func firstOf(err, cause error) error {
	// A refusal is the broker's word and says more than the closed socket.
	if cause == nil || refusal(err) != nil {
		return err
	}
	return cause
}

// nothingStored is paho's store. It keeps nothing, so nothing can ever be
// sent again behind our back.
type nothingStored struct{}

func (nothingStored) Open()                             {}
func (nothingStored) Put(string, packets.ControlPacket) {}
func (nothingStored) Get(string) packets.ControlPacket  { return nil }
func (nothingStored) All() []string                     { return nil }
func (nothingStored) Del(string)                        {}
func (nothingStored) Close()                            {}
func (nothingStored) Reset()                            {}
