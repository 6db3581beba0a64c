package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// tagReader is a reader's profile as the station uses it.
type tagReader struct {
	t      *testing.T
	device *devices.Device
	heard  chan string
	scans  chan string
}

// useTagReader runs a device with the options that only the site can give.
func useTagReader(t *testing.T, address, name string, options map[string]any) *tagReader {
	t.Helper()
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	if p.Options == nil {
		p.Options = map[string]any{}
	}
	for key, value := range options {
		p.Options[key] = value
	}
	p.Quiet = min(p.Quiet, 100*time.Millisecond) // the readers here answer at once
	r := &tagReader{t: t, heard: make(chan string, 100_000), scans: make(chan string, 100)}
	r.device = &devices.Device{
		Name: "gate", Checkpoint: "dock", Address: address, Profile: p,
		Scan: func(s scan.Sighting) scan.Told {
			r.scans <- s.Code
			return scan.Told{Outcome: scan.Saved}
		},
		Heard: func(reads []wire.Read, _ time.Time) {
			for _, one := range reads {
				text := fmt.Sprintf("%X at %d", one.EPC, one.Antenna)
				if one.HasRSSI {
					text += fmt.Sprintf(" with %d", one.RSSI)
				}
				select {
				case r.heard <- text + one.Note:
				default: // enough
				}
			}
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.device.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

// hears waits until each of these was heard, and nothing that is not among them.
func (r *tagReader) hears(want ...string) {
	r.t.Helper()
	missing := slices.Clone(want)
	for len(missing) > 0 {
		got := next(r.t, r.heard)
		if !slices.Contains(want, got) {
			r.t.Fatalf("heard %q, which is none of %q", got, want)
		}
		missing = slices.DeleteFunc(missing, func(s string) bool { return s == got })
	}
}

// again waits until something is heard from now on.
func (r *tagReader) again() {
	r.t.Helper()
	for len(r.heard) > 0 {
		<-r.heard
	}
	next(r.t, r.heard)
}

func tagLink(t *testing.T) string { return filepath.Join(t.TempDir(), "gate") }

// tagsOf are tags that are always heard: "3154F4E4 at 2 with -52".
func tagsOf(t *testing.T, texts ...string) sim.Tags {
	t.Helper()
	var all []sim.Tag
	for _, text := range texts {
		var one sim.Tag
		if n, err := fmt.Sscanf(text, "%X at %d with %d", &one.EPC, &one.Antenna, &one.RSSI); n < 2 {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return func(time.Time) []sim.Tag { return all }
}

const (
	sscc  = "3154F4E4E4CE0A6A14000000 at 1 with -52"
	sgtin = "30751FEB705C5904E3D50D70 at 2 with -61"
)

// With each A0 profile the tags of all antennas are heard, round after round,
// and the region is in the reader's flash once.
func TestA0Profiles(t *testing.T) {
	upper := strings.Replace(sgtin, "at 2", "at 7", 1)
	for _, c := range []struct {
		profile string
		setup   sim.A0Setup
		options map[string]any
		want    []string
	}{
		{"invelion-r2000-serial", sim.A0Setup{}, map[string]any{"antennas": []any{int64(1), int64(2)}}, []string{sscc, sgtin}},
		{"invelion-r2000-fast-switch", sim.A0Setup{Phase: true, Unplugged: []int{3}}, nil, []string{sscc, sgtin}},
		{"ind903-serial", sim.A0Setup{}, map[string]any{"power": int64(27)}, []string{sscc}},
		{"yr903-serial", sim.A0Setup{}, nil, []string{sscc}},
		{"yr903-serial", sim.A0Setup{SL: true}, map[string]any{"sl": "0", "target": "b"}, []string{sscc}},
		{"rodinbell-8-port-serial", sim.A0Setup{Ports: 8}, nil, []string{sscc, upper}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			c.setup.Tags = tagsOf(t, c.want...)
			c.setup.Region = [3]byte{1, 7, 59}
			s, err := sim.NewA0(tagLink(t), c.setup)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			options := map[string]any{"region": "etsi", "from": 865.5}
			for key, value := range c.options {
				options[key] = value
			}
			r := useTagReader(t, s.Address(), c.profile, options)
			r.hears(c.want...)
			r.hears(c.want...)
			is := s.State()
			if is.Region != [3]byte{2, 1, 6} || is.Stored != 1 || len(is.Refused) > 0 || is.Missed > 0 || int64(is.Power) != int64Of(c.options["power"]) {
				t.Errorf("%+v", is)
			}
		})
	}
}

func int64Of(v any) int64 {
	n, _ := v.(int64)
	return n
}

// A reader that is not told its region does not radiate.
func TestA0NeedsItsRegion(t *testing.T) {
	s, err := sim.NewA0(tagLink(t), sim.A0Setup{Tags: tagsOf(t, sscc), Region: [3]byte{2, 0, 6}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "ind903-serial", nil)
	waitFault(t, r, wire.ErrStart, 1)
	if got := s.Heard(); len(got) > 0 {
		t.Errorf("it was sent % X", got)
	}
}

// patiently is not a measure, only better than a hung test.
func patiently(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	return ctx
}

func waitFault(t *testing.T, r *tagReader, reason error, n uint64) {
	t.Helper()
	ctx := patiently(t)
	for r.device.Counts().Faults[reason.Error()] < n {
		select {
		case <-ctx.Done():
			t.Fatalf("no fault %q, only %v", reason, r.device.Counts().Faults)
		case <-time.After(time.Millisecond):
		}
	}
}

// Whatever goes wrong, the tags are heard again, and the trouble is counted
// under its name.
func TestA0Troubles(t *testing.T) {
	s, err := sim.NewA0(tagLink(t), sim.A0Setup{Tags: tagsOf(t, sscc, sgtin), Region: [3]byte{2, 0, 6}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "invelion-r2000-serial", map[string]any{"region": "etsi", "antennas": []any{int64(1), int64(2)}, "power": int64(30)})
	r.hears(sscc, sgtin)
	for name, trouble := range map[string]struct {
		happen func() error
		reason error
	}{
		"an end is lost":             {func() error { s.LoseEnds(1); return nil }, wire.ErrGap},
		"a check is wrong":           {func() error { s.Damage(3); return nil }, wire.ErrChecksum},
		"noise on the line":          {func() error { return s.Garbage(bytes.Repeat([]byte{0x00, 0x11}, 50)) }, wire.ErrNoise},
		"a brown-out":                {s.Brownout, wire.ErrHardware},
		"an answer is swallowed":     {func() error { s.SwallowAnswers(1); return nil }, nil},
		"power goes and comes":       {s.PowerCycle, nil},
		"it misses a command":        {func() error { s.LoseBytes(5); return nil }, nil},
		"an answer breaks off":       {func() error { s.TearAnswers(1); return nil }, nil},
		"the cable is pulled":        {func() error { return s.Unplug() }, nil},
		"the cables of both are out": {func() error { s.Cables(1, 2); return nil }, wire.ErrHardware},
	} {
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
		r.hears(sscc, sgtin)
	}
	if is := s.State(); is.Stored != 0 || is.Power != 30 {
		t.Errorf("its flash was written, or its power not set again: %+v", is)
	}
}

// A card that stays in the field of an LF reader is read again and again,
// marked as no EPC, and its reader needs nothing but power.
func TestLFProfiles(t *testing.T) {
	for name, id12 := range map[string]bool{"rdm6300-serial": false, "rdm630-serial": false, "seeed-125khz-serial": false, "id-12la-serial": true, "id-20la-serial": true} {
		t.Run(name, func(t *testing.T) {
			s, err := sim.NewLF(tagLink(t), sim.LFSetup{Tags: tagsOf(t, "3C00CE754C at 1 with 0"), ID12: id12})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			r := useTagReader(t, s.Address(), name, nil)
			r.hears("3C00CE754C at 0lf")
			r.again()
			s.Damage(2)
			waitFault(t, r, wire.ErrChecksum, 1)
			if err := s.Garbage([]byte{0x03, 0x00, 0xFF}); err != nil {
				t.Fatal(err)
			}
			waitFault(t, r, wire.ErrNoise, 1)
			r.again()
			if heard := s.Heard(); len(heard) > 0 {
				t.Errorf("it was sent % X", heard)
			}
		})
	}
}
