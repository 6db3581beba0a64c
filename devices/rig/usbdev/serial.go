package usbdev

import "slices"

// Line is the serial side of a device: what the host sets. Nil functions are
// not told.
type Line struct {
	Coding func(baud uint32, stop, parity, bits byte) // ACM only
	State  func(dtr, rts bool)
}

// ACM is the two interfaces of a serial port of the communication class, whose
// numbers must be first and first+1: events by notify, bytes by in and out.
func ACM(line Line, first, notify, in, out byte, packet uint16) []Interface {
	const (
		setLineCoding = 0x20
		getLineCoding = 0x21
		setLineState  = 0x22
		sendBreak     = 0x23
	)
	coding := []byte{0x80, 0x25, 0, 0, 0, 0, 8} // 9600 8N1
	control := func(s Setup, data []byte) ([]byte, bool) {
		switch {
		case s.Type == 0x21 && s.Request == setLineCoding && len(data) >= 7:
			coding = slices.Clone(data[:7])
			if line.Coding != nil {
				line.Coding(uint32(data[0])|uint32(data[1])<<8|uint32(data[2])<<16|uint32(data[3])<<24, data[4], data[5], data[6])
			}
			return nil, true
		case s.Type == 0xA1 && s.Request == getLineCoding:
			return coding, true
		case s.Type == 0x21 && s.Request == setLineState:
			if line.State != nil {
				line.State(s.Value&1 != 0, s.Value&2 != 0)
			}
			return nil, true
		case s.Type == 0x21 && s.Request == sendBreak:
			return nil, true
		}
		return nil, false
	}
	return []Interface{
		{
			Class: 2, SubClass: 2, Protocol: 1, Control: control,
			Extra: []byte{
				5, 0x24, 0, 0x10, 0x01, // header, CDC 1.10
				5, 0x24, 1, 0, first + 1, // call management: none
				4, 0x24, 2, 0x06, // takes line coding, line state, break
				5, 0x24, 6, first, first + 1, // union
			},
			Endpoints: []Endpoint{{notify, Interrupt, 16, 10}},
		},
		{Class: 10, Endpoints: []Endpoint{{in, Bulk, packet, 0}, {out, Bulk, packet, 0}}},
	}
}

// FTDI makes a device an FT232BM: a serial line behind an adapter chip. In is
// endpoint 0x81, out is 0x02, 64 bytes a packet, and what is sent goes through
// [FTDIPackets].
func FTDI(d *Device, line Line) *Device {
	const (
		modemControl = 1
		modemStatus  = 5
		setLatency   = 9
		getLatency   = 10
	)
	latency := byte(16)
	d.Speed, d.Version = Full, 0x0400 // by this number the driver knows the chip
	d.Interfaces = []Interface{{Class: 0xFF, SubClass: 0xFF, Protocol: 0xFF,
		Endpoints: []Endpoint{{0x81, Bulk, 64, 0}, {0x02, Bulk, 64, 0}}}}
	d.Vendor = func(s Setup, _ []byte) ([]byte, bool) {
		switch s.Request {
		case modemStatus:
			return []byte{ftdiModem, ftdiLine}, true
		case setLatency:
			latency = byte(s.Value)
		case getLatency:
			return []byte{latency}, true
		case modemControl:
			if line.State != nil && s.Value>>8 != 0 { // the high byte says which of the two is meant
				line.State(s.Value&1 != 0, s.Value&2 != 0)
			}
		}
		return nil, s.Type&toHost == 0
	}
	return d
}

const (
	ftdiModem = 0x31 // CTS, DSR on; the low bits are always 01
	ftdiLine  = 0x60 // transmitter empty
	ftdiChunk = 62
)

// FTDIPackets cuts bytes into what the chip sends: each packet begins with two
// bytes of its status.
func FTDIPackets(b []byte) (packets [][]byte) {
	for chunk := range slices.Chunk(b, ftdiChunk) {
		packets = append(packets, append([]byte{ftdiModem, ftdiLine}, chunk...))
	}
	return packets
}
