// Package usbdev is an emulated USB device as data: descriptors, the answers to
// control requests, and one queue per endpoint that the host reads. Package
// usbredir is its cable.
//
// What a device sends is put into a queue and stays there until the host polls:
// a code that is scanned while nobody listens is held, as real scanners do.
// Nothing here knows what a code is; that is for whoever fills the queues.
package usbdev

import (
	"encoding/binary"
	"sync"
	"time"
	"unicode/utf16"
)

// Speed as the device announces it.
type Speed byte

// The speeds.
const (
	Low Speed = iota
	Full
	High
)

// Types of an endpoint, as in its descriptor.
const (
	Bulk      = 2
	Interrupt = 3
)

// Endpoint is one endpoint. Bit 7 of Addr is set if the host reads from it.
type Endpoint struct {
	Addr, Type byte
	MaxPacket  uint16
	Interval   byte // as in the descriptor; its meaning depends on the speed
}

// Interface is one interface; there are no alternate settings. Extra is the
// class descriptors that stand behind the interface's own.
type Interface struct {
	Class, SubClass, Protocol byte
	Extra                     []byte
	Endpoints                 []Endpoint

	// Control answers the requests to this interface: with data, or with false
	// to stall. Nil stalls all.
	Control func(s Setup, data []byte) (in []byte, ok bool)
}

// Setup is a setup packet.
type Setup struct {
	Type, Request        byte
	Value, Index, Length uint16
}

// Device is one device. The exported fields are set before Init.
type Device struct {
	Speed                           Speed
	VendorID, ProductID, Version    uint16
	Class, SubClass, Protocol       byte
	Manufacturer, Product, SerialNo string // an empty one is not there
	Interfaces                      []Interface

	// Out gets what the host writes to an endpoint. It may take its time: the
	// host waits for it, and for nothing else. False is no answer at all.
	Out func(endpoint byte, data []byte) bool
	// Ignore names the control requests that the device never answers, as
	// firmware that hangs. It may change its mind at any time.
	Ignore func(s Setup) bool
	// Vendor answers requests of the maker's own to the device.
	Vendor func(s Setup, data []byte) (in []byte, ok bool)
	// Polled is told that the host begins to poll an interrupt endpoint: a
	// driver or a program has opened it.
	Polled func(endpoint byte)

	device, config []byte
	strings        []string
	in             map[byte]*Queue

	mu         sync.Mutex
	configured byte
}

// Init makes the descriptors and the queues.
func (d *Device) Init() *Device {
	d.strings, d.in = []string{""}, map[byte]*Queue{}
	le := binary.LittleEndian
	control := byte(64)
	if d.Speed == Low {
		control = 8
	}
	dev := []byte{18, 1, 0x00, 0x02, d.Class, d.SubClass, d.Protocol, control}
	dev = le.AppendUint16(dev, d.VendorID)
	dev = le.AppendUint16(dev, d.ProductID)
	dev = le.AppendUint16(dev, d.Version)
	d.device = append(dev, d.name(d.Manufacturer), d.name(d.Product), d.name(d.SerialNo), 1)

	// One configuration, bus powered, 100 mA.
	cfg := []byte{9, 2, 0, 0, byte(len(d.Interfaces)), 1, 0, 0x80, 50}
	for n, i := range d.Interfaces {
		cfg = append(cfg, 9, 4, byte(n), 0, byte(len(i.Endpoints)), i.Class, i.SubClass, i.Protocol, 0)
		cfg = append(cfg, i.Extra...)
		for _, e := range i.Endpoints {
			cfg = append(cfg, 7, 5, e.Addr, e.Type)
			cfg = append(le.AppendUint16(cfg, e.MaxPacket), e.Interval)
			if e.Addr&0x80 != 0 {
				d.in[e.Addr] = NewQueue()
			}
		}
	}
	le.PutUint16(cfg[2:], uint16(len(cfg)))
	d.config = cfg
	return d
}

// name gives a text the next number, 0 if there is none.
func (d *Device) name(s string) byte {
	if s == "" {
		return 0
	}
	d.strings = append(d.strings, s)
	return byte(len(d.strings) - 1)
}

// In is the queue of an endpoint that the host reads; nil if there is none.
func (d *Device) In(endpoint byte) *Queue { return d.in[endpoint] }

// endpoint finds one by its address; there is none of size 0.
func (d *Device) endpoint(addr byte) (e Endpoint) {
	for _, i := range d.Interfaces {
		for _, e := range i.Endpoints {
			if e.Addr == addr {
				return e
			}
		}
	}
	return Endpoint{}
}

// PacketSize is the most bytes that an endpoint sends at once.
func (d *Device) PacketSize(endpoint byte) int { return int(d.endpoint(endpoint).MaxPacket) }

// Pause is how long the host waits between two polls of an interrupt endpoint.
func (d *Device) Pause(endpoint byte) time.Duration {
	e := d.endpoint(endpoint)
	if d.Speed == High {
		return 125 * time.Microsecond << (min(max(e.Interval, 1), 16) - 1)
	}
	return time.Duration(e.Interval) * time.Millisecond
}

// Configured is the configuration that the host has set; 0 is none.
func (d *Device) Configured() byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.configured
}

// SetConfigured notes the configuration, for cables that tell it by themselves.
func (d *Device) SetConfigured(c byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.configured = c
}

// Requests and their types, of chapter 9 of the USB specification.
const (
	getStatus        = 0
	clearFeature     = 1
	setFeature       = 3
	getDescriptor    = 6
	getConfiguration = 8
	setConfiguration = 9
	setInterface     = 11

	toHost      = 0x80
	kind        = 0x60 // of a type: standard, class, vendor
	vendor      = 0x40
	recipient   = 0x1F
	toInterface = 1
)

// Control answers a request. False is a stall.
func (d *Device) Control(s Setup, data []byte) (in []byte, ok bool) {
	in, ok = d.control(s, data)
	return in[:min(len(in), int(s.Length))], ok
}

func (d *Device) control(s Setup, data []byte) ([]byte, bool) {
	standard := s.Type&kind == 0
	switch {
	case s.Type&kind == vendor && s.Type&recipient != toInterface && d.Vendor != nil:
		return d.Vendor(s, data)
	case s.Type == toHost && s.Request == getDescriptor:
		return d.descriptor(byte(s.Value>>8), byte(s.Value))
	case s.Type == 0 && s.Request == setConfiguration:
		d.SetConfigured(byte(s.Value))
		return nil, true
	case s.Type == toHost && s.Request == getConfiguration:
		return []byte{d.Configured()}, true
	case standard && s.Type&toHost != 0 && s.Request == getStatus:
		return []byte{0, 0}, true
	case standard && s.Type&toHost == 0 && (s.Request == clearFeature || s.Request == setFeature || s.Request == setInterface):
		return nil, true
	case s.Type&recipient == toInterface && int(s.Index&0xFF) < len(d.Interfaces):
		if answer := d.Interfaces[s.Index&0xFF].Control; answer != nil {
			return answer(s, data)
		}
	}
	return nil, false
}

func (d *Device) descriptor(kind, number byte) ([]byte, bool) {
	switch {
	case kind == 1:
		return d.device, true
	case kind == 2:
		return d.config, true
	case kind == 3 && number == 0:
		return []byte{4, 3, 0x09, 0x04}, true // languages: US English
	case kind == 3 && int(number) < len(d.strings):
		b := []byte{0, 3}
		for _, u := range utf16.Encode([]rune(d.strings[number])) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		b[0] = byte(len(b))
		return b, true
	}
	return nil, false // no qualifier for other speeds, no BOS
}
