package sim

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scanpost/devices/opticon"
	"scanpost/devices/port"
)

func opticonAt(o OpticonOptions) *opticonSim {
	o.Suffix, o.Version, o.Info = "\r", "NLV4001 V1.00", "NLV4001 info"
	s := newOpticon(o)
	s.powerOn(at(0))
	return s
}

// Commands have the effect that the manual gives them; O01 to O03 are the vectors
// of the fact sheet.
func TestOpticonCommands(t *testing.T) {
	for _, c := range []struct {
		name, in, say string
		o             OpticonOptions
		check         func(OpticonState) bool
	}{
		{name: "O01, O02 beeps", in: "\x1bB\r\x1bE\r", check: func(s OpticonState) bool { return slices.Equal(s.Sounds, []string{"good", "error"}) }},
		{name: "O03 a prefix for Code 39", in: "\x1bM41B\r", check: func(s OpticonState) bool { return slices.Equal(s.Commands, []string{"M4", "1B"}) && s.Ignored == nil }},
		{name: "lights, vibration", in: "\x1bL\r\x1bN\r\x1bV\r", check: func(s OpticonState) bool { return slices.Equal(s.Sounds, []string{"good led", "bad led", "vibrate"}) }},
		{name: "STX and ETX in place of ESC and CR", in: "\x02B\x03", check: func(s OpticonState) bool { return slices.Equal(s.Sounds, []string{"good"}) }},
		{name: "AIM identifiers for all codes", in: "\x1bRY$1\r", check: func(s OpticonState) bool { return s.AIM && !s.Stored.AIM }},
		{name: "another prefix takes their place", in: "\x1bRY$1\r\x1bRY$2\r", check: func(s OpticonState) bool { return !s.AIM }},
		{name: "stored", in: "\x1bRY$1\r\x1bZ2\r", check: func(s OpticonState) bool { return s.Stored.AIM }},
		{name: "several in one, of two and of three characters", in: "\x1bS7WC[EFK\r", say: "NLV4001 info\r", check: func(s OpticonState) bool { return !s.Trigger && s.Handshake }},
		{name: "defaults", in: "\x1bS7\r\x1bU2\r", check: func(s OpticonState) bool { return s.Trigger }},
		{name: "software version", in: "\x1bZ1\r", say: "NLV4001 V1.00\r"},
		{name: "what it does not know", in: "x\x1b[BCM\r", check: func(s OpticonState) bool { return slices.Equal(s.Ignored, []string{"x", "[BCM"}) }},
		{name: "one that answers", in: "\x1bB\r\x1bXX\r\x1bZ1\r", o: OpticonOptions{Answers: true}, say: "\x06|\x15|\x06|NLV4001 V1.00\r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{1, len(c.in)} {
				o := opticonAt(c.o)
				var say [][]byte
				for piece := range slices.Chunk([]byte(c.in), n) {
					say = append(say, o.hear(piece, at(1))...)
				}
				if got := said(say); got != c.say {
					t.Errorf("in pieces of %d: says %q, want %q", n, got, c.say)
				}
				if s := o.state(); c.check != nil && !c.check(s) {
					t.Errorf("in pieces of %d: %+v", n, s)
				}
			}
		})
	}
}

