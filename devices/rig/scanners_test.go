//go:build linux

package rig

import (
	"slices"
	"sync"
	"testing"

	"scanpost/devices/rig/usbdev"
	"scanpost/devices/rig/usbredir"
	"scanpost/devices/rig/vm"
	"scanpost/devices/sim"
)

// unit is one scanner as it is held in the hand: its identity, and how it turns
// codes into what it sends. At each plug-in it is a USB device anew, which has
// forgotten all.
type unit struct {
	power func(u *unit) *usbdev.Device // is plugged in; sets trigger, and hear if it listens

	mu      sync.Mutex
	dev     *usbdev.Device
	link    *usbredir.Link
	owner   testing.TB                 // the test that plugged it in first; it is pulled when that ends
	first   [][]byte                   // what it sends of its own accord when it gets power
	ready   func() bool                // whether it reads codes: some do only when the host has said so
	good    func() bool                // whether it has sounded its good signal; nil for what can not
	trigger func(code string) [][]byte // what it sends for a code
	opened  chan struct{}              // closed when somebody has opened it since it was plugged in
}

const in, out = 0x81, 0x01 // of all units; FTDI's own is 0x02

var (
	socketsMu sync.Mutex
	sockets   = map[string]*vm.Socket{}
)

// socket is a USB socket of the guest, such as "1-3".
func socket(t testing.TB, name string) *vm.Socket {
	t.Helper()
	socketsMu.Lock()
	defer socketsMu.Unlock()
	if sockets[name] == nil {
		s, err := guest.Socket(name)
		if err != nil {
			t.Fatal(err)
		}
		sockets[name] = s
	}
	return sockets[name]
}

// plug puts the unit into a socket.
func (u *unit) plug(t testing.TB, name string) *unit {
	t.Helper()
	s := socket(t, name)
	u.mu.Lock()
	u.opened, u.first, u.ready, u.good = make(chan struct{}), nil, func() bool { return true }, nil
	u.dev = u.power(u).Init()
	opened, once := u.opened, sync.Once{}
	if u.dev.Polled == nil {
		u.dev.Polled = func(endpoint byte) {
			if endpoint == in {
				once.Do(func() { close(opened) })
			}
		}
	}
	dev := u.dev
	u.say(u.first)
	u.mu.Unlock()
	link, err := s.Plug(dev)
	if err != nil {
		t.Fatal(err)
	}
	u.mu.Lock()
	u.link = link
	if u.owner == nil {
		u.owner = t
		t.Cleanup(u.pull)
	}
	u.mu.Unlock()
	return u
}

// pull takes it out. What it held is gone with its power.
func (u *unit) pull() {
	u.mu.Lock()
	link := u.link
	u.mu.Unlock()
	link.Detach()
}

// scan pulls the trigger.
func (u *unit) scan(codes ...string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range codes {
		u.say(u.trigger(c))
	}
}

// isReady reports whether the unit reads codes now.
func (u *unit) isReady() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ready()
}

// sounded reports whether the unit has told the operator that all is well, or
// can not.
func (u *unit) sounded() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.good == nil || u.good()
}

// say sends.
func (u *unit) say(frames [][]byte) { u.dev.In(in).Push(frames...) }

// hear lets the unit answer what the host says.
func (u *unit) hear(answer func() [][]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.say(answer())
}

// line notes that a program has opened the port: it says that it is ready then.
func (u *unit) line() usbdev.Line {
	opened, once := u.opened, new(sync.Once)
	return usbdev.Line{State: func(dtr, _ bool) {
		if dtr {
			once.Do(func() { close(opened) })
		}
	}}
}

// text is a code with the AIM identifier of a plain Code 128, and CR LF.
func text(code string) [][]byte { return [][]byte{[]byte("]C0" + code + "\r\n")} }

func acm(u *unit, vendor, product uint16, serial string) *usbdev.Device {
	return &usbdev.Device{Speed: usbdev.Full, VendorID: vendor, ProductID: product, Version: 0x0100, Class: 2,
		Manufacturer: "Rig", Product: "CDC scanner", SerialNo: serial, Interfaces: usbdev.ACM(u.line(), 0, 0x82, in, out, 64), Polled: func(byte) {}}
}

// cdc is a scanner in virtual COM port mode, one code per line.
func cdc(vendor, product uint16, serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		u.trigger = text
		return acm(u, vendor, product, serial)
	}}
}

// ssi is a scanner that speaks SSI on a virtual COM port, as it comes from the
// factory.
func ssi(vendor, product uint16, serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		s := sim.NewSSIDevice(sim.SSISetup{Revision: "RIG-1", Suffix: "\r\n"})
		u.trigger = func(code string) [][]byte {
			frames, _ := s.Scan(0x03, "]C0", code) // Code 128
			return frames
		}
		u.ready = func() bool { return s.State().Params[238] == 1 } // packets: it has been set up
		u.good = func() bool { return slices.Contains(s.State().Beeps, 0x01) }
		d := acm(u, vendor, product, serial)
		d.Out = func(_ byte, b []byte) bool {
			u.hear(func() [][]byte { return s.Hear(b) })
			return true
		}
		return d
	}}
}

