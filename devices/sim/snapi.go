package sim

import "slices"

// SNAPI is a Zebra in its own protocol: each report of a code waits for the
// answer to the one before.
//
//	s := sim.SNAPI{}
//	reports := s.Code(0x0B, []byte("4006381333931"))
//	more, known := s.Host([]byte{0x01, 0x22, 0x01, 0x00})
type SNAPI struct {
	hid[SNAPIState]

	Disabled bool // does not read until the host lets it
	waiting  [][]byte
}

// SNAPIState is what the host has made it do.
type SNAPIState struct {
	Enabled bool   // the host said so
	Beeps   []byte // codes of sounds: 01 two short high ones, 12 four long low ones
	Aim     bool
	Trigger bool
	Taken   int // codes whose last report was answered
	Waiting int // reports that are not answered yet
	Unknown int // reports that mean nothing to it
}

// Code is a read code: its first report, if no other waits for an answer, and
// the rest when Host is given the answers. There is none while it is disabled.
func (s *SNAPI) Code(kind byte, data []byte) [][]byte {
	defer s.lock()()
	if s.Disabled {
		return nil
	}
	idle := len(s.waiting) == 0
	s.waiting = append(s.waiting, s.spoiled(snapiReports(kind, data), 3)...)
	s.now.Waiting = len(s.waiting)
	if idle {
		return s.first()
	}
	return nil
}

// Repeat is what comes when the host has not answered for too long.
func (s *SNAPI) Repeat() [][]byte {
	defer s.lock()()
	return s.first()
}

func (s *SNAPI) first() [][]byte {
	if len(s.waiting) == 0 {
		return nil
	}
	return [][]byte{slices.Clone(s.waiting[0])}
}

// snapiReports puts data into scan reports, or long ones if it does not fit 255.
func snapiReports(kind byte, data []byte) (reports [][]byte) {
	const size = 64
	head := 6
	if len(data) > 255*(size-6) {
		head = 8
	}
	room := size - head
	count := max(1, (len(data)+room-1)/room)
	for i := range count {
		n := min(len(data), room)
		r := make([]byte, size)
		if head == 6 {
			copy(r, []byte{0x22, byte(count), byte(i), byte(n), kind, 0})
		} else {
			copy(r, []byte{0x26, byte(count >> 8), byte(count), byte(i >> 8), byte(i), byte(n), kind, 0})
		}
		copy(r[head:], data[:n])
		reports, data = append(reports, r), data[n:]
	}
	return reports
}

// Host takes a report and answers: with the next report of a code, or with
// what became of a command.
func (s *SNAPI) Host(report []byte) (replies [][]byte, known bool) {
	defer s.lock()()
	const done, wrong, unsupported = 1, 2, 3
	if len(report) < 2 {
		s.now.Unknown++
		return nil, false
	}
	status := byte(done)
	switch number, value := report[0], report[1]; number {
	case 0x01:
		return s.acknowledged(report), true
	case 0x02:
		s.now.Aim = value == 1
	case 0x04:
		if value > 0x19 {
			status = wrong
			break
		}
		s.now.Beeps = append(s.now.Beeps, value)
	case 0x06:
		s.Disabled, s.now.Enabled = value == 0, value == 1
	case 0x0A:
		s.now.Trigger = value == 1
	case 0x09:
	default:
		s.now.Unknown++
		status = unsupported
	}
	reply := make([]byte, 64)
	copy(reply, []byte{0x21, report[0], status, 0})
	return [][]byte{reply}, true
}

// acknowledged lets go of the report that was answered. An answer to another
// is none.
func (s *SNAPI) acknowledged(answer []byte) [][]byte {
	if len(s.waiting) == 0 || answer[1] != s.waiting[0][0] || len(answer) < 3 || answer[2]&0x0F != 1 {
		return nil
	}
	r := s.waiting[0]
	last := r[0] == 0x22 && r[2] == r[1]-1 || r[0] == 0x26 && int(r[3])<<8+int(r[4]) == int(r[1])<<8+int(r[2])-1
	s.waiting = s.waiting[1:]
	s.now.Waiting = len(s.waiting)
	if last {
		s.now.Taken++
	}
	return s.first()
}
