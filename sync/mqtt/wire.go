package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writeWait is how long one packet may take to leave this machine.
const writeWait = 10 * time.Second

// wire is the TCP or TLS connection as paho sees it. It exists because paho
// must learn of a loss in one way only, by a failed Read, and only while
// nobody is inside one of its calls:
//
//   - Paho takes a Read that says "use of closed network connection" for its
//     own doing and never reports the loss, so Read says something else.
//   - A failed Write, or paho's own ping timer, would stop the goroutine that
//     a Publish in progress is handing its packet to. So a Write that fails is
//     reported as done (for QoS 1 that means nothing; only PUBACK does), the
//     socket is closed, and Read tells. Silence is judged here too, by the
//     read deadline; paho's ping timeout is set far beyond it.
//
// Reads are buffered: paho asks for one byte at a time.
type wire struct {
	conn     net.Conn
	in       *bufio.Reader
	patience time.Duration // how long the broker may be silent

	leaving atomic.Bool // we have said goodbye: whatever ends it now, it was us

	once   sync.Once
	cause  error         // why the connection is over; set before ended is closed
	ended  chan struct{} // closed when the first failure was seen
	onRead func()        // called once, before Read fails
	told   sync.Once
}

func newWire(conn net.Conn, onRead func()) *wire {
	w := &wire{conn: conn, ended: make(chan struct{}), onRead: onRead}
	w.in = bufio.NewReaderSize(deadlineReader{w}, 16<<10)
	return w
}

type deadlineReader struct{ *wire }

func (r deadlineReader) Read(p []byte) (int, error) {
	r.conn.SetReadDeadline(time.Now().Add(r.patience))
	return r.conn.Read(p)
}

var errDown = errors.New("the connection is down")

// Read hands paho what arrived, and is where it learns of the end.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err == nil {
		return n, nil
	}
	w.fail(err)
	w.told.Do(w.onRead)
	return n, errDown
}

// Write never fails; see above.
func (w *wire) Write(p []byte) (int, error) {
	select {
	case <-w.ended:
		return len(p), nil
	default:
	}
	w.conn.SetWriteDeadline(time.Now().Add(writeWait))
	if _, err := w.conn.Write(p); err != nil {
		w.fail(err)
	}
	return len(p), nil
}

// Close is called by paho after DISCONNECT and when it gives up.
func (w *wire) Close() error {
	w.fail(ErrClosed)
	return nil
}

// fail remembers the first reason and closes the socket, which ends a waiting
// Read or Write.
func (w *wire) fail(why error) {
	w.once.Do(func() {
		if w.leaving.Load() {
			why = ErrClosed
		}
		w.cause = why
		close(w.ended)
		w.conn.Close()
	})
}

func (w *wire) failed() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

func (w *wire) LocalAddr() net.Addr  { return w.conn.LocalAddr() }
func (w *wire) RemoteAddr() net.Addr { return w.conn.RemoteAddr() }

// Deadlines are ours.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// open connects, with TLS if the URL asks for it.
func (o *Options) open(ctx context.Context, hostport string, secure bool) (net.Conn, error) {
	conn, err := o.Dial(ctx, "tcp", hostport)
	if err != nil || !secure {
		return conn, err
	}
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(hostport)
	}
	safe := tls.Client(conn, config)
	if err := safe.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return safe, nil
}
