package sim

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices/datalogic"
	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/port"
	"scanpost/devices/wire"
)

func at(seconds float64) time.Time { return time.Unix(1000, int64(seconds*1e9)) }

// told writes down what a device said.
func said(say [][]byte) string {
	var all []string
	for _, b := range say {
		all = append(all, string(b))
	}
	return strings.Join(all, "|")
}

func datalogicAt(o DatalogicOptions) *datalogicSim {
	o.Suffix, o.Model, o.Serial, o.Firmware = "\r", "GD4430", "G19H01234", "R96-1234"
	d := newDatalogic(o)
	d.powerOn(at(0))
	return d
}

// What the host writes has the effect that the maker's manuals give it, and the
// answer they give it. In the vectors of the fact sheet are the bytes of D01, D02.
func TestDatalogicCommands(t *testing.T) {
	for _, c := range []struct {
		name, in, say string
		o             DatalogicOptions
		check         func(DatalogicState) bool
	}{
		{name: "D disables, E enables", in: "DE", check: func(s DatalogicState) bool { return s.Enabled }},
		{name: "D disables", in: "D", check: func(s DatalogicState) bool { return !s.Enabled }},
		{name: "tones", in: "\x01B\x07F", check: func(s DatalogicState) bool {
			return slices.Equal(s.Sounds, []string{"good", "good", "bell", "not on file"}) && s.Enabled
		}},
		{name: "B is silent while disabled, 01 is not", in: "DB\x01", check: func(s DatalogicState) bool { return slices.Equal(s.Sounds, []string{"good"}) }},
		{name: "F of a PowerScan disables it, and E after it does not", in: "F", o: DatalogicOptions{HardNotOnFile: true}, check: func(s DatalogicState) bool { return !s.Enabled }},
		{name: "F and E leave a PowerScan enabled", in: "FE", o: DatalogicOptions{HardNotOnFile: true}, check: func(s DatalogicState) bool { return s.Enabled }},
		{name: "information", in: "i", say: "\x01\x02MGD4430\x03\x02SG19H01234\x03\x02AR96-1234\x03\x04"},
		{name: "health", in: "h", o: DatalogicOptions{Failed: "h"}, say: "\x01\x02mOK\x03\x02hFAIL\x03\x04"},
		{name: "statistics", in: "s", say: "\x01\x02P12\x03\x02R0\x03\x04"},
		{name: "D02 green light, with CR and without", in: "\x1b[6q\r\x1b[8q", check: func(s DatalogicState) bool { return s.Green && s.Red && len(s.Ignored) == 0 }},
		{name: "lights off, a tone", in: "\x1b[6q\x1b[3q\x1b[7q", check: func(s DatalogicState) bool { return !s.Green && slices.Equal(s.Sounds, []string{"good"}) }},
		{name: "an escape sequence that is none", in: "\x1b\rD", check: func(s DatalogicState) bool { return !s.Enabled }},
		{name: "a message for the display does nothing else", in: "\x12DDD\r", check: func(s DatalogicState) bool { return s.Enabled && slices.Equal(s.Messages, []string{"DDD"}) }},
		{name: "D01 in service mode", in: "$S\r$CAIEN01\r", say: "$>\r|\x06", check: func(s DatalogicState) bool {
			return s.InService && s.Settings["AIEN"] == "01" && s.Saved["AIEN"] == "00"
		}},
		{name: "outside of service mode settings are rejected", in: "$CAIEN01\r", say: "$#\r", check: func(s DatalogicState) bool { return s.Settings["AIEN"] == "00" }},
		{name: "read, unknown, out of range, malformed", in: "$S\r$cAIEN\r$cXXXX\r$CXXXX01\r$CAIEN77\r$X\r", say: "$>\r|00\r|\x07|\x07|\x15|\x18"},
		{name: "saved, and left", in: "$S\r$CAIEN01\r$As\r$Ar\r", say: "$>\r|\x06|\x06|$>\r", check: func(s DatalogicState) bool { return !s.InService && s.Saved["AIEN"] == "01" && s.Resets == 1 }},
		{name: "several in one line", in: "$S,Ar\r", say: "$>,>\r", check: func(s DatalogicState) bool { return s.Resets == 1 }},
		{name: "a change of label ids takes the interface away", in: "$P,AE,P\rE\x01", check: func(s DatalogicState) bool { return s.Erased && !s.Enabled && s.Sounds == nil }},
		{name: "commands are acknowledged where that is set", in: "$S\r$CR2AE02\r$Ar\rE?", say: "$>\r|\x06|$>\r|\x06|\x15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{1, len(c.in)} {
				d := datalogicAt(c.o)
				var say [][]byte
				for piece := range slices.Chunk([]byte(c.in), n) {
					say = append(say, d.hear(piece, at(1))...)
				}
				if got := said(say); got != c.say {
					t.Errorf("in pieces of %d: says %q, want %q", n, got, c.say)
				}
				if s := d.state(); c.check != nil && !c.check(s) {
					t.Errorf("in pieces of %d: %+v", n, s)
				}
			}
		})
	}
}

