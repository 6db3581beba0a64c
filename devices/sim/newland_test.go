package sim

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"scanpost/devices/newland"
	"scanpost/devices/port"
)

func newlandAt(o NewlandOptions) *newlandSim {
	o.Suffix = "\r"
	n := newNewland(o)
	n.powerOn(at(0))
	return n
}

// Commands have the effect and the answer that the manuals give them; W01 to W09
// are the vectors of the fact sheet.
func TestNewlandCommands(t *testing.T) {
	engine := NewlandOptions{Engine: true}
	for _, c := range []struct {
		name, in, say string
		o             NewlandOptions
		check         func(NewlandState) bool
	}{
		{name: "W01, W02 three settings, for good", in: "~\x010000@C11ENA1,MIN12,MAX22;\x03", say: "\x02\x010000@C11ENA1\x06,MIN12\x06,MAX22\x06;\x03", check: func(s NewlandState) bool {
			return s.Settings["C11MIN"] == "12" && s.Saved["C11MAX"] == "22"
		}},
		{name: "W04, W05 the beep off, until the power goes", in: "~\x010000#GRBENA0;\x03", say: "\x02\x010000#GRBENA0\x06;\x03", check: func(s NewlandState) bool {
			return s.Settings["GRBENA"] == "0" && s.Saved["GRBENA"] == "1"
		}},
		{name: "W03 all settings of a tag", in: "~\x010000@C11*;\x03", say: "\x02\x010000@C11ENA0\x06,MIN4\x06,MAX127\x06;\x03"},
		{name: "default and range", in: "~\x010000#GRBFRQ&;GRBFRQ^;\x03", say: "\x02\x010000#GRBFRQ2730\x06;GRBFRQ20-20000\x06;\x03"},
		{name: "unknown, out of range, and the rest is done", in: "~\x010000#XYZENA1;C11MIN999,ENA1;ABC*;\x03", say: "\x02\x010000#XYZENA1\x05;C11MIN999\x15,ENA1\x06;ABC*\x05;\x03", check: func(s NewlandState) bool {
			return s.Settings["C11ENA"] == "1" && s.Settings["C11MIN"] == "4"
		}},
		{name: "W06 trigger, and stop", in: "\x01T\x04\x01P\x04\x01T\x04", check: func(s NewlandState) bool { return s.Reading }},
		{name: "what is no command", in: "R\x01X~\x02", check: func(s NewlandState) bool { return string(s.Ignored) == "R\x01X" }},
		{name: "W07, W09 an engine's flags", in: "~\x00\x08\x01\x00\xd9\xd3\x20\x38", say: "\x02\x00\x00\x01\x00\x33\x31", o: engine, check: func(s NewlandState) bool { return s.Zones[0xD9] == 0xD3 }},
		{name: "W08 saved", in: "~\x00\x09\x01\x00\x00\x00\xde\xc8", say: "\x02\x00\x00\x01\x00\x33\x31", o: engine},
		{name: "an engine's wrong crc", in: "~\x00\x09\x01\x00\x00\x00\xde\xc9", say: "\x02\x00\x01\x01\x00\x04\x01", o: engine},
		{name: "an engine's unknown type", in: "~\x00\x55\x01\x00\x00\x00" + string(crc1021([]byte("\x55\x01\x00\x00\x00"))), say: "\x02\x00\x03\x01\x00\x6a\x61", o: engine},
		{name: "awake", in: "?", say: "!", o: engine},
		{name: "text commands only after they were enabled", in: "NLS0302000;NLS0006010;NLS0302000;nls9999999;", say: "\x15|\x06|\x06|\x15", o: engine},
		{name: "an engine's trigger", in: "\x1b1\x1b0", say: "\x06|\x06", o: engine},
		{name: "asleep, then woken", in: "NLS0006010;?\x1b1", say: "!|\x06", o: NewlandOptions{Engine: true, Asleep: true}, check: func(s NewlandState) bool { return s.Awake && s.Reading }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, len(c.in)} {
				n := newlandAt(c.o)
				var say [][]byte
				for piece := range slices.Chunk([]byte(c.in), size) {
					say = append(say, n.hear(piece, at(1))...)
				}
				if got := said(say); got != c.say {
					t.Errorf("in pieces of %d: says %q, want %q", size, got, c.say)
				}
				if s := n.state(); c.check != nil && !c.check(s) {
					t.Errorf("in pieces of %d: %+v", size, s)
				}
			}
		})
	}
}

// What was set until the power goes is gone with it, and what was set for good is
// not.
func TestNewlandPowerCycle(t *testing.T) {
	n := newlandAt(NewlandOptions{})
	n.hear([]byte("~\x010000#GRBENA0;\x03~\x010000@GRBDUR99;\x03"), at(1))
	n.scan("]E0", "1")
	n.powerOn(at(2))
	n.scan("]E0", "1")
	if s := n.state(); s.Settings["GRBENA"] != "1" || s.Settings["GRBDUR"] != "99" || !slices.Equal(s.Sounds, []string{"good"}) {
		t.Errorf("%+v", s)
	}
}

// Over a real terminal the decoder makes of it what the scanner meant.
func TestNewlandOnATerminal(t *testing.T) {
	n, err := NewNewland(filepath.Join(t.TempDir(), "hand"), NewlandOptions{AIM: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	p, err := port.Open(t.Context(), n.Address(), port.Settings{Baud: 9600})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o := newland.Defaults()
	o.End, o.AIMID = []string{"\r"}, true
	host, err := newland.New(o)
	if err != nil {
		t.Fatal(err)
	}
	// Its suffix is missing, so the answer follows the code directly.
	must(t, n.Scan("]E0", "6901234567892"), write(p, "~\x010000@C11*;\x03"))
	if got, want := hearUntil(t, p, host, 2), []string{`]E0 "6901234567892" ean-13 unterminated`, `answer C11ENA="0" C11MIN="4" C11MAX="127"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	n.Present("]E0", "6901234567892")
	n.SwallowAnswers(1)
	must(t, write(p, "~\x010000#GRBENA0;\x03"), write(p, "\x01T\x04"))
	if s, err := n.Wait(t.Context(), func(s NewlandState) bool { return s.Settings["GRBENA"] == "0" }); err != nil || len(s.Sounds) != 1 {
		t.Errorf("%+v %v", s, err)
	}
	must(t, n.Unplug())
	if err := n.Scan("]E0", "1"); err == nil || errors.Is(err, ErrNotReading) {
		t.Errorf("unplugged: %v", err)
	}
	must(t, n.Replug())
	if s := n.State(); s.Settings["GRBENA"] != "1" {
		t.Errorf("after a replug: %+v", s)
	}
}
