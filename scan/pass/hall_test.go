package pass

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A tag that two portals hear has passed one of them.
func TestNeighbours(t *testing.T) {
	both := func(t *testing.T) *floor { return newFloor(t, Portal{Name: "a"}, Portal{Name: "b"}) }
	t.Run("where it was heard better", func(t *testing.T) {
		f := both(t)
		f.read("a", "x", 1, 5, -60)
		f.read("b", "x", 1.25, 10, -45)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -60", "confirmed b x 1.25-1.35 n=3 ant=1 -45",
			"dropped a x 1.00-1.20 n=5 ant=1 -60 cross_read", "passed b x 1.25-1.70 n=10 ant=1 -45")
		f.strays(Strays{CrossRead: 1})
	})
	t.Run("and the other is not even shown", func(t *testing.T) {
		f := both(t)
		f.read("b", "x", 1, 10, -45)
		f.read("a", "x", 1.5, 5, -60)
		f.until(10)
		f.want("confirmed b x 1.00-1.10 n=3 ant=1 -45", "passed b x 1.00-1.45 n=10 ant=1 -45")
		f.strays(Strays{CrossRead: 1})
	})
	t.Run("where it was heard oftener, twice as often counts 2 dB", func(t *testing.T) {
		f := both(t)
		f.read("a", "x", 1, 4, -50)
		f.read("b", "x", 1.2, 8, -51)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "confirmed b x 1.20-1.55 n=8 ant=1 -51",
			"dropped a x 1.00-1.15 n=4 ant=1 -50 cross_read", "passed b x 1.20-1.55 n=8 ant=1 -51")
	})
	t.Run("where it was heard first, if nothing else tells", func(t *testing.T) {
		f := both(t)
		f.read("b", "x", 1, 5, -50)
		f.read("a", "x", 1.3, 5, -50)
		f.until(10)
		f.want("confirmed b x 1.00-1.10 n=3 ant=1 -50", "passed b x 1.00-1.20 n=5 ant=1 -50")
	})
	t.Run("one after the other, both", func(t *testing.T) {
		f := both(t)
		f.read("a", "x", 1, 20, -50)
		f.along("b", "x", 2, 1, -70, -70, -70)
		f.read("b", "x", 2.5, 60, -49)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "confirmed b x 2.00-3.10 n=16 ant=1 -49",
			"passed a x 1.00-1.95 n=20 ant=1 -50", "passed b x 2.00-5.45 n=63 ant=1 -49")
	})
	t.Run("a neighbour's few reads do not take it", func(t *testing.T) {
		f := both(t)
		f.read("a", "x", 1, 5, -60)
		f.read("b", "x", 1.1, 2, -40)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -60", "passed a x 1.00-1.20 n=5 ant=1 -60")
	})
	t.Run("a late echo of what is recorded already", func(t *testing.T) {
		f := both(t)
		f.read("a", "x", 1, 10, -45) // until 1.45
		f.until(2.1)
		f.read("b", "x", 2.15, 5, -60)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -45", "passed a x 1.00-1.45 n=10 ant=1 -45")
	})
	t.Run("parked there is not parked here", func(t *testing.T) {
		f := both(t)
		for i := range 100 {
			f.read("a", "x", 1+.2*float64(i), 1, -50)
			f.read("b", "x", 1.1+.2*float64(i), 1, -60)
		}
		f.until(100)
		f.want("confirmed a x 1.00-1.40 n=3 ant=1 -50", "parked a x 1.00-10.80 n=50 ant=1 -50 parked")
	})
	t.Run("an open gate speaks for a portal, by 6 dB", func(t *testing.T) {
		for rssi, passed := range map[int]string{-45: "passed a", -43: "passed b"} {
			f := newFloor(t, Portal{Name: "a", Gate: true}, Portal{Name: "b"})
			f.gate(true, 1)
			for i := range 5 {
				f.read("a", "x", 1+.1*float64(i), 1, -50)
				f.read("b", "x", 1.05+.1*float64(i), 1, rssi)
			}
			f.gate(false, 1.5)
			f.until(10)
			if all := strings.Join(f.told, "\n"); strings.Count(all, "passed") != 1 || !strings.Contains(all, passed) {
				t.Errorf("%d dBm: told %s", rssi, all)
			}
		}
	})
}

