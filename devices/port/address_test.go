package port

import (
	"errors"
	"strings"
	"testing"
)

// Every form of address that the manual names is read, and says what it means.
func TestParseAddress(t *testing.T) {
	for s, want := range map[string]Address{
		"serial:/dev/ttyS1":         {Scheme: Serial, Path: "/dev/ttyS1"},
		"serial:/run/by id/x:y":     {Scheme: Serial, Path: "/run/by id/x:y"},
		"usb:05e0:1701":             {Scheme: USB, Vendor: 0x05e0, Product: 0x1701},
		"usb:05e0:1701/S123":        {Scheme: USB, Vendor: 0x05e0, Product: 0x1701, SerialNumber: "S123"},
		"usb:05e0:1701@1-2":         {Scheme: USB, Vendor: 0x05e0, Product: 0x1701, Socket: "1-2"},
		"hid:0c2e:0b61/a@b@3-1.4.2": {Scheme: HID, Vendor: 0x0c2e, Product: 0x0b61, SerialNumber: "a@b", Socket: "3-1.4.2"},
		"hid:0c2e:0b61/a@b":         {Scheme: HID, Vendor: 0x0c2e, Product: 0x0b61, SerialNumber: "a@b"},
		"tcp:reader.example:5084":   {Scheme: TCP, Host: "reader.example:5084"},
		"tcp:[fe80::1]:23":          {Scheme: TCP, Host: "[fe80::1]:23"},
		"replay:morning.trace":      {Scheme: Replay, Path: "morning.trace"},
		"replay:morning.trace?fast": {Scheme: Replay, Path: "morning.trace", Fast: true},
	} {
		if got, err := ParseAddress(s); got != want || err != nil {
			t.Errorf("%s: got %#v, %v", s, got, err)
		}
	}
	if a, err := ParseAddress("usb:05E0:17AB"); err != nil || a.String() != "usb:05e0:17ab" {
		t.Errorf("upper case: %v, %v", a, err)
	}
}

// A mistake is told with what would be right, and known as one that trying
// again does not cure.
func TestParseAddressMistakes(t *testing.T) {
	for s, want := range map[string]string{
		"":                   "begins with serial:",
		"/dev/ttyACM0":       "perhaps serial:/dev/ttyACM0",
		"com:3":              "begins with serial:",
		"serial:":            "the file is missing",
		"replay:?fast":       "the file is missing",
		"usb:5e0:1701":       "such as usb:05e0:1701/S123",
		"usb:05e0:1701S":     "such as usb:",
		"usb:05e0:1701/":     "such as usb:",
		"usb:05e0:1701@port": "such as usb:",
		"usb:0000:1701":      "such as usb:",
		"hid:0c2e":           "such as hid:05e0:1701/S123 or hid:05e0:1701@1-2",
		"tcp:host":           "comes host:port",
		"tcp::80":            "comes host:port",
		"tcp:host:0":         "comes host:port",
		"tcp:host:70000":     "comes host:port",
		"serial:/dev/a\nb":   "control character",
	} {
		_, err := ParseAddress(s)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", s, err, want)
		}
	}
}

// What an address says of itself is the same address.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"serial:/dev/ttyS1", "usb:05e0:1701/S1@1-2.3", "hid:0c2e:0b61@9-1", "tcp:[::1]:80", "replay:x?fast?fast"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if again != a || err != nil {
			t.Errorf("%q is %#v, says %q, which is %#v, %v", s, a, a.String(), again, err)
		}
	})
}

// The line settings that no line has are refused before the driver sees them.
func TestSettings(t *testing.T) {
	for _, good := range []Settings{{}, {Baud: 115200, DataBits: 7, Parity: "even", StopBits: "2"}, {Baud: 1200, DataBits: 8, Parity: "mark", StopBits: "1.5"}, {Baud: 250000}} {
		if err := good.Check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for want, s := range map[string]Settings{
		"baud -5":       {Baud: -5},
		"data bits 9":   {DataBits: 9},
		`parity "E"`:    {Parity: "E"},
		`stop bits "3"`: {StopBits: "3"},
	} {
		if err := s.Check(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", s, err, want)
		}
	}
}
