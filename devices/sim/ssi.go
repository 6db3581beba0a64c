package sim

import "time"

// SSI is an SSI scanner on a pseudo terminal.
type SSI struct {
	*talker[SSIState]
	wire *ssiWire
}

// NewSSI plugs a scanner in under the name link, which stays its name from one
// Replug to the next. Its cable is its power.
func NewSSI(link string, setup SSISetup) (*SSI, error) {
	wire := &ssiWire{SSIDevice: NewSSIDevice(setup)}
	t, err := newTalker(link, wire)
	return &SSI{t, wire}, err
}

// Scan reads a code, as after a pull of the trigger. It does not wait until the
// host has it: see Wait.
func (s *SSI) Scan(codeType byte, aim, code string) error {
	return s.Do(func(d *SSIDevice) ([][]byte, error) { return d.Scan(codeType, aim, code) })
}

// Do lets the scanner do something, and sends what comes of it.
func (s *SSI) Do(what func(*SSIDevice) ([][]byte, error)) error {
	return s.do(func(now time.Time) ([][]byte, error) {
		say, err := what(s.wire.SSIDevice)
		s.wire.watch(now)
		return say, err
	})
}

// Tell is Do for what sends nothing: scan a programming barcode, lose the next
// acknowledgement, corrupt the next packet.
func (s *SSI) Tell(what func(*SSIDevice)) error {
	return s.Do(func(d *SSIDevice) ([][]byte, error) { what(d); return nil, nil })
}

// ssiWire gives an SSIDevice a clock.
type ssiWire struct {
	*SSIDevice
	timed int       // the round that runs out at late
	late  time.Time // when an acknowledgement is missing; zero: none is
}

// watch starts the clock for what has just been sent, and stops it when the
// acknowledgement has come.
func (w *ssiWire) watch(now time.Time) {
	switch {
	case !w.Waiting() || w.setup.Timeout == 0:
		w.late = time.Time{}
	case w.timed != w.rounds:
		w.late = now.Add(w.setup.Timeout)
	}
	w.timed = w.rounds
}

func (w *ssiWire) hear(b []byte, now time.Time) [][]byte {
	defer w.watch(now)
	return w.Hear(b)
}

func (w *ssiWire) tick(now time.Time) [][]byte {
	defer w.watch(now)
	return w.Late()
}

func (w *ssiWire) due() time.Time { return w.late }

func (w *ssiWire) powerOn(now time.Time) {
	w.PowerCycle()
	w.watch(now)
}

func (w *ssiWire) state() SSIState { return w.State() }
