//go:build linux

package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices/rig/inguest"
	"scanpost/devices/rig/usbdev"
	"scanpost/devices/rig/usbredir"
	"scanpost/devices/rig/vm"
)

// The ports of package port keep their contract over cdc_acm, ftdi_sio and
// HID: the same suite as over pseudo terminals, in the guest.
func TestPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer l.Close()
	all.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serveDevice(t, c, n) })
		}
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r, err := guest.Exec("/data/bin/inguest.test", "-test.v", "-test.parallel=6", "-test.timeout=3m", "-host", vm.Host+":"+port)
	switch {
	case err != nil:
		t.Fatal(err)
	case r.Status != 0:
		t.Errorf("in the guest:\n%s", r.Output)
	case strings.Contains(r.Output, "--- SKIP"):
		t.Errorf("something was skipped:\n%s", r.Output)
	default:
		t.Logf("in the guest, %d parts passed", strings.Count(r.Output, "--- PASS"))
	}
}

// far is the device's end of a wire: what it has heard, and whether it takes
// any more.
type far struct {
	mu      sync.Mutex
	heard   []byte
	changed chan struct{}
	deaf    bool
}

// take is what reaches the device; false if it takes nothing.
func (f *far) take(b []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deaf {
		return false
	}
	f.heard = append(f.heard, b...)
	close(f.changed)
	f.changed = make(chan struct{})
	return true
}

// wait waits for n bytes.
func (f *far) wait(n int) ([]byte, error) {
	for end := time.After(patience); ; {
		f.mu.Lock()
		heard, changed := slices.Clone(f.heard), f.changed
		f.mu.Unlock()
		if len(heard) >= n {
			return heard, nil
		}
		select {
		case <-changed:
		case <-end:
			return heard, fmt.Errorf("the device heard only %d bytes of %d", len(heard), n)
		}
	}
}

// freeSockets are those that are given to whoever asks, by kind.
var (
	freeSockets = map[string]chan string{"acm": make(chan string, vm.Sockets), "ftdi": make(chan string, vm.Sockets), "hid": make(chan string, vm.Sockets)}
	fillSockets = sync.OnceFunc(func() {
		for n := range 4 { // of each bus; others have the rest
			for kind, bus := range map[string]int{"acm": 1, "ftdi": 3, "hid": 5} {
				freeSockets[kind] <- fmt.Sprintf("%d-%d", bus, n+1)
			}
		}
	})
)

// serveDevice is the host's end of one connection of package inguest.
func serveDevice(t *testing.T, c net.Conn, n int) {
	defer c.Close()
	fillSockets()
	f := &far{changed: make(chan struct{})}
	var d *usbdev.Device
	var link *usbredir.Link
	var kind string
	var name string
	defer func() {
		if link != nil {
			link.Detach()
			freeSockets[kind] <- name
		}
	}()
	in, out := json.NewDecoder(c), json.NewEncoder(c)
	for {
		var q inguest.Request
		if in.Decode(&q) != nil {
			return
		}
		var a inguest.Answer
		var err error
		switch q.Do {
		case "plug":
			kind = q.Kind
			name = <-freeSockets[kind]
			d, a.Address = farDevice(kind, fmt.Sprintf("N%d", n), f)
			link, err = socket(t, name).Plug(d.Init())
		case "send":
			if kind == "ftdi" {
				d.In(0x81).Push(usbdev.FTDIPackets(q.Data)...)
			} else {
				d.In(0x81).Push(q.Data)
			}
		case "heard":
			a.Data, err = f.wait(q.N)
		case "pull":
			link.Detach()
		case "deaf":
			f.mu.Lock()
			f.deaf = true
			f.mu.Unlock()
		default:
			err = errors.New("not known here")
		}
		if err != nil {
			a.Error = err.Error()
		}
		if out.Encode(a) != nil {
			return
		}
	}
}

// farDevice is a device that only sends and hears.
func farDevice(kind, serial string, f *far) (d *usbdev.Device, address string) {
	d = &usbdev.Device{Speed: usbdev.Full, VendorID: 0x1209, ProductID: 0x0001, Version: 0x0100, Manufacturer: "Rig", Product: "Far end", SerialNo: serial}
	d.Out = func(_ byte, b []byte) bool { return f.take(b) }
	switch kind {
	case "acm":
		d.ProductID, d.Class, d.Interfaces = 0x0002, 2, usbdev.ACM(usbdev.Line{}, 0, 0x82, 0x81, 0x01, 64)
		return d, "usb:1209:0002/" + serial
	case "ftdi":
		d.VendorID, d.ProductID = 0x0403, 0x6001
		return usbdev.FTDI(d, usbdev.Line{}), "usb:0403:6001/" + serial
	}
	d.Interfaces = []usbdev.Interface{usbdev.HID(usbdev.Reports{
		Descriptor: vendorDescriptor,
		Set: func(_, id byte, b []byte) bool {
			if id == 0 { // the library has left it out, as the wire has none
				b = append([]byte{0}, b...)
			}
			return f.take(b)
		},
	}, 0, usbdev.Endpoint{Addr: 0x81, Type: usbdev.Interrupt, MaxPacket: 64, Interval: 1})}
	d.Ignore = func(s usbdev.Setup) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.deaf && s.Type == 0x21 && s.Request == 0x09 // a device that hangs answers no report
	}
	return d, "hid:1209:0001/" + serial
}

// vendorDescriptor is of a device for its maker's own programs: 64 bytes each
// way, without numbers.
var vendorDescriptor = []byte{
	0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01,
	0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40,
	0x09, 0x02, 0x81, 0x02,
	0x09, 0x03, 0x91, 0x02,
	0xC0,
}
