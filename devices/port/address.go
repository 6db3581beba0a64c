package port

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Scheme is the kind of wire an address names.
type Scheme string

// The schemes.
const (
	Serial Scheme = "serial" // serial:/dev/ttyS1
	USB    Scheme = "usb"    // usb:05e0:1701[/SERIAL][@1-2], a serial port found by USB identity
	HID    Scheme = "hid"    // hid:0c2e:0b61[/SERIAL][@1-2]
	TCP    Scheme = "tcp"    // tcp:host:port
	Replay Scheme = "replay" // replay:FILE, or replay:FILE?fast for no pauses
)

// Address is where a device is. Each scheme uses its own fields.
type Address struct {
	Scheme          Scheme
	Path            string // serial: the node or a link to it; replay: the file
	Vendor, Product uint16 // usb, hid
	SerialNumber    string // usb, hid: empty if any
	Socket          string // usb, hid: such as "1-2.4", empty if any
	Host            string // tcp: host:port
	Fast            bool   // replay: as fast as it is read
}

var (
	identity = regexp.MustCompile(`^([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(.*)$`)
	socket   = regexp.MustCompile(`^[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}$`)
)

// ParseAddress reads an address as it stands in the configuration.
func ParseAddress(s string) (Address, error) {
	scheme, rest, _ := strings.Cut(s, ":")
	a := Address{Scheme: Scheme(scheme)}
	bad := func(sentence string) (Address, error) {
		return Address{}, &openError{fmt.Sprintf("port %.200q: %s", s, sentence), ErrConfig, nil}
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return bad("has a control character in it")
	}
	switch a.Scheme {
	case Serial, Replay:
		a.Path = rest
		if a.Scheme == Replay {
			a.Path, a.Fast = strings.CutSuffix(rest, "?fast")
		}
		if a.Path == "" {
			return bad("the file is missing after " + scheme + ":")
		}
	case USB, HID:
		if !a.parseIdentity(rest) {
			return bad("after " + scheme + ": comes vendor:product in hex, then /SERIAL or @SOCKET if there are several, such as " +
				scheme + ":05e0:1701/S123 or " + scheme + ":05e0:1701@1-2")
		}
	case TCP:
		host, number, err := net.SplitHostPort(rest)
		if n, wrong := strconv.ParseUint(number, 10, 16); err != nil || host == "" || wrong != nil || n == 0 {
			return bad("after tcp: comes host:port, such as tcp:10.0.0.7:5084")
		}
		a.Host = rest
	default:
		hint := "begins with serial:, usb:, hid:, tcp: or replay:"
		if strings.HasPrefix(s, "/dev/") {
			hint += "; perhaps serial:" + s
		}
		return bad(hint)
	}
	return a, nil
}

func (a *Address) parseIdentity(s string) bool {
	parts := identity.FindStringSubmatch(s)
	if parts == nil {
		return false
	}
	vendor, _ := strconv.ParseUint(parts[1], 16, 16)
	product, _ := strconv.ParseUint(parts[2], 16, 16)
	a.Vendor, a.Product = uint16(vendor), uint16(product)
	rest := parts[3]
	// A serial number may hold an @, so only a socket at the very end counts.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && socket.MatchString(rest[at+1:]) {
		rest, a.Socket = rest[:at], rest[at+1:]
	}
	if rest != "" {
		if rest[0] != '/' || rest == "/" {
			return false
		}
		a.SerialNumber = rest[1:]
	}
	// Zero means "any" to the HID library, and no device has it.
	return a.Vendor != 0 && a.Product != 0
}

// ID is the USB identity as people write it, such as "05e0:1701".
func (a Address) ID() string { return usbID(a.Vendor, a.Product) }

func usbID(vendor, product uint16) string { return fmt.Sprintf("%04x:%04x", vendor, product) }

// String is the address as it stands in the configuration.
func (a Address) String() string {
	switch a.Scheme {
	case USB, HID:
		s := string(a.Scheme) + ":" + a.ID()
		if a.SerialNumber != "" {
			s += "/" + a.SerialNumber
		}
		if a.Socket != "" {
			s += "@" + a.Socket
		}
		return s
	case TCP:
		return "tcp:" + a.Host
	case Replay:
		if a.Fast {
			return "replay:" + a.Path + "?fast"
		}
	}
	return string(a.Scheme) + ":" + a.Path
}
