package sim

import (
	"slices"
	"time"
)

// SWCTSetup is how a reader of the SW/CT family comes out of its box.
type SWCTSetup struct {
	Tags    Tags          // strengths in dBm; the reader tells them on a scale of its own
	Band    [2]byte       // stored: last and first channel, with the region's bits
	Power   byte          // stored, dBm
	Most    byte          // the highest power that it takes; 0 is 30
	Mode    byte          // stored: 0 answer, 1 active, 2 trigger
	Filter  byte          // stored, seconds; it is not simulated
	Serial  [7]byte       //
	Idle    bool          // in mode active it waits for the start after each power-up
	Limited bool          // knows neither single settings but the mode, nor its antennas
	Round   time.Duration // for each inventory or push; 0 is 5 ms
}

// SWCTState is what a host has made of it.
type SWCTState struct {
	Band    [2]byte
	Power   byte
	Mode    byte
	Filter  byte
	Reading bool  // it pushes
	Starts  int   // times that it was told to
	Stored  int   // times that anything was written to flash
	Rounds  int   // inventories that were asked for
	Heard   int   // tags told
	Refused []int // commands that it did not take
	Missed  int   // bytes that were no command
}

// SWCT is such a reader on a pseudo terminal.
type SWCT struct {
	*talker[SWCTState]
	wire *swctWire
}

// NewSWCT plugs a reader in under the name link. Its cable is its power.
func NewSWCT(link string, setup SWCTSetup) (*SWCT, error) {
	if setup.Round == 0 {
		setup.Round = 5 * time.Millisecond
	}
	if setup.Most == 0 {
		setup.Most = 30
	}
	w := &swctWire{setup: setup, is: SWCTState{Band: setup.Band, Power: setup.Power, Mode: setup.Mode, Filter: setup.Filter}}
	t, err := newTalker(link, w)
	return &SWCT{t, w}, err
}

// Damage lets the check of the next frames be wrong.
func (s *SWCT) Damage(n int) { s.tell(func() { s.wire.damage = n }) }

// LoseRounds lets the answers to the next inventories get lost.
func (s *SWCT) LoseRounds(n int) { s.tell(func() { s.wire.lose = n }) }

// SetMode is somebody else who sets its mode.
func (s *SWCT) SetMode(mode byte) {
	s.tell(func() { s.wire.is.Mode, s.wire.is.Reading, s.wire.ends = mode, mode == 1, time.Time{} })
}

func (s *SWCT) tell(what func()) {
	_ = s.do(func(now time.Time) ([][]byte, error) { what(); s.wire.wind(now); return nil, nil }) // it sends nothing, so nothing fails
}

// swctWire is the reader's side of the protocol.
type swctWire struct {
	setup  SWCTSetup
	is     SWCTState
	in     []byte
	ends   time.Time // when an inventory is over, or the next push is due; zero: neither
	damage int
	lose   int
}

func swctFrame(command, status byte, data ...byte) []byte {
	size := 4 + len(data)
	f := append([]byte{0x43, 0x54, byte(size / 256), byte(size % 256), 0, command, status}, data...)
	sum := 0
	for _, b := range f {
		sum += int(b)
	}
	return append(f, byte(^sum+1))
}

func (w *swctWire) powerOn(now time.Time) {
	w.in, w.ends = nil, time.Time{}
	w.is.Reading = w.is.Mode == 1 && !w.setup.Idle
	w.wind(now)
}

// wind starts the clock of a reader that pushes.
func (w *swctWire) wind(now time.Time) {
	if w.is.Reading && w.ends.IsZero() {
		w.ends = now.Add(w.setup.Round)
	}
}

func (w *swctWire) due() time.Time       { return w.ends }
func (w *swctWire) hurry() time.Duration { return 20 * time.Millisecond }

func (w *swctWire) state() SWCTState {
	is := w.is
	is.Refused = slices.Clone(is.Refused)
	return is
}

