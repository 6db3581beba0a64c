//go:build linux

package rig

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scanpost/devices/rig/qmp"
	"scanpost/devices/rig/usbdev"
	"scanpost/devices/rig/usbredir"
	"scanpost/scan"
)

// What karalabe/hid, libusb below it and the kernel do when nobody looks, and
// how the program copes. Each trap is real: without the program's care the test
// fails.

// The library keeps thirty reports for a reader that is slow, and then drops
// the oldest without a sign. A disk that is slow does not make the reader slow:
// a thousand reports, four milliseconds apart, arrive. At one millisecond the
// thirty are as many milliseconds, for which a busy emulator stands still now
// and then: that would be its loss and not ours.
func TestStream(t *testing.T) {
	a := run(t, device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"})
	u := pos("zebra", 0x05E0, 0x2100, "")
	power := u.power
	u.power = func(u *unit) *usbdev.Device {
		d := power(u)
		d.Interfaces[0].Endpoints[0].Interval = 4
		return d
	}
	u.plug(t, "1-1")
	a.attached("tunnel")
	disk.Slow(20 * time.Millisecond)
	defer disk.Slow(0)
	var want []scanned
	var codes []string
	for i := range 50 { // of twenty reports each
		code := fmt.Sprintf("S-%03d-", i) + strings.Repeat("0123456789", 110)
		codes = append(codes, code)
		want = append(want, scanned{"tunnel", "stage", code})
	}
	begin := time.Now()
	u.scan(codes...)
	wait(t, "the host has fetched all", func() bool { return u.dev.In(in).Len() == 0 })
	t.Logf("1000 reports fetched within %v", time.Since(begin).Round(time.Millisecond))
	a.arrived(want...)
}

// The handle may not be freed while the library's own threads or a Read are in
// it. The program is stopped in the middle of a stream, again and again: it
// ends in order each time, and what it has said of scans is true.
func TestStopInStream(t *testing.T) {
	a := run(t, device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"})
	u := pos("zebra", 0x05E0, 0x2100, "").plug(t, "1-1")
	var sent []scanned
	for n := range 6 {
		a.attached("tunnel")
		before := len(hub.scans(a.name))
		for i := range 300 {
			code := fmt.Sprintf("S-%d-%03d", n, i)
			u.scan(code)
			sent = append(sent, scanned{"tunnel", "stage", code})
		}
		wait(t, "some have arrived", func() bool { return len(hub.scans(a.name)) > before+n*3 })
		a.stop()
		u.dev.In(in).Forget()
		a.start()
	}
	next := 0
	for _, got := range hub.scans(a.name) {
		for next < len(sent) && sent[next] != got {
			next++
		}
		if next == len(sent) {
			t.Fatalf("%q arrived twice, or out of turn, or was never sent", got)
		}
		next++
	}
}

// A device that falls mute costs the library nine seconds for each look at it,
// in which nothing else is opened or closed. The program never looks that way:
// others are read, pulled and opened as if it were not there.
func TestMute(t *testing.T) {
	a := run(t, device{"mute", "pack", "honeywell-1900-hid-pos", "hid:0c2e:1007"},
		device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"}, device{"hand", "pack", "zebra-ds2208-cdc", "usb:05e0:1701"})
	var silent atomic.Bool
	mute := pos("honeywell", 0x0C2E, 0x1007, "")
	power := mute.power
	mute.power = func(u *unit) *usbdev.Device {
		d := power(u)
		d.Ignore = func(usbdev.Setup) bool { return silent.Load() }
		return d
	}
	mute.plug(t, "1-1")
	a.attached("mute")
	silent.Store(true)
	tunnel, hand := pos("zebra", 0x05E0, 0x2100, ""), cdc(0x05E0, 0x1701, "")
	var want []scanned
	for round := range 3 {
		tunnel.plug(t, "3-1")
		hand.plug(t, "3-2")
		begin := time.Now()
		a.attached("tunnel", "hand")
		t.Logf("beside a mute device others are there after %v", time.Since(begin).Round(time.Millisecond))
		for i := range 5 {
			code := fmt.Sprintf("M-%d-%d", round, i)
			tunnel.scan(code)
			hand.scan(code)
			want = append(want, scanned{"tunnel", "stage", code}, scanned{"hand", "pack", code})
		}
		a.arrived(want...)
		tunnel.pull()
		hand.pull()
		a.detached("tunnel", "unplugged")
		a.detached("hand", "unplugged")
	}
	// The program ends although the device does not answer its goodbye.
	a.stop()
}

// A scanner that does not answer any more is opened anew. What it reads from then
// on arrives, all of it: nobody else takes reports from it meanwhile, the handle
// that was closed least of all.
func TestSilent(t *testing.T) {
	asked := profile(t, "honeywell-1900-hid-pos", `alive = "60s"`, `alive = "2s"`)
	a := run(t, device{"desk", "pack", asked, "hid:0c2e:1007"})
	u := pos("honeywell", 0x0C2E, 0x1007, "")
	var silent atomic.Bool
	power := u.power
	u.power = func(u *unit) *usbdev.Device {
		d := power(u)
		answer := d.Interfaces[0].Control
		d.Interfaces[0].Control = func(s usbdev.Setup, data []byte) ([]byte, bool) {
			if s.Request == 0x09 && silent.Load() { // it takes reports, and makes nothing of them
				return nil, true
			}
			return answer(s, data)
		}
		return d
	}
	u.plug(t, "1-1")
	a.attached("desk")
	hub.heard(t, a.name, "the scanner has said who it is", func(events []scan.Event) bool {
		return slices.ContainsFunc(events, func(e scan.Event) bool {
			x, ok := e.Entry.(*scan.Attachment)
			return ok && x.Model == "Rig"
		})
	})
	silent.Store(true)
	a.detached("desk", "does not answer")
	silent.Store(false)
	var want []scanned
	for i := range 5 {
		code := fmt.Sprint("AGAIN-", i)
		u.scan(code)
		want = append(want, scanned{"desk", "pack", code})
	}
	a.arrived(want...)
}

// An endpoint that stalls is silence: the library hears nothing of it for some
// seconds, and says nothing. Then what the scanner held comes, and others were
// not disturbed meanwhile.
func TestStall(t *testing.T) {
	a := run(t, device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"}, device{"hand", "weigh", "zebra-ds2208-cdc", "usb:05e0:1701"})
	tunnel, hand := pos("zebra", 0x05E0, 0x2100, ""), cdc(0x05E0, 0x1701, "")
	tunnel.plug(t, "1-1")
	hand.plug(t, "3-1")
	a.attached("tunnel", "hand")
	if err := tunnel.link.FailInterrupt(in, usbredir.Stall); err != nil {
		t.Fatal(err)
	}
	tunnel.scan("HELD")
	hand.scan("OTHER")
	a.arrived(scanned{"hand", "weigh", "OTHER"}, scanned{"tunnel", "stage", "HELD"})
	tunnel.scan("HEALED")
	a.arrived(scanned{"hand", "weigh", "OTHER"}, scanned{"tunnel", "stage", "HELD"}, scanned{"tunnel", "stage", "HEALED"})
}

// A report that is longer than the endpoint's packets comes in pieces, and the
// code in it is whole.
func TestPieces(t *testing.T) {
	a := run(t, device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"})
	u := pos("zebra", 0x05E0, 0x2100, "")
	power := u.power
	u.power = func(u *unit) *usbdev.Device {
		d := power(u)
		d.Interfaces[0].Endpoints[0].MaxPacket = 8
		return d
	}
	u.plug(t, "1-1")
	a.attached("tunnel")
	var want []scanned
	for _, code := range []string{"4006381333931", strings.Repeat("0123456789", 30), "4006381333932"} {
		u.scan(code)
		want = append(want, scanned{"tunnel", "stage", code})
	}
	a.arrived(want...)
}

// Of a device that is a keyboard as well, the interface for points of sale is
// read. Nothing is typed, and the keyboard stays with the kernel.
func TestComposite(t *testing.T) {
	c := listen(t)
	a := run(t, device{"desk", "pack", "honeywell-1900-hid-pos", "hid:0c2e:1007"})
	u := pos("honeywell", 0x0C2E, 0x1007, "")
	power := u.power
	u.power = func(u *unit) *usbdev.Device {
		d := power(u)
		keyboard := usbdev.HID(usbdev.Reports{Descriptor: usbdev.KeyboardDescriptor, Set: func(byte, byte, []byte) bool { return true }}, usbdev.BootKeyboard,
			usbdev.Endpoint{Addr: 0x82, Type: usbdev.Interrupt, MaxPacket: 8, Interval: 4})
		d.Interfaces = []usbdev.Interface{keyboard, d.Interfaces[0]}
		return d
	}
	u.plug(t, "1-1")
	a.attached("desk")
	wait(t, "the host has asked for reports", u.isReady)
	u.scan("4006381333931")
	a.arrived(scanned{"desk", "pack", "4006381333931"})
	if got := driver("1-1:1.0"); got != "usbhid" {
		t.Errorf("the keyboard's driver is %q", got)
	}
	if s := c.text(); s != "" {
		t.Errorf("the console got %q", s)
	}
}

// driver is the kernel's driver of an interface; empty if none has it.
func driver(path string) string {
	link := strings.TrimSpace(guest.Sh("readlink /sys/bus/usb/devices/" + path + "/driver"))
	return link[strings.LastIndex(link, "/")+1:]
}

// A mouse or a tablet with the numbers of the keyboard is left alone, be it
// plugged in before or after. These are QEMU's own devices.
func TestStrangers(t *testing.T) {
	add := func(kind, socket string) {
		t.Helper()
		bus, port, _ := strings.Cut(socket, "-")
		if err := guest.QMP.Plug(kind, kind, qmp.Arguments{"bus": "usb" + bus + ".0", "port": port}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { guest.QMP.Unplug(kind) })
		wait(t, "the kernel knows the "+kind, func() bool { return driver(socket+":1.0") == "usbhid" })
	}
	add("usb-tablet", "5-5")
	a := run(t, device{"keys", "pack", "generic-hid-keyboard", "hid:0627:0001"})
	a.detached("keys", "no such port")
	add("usb-mouse", "5-6")
	add("usb-kbd", "3-6")
	a.attached("keys")
	if err := guest.QMP.Type("]C04006381333931\n", 30*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	a.arrived(scanned{"keys", "pack", "4006381333931"})
	for _, path := range []string{"5-5:1.0", "5-6:1.0"} {
		if got := driver(path); got != "usbhid" {
			t.Errorf("the driver of the stranger %s is %q", path, got)
		}
	}
}

// Without a kernel argument too, what a scanner types goes to the program and
// not to the console, while it runs, after it was killed, and after it ended.
// One that scans while the program is away is heard when it is back.
func TestConsole(t *testing.T) {
	c := listen(t)
	u := keyboard(0x05E0, 0x1200, "").plug(t, "1-1")
	wait(t, "the kernel has the keyboard", func() bool { return driver("1-1:1.0") == "usbhid" })
	wait(t, "without the program the console gets what is typed", func() bool {
		u.scan("BEFORE") // what comes right after a plug-in the kernel drops
		return within(time.Second, func() bool { return strings.HasSuffix(c.text(), "]C0BEFORE") })
	})
	c.forget()

	a := run(t, device{"keys", "pack", slowKeyboard(t), "hid:05e0:1200"})
	a.attached("keys")
	var want []scanned
	scan := func(code string) {
		u.scan(code)
		want = append(want, scanned{"keys", "pack", code})
	}
	scan("RUNNING-1")
	scan("RUNNING-2")
	a.arrived(want...)
	a.kill()
	wait(t, "nobody has the keyboard", func() bool { return driver("1-1:1.0") == "" })
	scan("KILLED")
	a.start()
	a.arrived(want...)
	scan("AGAIN")
	a.arrived(want...)
	a.stop()
	scan("STOPPED")
	a.start()
	a.arrived(want...)
	if s := c.text(); s != "" {
		t.Errorf("the console got %q", s)
	}
}
