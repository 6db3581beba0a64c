package usbredir

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"scanpost/devices/rig/usbdev"
)

// peer is QEMU's end of the cable.
type peer struct {
	t    *testing.T
	conn net.Conn
	link *Link
}

// attach plugs a device into a peer, which has heard what it is.
func attach(t *testing.T, d *usbdev.Device) *peer {
	t.Helper()
	near, far := net.Pipe()
	p := &peer{t: t, conn: far}
	far.SetDeadline(time.Now().Add(time.Minute)) // so that a test ends
	links := make(chan *Link)
	go func() {
		l, err := Attach(near, d)
		if err != nil {
			t.Error(err)
		}
		links <- l
	}()
	if got, err := readPacket(far, false); err != nil || understands(got) != nil {
		t.Fatalf("hello: %+v, %v", got, err)
	}
	if _, err := far.Write(hello().append(nil, false)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint32{typeInterfaceInfo, typeEndpointInfo, typeDeviceConnect} {
		if got := p.read(); got.kind != want {
			t.Fatalf("type %d, want %d", got.kind, want)
		}
	}
	p.link = <-links
	t.Cleanup(func() { far.Close() })
	return p
}

func (p *peer) read() packet {
	p.t.Helper()
	got, err := readPacket(p.conn, true)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

func (p *peer) write(kind uint32, id uint64, body ...byte) {
	p.t.Helper()
	if _, err := p.conn.Write(packet{kind, id, body}.append(nil, true)); err != nil {
		p.t.Fatal(err)
	}
}

// want reads a packet and compares all of it.
func (p *peer) want(kind uint32, id uint64, body ...byte) {
	p.t.Helper()
	if got := p.read(); got.kind != kind || got.id != id || !bytes.Equal(got.body, body) {
		p.t.Fatalf("got  %d %d % x\nwant %d %d % x", got.kind, got.id, got.body, kind, id, body)
	}
}

func device() *usbdev.Device {
	return (&usbdev.Device{
		Speed: usbdev.Full, VendorID: 0x05E0, ProductID: 0x1300, Version: 0x0102, SerialNo: "S1",
		Interfaces: []usbdev.Interface{{Class: 3, Endpoints: []usbdev.Endpoint{
			{Addr: 0x81, Type: usbdev.Interrupt, MaxPacket: 8, Interval: 1}, {Addr: 0x82, Type: usbdev.Bulk, MaxPacket: 64}, {Addr: 0x03, Type: usbdev.Bulk, MaxPacket: 64}}}},
	}).Init()
}

// A device is told as the protocol has it: tables of 32, endpoints that the
// host writes to first.
func TestDescribe(t *testing.T) {
	all := describe(device())
	endpoints := all[1].body
	for x, want := range map[int][3]byte{0: {0, 0, 0}, 16: {0, 0, 0}, 17: {3, 1, 0}, 18: {2, 0, 0}, 3: {2, 0, 0}, 4: {255, 0, 0}} {
		if got := [3]byte{endpoints[x], endpoints[32+x], endpoints[64+x]}; got != want {
			t.Errorf("endpoint %d: %v, want %v", x, got, want)
		}
	}
	if size := le.Uint16(endpoints[96+2*17:]); size != 8 {
		t.Errorf("packets of %d", size)
	}
	if want := []byte{1, 0, 0, 0, 0xE0, 0x05, 0x00, 0x13, 0x02, 0x01}; !bytes.Equal(all[2].body, want) {
		t.Errorf("connect % x, want % x", all[2].body, want)
	}
}

// A peer that can not do what QEMU's xHCI needs is refused with the reason.
func TestOldPeer(t *testing.T) {
	for fact, c := range map[string]struct {
		first packet
		want  string
	}{
		"abilities missing": {packet{kind: typeHello, body: make([]byte, 68)}, "too old"},
		"not hello":         {packet{kind: typeControl, body: make([]byte, 68)}, "not with hello"},
		"too long":          {packet{kind: typeHello, body: make([]byte, longest+1)}, "packet of"},
	} {
		near, far := net.Pipe()
		go func() {
			readPacket(far, false)
			far.Write(c.first.append(nil, false))
		}()
		if _, err := Attach(near, device()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", fact, err)
		}
		far.Close()
	}
}

// Control requests are answered in QEMU's form; one that the device ignores is
// not answered, and does not keep others waiting.
func TestControl(t *testing.T) {
	d := device()
	d.Ignore = func(s usbdev.Setup) bool { return s.Value == 0x0303 }
	p := attach(t, d)
	p.write(typeControl, 7, 0x80, 6, 0x80, 0xEE, 3, 3, 0, 0, 255, 0) // a name; the status is garbage
	p.write(typeControl, 8, 0x80, 6, 0x80, 0xEE, 0, 1, 0, 0, 4, 0)
	p.want(typeControl, 8, 0x80, 6, 0x80, OK, 0, 1, 0, 0, 4, 0, 18, 1, 0, 2)
	p.write(typeControl, 9, 0x80, 6, 0x80, 0xEE, 0, 6, 0, 0, 10, 0)
	p.want(typeControl, 9, 0x80, 6, 0x80, Stall, 0, 6, 0, 0, 0, 0)
	p.write(typeSetConfig, 10, 1)
	p.want(typeConfigStatus, 10, OK, 1)
	p.write(typeSetAlt, 11, 0, 0)
	p.want(typeAltStatus, 11, OK, 0, 0)
	if d.Configured() != 1 {
		t.Errorf("configuration %d", d.Configured())
	}
}

// Reports go out while they are polled for, in packets of the endpoint's size;
// after that the device keeps them.
func TestInterrupt(t *testing.T) {
	d := device()
	p := attach(t, d)
	d.In(0x81).Push([]byte("0123456789"), []byte("ab"))
	p.write(typeStartInterrupt, 1, 0x81)
	p.want(typeInterruptStatus, 1, OK, 0x81)
	p.want(typeInterrupt, 0, append([]byte{0x81, OK, 8, 0}, "01234567"...)...)
	p.want(typeInterrupt, 0, append([]byte{0x81, OK, 2, 0}, "89"...)...)
	p.want(typeInterrupt, 0, append([]byte{0x81, OK, 2, 0}, "ab"...)...)
	p.write(typeStopInterrupt, 2, 0x81)
	p.want(typeInterruptStatus, 2, OK, 0x81)
	d.In(0x81).Push([]byte("held"))
	p.write(typeStartInterrupt, 3, 0x83)
	p.want(typeInterruptStatus, 3, Stall, 0x83)
	if d.In(0x81).Len() != 1 {
		t.Error("a report was given away to nobody")
	}
	p.write(typeStartInterrupt, 4, 0x81)
	p.want(typeInterruptStatus, 4, OK, 0x81)
	p.want(typeInterrupt, 0, append([]byte{0x81, OK, 4, 0}, "held"...)...)
}

// Bytes are given when they are asked for, to each request in its turn, no more
// than it asks for; a request that is cancelled takes none.
func TestBulk(t *testing.T) {
	d := device()
	heard := make(chan []byte, 1)
	d.Out = func(endpoint byte, b []byte) bool { heard <- append([]byte{endpoint}, b...); return true }
	p := attach(t, d)
	ask := func(id uint64, most byte) { p.write(typeBulk, id, 0x82, 0, most, 0, 0, 0, 0, 0, 0, 0) }
	given := func(id uint64, status byte, b string) {
		t.Helper()
		p.want(typeBulk, id, append([]byte{0x82, status, byte(len(b)), 0, 0, 0, 0, 0, 0, 0}, b...)...)
	}
	ask(1, 4)
	ask(2, 64)
	ask(3, 64)
	d.In(0x82).Push([]byte("012345"))
	given(1, OK, "0123")
	given(2, OK, "45")
	p.write(typeCancel, 3)
	given(3, Cancelled, "")
	ask(4, 64)
	d.In(0x82).Push([]byte("next"))
	given(4, OK, "next")
	p.write(typeBulk, 5, append([]byte{0x03, 0, 5, 0, 0, 0, 0, 0, 0, 0}, "hello"...)...)
	p.want(typeBulk, 5, 0x03, OK, 5, 0, 0, 0, 0, 0, 0, 0)
	if b := <-heard; string(b) != "\x03hello" {
		t.Errorf("the device heard %q", b)
	}
}

// When the cable is pulled, what waits fails, and only then the socket closes.
func TestDetach(t *testing.T) {
	p := attach(t, device())
	p.write(typeBulk, 1, 0x82, 0, 64, 0, 0, 0, 0, 0, 0, 0)
	done := make(chan struct{})
	go func() {
		p.link.Detach()
		close(done)
	}()
	p.want(typeBulk, 1, 0x82, IOError, 0, 0, 0, 0, 0, 0, 0, 0)
	if _, err := readPacket(p.conn, true); err == nil {
		t.Error("the socket is still open")
	}
	<-done
	if p.link.Err() == nil {
		t.Error("the link does not say why it ended")
	}
}

// A packet that is too short for its type ends the link, and nothing panics.
func TestShortPackets(t *testing.T) {
	for kind := range least {
		p := attach(t, device())
		p.write(kind, 1)
		<-p.link.Done()
		if err := p.link.Err(); err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("type %d: %v", kind, err)
		}
	}
}
