package sim_test

import (
	"slices"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// soon keeps a simulated module's signs of life within the patience of the
// shortened silences of these tests.
const soon = 150 * time.Millisecond

// With each profile of the family the tags of all antennas are heard, each read
// of them, and the module is set up as the station's file says.
func TestMercuryProfiles(t *testing.T) {
	both := map[string]any{"antennas": []any{int64(1), int64(2)}, "power": int64(25)}
	for _, c := range []struct {
		profile string
		o       sim.MercuryOptions
		options map[string]any
		want    []string
		onOff   [2]int
	}{
		{"thingmagic-m6e-usb", sim.MercuryOptions{Hardware: 0x18, Announces: true}, both, []string{sscc, sgtin}, [2]int{1000, 0}},
		{"thingmagic-m6e-serial", sim.MercuryOptions{Hardware: 0x18, BootLoader: true}, both, []string{sscc, sgtin}, [2]int{1000, 0}},
		{"thingmagic-micro-serial", sim.MercuryOptions{Hardware: 0x20}, both, []string{sscc, sgtin}, [2]int{1000, 0}},
		{"thingmagic-nano-serial", sim.MercuryOptions{}, map[string]any{"duty": []any{int64(500), int64(500)}}, []string{sscc}, [2]int{500, 500}},
		{"thingmagic-m7e-pico-serial", sim.MercuryOptions{Hardware: 0x38}, nil, []string{sscc}, [2]int{1000, 200}},
		{"silion-serial", sim.MercuryOptions{Hardware: 0x60, Session: true}, map[string]any{"q": int64(-1)}, []string{sscc}, [2]int{1000, 0}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			c.o.Tags, c.o.SignOfLife = tagsOf(t, c.want...), soon
			s, err := sim.NewMercury(tagLink(t), c.o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "eu3"}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			r.hears(c.want...)
			r.hears(c.want...) // and again: nothing is filtered
			is := s.State()
			power := 1000
			if c.options["power"] != nil {
				power = 2500
			}
			if is.Region != 8 || is.Filter || is.OnOff != c.onOff || is.Power != power || len(is.Ignored) > 0 || len(is.Antennas) != len(c.want) {
				t.Errorf("%+v", is)
			}
			if session := is.Gen2[0]; !c.o.Session && !slices.Equal(session, []byte{0}) {
				t.Errorf("session % X", session)
			}
		})
	}
}

// A module that is not told its region does not read, and one that reads since
// before is stopped.
func TestMercuryNeedsItsRegion(t *testing.T) {
	s, err := sim.NewMercury(tagLink(t), sim.MercuryOptions{Tags: tagsOf(t, sscc), SignOfLife: soon})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "thingmagic-nano-serial", nil)
	waitFault(t, r, wire.ErrStart, 1)
	if is := s.State(); is.Starts > 0 || is.Streaming || is.Region != 0 {
		t.Errorf("%+v", is)
	}
}

// The station stops the module when it ends. One that it could not stop is
// stopped at the next start, and what it heard in between is no parcel of now.
func TestMercuryRestart(t *testing.T) {
	s, err := sim.NewMercury(tagLink(t), sim.MercuryOptions{Tags: tagsOf(t, sscc), SignOfLife: soon})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Run("started and ended", func(t *testing.T) {
		useTagReader(t, s.Address(), "thingmagic-nano-serial", map[string]any{"region": "eu3"}).hears(sscc)
	})
	if is, err := s.Wait(t.Context(), func(is sim.MercuryState) bool { return !is.Streaming }); err != nil || is.Stops < 2 {
		t.Fatalf("%+v %v", is, err)
	}
	t.Run("and crashed", func(t *testing.T) {
		useTagReader(t, s.Address(), "thingmagic-nano-serial", map[string]any{"region": "eu3"}).hears(sscc)
		s.LoseBytes(1 << 20) // so that it does not hear of the end
	})
	if is := s.State(); !is.Streaming {
		t.Fatalf("it should read on: %+v", is)
	}
	s.LoseBytes(0)
	before := s.State()
	r := useTagReader(t, s.Address(), "thingmagic-nano-serial", map[string]any{"region": "eu3"})
	r.hears(sscc)
	if is := s.State(); is.Starts != before.Starts+1 || !is.Streaming {
		t.Errorf("%+v", is)
	}
}

// Whatever goes wrong, the tags are heard again, the region and the power are
// what they were, and the trouble is counted under its name.
func TestMercuryTroubles(t *testing.T) {
	s, err := sim.NewMercury(tagLink(t), sim.MercuryOptions{Tags: tagsOf(t, sscc, sgtin), SignOfLife: soon, Hardware: 0x18})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "thingmagic-m6e-usb", map[string]any{"region": "eu3", "antennas": []any{int64(1), int64(2)}, "power": int64(27)})
	r.hears(sscc, sgtin)
	for _, trouble := range []struct {
		name   string
		happen func() error
		reason error
	}{
		{"it loses its region", s.LoseRegion, wire.ErrHardware},
		{"frames are damaged", func() error { return s.Corrupt(5) }, wire.ErrChecksum},
		{"half a frame, then a pause", func() error { return s.Halve(400 * time.Millisecond) }, wire.ErrShort},
		{"noise on the line", func() error { return s.Garbage(make([]byte, 100)) }, wire.ErrNoise},
		{"its temperature", s.Temperature, nil},
		{"power goes and comes", s.PowerCycle, wire.ErrHardware},
		{"it stalls", func() error { return s.Stall(true) }, wire.ErrHardware},
		{"its antennas are off", func() error { return s.Disconnect(true) }, wire.ErrHardware},
		{"an answer is swallowed", func() error { s.SwallowAnswers(1); return nil }, nil},
		{"the cable is pulled", s.Unplug, nil},
	} {
		before := r.device.Counts().Faults
		if err := trouble.happen(); err != nil {
			t.Fatalf("%s: %v", trouble.name, err)
		}
		if trouble.reason != nil {
			waitFault(t, r, trouble.reason, before[trouble.reason.Error()]+1)
		}
		if err := s.Replug(); err != nil {
			t.Fatal(err)
		}
		for _, over := range []error{s.Stall(false), s.Disconnect(false)} {
			if over != nil {
				t.Fatal(over)
			}
		}
		r.again()
		r.hears(sscc, sgtin)
		if is := s.State(); is.Region != 8 || is.Power != 2700 || is.Filter {
			t.Errorf("%s: %+v", trouble.name, is)
		}
	}
}

// A module that is too hot reads on with pauses.
func TestMercuryHot(t *testing.T) {
	s, err := sim.NewMercury(tagLink(t), sim.MercuryOptions{Tags: tagsOf(t, sscc), SignOfLife: soon})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Hot(600); err != nil {
		t.Fatal(err)
	}
	r := useTagReader(t, s.Address(), "thingmagic-nano-serial", map[string]any{"region": "eu3"})
	r.hears(sscc)
	is, err := s.Wait(t.Context(), func(is sim.MercuryState) bool { return is.OnOff == [2]int{250, 750} })
	if err != nil || is.Starts != 3 {
		t.Errorf("%+v %v", is, err)
	}
	r.again()
}
