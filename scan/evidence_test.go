package scan

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// atPack is what is said of a unit's scan at pack.
func (h *hall) atPack(unit string, now time.Time) (out []string) {
	h.Sweep(now)
	for _, g := range h.Gaps(GapFilter{Checkpoint: "pack"}) {
		if g.Unit == unit {
			out = append(out, fmt.Sprint(g.State, " ", g.WaitingFor))
		}
	}
	return out
}

// Numbers are lost and nothing after them is held yet: the head that
// follows must not cover the time of the lost ones.
func TestLostAtTheEndBreaksCoverage(t *testing.T) {
	h := newHall(t)
	h.heads(at(1))
	h.Observe(h.pack.scan("sscc:9", at(2)), at(2))
	h.heads(at(3))
	h.Observe(h.receive.scan("sscc:1", at(4)), at(4))
	// this observer is away; pack-01 scans sscc:1 (2), the board confirms it, it is trimmed
	h.pack.scan("sscc:1", at(100))
	h.Known(h.pack.name, h.pack.epoch, 3, 2, 2)
	h.Lost(h.pack.name, h.pack.epoch, 2, 2, at(2), time.Time{})
	h.Observe(h.label.scan("sscc:1", at(200)), at(200))
	h.heads(at(300))
	want(t, h.atPack("sscc:1", at(300)), "unknown []")
	// what is said from here on counts again
	h.Observe(h.receive.scan("sscc:2", at(310)), at(310))
	h.Observe(h.label.scan("sscc:2", at(330)), at(330))
	h.heads(at(340))
	want(t, h.atPack("sscc:1", at(340)), "unknown []")
	want(t, h.atPack("sscc:2", at(340)), "missing []")
}

// The same when an epoch ends with a hole whose head waits.
func TestEndedEpochWithHole(t *testing.T) {
	h := newHall(t)
	h.Observe(h.pack.scan("sscc:9", at(2)), at(2))
	h.heads(at(3))
	h.Observe(h.receive.scan("sscc:1", at(4)), at(4))
	h.pack.scan("sscc:1", at(10)) // number 2, never arrives
	h.HeadArrived(h.pack.name, at(30), at(30))
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	want(t, h.atPack("sscc:1", at(30)), "unknown [pack-01]")
	// a birth names another epoch: number 2 is given up, then the waiting head is complete
	h.Lost(h.pack.name, h.pack.epoch, 2, 2, at(2), time.Time{})
	h.Covered(h.pack.name, h.pack.epoch, 2, at(30), at(30), 0, false)
	want(t, h.atPack("sscc:1", at(40)), "unknown []")
}

// A station that is met with all its events trimmed has not said nothing.
func TestTrimmedStationMetFirst(t *testing.T) {
	h := newHall(t)
	for _, b := range []*bay{h.receive, h.label, h.load} {
		b.head(h.Floor, at(1), at(1))
	}
	h.Observe(h.receive.scan("sscc:1", at(4)), at(4))
	h.pack.seq = 20 // one of them is sscc:1
	h.Lost(h.pack.name, h.pack.epoch, 1, 20, time.Time{}, time.Time{})
	h.Observe(h.label.scan("sscc:1", at(200)), at(200))
	h.heads(at(300))
	want(t, h.atPack("sscc:1", at(300)), "unknown []")
}

// After a restart, before the first live head: label-01's clock is an
// hour slow, pack-01 is not heard since at(5).
func TestClockIsNotKnownAfterRestart(t *testing.T) {
	h := newHall(t)
	h.label.ahead = -time.Hour
	h.Observe(h.receive.scan("sscc:1", at(0)), at(4000))
	h.Observe(h.pack.scan("sscc:9", at(-7200)), at(4000))
	h.Observe(h.label.scan("sscc:1", at(600)), at(4000))
	h.Covered("pack-01", h.pack.epoch, 1, at(5), at(5), 0, false)
	h.Covered("label-01", h.label.epoch, 1, at(601).Add(-time.Hour), at(601), -time.Hour, false)
	want(t, h.atPack("sscc:1", at(4000)), "unknown [pack-01]")
	h.label.head(h.Floor, at(4001), at(4001))
	want(t, h.atPack("sscc:1", at(4001)), "unknown [pack-01]")
}

