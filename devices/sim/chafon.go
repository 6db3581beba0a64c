package sim

import (
	"slices"
	"time"
)

// ChafonSetup is how a Chafon reader comes out of its box.
type ChafonSetup struct {
	Tags      Tags          // strengths in dBm; the reader tells them on a scale of its own
	Type      byte          // 09 is an UHFReader18, whose tags have another form; 0 is 0C, an UHFReader288
	Firmware  [2]byte       //
	Band      [2]byte       // stored: last and first channel, with the region's bits
	Power     byte          // stored, dBm
	Mode      byte          // stored: 0 answer, 1 realtime, 2 trigger
	Serial    []byte        // nil: it does not know that command
	Unplugged []int         // antennas that fail
	TID       bool          // tells the chip's number behind the EPC
	Round     time.Duration // for each inventory or push; 0 is 5 ms
	Batch     int           // most tags in one frame of an answer; 0 is all that fit
}

// ChafonState is what a host has made of it.
type ChafonState struct {
	Band    [2]byte
	Power   byte
	Mode    byte
	Fast    bool  // a fast inventory runs
	Stored  int   // times that anything was written to flash
	Rounds  int   // inventories that were asked for
	Heard   int   // tags told
	Ignored int   // commands that it does not take while it pushes
	Refused []int // statuses of the errors it has told
	Missed  int   // bytes that were no command
}

// Chafon is such a reader on a pseudo terminal.
type Chafon struct {
	*talker[ChafonState]
	wire *chafonWire
}

// NewChafon plugs a reader in under the name link. Its cable is its power.
func NewChafon(link string, setup ChafonSetup) (*Chafon, error) {
	if setup.Type == 0 {
		setup.Type = 0x0C
	}
	if setup.Round == 0 {
		setup.Round = 5 * time.Millisecond
	}
	w := &chafonWire{setup: setup, is: ChafonState{Band: setup.Band, Power: setup.Power, Mode: setup.Mode}}
	t, err := newTalker(link, w)
	return &Chafon{t, w}, err
}

// LoseEnds lets the end of the next inventories get lost.
func (c *Chafon) LoseEnds(n int) { c.tell(func() { c.wire.loseEnds = n }) }

// Damage lets the CRC of the next frames be wrong.
func (c *Chafon) Damage(n int) { c.tell(func() { c.wire.damage = n }) }

// Cables says which antennas fail.
func (c *Chafon) Cables(missing ...int) { c.tell(func() { c.wire.setup.Unplugged = missing }) }

// Glue sends the frames of each answer in one piece from now on.
func (c *Chafon) Glue() { c.tell(func() { c.wire.glue = true }) }

// Pause breaks the next frame in two, with a pause between the halves.
func (c *Chafon) Pause(d time.Duration) { c.tell(func() { c.wire.pause = d }) }

// SetMode is somebody else who sets its mode.
func (c *Chafon) SetMode(mode byte) {
	c.tell(func() { c.wire.is.Mode, c.wire.ends = mode, time.Time{} })
}

// Heartbeat is sent by one that pushes.
func (c *Chafon) Heartbeat() error {
	return c.do(func(time.Time) ([][]byte, error) {
		return [][]byte{chafonFrame(0xEE, 0x28, 0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 42)}, nil
	})
}

func (c *Chafon) tell(what func()) {
	_ = c.do(func(now time.Time) ([][]byte, error) { what(); c.wire.wind(now); return nil, nil }) // it sends nothing, so nothing fails
}

// chafonWire is the reader's side of the protocol.
type chafonWire struct {
	setup    ChafonSetup
	is       ChafonState
	in       []byte
	heard    time.Time // the last of in
	antenna  int       // of the inventory under way
	ends     time.Time // when it is over, or the next push is due; zero: neither
	loseEnds int
	damage   int
	glue     bool
	pause    time.Duration
	half     []byte // the second half of a frame, to be sent at late
	late     time.Time
}

// chafonCRC is the CRC-16 of the polynomial 8408, bit by bit.
func chafonCRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, one := range b {
		crc ^= uint16(one)
		for range 8 {
			if crc&1 == 1 {
				crc = crc>>1 ^ 0x8408
			} else {
				crc >>= 1
			}
		}
	}
	return crc
}

func chafonFrame(command, status byte, data ...byte) []byte {
	f := append([]byte{byte(5 + len(data)), 0, command, status}, data...)
	crc := chafonCRC(f)
	return append(f, byte(crc), byte(crc>>8))
}

func (w *chafonWire) powerOn(now time.Time) {
	w.in, w.ends, w.half, w.late = nil, time.Time{}, nil, time.Time{}
	w.is.Fast = false
	w.wind(now)
}

// wind starts the clock of a reader that pushes.
func (w *chafonWire) wind(now time.Time) {
	if w.pushes() && w.ends.IsZero() {
		w.ends = now.Add(w.setup.Round)
	}
}

func (w *chafonWire) pushes() bool { return w.is.Mode == 1 || w.is.Fast }

// hurry is how long it waits for a host that does not read.
func (w *chafonWire) hurry() time.Duration { return 20 * time.Millisecond }

func (w *chafonWire) state() ChafonState {
	is := w.is
	is.Refused = slices.Clone(is.Refused)
	return is
}

func (w *chafonWire) due() time.Time {
	if !w.late.IsZero() {
		return w.late
	}
	return w.ends
}