func (w *swctWire) hear(b []byte, now time.Time) (say [][]byte) {
	w.in = append(w.in, b...)
	for len(w.in) >= 7 {
		size := 4 + int(w.in[2])*256 + int(w.in[3])
		is := w.in[0] == 0x53 && w.in[1] == 0x57 && size >= 7 && size <= 64
		if is && len(w.in) < size {
			break
		}
		sum := byte(0)
		if is {
			for _, one := range w.in[:size] {
				sum += one
			}
		}
		if !is || sum != 0 {
			w.in = w.in[1:]
			w.is.Missed++
			continue
		}
		f := w.in[:size]
		w.in = w.in[size:]
		if f[4] == 0 || f[4] == 0xFF {
			say = append(say, w.obey(f[5], f[6:size-1], now)...)
		}
	}
	w.wind(now)
	return w.spoil(say)
}

// obey does what a command says.
func (w *swctWire) obey(command byte, data []byte, now time.Time) [][]byte {
	good := func(data ...byte) [][]byte { return [][]byte{swctFrame(command, 1, data...)} }
	bad := func() [][]byte {
		w.is.Refused = append(w.is.Refused, int(command))
		return [][]byte{swctFrame(command, 0)}
	}
	settings := map[byte]*byte{2: &w.is.Mode, 4: &w.is.Filter, 5: &w.is.Power}
	if w.setup.Limited {
		delete(settings, 4)
		delete(settings, 5)
	}
	switch {
	case command == 0x10:
		return good(append([]byte{0x14, 0x11}, w.setup.Serial[:]...)...)
	case command == 0x23 && len(data) == 1 && settings[data[0]] != nil:
		return good(data[0], *settings[data[0]])
	case command == 0x24 && len(data) == 2 && settings[data[0]] != nil:
		if data[0] == 5 && data[1] > w.setup.Most || data[0] == 2 && data[1] > 2 {
			return bad()
		}
		*settings[data[0]] = data[1]
		w.is.Stored++
		return good()
	case command == 0x3E:
		return good(w.is.Band[:]...)
	case command == 0x3F && len(data) == 2:
		w.is.Band = [2]byte(data)
		w.is.Stored++
		return good()
	case command == 0x40:
		w.is.Reading, w.ends = false, time.Time{}
		return good()
	case command == 0x41 && w.is.Mode == 1:
		w.is.Reading = true
		w.is.Starts++
		return good()
	case command == 0xE1 && !w.setup.Limited:
		return good(0x00, 0x0F)
	case command == 0x01 && w.is.Mode == 0:
		w.is.Rounds++
		w.ends = now.Add(w.setup.Round)
		return nil
	}
	return bad()
}

// tick ends an inventory, or pushes.
func (w *swctWire) tick(now time.Time) (say [][]byte) {
	if w.ends.IsZero() || now.Before(w.ends) {
		return nil
	}
	w.ends = time.Time{}
	var records []byte
	heard := 0
	if w.setup.Tags != nil {
		for _, t := range w.setup.Tags(now) {
			records = append(records, byte(3+len(t.EPC)), 1, byte(t.Antenna))
			records = append(append(records, t.EPC...), byte(t.RSSI+150)) // any scale will do: nobody knows the real one
			heard++
		}
	}
	w.is.Heard += heard
	switch {
	case !w.is.Reading && w.lose > 0:
		w.lose--
	case !w.is.Reading && heard == 0:
		say = [][]byte{swctFrame(0x01, 0)}
	case !w.is.Reading:
		say = [][]byte{swctFrame(0x01, 1, append([]byte{byte(heard / 256), byte(heard)}, records...)...)}
	case heard > 0:
		say = [][]byte{swctFrame(0x45, 1, slices.Concat(w.setup.Serial[:], []byte{byte(heard)}, records)...)}
	}
	w.wind(now)
	return w.spoil(say)
}

// spoil does to frames what was asked for.
func (w *swctWire) spoil(say [][]byte) [][]byte {
	for _, f := range say {
		if w.damage > 0 {
			w.damage--
			f[len(f)-1]++
		}
	}
	return say
}
