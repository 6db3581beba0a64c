// Package broker is the embedded broker, for small sites and the demo.
//
// What it promises is little, and the agent relies on nothing more:
//
//   - Nothing is kept on disk. Retained messages (births, heads, receipts) live
//     in memory and are gone when the program ends; stations and consumers
//     publish theirs again when they connect. Here they do not expire either.
//   - An acknowledgement means that the broker took the message. Whoever is
//     connected and subscribed gets it, in order per publisher.
//   - A subscriber that falls behind by [Options.Behind] messages makes those
//     who publish to it wait. One that reads or acknowledges nothing for five
//     seconds meanwhile is disconnected, with a line in the log, and will ask
//     for what it lacks when it is back. Loss shows as a disconnection and as a
//     hole in the numbers; never as nothing.
//   - A client id that connects twice: the old connection is over, and its will
//     published, before the new one is accepted.
//   - A client may subscribe and unsubscribe at any time, also while messages
//     are on their way to it.
//
// The last three are ours. Mochi (v2.7.9) by itself acknowledges a publish first
// and then drops it for every subscriber whose unacknowledged messages reach
// MaximumInflight (8,192) or whose write queue is full
// (MaximumClientWritesPending), in the first case with no hook that would
// tell. And when an id is taken over, the ending of the old connection may run
// after the beginning of the new one, and remove the new one's subscriptions:
// connected, and deaf. And a SUBSCRIBE whose packet id happens to be that of a
// message in flight to the same client, as retained messages make likely, is
// refused; an UNSUBSCRIBE is answered and not done. See guard.go.
//
// Why mochi and not NATS, which can be embedded too. Each as a program of its
// own with nothing else in it, on 2 shared cores, payloads of 500 bytes, window
// 64, one publisher and one subscriber; docs/brokers.md has the method:
//
//	                               mochi v2.7.9     nats-server v2.15.2
//	added to a program             5.9 MiB          14.8 MiB
//	modules, itself included       4                10
//	resident, idle                 8.9 MiB          15.1 MiB
//	resident, 100 clients          14.3 MiB         29.0 MiB
//	after 100,000 messages         14.5 MiB         31.2 MiB
//	QoS 1 arriving, five runs      27,000-39,000/s  14,000-21,000/s
//	the broker's time for each     22 us            34 us
//	the same, synced to disk       never            440-1,200/s
//	survives a restart             nothing          retained messages, sessions, queues
//	joins a cluster                no               by configuration
//	last release                   March 2025       October 2026
//
// The agent asks of a broker nothing that the first column lacks: what is not
// confirmed is kept by the station, whatever the broker forgets. A site that
// wants a cluster runs one, with the same urls in its stations. So the small
// one stays. Its weak side is the last line: what it got wrong is mended here
// in guard.go and listener.go, and if a hole in it is ever left open, the
// trials in cmd/e2e/brokers run the other one already.
//
// This is the only importer of mochi-mqtt.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"syscall"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// Options say where to listen, and to whom.
type Options struct {
	Listen string                                           // host:port; port 0 picks one
	TLS    *tls.Config                                      // nil for plain TCP
	Users  map[string]string                                // user to password or [HashPassword] of it; empty lets everybody in
	May    func(user string, write bool, topic string) bool // who may write or subscribe to what; nil lets everybody who is in do all
	Log    *slog.Logger
	Ready  func(addr string) // called by [Run] when clients can connect

	// Behind is how many messages a subscriber may leave unacknowledged before
	// those who publish to it wait; 8,192 unless given.
	Behind int
	// Stuck is how long such a subscriber may acknowledge or read nothing while
	// others wait for it, before it is disconnected; 5 s unless given.
	Stuck time.Duration
}

// Broker is a broker that listens. It serves while Run runs.
type Broker struct {
	server   *mqtt.Server
	listener *listener
	log      *slog.Logger
}

// Run listens and serves until the context is done.
func Run(ctx context.Context, o Options) error {
	b, err := Listen(o)
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready(b.Addr())
	}
	return b.Run(ctx)
}