// With a gate there is no pass without it, and it says which tags are together.
func TestGate(t *testing.T) {
	gated := func(t *testing.T) *floor { return newFloor(t, Portal{Name: "a", Gate: true}) }
	t.Run("closed, there is no pass", func(t *testing.T) {
		f := gated(t)
		f.read("a", "x", 1, 20, -50)
		f.until(10)
		f.want()
		f.strays(Strays{Shut: 1})
	})
	t.Run("what was heard of the coming counts", func(t *testing.T) {
		f := gated(t)
		f.read("a", "x", 1, 5, -60)
		f.gate(true, 1.25)
		f.read("a", "x", 1.3, 2, -50)
		f.until(5)
		f.want("confirmed a x 1.00-1.20 n=5 ant=1 -60 group=1.2", "passed a x 1.00-1.35 n=7 ant=1 -50 group=1.2")
		f.gate(false, 5)
		f.until(6)
		f.want("complete a 1.25-5.60 n=1 group=1.2")
	})
	t.Run("a gap after it has closed the passes end", func(t *testing.T) {
		f := gated(t)
		f.gate(true, 1)
		f.read("a", "x", 1, 10, -50)
		f.gate(false, 1.5)
		f.read("a", "x", 1.55, 40, -60) // it lies in the field behind
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50 group=1.0", "passed a x 1.00-2.05 n=21 ant=1 -50 group=1.0", "complete a 1.00-2.10 n=1 group=1.0")
	})
	t.Run("the next parcel may be the same", func(t *testing.T) {
		f := gated(t)
		for _, s := range []float64{1, 3} {
			f.gate(true, s)
			f.read("a", "x", s, 5, -50)
			f.gate(false, s+.3)
		}
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50 group=1.0", "passed a x 1.00-1.20 n=5 ant=1 -50 group=1.0", "complete a 1.00-1.90 n=1 group=1.0",
			"confirmed a x 3.00-3.10 n=3 ant=1 -50 group=3.0", "passed a x 3.00-3.20 n=5 ant=1 -50 group=3.0", "complete a 3.00-3.90 n=1 group=3.0")
	})
	t.Run("but not while it has not left", func(t *testing.T) {
		f := gated(t)
		f.gate(true, 1)
		f.read("a", "x", 1, 5, -50)
		f.gate(false, 1.3)
		f.until(1.95)
		f.read("a", "x", 2, 40, -60) // until 3.95
		f.gate(true, 4)
		f.read("a", "x", 4.05, 5, -60)
		f.gate(false, 4.3)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50 group=1.0", "passed a x 1.00-1.20 n=5 ant=1 -50 group=1.0", "complete a 1.00-1.90 n=1 group=1.0",
			"complete a 4.00-4.90 n=0 group=4.0")
	})
	t.Run("who comes when the gate has closed is of the next", func(t *testing.T) {
		f := gated(t)
		f.gate(true, 1)
		f.read("a", "x", 1, 10, -45)
		f.gate(false, 1.5)
		f.along("a", "y", 1.55, 1, -64, -60, -55, -50, -48)
		f.gate(true, 1.85)
		f.read("a", "y", 1.9, 5, -45)
		f.gate(false, 2.3)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -45 group=1.0", "confirmed a y 1.55-1.65 n=3 ant=1 -55 group=1.0",
			"passed a x 1.00-1.45 n=10 ant=1 -45 group=1.0", "dropped a y 1.55-1.75 n=5 ant=1 -48 next group=1.0", "complete a 1.00-1.85 n=1 group=1.0",
			"confirmed a y 1.55-1.75 n=5 ant=1 -48 group=1.9", "passed a y 1.55-2.10 n=10 ant=1 -45 group=1.9", "complete a 1.85-2.90 n=1 group=1.9")
	})
	t.Run("a parcel may wait before the gate", func(t *testing.T) {
		f := gated(t)
		f.gate(true, 0)
		f.gate(false, .1)
		f.read("a", "x", 5, 600, -55) // 30 s
		f.gate(true, 35)
		f.read("a", "x", 35.1, 5, -50)
		f.gate(false, 35.5)
		f.until(40)
		f.want("complete a 0.00-0.70 n=0 group=0.0", "confirmed a x 5.00-34.95 n=600 ant=1 -55 group=35.0",
			"passed a x 5.00-35.30 n=605 ant=1 -50 group=35.0", "complete a 35.00-36.10 n=1 group=35.0")
	})
	t.Run("nobody knows how it is, so it is as if there were none", func(t *testing.T) {
		f := gated(t)
		f.GateLost("a", at(0))
		f.read("a", "x", 1, 5, -50)
		f.until(10)
		f.gate(false, 10) // it is closed, and is known to be
		f.read("a", "y", 11, 5, -50)
		f.until(20)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "passed a x 1.00-1.20 n=5 ant=1 -50")
		f.strays(Strays{Shut: 1})
	})
	t.Run("lost while it is open, the passes end and the next need none", func(t *testing.T) {
		f := gated(t)
		f.gate(true, 1)
		f.read("a", "x", 1, 5, -50)
		f.GateLost("a", at(1.5))
		f.GateLost("a", at(1.6)) // and is lost but once
		f.read("a", "y", 2, 5, -50)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50 group=1.0", "passed a x 1.00-1.20 n=5 ant=1 -50 group=1.0", "complete a 1.00-1.50 n=1 gate_lost group=1.0",
			"confirmed a y 2.00-2.10 n=3 ant=1 -50", "passed a y 2.00-2.20 n=5 ant=1 -50")
	})
	t.Run("a tag that came while it was lost is of no opening", func(t *testing.T) {
		f := gated(t)
		f.GateLost("a", at(0))
		f.read("a", "x", 1, 5, -50)
		f.gate(true, 1.3)
		f.read("a", "x", 1.35, 5, -50)
		f.gate(false, 1.7)
		f.until(10)
		f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "passed a x 1.00-1.55 n=10 ant=1 -50", "complete a 1.30-2.30 n=0 group=1.3")
	})
	t.Run("of a recovered pass the opening is still known", func(t *testing.T) {
		f := gated(t)
		f.Recover([]Pass{{Portal: "a", EPC: []byte("x"), First: at(-3), Last: at(-2), Reads: 5, Antenna: 1, RSSI: -50, HasRSSI: true, Group: at(-3).UnixMilli()}}, at(0))
		f.note()
		f.want("passed a x -3.00--2.00 n=5 ant=1 -50 recovered group=-3.0")
	})
	t.Run("heard while the gate was idle for a minute: background", func(t *testing.T) {
		f := gated(t)
		f.read("a", "x", 100, 20, -60)
		f.until(105)
		f.gate(true, 110)
		f.read("a", "x", 110.1, 10, -56)
		f.gate(false, 111)
		f.until(120)
		f.want("complete a 110.00-111.60 n=0 group=110.0")
	})
}

