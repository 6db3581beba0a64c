package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// portal is an LLRP reader as the station serves it.
type portal struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error

	mu      sync.Mutex
	changed chan struct{}
	reads   map[string]int    // by EPC, antenna and strength
	facts   map[string]string // newest
	faults  map[error]int
	said    []string // faults in words
}

// llrpSecond is what a second takes in these tests, for reader and station.
const llrpSecond = 20 * time.Millisecond

func usePortal(t *testing.T, address, name string, options map[string]any) *portal {
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	p = p.With(options)
	p.Quiet = llrpSecond
	s := &portal{t: t, done: make(chan error, 1), changed: make(chan struct{}), reads: map[string]int{}, facts: map[string]string{}, faults: map[error]int{}}
	d := &devices.Device{
		Name: "portal", Checkpoint: "dock", Address: address, Profile: p,
		Scan: func(one scan.Sighting) scan.Told {
			t.Errorf("a scan of %q: tags are none", one.Code)
			return scan.Told{Outcome: scan.Saved}
		},
		Heard: func(reads []wire.Read, _ time.Time) {
			s.note(func() {
				for _, r := range reads {
					s.reads[fmt.Sprintf("%X ant=%d rssi=%d pc=%04X%s", r.EPC, r.Antenna, r.RSSI, r.PC, r.Note)] += r.Count
				}
			})
		},
		Watch: func(seen devices.Seen) {
			if seen.Output == nil {
				return
			}
			s.note(func() {
				for _, a := range seen.Output.Answers {
					for _, f := range a.Facts {
						s.facts[f.Name] = f.Value
					}
				}
				for _, f := range seen.Output.Faults {
					s.said = append(s.said, f.Error())
					for _, reason := range []error{wire.ErrStart, wire.ErrHardware, wire.ErrUnasked, wire.ErrTag, wire.ErrShort, wire.ErrNoise, wire.ErrGap} {
						if errors.Is(f, reason) {
							s.faults[reason]++
						}
					}
				}
			})
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-s.done; err != nil {
			t.Error(err)
		}
	})
	go func() { s.done <- d.Run(ctx) }()
	t.Cleanup(s.stop)
	return s
}

func (s *portal) note(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait waits until the portal is as it should be.
func (s *portal) wait(what string, enough func() bool) {
	s.t.Helper()
	patience := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		is, changed := enough(), s.changed
		s.mu.Unlock()
		if is {
			return
		}
		select {
		case <-changed:
		case <-patience:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.t.Fatalf("waited for %s: reads %v facts %v faults %q", what, s.reads, s.facts, s.said)
		}
	}
}

// hears waits for a read that has not come before.
func (s *portal) hears(read string) {
	s.t.Helper()
	s.mu.Lock()
	before := s.reads[read]
	s.mu.Unlock()
	s.wait(read, func() bool { return s.reads[read] > before })
}

// fails waits until a fault of the reason says so.
func (s *portal) fails(reason error, text string) {
	s.t.Helper()
	s.wait(text, func() bool {
		return s.faults[reason] > 0 && slices.ContainsFunc(s.said, func(said string) bool { return strings.Contains(said, text) })
	})
}

func (s *portal) tells(name, value string) {
	s.t.Helper()
	s.wait(name+" "+value, func() bool { return s.facts[name] == value })
}

var llrpTags = []sim.Tag{
	{EPC: []byte("\x31\x54\xf4\xe4\xe4\xce\x0a\x6a\x14\x00\x00\x00"), Antenna: 2, RSSI: -52},
	{EPC: []byte("\x1f\xb4\x1f\x71\x2a\xc9\xc3\x7a\xb7\x9d\x61\x81\x73\x18\x83\x24\x00\x1a"), Antenna: 1, RSSI: -17},
	{EPC: []byte("\x30\x05\xfb\x63\xac\x1f\x38\x41\xec\x88\x04\x67"), Antenna: 4, RSSI: -70},
}

const (
	llrpSSCC = "3154F4E4E4CE0A6A14000000 ant=2 rssi=-52 pc=3000"
	llrpLong = "1FB41F712AC9C37AB79D618173188324001A ant=1 rssi=-17 pc=4800"
	llrpFar  = "3005FB63AC1F3841EC880467 ant=4 rssi=-70 pc=3000"
)

