package sim

import (
	"slices"
	"time"
)

// A0Setup is how a reader of the Indy R2000 class comes out of its box.
type A0Setup struct {
	Tags      Tags
	Firmware  [2]byte
	Name      string        // its identifier; empty: nobody gave it one
	Region    [3]byte       // stored: code, first and last channel
	Ports     int           // 4 or 8; 0 is 4
	Unplugged []int         // antennas that have no cable
	Phase     bool          // two bytes of phase behind each strength
	SL        bool          // its command 8B has an SL byte
	Round     time.Duration // for each antenna of a command; 0 is 5 ms
}

// A0State is what a host has made of it.
type A0State struct {
	Region  [3]byte
	Stored  int   // times that the region was written to flash
	Power   byte  // dBm, until the power goes; 0: as it is stored
	Antenna int   // from 1
	Rounds  int   // that have been asked for
	Heard   int   // tags told
	Target  byte  // of the last session round
	Session byte  // likewise
	Refused []int // codes of the errors it has told
	Missed  int   // bytes that were no command
}

// A0 is such a reader on a pseudo terminal.
type A0 struct {
	*talker[A0State]
	wire *a0Wire
}

// NewA0 plugs a reader in under the name link. Its cable is its power.
func NewA0(link string, setup A0Setup) (*A0, error) {
	if setup.Ports == 0 {
		setup.Ports = 4
	}
	if setup.Round == 0 {
		setup.Round = 5 * time.Millisecond
	}
	w := &a0Wire{setup: setup, is: A0State{Region: setup.Region}}
	t, err := newTalker(link, w)
	return &A0{t, w}, err
}

// LoseEnds lets the end of the next rounds get lost.
func (a *A0) LoseEnds(n int) { a.tell(func() { a.wire.loseEnds = n }) }

// Damage lets the check of the next frames be wrong.
func (a *A0) Damage(n int) { a.tell(func() { a.wire.damage = n }) }

// Cables says which antennas have none.
func (a *A0) Cables(missing ...int) { a.tell(func() { a.wire.setup.Unplugged = missing }) }

// Brownout resets it in the middle of what it does, as a weak supply does, and
// lets it say so.
func (a *A0) Brownout() error {
	return a.do(func(now time.Time) ([][]byte, error) {
		a.wire.powerOn(now)
		return a.wire.frames(a0Frame(0x89, 0x20)), nil
	})
}

func (a *A0) tell(what func()) {
	_ = a.do(func(time.Time) ([][]byte, error) { what(); return nil, nil }) // it sends nothing, so nothing fails; unplugged it is forgotten at once anyway
}

// a0Wire is the reader's side of the protocol.
type a0Wire struct {
	setup    A0Setup
	is       A0State
	in       []byte
	boots    time.Time // until then it hears nothing
	round    []byte    // the command under way
	ends     time.Time // when it is over; zero: none is under way
	loseEnds int
	damage   int
}

const a0Address = 1

func a0Frame(command byte, data ...byte) []byte {
	f := append([]byte{0xA0, byte(3 + len(data)), a0Address, command}, data...)
	check := byte(0)
	for _, b := range f {
		check -= b
	}
	return append(f, check)
}

// frames spoils what was asked to be spoiled.
func (w *a0Wire) frames(all ...[]byte) [][]byte {
	for _, f := range all {
		if w.damage > 0 {
			w.damage--
			f[len(f)-1]++
		}
	}
	return all
}

// a0Boot is how long a reader hears nothing after it got its power.
const a0Boot = 100 * time.Millisecond

func (w *a0Wire) powerOn(now time.Time) {
	w.boots = now.Add(a0Boot)
	w.in, w.round, w.ends = nil, nil, time.Time{}
	w.is.Power, w.is.Antenna = 0, 1
}

// hurry is how long it waits for a host that does not read.
func (w *a0Wire) hurry() time.Duration { return 20 * time.Millisecond }

func (w *a0Wire) state() A0State {
	is := w.is
	is.Refused = slices.Clone(is.Refused)
	return is
}

func (w *a0Wire) due() time.Time { return w.ends }