// A scanner that is disabled, in service mode or resetting reads nothing; what it
// was set to without saving it is lost with a reset.
func TestDatalogicReads(t *testing.T) {
	d := datalogicAt(DatalogicOptions{Reset: 30 * time.Second, LabelIDs: map[string]string{"]E0": "F"}})
	scans := func(when float64, want string) {
		t.Helper()
		say, err := d.scan("]E0", "4006381333931", at(when))
		if want == "" && !errors.Is(err, ErrNotReading) || want != "" && (err != nil || said(say) != want) {
			t.Errorf("after %v s: %q %v, want %q", when, said(say), err, want)
		}
	}
	scans(1, "F4006381333931\r")
	d.hear([]byte("D"), at(2))
	scans(2, "")
	d.hear([]byte("E"), at(3))
	scans(3, "F4006381333931\r")
	d.hear([]byte("$S\r"), at(4))
	scans(4, "")
	d.hear([]byte("$CAIEN01\r"), at(4))
	d.hear([]byte("R"), at(5))
	scans(6, "")
	if d.hear([]byte("Di"), at(6)); string(d.is.Ignored) != "Di" || !d.is.Enabled {
		t.Errorf("commands right after R: %+v", d.state())
	}
	scans(36, "F4006381333931\r")
	d.hear([]byte("$S\r$CAIEN01\r$Ar\r"), at(40))
	scans(71, "]E04006381333931\r")
	d.hear([]byte{0x13}, at(72))
	if say, err := d.scan("]E4", "<", at(72)); len(say) > 0 || err != nil {
		t.Errorf("while paused: %q %v", said(say), err)
	}
	if got := said(d.hear([]byte{0x11}, at(73))); got != "]E4<\r" {
		t.Errorf("resumed: %q", got)
	}
	d.before = []string{"]E0", "4006381333931"}
	if got := said(d.hear([]byte("TX"), at(74))); got != "]E04006381333931\r" {
		t.Errorf("triggered: %q", got)
	}
}

// In the mode that waits for the host, a label is sent again for NAK and for
// silence, the error tone ends it, and nothing is read meanwhile.
func TestDatalogicAcknowledged(t *testing.T) {
	d := datalogicAt(DatalogicOptions{Patience: time.Second, Repeats: 1})
	d.hear([]byte("$S\r$CR2AE01\r$Ar\r"), at(0))
	label := "4006381333931\r"
	say, _ := d.scan("]E0", "4006381333931", at(1))
	if _, err := d.scan("]E0", "1", at(1)); said(say) != label || !errors.Is(err, ErrNotReading) || !d.state().Waiting {
		t.Fatalf("%q %v", said(say), err)
	}
	if got := said(d.hear([]byte{0x15}, at(1.5))); got != label || d.due() != at(2.5) {
		t.Errorf("NAK: %q, due %v", got, d.due())
	}
	if got := said(d.tick(at(2.4))); got != "" {
		t.Errorf("early: %q", got)
	}
	if got := said(d.tick(at(2.5))); got != label {
		t.Errorf("late: %q", got)
	}
	if got := said(d.tick(at(3.5))); got != "" || !slices.Equal(d.is.Sounds, []string{"error"}) || d.state().Waiting || !d.due().IsZero() {
		t.Errorf("given up: %q %+v", got, d.state())
	}
	d.scan("]E0", "4006381333931", at(4))
	if d.hear([]byte{0x06}, at(4.5)); d.state().Waiting || len(d.is.Sounds) != 1 {
		t.Errorf("acknowledged: %+v", d.state())
	}
}

// Over a real terminal the decoder makes of it what the scanner meant, and what
// was asked to go wrong goes wrong.
func TestDatalogicOnATerminal(t *testing.T) {
	d, err := NewDatalogic(filepath.Join(t.TempDir(), "hand"), DatalogicOptions{Suffix: "\r\n", LabelIDs: map[string]string{"]E4": "FF"}, Model: "GD4430", Serial: "G1", Firmware: "R1"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p, err := port.Open(t.Context(), d.Address(), port.Settings{Baud: 9600})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o := datalogic.Defaults()
	o.End, o.CodeID = []string{"\r"}, "datalogic-usa"
	host, err := datalogic.New(o)
	if err != nil {
		t.Fatal(err)
	}
	must(t, d.Key("<"), d.Scan("]E4", "02345673"), write(p, "i"))
	if got, want := hearUntil(t, p, host, 2), []string{`]E4 "02345673" ean-8`, `answer M="GD4430" S="G1" A="R1"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	d.TearAnswers(1)
	must(t, write(p, "i"))
	if _, err := d.Wait(t.Context(), func(DatalogicState) bool { return strings.HasSuffix(string(d.Heard()), "ii") }); err != nil {
		t.Fatal(err)
	}
	must(t, d.Garbage([]byte("\r")), d.Scan("]E4", "02345673"))
	if got, want := hearUntil(t, p, host, 2), []string{`]E4 "02345673" ean-8`, "cut short"}; !slices.Equal(got, want) {
		t.Errorf("a torn answer: got %q, want %q", got, want)
	}
	d.LoseBytes(1)
	must(t, write(p, "D"), write(p, "\x01"))
	s, err := d.Wait(t.Context(), func(s DatalogicState) bool { return len(s.Sounds) == 1 })
	if err != nil || !s.Enabled {
		t.Errorf("a lost D: %+v %v", s, err)
	}
	must(t, write(p, "D"))
	if s, err = d.Wait(t.Context(), func(s DatalogicState) bool { return !s.Enabled }); err != nil {
		t.Error(err)
	}
	if err := d.Scan("]E4", "02345673"); !errors.Is(err, ErrNotReading) {
		t.Errorf("disabled: %v", err)
	}
	must(t, d.PowerCycle())
	if s = d.State(); !s.Enabled || !maps.Equal(s.Settings, s.Saved) {
		t.Errorf("after a power cycle: %+v", s)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func write(p port.Port, text string) error {
	_, err := p.Write([]byte(text))
	return err
}

// hearUntil reads until the decoder has said so many things.
func hearUntil(t *testing.T, p port.Port, d wire.Decoder, things int) []string {
	t.Helper()
	var out wire.Output
	for b := make([]byte, 100); len(mixedtest.Lines(&out)) < things; {
		n, err := p.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		d.Decode(b[:n], &out)
	}
	return mixedtest.Lines(&out)
}
