package sim_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/scan"
)

// handheld is a profile as the station uses it: each code waits until the test
// says what has become of it.
type handheld struct {
	codes    chan string
	outcomes chan scan.Outcome
	known    chan devices.Inventory
}

func useHandheld(t *testing.T, address, name string) *handheld {
	t.Helper()
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	h := &handheld{make(chan string, 100), make(chan scan.Outcome, 100), make(chan devices.Inventory, 100)}
	d := &devices.Device{
		Name: "hand", Checkpoint: "pack", Address: address, Profile: p,
		Scan: func(s scan.Sighting) scan.Told {
			h.codes <- s.AIM + s.Code
			select {
			case outcome := <-h.outcomes:
				return scan.Told{Outcome: outcome}
			case <-t.Context().Done():
				return scan.Told{Outcome: scan.NotSaved}
			}
		},
		Known: func(i devices.Inventory) { h.known <- i },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		close(h.outcomes) // whatever still waits is not saved
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h
}

// reads scans a code and hands over what has become of it.
func (h *handheld) reads(t *testing.T, scanned error, want string, outcome scan.Outcome) {
	t.Helper()
	if scanned != nil {
		t.Fatal(scanned)
	}
	if got := next(t, h.codes); got != want {
		t.Errorf("got %q want %q", got, want)
	}
	h.outcomes <- outcome
}

func handheldLink(t *testing.T) string { return filepath.Join(t.TempDir(), "hand") }

// With each profile a Datalogic says good for what is on disk and bad for what is
// not, is enabled whatever a crash has left, and reads on after bad, also where F
// disables it.
func TestDatalogicProfiles(t *testing.T) {
	tones, lamps := []string{"good", "not on file"}, []string{"good", "bad transmit"}
	for _, c := range []struct {
		profile string
		sounds  []string
		asked   bool // who it is
		opens   bool // the profile enables it
	}{
		{"datalogic-serial", tones, true, true},
		{"datalogic-gryphon-gd4400-usb-com", tones, true, true},
		{"datalogic-gryphon-gfs4400-usb-com", tones, false, true},
		{"datalogic-magellan-800i-usb-com", tones, true, true},
		{"datalogic-magellan-9300i-rs-232", tones, true, true},
		{"datalogic-powerscan-pd96-rs-232", lamps, true, true},
		{"datalogic-quickscan-qd2400-usb-com", lamps, false, false},
	} {
		t.Run(c.profile, func(t *testing.T) {
			s, err := sim.NewDatalogic(handheldLink(t), sim.DatalogicOptions{Suffix: "\r", LabelIDs: map[string]string{"]E0": "]E0"}, Model: "M1", Serial: "S1", Firmware: "A1", HardNotOnFile: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if c.opens {
				s.Disable()
			}
			h := useHandheld(t, s.Address(), c.profile)
			i := next(t, h.known)
			if got := []string{i.Model, i.Serial, i.Firmware}; c.asked && !slices.Equal(got, []string{"M1", "S1", "A1"}) || len(i.Refused) > 0 {
				t.Errorf("inventory %+v", i)
			}
			if _, err := s.Wait(t.Context(), func(is sim.DatalogicState) bool { return is.Enabled }); err != nil {
				t.Fatal(err)
			}
			for n, outcome := range []scan.Outcome{scan.Saved, scan.NotSaved} {
				h.reads(t, s.Scan("]E0", "4006381333931"), "]E04006381333931", outcome)
				is, err := s.Wait(t.Context(), func(is sim.DatalogicState) bool { return len(is.Sounds) > n && is.Enabled && !is.Green && !is.Red })
				if err != nil || !slices.Equal(is.Sounds, c.sounds[:n+1]) {
					t.Errorf("%s: %+v %v", outcome, is, err)
				}
			}
			if is := s.State(); len(is.Ignored) > 0 || is.Erased || is.InService {
				t.Errorf("%+v", is)
			}
		})
	}
}

// A Datalogic that waits hears of its code only when it is on disk, and
// complains by itself when it is not.
func TestDatalogicAcknowledgedAtAStation(t *testing.T) {
	s, err := sim.NewDatalogic(handheldLink(t), sim.DatalogicOptions{Suffix: "\r", Patience: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Set("R2AE", "01")
	h := useHandheld(t, s.Address(), "datalogic-gryphon-gd4400-usb-com-acknowledged")
	next(t, h.known)
	if err := s.Scan("]E0", "4006381333931"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, h.codes); got != "4006381333931" || !s.State().Waiting || s.State().Sounds != nil {
		t.Errorf("before it is saved: %q %+v", got, s.State())
	}
	h.outcomes <- scan.Saved
	if is, err := s.Wait(t.Context(), func(is sim.DatalogicState) bool { return !is.Waiting && len(is.Sounds) > 0 }); err != nil || is.Sounds[0] != "good" {
		t.Errorf("%+v %v", is, err)
	}
	h.reads(t, s.Scan("]E0", "4006381333932"), "4006381333932", scan.NotSaved)
	if is, err := s.Wait(t.Context(), func(is sim.DatalogicState) bool { return len(is.Sounds) > 1 }); err != nil || !is.Waiting || is.Sounds[1] != "not on file" {
		t.Errorf("not saved: %+v %v", is, err)
	}
}

// A Newland's settings are read back, and one that is not as it should be is
// told and left alone.
func TestNewlandDrift(t *testing.T) {
	s, err := sim.NewNewland(handheldLink(t), sim.NewlandOptions{Suffix: "\r", AIM: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Set("GRBENA", "0")
	h := useHandheld(t, s.Address(), "newland-hr-cdc")
	if i := next(t, h.known); len(i.Drift) != 1 || i.Drift[0].Name != "GRBENA" || i.Drift[0].Is != "0" || len(i.Refused) > 0 {
		t.Errorf("%+v", i)
	}
	h.reads(t, s.Scan("]E0", "6901234567892"), "]E06901234567892", scan.Saved)
	if is := s.State(); is.Settings["GRBENA"] != "0" || len(is.Ignored) > 0 {
		t.Errorf("%+v", is)
	}
}

// An engine that sleeps is woken and read, and its "!" is no code, nor are those
// of one that was asked twice before it answered.
func TestEnginesAreWoken(t *testing.T) {
	for name, drowsy := range map[string]bool{"newland-em-cdc": false, "newland-em3095-rs-232": true, "rakinda-lv3000u-rs-232": false} {
		t.Run(name, func(t *testing.T) {
			s, err := sim.NewNewland(handheldLink(t), sim.NewlandOptions{Suffix: "\r\n", Engine: true, Asleep: true, Drowsy: drowsy})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			h := useHandheld(t, s.Address(), name)
			if i := next(t, h.known); len(i.Refused) > 0 {
				t.Errorf("%+v", i)
			}
			h.reads(t, s.Scan("", "!123"), "!123", scan.Saved)
			if is := s.State(); !is.Awake || len(is.Ignored) > 0 || len(h.codes) > 0 {
				t.Errorf("%+v, %d codes more", is, len(h.codes))
			}
		})
	}
}

// A plain Opticon sends identifiers from the opening on, in RAM, and beeps once
// more for what is on disk, or its error beep.
func TestOpticonProfiles(t *testing.T) {
	for _, name := range []string{"opticon-nlv-4001-rs-232", "opticon-nlv-1001-usb-serial"} {
		t.Run(name, func(t *testing.T) {
			s, err := sim.NewOpticon(handheldLink(t), sim.OpticonOptions{Suffix: "\r", Answers: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			h := useHandheld(t, s.Address(), name)
			next(t, h.known)
			h.reads(t, s.Scan("]E0", "4006381333931"), "]E04006381333931", scan.Saved)
			h.reads(t, waitSounds(t, s, "good", "good"), "]E04006381333932", scan.NotSaved)
			if err := waitFor(t, s, "good", "good", "good", "error"); err != nil {
				t.Error(err)
			}
			if is := s.State(); is.Stored.AIM || len(is.Ignored) > 0 {
				t.Errorf("%+v", is)
			}
		})
	}
}

// waitSounds waits until an Opticon has sounded so, and then scans the next code.
func waitSounds(t *testing.T, s *sim.Opticon, sounds ...string) error {
	if err := waitFor(t, s, sounds...); err != nil {
		return err
	}
	return s.Scan("]E0", "4006381333932")
}

func waitFor(t *testing.T, s *sim.Opticon, sounds ...string) error {
	_, err := s.Wait(t.Context(), func(is sim.OpticonState) bool { return slices.Equal(is.Sounds, sounds) })
	return err
}

// In its ACK/NAK mode the one good sound of an Opticon is its own, after the scan
// is on disk; what is not saved ends with its error buzzer, and what is saved but
// wrong gets the error beep behind the good one.
func TestOpticonAcknowledgedAtAStation(t *testing.T) {
	s, err := sim.NewOpticon(handheldLink(t), sim.OpticonOptions{Suffix: "\r", Patience: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := useHandheld(t, s.Address(), "opticon-nlv-4001-rs-232-acknowledged")
	next(t, h.known)
	if err := s.Scan("]E0", "1"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, h.codes); got != "]E01" || !s.State().Waiting || s.State().Sounds != nil {
		t.Errorf("before it is saved: %q %+v", got, s.State())
	}
	h.outcomes <- scan.Saved
	if err := waitFor(t, s, "good"); err != nil {
		t.Fatal(err)
	}
	h.reads(t, s.Scan("]E0", "2"), "]E02", scan.SavedWrongCheckpoint)
	if err := waitFor(t, s, "good", "good", "error"); err != nil {
		t.Error(err)
	}
	h.reads(t, s.Scan("]E0", "3"), "]E03", scan.NotSaved)
	if err := waitFor(t, s, "good", "good", "error", "error"); err != nil || !s.State().Waiting {
		t.Errorf("not saved: %+v %v", s.State(), err)
	}
}
