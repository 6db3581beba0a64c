package devices

import (
	"errors"
	"fmt"

	"scanpost/devices/port"
)

// otherMode is a device that is plugged in, as another one: somebody has
// scanned a programming barcode, or it has lost its settings.
type otherMode struct{ sentence string }

func (e *otherMode) Error() string { return e.sentence }

// kindOf is the kind of a failure to open; its text is the short reason.
func (d *Device) kindOf(err error) error {
	for _, kind := range []error{port.ErrPermission, port.ErrBusy, port.ErrAmbiguous, port.ErrMode, port.ErrConfig, port.ErrUnsupported} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	if found, err := d.list(); err == nil {
		if f, is := d.inOtherMode(found); is {
			return &otherMode{fmt.Sprintf("now in %s mode; print sheet %s (scanpost devices sheet %s)", modeOf(f), d.Profile.Name, d.Profile.Name)}
		}
	}
	return port.ErrNotFound
}

// inOtherMode finds the device among all that is plugged in, under another
// product number or another kind of port. It must have the serial number or
// sit in the socket of ours: another scanner of the same maker is no news.
func (d *Device) inOtherMode(found []port.Found) (port.Found, bool) {
	a, err := port.ParseAddress(d.Address)
	if err != nil || a.Scheme != port.USB && a.Scheme != port.HID {
		return port.Found{}, false
	}
	serial, socket := a.SerialNumber, a.Socket
	if d.seen.VendorID == a.Vendor && d.seen.ProductID == a.Product {
		serial, socket = d.seen.Serial, d.seen.Socket
	}
	for _, f := range found {
		ours := serial != "" && f.Serial == serial || socket != "" && f.Socket == socket
		same := f.ProductID == a.Product && f.Kind == a.Scheme && (f.Usage == d.Profile.Port.Usage || f.Usage == "")
		if f.VendorID == a.Vendor && ours && !same {
			return f, true
		}
	}
	return port.Found{}, false
}

// modeOf is what people call the mode.
func modeOf(f port.Found) string {
	switch {
	case f.Kind == port.USB:
		return "serial"
	case f.Usage == "keyboard":
		return "keyboard"
	case f.Usage == "pos":
		return "HID POS"
	case f.Usage == "oem-hand-held", f.Usage == "oem-table-top":
		return "IBM OEM"
	}
	return "another HID"
}