// Listen takes the port, so that a mistake shows at start.
func Listen(o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Behind <= 0 {
		o.Behind = 8 << 10
	}
	if o.Stuck <= 0 {
		o.Stuck = 5 * time.Second
	}
	o.Behind = min(o.Behind, 32<<10)
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, explain(o.Listen, err)
	}
	if o.TLS != nil {
		l = tls.NewListener(l, o.TLS)
	}

	limits := mqtt.NewDefaultServerCapabilities()
	// Twice what makes publishers wait, so that whoever is already past the
	// check (one message per publisher, retained messages, wills) still fits.
	// The write queue is allocated for each client at once: 128 KiB here.
	limits.MaximumInflight = uint16(min(2*o.Behind, math.MaxUint16))
	limits.MaximumClientWritesPending = int32(limits.MaximumInflight)
	// 0 is never. The default forgets retained messages after a day: the birth
	// of a station that has been connected for longer, the last receipt.
	limits.MaximumMessageExpiryInterval = 0
	// For strangers with lasting sessions. Ours are clean, and a session kept
	// for ever is memory that never comes back.
	limits.MaximumSessionExpiryInterval = 3600
	// An event has 64 KiB at most; without a limit one packet may claim 256 MiB.
	limits.MaximumPacketSize = 1 << 20
	// MaximumQos stays 2: lowered, mochi answers a QoS 2 publish of MQTT 3.1.1
	// with the wrong kind of acknowledgement. ReceiveMaximum (1024) stays: for
	// QoS 1 mochi is done with a publish before it reads the next.

	server := mqtt.New(&mqtt.Options{
		Capabilities: limits,
		Logger:       slog.New(quiet{o.Log.Handler()}),
		// $SYS topics stop the whole program each time to measure memory.
		SysTopicResendInterval:  math.MaxInt32,
		ClientNetReadBufferSize: 16 << 10, ClientNetWriteBufferSize: 16 << 10,
	})
	b := &Broker{server, newListener(l, o.Stuck, o.Log), o.Log}
	g := &guard{server: server, listener: b.listener, users: o.Users, may: o.May, behind: o.Behind, stuck: o.Stuck, log: o.Log, crowded: map[string]*crowd{}}
	if err := server.AddHook(g, nil); err != nil {
		l.Close()
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	if err := server.AddListener(b.listener); err != nil {
		l.Close()
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	return b, nil
}

// Addr is host:port of the listener.
func (b *Broker) Addr() string { return b.listener.Address() }

// Run serves until the context is done, and returns when every connection is
// over. It can be called once.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.server.Serve(); err != nil {
		b.server.Close()
		return fmt.Errorf("start the broker: %w", err)
	}
	b.log.Info("broker listens", "port", b.Addr())
	<-ctx.Done()
	b.server.Close() // returns when the listener and all connections are closed
	return nil
}

func explain(listen string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("the broker can not listen on %s: another program has this port (does Scanpost or mosquitto already run here?)", listen)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("the broker can not listen on %s: this user may not use the port (choose one above 1023)", listen)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("the broker can not listen on %s: this machine does not have that address", listen)
	}
	return fmt.Errorf("the broker can not listen on %s: %w (want host:port, such as 127.0.0.1:1883)", listen, err)
}

// quiet is mochi's logger. What it says is about its insides, and some of it
// holds whole packets, so it is for debugging; what a person should know is
// logged by this package.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, _ slog.Level) bool {
	return q.Handler.Enabled(ctx, slog.LevelDebug)
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	calm := slog.NewRecord(r.Time, slog.LevelDebug, "mochi: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "pk" && a.Key != "packet" {
			calm.AddAttrs(a)
		}
		return true
	})
	return q.Handler.Handle(ctx, calm)
}

func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as)} }
func (q quiet) WithGroup(name string) slog.Handler    { return quiet{q.Handler.WithGroup(name)} }
