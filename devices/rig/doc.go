// Package rig tests the real program against real drivers without hardware: a
// small virtual machine with a Debian kernel, and emulated USB scanners that a
// Go test plugs in and out.
//
//	test, on the host                      guest, in QEMU
//	usbdev   a device as data
//	usbredir its cable        ── USB ──▶   xhci-hcd, usbhid, cdc_acm, ftdi_sio
//	broker   what arrived     ◀─ MQTT ──   scanpost run, the static binary
//	vm       boots, looks in  ── HTTP ──▶  guestd, process 1
//	cutdisk  its disk         ◀─ NBD ───   /data, ext4
//
// What runs in the guest is what is shipped: the same binary, karalabe/hid and
// go.bug.st/serial as they are, and drivers that nobody wrote for a test. What
// is emulated is the wire and what hangs on it, so that a device can do what
// none on a shelf does on demand: stall, fall mute, come back with another
// serial number, lose its cable within a code.
//
// make rig runs all of it; docs/rig.md says what it shows and what it can not.
// Without the flag -guest the tests that need the machine are skipped.
package rig
