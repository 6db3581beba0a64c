package pass

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// step is one thing that happens to a hall.
type step struct {
	after  time.Duration
	portal int
	tag    int  // 0: the gate
	open   bool // of the gate
	read   Read
}

// site is portals of every kind.
var site = []Portal{
	{Name: "a", Line: [2]int{1, 2}, Learn: true},
	{Name: "b", Gate: true},
	{Name: "c", SingleTarget: true, Rearm: -1},
	{Name: "d", MinReads: 2, Cycle: 300 * time.Millisecond, Offsets: []int{3, -3}},
}

func newSite() *Hall {
	h, err := NewHall(site)
	if err != nil {
		panic(err)
	}
	return h
}

// run lets the steps happen, with Sweep called between them at some times.
func run(h *Hall, steps []step, sweeps func(from, to time.Time) []time.Time) []Event {
	now := t0
	h.Sweep(now)
	for i := range steps {
		s := &steps[i]
		to := now.Add(s.after)
		for _, at := range sweeps(now, to) {
			h.Sweep(at)
		}
		now = to
		if s.tag == 0 {
			h.Gate(site[s.portal].Name, s.open, now)
		} else {
			s.read.Portal, s.read.EPC = site[s.portal].Name, []byte{byte(s.tag)}
			h.Hear(&s.read, now)
		}
	}
	h.Gate("b", false, now)
	h.Sweep(now.Add(3 * day))
	return h.Events()
}

func seldom(time.Time, time.Time) []time.Time { return nil }

var steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
	s := step{
		after:  time.Duration(rapid.SampledFrom([]int{0, 1, 20, 50, 50, 100, 300, 700, 1200, 3000, 6000, 70_000}).Draw(t, "after")) * time.Millisecond,
		portal: rapid.IntRange(0, len(site)-1).Draw(t, "portal"),
		tag:    rapid.SampledFrom([]int{0, 1, 1, 1, 1, 1, 2, 2, 3}).Draw(t, "tag"),
		open:   rapid.Bool().Draw(t, "open"),
	}
	s.read = Read{
		Antenna: rapid.IntRange(0, 6).Draw(t, "antenna"), RSSI: rapid.IntRange(-80, -40).Draw(t, "rssi"),
		HasRSSI: rapid.IntRange(0, 9).Draw(t, "has rssi") > 0, Relative: rapid.IntRange(0, 9).Draw(t, "relative") == 0,
		Count: rapid.SampledFrom([]int{0, 1, 1, 1, 2, 20}).Draw(t, "count"),
	}
	if s.tag == 0 {
		s.portal = 1
	}
	return s
}), 50, 250)

// However often Sweep is called, or not at all until the end, the same passes
// are told in the same order; and they keep the rules.
func TestRhythm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := steps.Draw(t, "steps")
		plain := newSite()
		told := run(plain, all, seldom)
		again := run(newSite(), all, func(from, to time.Time) (at []time.Time) {
			for n := rapid.IntRange(0, 3).Draw(t, "sweeps"); n > 0; n-- {
				from = from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))).Draw(t, "sweep")))
				at = append(at, from)
			}
			return at
		})
		if !reflect.DeepEqual(told, again) {
			t.Fatalf("left alone\n%s\nswept\n%s", lines(told), lines(again))
		}
		if err := rules(told, false); err != nil {
			t.Fatalf("%v in\n%s", err, lines(told))
		}
		if err := empty(plain); err != nil {
			t.Fatal(err)
		}
	})
}

func lines(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%v %+v\n", e.Kind, e.Pass)
	}
	return b.String()
}

// rules are what holds for all that is told. Where a gate was lost there are
// passes without one.
func rules(told []Event, lost bool) error {
	type place struct{ portal, epc string }
	shown, last := map[place]bool{}, map[place]time.Time{}
	opened := map[int64]int{}
	for _, e := range told {
		p := &e.Pass
		at := place{p.Portal, string(p.EPC)}
		portal := portalOf(p.Portal)
		switch e.Kind {
		case Confirmed:
			if shown[at] {
				return fmt.Errorf("%v is shown twice", at)
			}
			shown[at] = true
		case Dropped:
			if !shown[at] {
				return fmt.Errorf("%v is dropped and was not shown", at)
			}
			delete(shown, at)
		case Passed, Parked:
			delete(shown, at)
			if p.Reads < portal.MinReads {
				return fmt.Errorf("%v passed with %d reads", at, p.Reads)
			}
			if before, ok := last[at]; ok && p.First.Sub(before) < portal.Gap {
				return fmt.Errorf("%v passed at %v, and had at %v", at, p.First, before)
			}
			if p.Last.Before(p.First) || p.Group != 0 && !portal.Gate || p.Group == 0 && portal.Gate && !lost {
				return fmt.Errorf("%+v", *p)
			}
			last[at] = p.Last
			opened[p.Group]++
		case Complete:
			if opened[p.Group] != p.Reads {
				return fmt.Errorf("opening %d is complete with %d, %d were told", p.Group, p.Reads, opened[p.Group])
			}
			opened[p.Group] = -1 // nothing more
		}
	}
	if len(shown) > 0 {
		return fmt.Errorf("%v are shown for ever", shown)
	}
	return nil
}

