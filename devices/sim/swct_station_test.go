package sim_test

import (
	"bytes"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

var swctSerial = [7]byte{0xC4, 0xDD, 0x93, 0x8E, 0x17, 0x01, 0x23}

// With each SW/CT profile the tags are heard, whatever mode and region the reader
// was left in, and nothing is written that is so already.
func TestSWCTProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		profile string
		setup   sim.SWCTSetup
		options map[string]any
		stored  int
	}{
		"pushing already":          {"sw-ct-active-mode", sim.SWCTSetup{Band: inEurope, Mode: 1}, nil, 0},
		"it waits for the start":   {"sw-ct-active-mode", sim.SWCTSetup{Band: inEurope, Mode: 1, Idle: true}, nil, 0},
		"brought to push":          {"sw-ct-active-mode", sim.SWCTSetup{Band: inEurope, Mode: 2}, nil, 1},
		"pushing elsewhere":        {"sw-ct-active-mode", sim.SWCTSetup{Band: inTheUS, Mode: 1, Power: 26, Filter: 5}, map[string]any{"power": int64(20), "filter": int64(0)}, 3},
		"knows few commands":       {"sw-ct-active-mode", sim.SWCTSetup{Band: inEurope, Mode: 1, Limited: true}, nil, 0},
		"answering":                {"sw-ct-answer-mode", sim.SWCTSetup{Band: inEurope}, nil, 0},
		"pushing and should not":   {"sw-ct-answer-mode", sim.SWCTSetup{Band: inEurope, Mode: 1}, nil, 1},
		"answering, and elsewhere": {"sw-ct-answer-mode", sim.SWCTSetup{Band: inTheUS, Power: 30}, map[string]any{"power": int64(30)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c.setup.Tags, c.setup.Serial = tagsOf(t, sscc, sgtin), swctSerial
			s, err := sim.NewSWCT(tagLink(t), c.setup)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "eu"}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			if _, err := s.Wait(patiently(t), func(is sim.SWCTState) bool {
				return is.Stored == c.stored && is.Band == inEurope && (is.Rounds > 2 || is.Starts > 0)
			}); err != nil {
				t.Fatal(err)
			}
			r.hears(raw(sscc, sgtin)...)
			r.hears(raw(sscc, sgtin)...)
			is := s.State()
			if is.Stored != c.stored || is.Missed > 0 || len(is.Refused) > 0 != c.setup.Limited {
				t.Errorf("%+v", is)
			}
			if want, set := c.options["power"]; set && int64(is.Power) != want {
				t.Errorf("power %d want %v", is.Power, want)
			}
		})
	}
}

// A reader that is not told its region is not started, nor sent anything.
func TestSWCTNeedsItsRegion(t *testing.T) {
	s, err := sim.NewSWCT(tagLink(t), sim.SWCTSetup{Tags: tagsOf(t, sscc), Band: inEurope})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	waitFault(t, useTagReader(t, s.Address(), "sw-ct-active-mode", nil), wire.ErrStart, 1)
	if got := s.Heard(); len(got) > 0 {
		t.Errorf("it was sent % X", got)
	}
}

// A reader that pushes is stopped when the station goes.
func TestSWCTIsStopped(t *testing.T) {
	s, err := sim.NewSWCT(tagLink(t), sim.SWCTSetup{Band: inEurope, Mode: 1, Tags: tagsOf(t, sscc)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Run("station", func(t *testing.T) {
		useTagReader(t, s.Address(), "sw-ct-active-mode", map[string]any{"region": "eu"}).hears(raw(sscc)...)
	})
	if _, err := s.Wait(patiently(t), func(is sim.SWCTState) bool { return !is.Reading && is.Mode == 1 }); err != nil {
		t.Error(err)
	}
}

// Whatever goes wrong, the tags are heard again, and the trouble is counted
// under its name.
func TestSWCTTroubles(t *testing.T) {
	for _, c := range []struct {
		profile       string
		mode, another byte
	}{{"sw-ct-active-mode", 1, 0}, {"sw-ct-answer-mode", 0, 1}} {
		t.Run(c.profile, func(t *testing.T) {
			s, err := sim.NewSWCT(tagLink(t), sim.SWCTSetup{Band: inEurope, Mode: c.mode, Tags: tagsOf(t, sscc, sgtin)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			r := useTagReader(t, s.Address(), c.profile, map[string]any{"region": "eu", "patience": int64(3)})
			r.hears(raw(sscc, sgtin)...)
			for name, trouble := range map[string]struct {
				happen func() error
				reason error // nil: none has to be told
			}{
				"checks are wrong":       {func() error { s.Damage(3); return nil }, wire.ErrChecksum},
				"noise on the line":      {func() error { return s.Garbage(bytes.Repeat([]byte{0x01, 0xE7}, 50)) }, wire.ErrNoise},
				"an answer is lost":      {func() error { s.LoseRounds(1); return nil }, nil},
				"an answer breaks off":   {func() error { s.TearAnswers(1); return nil }, nil},
				"an answer is swallowed": {func() error { s.SwallowAnswers(1); return nil }, nil},
				"it misses a command":    {func() error { s.LoseBytes(5); return nil }, nil},
				"power goes and comes":   {s.PowerCycle, nil},
				"the cable is pulled":    {func() error { return s.Unplug() }, nil},
				"somebody sets its mode": {func() error { s.SetMode(c.another); return nil }, nil},
				"it waits for a trigger": {func() error { s.SetMode(2); return nil }, nil},
			} {
				before := r.device.Counts().Faults
				if err := trouble.happen(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if trouble.reason != nil {
					waitFault(t, r, trouble.reason, before[trouble.reason.Error()]+1)
				}
				if err := s.Replug(); err != nil {
					t.Fatal(err)
				}
				r.again()
				r.hears(raw(sscc, sgtin)...)
			}
			if is, err := s.Wait(patiently(t), func(is sim.SWCTState) bool { return is.Mode == c.mode }); err != nil {
				t.Errorf("%+v %v", is, err)
			}
		})
	}
}
