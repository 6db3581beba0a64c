package sim_test

import (
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// of takes the antenna out of what is heard: these modules do not tell it.
func of(tag string) string {
	epc, rest, _ := strings.Cut(tag, " at ")
	_, rssi, _ := strings.Cut(rest, " with ")
	return epc + " at 0 with " + rssi
}

// With each profile of the family the tags are heard, round after round, and the
// module is set up as the station's file says.
func TestM100Profiles(t *testing.T) {
	for _, c := range []struct {
		profile string
		o       sim.M100Options
		options map[string]any
		query   uint16
		power   int
	}{
		{"m100-serial", sim.M100Options{}, map[string]any{"power": 26.0}, 0x1020, 2600},
		{"qm100-serial", sim.M100Options{}, map[string]any{"session": int64(1)}, 0x1120, 2000},
		{"yrm100-serial", sim.M100Options{}, map[string]any{"q": int64(6), "target": "B"}, 0x10B0, 2000},
		{"ypd-r200-serial", sim.M100Options{AA: true}, nil, 0x1020, 2000},
		{"m5stack-uhf-rfid-unit-serial", sim.M100Options{}, nil, 0x1020, 2000},
	} {
		t.Run(c.profile, func(t *testing.T) {
			c.o.Tags = tagsOf(t, sscc, sgtin)
			s, err := sim.NewM100(tagLink(t), c.o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "eu"}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			r.hears(of(sscc), of(sgtin))
			r.hears(of(sscc), of(sgtin))
			is := s.State()
			if is.Region != 3 || is.Power != c.power || is.Query != c.query || is.Select != 1 || !is.Hops || len(is.Ignored) > 0 {
				t.Errorf("%+v", is)
			}
		})
	}
}

// A module that is not told its region does not poll.
func TestM100NeedsItsRegion(t *testing.T) {
	s, err := sim.NewM100(tagLink(t), sim.M100Options{Tags: tagsOf(t, sscc)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "m100-serial", nil)
	waitFault(t, r, wire.ErrStart, 1)
	if is := s.State(); is.Starts > 0 || is.Region != 0 {
		t.Errorf("%+v", is)
	}
}

// The station stops the module when it ends, and one that polls since before is
// stopped first.
func TestM100Restart(t *testing.T) {
	s, err := sim.NewM100(tagLink(t), sim.M100Options{Tags: tagsOf(t, sscc)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	eu := map[string]any{"region": "eu"}
	t.Run("started and ended", func(t *testing.T) {
		useTagReader(t, s.Address(), "m100-serial", eu).hears(of(sscc))
	})
	if is, err := s.Wait(t.Context(), func(is sim.M100State) bool { return !is.Polling }); err != nil || is.Stops < 2 {
		t.Fatalf("%+v %v", is, err)
	}
	t.Run("and crashed", func(t *testing.T) {
		useTagReader(t, s.Address(), "m100-serial", eu).hears(of(sscc))
		s.LoseBytes(1 << 20) // so that it does not hear of the end
	})
	s.LoseBytes(0)
	before := s.State()
	if !before.Polling {
		t.Fatalf("it should poll on: %+v", before)
	}
	useTagReader(t, s.Address(), "m100-serial", eu).hears(of(sscc))
	if is := s.State(); is.Starts != before.Starts+1 {
		t.Errorf("%+v", is)
	}
}

// Whatever goes wrong, the tags are heard again, under the same region, and the
// trouble is counted under its name.
func TestM100Troubles(t *testing.T) {
	s, err := sim.NewM100(tagLink(t), sim.M100Options{Tags: tagsOf(t, sscc, sgtin)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "yrm100-serial", map[string]any{"region": "eu", "power": int64(18)})
	r.hears(of(sscc), of(sgtin))
	for _, trouble := range []struct {
		name   string
		happen func() error
		reason error
	}{
		{"sums are wrong", func() error { return s.WrongSums(5) }, wire.ErrChecksum},
		{"noise on the line", func() error { return s.Garbage(make([]byte, 100)) }, wire.ErrNoise},
		{"all channels are busy", func() error { return s.Busy(true) }, wire.ErrHardware},
		{"its rounds are over", s.EndRounds, nil},
		{"power goes and comes", s.PowerCycle, wire.ErrHardware},
		{"answers break off", func() error { s.TearAnswers(3); return nil }, nil},
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
		if err := s.Busy(false); err != nil {
			t.Fatal(err)
		}
		r.again()
		r.hears(of(sscc), of(sgtin))
		if is := s.State(); is.Region != 3 || is.Power != 1800 {
			t.Errorf("%s: %+v", trouble.name, is)
		}
	}
}