func (w *chafonWire) hear(b []byte, now time.Time) (say [][]byte) {
	const gap = 15 * time.Millisecond // within a command; a longer one makes it void
	if now.Sub(w.heard) > gap {
		w.in = nil
	}
	w.in, w.heard = append(w.in, b...), now
	for len(w.in) > 0 {
		n := int(w.in[0]) + 1
		if n >= 5 && len(w.in) < n {
			break
		}
		if n < 5 || chafonCRC(w.in[:n]) != 0 {
			w.in = w.in[1:]
			w.is.Missed++
			continue
		}
		f := w.in[:n]
		w.in = w.in[n:]
		if f[1] == 0 || f[1] == 0xFF {
			say = append(say, w.obey(f[2], slices.Clone(f[3:n-2]), now)...)
		}
	}
	w.wind(now)
	return w.spoil(say, now)
}

// obey does what a command says.
func (w *chafonWire) obey(command byte, data []byte, now time.Time) [][]byte {
	if w.pushes() && command != 0x21 && command != 0x76 && command != 0x77 && (command != 0x51 || !w.is.Fast) {
		w.is.Ignored++
		return nil
	}
	ok := func(data ...byte) [][]byte { return [][]byte{chafonFrame(command, 0, data...)} }
	refuse := func(as, status byte) [][]byte {
		w.is.Refused = append(w.is.Refused, int(status))
		return [][]byte{chafonFrame(as, status)}
	}
	old := w.setup.Type == 9
	switch {
	case command == 0x21:
		return ok(w.setup.Firmware[0], w.setup.Firmware[1], w.setup.Type, 3, w.is.Band[0], w.is.Band[1], w.is.Power, 10, 1, 0, 0, 0)
	case command == 0x22 && len(data) == 2:
		w.is.Band = [2]byte(data)
		w.is.Stored++
		return ok()
	case command == 0x2F && len(data) == 1:
		if data[0] > 33 {
			return refuse(command, 0xFF)
		}
		w.is.Power = data[0]
		w.is.Stored++
		return ok()
	case command == 0x4C && w.setup.Serial != nil:
		return ok(w.setup.Serial...)
	case command == 0x76 && len(data) == 1 && !old:
		w.is.Mode = data[0]
		w.is.Stored++
		if !w.pushes() {
			w.ends = time.Time{}
		}
		return ok()
	case command == 0x77 && !old:
		return ok(w.is.Mode, 0, 0, 0)
	case command == 0x50 && len(data) == 1 && !old:
		w.is.Fast = true
		return ok()
	case command == 0x51 && !old:
		w.is.Fast, w.ends = false, time.Time{}
		return ok()
	case command == 0x01 && (len(data) == 5 && !old || len(data) == 0 && old):
		w.is.Rounds++
		w.antenna = 1
		if !old {
			w.antenna = int(data[3]-0x80) + 1
		}
		if slices.Contains(w.setup.Unplugged, w.antenna) {
			return refuse(command, 0xF8)
		}
		w.ends = now.Add(w.setup.Round)
		return nil
	}
	return refuse(0, 0xFE)
}

// tick ends an inventory, pushes, or sends what is left of a frame.
func (w *chafonWire) tick(now time.Time) (say [][]byte) {
	if !w.late.IsZero() {
		if now.Before(w.late) {
			return nil
		}
		half := w.half
		w.half, w.late = nil, time.Time{}
		return [][]byte{half}
	}
	if w.ends.IsZero() || now.Before(w.ends) {
		return nil
	}
	w.ends = time.Time{}
	if w.pushes() {
		for antenna := 1; antenna <= 4; antenna++ {
			for _, t := range w.setup.Tags.at(antenna, now) {
				say = append(say, chafonFrame(0xEE, 0, append([]byte{1 << (antenna - 1)}, w.record(t)...)...))
				w.is.Heard++
			}
		}
		w.wind(now)
		return w.spoil(say, now)
	}
	heard := w.setup.Tags.at(w.antenna, now)
	w.is.Heard += len(heard)
	head := []byte{1 << (w.antenna - 1)}
	if w.setup.Type == 9 {
		head = nil
	}
	batch := w.setup.Batch
	if batch == 0 {
		batch = 5
	}
	for some := range slices.Chunk(heard, batch) {
		data := append(slices.Clone(head), byte(len(some)))
		for _, t := range some {
			data = append(data, w.record(t)...)
		}
		say = append(say, chafonFrame(1, 3, data...))
	}
	end := chafonFrame(1, 1, append(slices.Clone(head), 0)...)
	if len(heard) == 0 {
		end = chafonFrame(1, 0xFB)
	}
	if w.loseEnds > 0 {
		w.loseEnds--
	} else {
		say = append(say, end)
	}
	return w.spoil(say, now)
}

// record is a tag in the form of the model.
func (w *chafonWire) record(t Tag) []byte {
	size := len(t.EPC)
	if w.setup.Type == 9 {
		return append([]byte{byte(size)}, t.EPC...)
	}
	id := t.EPC
	flag := byte(0)
	if w.setup.TID && len(t.TID) > 0 {
		id, flag = slices.Concat(t.EPC, t.TID), 0x80
	}
	return append(append([]byte{byte(len(id)) | flag}, id...), byte(t.RSSI+150)) // any scale will do: nobody knows the real one
}

// spoil does to frames what was asked for. A line has one frame after the other:
// while the second half of one is to come, what else is said waits behind it.
func (w *chafonWire) spoil(say [][]byte, now time.Time) [][]byte {
	waits := !w.late.IsZero()
	for i, f := range say {
		if w.damage > 0 {
			w.damage--
			f[len(f)-1]++
		}
		if w.pause > 0 && w.late.IsZero() && i == len(say)-1 {
			half := len(f) / 2
			say[i], w.half, w.late, w.pause = f[:half], f[half:], now.Add(w.pause), 0
		}
	}
	switch {
	case waits:
		w.half = append(w.half, slices.Concat(say...)...)
		return nil
	case w.glue && len(say) > 0:
		return [][]byte{slices.Concat(say...)}
	}
	return say
}
