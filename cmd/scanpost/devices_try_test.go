package main

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices/profile"
	"scanpost/devices/sim"
)

// A scanner that waits for its acknowledgement has it for every scan of the
// trial, the last one too, before the port is closed; and it has told who it is.
func TestTrySSI(t *testing.T) {
	s, err := sim.NewSSI(filepath.Join(t.TempDir(), "tty"), sim.SSISetup{Revision: "AABLS00-004-R00 7 DS4308 1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := namedDevice("zebra-ssi-cdc", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	out := newHeard()
	done := make(chan error, 1)
	trying := newTrial(d.Profile, d.Profile.Name, false, out)
	go func() { done <- trying.run(t.Context(), d) }()
	out.wait(t, `(?m)^It is .*DS4308`)
	out.wait(t, `(?m)^Scan the verification code now`)
	for i, scan := range []struct {
		aim, code, answer string
	}{
		{"]C0", profile.Verification, `(?m)^Right: the verification code came as it should\.$`},
		{"]C1", "00376104250021234569", `(?m)^Right: it is sscc:376104250021234569\.$`},
	} {
		if err := s.Scan(byte(3+12*i), scan.aim, scan.code); err != nil {
			t.Fatal(err)
		}
		out.wait(t, scan.answer)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	patience, enough := context.WithTimeout(t.Context(), 20*time.Second)
	defer enough()
	state, err := s.Wait(patience, func(s sim.SSIState) bool { return len(s.Acked) == 2 })
	if err != nil || !slices.Equal(state.Acked, []string{profile.Verification, "00376104250021234569"}) || state.TransmitErrors != nil {
		t.Errorf("acknowledged %q, errors %q, %v", state.Acked, state.TransmitErrors, err)
	}
}

// A person whose scanner says nothing is told what to look at.
func TestTryNothingComes(t *testing.T) {
	s, err := sim.NewScanner(filepath.Join(t.TempDir(), "tty"), sim.Framing{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := namedDevice("generic-serial", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	out := newHeard()
	trying := newTrial(d.Profile, d.Profile.Name, false, out)
	trying.hint = time.Nanosecond
	done := make(chan error, 1)
	go func() { done <- trying.run(ctx, d) }()
	out.wait(t, `(?m)^Nothing has come yet\. Is the scanner in this mode, and on this port\? `)
	stop()
	if err := <-done; err == nil || !strings.HasSuffix(err.Error(), " is not verified: its verification code has not come right") {
		t.Errorf("got %v", err)
	}
}

// heard is what was written so far, and can be waited for.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed when there is more
}

func newHeard() *heard { return &heard{more: make(chan struct{})} }

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.more)
	h.more = make(chan struct{})
	return h.text.Write(b)
}

func (h *heard) wait(t *testing.T, pattern string) {
	t.Helper()
	want := regexp.MustCompile(pattern)
	patience := time.After(20 * time.Second)
	for {
		h.mu.Lock()
		text, more := h.text.String(), h.more
		h.mu.Unlock()
		if want.MatchString(text) {
			return
		}
		select {
		case <-more:
		case <-patience:
			t.Fatalf("%s has not come; there is\n%s", pattern, text)
		}
	}
}