func (w *a0Wire) hear(b []byte, now time.Time) (say [][]byte) {
	if now.Before(w.boots) {
		return nil
	}
	w.in = append(w.in, b...)
	for len(w.in) > 1 {
		n := int(w.in[1]) + 2
		if w.in[0] != 0xA0 || n < 5 {
			w.in = w.in[1:]
			w.is.Missed++
			continue
		}
		if len(w.in) < n {
			break
		}
		check := byte(0)
		for _, b := range w.in[:n] {
			check += b
		}
		if check != 0 {
			w.in = w.in[1:]
			w.is.Missed++
			continue
		}
		f := w.in[:n]
		w.in = w.in[n:]
		if f[2] == a0Address || f[2] == 0xFF {
			say = append(say, w.obey(f[3], slices.Clone(f[4:n-1]), now)...)
		}
	}
	return w.frames(say...)
}

// obey does what a command says.
func (w *a0Wire) obey(command byte, data []byte, now time.Time) [][]byte {
	answer := func(data ...byte) [][]byte { return [][]byte{a0Frame(command, data...)} }
	result := func(code byte) [][]byte {
		if code != 0x10 {
			w.is.Refused = append(w.is.Refused, int(code))
		}
		return answer(code)
	}
	switch {
	case command == 0x70:
		w.powerOn(now)
		return nil
	case command == 0x72:
		return answer(w.setup.Firmware[:]...)
	case command == 0x68:
		name := append([]byte(w.setup.Name), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"...)
		return answer(name[:12]...)
	case command == 0x79:
		return answer(w.is.Region[:]...)
	case command == 0x78 && len(data) == 3:
		if data[0] < 1 || data[0] > 3 {
			return result(0x49)
		}
		if data[1] > data[2] || data[2] > 59 {
			return result(0x4F)
		}
		w.is.Region = [3]byte(data)
		w.is.Stored++
		return result(0x10)
	case command == 0x66 && len(data) == 1:
		if data[0] < 20 || data[0] > 33 {
			return result(0x48)
		}
		w.is.Power = data[0]
		return result(0x10)
	case command == 0x7B:
		return answer(1, 35)
	case command == 0x74 && len(data) == 1:
		if int(data[0]) >= w.setup.Ports {
			return result(0x47)
		}
		w.is.Antenna = int(data[0]) + 1
		return result(0x10)
	case command == 0x89 && len(data) == 1, command == 0x8A && len(data) == 10, command == 0x8B && len(data) == w.sessionBytes():
		w.is.Rounds++
		if command == 0x8B {
			w.is.Session, w.is.Target = data[0], data[len(data)-2]
		}
		if command != 0x8A && slices.Contains(w.setup.Unplugged, w.is.Antenna) {
			return result(0x22)
		}
		w.round, w.ends = append([]byte{command}, data...), now.Add(w.setup.Round)
		return nil
	}
	return result(0x41)
}

func (w *a0Wire) sessionBytes() int {
	if w.setup.SL {
		return 4
	}
	return 3
}

// tick ends a round: what was heard, and that it is over.
func (w *a0Wire) tick(now time.Time) (say [][]byte) {
	if w.ends.IsZero() || now.Before(w.ends) {
		return nil
	}
	command := w.round[0]
	antennas := []int{w.is.Antenna}
	if command == 0x8A {
		antennas = nil
		for i := range 4 {
			switch a := int(w.round[1+2*i]) + 1; {
			case a > 4:
			case slices.Contains(w.setup.Unplugged, a):
				say = append(say, a0Frame(command, byte(a-1), 0x22))
			default:
				antennas = append(antennas, a)
			}
		}
	}
	told := 0
	for _, a := range antennas {
		for _, tag := range w.setup.Tags.at(a, now) {
			say = append(say, w.tag(command, tag))
			told++
		}
	}
	w.is.Heard += told
	n := uint32(told)
	end := a0Frame(command, byte(w.is.Antenna-1), 0, byte(told), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	if command == 0x8A {
		ms := uint32(w.setup.Round / time.Millisecond)
		end = a0Frame(command, byte(n>>16), byte(n>>8), byte(n), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms))
	}
	w.round, w.ends = nil, time.Time{}
	if w.loseEnds > 0 {
		w.loseEnds--
	} else {
		say = append(say, end)
	}
	return w.frames(say...)
}

// tag is how a tag is told.
func (w *a0Wire) tag(command byte, t Tag) []byte {
	strength := byte(t.RSSI + 129)
	if w.setup.Ports > 4 && t.Antenna > 4 {
		strength |= 0x80
	}
	channel := w.is.Region[1]
	data := []byte{channel<<2 | byte(t.Antenna-1)&3, byte(t.pc() >> 8), byte(t.pc())}
	data = append(append(data, t.EPC...), strength)
	if w.setup.Phase {
		data = append(data, 0x12, 0x34)
	}
	return a0Frame(command, data...)
}
