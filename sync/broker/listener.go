package broker

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	connectWait = 10 * time.Second // for a connection to introduce itself
	takeover    = 10 * time.Second // for an old connection to end
)

// listener accepts for mochi. Mochi's own leaves nobody a way to know when a
// connection is really over.
type listener struct {
	net.Listener
	stuck time.Duration
	log   *slog.Logger
	all   sync.WaitGroup // connections, and the accepting loop
	mu    sync.Mutex
	open  map[*connection]struct{}
	named map[string]*connection // by client id, the newest
	shut  bool
}

// connection is over when ended is closed: mochi is done with it then.
//
// It judges writes itself. Mochi moves one deadline for both directions with
// every packet it reads, so a client that sends pings and reads nothing would
// never be found out; and while a write to one client waits, everybody who
// publishes to it waits too.
type connection struct {
	net.Conn
	stuck time.Duration
	log   *slog.Logger
	name  string // client id, once known
	ended chan struct{}
	asked uint16 // packet id of the last SUBSCRIBE or UNSUBSCRIBE; its reading goroutine only

	scanning bool // it reads the retained messages; its reading goroutine only
	guard    *guard
}

func (c *connection) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *connection) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.stuck))
	n, err := c.Conn.Write(p)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.log.Warn("broker disconnects a client that reads nothing any more; it will ask for what it lacks",
				"device", c.name, "port", c.RemoteAddr().String())
		}
		c.Close() // part of a packet may be out: nothing sensible can follow
	}
	return n, err
}

func newListener(l net.Listener, stuck time.Duration, log *slog.Logger) *listener {
	return &listener{Listener: l, stuck: stuck, log: log, open: map[*connection]struct{}{}, named: map[string]*connection{}}
}

func (l *listener) ID() string              { return "scanpost" }
func (l *listener) Address() string         { return l.Addr().String() }
func (l *listener) Protocol() string        { return "tcp" }
func (l *listener) Init(*slog.Logger) error { return nil }

// Serve accepts until the listener is closed.
func (l *listener) Serve(establish listeners.EstablishFn) {
	l.mu.Lock()
	if l.shut {
		l.mu.Unlock()
		return
	}
	l.all.Add(1)
	l.mu.Unlock()
	defer l.all.Done()
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Too many open files, as a rule: somebody has to go before the
			// next can come. Better slow than spinning or gone.
			l.log.Error("broker can not accept a connection", "err", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		// Mochi sets deadlines once a client has introduced itself, and none
		// before.
		conn.SetDeadline(time.Now().Add(connectWait))
		c := &connection{Conn: conn, stuck: l.stuck, log: l.log, ended: make(chan struct{})}
		if !l.add(c) {
			conn.Close()
			return
		}
		go func() {
			defer l.remove(c)
			if err := establish(l.ID(), c); err != nil {
				l.log.Debug("broker: a connection ended", "port", conn.RemoteAddr().String(), "reason", err)
			}
		}()
	}
}

func (l *listener) add(c *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return false
	}
	l.open[c] = struct{}{}
	l.all.Add(1)
	return true
}

func (l *listener) remove(c *connection) {
	c.Close()
	close(c.ended)
	l.mu.Lock()
	delete(l.open, c)
	if l.named[c.name] == c {
		delete(l.named, c.name)
	}
	l.mu.Unlock()
	l.all.Done()
}

// claim makes c the only connection with this client id: the one before is
// closed, and really over (its will published, its subscriptions gone) when
// claim returns true.
func (l *listener) claim(name string, c *connection) bool {
	l.mu.Lock()
	before := l.named[name]
	l.named[name] = c
	c.name = name
	l.mu.Unlock()
	if before == nil || before == c {
		return true
	}
	before.Close()
	patience := time.NewTimer(takeover)
	defer patience.Stop()
	select {
	case <-before.ended:
		return true
	case <-patience.C:
		return false
	}
}

// Close stops accepting, closes what is open, and waits until it is over.
// Mochi's way would be a DISCONNECT to each client, which MQTT 3.1.1 does not
// have, and waiting for those that have not introduced themselves.
func (l *listener) Close(listeners.CloseFn) {
	l.Listener.Close()
	l.mu.Lock()
	l.shut = true
	for c := range l.open {
		c.Close()
	}
	l.mu.Unlock()
	l.all.Wait()
}
