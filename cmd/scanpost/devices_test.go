package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"scanpost/devices/port"
	"scanpost/devices/profile"
)

// Each device has a line with the port to write and the profile that fits, and
// what it calls itself can not reach the terminal as it is.
func TestShowDevices(t *testing.T) {
	known, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	found := []port.Found{
		{Kind: port.USB, Address: "usb:05e0:1701", VendorID: 0x05e0, ProductID: 0x1701, Manufacturer: "Symbol", Product: "DS2208\x1b[2J", Serial: "S1", Node: "/dev/ttyACM0"},
		{Kind: port.HID, Address: "hid:05e0:1200", VendorID: 0x05e0, ProductID: 0x1200, Usage: "keyboard", Product: "Scanner", Node: "/dev/bus/usb/001/004",
			Access: errors.New("hid:05e0:1200: this user may not open it")},
		{Kind: port.HID, Address: "hid:046d:c31c", VendorID: 0x046d, ProductID: 0xc31c, Usage: "keyboard", Product: "Keyboard"},
		{Kind: port.HID, Address: "hid:046d:c077", VendorID: 0x046d, ProductID: 0xc077, Usage: "mouse", Product: "Mouse"},
		{Kind: port.Serial, Address: "serial:/dev/ttyS0", Node: "/dev/ttyS0"},
	}
	var out strings.Builder
	if err := showDevices(&out, found, known, []string{"This machine shows no USB bus."}); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`  +`).ReplaceAllString(out.String(), " | ")
	for _, want := range []string{
		"usb:05e0:1701 | Symbol DS2208\ufffd[2J (serial number S1) | zebra-ds2208-cdc | USB id 05e0:1701, a serial port\n",
		"hid:05e0:1200 | Scanner | generic-hid-keyboard | USB id 05e0:1200, a HID device\n",
		"hid:046d:c31c | Keyboard | - | a keyboard, perhaps the operator's; if it is a scanner: generic-hid-keyboard\n",
		"hid:046d:c077 | Mouse | - | it is a mouse\n",
		"serial:/dev/ttyS0 | /dev/ttyS0 | ? | a plain serial port does not tell what is behind it; see scanpost devices profiles\n",
		"Not to be opened by this user: hid:05e0:1200: this user may not open it\n",
		"The rules for all known makers are in deploy/99-scanpost.rules.\n",
		"This machine shows no USB bus.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing\n%s\nin\n%s", want, text)
		}
	}
}

// An empty list is said in words.
func TestShowNoDevices(t *testing.T) {
	var out strings.Builder
	if err := showDevices(&out, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if want := "Nothing is plugged in that could be a scanner: no serial port and no HID device.\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}
