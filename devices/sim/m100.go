package sim

import (
	"encoding/binary"
	"slices"
	"time"
)

// M100Options are what a simulated reader module of the BB … 7E family is like.
type M100Options struct {
	AA        bool   // frames are AA … DD, as with the YPD-R200
	Hardware  string // its version; empty: one of an M100
	MostPower int    // in hundredths of a dBm; 0: 2600
	Rounds    int    // a second; 0: 200
	Tags      Tags
}

// M100State is what the host has made of it.
type M100State struct {
	Polling bool
	Left    int  // rounds until it ends by itself
	Region  byte // 0: none was told
	Power   int
	Query   uint16
	Select  byte // FF: not told
	Hops    bool
	Starts  int
	Stops   int
	Told    int    // tags told
	Empty   int    // rounds in which nothing was heard
	Ignored []byte // commands that it did not take, as it polls
}

// M100 is a module on a pseudo terminal. It does not notice that the host has
// gone: it polls on until its rounds are over.
type M100 struct {
	*talker[M100State]
	p *m100Sim
}

// NewM100 plugs one in under the name link.
func NewM100(link string, o M100Options) (*M100, error) {
	p := newM100(o)
	t, err := newTalker(link, p)
	return &M100{t, p}, err
}

func (m *M100) tell(what func()) error {
	return m.do(func(time.Time) ([][]byte, error) { what(); return nil, nil })
}

// WrongSums breaks the sum of each of its next n frames.
func (m *M100) WrongSums(n int) error { return m.tell(func() { m.p.wrong = n }) }

// EndRounds brings its rounds to their end without a word.
func (m *M100) EndRounds() error { return m.tell(func() { m.p.is.Left = 0 }) }

// Busy makes all its channels busy, or frees them.
func (m *M100) Busy(on bool) error { return m.tell(func() { m.p.busy = on }) }

// m100Sim is the protocol.
type m100Sim struct {
	o     M100Options
	is    M100State
	part  []byte
	paced time.Time // rounds up to here are over
	wrong int
	busy  bool
}

func newM100(o M100Options) *m100Sim {
	if o.MostPower == 0 {
		o.MostPower = 2600
	}
	if o.Rounds == 0 {
		o.Rounds = 200
	}
	if o.Hardware == "" {
		o.Hardware = "M100 26dBm V1.0"
	}
	return &m100Sim{o: o}
}

func (m *m100Sim) powerOn(time.Time) {
	m.is = M100State{Power: 2000, Query: 0x1020, Select: 0xFF, Starts: m.is.Starts, Stops: m.is.Stops, Told: m.is.Told, Empty: m.is.Empty}
	m.part = nil
}

func (m *m100Sim) state() M100State {
	s := m.is
	s.Ignored = slices.Clone(s.Ignored)
	return s
}

// m100Beat is how often it tells what its rounds have brought.
const m100Beat = 5 * time.Millisecond

func (m *m100Sim) hurry() time.Duration { return m100Beat }

func (m *m100Sim) due() time.Time {
	if !m.is.Polling {
		return time.Time{}
	}
	return m.paced.Add(m100Beat)
}

func (m *m100Sim) tick(now time.Time) (say [][]byte) {
	if !m.is.Polling {
		return nil
	}
	rounds := int(now.Sub(m.paced) * time.Duration(m.o.Rounds) / time.Second)
	if rounds == 0 {
		return nil
	}
	m.paced = now
	for range min(rounds, m.is.Left, m.o.Rounds) {
		say = append(say, m.round(now)...)
	}
	m.is.Left = max(0, m.is.Left-rounds)
	m.is.Polling = m.is.Left > 0
	return say
}