// What was open when the program ended is not lost.
func TestRecover(t *testing.T) {
	before := newFloor(t, Portal{Name: "a"})
	before.read("a", "old", 1, 5, -50)
	before.read("a", "new", 1.3, 5, -50)
	before.read("a", "few", 1.3, 2, -50)
	open := before.Open()
	open = append(open, Pass{Portal: "gone", EPC: []byte("z"), First: at(1), Last: at(1), Reads: 3})
	f := &floor{t: t}
	f.Hall, _ = NewHall([]Portal{{Name: "a"}})
	f.Recover(open, at(1.85))
	f.note()
	f.read("a", "new", 1.9, 2, -45)
	f.until(10)
	f.want("passed a old 1.00-1.20 n=5 ant=1 -50 recovered", "passed gone z 1.00-1.00 n=3 ant=0 0 recovered", "passed a new 1.30-1.95 n=7 ant=1 -45 recovered")
}

// A recovered pass is not told again while its tag is still there.
func TestRecoveredAndStillThere(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	f.Recover([]Pass{{Portal: "a", EPC: []byte("x"), First: at(-20), Last: at(-19), Reads: 5, Antenna: 1, RSSI: -50, HasRSSI: true}}, at(0))
	f.note()
	f.read("a", "x", 2, 20, -50)
	f.until(20)
	f.want("passed a x -20.00--19.00 n=5 ant=1 -50 recovered")
}

