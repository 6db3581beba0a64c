package usbdev

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

func scanner() *Device {
	return (&Device{
		Speed: Full, VendorID: 0x05E0, ProductID: 0x1300, Version: 0x0100, Manufacturer: "Rig", Product: "Scanner é", SerialNo: "S1",
		Interfaces: []Interface{HID(Reports{Descriptor: KeyboardDescriptor}, BootKeyboard, Endpoint{0x81, Interrupt, 8, 10})},
	}).Init()
}

func get(d *Device, kind, number byte, most uint16) string {
	b, ok := d.Control(Setup{Type: 0x80, Request: 6, Value: uint16(kind)<<8 | uint16(number), Length: most}, nil)
	if !ok {
		return "stall"
	}
	return hex.EncodeToString(b)
}

// The descriptors are those of the USB specification, byte for byte, and a host
// that asks for less gets less.
func TestDescriptors(t *testing.T) {
	for fact, c := range map[string]struct{ got, want string }{
		"device": {get(scanner(), 1, 0, 255), "12 01 0002 00 00 00 40 e005 0013 0001 01 02 03 01"},
		"configuration, interface, HID, endpoint": {get(scanner(), 2, 0, 255),
			"09 02 2200 01 01 00 80 32  09 04 00 00 01 03 01 01 00  09 21 1101 00 01 22 3f00  07 05 81 03 0800 0a"},
		"its first nine bytes":      {get(scanner(), 2, 0, 9), "09 02 2200 01 01 00 80 32"},
		"languages":                 {get(scanner(), 3, 0, 255), "04 03 0904"},
		"a name in UTF-16":          {get(scanner(), 3, 2, 255), "14 03 5300 6300 6100 6e00 6e00 6500 7200 2000 e900"},
		"serial number":             {get(scanner(), 3, 3, 255), "06 03 5300 3100"},
		"a name that there is none": {get(scanner(), 3, 4, 255), "stall"},
		"none for other speeds":     {get(scanner(), 6, 0, 255), "stall"},
		"no serial number":          {get((&Device{Speed: Low, VendorID: 1, ProductID: 2}).Init(), 1, 0, 255), "12 01 0002 00 00 00 08 0100 0200 0000 00 00 00 01"},
	} {
		if want := strings.ReplaceAll(c.want, " ", ""); c.got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", fact, c.got, want)
		}
	}
}

// Requests of the chapter 9 kind are answered, those of a class by their
// interface, and what nobody knows stalls.
func TestControl(t *testing.T) {
	var set []byte
	d := scanner()
	d.Interfaces[0] = HID(Reports{
		Descriptor: KeyboardDescriptor,
		Set:        func(kind, id byte, b []byte) bool { set = append([]byte{kind, id}, b...); return id == 4 },
		Get:        func(kind, id byte) ([]byte, bool) { return []byte{kind, id}, kind == FeatureReport },
	}, 0, Endpoint{0x81, Interrupt, 8, 10})
	for _, c := range []struct {
		fact string
		s    Setup
		want string
	}{
		{"set configuration", Setup{0x00, 9, 1, 0, 0}, ""},
		{"get configuration", Setup{0x80, 8, 0, 0, 1}, "01"},
		{"status", Setup{0x82, 0, 0, 0x81, 2}, "0000"},
		{"clear a halt", Setup{0x02, 1, 0, 0x81, 0}, ""},
		{"report descriptor", Setup{0x81, 6, 0x2200, 0, 4}, "05010906"},
		{"HID descriptor", Setup{0x81, 6, 0x2100, 0, 9}, "0921110100012" + "23f00"},
		{"set idle", Setup{0x21, 0x0A, 0, 0, 0}, ""},
		{"set a report", Setup{0x21, 9, 0x0204, 0, 2}, ""},
		{"set one that the device refuses", Setup{0x21, 9, 0x0205, 0, 2}, "stall"},
		{"get a report", Setup{0xA1, 1, 0x0307, 0, 64}, "0307"},
		{"get one that the device has not", Setup{0xA1, 1, 0x0107, 0, 64}, "stall"},
		{"an interface that there is none", Setup{0x21, 9, 0x0204, 1, 2}, "stall"},
		{"a vendor's", Setup{0xC0, 5, 0, 0, 2}, "stall"},
	} {
		in, ok := d.Control(c.s, []byte{4, 0x40})
		got := hex.EncodeToString(in)
		if !ok {
			got = "stall"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.fact, got, c.want)
		}
	}
	if want := []byte{OutputReport, 5, 4, 0x40}; !bytes.Equal(set, want) {
		t.Errorf("the device heard % x, want % x", set, want)
	}
}

