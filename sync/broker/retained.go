package broker

import (
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Mochi (v2.7.9) writes its index of retained messages under a lock and reads
// it for a subscription with a wildcard without one: a race in which a reader
// may see half of a string. Its hooks stand around both places, so the lock is
// ours:
//
//	write   OnPublish or OnWill, with a message to retain     -> OnRetainMessage
//	read    OnPacketSent of the SUBACK, behind which it looks  -> whatever the same goroutine does next:
//	        reads another packet, waits for bytes, or ends
//
// The lock is taken when the SUBACK has been written, not before, so that a
// client that reads nothing holds up nobody.

// keep begins the retaining of a message.
func (g *guard) keep(cl *mqtt.Client) {
	g.kept.Lock()
	g.keeper.Store(cl)
}

// OnRetainMessage is called when a message has been retained.
func (g *guard) OnRetainMessage(cl *mqtt.Client, _ packets.Packet, _ int64) {
	if g.keeper.CompareAndSwap(cl, nil) { // a will that was delayed comes without keep
		g.kept.Unlock()
	}
}

// OnWill is called when a will is about to be published.
func (g *guard) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	if will.Retain && will.WillDelayInterval == 0 {
		g.keep(cl)
	}
	return will, nil
}

// OnPacketSent is called when a packet has been written to a client.
func (g *guard) OnPacketSent(cl *mqtt.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type != packets.Suback {
		return
	}
	if conn, ok := cl.Net.Conn.(*connection); ok && !conn.scanning {
		g.kept.RLock()
		conn.scanning, conn.guard = true, g
	}
}

// scanned ends the reading of the index for a subscription. The client's own
// goroutine calls it.
func (g *guard) scanned(cl *mqtt.Client) {
	if conn, ok := cl.Net.Conn.(*connection); ok {
		conn.scanned()
	}
}

func (c *connection) scanned() {
	if c.scanning {
		c.scanning = false
		c.guard.kept.RUnlock()
	}
}

// Read is where the client's goroutine waits when it has nothing to do.
func (c *connection) Read(p []byte) (int, error) {
	c.scanned()
	return c.Conn.Read(p)
}
