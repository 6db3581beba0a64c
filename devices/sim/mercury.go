package sim

import (
	"encoding/binary"
	"slices"
	"time"
)

// MercuryOptions are what a simulated ThingMagic module is like.
type MercuryOptions struct {
	Hardware   byte   // first byte of its hardware version: 30 is a Nano; 0: that
	Ports      int    // antennas that it has; 0: two
	MostPower  int    // in hundredths of a dBm; 0: 2700
	Regions    []byte // codes that it takes; nil: EU3 and NA2
	Session    bool   // it refuses to be told a session
	BootLoader bool   // its application has to be started
	Announces  bool   // it tells its version 200 ms after it has power
	Rate       int    // reads a second; 0: 200
	SignOfLife time.Duration
	Tags       Tags
}

// MercuryState is what the host has made of it.
type MercuryState struct {
	Application bool // runs, and not the boot loader
	Streaming   bool
	Region      byte // 0: none
	Power       int
	Antennas    []int
	Filter      bool // tags are told once only
	Gen2        map[byte][]byte
	OnOff       [2]int // milliseconds; none off: always on
	Starts      int
	Stops       int
	Told        int    // tags told
	Ignored     []byte // opcodes that it did not take, as it reads
}

// Mercury is a ThingMagic module on a pseudo terminal. It does not notice that
// the host has gone: it reads on.
type Mercury struct {
	*talker[MercuryState]
	p *mercurySim
}

// NewMercury plugs one in under the name link.
func NewMercury(link string, o MercuryOptions) (*Mercury, error) {
	p := newMercury(o)
	t, err := newTalker(link, p)
	return &Mercury{t, p}, err
}

// tell lets something happen to it.
func (m *Mercury) tell(what func(now time.Time)) error {
	return m.do(func(now time.Time) ([][]byte, error) { what(now); return nil, nil })
}

// LoseRegion resets it while it reads: all that it says is that its radio is off.
func (m *Mercury) LoseRegion() error {
	return m.do(func(now time.Time) ([][]byte, error) {
		m.p.powerOn(now)
		m.p.alive = now
		return [][]byte{m.p.frame(mercRead, 0x0405)}, nil
	})
}

// Hot makes it complain of heat with each start, until it has pauses of that
// many milliseconds.
func (m *Mercury) Hot(off int) error {
	return m.tell(func(time.Time) { m.p.hot = off })
}

// Disconnect takes the antennas off, or puts them on again.
func (m *Mercury) Disconnect(off bool) error {
	return m.tell(func(time.Time) { m.p.loose = off })
}

// Corrupt flips a bit in each of its next n frames.
func (m *Mercury) Corrupt(n int) error { return m.tell(func(time.Time) { m.p.corrupt = n }) }

// Halve sends half of its next frame and then nothing for a while.
func (m *Mercury) Halve(pause time.Duration) error {
	return m.tell(func(time.Time) { m.p.halve = pause })
}

// Stall stops it without a word, or lets it go on.
func (m *Mercury) Stall(on bool) error { return m.tell(func(time.Time) { m.p.stalled = on }) }

// Temperature sends a record of its state among the tags.
func (m *Mercury) Temperature() error {
	return m.do(func(time.Time) ([][]byte, error) {
		return [][]byte{m.p.frame(mercRead, 0, 0x10, 0x00, 0x1B, 0x00, 0x57, 0x02, 0x01, 0x00, 0x2A, 0x00)}, nil
	})
}

// Opcodes.
const (
	mercVersion = 0x03
	mercBoot    = 0x04
	mercProgram = 0x0C
	mercRead    = 0x22
	mercMulti   = 0x2F
)

// mercurySim is the protocol.
type mercurySim struct {
	o    MercuryOptions
	is   MercuryState
	part []byte
	late []mercuryLate // what it says later

	deaf     time.Time // it does not hear before
	alive    time.Time // when it last said something
	paced    time.Time // reads up to here have been told
	metadata uint16
	several  bool
	turn     int
	known    map[string]bool // tags that were told since the start

	hot, corrupt   int
	loose, stalled bool
	halve          time.Duration
	mute           time.Time // it says nothing before
}

type mercuryLate struct {
	at time.Time
	b  []byte
}

func newMercury(o MercuryOptions) *mercurySim {
	if o.Hardware == 0 {
		o.Hardware = 0x30
	}
	if o.Ports == 0 {
		o.Ports = 2
	}
	if o.MostPower == 0 {
		o.MostPower = 2700
	}
	if o.Rate == 0 {
		o.Rate = 200
	}
	if o.SignOfLife == 0 {
		o.SignOfLife = time.Second
	}
	if o.Regions == nil {
		o.Regions = []byte{8, 13}
	}
	return &mercurySim{o: o}
}

func (m *mercurySim) powerOn(now time.Time) {
	starts, stops, told := m.is.Starts, m.is.Stops, m.is.Told
	m.is = MercuryState{Application: !m.o.BootLoader, Power: 1000, Filter: true, Gen2: map[byte][]byte{}, Starts: starts, Stops: stops, Told: told}
	m.part, m.late, m.stalled, m.deaf = nil, nil, false, now
	if m.o.Announces {
		m.later(now.Add(200*time.Millisecond), m.frame(mercBoot, 0, m.version()...))
	}
}

func (m *mercurySim) state() MercuryState {
	s := m.is
	s.Antennas, s.Ignored = slices.Clone(s.Antennas), slices.Clone(s.Ignored)
	s.Gen2 = map[byte][]byte{}
	for key, value := range m.is.Gen2 {
		s.Gen2[key] = slices.Clone(value)
	}
	return s
}

func (m *mercurySim) later(at time.Time, b []byte) { m.late = append(m.late, mercuryLate{at, b}) }

