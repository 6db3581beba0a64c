package demo

import (
	"context"
	"io"
	"net"
	"sync"
)

// relay is a station's network cable: it carries connections to the broker
// until it is cut, and again when it is mended.
type relay struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
	wg    sync.WaitGroup
}

func newRelay(target string) (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &relay{listener: l, target: target, conns: map[net.Conn]struct{}{}}, nil
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// run carries connections until the context ends.
func (r *relay) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { r.listener.Close(); r.Cut() })
	defer stop()
	for {
		c, err := r.listener.Accept()
		if err != nil {
			r.wg.Wait()
			return
		}
		r.wg.Go(func() { r.carry(c) })
	}
}

func (r *relay) carry(near net.Conn) {
	defer near.Close()
	if !r.keep(near) {
		return
	}
	defer r.drop(near)
	far, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !r.keep(far) {
		return
	}
	defer r.drop(far)
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(near, far)
		near.Close()
	})
	io.Copy(far, near)
	far.Close()
	back.Wait()
}

func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		return false
	}
	r.conns[c] = struct{}{}
	return true
}

func (r *relay) drop(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// Cut ends all connections and lets no new one through.
func (r *relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = true
	for c := range r.conns {
		c.Close()
	}
}

// Mend lets connections through again.
func (r *relay) Mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = false
}