// round hears each tag once.
func (m *m100Sim) round(now time.Time) (say [][]byte) {
	if m.busy {
		return [][]byte{m.frame(1, 0xFF, 0x20)}
	}
	if m.o.Tags != nil {
		for _, t := range m.o.Tags(now) {
			m.is.Told++
			sent := append(binary.BigEndian.AppendUint16(nil, t.pc()), t.EPC...)
			sent = append(sent, tagCRC(sent)...)
			say = append(say, m.frame(2, 0x22, append([]byte{byte(int8(t.RSSI))}, sent...)...))
		}
	}
	if say == nil {
		m.is.Empty++
		say = append(say, m.frame(1, 0xFF, 0x15))
	}
	return say
}

// frame makes a frame.
func (m *m100Sim) frame(kind, command byte, data ...byte) []byte {
	first, last := byte(0xBB), byte(0x7E)
	if m.o.AA {
		first, last = 0xAA, 0xDD
	}
	b := append([]byte{first, kind, command, byte(len(data) >> 8), byte(len(data))}, data...)
	total := 0
	for _, one := range b[1:] {
		total += int(one)
	}
	if m.wrong > 0 {
		m.wrong--
		total++
	}
	return append(b, byte(total), last)
}

// hear takes what the host wrote. A command may come in any pieces.
func (m *m100Sim) hear(b []byte, now time.Time) (say [][]byte) {
	const overhead = 7
	m.part = append(m.part, b...)
	for len(m.part) >= overhead {
		n := overhead + int(binary.BigEndian.Uint16(m.part[3:]))
		if n > 64 || m.part[0] != m.frame0() {
			m.part = m.part[1:]
			continue
		}
		if len(m.part) < n {
			return say
		}
		wrong := m.wrong
		m.wrong = 0
		right := m.frame(m.part[1], m.part[2], m.part[5:n-2]...)
		m.wrong = wrong
		if !slices.Equal(right, m.part[:n]) || m.part[1] != 0 {
			m.part = m.part[1:]
			continue
		}
		op, data := m.part[2], slices.Clone(m.part[5:n-2])
		m.part = m.part[n:]
		say = append(say, m.command(op, data, now)...)
	}
	return say
}

func (m *m100Sim) frame0() byte {
	if m.o.AA {
		return 0xAA
	}
	return 0xBB
}

// command takes one command.
func (m *m100Sim) command(op byte, data []byte, now time.Time) [][]byte {
	answer := func(data ...byte) [][]byte { return [][]byte{m.frame(1, op, data...)} }
	wrong := [][]byte{m.frame(1, 0xFF, 0x17)}
	switch {
	case op == 0x28:
		m.is.Stops++
		var say [][]byte
		if m.is.Polling { // what is in flight comes first
			say = m.round(now)
		}
		m.is.Polling = false
		return append(say, answer(0)...)
	case m.is.Polling:
		m.is.Ignored = append(m.is.Ignored, op)
		return nil
	case op == 0x03 && len(data) == 1 && data[0] <= 2:
		text := []string{m.o.Hardware, "V2.3.5", "MagicRF"}[data[0]]
		return answer(append([]byte{data[0]}, text...)...)
	case op == 0x07 && len(data) == 1:
		if !slices.Contains([]byte{1, 2, 3, 4, 6}, data[0]) {
			return wrong
		}
		m.is.Region = data[0]
	case op == 0xAD && len(data) == 1:
		m.is.Hops = data[0] == 0xFF
	case op == 0xB6 && len(data) == 2:
		power := int(binary.BigEndian.Uint16(data))
		if power > m.o.MostPower {
			return wrong
		}
		m.is.Power = power
	case op == 0x12 && len(data) == 1:
		m.is.Select = data[0]
	case op == 0x0E && len(data) == 2:
		m.is.Query = binary.BigEndian.Uint16(data)
	case op == 0x27 && len(data) == 3 && data[0] == 0x22:
		m.is.Left = int(binary.BigEndian.Uint16(data[1:]))
		m.is.Polling, m.paced = true, now
		m.is.Starts++
		return nil
	case op == 0x22 && len(data) == 0:
		return m.round(now)
	default:
		return wrong
	}
	return answer(0)
}
