package broker

import (
	"bytes"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// guard is mochi's hook: who may connect, one connection per client id,
// back-pressure instead of loss, and subscribing while messages arrive.
type guard struct {
	mqtt.HookBase
	server   *mqtt.Server
	listener *listener
	users    map[string]string
	may      func(user string, write bool, topic string) bool
	behind   int
	stuck    time.Duration
	log      *slog.Logger

	// kept guards mochi's index of retained messages; see retained.go.
	kept   sync.RWMutex
	keeper atomic.Pointer[mqtt.Client] // who holds it for writing

	any     atomic.Int32 // len(crowded), to be looked at for every publish
	mu      sync.Mutex
	crowded map[string]*crowd // subscribers that are behind, by client id
}

// crowd is a subscriber that is behind.
type crowd struct {
	client *mqtt.Client
	room   chan struct{} // closed when it is not any more
}

func (*guard) ID() string { return "scanpost" }

func (*guard) Provides(b byte) bool {
	return bytes.IndexByte([]byte{
		mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablish, mqtt.OnDisconnect,
		mqtt.OnPublish, mqtt.OnPublishDropped, mqtt.OnQosPublish, mqtt.OnQosComplete,
		mqtt.OnPacketRead, mqtt.OnPacketEncode,
		mqtt.OnPacketSent, mqtt.OnRetainMessage, mqtt.OnWill,
	}, b) >= 0
}

// OnConnectAuthenticate lets a client in, or not.
func (g *guard) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	user := string(pk.Connect.Username)
	if len(g.users) == 0 || checkPassword(g.users, user, string(pk.Connect.Password)) {
		return true
	}
	g.log.Warn("broker refuses a client: user or password is wrong", "device", pk.Connect.ClientIdentifier, "port", cl.Net.Remote)
	return false
}

// OnACLCheck says who may write to a topic, or read it. Whoever publishes what
// is not theirs is thrown out by mochi, since MQTT 3.1.1 has no other answer; a
// subscription is refused. Messages that are handed out are checked too, each
// for its topic, and were allowed with the subscription.
func (g *guard) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if g.may == nil || g.may(string(cl.Properties.Username), write, topic) {
		return true
	}
	if write {
		g.log.Warn("broker refuses a message: this user may not write there", "user", string(cl.Properties.Username), "topic", topic)
	}
	return false
}

// OnSessionEstablish is called before mochi would take the client id over. It
// ends the old connection first, and waits until mochi is done with it.
func (g *guard) OnSessionEstablish(cl *mqtt.Client, _ packets.Packet) {
	if conn, ok := cl.Net.Conn.(*connection); ok && !g.listener.claim(cl.ID, conn) {
		cl.Stop(packets.ErrServerBusy) // it will try again
	}
}

// OnPacketRead is called with each packet of a client. Both ends number their
// packets by themselves, but mochi keeps one table of numbers: it refuses a
// SUBSCRIBE, and does nothing about an UNSUBSCRIBE, whose number is that of a
// message on its way to the same client. It gets them as number 0, which no
// message ever has, and the answer gets the number back. (Taking the message
// out of the table meanwhile would leave the other publishers a moment to use
// its number, or to have it put back as it no longer is.)
func (g *guard) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	g.scanned(cl)
	if t := pk.FixedHeader.Type; (t == packets.Subscribe || t == packets.Unsubscribe) && pk.PacketID != 0 {
		if conn, ok := cl.Net.Conn.(*connection); ok {
			conn.asked, pk.PacketID = pk.PacketID, 0
			pk.FixedHeader.Qos = 0 // or a number is missed; nothing else looks at it
		}
	}
	return pk, nil
}

// OnPacketEncode is called with each packet to a client. An answer to a
// subscription is written by the goroutine that read it, before the next.
func (*guard) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if t := pk.FixedHeader.Type; t == packets.Suback || t == packets.Unsuback {
		if conn, ok := cl.Net.Conn.(*connection); ok {
			pk.PacketID = conn.asked
		}
	}
	return pk
}

// OnQosPublish is called when a message waits for the client's
// acknowledgement.
func (g *guard) OnQosPublish(cl *mqtt.Client, _ packets.Packet, _ int64, _ int) {
	if cl.State.Inflight.Len() < g.behind {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.crowded[cl.ID]; c == nil && !cl.Closed() {
		g.crowded[cl.ID] = &crowd{cl, make(chan struct{})}
		g.any.Store(int32(len(g.crowded)))
	}
}

// OnQosComplete is called when the client has acknowledged.
func (g *guard) OnQosComplete(cl *mqtt.Client, _ packets.Packet) {
	if g.any.Load() > 0 && cl.State.Inflight.Len() <= g.behind/2 {
		g.clear(cl)
	}
}

// OnDisconnect is called when the client is gone.
func (g *guard) OnDisconnect(cl *mqtt.Client, _ error, _ bool) {
	g.scanned(cl)
	g.clear(cl)
}

func (g *guard) clear(cl *mqtt.Client) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.crowded[cl.ID]; c != nil && c.client == cl {
		delete(g.crowded, cl.ID)
		g.any.Store(int32(len(g.crowded)))
		close(c.room)
	}
}

// OnPublish is called before the broker acknowledges and hands out a message.
// It waits while a subscriber of it is behind, so that the publisher's own
// window closes and nothing has to be dropped.
func (g *guard) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	g.backPressure(cl, pk)
	if pk.FixedHeader.Retain {
		g.keep(cl)
	}
	return pk, nil
}

func (g *guard) backPressure(cl *mqtt.Client, pk packets.Packet) {
	if g.any.Load() == 0 {
		return
	}
	g.mu.Lock()
	waitFor := make([]*crowd, 0, len(g.crowded))
	for _, c := range g.crowded {
		// Its acknowledgements are read by the goroutine we are in: waiting
		// for oneself would be for ever. There is room for as much again.
		if c.client != cl {
			waitFor = append(waitFor, c)
		}
	}
	g.mu.Unlock()
	if len(waitFor) == 0 {
		return
	}
	subscribed := g.server.Topics.Subscribers(pk.TopicName).Subscriptions
	for _, c := range waitFor {
		if _, ok := subscribed[c.client.ID]; ok {
			g.wait(c)
		}
	}
}

// wait returns when c has caught up or is gone, and sees to it that one of
// the two happens. Two clients that wait for each other end here as well.
func (g *guard) wait(c *crowd) {
	patience := time.NewTicker(g.stuck)
	defer patience.Stop()
	before := c.client.State.Inflight.Len()
	for {
		select {
		case <-c.room:
			return
		case <-patience.C:
		}
		now := c.client.State.Inflight.Len()
		if now >= before {
			g.log.Warn("broker disconnects a client that takes no more messages; it will ask for what it lacks",
				"device", c.client.ID, "port", c.client.Net.Remote)
			c.client.Stop(packets.ErrQuotaExceeded)
			g.clear(c.client)
			return
		}
		before = now
	}
}

// OnPublishDropped is called when a client's write queue is full. For QoS 1
// the guard keeps this from happening; if it does, a connection that ends is
// better than a hole nobody is told of.
func (g *guard) OnPublishDropped(cl *mqtt.Client, pk packets.Packet) {
	if pk.FixedHeader.Qos == 0 {
		return
	}
	g.log.Warn("broker disconnects a client whose queue is full; it will ask for what it lacks", "device", cl.ID, "port", cl.Net.Remote)
	cl.Stop(packets.ErrQuotaExceeded)
}
