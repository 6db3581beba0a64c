package sim

import (
	"slices"
	"time"
)

// CFPrimeSetup is how a Chafon with the UHF Prime protocol comes out of its box.
type CFPrimeSetup struct {
	Tags     Tags
	Region   byte          // stored: a number, and the plan of frequencies
	First    int           // kHz
	Step     int           // kHz
	Channels byte          //
	Power    byte          // stored, dBm
	Antennas byte          // stored: one bit for each
	Active   bool          // stored: it reads as soon as it has power
	Greets   bool          // as one on a network: two bytes 00 first
	Dumb     bool          // does not say who it is
	Round    time.Duration // 0 is 5 ms
}

// CFPrimeState is what a host has made of it.
type CFPrimeState struct {
	Power   byte
	Reading bool
	Starts  int // times that it was told to
	Stored  int // times that anything was written
	Heard   int // tags told
	Empty   int // rounds without a tag
	Missed  int // bytes that were no command
}

// CFPrime is such a reader on a pseudo terminal.
type CFPrime struct {
	*talker[CFPrimeState]
	wire *cfPrimeWire
}

// NewCFPrime plugs a reader in under the name link. Its cable is its power.
func NewCFPrime(link string, setup CFPrimeSetup) (*CFPrime, error) {
	if setup.Round == 0 {
		setup.Round = 5 * time.Millisecond
	}
	w := &cfPrimeWire{setup: setup, is: CFPrimeState{Power: setup.Power}}
	t, err := newTalker(link, w)
	return &CFPrime{t, w}, err
}

// Damage lets the CRC of the next frames be wrong.
func (c *CFPrime) Damage(n int) { c.tell(func() { c.wire.damage = n }) }

// Stall lets it end its inventory with an error, as one whose radio module is
// stuck.
func (c *CFPrime) Stall() error {
	return c.do(func(time.Time) ([][]byte, error) {
		c.wire.is.Reading, c.wire.ends = false, time.Time{}
		return [][]byte{cfPrimeFrame(0x01, 0x02)}, nil
	})
}

// Fall lets it end its inventory without a word.
func (c *CFPrime) Fall() {
	c.tell(func() { c.wire.is.Reading, c.wire.ends = false, time.Time{} })
}

func (c *CFPrime) tell(what func()) {
	_ = c.do(func(time.Time) ([][]byte, error) { what(); return nil, nil }) // it sends nothing, so nothing fails
}

// cfPrimeWire is the reader's side of the protocol.
type cfPrimeWire struct {
	setup  CFPrimeSetup
	is     CFPrimeState
	in     []byte
	greet  bool
	ends   time.Time // of a round; zero: none
	damage int
}

func cfPrimeFrame(command, status byte, data ...byte) []byte {
	f := append([]byte{0xCF, 0, 0, command, byte(1 + len(data)), status}, data...)
	crc := chafonCRC(f)
	return append(f, byte(crc>>8), byte(crc))
}

func (w *cfPrimeWire) powerOn(now time.Time) {
	w.in, w.ends, w.is.Reading, w.greet = nil, time.Time{}, w.setup.Active, w.setup.Greets
	w.wind(now)
}

func (w *cfPrimeWire) wind(now time.Time) {
	if w.is.Reading && w.ends.IsZero() {
		w.ends = now.Add(w.setup.Round)
	}
}

func (w *cfPrimeWire) due() time.Time       { return w.ends }
func (w *cfPrimeWire) hurry() time.Duration { return 20 * time.Millisecond }
func (w *cfPrimeWire) state() CFPrimeState  { return w.is }

func (w *cfPrimeWire) hear(b []byte, now time.Time) (say [][]byte) {
	if w.greet {
		w.greet = false
		say = append(say, []byte{0, 0})
	}
	w.in = append(w.in, b...)
	for len(w.in) >= 7 {
		n := 7 + int(w.in[4])
		is := w.in[0] == 0xCF && w.in[2] == 0 && n <= 64
		if is && len(w.in) < n {
			break
		}
		if !is || chafonCRC(w.in[:n-2]) != uint16(w.in[n-2])<<8|uint16(w.in[n-1]) {
			w.in = w.in[1:]
			w.is.Missed++
			continue
		}
		f := w.in[:n]
		w.in = w.in[n:]
		if f[1] == 0 || f[1] == 0xFF {
			say = append(say, w.spoil(w.obey(f[3], f[5:n-2]))...)
		}
	}
	w.wind(now)
	return say
}

// obey does what a command says.
func (w *cfPrimeWire) obey(command byte, data []byte) [][]byte {
	one := func(status byte, data ...byte) [][]byte { return [][]byte{cfPrimeFrame(command, status, data...)} }
	field := func(text string, size int) []byte { return append([]byte(text), make([]byte, size-len(text))...) }
	s := &w.setup
	switch {
	case command == 0x01 && len(data) == 5:
		w.is.Reading = true
		w.is.Starts++
		return nil // tags, or none, are the answer
	case command == 0x02:
		w.is.Reading, w.ends = false, time.Time{}
		return one(0)
	case command == 0x53 && len(data) == 2:
		if data[0] == 0 || data[0] > 33 {
			return one(1)
		}
		w.is.Power = data[0]
		w.is.Stored++
		return one(0)
	case command == 0x70 && !s.Dumb:
		return one(0, slices.Concat(field("CF600", 32), field("V2.11", 32), field("A1B2C3D4E5F6", 12), field("M1.0", 32), field("E710", 32), field("0001", 12))...)
	case command == 0x72:
		mode := byte(0)
		if s.Active {
			mode = 1
		}
		return one(0, 0, 0, mode, 0x80, 4, 0, s.Antennas,
			s.Region, byte(s.First/1000>>8), byte(s.First/1000), byte(s.First%1000>>8), byte(s.First%1000), byte(s.Step>>8), byte(s.Step), s.Channels,
			w.is.Power, 1, 4, 0, 0, 0, 0, 3, 1, 5)
	case s.Dumb:
		return nil
	}
	return one(2)
}

// tick ends a round.
func (w *cfPrimeWire) tick(now time.Time) (say [][]byte) {
	if w.ends.IsZero() || now.Before(w.ends) {
		return nil
	}
	w.ends = time.Time{}
	if w.setup.Tags != nil {
		for _, t := range w.setup.Tags(now) {
			tenths := uint16(t.RSSI * 10)
			say = append(say, cfPrimeFrame(0x01, 0, append([]byte{byte(tenths >> 8), byte(tenths), byte(t.Antenna), 7, byte(len(t.EPC))}, t.EPC...)...))
			w.is.Heard++
		}
	}
	if len(say) == 0 {
		say = [][]byte{cfPrimeFrame(0x01, 0x12)}
		w.is.Empty++
	}
	w.wind(now)
	return w.spoil(say)
}

// spoil does to frames what was asked for.
func (w *cfPrimeWire) spoil(say [][]byte) [][]byte {
	for _, f := range say {
		if w.damage > 0 {
			w.damage--
			f[len(f)-1]++
		}
	}
	return say
}
