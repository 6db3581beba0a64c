package port

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

// tcpPort is a reader on the network, or a serial port behind a terminal
// server. The peer hanging up, and a network cable that was pulled, are an
// unplug.
type tcpPort struct{ conn net.Conn }

func openTCP(ctx context.Context, a Address) (Port, error) {
	d := net.Dialer{
		Timeout: dialLimit,
		// A pulled network cable sends nothing; only keep-alives notice it.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
	conn, err := d.DialContext(ctx, "tcp", a.Host)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fail(ErrNotFound, a, "nobody answers there ("+err.Error()+"); is the device on, and the network cable in?", err)
	}
	return &tcpPort{conn}, nil
}

func (p *tcpPort) Read(b []byte) (int, error) {
	n, err := p.conn.Read(b)
	if n > 0 {
		return n, nil
	}
	return 0, gone(err)
}

func (p *tcpPort) Write(b []byte) (int, error) {
	if err := p.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, gone(err)
	}
	n, err := p.conn.Write(b)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, ErrStuck
	case err != nil:
		return n, gone(err)
	}
	return n, nil
}

func (p *tcpPort) Close() error {
	if err := p.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func gone(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return ErrClosed
	}
	return &openError{"the device hung up", ErrUnplugged, err}
}