// In the ACK/NAK mode its good buzzer comes with the ACK and not before; NAK gets
// the code once more, DC1 ends it without a sound, and silence with the error
// buzzer and no repeat.
func TestOpticonHandshake(t *testing.T) {
	o := opticonAt(OpticonOptions{Patience: 100 * time.Millisecond})
	o.hear([]byte("\x1bWC\r"), at(0))
	scan := func() {
		t.Helper()
		if say, err := o.read("]E0", "123", at(1)); said(say) != "123\r" || err != nil || len(o.is.Sounds) > 0 {
			t.Fatalf("%q %v, sounds %q", said(say), err, o.is.Sounds)
		}
	}
	sounds := func(want ...string) {
		t.Helper()
		if !slices.Equal(o.is.Sounds, want) || o.state().Waiting || !o.due().IsZero() {
			t.Errorf("%+v, want %q", o.state(), want)
		}
		o.is.Sounds = nil
	}
	scan()
	if _, err := o.read("", "456", at(1)); !errors.Is(err, ErrNotReading) {
		t.Errorf("reads while it waits: %v", err)
	}
	o.hear([]byte{0x06}, at(1.05))
	sounds("good")
	scan()
	if got := said(o.hear([]byte{0x15}, at(1.05))); got != "123\r" {
		t.Errorf("NAK: %q", got)
	}
	o.hear([]byte{0x11}, at(1.06))
	sounds()
	scan()
	if got := said(o.tick(at(1.09))); got != "" || len(o.is.Sounds) > 0 {
		t.Errorf("early: %q %q", got, o.is.Sounds)
	}
	if got := said(o.tick(at(1.1))); got != "" {
		t.Errorf("repeats: %q", got)
	}
	sounds("error")
	o.o.Repeats = 1
	scan()
	if got := said(o.tick(at(1.2))); got != "123\r" || o.due() != at(1.3) {
		t.Errorf("one that repeats: %q, due %v", got, o.due())
	}
	o.tick(at(1.3))
	sounds("error")
	// A command while it waits is a command, and no answer.
	scan()
	if o.hear([]byte("\x1bRY$1\r"), at(1.3)); !o.state().Waiting || !o.now.AIM {
		t.Errorf("%+v", o.state())
	}
}

// Over a real terminal the code's own sound is what the answer to the saved scan
// makes of it.
func TestOpticonOnATerminal(t *testing.T) {
	s, err := NewOpticon(filepath.Join(t.TempDir(), "hand"), OpticonOptions{Suffix: "\r", Version: "NLV4001 V1.00", Patience: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := port.Open(t.Context(), s.Address(), port.Settings{Baud: 9600})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o := opticon.Defaults()
	o.End, o.AIMID, o.Ack, o.Replies = []string{"\r"}, true, "\x06", map[string]string{"Z1": "NLV"}
	host, err := opticon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	must(t, write(p, "\x1bRY$1\r\x1bWC\r\x1bZ1\r"))
	if got, want := hearUntil(t, p, host, 1), []string{`answer Z1="NLV4001 V1.00"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	must(t, s.Scan("]E0", "4006381333931"))
	if got, want := hearUntil(t, p, host, 1), []string{`]E0 "4006381333931" ean-13 saved 06`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if is := s.State(); !is.Waiting || is.Sounds != nil {
		t.Errorf("before the answer: %+v", is)
	}
	must(t, write(p, "\x06"))
	if is, err := s.Wait(t.Context(), func(is OpticonState) bool { return !is.Waiting }); err != nil || !slices.Equal(is.Sounds, []string{"good"}) {
		t.Errorf("%+v %v", is, err)
	}
	must(t, write(p, "\x1bS7\r"))
	if _, err := s.Wait(t.Context(), func(is OpticonState) bool { return !is.Trigger }); err != nil {
		t.Error(err)
	}
	if err := s.Scan("]E0", "1"); !errors.Is(err, ErrNotReading) {
		t.Errorf("trigger off: %v", err)
	}
}

// When nobody answers, its patience ends by itself.
func TestOpticonLosesPatience(t *testing.T) {
	s, err := NewOpticon(filepath.Join(t.TempDir(), "hand"), OpticonOptions{Patience: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.mu.Lock()
	s.p.now.Handshake = true
	s.mu.Unlock()
	must(t, s.Scan("", "1"))
	if is, err := s.Wait(t.Context(), func(is OpticonState) bool { return len(is.Sounds) > 0 }); err != nil || is.Sounds[0] != "error" || is.Waiting {
		t.Errorf("%+v %v", is, err)
	}
}