// mercuryBeat is how often it tells what it has read meanwhile.
const mercuryBeat = 5 * time.Millisecond

// hurry is how long it waits for a host that does not read.
func (m *mercurySim) hurry() time.Duration { return mercuryBeat }

func (m *mercurySim) due() time.Time {
	var due time.Time
	soonest := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	for _, l := range m.late {
		soonest(l.at)
	}
	if m.is.Streaming && !m.stalled {
		soonest(m.paced.Add(mercuryBeat))
	}
	return due
}

func (m *mercurySim) tick(now time.Time) (say [][]byte) {
	for len(m.late) > 0 && !m.late[0].at.After(now) {
		say = append(say, m.late[0].b)
		m.late = m.late[1:]
	}
	if m.is.Streaming && !m.stalled && now.Sub(m.paced) >= mercuryBeat {
		say = append(say, m.read(now)...)
	}
	return m.spoil(say, now)
}

// spoil does to its frames what was asked for.
func (m *mercurySim) spoil(say [][]byte, now time.Time) (spoiled [][]byte) {
	for _, b := range say {
		switch {
		case now.Before(m.mute):
		case m.halve > 0:
			b = b[:len(b)/2]
			m.mute, m.halve = now.Add(m.halve), 0
			spoiled = append(spoiled, b)
		case m.corrupt > 0:
			m.corrupt--
			b[len(b)/2] ^= 0x04
			spoiled = append(spoiled, b)
		default:
			spoiled = append(spoiled, b)
		}
	}
	return spoiled
}

// read tells what was heard since the last time.
func (m *mercurySim) read(now time.Time) (say [][]byte) {
	rate := m.o.Rate
	if on, off := m.is.OnOff[0], m.is.OnOff[1]; off > 0 {
		rate = rate * on / (on + off)
	}
	count := int(now.Sub(m.paced) * time.Duration(rate) / time.Second)
	if count == 0 && now.Sub(m.paced) < m.o.SignOfLife {
		return nil
	}
	m.paced = now
	if m.loose {
		return m.sign(now, 0x0505)
	}
	var heard []Tag
	if m.o.Tags != nil {
		heard = slices.DeleteFunc(slices.Clone(m.o.Tags(now)), func(t Tag) bool {
			return !slices.Contains(m.is.Antennas, t.Antenna) || m.is.Filter && m.known[string(t.EPC)]
		})
	}
	if len(heard) == 0 {
		return m.sign(now, 0x0400)
	}
	if m.is.Filter {
		count = min(count, len(heard))
	}
	for range min(count, m.o.Rate) {
		t := heard[m.turn%len(heard)]
		m.turn++
		m.known[string(t.EPC)] = true
		m.is.Told++
		say = append(say, m.frame(mercRead, 0, m.record(t, now)...))
	}
	m.alive = now
	return say
}

// sign is its sign of life, or what is wrong with it.
func (m *mercurySim) sign(now time.Time, status uint16) [][]byte {
	if now.Sub(m.alive) < m.o.SignOfLife {
		return nil
	}
	m.alive = now
	return [][]byte{m.frame(mercRead, status)}
}

// record is one tag as the stream brings it.
func (m *mercurySim) record(t Tag, now time.Time) (b []byte) {
	if m.several {
		b = append(b, 0x88)
	}
	b = append(b, 0x10, 0x00, 0x1B)
	b = binary.BigEndian.AppendUint16(b, m.metadata)
	b = append(b, 0x01)
	for bit, field := range [][]byte{
		{1}, {byte(int8(t.RSSI))}, {byte(t.Antenna)<<4 | byte(t.Antenna)&15}, {0x0D, 0x35, 0x6C},
		binary.BigEndian.AppendUint32(nil, uint32(now.UnixMilli())), {0, 90}, {5}, {0, 0}, {0x0F}, {4}, {0}, {0}, {0, 0}, {0},
	} {
		if m.metadata>>bit&1 != 0 {
			b = append(b, field...)
		}
	}
	sent := append(binary.BigEndian.AppendUint16(nil, t.pc()), t.EPC...)
	sent = append(sent, tagCRC(sent)...)
	b = binary.BigEndian.AppendUint16(b, uint16(8*len(sent)))
	return append(b, sent...)
}

// tagCRC is what a tag adds to what it sends: a division bit by bit, which begins
// with ones and ends with the complement.
func tagCRC(b []byte) []byte {
	rest := uint32(0xFFFF)
	for _, one := range b {
		for bit := 7; bit >= 0; bit-- {
			if rest = rest<<1 ^ uint32(one>>bit&1)<<16; rest&0x10000 != 0 {
				rest ^= 0x11021
			}
		}
	}
	return []byte{^byte(rest >> 8), ^byte(rest)}
}

// mercuryCRC takes the message in at the low end of its register.
func mercuryCRC(b []byte) []byte {
	rest := uint32(0xFFFF)
	for _, one := range b {
		for bit := 7; bit >= 0; bit-- {
			if rest = rest<<1 | uint32(one>>bit&1); rest&0x10000 != 0 {
				rest ^= 0x11021
			}
		}
	}
	return []byte{byte(rest >> 8), byte(rest)}
}

// frame makes a response.
func (m *mercurySim) frame(op byte, status uint16, data ...byte) []byte {
	b := append([]byte{0xFF, byte(len(data)), op, byte(status >> 8), byte(status)}, data...)
	return append(b, mercuryCRC(b[1:])...)
}

func (m *mercurySim) version() []byte {
	return []byte{0x12, 0x09, 0x12, 0x16, m.o.Hardware, 0, 0, 1, 0x20, 0x19, 0x03, 0x28, 0x01, 0x09, 0x00, 0x02, 0, 0, 0, 0x10}
}
