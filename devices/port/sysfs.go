package port

import (
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
	node    string       // tty: "/dev/ttyACM0"; HID: "/dev/bus/usb/001/004"
	path    string       // HID: "1-2:1.0", the library's name for the interface
	usage   string       // HID: see usageName
	packet  int          // HID: bytes of one packet of its endpoint; 0 if not known
	reports map[byte]int // HID: bytes of each report by its number; nil if not known
	freed   bool         // HID: no driver has it, as when its last user was killed
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

// hids are the HID interfaces, those of one device next to each other.
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
			usbDevice: d, path: e.Name(), freed: !there(bus, e.Name(), "driver"),
			node: filepath.Join(m.dev, "bus/usb", fmt.Sprintf("%03d/%03d", d.bus, d.number)),
		}
		t.look(filepath.Join(bus, e.Name()))
		list = append(list, t)
	}
	return list
}

// speaking leaves one interface of each device, the one that is read for a
// usage. A keyboard is left only for those who want exactly that: the
// operator's own must not fall silent because a scanner was looked for.
func speaking(list []thing, usage string) []thing {
	var one []thing
	for _, t := range list {
		switch t.usage {
		case usage, "":
		case "keyboard", "mouse":
			continue
		default:
			if usage != "" {
				continue
			}
		}
		if usage == "keyboard" && t.usage == "" {
			continue
		}
		// Entries are sorted, so interfaces of one device follow each other.
		if last := len(one) - 1; last >= 0 && one[last].socket == t.socket {
			if t.rank(usage) > one[last].rank(usage) {
				one[last] = t
			}
			continue
		}
		one = append(one, t)
	}
	return one
}

// devices leaves one interface of each device, the one that tells most about it.
func devices(list []thing) []thing {
	var one []thing
	for _, t := range list {
		if last := len(one) - 1; last >= 0 && one[last].socket == t.socket {
			if t.rank("") > one[last].rank("") {
				one[last] = t
			}
			continue
		}
		one = append(one, t)
	}
	return one
}

// rank says which interface of a composite device is read for a usage; of
// equal ones the first. The one that no driver has was ours: the driver does
// not come back by itself when we were killed, and the usage is not known
// until it does.
func (t thing) rank(usage string) int {
	switch {
	case usage != "" && t.usage == usage:
		return 4
	case t.usage != "" && t.usage != "keyboard" && t.usage != "mouse":
		return 3
	case t.freed && t.usage == "":
		return 2
	case t.usage != "":
		return 1
	}
	return 0 // a vendor's own, for its tools
}

// look reads what an interface is for, and how long its reports are. It is read
// from the report descriptor, since the library can not tell (it says 0 on
// Linux). That file is there only while the kernel's driver has the interface;
// of keyboards and mice the interface itself tells.
func (t *thing) look(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "report_descriptor"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			t.usage, t.reports = describe(b)
			break
		}
	}
	ends, _ := filepath.Glob(filepath.Join(dir, "ep_8?", "wMaxPacketSize"))
	for _, f := range ends {
		if n, err := strconv.ParseUint(read(f), 16, 16); err == nil && read(filepath.Dir(f), "type") == "Interrupt" {
			t.packet = int(n)
		}
	}
	if t.usage == "" && read(dir, "bInterfaceSubClass") == "01" { // boot: made for firmware that reads no descriptors
		switch read(dir, "bInterfaceProtocol") {
		case "01":
			t.usage = "keyboard"
		case "02":
			t.usage = "mouse"
		}
	}
}

// describe reads a report descriptor: the usage of the first collection that we
// know, and the length in bytes of each input report, by its number (0 where
// they have none). A descriptor is a row of items: a byte with the item's tag
// and size, then its value.
func describe(descriptor []byte) (usage string, reports map[byte]int) {
	var page, use, size, count uint32
	var id byte
	bits := map[byte]int{}
	for len(descriptor) > 0 {
		head := descriptor[0]
		n := []int{0, 1, 2, 4}[head&3]
		if head == 0xFE || len(descriptor) < 1+n { // long items are not used by anybody
			break
		}
		var value uint32
		for i := range n {
			value |= uint32(descriptor[1+i]) << (8 * i)
		}
		descriptor = descriptor[1+n:]
		switch head &^ 3 {
		case 0x04:
			page = value
		case 0x08:
			if use = value; n == 4 {
				page, use = value>>16, value&0xFFFF
			}
		case 0x74:
			size = value
		case 0x94:
			count = value
		case 0x84:
			id = byte(value)
		case 0x80: // input
			if size <= 1024 && count <= 8*ReportSize {
				bits[id] += int(size * count)
			}
		case 0xA0:
			if usage == "" {
				usage = usageName(page, use)
			}
		}
	}
	reports = map[byte]int{}
	for id, n := range bits {
		reports[id] = (n + 7) / 8
		if id != 0 {
			reports[id]++
		}
	}
	return usage, reports
}

// usageName is "pos", "keyboard", "mouse", "oem-hand-held", "oem-table-top", or
// nothing: HID usage tables for the first three. Of IBM's OEM scanners the
// usage is known and the page is not, so any page of a vendor will do.
func usageName(page, usage uint32) string {
	switch {
	case page == 0x8C:
		return "pos"
	case page == 0x01 && usage == 0x06:
		return "keyboard"
	case page == 0x01 && usage == 0x02:
		return "mouse"
	case page >= 0xFF00 && usage == 0x4B00:
		return "oem-hand-held"
	case page >= 0xFF00 && usage == 0x4A00:
		return "oem-table-top"
	}
	return ""
}