// ftdi is a scanner with a serial line, behind an adapter.
func ftdi(serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		u.trigger = func(code string) [][]byte { return usbdev.FTDIPackets(text(code)[0]) }
		return usbdev.FTDI(&usbdev.Device{VendorID: 0x0403, ProductID: 0x6001, Manufacturer: "Rig", Product: "Adapter", SerialNo: serial, Polled: func(byte) {}}, u.line())
	}}
}

func hid(vendor, product uint16, name, serial string, interfaces ...usbdev.Interface) *usbdev.Device {
	return &usbdev.Device{Speed: usbdev.Full, VendorID: vendor, ProductID: product, Version: 0x0100,
		Manufacturer: "Rig", Product: name, SerialNo: serial, Interfaces: interfaces}
}

// polled is an endpoint that the host asks every millisecond.
func polled(size uint16) usbdev.Endpoint {
	return usbdev.Endpoint{Addr: in, Type: usbdev.Interrupt, MaxPacket: size, Interval: 1}
}

// keyboard is a scanner that types on a US keyboard.
func keyboard(vendor, product uint16, serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		k := sim.Keyboard{Layout: "us", Suffix: "enter", AIM: true}
		u.trigger = func(code string) [][]byte {
			reports, err := k.Scan("]C0", code)
			if err != nil {
				panic(err)
			}
			return reports
		}
		return hid(vendor, product, "Keyboard scanner", serial,
			usbdev.HID(usbdev.Reports{Descriptor: usbdev.KeyboardDescriptor, Set: func(byte, byte, []byte) bool { return true }}, usbdev.BootKeyboard, usbdev.Endpoint{Addr: in, Type: usbdev.Interrupt, MaxPacket: 8, Interval: 4}))
	}}
}

// pos is a scanner in HID POS mode, with its maker's layout of reports.
func pos(layout string, vendor, product uint16, serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		p := &sim.HIDPOS{Layout: layout, AIMPrefix: layout == "newland", Revision: "Product Name: Rig\r\nSerial Number: 1\r\nSoftware Revision: 2\r\n"}
		u.trigger = func(code string) [][]byte { return p.Code("]C0", 'j', []byte(code)) }
		if layout == "honeywell" {
			u.ready = func() bool { return p.State().Opened }
			u.good = func() bool { return slices.Contains(p.State().Sounds, "good") }
		}
		return hid(vendor, product, "POS scanner", serial, usbdev.HID(usbdev.Reports{Descriptor: posDescriptor, Set: u.host(p.Host)}, 0, polled(64)))
	}}
}

// oem is a scanner in an IBM OEM mode: silent until the host has enabled it.
func oem(vendor, product uint16, serial string, tableTop bool) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		o := &sim.IBMOEM{TableTop: tableTop}
		u.first = o.PowerOn()
		u.ready = func() bool { return o.State().Enabled }
		u.trigger = func(code string) [][]byte { return o.Code("code-128", []byte(code)) }
		descriptor := oemHandHeld
		if tableTop {
			descriptor = oemTableTop
		}
		return hid(vendor, product, "OEM scanner", serial, usbdev.HID(usbdev.Reports{Descriptor: descriptor, Set: u.host(o.Host)}, 0, polled(64)))
	}}
}

// snapi is a Zebra in its own protocol.
func snapi(vendor, product uint16, serial string) *unit {
	return &unit{power: func(u *unit) *usbdev.Device {
		s := &sim.SNAPI{}
		u.ready = func() bool { return s.State().Enabled }
		u.good = func() bool { return len(s.State().Beeps) > 0 }
		u.trigger = func(code string) [][]byte { return s.Code(0x03, []byte(code)) } // Code 128
		return hid(vendor, product, "SNAPI scanner", serial, usbdev.HID(usbdev.Reports{Descriptor: vendorDescriptor, Set: u.host(s.Host)}, 0, polled(64)))
	}}
}

// host takes a report of the host, and sends what the simulator answers.
func (u *unit) host(simulator func([]byte) ([][]byte, bool)) func(kind, id byte, report []byte) bool {
	return func(_, _ byte, report []byte) (known bool) {
		u.hear(func() (replies [][]byte) {
			replies, known = simulator(slices.Clone(report))
			return replies
		})
		return known
	}
}

// posDescriptor declares a bar code scanner with reports of 64 bytes: number 2
// from the device, 4, FD and FE to it.
var posDescriptor = []byte{
	0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, // bar code scanner
	0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08,
	0x85, 0x02, 0x95, 0x3F, 0x09, 0xFE, 0x81, 0x02,
	0x85, 0x04, 0x95, 0x01, 0x09, 0x11, 0x91, 0x02,
	0x85, 0xFD, 0x95, 0x3F, 0x09, 0x12, 0x91, 0x02,
	0x85, 0xFE, 0x95, 0x01, 0x09, 0x13, 0xB1, 0x02,
	0xC0,
}

// oem descriptors declare IBM's usages: 64 bytes from the device, 11 to it,
// without numbers.
var (
	oemHandHeld = oemDescriptor(0x4B)
	oemTableTop = oemDescriptor(0x4A)
)

func oemDescriptor(usage byte) []byte {
	return []byte{
		0x06, 0x45, 0xFF, 0x0A, 0x00, usage, 0xA1, 0x01,
		0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08,
		0x95, 0x40, 0x09, 0x01, 0x81, 0x02,
		0x95, 0x0B, 0x09, 0x02, 0x91, 0x02,
		0xC0,
	}
}