// The head that speaks the new time comes before the clock.stepped event.
func TestHeadBeforeClockStep(t *testing.T) {
	h := newHall(t)
	h.Observe(h.pack.scan("sscc:9", at(-7200)), at(1))
	h.heads(at(3590))
	h.Observe(h.receive.scan("sscc:1", at(3600)), at(3600))
	h.receive.head(h.Floor, at(3601), at(3601))
	// pack-01's network goes; it scans sscc:1 and keeps it. label-01's clock is set an hour ahead.
	step := h.label.scan("", at(3610))
	step.At = at(3610).Add(time.Hour)
	step.Entry = &ClockStep{Old: at(3610), New: at(3610).Add(time.Hour)}
	h.label.ahead = time.Hour
	h.HeadArrived("label-01", at(3610).Add(time.Hour), at(3610)) // Head() writes the step; the head is sent before it
	h.Observe(step, at(3610))
	h.Observe(h.label.scan("sscc:1", at(3620)), at(3620))
	want(t, h.atPack("sscc:1", at(3620)), "unknown [label-01]")
	h.label.head(h.Floor, at(3622), at(3622))
	want(t, h.atPack("sscc:1", at(3622)), "unknown [pack-01]")
}

// Load.go tells of losses before heads. The newer epoch has a loss, the
// older one a head: the newer must go on being heard.
func TestLossBeforeHeadsFreezesAStation(t *testing.T) {
	h := newHall(t)
	old := h.pack.epoch
	h.Observe(h.pack.scan("sscc:7", at(0)), at(500))
	h.pack.epoch, h.pack.seq = "EPOCHpack0000002", 0
	h.Observe(h.pack.scan("sscc:8", at(100)), at(500))
	h.pack.scan("", at(105)) // lost
	h.Observe(h.pack.scan("sscc:9", at(110)), at(500))
	h.Lost("pack-01", h.pack.epoch, 2, 2, at(100), at(110))
	h.Covered("pack-01", old, 1, at(50), at(50), 0, false)
	h.Covered("pack-01", h.pack.epoch, 3, at(120), at(120), 0, false)
	h.heads(at(500))
	for _, s := range h.Stations(at(500)) {
		if s.Name == "pack-01" && !s.HeardTo.Equal(at(497)) {
			t.Errorf("heard to %v, want %v", s.HeardTo, at(497))
		}
	}
}

// One unit under two identifiers; what is known must not depend on the order.
func TestTwoIdentifiers(t *testing.T) {
	for _, first := range []string{"receive", "pack"} {
		h := newHall(t)
		r := h.receive.scan("sscc:1", at(0))
		r.Entry.(*Scan).IDs = []string{"sscc:1", "sgtin:1.2"} // the label carries both
		p := h.pack.scan("sgtin:1.2", at(10))
		p.Entry.(*Scan).IDs = []string{"sgtin:1.2"}
		l := h.label.scan("sscc:1", at(20))
		events := []Event{r, p, l}
		if first == "pack" { // the order in which a ledger gives them back: by station
			events = []Event{l, p, r}
		}
		for _, ev := range events {
			h.Observe(ev, at(20))
		}
		h.heads(at(40))
		t.Run(first, func(t *testing.T) { want(t, h.atPack("sscc:1", at(40))) })
	}
}