func portalOf(name string) Portal {
	for _, p := range site {
		if p.Name == name {
			return p.withDefaults()
		}
	}
	panic(name)
}

// empty reports what is left over.
func empty(h *Hall) error {
	if err := sound(h); err != nil {
		return err
	}
	if n := len(h.timers); n != 0 {
		return fmt.Errorf("%d sessions are left: %+v", n, h.Tags(t0))
	}
	for _, p := range h.portals {
		if p.present != 0 || p.opening != nil {
			return fmt.Errorf("%s: %d present, opening %v", p.Name, p.present, p.opening)
		}
	}
	return nil
}

// sound compares the hall's views of its sessions with each other.
func sound(h *Hall) error {
	sessions, present := map[*session]bool{}, map[*portal]int{}
	for epc, tag := range h.tags {
		if tag.sessions == nil || tag.epc != epc {
			return fmt.Errorf("tag %x is empty", epc)
		}
		for s := tag.sessions; s != nil; s = s.sibling {
			if s.tag != tag || sessions[s] {
				return fmt.Errorf("tag %x: wrong session", epc)
			}
			sessions[s] = true
			if s.state != away {
				present[s.portal]++
			}
		}
	}
	for i, s := range h.timers {
		if !sessions[s] || s.place != i || s.timer > s.deadline || i > 0 && h.timers.before(i, (i-1)/2) {
			return fmt.Errorf("timer %d is wrong", i)
		}
	}
	n := 0
	for st := range h.lists {
		for s := h.lists[st].head; s != nil; s = s.next {
			if n++; !sessions[s] || int(s.state) != st {
				return fmt.Errorf("a session in list %s is wrong", words[st])
			}
		}
	}
	if n != len(sessions) || n != len(h.timers) {
		return fmt.Errorf("%d sessions by tag, %d by state, %d timers", len(sessions), n, len(h.timers))
	}
	for _, p := range h.portals {
		if p.present != present[p] {
			return fmt.Errorf("%s: %d present, want %d", p.Name, p.present, present[p])
		}
	}
	return nil
}

// Whatever happens in whatever order, at times that go back too, the rules
// hold and nothing is left over.
func FuzzHall(f *testing.F) {
	f.Add([]byte("\x01\x32\x00\x11\xcd\x01\x32\x00\x11\xcd\x01\x32\x00\x11\xcd\xff\xff\x00\x11\xcd"))
	f.Add([]byte("\x40\x00\x01\x00\x01\x01\x32\x01\x11\xcd\x01\x32\x01\x11\xcd\x01\x32\x01\x11\xcd\x40\x00\x01\x00\x00\x01\x32\x00\x11\xcd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := newSite()
		h.limit = 12
		h.Sweep(t0)
		now := t0
		var told []Event
		crowded, back, lost := false, false, false
		for ; len(b) >= 5; b = b[5:] {
			after := time.Duration(binary.BigEndian.Uint16(b)) * time.Millisecond
			if after > time.Minute { // the clock is put back
				after, back = time.Minute-after, true
			}
			now = now.Add(after)
			portal := site[b[2]%4].Name
			switch tag := b[3] % 20; {
			case tag == 0:
				h.Gate(portal, b[4]&1 != 0, now)
			case tag == 1:
				h.Sweep(now.Add(time.Duration(b[4]) * time.Second))
			case tag == 2 && b[4] == 7:
				h.Started(portal, now)
			case tag == 2 && b[4] == 8:
				h.GateLost(portal, now)
				lost = true
			default:
				h.Hear(&Read{Portal: portal, EPC: []byte{tag}, Antenna: int(b[3] >> 5), RSSI: int(int8(b[4])), HasRSSI: b[2]&4 == 0, Relative: b[2]&8 != 0, Count: int(b[2] >> 5)}, now)
			}
			if err := sound(h); err != nil {
				t.Fatal(err)
			}
			told = append(told, h.Events()...)
			for _, p := range h.Open() {
				if p.Reads < portalOf(p.Portal).MinReads {
					t.Fatalf("open: %+v", p)
				}
			}
		}
		for _, p := range site {
			h.Gate(p.Name, false, now)
		}
		h.Sweep(h.base.Add(h.now + 3*day))
		told = append(told, h.Events()...)
		// Where tags are crowded out the same may pass again at once, and where
		// the clock is put back, so are the times that are told.
		for _, c := range h.Counters() {
			crowded = crowded || c.Strays.Crowded > 0
		}
		for _, e := range told {
			crowded = crowded || e.Pass.Reason == ReasonCrowded
		}
		if err := rules(told, lost); err != nil && !crowded && !back {
			t.Fatalf("%v in\n%s", err, lines(told))
		}
		if err := empty(h); err != nil {
			t.Fatal(err)
		}
	})
}