// Too many tags cost the oldest candidates, and never a pass.
func TestCrowd(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	f.limit = 40
	f.read("a", "x", 1, 5, -50)
	f.read("a", "y", 1, 2, -50)
	for i := range 200 {
		f.read("a", fmt.Sprint("noise", i), 1.25, 1, -50)
		if n := len(f.timers); n > f.limit {
			t.Fatalf("%d sessions", n)
		}
	}
	f.read("a", "y", 1.3, 2, -50)
	f.until(3)
	f.want("confirmed a x 1.00-1.10 n=3 ant=1 -50", "passed a x 1.00-1.20 n=5 ant=1 -50")
	for i := range 41 {
		f.read("a", fmt.Sprint("pass", i), 10, 3, -50)
	}
	f.until(12)
	passes := map[string]bool{}
	for _, e := range f.told {
		if words := strings.Fields(e); words[0] == "passed" {
			passes[words[2]] = true
		}
	}
	if len(passes) != 41 {
		t.Errorf("told %d of 41 passes: %q", len(passes), f.told)
	}
	if c := f.Counters()[0]; c.Strays.Crowded == 0 {
		t.Errorf("%+v", c)
	}
}

// A threshold follows the passes: 3 dB below the weakest tenth.
func TestLearn(t *testing.T) {
	f := newFloor(t, Portal{Name: "a", Learn: true})
	for i := range 100 {
		f.read("a", fmt.Sprint(i), float64(i), 12, -50-i%20)
	}
	f.until(200)
	if got := f.Counters()[0].Thresholds; len(got) != 1 || got[0] != -71 {
		t.Errorf("thresholds %v, want [-71]", got) // the tenth weakest peaks are -68 and -69
	}
	f.told = nil
	f.read("a", "x", 210, 3, -71)
	f.until(220)
	f.want("confirmed a x 210.00-210.10 n=3 ant=1 -71", "passed a x 210.00-210.10 n=3 ant=1 -71")
}

// The caller's buffers are its own again at once.
func TestEPCIsCopied(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	epc := []byte("x")
	for i := range 3 {
		f.Hear(&Read{Portal: "a", EPC: epc, RSSI: -50, HasRSSI: true}, at(1+float64(i)/10))
		epc[0] = 'z'
		f.note()
		epc[0] = 'x'
	}
	first := f.Open()
	first[0].EPC[0] = 'z'
	epc[0] = 'z'
	f.until(5)
	f.want("confirmed a x 1.00-1.20 n=3 ant=0 -50", "passed a x 1.00-1.20 n=3 ant=0 -50")
}

// Sweep says when it has to be called again.
func TestNext(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	if next := f.Sweep(at(0)); !next.IsZero() {
		t.Errorf("next %v of an empty hall", next)
	}
	f.read("a", "x", 1, 3, -50)
	next := f.Sweep(at(1.2))
	if want := at(1.7); !next.Equal(want) {
		t.Errorf("next %v, want %v", next, want)
	}
	f.told = nil
	f.Sweep(next)
	f.note()
	f.want("passed a x 1.00-1.10 n=3 ant=1 -50")
}

// All that is wrong with the portals is said at once.
func TestWrong(t *testing.T) {
	_, err := NewHall([]Portal{
		{Name: "a", Gap: -1, Threshold: 7},
		{Name: "a", Dwell: time.Second, SingleTarget: true, MinReads: 3, Line: [2]int{2, 2}},
		{Lead: -1},
	})
	for _, part := range []string{`"a": gap -1ns`, "threshold 7", "two of that name", "dwell 1s", "min_reads 3 with a single target", "line [2 2]", "no name", "lead -1"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nlacks %q", err, part)
		}
	}
}

// Who keeps the open passes sees from a number when they have become others.
func TestTurn(t *testing.T) {
	f := newFloor(t, Portal{Name: "a"})
	was := f.Turn()
	other := func(want bool, why string) {
		t.Helper()
		if got := f.Turn() != was; got != want {
			t.Errorf("%s: another number is %t, open are %+v", why, got, f.Open())
		}
		was = f.Turn()
	}
	f.read("a", "x", 1, 2, -50)
	other(false, "a candidate")
	f.read("a", "x", 1.1, 1, -50)
	other(true, "it is confirmed")
	f.read("a", "x", 1.15, 20, -50)
	f.read("a", "y", 1.9, 1, -50)
	other(false, "more reads")
	f.until(5)
	other(true, "it has ended")
	f.read("a", "x", 5.1, 5, -50)
	other(false, "it is known")
	f.Recover([]Pass{{Portal: "a", EPC: []byte("z"), First: at(5), Last: at(5.3), Reads: 5}}, at(5.4))
	other(true, "one was recovered")
	f = newFloor(t, Portal{Name: "a"})
	f.limit = 1
	f.read("a", "w", 1, 3, -50)
	was = f.Turn()
	f.read("a", "v", 1.2, 1, -50)
	other(true, "it was crowded out")
}