// A unit was last seen at receive on Friday; pack-01 lost its record of
// Friday evening. On Monday that is not "missing".
func TestLookbackIsShorterThanTheWeekend(t *testing.T) {
	h := newHall(t)
	h.heads(at(0))
	h.Observe(h.receive.scan("sscc:1", at(10)), at(10))
	h.pack.epoch, h.pack.seq = "EPOCHpack0000002", 0 // its disk died at 100
	h.Observe(h.pack.scan("sscc:8", at(200)), at(200))
	h.heads(at(210))
	monday := 60.0 * 3600
	h.Observe(h.label.scan("sscc:1", at(monday)), at(monday))
	h.heads(at(monday + 10))
	want(t, h.atPack("sscc:1", at(monday+10)), "unknown []")
}

// After a restart epochs are met by name, not by age: a step in the older
// epoch must not move the newer one's events.
func TestStepsOfAnOlderEpoch(t *testing.T) {
	h := newHall(t)
	h.Observe(h.pack.scan("sscc:9", at(-7200)), at(1))
	h.pack.head(h.Floor, at(3590), at(3590)) // then its network goes, and it scans sscc:1
	h.Observe(h.receive.scan("sscc:1", at(3600)), at(3600))
	h.receive.head(h.Floor, at(3601), at(3601))
	label := func(epoch string, seq uint64, when, arrived float64, e Entry) {
		h.Observe(Event{Number: Number{Epoch: epoch, Seq: seq, At: at(when)}, Station: "label-01", Entry: e}, at(arrived))
	}
	// ledger order: "AAAA…" first, though it is the newer
	label("AAAAAAAAAAAAAAAA", 1, 3620, 3620, &Scan{Checkpoint: "label", Unit: "sscc:1", Verdict: OK})
	label("BBBBBBBBBBBBBBBB", 1, -7000, -10600, &Scan{Checkpoint: "label", Unit: "sscc:5", Verdict: OK})
	label("BBBBBBBBBBBBBBBB", 2, -10590, -10590, &ClockStep{Old: at(-6990), New: at(-10590)})
	h.HeadArrived("label-01", at(3621), at(3621))
	want(t, h.atPack("sscc:1", at(3622)), "unknown [pack-01]")
}

// The epoch before was never covered: its time is not known.
func TestOlderEpochNeverCovered(t *testing.T) {
	h := newHall(t)
	for _, b := range []*bay{h.receive, h.label, h.load} {
		b.head(h.Floor, at(1), at(1))
	}
	h.Observe(h.receive.scan("sscc:1", at(4)), at(4))
	h.Observe(h.pack.scan("sscc:2", at(5)), at(5))
	h.pack.scan("sscc:1", at(10)) // 2, never arrives: its disk dies
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	old := h.pack.epoch
	h.pack.epoch, h.pack.seq = "EPOCHpack0000002", 0
	h.Lost("pack-01", old, 2, 2, at(5), time.Time{})
	h.Observe(h.pack.scan("sscc:3", at(30)), at(30))
	h.heads(at(40))
	want(t, h.atPack("sscc:1", at(40)), "unknown []")
}

// In the hand, too: the code that carries both is judged by what is known of either.
func TestTwoIdentifiersInTheHand(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.Observe(h.pack.scan("sgtin:1.2", at(10)), at(10))
	h.heads(at(30))
	if j := h.Judge("sscc:1", []string{"sscc:1", "sgtin:1.2"}, "label", at(30)); j.Verdict != OK {
		t.Errorf("%+v", j)
	}
}

// What is shown as heard has a hole where the record is lost.
func TestHeardIsCutByLosses(t *testing.T) {
	h := newHall(t)
	h.Observe(h.pack.scan("sscc:1", at(10)), at(10))
	h.pack.scan("", at(20)) // never arrives
	h.Observe(h.pack.scan("sscc:2", at(30)), at(30))
	h.Lost("pack-01", h.pack.epoch, 2, 2, at(10), at(30))
	h.heads(at(60))
	want := []Stretch{{From: at(30), To: at(57)}}
	for _, s := range h.Stations(at(60)) {
		if s.Name == "pack-01" && !reflect.DeepEqual(s.Heard, want) {
			t.Errorf("heard %v, want %v: the first event begins at the moment the loss does", s.Heard, want)
		}
	}
}
