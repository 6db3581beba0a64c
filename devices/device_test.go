package devices

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/scan"
)

// The tests in this file run on real terminals of the kernel.

func scanner(t *testing.T) *sim.Scanner {
	t.Helper()
	s, err := sim.NewScanner(filepath.Join(t.TempDir(), "hand"), sim.Framing{Suffix: "\r", AIM: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A scan arrives with who, where and what, and its good signal reaches the
// scanner; a stop leaves nothing behind.
func TestScan(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile())
	got := make(chan scan.Sighting, 1)
	b.Scan = func(s scan.Sighting) scan.Told {
		got <- s
		return scan.Told{Outcome: scan.Saved}
	}
	b.start()
	want(t, b.states, "came")
	must(t, s.Scan("]C1", "00106141410000001238"))
	sighting := <-got
	if sighting.At.IsZero() {
		t.Error("no time")
	}
	sighting.At = scan.Sighting{}.At
	if want := (scan.Sighting{Code: "00106141410000001238", AIM: "]C1", Symbology: "gs1-128", Device: "hand", Checkpoint: "pack"}); sighting != want {
		t.Errorf("got  %+v\nwant %+v", sighting, want)
	}
	if _, err := s.WaitHeard(t.Context(), func(b []byte) bool { return string(b) == "G" }); err != nil {
		t.Error(err)
	}
	b.end()
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for _, g := range strings.Split(string(all), "\n\n") {
		if strings.Contains(g, "scanpost/devices.(") || strings.Contains(g, "scanpost/devices/port.") {
			t.Errorf("left behind:\n%s", g)
		}
	}
}

// A replugged scanner is back by itself. Half a code from before is dropped,
// counted, and never glued to what comes after.
func TestReplug(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile()).start()
	want(t, b.states, "came")
	const rounds = 3
	for i := range rounds {
		must(t, s.Scan("", fmt.Sprintf("before-%d", i)))
		want(t, b.codes, fmt.Sprintf("before-%d", i))
		must(t, s.Garbage([]byte("half")))
		b.waitTaken("half")
		must(t, s.Unplug())
		want(t, b.states, "went: unplugged")
		must(t, s.Replug())
		want(t, b.states, "came")
	}
	must(t, s.Scan("", "after"))
	want(t, b.codes, "after")
	b.end()
	want := Counters{Read: b.Counts().Read, Sightings: rounds + 1, Reconnects: rounds, Faults: map[string]uint64{"cut by unplug": rounds}}
	if got := b.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// The cable was loose: one line, and the rest is only counted.
	if got := b.logs.with("device gone"); len(got) != 1 {
		t.Errorf("logged %q", got)
	}
	if len(b.states) > 0 {
		t.Errorf("another state: %s", <-b.states)
	}
}

// A device that is not there at start is told once, and is served when it
// comes.
func TestPluggedInLater(t *testing.T) {
	s := scanner(t)
	must(t, s.Unplug())
	b := newBench(t, s.Address(), lineProfile()).start()
	want(t, b.states, "went: no such port")
	must(t, s.Replug())
	want(t, b.states, "came")
	must(t, s.Scan("", "4006381333931"))
	want(t, b.codes, "4006381333931")
	b.end()
	if got := b.logs.with("level=WARN"); len(got) != 1 || !strings.Contains(got[0], "is the cable in?") {
		t.Errorf("logged %q", got)
	}
}

// Garbage on the line costs no scan that comes after it.
func TestGarbage(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile()).start()
	want(t, b.states, "came")
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		noise := make([]byte, r.IntN(300))
		for j := range noise {
			noise[j] = byte(r.Uint32())
		}
		must(t, s.Garbage(append(noise, '\r')))
		code := fmt.Sprintf("good-%d", i)
		must(t, s.Scan("]C0", code))
		for got := ""; got != code; {
			got = <-b.codes
		}
	}
	b.end()
}

// While the disk is slow nothing is lost, and order is kept.
func TestSlowDisk(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile())
	record, free := b.Scan, make(chan struct{})
	b.Scan = func(s scan.Sighting) scan.Told {
		<-free
		return record(s)
	}
	b.start()
	want(t, b.states, "came")
	const n = 300 // one arrival each at worst: more than the queue holds
	var codes []string
	for i := range n {
		codes = append(codes, fmt.Sprintf("code-%d", i))
		must(t, s.Scan("", codes[i]))
	}
	close(free)
	want(t, b.codes, codes...)
	b.end()
}

// What was recorded, replayed through the same path, gives the same sightings.
func TestRecordAndReplay(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile())
	var file bytes.Buffer
	b.Record = &file
	b.start()
	want(t, b.states, "came")
	codes := []string{"4006381333931", "\x00\x1d\xff ü", "last"}
	for i, code := range codes {
		must(t, s.Scan("]C0", code))
		want(t, b.codes, code)
		if _, err := s.WaitHeard(t.Context(), func(b []byte) bool { return len(b) == i+1 }); err != nil {
			t.Fatal(err)
		}
	}
	b.end()
	name := filepath.Join(t.TempDir(), "morning.trace")
	must(t, os.WriteFile(name, file.Bytes(), 0o600))
	if !strings.Contains(file.String(), ` > "G"`) {
		t.Errorf("the signal is not in the trace\n%s", &file)
	}
	again := newBench(t, "replay:"+name+"?fast", lineProfile()).start()
	want(t, again.states, "came", "went: replay finished")
	want(t, again.codes, codes...)
	if err := <-again.done; err != nil {
		t.Error(err)
	}
}

// Whoever pulled the trigger gets an answer: a code that is longer than any
// label is handed over as a reading that could not be read, before what
// follows it, and the scanner gets its bad signal.
func TestTooLongIsTold(t *testing.T) {
	s := scanner(t)
	b := newBench(t, s.Address(), lineProfile())
	got := make(chan scan.Sighting, 2)
	b.Scan = func(s scan.Sighting) scan.Told {
		got <- s
		if s.NoRead {
			return scan.Told{Outcome: scan.Unreadable}
		}
		return scan.Told{Outcome: scan.Saved}
	}
	b.start()
	want(t, b.states, "came")
	must(t, s.Scan("", strings.Repeat("x", 9000)))
	if first := <-got; !first.NoRead || first.Code != "" || first.Note == "" {
		t.Errorf("the long code was handed over as %+v", first)
	}
	must(t, s.Scan("", "after"))
	if second := <-got; second.NoRead || second.Code != "after" {
		t.Errorf("what followed was handed over as %+v", second)
	}
	b.end()
}
