package sim_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// Bands as Chafon readers store them.
var (
	inEurope = [2]byte{0x4E, 0x00}
	inTheUS  = [2]byte{0x31, 0x80}
)

// raw turns the strengths of these texts into those of a simulated Chafon, or
// takes them away.
func raw(texts ...string) (all []string) {
	for _, text := range texts {
		text = strings.Replace(text, "with -52", "with 98", 1)
		all = append(all, strings.Replace(text, "with -61", "with 89", 1))
	}
	return all
}

// With each Chafon profile the tags of all antennas are heard, whatever mode
// and region the reader was left in, and nothing is written that is so already.
func TestChafonProfiles(t *testing.T) {
	plain := strings.TrimSuffix(strings.Replace(sscc, "at 1", "at 0", 1), " with -52")
	both := []any{int64(1), int64(2)}
	for name, c := range map[string]struct {
		profile string
		setup   sim.ChafonSetup
		options map[string]any
		want    []string
		stored  int
		mode    byte
	}{
		"18":                     {"chafon-uhfreader18-serial", sim.ChafonSetup{Type: 9, Band: inEurope, Batch: 1}, nil, []string{plain}, 0, 0},
		"18, power":              {"chafon-uhfreader18-serial", sim.ChafonSetup{Type: 9, Band: inEurope, Power: 30}, map[string]any{"power": int64(26)}, []string{plain}, 1, 0},
		"86":                     {"chafon-uhfreader86-serial", sim.ChafonSetup{Type: 0x10, Band: inTheUS}, map[string]any{"antennas": both}, raw(sscc, sgtin), 1, 0},
		"288, left in realtime":  {"chafon-uhfreader288-serial", sim.ChafonSetup{Band: inEurope, Mode: 1, TID: true}, map[string]any{"antennas": both}, raw(sscc, sgtin), 1, 0},
		"288, pushing already":   {"chafon-uhfreader288-real-time", sim.ChafonSetup{Band: inEurope, Mode: 1}, nil, raw(sscc, sgtin), 0, 1},
		"288, brought to push":   {"chafon-uhfreader288-real-time", sim.ChafonSetup{Band: inEurope, Serial: []byte{1, 2}}, nil, raw(sscc, sgtin), 1, 1},
		"288, pushing elsewhere": {"chafon-uhfreader288-real-time", sim.ChafonSetup{Band: inTheUS, Mode: 1}, nil, raw(sscc, sgtin), 3, 1},
		"Ex10":                   {"chafon-ex10-fast", sim.ChafonSetup{Type: 0x77, Band: inEurope}, nil, raw(sscc, sgtin), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.setup.Tags = tagsOf(t, sscc, sgtin)
			s, err := sim.NewChafon(tagLink(t), c.setup)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "eu"}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			is, err := s.Wait(patiently(t), func(is sim.ChafonState) bool {
				return is.Stored == c.stored && (is.Rounds > 2 || is.Fast || is.Mode == 1)
			})
			if err != nil {
				t.Fatal(err)
			}
			r.hears(c.want...)
			r.hears(c.want...)
			if is = s.State(); is.Stored != c.stored || is.Band != inEurope || is.Mode != c.mode || is.Missed > 0 || is.Ignored > 0 {
				t.Errorf("%+v", is)
			}
		})
	}
}

// A reader of the other form is not started, since its tags would be read wrong.
func TestChafonOfAnotherForm(t *testing.T) {
	s, err := sim.NewChafon(tagLink(t), sim.ChafonSetup{Type: 9, Band: inEurope, Tags: tagsOf(t, sscc)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "chafon-uhfreader288-serial", map[string]any{"region": "eu"})
	waitFault(t, r, wire.ErrStart, 1)
	if is := s.State(); is.Rounds > 0 {
		t.Errorf("%+v", is)
	}
}

// A fast inventory ends when the station goes.
func TestChafonIsStopped(t *testing.T) {
	s, err := sim.NewChafon(tagLink(t), sim.ChafonSetup{Band: inEurope, Tags: tagsOf(t, sscc)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Run("station", func(t *testing.T) {
		useTagReader(t, s.Address(), "chafon-ex10-fast", map[string]any{"region": "eu"}).hears(raw(sscc)...)
	})
	if _, err := s.Wait(patiently(t), func(is sim.ChafonState) bool { return !is.Fast }); err != nil {
		t.Error(err)
	}
}

// Whatever goes wrong, the tags are heard again, and the trouble is counted
// under its name.
func TestChafonTroubles(t *testing.T) {
	for profile, options := range map[string]map[string]any{
		"chafon-uhfreader288-serial":    {"region": "eu", "antennas": []any{int64(1), int64(2)}, "patience": int64(3)},
		"chafon-uhfreader288-real-time": {"region": "eu", "patience": int64(3)},
	} {
		t.Run(profile, func(t *testing.T) {
			s, err := sim.NewChafon(tagLink(t), sim.ChafonSetup{Band: inEurope, Tags: tagsOf(t, sscc, sgtin), Serial: []byte{7}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			r := useTagReader(t, s.Address(), profile, options)
			r.hears(raw(sscc, sgtin)...)
			answers, another := true, byte(1)
			if strings.HasSuffix(profile, "real-time") {
				answers, another = false, 0
			}
			for name, trouble := range map[string]struct {
				happen func() error
				reason error // nil: none has to be told
			}{
				"CRCs are wrong":          {func() error { s.Damage(3); return nil }, wire.ErrChecksum},
				"two frames in one piece": {func() error { s.Glue(); return nil }, nil},
				"a pause within a frame":  {func() error { s.Pause(time.Second); return nil }, wire.ErrShort},
				"noise on the line":       {func() error { return s.Garbage(bytes.Repeat([]byte{0x01, 0xE7}, 50)) }, wire.ErrNoise},
				"an answer breaks off":    {func() error { s.TearAnswers(1); return nil }, nil},
				"it misses a command":     {func() error { s.LoseBytes(5); return nil }, nil},
				"power goes and comes":    {s.PowerCycle, nil},
				"the cable is pulled":     {func() error { return s.Unplug() }, nil},
				"an end is lost":          {func() error { s.LoseEnds(1); return nil }, nil},
				"antennas fail":           {func() error { s.Cables(1, 2); return nil }, wire.ErrHardware},
				"somebody sets its mode":  {func() error { s.SetMode(another); return nil }, nil},
			} {
				if name == "antennas fail" && !answers {
					continue // it tells nothing of that
				}
				before := r.device.Counts().Faults
				if err := trouble.happen(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if trouble.reason != nil {
					waitFault(t, r, trouble.reason, before[trouble.reason.Error()]+1)
				}
				s.Cables()
				if err := s.Replug(); err != nil {
					t.Fatal(err)
				}
				r.again()
				r.hears(raw(sscc, sgtin)...)
			}
		})
	}
}
