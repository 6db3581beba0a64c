package sim

import (
	"slices"
	"strings"
	"time"
)

// OpticonOptions are how a simulated Opticon scanner is set up.
type OpticonOptions struct {
	Suffix   string
	Version  string        // what it answers to Z1
	Info     string        // and to [EFK
	Answers  bool          // it answers commands with 06 or 15: not known of any model
	Patience time.Duration // how long it waits for ACK in the ACK/NAK mode; 0: a second
	Repeats  int           // how often it then sends the code again; manuals say it does not
}

// OpticonState is what the host has made of it.
type OpticonState struct {
	AIM, Trigger, Handshake, Waiting bool
	Stored                           OpticonSettings
	Sounds                           []string // "good", "error", "vibrate", "good led", "bad led"
	Commands                         []string // that it took
	Ignored                          []string // that it did not know, or bytes outside of commands
}

// OpticonSettings are kept without power, once stored.
type OpticonSettings struct{ AIM, Handshake, TriggerOff bool }

// Opticon is a simulated Opticon scanner on RS-232 or USB serial.
type Opticon struct {
	*talker[OpticonState]
	p *opticonSim
}

// NewOpticon plugs one in under the name link.
func NewOpticon(link string, o OpticonOptions) (*Opticon, error) {
	p := newOpticon(o)
	t, err := newTalker(link, p)
	return &Opticon{t, p}, err
}

// Scan pulls the trigger at a code, if the scanner reads now.
func (o *Opticon) Scan(aim, code string) error {
	return o.do(func(now time.Time) ([][]byte, error) {
		if o.p.now.TriggerOff {
			return nil, ErrNotReading
		}
		return o.p.read(aim, code, now)
	})
}

// Present holds a code before it, for the host to trigger.
func (o *Opticon) Present(aim, code string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.p.before = []string{aim, code}
}

// opticonSim is the protocol.
type opticonSim struct {
	o      OpticonOptions
	is     OpticonState
	now    OpticonSettings
	before []string
	part   []byte // of a command that has not ended
	code   []byte // sent, and not acknowledged
	late   time.Time
	tries  int
}

func newOpticon(o OpticonOptions) *opticonSim {
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	return &opticonSim{o: o}
}

func (o *opticonSim) state() OpticonState {
	s := o.is
	s.AIM, s.Handshake, s.Trigger, s.Waiting = o.now.AIM, o.now.Handshake, !o.now.TriggerOff, o.code != nil
	s.Sounds, s.Commands, s.Ignored = slices.Clone(s.Sounds), slices.Clone(s.Commands), slices.Clone(s.Ignored)
	return s
}

func (o *opticonSim) powerOn(time.Time) {
	o.now, o.part, o.code, o.late = o.is.Stored, nil, nil, time.Time{}
}

func (o *opticonSim) due() time.Time { return o.late }

// tick is the end of its patience: it says so, and forgets the code.
func (o *opticonSim) tick(now time.Time) [][]byte {
	switch {
	case o.code == nil || now.Before(o.late):
		return nil
	case o.tries < o.o.Repeats:
		o.tries++
		o.late = now.Add(o.o.Patience)
		return [][]byte{o.code}
	}
	o.settle("error")
	return nil
}

func (o *opticonSim) settle(sound string) {
	o.code, o.late = nil, time.Time{}
	if sound != "" {
		o.is.Sounds = append(o.is.Sounds, sound)
	}
}

func (o *opticonSim) read(aim, code string, now time.Time) ([][]byte, error) {
	if o.code != nil {
		return nil, ErrNotReading
	}
	if !o.now.AIM {
		aim = ""
	}
	b := []byte(aim + code + o.o.Suffix)
	if o.now.Handshake {
		o.code, o.tries, o.late = b, 0, now.Add(o.o.Patience)
	} else {
		o.is.Sounds = append(o.is.Sounds, "good")
	}
	return [][]byte{b}, nil
}

// hear takes what the host wrote, byte by byte.
func (o *opticonSim) hear(b []byte, now time.Time) (say [][]byte) {
	for _, one := range b {
		begun := len(o.part) > 0
		switch {
		case !begun && (one == 0x1b || one == 0x02):
			o.part = []byte{one}
		case !begun && o.code != nil && one == 0x06:
			o.settle("good")
		case !begun && o.code != nil && one == 0x11:
			o.settle("")
		case !begun && o.code != nil && one == 0x15:
			o.late = now.Add(o.o.Patience)
			say = append(say, o.code)
		case !begun:
			o.is.Ignored = append(o.is.Ignored, string(one))
		case o.part[0] == 0x1b && one == '\r', o.part[0] == 0x02 && one == 0x03:
			ids := string(o.part[1:])
			o.part = nil
			say = append(say, o.commands(ids, now)...)
		default:
			o.part = append(o.part, one)
		}
	}
	return say
}

// commands takes what stands between ESC and CR: one id of a single character,
// or several of two, of three behind "[" and of four behind "]".
func (o *opticonSim) commands(ids string, now time.Time) (say [][]byte) {
	prefix := false // what comes next belongs to RY or M4
	answer := byte(0x06)
	for len(ids) > 0 {
		n := min(2, len(ids))
		switch ids[0] {
		case '[':
			n = min(4, len(ids))
		case ']':
			n = min(5, len(ids))
		}
		id := ids[:n]
		ids = ids[n:]
		more, known := o.command(id, prefix, now)
		prefix = id == "RY" || id == "M4" || prefix && known
		if !known {
			o.is.Ignored = append(o.is.Ignored, id)
			answer = 0x15
			continue
		}
		o.is.Commands = append(o.is.Commands, id)
		say = append(say, more...)
	}
	if o.o.Answers {
		say = append([][]byte{{answer}}, say...)
	}
	return say
}

func (o *opticonSim) command(id string, prefix bool, now time.Time) (say [][]byte, known bool) {
	sounds := map[string]string{"B": "good", "E": "error", "V": "vibrate", "L": "good led", "N": "bad led"}
	if sound, is := sounds[id]; is {
		o.is.Sounds = append(o.is.Sounds, sound)
		return nil, true
	}
	if prefix {
		o.now.AIM = o.now.AIM || id == "$1"
		return nil, strings.HasPrefix(id, "$") || len(id) == 2 && id[0] >= '0' && id[0] <= '9'
	}
	switch id {
	case "Z":
		if o.before != nil {
			say, _ = o.read(o.before[0], o.before[1], now)
		}
	case "Y", "M4":
	case "RY":
		o.now.AIM = false // the prefix that was set before goes
	case "Z1":
		say = [][]byte{[]byte(o.o.Version + o.o.Suffix)}
	case "[EFK":
		say = [][]byte{[]byte(o.o.Info + o.o.Suffix)}
	case "Z2":
		o.is.Stored = o.now
	case "U2":
		o.now = OpticonSettings{}
	case "S8", "S7":
		o.now.TriggerOff = id == "S7"
	case "WC":
		o.now.Handshake = true
	default:
		return nil, false
	}
	return say, true
}
