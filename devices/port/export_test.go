package port

// HIDHandle lets the suite, which lives outside, put a fake behind a HID port.
type HIDHandle = hidHandle

// NewHID is a HID port without a machine around it.
func NewHID(h HIDHandle) Port { return newHID(h, nil) }