func newPortal(t *testing.T, o sim.LLRPOptions) *sim.LLRPReader {
	if o.Tags == nil {
		o.Tags = func(time.Time) []sim.Tag { return llrpTags }
	}
	o.Round, o.Second = 5*time.Millisecond, llrpSecond
	r, err := sim.NewLLRP("tcp:127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func (s *portal) reader(r *sim.LLRPReader, what string, enough func(sim.LLRPState) bool) sim.LLRPState {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	state, err := r.Wait(ctx, enough)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	return state
}

// Every LLRP profile brings a reader from power-on to reads, with the settings
// that were asked for, and stops it when the station stops.
func TestLLRPProfiles(t *testing.T) {
	for _, name := range []string{"generic-llrp", "impinj-speedway-r420-llrp", "impinj-r700-llrp", "zebra-fx9600-llrp", "zebra-fx7500-llrp", "zebra-fx9500-llrp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sim.LLRPOptions{Firmware: "5.14.0.240", MAC: [8]byte{0, 0x16, 0x25, 0xff, 0xfe, 1, 2, 3}}
			if strings.HasPrefix(name, "zebra") {
				o.Maker, o.Model, o.Fixed, o.Long = 10642, 9600, true, true
			}
			r := newPortal(t, o)
			s := usePortal(t, r.Address(), name, map[string]any{"power": 27.0, "antennas": []any{int64(1), int64(2)}, "gpi": []any{int64(1)}})
			s.hears(llrpSSCC)
			s.hears(llrpLong)
			s.tells("firmware", "5.14.0.240")
			s.tells("serial", "001625FFFE010203")
			s.tells("power", "25 dBm")
			s.tells("antenna 4", "connected")
			s.tells("gpi 2", "off")
			state := s.reader(r, "settings", func(is sim.LLRPState) bool { return slices.Equal(is.Inputs, []int{1}) && is.Acks > 0 })
			search := -1
			if strings.HasPrefix(name, "impinj") {
				search = 2
			}
			if state.ROSpec != "active" || !slices.Equal(state.Antennas, []int{1, 2}) || state.Session != 0 || state.Population != 32 || state.Power != 4 ||
				state.Search != search || state.Keepalive != 10*llrpSecond || len(state.Errors) > 0 || !slices.Equal(state.Events, []int{1, 2, 3, 4, 8}) {
				t.Errorf("the reader is %+v", state)
			}
			if err := r.SetInput(1, true); err != nil {
				t.Fatal(err)
			}
			s.tells("gpi 1", "on")
			if err := r.SetAntenna(2, false); err != nil {
				t.Fatal(err)
			}
			s.tells("antenna 2", "gone")
			s.fails(wire.ErrHardware, "antenna 2 is gone")
			s.stop()
			if is := s.reader(r, "goodbye", func(is sim.LLRPState) bool { return !is.Connected }); is.Goodbyes != 1 || is.ROSpec != "none" || s.reads[llrpFar] > 0 {
				t.Errorf("left behind %+v; reads %v", is, s.reads)
			}
		})
	}
}

// Whatever goes wrong with the reader or the network, it is named and reads go on.
func TestLLRPTroubles(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(*sim.LLRPReader) error
		fault error
		text  string
	}{
		"it hangs up":        {(*sim.LLRPReader).Drop, nil, ""},
		"it loses its power": {(*sim.LLRPReader).PowerCycle, nil, ""},
		"it is cut in mid-message, and what was half is dropped": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.Cut = true })
			return nil
		}, nil, ""},
		"it falls silent": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.Silent = true })
			return nil
		}, wire.ErrHardware, "no word for"},
		"a length that does not fit": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.Misfit = true })
			return nil
		}, wire.ErrShort, "does not fit"},
		"bytes that are no LLRP":         {func(r *sim.LLRPReader) error { return r.Garbage([]byte("\xff\xff")) }, wire.ErrNoise, "a message begins with FF"},
		"its ROSpec ends":                {(*sim.LLRPReader).EndROSpec, nil, ""},
		"its ROSpec ends without a word": {(*sim.LLRPReader).LoseROSpec, nil, ""},
		"its ROSpec is gone":             {(*sim.LLRPReader).DeleteROSpec, wire.ErrStart, "no longer has our ROSpec"},
		"an exception":                   {func(r *sim.LLRPReader) error { return r.Exception("PA too hot") }, wire.ErrHardware, "PA too hot"},
		"its buffer runs over":           {(*sim.LLRPReader).Overflow, wire.ErrGap, "reads were lost"},
		"wrong tag checksums": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.BadCRC = 2 })
			return nil
		}, wire.ErrTag, "it is no read"},
		"short parameters that nobody knows": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.UnknownTV = 2 })
			return nil
		}, wire.ErrUnasked, "unknown type 30"},
		"empty reports and a maker's own parameters": {func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.EmptyReports, f.Custom = true, true })
			return nil
		}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPortal(t, sim.LLRPOptions{})
			s := usePortal(t, r.Address(), "generic-llrp", nil)
			s.hears(llrpSSCC)
			if err := c.wrong(r); err != nil {
				t.Fatal(err)
			}
			if c.fault != nil {
				s.fails(c.fault, c.text)
			}
			r.Misbehave(func(f *sim.LLRPFaults) { f.Silent = false })
			s.hears(llrpFar)
			s.hears(llrpLong)
			s.hears(llrpFar)
			s.mu.Lock()
			defer s.mu.Unlock()
			for read := range s.reads {
				if !slices.Contains([]string{llrpSSCC, llrpLong, llrpFar}, read) {
					t.Errorf("a tag that nobody has: %s", read)
				}
			}
		})
	}
}

