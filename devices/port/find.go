package port

import (
	"fmt"
	"io/fs"
	"strings"
)

// openUSB finds the serial port that belongs to a USB identity. Names are not
// remembered: a device may come back under another one.
func (m *machine) openUSB(a Address, s Settings) (Port, error) {
	list, _ := m.ttys()
	t, err := m.pick(a, list)
	if err != nil {
		return nil, err
	}
	p, err := openSerial(a, t.node, s)
	if err != nil {
		return nil, err
	}
	// A name may pass to another device between looking and opening.
	list, _ = m.ttys()
	for _, now := range list {
		if now.usbDevice == t.usbDevice && now.node == t.node {
			p.(*serialPort).found = m.found(USB, t, list)
			return p, nil
		}
	}
	p.Close()
	return nil, fail(ErrNotFound, a, t.node+" left while it was being opened; is the cable loose?", fs.ErrNotExist)
}

func (a Address) matches(t thing) bool {
	return t.vendor == a.Vendor && t.product == a.Product &&
		(a.SerialNumber == "" || t.serial == a.SerialNumber) && (a.Socket == "" || t.socket == a.Socket)
}

// pick chooses the one that the address means. Two are an error: guessing would
// book the scans of one bench at the other.
func (m *machine) pick(a Address, list []thing) (thing, error) {
	var fit []thing
	for _, t := range list {
		if a.matches(t) {
			fit = append(fit, t)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return thing{}, fail(ErrNotFound, a, "it is not plugged in"+m.nearMiss(a, list), fs.ErrNotExist)
	}
	var names []string
	for _, t := range fit {
		names = append(names, fmt.Sprintf("%s (%s)", shortest(a.Scheme, t, fit), t.node))
	}
	return thing{}, fail(ErrAmbiguous, a, "it is plugged in more than once; name the one you mean: "+strings.Join(names, " or "), nil)
}

// nearMiss says what is plugged in instead: a scanner in another mode has
// another product number, a swapped one another serial number.
func (m *machine) nearMiss(a Address, list []thing) string {
	for _, t := range list {
		if t.vendor == a.Vendor && t.product == a.Product {
			is := usbID(t.vendor, t.product)
			if a.SerialNumber != "" && t.serial != a.SerialNumber {
				return fmt.Sprintf("; the %s that is has serial number %q, not %q", is, t.serial, a.SerialNumber)
			}
			return fmt.Sprintf("; the %s that is sits in socket %s, not %s", is, t.socket, a.Socket)
		}
	}
	ttys, _ := m.ttys()
	for _, t := range append(ttys, devices(m.hids())...) {
		switch wire := t.wire(); {
		case t.vendor != a.Vendor, t.product == a.Product && wire == a.Scheme: // the second has come this moment
		case t.product == a.Product:
			return fmt.Sprintf("; it is as %s, so name that with a profile of that kind, or scan the sheet of the mode you want", Address{Scheme: wire, Vendor: t.vendor, Product: t.product})
		default:
			return fmt.Sprintf("; %s %s of the same maker is, so perhaps it is in another mode: scan the sheet of its profile", usbID(t.vendor, t.product), t.name)
		}
	}
	return "; is the cable in? \"scanpost devices\" lists what is"
}

// shortest is the shortest address that means t and no other of the list.
func shortest(scheme Scheme, t thing, list []thing) string {
	a := Address{Scheme: scheme, Vendor: t.vendor, Product: t.product}
	only := func(a Address) bool {
		n := 0
		for _, other := range list {
			if a.matches(other) {
				n++
			}
		}
		return n == 1
	}
	if only(a) {
		return a.String()
	}
	if a.SerialNumber = t.serial; a.SerialNumber != "" && only(a) {
		return a.String()
	}
	a.SerialNumber, a.Socket = "", t.socket
	if only(a) || scheme == HID {
		return a.String()
	}
	return "serial:" + t.node // several ports of one device
}

// Found is one port or device that is plugged in.
type Found struct {
	Kind                  Scheme // Serial, USB or HID
	Address               string // as it would stand in the configuration
	VendorID, ProductID   uint16 // zero for a plain serial port
	Serial                string
	Socket                string
	Node                  string // the file whose mode counts
	Usage                 string // HID: "pos", "keyboard", "mouse", "oem-hand-held", "oem-table-top"; empty if not known
	Manufacturer, Product string
	Access                error // one sentence if this user or this build can not open it
}

// ID is the USB identity, such as "05e0:1701"; empty for a plain serial port.
func (f Found) ID() string {
	if f.VendorID == 0 {
		return ""
	}
	return usbID(f.VendorID, f.ProductID)
}

func (m *machine) list() ([]Found, error) {
	usb, plain := m.ttys()
	var all []Found
	for _, t := range usb {
		all = append(all, m.found(USB, t, usb))
	}
	for _, node := range plain {
		a := Address{Scheme: Serial, Path: node}
		f := Found{Kind: Serial, Address: a.String(), Node: node}
		if err := access(node); err != nil {
			f.Access = nodeError(a, node, err)
		}
		all = append(all, f)
	}
	hids := devices(m.hids())
	for _, t := range hids {
		all = append(all, m.found(HID, t, hids))
	}
	return all, nil
}

func (m *machine) found(kind Scheme, t thing, list []thing) Found {
	f := Found{
		Kind: kind, Address: shortest(kind, t, list), VendorID: t.vendor, ProductID: t.product, Serial: t.serial,
		Socket: t.socket, Node: t.node, Usage: t.usage, Manufacturer: t.manufacturer, Product: t.name,
	}
	a := Address{Scheme: kind, Vendor: t.vendor, Product: t.product}
	switch err := access(t.node); {
	case kind == HID && !m.hid.supported():
		f.Access = noHID(a)
	case kind == HID && err != nil:
		f.Access = hidNodeError(a, t.node, err)
	case err != nil:
		f.Access = nodeError(a, t.node, err)
	}
	return f
}
