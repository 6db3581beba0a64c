package port

import (
	"fmt"

	"go.bug.st/serial"
)

// Settings are those of a serial line, or which function of a HID device is
// meant. The zero value is 9600 8N1, and no keyboard. A USB serial device has
// no line and ignores its settings.
type Settings struct {
	Baud     int    // 0 is 9600
	DataBits int    // 5 to 8; 0 is 8
	Parity   string // "none", "odd", "even", "mark", "space"; empty is none
	StopBits string // "1", "1.5", "2"; empty is 1
	Usage    string // HID: "pos", "keyboard" and so on, as in Found; empty is any that is no keyboard or mouse
}

var parities = map[string]serial.Parity{
	"": serial.NoParity, "none": serial.NoParity, "odd": serial.OddParity, "even": serial.EvenParity,
	"mark": serial.MarkParity, "space": serial.SpaceParity,
}

var stopBits = map[string]serial.StopBits{
	"": serial.OneStopBit, "1": serial.OneStopBit, "1.5": serial.OnePointFiveStopBits, "2": serial.TwoStopBits,
}

// Check says which setting no serial line has. The library passes nonsense on
// to the driver, a negative rate included.
func (s Settings) Check() error {
	_, err := s.mode()
	return err
}

func (s Settings) mode() (*serial.Mode, error) {
	bad := func(format string, args ...any) (*serial.Mode, error) {
		return nil, &openError{fmt.Sprintf(format, args...), ErrConfig, nil}
	}
	m := &serial.Mode{BaudRate: s.Baud, DataBits: s.DataBits}
	if m.BaudRate == 0 {
		m.BaudRate = 9600
	}
	if m.DataBits == 0 {
		m.DataBits = 8
	}
	var ok bool
	switch {
	case m.BaudRate < 50 || m.BaudRate > 4_000_000:
		return bad("baud %d: a serial line has 50 to 4000000", s.Baud)
	case m.DataBits < 5 || m.DataBits > 8:
		return bad("data bits %d: a serial line has 5 to 8", s.DataBits)
	}
	if m.Parity, ok = parities[s.Parity]; !ok {
		return bad("parity %q: it is none, odd, even, mark or space", s.Parity)
	}
	if m.StopBits, ok = stopBits[s.StopBits]; !ok {
		return bad("stop bits %q: they are 1, 1.5 or 2", s.StopBits)
	}
	return m, nil
}