// A reader that holds on to our own connection of before, or to another client,
// is asked again until it is free.
func TestLLRPBusy(t *testing.T) {
	for name, wrong := range map[string]func(*sim.LLRPReader) error{
		"a half-open connection": (*sim.LLRPReader).Haunt,
		"another client": func(r *sim.LLRPReader) error {
			r.Misbehave(func(f *sim.LLRPFaults) { f.Refuse = 1 })
			return r.Drop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPortal(t, sim.LLRPOptions{})
			s := usePortal(t, r.Address(), "generic-llrp", nil)
			s.hears(llrpSSCC)
			if err := wrong(r); err != nil {
				t.Fatal(err)
			}
			s.fails(wire.ErrStart, "another client has the reader")
			s.reader(r, "another try", func(is sim.LLRPState) bool { return is.Hosts == 2 })
			s.hears(llrpSSCC)
		})
	}
}

// A reader that refuses, or has no region, is not started, and says why.
func TestLLRPRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		o       sim.LLRPOptions
		faults  sim.LLRPFaults
		options map[string]any
		text    string
	}{
		"no region":            {o: sim.LLRPOptions{NoRegion: true}, text: "no radio region"},
		"ADD_ROSPEC":           {faults: sim.LLRPFaults{FailAdd: 101}, text: `status 101, error in a field, "as it was told to"`},
		"a port that is none":  {options: map[string]any{"antennas": []any{int64(9)}}, text: "antenna 9, and the reader has 4"},
		"no extensions at all": {o: sim.LLRPOptions{Maker: 10642}, options: map[string]any{"impinj": true, "search": "dual"}, text: "does not switch Impinj's extensions on: status 109"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPortal(t, c.o)
			r.Misbehave(func(f *sim.LLRPFaults) { *f = c.faults })
			s := usePortal(t, r.Address(), "generic-llrp", c.options)
			s.fails(wire.ErrStart, c.text)
			if is := r.State(); is.ROSpec == "active" || !is.Connected {
				t.Errorf("reader is %+v", is)
			}
			if c.faults.FailAdd != 0 { // what cures the reader needs nothing of us
				r.Misbehave(func(f *sim.LLRPFaults) { f.FailAdd = 0 })
				s.hears(llrpSSCC)
			}
		})
	}
}

// A reader that understands LLRP 1.1 only is spoken to in it.
func TestLLRP11(t *testing.T) {
	t.Parallel()
	r := newPortal(t, sim.LLRPOptions{Only11: true})
	s := usePortal(t, r.Address(), "generic-llrp", nil)
	s.hears(llrpSSCC)
	s.reader(r, "keep-alives", func(is sim.LLRPState) bool { return is.Acks > 1 })
}

// In session 2 a tag answers once while it stays; in session 0 again and again.
func TestLLRPSessions(t *testing.T) {
	t.Parallel()
	r := newPortal(t, sim.LLRPOptions{})
	s := usePortal(t, r.Address(), "generic-llrp", map[string]any{"session": int64(2)})
	s.hears(llrpSSCC)
	s.reader(r, "keep-alives", func(is sim.LLRPState) bool { return is.Acks > 2 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads[llrpSSCC] != 1 || s.reads[llrpFar] != 1 {
		t.Errorf("reads %v", s.reads)
	}
}
