package sim_test

import (
	"bytes"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// cfInEurope is a reader that radiates all over the European band.
func cfInEurope(t *testing.T, texts ...string) sim.CFPrimeSetup {
	return sim.CFPrimeSetup{Tags: tagsOf(t, texts...), Region: 3, First: 865100, Step: 200, Channels: 15, Power: 30, Antennas: 3}
}

// With each profile of the UHF Prime protocol the tags are heard, whatever the
// reader does when the station comes, and nothing is written that is so already.
func TestCFPrimeProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		profile string
		change  func(*sim.CFPrimeSetup)
		options map[string]any
		stored  int
	}{
		"idle":                 {"chafon-cf600-uhf-prime", func(*sim.CFPrimeSetup) {}, nil, 0},
		"reading already":      {"chafon-cf600-uhf-prime", func(s *sim.CFPrimeSetup) { s.Active = true }, nil, 0},
		"another power":        {"chafon-cf600-uhf-prime", func(*sim.CFPrimeSetup) {}, map[string]any{"power": int64(20)}, 1},
		"the same power":       {"chafon-cf600-uhf-prime", func(*sim.CFPrimeSetup) {}, map[string]any{"power": int64(30)}, 0},
		"it does not say much": {"chafon-cf600-uhf-prime", func(s *sim.CFPrimeSetup) { s.Dumb = true }, nil, 0},
		"over the network":     {"chafon-cf69x-uhf-prime", func(s *sim.CFPrimeSetup) { s.Greets = true }, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			setup := cfInEurope(t, sscc, sgtin)
			c.change(&setup)
			s, err := sim.NewCFPrime(tagLink(t), setup)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "eu"}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			if _, err := s.Wait(patiently(t), func(is sim.CFPrimeState) bool { return is.Starts > 0 }); err != nil {
				t.Fatal(err)
			}
			r.hears(sscc, sgtin)
			r.hears(sscc, sgtin)
			is := s.State()
			if is.Stored != c.stored || is.Missed > 0 {
				t.Errorf("%+v", is)
			}
			if want, set := c.options["power"]; set && int64(is.Power) != want {
				t.Errorf("power %d want %v", is.Power, want)
			}
		})
	}
}

// A reader that is set for another region is not started, nor written to.
func TestCFPrimeElsewhere(t *testing.T) {
	setup := cfInEurope(t, sscc)
	setup.Region, setup.First, setup.Step, setup.Channels = 1, 902750, 500, 49
	s, err := sim.NewCFPrime(tagLink(t), setup)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	waitFault(t, useTagReader(t, s.Address(), "chafon-cf600-uhf-prime", map[string]any{"region": "eu"}), wire.ErrStart, 1)
	if is := s.State(); is.Starts > 0 || is.Stored > 0 {
		t.Errorf("%+v", is)
	}
}

// A reader is stopped when the station goes.
func TestCFPrimeIsStopped(t *testing.T) {
	s, err := sim.NewCFPrime(tagLink(t), cfInEurope(t, sscc))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Run("station", func(t *testing.T) {
		useTagReader(t, s.Address(), "chafon-cf600-uhf-prime", map[string]any{"region": "eu"}).hears(sscc)
	})
	if _, err := s.Wait(patiently(t), func(is sim.CFPrimeState) bool { return is.Starts > 0 && !is.Reading }); err != nil {
		t.Error(err)
	}
}

// A reader that hears nothing for long is not taken for a dead one.
func TestCFPrimeHearsNothing(t *testing.T) {
	setup := cfInEurope(t)
	setup.Tags, setup.Round = nil, 20*time.Millisecond
	s, err := sim.NewCFPrime(tagLink(t), setup)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "chafon-cf600-uhf-prime", map[string]any{"region": "eu", "patience": int64(20)})
	is, err := s.Wait(patiently(t), func(is sim.CFPrimeState) bool { return is.Empty > 50 })
	if err != nil || is.Starts != 1 || len(r.device.Counts().Faults) > 0 {
		t.Errorf("%+v %v %v", is, r.device.Counts().Faults, err)
	}
}

// Whatever goes wrong, the tags are heard again, and the trouble is counted
// under its name.
func TestCFPrimeTroubles(t *testing.T) {
	s, err := sim.NewCFPrime(tagLink(t), cfInEurope(t, sscc, sgtin))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "chafon-cf600-uhf-prime", map[string]any{"region": "eu", "patience": int64(3)})
	r.hears(sscc, sgtin)
	for name, trouble := range map[string]struct {
		happen func() error
		reason error // nil: none has to be told
	}{
		"CRCs are wrong":              {func() error { s.Damage(3); return nil }, wire.ErrChecksum},
		"noise on the line":           {func() error { return s.Garbage(bytes.Repeat([]byte{0x01, 0xE7}, 50)) }, wire.ErrNoise},
		"its radio is stuck":          {s.Stall, wire.ErrHardware},
		"it falls silent":             {func() error { s.Fall(); return nil }, nil},
		"an answer breaks off":        {func() error { s.TearAnswers(1); return nil }, nil},
		"an answer is swallowed":      {func() error { s.SwallowAnswers(1); return nil }, nil},
		"it misses a command":         {func() error { s.LoseBytes(5); return nil }, nil},
		"power goes and comes":        {s.PowerCycle, nil},
		"the cable is pulled":         {s.Unplug, nil},
		"half a frame between others": {func() error { return s.Garbage([]byte{0xCF, 0, 0, 1, 0x12, 0}) }, nil},
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
		r.hears(sscc, sgtin)
	}
	if is := s.State(); is.Stored > 0 {
		t.Errorf("its flash was written: %+v", is)
	}
}
