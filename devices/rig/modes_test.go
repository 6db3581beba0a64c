//go:build linux

package rig

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"scanpost/devices/rig/qmp"
)

// mode is a way to be plugged in: the unit, and how it is configured.
type mode struct {
	name, profile, port string
	unit                func() *unit
}

var modes = []mode{
	{"cdc", "zebra-ds2208-cdc", "usb:05e0:1701", func() *unit { return cdc(0x05E0, 0x1701, "") }},
	{"ssi", "zebra-ssi-cdc", "usb:05e0:1702", func() *unit { return ssi(0x05E0, 0x1702, "") }},
	{"ftdi", "generic-serial", "usb:0403:6001", func() *unit { return ftdi("FT0001") }},
	{"keyboard", "generic-hid-keyboard", "hid:05e0:1200", func() *unit { return keyboard(0x05E0, 0x1200, "") }},
	{"pos-zebra", "zebra-ds2208-hid-pos", "hid:05e0:2100", func() *unit { return pos("zebra", 0x05E0, 0x2100, "") }},
	{"pos-honeywell", "honeywell-1900-hid-pos", "hid:0c2e:1007", func() *unit { return pos("honeywell", 0x0C2E, 0x1007, "") }},
	{"pos-newland", "newland-hid-pos", "hid:1eab:0010", func() *unit { return pos("newland", 0x1EAB, 0x0010, "") }},
	{"oem-hand-held", "zebra-oem-hand-held", "hid:05e0:1300", func() *unit { return oem(0x05E0, 0x1300, "", false) }},
	{"oem-table-top", "zebra-oem-table-top", "hid:05e0:1400", func() *unit { return oem(0x05E0, 0x1400, "", true) }},
	{"snapi", "zebra-snapi", "hid:05e0:1900", func() *unit { return snapi(0x05E0, 0x1900, "") }},
}

// What each kind of scanner sends arrives at the broker as it is, in order, at
// its checkpoint; also if it was plugged in after the start, and again after it
// was pulled. A long code is whole, in however many reports it comes. Those
// that can be told sound their good signal.
func TestModes(t *testing.T) {
	var devices []device
	for _, m := range modes {
		profile := m.profile
		if m.name == "keyboard" {
			profile = slowKeyboard(t) // a busy emulator types slower than any scanner
		}
		devices = append(devices, device{m.name, "at-" + m.name, profile, m.port})
	}
	a := run(t, devices...)
	var want []scanned
	for plugged := range 2 {
		units := make([]*unit, len(modes))
		for i, m := range modes {
			units[i] = m.unit().plug(t, fmt.Sprintf("%d-%d", i/4*2+1, i%4+1))
		}
		for i, m := range modes {
			a.attached(m.name)
			wait(t, m.name+" is told what it needs", units[i].isReady)
			for n := range 5 {
				code := fmt.Sprintf("CODE-%d-%d-%d", i, plugged, n)
				if n == 3 {
					code += strings.Repeat("-0123456789", 10)
				}
				units[i].scan(code)
				want = append(want, scanned{m.name, "at-" + m.name, code})
			}
		}
		a.arrived(want...)
		for i, m := range modes {
			wait(t, m.name+" sounds its good signal", units[i].sounded)
			units[i].pull()
			a.detached(m.name, "unplugged")
		}
	}
}

// A hub that loses its power and gets it back takes its scanners with it, and
// brings them back under their names.
func TestHub(t *testing.T) {
	if err := guest.QMP.Plug("usb-hub", "hub", qmp.Arguments{"bus": "usb7.0", "port": "6"}); err != nil {
		t.Fatal(err)
	}
	a := run(t, device{"left", "pack", "zebra-ds2208-cdc", "usb:05e0:1701@7-6.1"}, device{"right", "weigh", "zebra-ds2208-cdc", "usb:05e0:1701@7-6.2"})
	left, right := cdc(0x05E0, 0x1701, "").plug(t, "7-6.1"), cdc(0x05E0, 0x1701, "").plug(t, "7-6.2")
	var want []scanned
	for round := range 3 {
		a.attached("left", "right")
		code := fmt.Sprint("HUB-", round)
		left.scan(code + "-L")
		right.scan(code + "-R")
		want = append(want, scanned{"left", "pack", code + "-L"}, scanned{"right", "weigh", code + "-R"})
		a.arrived(want...)
		guest.Sh("echo 7-6 >/sys/bus/usb/drivers/usb/unbind")
		a.detached("left", "unplugged")
		a.detached("right", "unplugged")
		guest.Sh("echo 7-6 >/sys/bus/usb/drivers/usb/bind")
	}
}

// An adapter as others emulate it: QEMU's own, so that our idea of the chip is
// not the only one that was tried.
func TestForeignAdapter(t *testing.T) {
	path := filepath.Join(guest.Dir, "adapter")
	if err := guest.QMP.Socket("adapter-line", path); err != nil {
		t.Fatal(err)
	}
	line, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	a := run(t, device{"line", "pack", "generic-serial", "usb:0403:6001/QEMU1"})
	if err := guest.QMP.Plug("usb-serial", "adapter", qmp.Arguments{"chardev": "adapter-line", "bus": "usb3.0", "port": "5", "serial": "QEMU1"}); err != nil {
		t.Fatal(err)
	}
	defer guest.QMP.Unplug("adapter")
	a.attached("line")
	fmt.Fprint(line, "]C04006381333931\r\n")
	a.arrived(scanned{"line", "pack", "4006381333931"})
}
