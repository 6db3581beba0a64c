// Package usbredir is the cable of an emulated device: it carries a
// usbdev.Device to QEMU's usb-redir device, in place of the program that
// usually passes a real device of a remote machine on. The guest needs nothing
// for it; its kernel sees an ordinary USB device.
//
//	-chardev socket,id=c0,path=/some/sock,server=on,wait=off
//	-device usb-redir,id=d0,chardev=c0,bus=xhci.0,port=1
//
// To plug in is to dial the socket and call Attach, to pull is Detach. What the
// device holds and the host has not fetched stays with the device: reports are
// given away one per polling interval, and bytes when the host asks, so that a
// pulled cable loses no more than a real one. QEMU by itself would take two
// thousand reports at once.
package usbredir

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"scanpost/devices/rig/usbdev"
)

// Link is one device that is plugged in.
type Link struct {
	dev     *usbdev.Device
	conn    net.Conn
	out     context.Context // done when the cable is out
	pull    context.CancelFunc
	leaving atomic.Bool // out, and everything fails
	all     sync.WaitGroup
	ended   chan struct{} // closed when all goroutines have ended

	writing sync.Mutex

	mu     sync.Mutex
	open   map[uint64]context.CancelFunc // transfers that wait
	polled map[byte]context.CancelFunc   // interrupt endpoints
	last   map[byte]chan struct{}        // closed when the newest transfer of an endpoint is over
	err    error
}

// Attach plugs the device in and serves it until Detach or an error.
func Attach(conn net.Conn, dev *usbdev.Device) (*Link, error) {
	l := &Link{
		dev: dev, conn: conn, ended: make(chan struct{}),
		open: map[uint64]context.CancelFunc{}, polled: map[byte]context.CancelFunc{}, last: map[byte]chan struct{}{},
	}
	l.out, l.pull = context.WithCancel(context.Background())
	if _, err := conn.Write(hello().append(nil, false)); err != nil {
		return nil, err
	}
	peer, err := readPacket(conn, false)
	if err == nil {
		err = understands(peer)
	}
	for _, p := range describe(dev) {
		if err == nil {
			err = l.send(p)
		}
	}
	if err != nil {
		l.pull()
		conn.Close()
		return nil, err
	}
	go l.serve()
	return l, nil
}

// Detach pulls the plug: QEMU takes a closed socket as that.
//
// With a real cable whatever is on its way fails at once. In QEMU it would be
// lost, and the kernel would wait for it for five seconds; so first everything
// fails, for a moment, and only then the device is gone.
func (l *Link) Detach() {
	l.leaving.Store(true)
	l.pull()
	select {
	case <-time.After(dying):
	case <-l.ended:
	}
	l.conn.Close()
	<-l.ended
}

// dying is long enough for what is on its way, and shorter than the kernel
// takes to notice a pulled cable anyway.
const dying = 20 * time.Millisecond

// Done is closed when the link has ended; Err then says why.
func (l *Link) Done() <-chan struct{} { return l.ended }

// Err is why the link has ended, nil while it has not.
func (l *Link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// FailInterrupt reports an error of an endpoint that the host polls.
func (l *Link) FailInterrupt(endpoint, status byte) error {
	l.endPolling(endpoint)
	return l.send(packet{kind: typeInterruptStatus, body: []byte{status, endpoint}})
}

func (l *Link) send(p packet) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err := l.conn.Write(p.append(nil, true))
	return err
}

func (l *Link) serve() {
	for {
		p, err := readPacket(l.conn, true)
		if err == nil {
			err = l.handle(p)
		}
		if err != nil {
			l.conn.Close()
			l.pull()
			l.all.Wait()
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			close(l.ended)
			return
		}
	}
}

// least is how long the body of a packet must be to be understood.
var least = map[uint32]int{typeSetConfig: 1, typeSetAlt: 2, typeGetAlt: 1, typeStartInterrupt: 1, typeStopInterrupt: 1,
	typeControl: controlHead, typeBulk: bulkHead, typeInterrupt: interruptHead}

// Sizes of what stands before the data of a transfer.
const (
	controlHead   = 10
	bulkHead      = 10
	interruptHead = 4
)