// A serial port tells what the host has set it to.
func TestSerial(t *testing.T) {
	var told []string
	line := Line{
		Coding: func(baud uint32, stop, parity, bits byte) {
			told = append(told, hex.EncodeToString([]byte{byte(baud >> 8), byte(baud), stop, parity, bits}))
		},
		State: func(dtr, rts bool) {
			told = append(told, map[bool]string{true: "open", false: "closed"}[dtr && rts])
		},
	}
	d := (&Device{Interfaces: ACM(line, 0, 0x82, 0x81, 0x01, 64)}).Init()
	d.Control(Setup{0x21, 0x20, 0, 0, 7}, []byte{0x00, 0xE1, 0, 0, 0, 2, 7}) // 57600 7E1
	d.Control(Setup{0x21, 0x22, 3, 0, 0}, nil)
	d.Control(Setup{0x21, 0x22, 0, 0, 0}, nil)
	if b, _ := d.Control(Setup{0xA1, 0x21, 0, 0, 7}, nil); hex.EncodeToString(b) != "00e10000000207" {
		t.Errorf("line coding % x", b)
	}
	f := FTDI(&Device{}, line).Init()
	f.Control(Setup{0x40, 1, 0x0303, 0, 0}, nil)
	if b, ok := f.Control(Setup{0xC0, 10, 0, 0, 1}, nil); !ok || b[0] != 16 {
		t.Errorf("latency % x, %v", b, ok)
	}
	if want := []string{"e100000207", "open", "closed", "open"}; !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}

// The adapter chip puts its status before every packet, and no byte is lost
// where they are cut.
func TestFTDIPackets(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 13)
	var got []byte
	for _, p := range FTDIPackets(data) {
		if len(p) > 64 || p[0]&3 != 1 {
			t.Errorf("packet % x", p)
		}
		got = append(got, p[2:]...)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("got %q", got)
	}
}

// A queue gives packets away in order, no more of one than is asked for; who
// waits is woken by the next one, or by the stop.
func TestQueue(t *testing.T) {
	q := NewQueue()
	q.Push([]byte("abcde"), []byte("f"))
	if q.Len() != 2 {
		t.Errorf("%d packets", q.Len())
	}
	for _, want := range []string{"ab", "cd", "e", "f"} {
		if got := q.Pop(2, nil); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	got := make(chan []byte)
	go func() { got <- q.Pop(0, nil) }()
	q.Push([]byte("late"))
	if b := <-got; string(b) != "late" {
		t.Errorf("got %q", b)
	}
	stop := make(chan struct{})
	go func() { got <- q.Pop(0, stop) }()
	close(stop)
	if b := <-got; b != nil {
		t.Errorf("got %q after the stop", b)
	}
	q.Push([]byte("x"))
	if n := q.Forget(); n != 1 || q.Len() != 0 {
		t.Errorf("forgot %d, %d are left", n, q.Len())
	}
}

// How often an endpoint is polled depends on the speed.
func TestPause(t *testing.T) {
	d := scanner()
	if got := d.Pause(0x81); got != 10*time.Millisecond {
		t.Errorf("full speed: %v", got)
	}
	d.Speed, d.Interfaces[0].Endpoints[0].Interval = High, 4
	if got := d.Pause(0x81); got != time.Millisecond {
		t.Errorf("high speed: %v", got)
	}
}
