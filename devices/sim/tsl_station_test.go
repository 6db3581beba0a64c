package sim_test

import (
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// handed takes the antennas out of these texts: a hand-held tells none.
func handed(texts ...string) (all []string) {
	for _, text := range texts {
		all = append(all, text[:strings.Index(text, " at ")]+" at 0"+text[strings.Index(text, " with "):])
	}
	return all
}

// A pull of the trigger tells tags and barcodes, and nobody else starts an
// inventory.
func TestTSLTrigger(t *testing.T) {
	s, err := sim.NewTSL(tagLink(t), sim.TSLSetup{Tags: tagsOf(t, sscc, sgtin), Battery: 87})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "tsl-ascii-2.0-trigger", map[string]any{"power": int64(20), "ask": int64(3), "patience": int64(2)})
	if _, err := s.Wait(patiently(t), func(is sim.TSLState) bool {
		return is.Asked > 0 && is.Options["r"] == "on" && is.Options["e"] == "on" && is.Options["o"] == "20"
	}); err != nil {
		t.Fatal(err)
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	pull := func() {
		t.Helper()
		do(s.Pull())
		r.hears(handed(sscc, sgtin)...)
	}
	pull()
	do(s.Scan("a\r\n\x1Bb"))
	if got := next(t, r.scans); got != "a\r\n\x1Bb" {
		t.Errorf("got %q", got)
	}
	do(s.Scan(""))
	s.Stray(1)
	pull()
	waitFault(t, r, wire.ErrNoise, 1)
	s.OmitEmpty(1)
	pull()
	waitFault(t, r, wire.ErrGap, 1)
	s.TearAnswers(2)
	s.Sleep(true)
	waitFault(t, r, wire.ErrStart, 1)
	s.Sleep(false)
	if _, err := s.Wait(patiently(t), func(is sim.TSLState) bool { return is.Options["o"] == "20" }); err != nil {
		t.Fatal(err)
	}
	if err := s.Unplug(); err != nil {
		t.Fatal(err)
	}
	do(s.Replug())
	if _, err := s.Wait(patiently(t), func(is sim.TSLState) bool { return is.Options["o"] == "20" }); err != nil {
		t.Fatal(err)
	}
	pull()
	if is := s.State(); is.Rounds > 0 || len(is.Refused) > 0 || len(r.scans) > 0 {
		t.Errorf("%+v, %d scans more", is, len(r.scans))
	}
}

// In the cradle tags are heard without a hand, also after a lost end and a
// sleep.
func TestTSLCradle(t *testing.T) {
	s, err := sim.NewTSL(tagLink(t), sim.TSLSetup{Tags: tagsOf(t, sscc, sgtin), Battery: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := useTagReader(t, s.Address(), "tsl-ascii-2.0-cradle", map[string]any{"patience": int64(3)})
	r.hears(handed(sscc, sgtin)...)
	s.OmitEmpty(2)
	waitFault(t, r, wire.ErrGap, 1)
	r.again()
	s.Sleep(true)
	waitFault(t, r, wire.ErrStart, 1)
	s.Sleep(false)
	r.again()
	r.again()
	r.hears(handed(sscc, sgtin)...)
	if is := s.State(); is.Options["qs"] != "s0" || is.Options["r"] != "on" || len(is.Refused) > 0 {
		t.Errorf("%+v", is)
	}
}