func (l *Link) handle(p packet) error {
	b := p.body
	if len(b) < least[p.kind] {
		return fmt.Errorf("usbredir: packet of type %d cut short at %d bytes", p.kind, len(b))
	}
	answer := func(kind uint32, body ...byte) error { return l.send(packet{kind, p.id, body}) }
	switch p.kind {
	case typeSetConfig:
		l.dev.SetConfigured(b[0])
		return answer(typeConfigStatus, OK, b[0])
	case typeGetConfig:
		return answer(typeConfigStatus, OK, l.dev.Configured())
	case typeSetAlt:
		return answer(typeAltStatus, OK, b[0], b[1])
	case typeGetAlt:
		return answer(typeAltStatus, OK, b[0], 0)
	case typeStartInterrupt:
		if l.dev.In(b[0]) == nil {
			return answer(typeInterruptStatus, Stall, b[0])
		}
		l.startPolling(b[0])
		if l.dev.Polled != nil {
			l.dev.Polled(b[0])
		}
		return answer(typeInterruptStatus, OK, b[0])
	case typeStopInterrupt:
		l.endPolling(b[0])
		return answer(typeInterruptStatus, OK, b[0])
	case typeCancel:
		l.mu.Lock()
		if cancel := l.open[p.id]; cancel != nil {
			cancel()
		}
		l.mu.Unlock()
	case typeControl:
		return l.control(p)
	case typeInterrupt, typeBulk:
		l.transfer(p)
	}
	return nil // a reset, and whatever else: no answer is due
}

func (l *Link) control(p packet) error {
	h := slices.Clone(p.body[:controlHead])
	s := usbdev.Setup{Request: h[1], Type: h[2], Value: le.Uint16(h[4:]), Index: le.Uint16(h[6:]), Length: le.Uint16(h[8:])}
	if l.dev.Ignore != nil && l.dev.Ignore(s) {
		return nil
	}
	h[3] = OK // QEMU leaves garbage in the status of its requests
	var in []byte
	if l.leaving.Load() {
		h[3] = IOError
	} else if got, ok := l.dev.Control(s, p.body[controlHead:]); ok {
		in = got
	} else {
		h[3] = Stall
	}
	if s.Type&0x80 == 0 {
		in = nil
	} else {
		le.PutUint16(h[8:], uint16(len(in)))
	}
	return l.send(packet{typeControl, p.id, append(h, in...)})
}

// startPolling gives the queue of an endpoint away, a packet per interval: a
// report that is longer comes in pieces.
func (l *Link) startPolling(endpoint byte) {
	l.endPolling(endpoint)
	ctx, cancel := context.WithCancel(l.out)
	l.mu.Lock()
	l.polled[endpoint] = cancel
	l.mu.Unlock()
	l.all.Go(func() {
		tick := time.NewTicker(max(l.dev.Pause(endpoint), time.Microsecond))
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			report := l.dev.In(endpoint).Pop(l.dev.PacketSize(endpoint), ctx.Done())
			if report == nil {
				return
			}
			head := []byte{endpoint, OK, byte(len(report)), byte(len(report) >> 8)}
			if l.send(packet{kind: typeInterrupt, body: append(head, report...)}) != nil {
				return
			}
		}
	})
}

func (l *Link) endPolling(endpoint byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end := l.polled[endpoint]; end != nil {
		end()
		delete(l.polled, endpoint)
	}
}

// transfer serves a request for bytes, or with bytes. Those of one endpoint are
// served in the order in which they came, those of others meanwhile.
func (l *Link) transfer(p packet) {
	endpoint := p.body[0]
	ctx, cancel := context.WithCancel(l.out)
	over := make(chan struct{})
	l.mu.Lock()
	before := l.last[endpoint]
	l.last[endpoint], l.open[p.id] = over, cancel
	l.mu.Unlock()
	l.all.Go(func() {
		defer close(over)
		if before != nil {
			<-before
		}
		answer := l.exchange(ctx, p)
		l.mu.Lock()
		delete(l.open, p.id)
		l.mu.Unlock()
		cancel()
		l.send(answer) // if that fails the link has ended, and serve knows
	})
}

func (l *Link) exchange(ctx context.Context, p packet) packet {
	size := least[p.kind]
	h, data := slices.Clone(p.body[:size]), p.body[size:]
	endpoint, in := h[0], l.dev.In(h[0])
	var got []byte
	switch h[1] = OK; {
	case ctx.Err() != nil:
		h[1] = Cancelled
	case endpoint&0x80 == 0:
		if l.dev.Out != nil && !l.dev.Out(endpoint, slices.Clone(data)) {
			<-ctx.Done()
			h[1] = Cancelled
		}
	case p.kind != typeBulk || in == nil:
		h[1] = Stall
	default:
		if got = in.Pop(int(le.Uint16(h[2:]))|int(le.Uint16(h[8:]))<<16, ctx.Done()); got == nil {
			h[1] = Cancelled
		}
	}
	if h[1] == Cancelled && l.leaving.Load() {
		h[1] = IOError
	}
	if endpoint&0x80 != 0 && p.kind == typeBulk { // QEMU falls over a length that is not that of the data
		le.PutUint16(h[2:], uint16(len(got)))
		le.PutUint16(h[8:], uint16(len(got)>>16))
	}
	return packet{p.kind, p.id, append(h, got...)}
}
