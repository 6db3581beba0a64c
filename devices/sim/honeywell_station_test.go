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

// honeywellStation runs the agent's side of a profile against a simulated
// scanner, and saves what comes, or fails to.
func honeywellStation(t *testing.T, name string, o sim.HoneywellOptions, outcome func() scan.Outcome) (*sim.Honeywell, <-chan string, <-chan devices.Inventory) {
	h, err := sim.NewHoneywell(filepath.Join(t.TempDir(), "hand"), o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	codes, known := make(chan string, 100), make(chan devices.Inventory, 100)
	d := &devices.Device{
		Name: "hand", Checkpoint: "pack", Address: h.Address(), Profile: p,
		Scan: func(s scan.Sighting) scan.Told {
			codes <- s.AIM + s.Code
			return scan.Told{Outcome: outcome()}
		},
		Known: func(i devices.Inventory) { known <- i },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.Close()
	})
	return h, codes, known
}

func saved() scan.Outcome { return scan.Saved }

// next waits for a code, a minute at most.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(time.Minute): // not a measure, only better than a hung test
		t.Fatal("nothing came")
		panic("not reached")
	}
}

const answer = "Product Name: Xenon\r\nSoftware Revision: $ProjectRevision: 1 \r\nSerial Number: B123\r\n"

// The station learns who the scanner is, switches the header on in RAM, reads a
// QR of two lines as one code, beeps, and takes no reply for a code.
func TestHoneywellWithHeader(t *testing.T) {
	h, codes, known := honeywellStation(t, "honeywell-dechdr-rs-232", sim.HoneywellOptions{Text: answer, Suffix: "\r"}, saved)
	i := next(t, known)
	if i.Model != "Xenon" || i.Serial != "B123" || i.Firmware != "$ProjectRevision: 1" || len(i.Drift) > 0 || len(i.Refused) > 0 {
		t.Errorf("got %+v", i)
	}
	if s := h.State(); s.Settings["DECHDR"] != "1" || s.Saved["DECHDR"] != "0" {
		t.Errorf("header in RAM %q, in flash %q", s.Settings["DECHDR"], s.Saved["DECHDR"])
	}
	for n, code := range []string{"]Q1line1\rline2", "]E04006381333931"} {
		if err := h.Scan(code[:3], code[3:]); err != nil {
			t.Fatal(err)
		}
		if got := next(t, codes); got != code {
			t.Errorf("got %q want %q", got, code)
		}
		s, err := h.Wait(t.Context(), func(s sim.HoneywellState) bool { return len(s.Signals) > n })
		if err != nil || slices.ContainsFunc(s.Signals, func(s string) bool { return s != "beep" }) || len(s.Ignored) > 0 {
			t.Errorf("signals %q, ignored %q %v", s.Signals, s.Ignored, err)
		}
	}
	if len(codes) > 0 {
		t.Errorf("also came %q", <-codes)
	}
}

// A model without the header refuses it and is read all the same; a reply with
// a wrong tag, a code cut in two and a wrong length make no code.
func TestHoneywellMisbehaves(t *testing.T) {
	h, codes, known := honeywellStation(t, "honeywell-dechdr-cdc", sim.HoneywellOptions{Lacks: []string{"DECHDR"}, Suffix: "\r", Text: answer}, saved)
	if i := next(t, known); !slices.Equal(i.Refused, []string{"message header on, in RAM: DECHDR: unknown tag", "is the message header on: DECHDR: unknown tag"}) {
		t.Errorf("refused %q", i.Refused)
	}
	if err := h.Scan("]E0", "4006381333931"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, codes); got != "4006381333931" {
		t.Errorf("got %q", got)
	}

	h, codes, known = honeywellStation(t, "honeywell-xenon-1900-cdc", sim.HoneywellOptions{Text: answer}, saved)
	next(t, known)
	h.WrongLengths(1)
	h.CutFrames(1)
	for _, code := range []string{"cut and with a wrong length", "whole"} {
		if err := h.Scan("]C0", code); err != nil {
			t.Fatal(err)
		}
	}
	if got := next(t, codes); got != "]C0whole" {
		t.Errorf("got %q", got)
	}
	if len(codes) > 0 {
		t.Errorf("also came %q", <-codes)
	}
}

// In ACK/NAK mode the scanner gets its 06 when the scan is on disk, and one
// whose 06 was lost sends the code again and gets another.
func TestHoneywellAcknowledged(t *testing.T) {
	h, codes, known := honeywellStation(t, "honeywell-n431x-rs-232-acknowledged", sim.HoneywellOptions{ACK: true, AIM: true, Suffix: "\r", Text: answer, Patience: 200 * time.Millisecond, Repeats: 100}, saved)
	next(t, known)
	h.LoseBytes(1)
	for _, code := range []string{"4006381333931", "4006381333948"} {
		if err := h.Scan("]E0", code); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Wait(t.Context(), func(s sim.HoneywellState) bool { return slices.Contains(s.Accepted, code) }); err != nil {
			t.Fatal(err)
		}
	}
	if s := h.State(); !slices.Equal(s.Accepted, []string{"4006381333931", "4006381333948"}) || len(s.Unheeded)+len(s.Rejected) > 0 || len(s.Sent) < 3 {
		t.Errorf("accepted %q, unheeded %q, sent %q", s.Accepted, s.Unheeded, s.Sent)
	}
	if got := []string{next(t, codes), next(t, codes)}; got[0] != "]E04006381333931" || got[1] != "]E04006381333931" {
		t.Errorf("got %q", got)
	}
}

// Behind a base the scanner gives its good sound after the save, and an error
// tone where nothing was saved.
func TestHoneywellCordless(t *testing.T) {
	outcomes := []scan.Outcome{scan.Saved, scan.NotSaved, scan.SavedWrongCheckpoint}
	h, codes, known := honeywellStation(t, "honeywell-xenon-1902-cordless", sim.HoneywellOptions{Cordless: "Xenon", AIM: true, Suffix: "\r", Text: answer}, func() (o scan.Outcome) {
		o, outcomes = outcomes[0], outcomes[1:]
		return o
	})
	next(t, known)
	want := []string{"green", "double good", "error", "green", "error"}
	for i, signals := range []int{2, 3, 5} {
		if err := h.Scan("]E0", string(rune('1'+i))); err != nil {
			t.Fatal(err)
		}
		next(t, codes)
		s, err := h.Wait(t.Context(), func(s sim.HoneywellState) bool { return len(s.Signals) == signals })
		if err != nil || !slices.Equal(s.Signals, want[:signals]) {
			t.Fatalf("signals %q %v", s.Signals, err)
		}
	}
	if s := h.State(); !slices.Equal(s.Accepted, []string{"1", "3"}) || !slices.Equal(s.Rejected, []string{"2"}) {
		t.Errorf("accepted %q, rejected %q", s.Accepted, s.Rejected)
	}
}
