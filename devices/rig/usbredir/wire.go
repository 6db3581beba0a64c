package usbredir

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"scanpost/devices/rig/usbdev"
)

// Types of a packet.
const (
	typeHello           = 0
	typeDeviceConnect   = 1
	typeInterfaceInfo   = 4
	typeEndpointInfo    = 5
	typeSetConfig       = 6
	typeGetConfig       = 7
	typeConfigStatus    = 8
	typeSetAlt          = 9
	typeGetAlt          = 10
	typeAltStatus       = 11
	typeStartInterrupt  = 15
	typeStopInterrupt   = 16
	typeInterruptStatus = 17
	typeCancel          = 21
	typeControl         = 100
	typeBulk            = 101
	typeInterrupt       = 103
)

// What both sides must be able to do. QEMU's xHCI takes a device only from a
// peer with the last three. The second of them makes the id in every header
// but hello's 64 bits wide, the third adds a high half to the length of bulk
// packets.
const (
	canDeviceVersion = 1 << 1
	canMaxPacket     = 1 << 4
	can64BitIDs      = 1 << 5
	can32BitBulk     = 1 << 6
	abilities        = canDeviceVersion | canMaxPacket | can64BitIDs | can32BitBulk
)

// Status of a transfer.
const (
	OK        = 0
	Cancelled = 1
	IOError   = 3
	Stall     = 4
)

// longest is more than any packet of these devices.
const longest = 1 << 20

var le = binary.LittleEndian

// packet is one packet of the protocol.
type packet struct {
	kind uint32
	id   uint64
	body []byte
}

// head is the size of a header: hello's is shorter.
func head(wide bool) int {
	if wide {
		return 16
	}
	return 12
}

func (p packet) append(b []byte, wide bool) []byte {
	b = le.AppendUint32(b, p.kind)
	b = le.AppendUint32(b, uint32(len(p.body)))
	if wide {
		b = le.AppendUint64(b, p.id)
	} else {
		b = le.AppendUint32(b, uint32(p.id))
	}
	return append(b, p.body...)
}

func readPacket(r io.Reader, wide bool) (p packet, err error) {
	var h [16]byte
	if _, err := io.ReadFull(r, h[:head(wide)]); err != nil {
		return p, err
	}
	n := le.Uint32(h[4:])
	if n > longest {
		return p, fmt.Errorf("usbredir: packet of %d bytes", n)
	}
	p.kind, p.id, p.body = le.Uint32(h[:]), le.Uint64(h[8:]), make([]byte, n)
	_, err = io.ReadFull(r, p.body)
	return p, err
}

func hello() packet {
	b := make([]byte, 64, 68)
	copy(b, "scanpost rig")
	return packet{kind: typeHello, body: le.AppendUint32(b, abilities)}
}

// understands says whether a peer's hello is one that this side can talk to.
func understands(p packet) error {
	if p.kind != typeHello || len(p.body) < 68 {
		return fmt.Errorf("usbredir: the peer begins with type %d, %d bytes, and not with hello", p.kind, len(p.body))
	}
	if le.Uint32(p.body[64:])&abilities != abilities {
		return errors.New("usbredir: the peer is too old: it lacks wide ids or lengths")
	}
	return nil
}

// describe is what tells a device to the peer, in the order it wants it.
func describe(d *usbdev.Device) []packet {
	interfaces := make([]byte, 4+4*32)
	le.PutUint32(interfaces, uint32(len(d.Interfaces)))
	// Tables of 32: endpoints that the host writes to, then those it reads.
	endpoints := make([]byte, 3*32+2*32)
	for i := range 32 {
		endpoints[i] = 255 // there is no such endpoint
	}
	endpoint := func(addr, kind, interval, owner byte, packet uint16) {
		x := int(addr&15) | int(addr&0x80)>>3
		endpoints[x], endpoints[32+x], endpoints[64+x] = kind, interval, owner
		le.PutUint16(endpoints[96+2*x:], packet)
	}
	endpoint(0x00, 0, 0, 0, 64)
	endpoint(0x80, 0, 0, 0, 64)
	for n, i := range d.Interfaces {
		interfaces[4+n], interfaces[36+n], interfaces[68+n], interfaces[100+n] = byte(n), i.Class, i.SubClass, i.Protocol
		for _, e := range i.Endpoints {
			endpoint(e.Addr, e.Type, e.Interval, byte(n), e.MaxPacket)
		}
	}
	connect := []byte{byte(d.Speed), d.Class, d.SubClass, d.Protocol}
	connect = le.AppendUint16(connect, d.VendorID)
	connect = le.AppendUint16(connect, d.ProductID)
	connect = le.AppendUint16(connect, d.Version)
	return []packet{{kind: typeInterfaceInfo, body: interfaces}, {kind: typeEndpointInfo, body: endpoints}, {kind: typeDeviceConnect, body: connect}}
}
