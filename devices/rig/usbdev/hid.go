package usbdev

// Kinds of a HID report, as in the high byte of wValue.
const (
	InputReport   = 1
	OutputReport  = 2
	FeatureReport = 3
)

// Reports is the HID side of a device: its report descriptor, and what it does
// with reports that the host sends or asks for. Either function may be nil.
type Reports struct {
	Descriptor []byte
	// Set takes a report of the host. Without numbers the id is 0 and data is
	// the report; else data begins with the id. False stalls.
	Set func(kind, id byte, data []byte) bool
	// Get answers with a report, with its id if it has one.
	Get func(kind, id byte) (data []byte, ok bool)
}

// Boot makes an interface a boot device.
const (
	BootKeyboard = 1
	BootMouse    = 2
)

// HID is an interface of the HID class with one endpoint, or two if the device
// takes output reports by one of its own. Boot is 0 for none.
func HID(r Reports, boot byte, endpoints ...Endpoint) Interface {
	n := len(r.Descriptor)
	desc := []byte{9, 0x21, 0x11, 0x01, 0, 1, 0x22, byte(n), byte(n >> 8)}
	subclass := byte(0)
	if boot != 0 {
		subclass = 1
	}
	return Interface{
		Class: 3, SubClass: subclass, Protocol: boot, Extra: desc, Endpoints: endpoints,
		Control: func(s Setup, data []byte) ([]byte, bool) {
			const (
				class           = 0x21
				getReport       = 0x01
				setReport       = 0x09
				setIdle         = 0x0A
				setProtocol     = 0x0B
				descriptorHID   = 0x21
				descriptorInput = 0x22
			)
			switch report, id := byte(s.Value>>8), byte(s.Value); {
			case s.Type == toHost|toInterface && s.Request == getDescriptor && report == descriptorInput:
				return r.Descriptor, true
			case s.Type == toHost|toInterface && s.Request == getDescriptor && report == descriptorHID:
				return desc, true
			case s.Type == class && (s.Request == setIdle || s.Request == setProtocol):
				return nil, true
			case s.Type == class && s.Request == setReport && r.Set != nil:
				return nil, r.Set(report, id, data)
			case s.Type == class|toHost && s.Request == getReport && r.Get != nil:
				return r.Get(report, id)
			}
			return nil, false
		},
	}
}

// KeyboardDescriptor is the report descriptor of a boot keyboard: modifiers,
// one reserved byte, six keys.
var KeyboardDescriptor = []byte{
	0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, // generic desktop, keyboard
	0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, // modifiers
	0x95, 0x01, 0x75, 0x08, 0x81, 0x03, // reserved
	0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x03, // lights
	0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, // keys
	0xC0,
}
