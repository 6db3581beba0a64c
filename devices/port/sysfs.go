package port

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usbDevice is what sysfs tells of one device. Reading it opens no device and
// disturbs no port, unlike both libraries' lists.
type usbDevice struct {
	vendor, product    uint16
	serial             string
	manufacturer, name string
	socket             string // "1-2.4": which socket of which hub it is plugged into
	bus, number        int    // number is new at each plug-in
}

// thing is a port of a USB device: a tty, or a HID interface.
type thing struct {
	usbDevice
	node  string // tty: "/dev/ttyACM0"; HID: "/dev/bus/usb/001/004"
	path  string // HID: "1-2:1.0", the library's name for the interface
	usage string // HID: "pos", "keyboard", "mouse", or empty if the driver does not tell
	freed bool   // HID: no driver has it, as when its last user was killed
}

func (t thing) wire() Scheme {
	if t.path != "" {
		return HID
	}
	return USB
}

// ttys are the serial ports of USB devices, and plain the others that have
// hardware behind them.
func (m *machine) ttys() (usb []thing, plain []string) {
	class := filepath.Join(m.sys, "class/tty")
	entries, _ := os.ReadDir(class) // none: no such class on this machine
	for _, e := range entries {
		dir, err := filepath.EvalSymlinks(filepath.Join(class, e.Name(), "device"))
		if err != nil {
			continue // a console, or a port that is just leaving
		}
		node := filepath.Join(m.dev, e.Name())
		if d, ok := usbAbove(dir); ok {
			usb = append(usb, thing{usbDevice: d, node: node})
		} else if kind := read(class, e.Name(), "type"); kind != "" && kind != "0" {
			plain = append(plain, node) // the many ttyS without hardware are of type 0
		}
	}
	return usb, plain
}

// usbAbove finds the USB device that a tty's directory lies in.
func usbAbove(dir string) (usbDevice, bool) {
	for range 12 { // tty, interface, device; hubs lie deeper, but not deeper than this
		if d, ok := readUSB(dir); ok {
			return d, true
		}
		dir = filepath.Dir(dir)
	}
	return usbDevice{}, false
}

// readUSB reads a device's directory. Around an unplug files are missing or
// empty; such ghosts are no device.
func readUSB(dir string) (usbDevice, bool) {
	vendor, err1 := strconv.ParseUint(read(dir, "idVendor"), 16, 16)
	product, err2 := strconv.ParseUint(read(dir, "idProduct"), 16, 16)
	if err1 != nil || err2 != nil {
		return usbDevice{}, false
	}
	d := usbDevice{
		vendor: uint16(vendor), product: uint16(product), serial: read(dir, "serial"),
		manufacturer: read(dir, "manufacturer"), name: read(dir, "product"), socket: filepath.Base(dir),
	}
	d.bus, _ = strconv.Atoi(read(dir, "busnum"))
	d.number, _ = strconv.Atoi(read(dir, "devnum"))
	return d, true
}

func read(parts ...string) string {
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func there(parts ...string) bool {
	_, err := os.Lstat(filepath.Join(parts...))
	return err == nil
}

// hids are the HID devices, one entry each: of a composite device the interface
// that speaks for it.
func (m *machine) hids() []thing {
	bus := filepath.Join(m.sys, "bus/usb/devices")
	entries, _ := os.ReadDir(bus)
	var list []thing
	for _, e := range entries {
		socket, _, isInterface := strings.Cut(e.Name(), ":")
		if !isInterface || read(bus, e.Name(), "bInterfaceClass") != "03" {
			continue
		}
		d, ok := readUSB(filepath.Join(bus, socket))
		if !ok {
			continue
		}
		d.socket = socket
		t := thing{
			usbDevice: d, path: e.Name(), usage: usageOf(filepath.Join(bus, e.Name())),
			freed: !there(bus, e.Name(), "driver"),
			node:  filepath.Join(m.dev, "bus/usb", fmt.Sprintf("%03d/%03d", d.bus, d.number)),
		}
		// Entries are sorted, so interfaces of one device follow each other.
		if last := len(list) - 1; last >= 0 && list[last].socket == socket {
			if t.rank() > list[last].rank() {
				list[last] = t
			}
			continue
		}
		list = append(list, t)
	}
	return list
}

// rank says which interface of a composite device is read; of equal ones the
// first. The one that no driver has was ours: the driver does not come back by
// itself when we were killed, and the usage is not known until it does.
func (t thing) rank() int {
	switch {
	case t.usage == "pos":
		return 3
	case t.freed:
		return 2
	case t.usage == "keyboard":
		return 1
	}
	return 0 // a vendor's own, for its tools
}

// usageOf reads what an interface is for from the start of its report
// descriptor. The library can not tell (it says 0 on Linux), and the file is
// there only while the kernel's driver has the interface.
func usageOf(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "report_descriptor"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		switch {
		case err != nil:
		case bytes.HasPrefix(b, []byte{0x05, 0x8C}): // usage page: bar code scanner
			return "pos"
		case bytes.HasPrefix(b, []byte{0x05, 0x01, 0x09, 0x06}): // generic desktop, keyboard
			return "keyboard"
		case bytes.HasPrefix(b, []byte{0x05, 0x01, 0x09, 0x02}):
			return "mouse"
		}
	}
	return ""
}
