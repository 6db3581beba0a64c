package sim

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
)

// hear takes what the host wrote. A command may come in any pieces.
func (m *mercurySim) hear(b []byte, now time.Time) (say [][]byte) {
	if now.Before(m.deaf) {
		return nil
	}
	const overhead = 5
	m.part = append(m.part, b...)
	for len(m.part) >= overhead {
		n := overhead + int(m.part[1])
		switch {
		case m.part[0] != 0xFF || m.part[1] > 250:
			m.part = m.part[1:]
			continue
		case len(m.part) < n:
			return m.spoil(say, now)
		case !bytes.Equal(mercuryCRC(m.part[1:n-2]), m.part[n-2:n]):
			m.part = m.part[1:] // it says nothing to that
			continue
		}
		op, data := m.part[2], slices.Clone(m.part[3:n-2])
		m.part = m.part[n:]
		if m.stalled {
			continue
		}
		say = append(say, m.command(op, data, now)...)
	}
	return m.spoil(say, now)
}

// command takes one command.
func (m *mercurySim) command(op byte, data []byte, now time.Time) [][]byte {
	answer := func(status uint16, data ...byte) [][]byte { return [][]byte{m.frame(op, status, data...)} }
	switch {
	case m.is.Streaming && op != mercMulti:
		m.is.Ignored = append(m.is.Ignored, op)
		return nil
	case op == mercVersion:
		return answer(0, m.version()...)
	case op == mercProgram && m.is.Application:
		return answer(0, 0x12)
	case op == mercProgram:
		return answer(0, 0x11)
	case op == mercBoot && !m.is.Application:
		m.is.Application = true
		m.later(now.Add(200*time.Millisecond), m.frame(op, 0, m.version()...))
		return nil
	case op == mercBoot, !m.is.Application:
		return answer(0x0101)
	case op == mercMulti:
		return m.multi(data, now)
	case len(data) == 0:
		return m.ask(op, answer)
	}
	return m.set(op, data, answer)
}

// ask answers what has no data.
func (m *mercurySim) ask(op byte, answer func(uint16, ...byte) [][]byte) [][]byte {
	switch op {
	case 0x62:
		return answer(0, byte(m.is.Power>>8), byte(m.is.Power))
	case 0x63:
		return answer(0, 0, 5)
	case 0x67:
		return answer(0, m.is.Region)
	case 0x72:
		return answer(0, 41)
	case 0x2A:
		return answer(0)
	}
	return answer(0x0101)
}

// set takes a setting.
func (m *mercurySim) set(op byte, data []byte, answer func(uint16, ...byte) [][]byte) [][]byte {
	switch {
	case op == 0x93 && len(data) == 2:
		if data[1] != 5 {
			return answer(0x0105)
		}
	case op == 0x97 && len(data) == 1:
		if !slices.Contains(m.o.Regions, data[0]) {
			return answer(0x010B)
		}
		m.is.Region = data[0]
	case op == 0x91 && len(data) >= 3 && data[0] == 2 && len(data)%2 == 1:
		var antennas []int
		for pair := range slices.Chunk(data[1:], 2) {
			if pair[0] != pair[1] || int(pair[0]) > m.o.Ports || pair[0] == 0 {
				return answer(0x0507)
			}
			antennas = append(antennas, int(pair[0]))
		}
		m.is.Antennas = antennas
	case op == 0x92 && len(data) == 2:
		power := int(binary.BigEndian.Uint16(data))
		switch {
		case power > m.o.MostPower:
			return answer(0x0103)
		case power < 100:
			return answer(0x0106)
		}
		m.is.Power = power
	case op == 0x9A && len(data) == 3 && data[0] == 1:
		if data[1] == 0x0C {
			m.is.Filter = data[2] != 0
		}
		return answer(0, data[0], data[1])
	case op == 0x9B && len(data) >= 3 && data[0] == 5:
		if m.o.Session {
			return answer(0x0105)
		}
		m.is.Gen2[data[1]] = slices.Clone(data[2:])
	default:
		return answer(0x0101)
	}
	return answer(0)
}

// multi starts and stops the reading.
func (m *mercurySim) multi(data []byte, now time.Time) [][]byte {
	switch {
	case bytes.Equal(data, []byte{0, 0, 2}):
		m.is.Stops++
		if !m.is.Streaming {
			return [][]byte{m.frame(mercMulti, 0x0100)}
		}
		m.is.Streaming = false
		return [][]byte{m.frame(mercMulti, 0, 2)}
	case m.is.Streaming:
		return [][]byte{m.frame(mercMulti, 0x0101)}
	case len(data) < 15 || data[2] != 1 || data[3] != mercRead || data[6] != 5 || int(data[7]) != len(data)-9 || data[8] != mercRead:
		return [][]byte{m.frame(mercMulti, 0x0100)}
	case m.is.Region == 0:
		return [][]byte{m.frame(mercMulti, 0x0405)}
	case m.is.Antennas == nil:
		return [][]byte{m.frame(mercMulti, 0x0503)}
	}
	inner := data[9:]
	if m.several = inner[0] == 0x88; m.several {
		inner = inner[1:]
	}
	const offTime = 0x0400
	flags := binary.BigEndian.Uint16(inner[1:])
	m.is.OnOff = [2]int{int(binary.BigEndian.Uint16(inner[3:])), 0}
	inner = inner[5:]
	if flags&offTime != 0 {
		m.is.OnOff[1] = int(binary.BigEndian.Uint16(inner))
		inner = inner[2:]
	}
	m.metadata = binary.BigEndian.Uint16(inner)
	m.is.Streaming, m.known, m.paced, m.alive = true, map[string]bool{}, now, now
	m.is.Starts++
	say := [][]byte{m.frame(mercMulti, 0)}
	if m.hot > m.is.OnOff[1] {
		say = append(say, m.frame(mercRead, 0x0504))
	}
	return say
}
