package scan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var morning = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// at is a moment of the test's day, in seconds.
func at(seconds float64) time.Time {
	return morning.Add(time.Duration(seconds * float64(time.Second)))
}

func outbound() []Journey {
	return []Journey{{Name: "outbound", Steps: []Step{{At: "receive"}, {At: "pack", Within: 60 * time.Second}, {At: "label", Within: 30 * time.Second}, {At: "load", Within: 90 * time.Second}}}}
}

// bay is one station of a test: its log, and what the observer got of it.
type bay struct {
	name, place string
	ahead       time.Duration // how far its clock is ahead
	epoch       string
	seq         uint64
}

func newBay(place string) *bay {
	return &bay{name: place + "-01", place: place, epoch: fmt.Sprintf("EPOCH%06s00001", place)[:16]}
}

func (b *bay) scan(unit string, when time.Time) Event {
	b.seq++
	return Event{Number: Number{Epoch: b.epoch, Seq: b.seq, At: when.Add(b.ahead)}, Site: "ham1", Station: b.name,
		Entry: &Scan{Checkpoint: b.place, Verdict: OK, Unit: unit, Raw: unit, Device: "hand"}}
}

// head lets the observer hear a station up to a time, all events held.
func (b *bay) head(f *Floor, when, arrives time.Time) {
	f.HeadArrived(b.name, when.Add(b.ahead), arrives)
	f.Covered(b.name, b.epoch, b.seq, when.Add(b.ahead), arrives, 0, true)
}

type hall struct {
	*Floor
	receive, pack, label, load *bay
}

func newHall(t interface{ Helper() }) *hall {
	t.Helper()
	h := &hall{receive: newBay("receive"), pack: newBay("pack"), label: newBay("label"), load: newBay("load")}
	h.Floor = NewFloor(Rules{Site: "ham1", Journeys: outbound(), Started: morning, Neighbours: []Neighbour{
		{Name: "receive-01", Checkpoints: []string{"receive"}}, {Name: "pack-01", Checkpoints: []string{"pack"}},
		{Name: "label-01", Checkpoints: []string{"label"}}, {Name: "load-01", Checkpoints: []string{"load"}},
	}})
	return h
}

func (h *hall) bays() []*bay { return []*bay{h.receive, h.pack, h.label, h.load} }

func (h *hall) heads(when time.Time) {
	for _, b := range h.bays() {
		b.head(h.Floor, when, when)
	}
}

// states lists the open gaps about units, as "kind checkpoint state waiting".
func (h *hall) states(now time.Time) []string {
	h.Sweep(now)
	var out []string
	for _, g := range h.Gaps(GapFilter{}) {
		if g.Unit != "" {
			out = append(out, fmt.Sprintf("%s %s %s %v", g.Kind, g.Checkpoint, g.State, g.WaitingFor))
		}
	}
	slices.Sort(out)
	return out
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A parcel seen at Label and not at Pack is missing at Pack only when pack-01
// has been heard past the moment; before that it is unknown, and pack-01 is
// what it waits for.
func TestSkipIsUnknownUntilTheStationIsHeard(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(2))
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	want(t, h.states(at(20)), "skipped pack unknown [pack-01]")
	h.pack.head(h.Floor, at(17.9), at(20)) // heard to 14.9 less the margin; needed: 20 - 5
	want(t, h.states(at(20)), "skipped pack unknown [pack-01]")
	h.pack.head(h.Floor, at(20.5), at(20.5))
	want(t, h.states(at(20.5)), "skipped pack missing []")
}

// A scan that waited in pack-01's outbox closes the gap as arrived, and no
// state in between ever said missing.
func TestScanStillInAnOutboxIsNeverMissing(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(2))
	kept := h.pack.scan("sscc:1", at(10)) // not sent: its network is down
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	h.Observe(h.load.scan("sscc:1", at(40)), at(40))
	for s := 20.0; s < 300; s += 7 {
		for _, b := range []*bay{h.receive, h.label, h.load} {
			b.head(h.Floor, at(s), at(s))
		}
		want(t, h.states(at(s)), "skipped pack unknown [pack-01]")
	}
	h.Observe(kept, at(300))
	h.pack.head(h.Floor, at(300), at(300))
	want(t, h.states(at(300)))
	closed := h.Gaps(GapFilter{State: Closed})
	var as []string
	for _, g := range closed {
		if g.Unit != "" {
			as = append(as, g.Checkpoint+" "+g.ClosedAs)
		}
	}
	want(t, as, "pack arrived")
}

// A unit that stalls is overdue once its limit has passed, missing only when
// the next station is heard past the limit, and found late when it comes.
func TestOverdue(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(59))
	want(t, h.states(at(59)))
	want(t, h.states(at(61)), "overdue pack unknown [pack-01]")
	h.heads(at(64))
	want(t, h.states(at(64)), "overdue pack missing []")
	h.Observe(h.pack.scan("sscc:1", at(80)), at(80))
	want(t, h.states(at(80)))
}

// An overdue unit that turns up further on is the same gap, now a skip.
func TestOverdueTurnsIntoSkip(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(70))
	want(t, h.states(at(70)), "overdue pack missing []")
	id := h.Gaps(GapFilter{Checkpoint: "pack"})[0].ID
	h.Observe(h.label.scan("sscc:1", at(75)), at(75))
	h.heads(at(76))
	want(t, h.states(at(76)), "skipped pack missing []")
	if got := h.Gaps(GapFilter{Checkpoint: "pack"})[0].ID; got != id {
		t.Errorf("the skip is gap %s, the overdue was %s", got, id)
	}
}

// A station whose clock is an hour fast can not make us believe that we have
// heard the future; one that is slow only makes us wait.
func TestClocksThatAreWrong(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		h := newHall(t)
		h.pack.ahead = ahead
		h.heads(at(1))
		h.Observe(h.receive.scan("sscc:1", at(2)), at(2))
		h.heads(at(3))
		h.Observe(h.label.scan("sscc:1", at(20)), at(20))
		want(t, h.states(at(20)), "skipped pack unknown [pack-01]")
		h.heads(at(21))
		want(t, h.states(at(21)), "skipped pack missing []")
	}
}

// When a station comes back with a new epoch, what it may have scanned
// between its last head and its first new event can never be known.
func TestNewEpochBreaksCoverage(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(5))
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	want(t, h.states(at(20)), "skipped pack unknown [pack-01]")
	h.pack.epoch, h.pack.seq = "EPOCHpack0000002", 0
	h.Observe(h.pack.scan("gtin:04006381333931", at(30)), at(30))
	h.pack.head(h.Floor, at(31), at(31))
	want(t, h.states(at(31)), "skipped pack unknown []")
	g := h.Gaps(GapFilter{Checkpoint: "pack"})[0]
	if want := "pack-01 lost its record of that time, so it can never be known whether Pack scanned it"; g.Cause != want {
		t.Errorf("cause %q, want %q", g.Cause, want)
	}
}

// A void takes the scan back, whatever order the two arrive in.
func TestVoid(t *testing.T) {
	for _, first := range []string{"scan first", "void first"} {
		h := newHall(t)
		h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
		scanned := h.label.scan("sscc:1", at(20))
		void := h.label.scan("", at(22))
		void.Entry = &Void{Scan: ScanID(scanned.Number), Unit: "sscc:1"}
		if first == "scan first" {
			h.Observe(scanned, at(20))
			want(t, h.states(at(21)), "skipped pack unknown [pack-01]")
			h.Observe(void, at(22))
		} else {
			h.Observe(void, at(22))
			h.Observe(scanned, at(23))
		}
		want(t, h.states(at(23)))
		if v, _ := h.Unit("sscc:1", at(23)); len(v.Steps[2].Scans) != 1 || !v.Steps[2].Scans[0].Voided {
			t.Errorf("%s: label shows %+v, want one voided scan", first, v.Steps[2].Scans)
		}
	}
}

// In the hand: missing only on evidence, not verifiable without, double with
// the scan it repeats.
func TestJudge(t *testing.T) {
	h := newHall(t)
	h.rules.Self = "label-01"
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.pack.head(h.Floor, at(14), at(14))
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict != NotVerifiable || !slices.Equal(j.Missing, []string{"pack"}) || !slices.Equal(j.Waiting, []string{"pack-01"}) {
		t.Errorf("before pack-01 is heard: %+v", j)
	}
	h.pack.head(h.Floor, at(19), at(19))
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict != PreviousMissing || !slices.Equal(j.Missing, []string{"pack"}) {
		t.Errorf("after pack-01 is heard: %+v", j)
	}
	h.Observe(h.pack.scan("sscc:1", at(13)), at(20))
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict != OK {
		t.Errorf("after pack's scan: %+v", j)
	}
	h.Observe(h.label.scan("sscc:1", at(20)), at(20))
	if j := h.Judge("sscc:1", nil, "label", at(25)); j.Verdict != Double || j.Earlier == nil || !j.Earlier.At.Equal(at(20)) || j.Earlier.Station != "label-01" {
		t.Errorf("the second time: %+v", j)
	}
	if j := h.Judge("gtin:04006381333931", nil, "label", at(25)); j.Verdict != OK {
		t.Errorf("an article number: %+v", j)
	}
}

// A decision closes a gap, outlives a restart, and can be taken back.
func TestDecisions(t *testing.T) {
	h := newHall(t)
	feed := func(h *hall) {
		h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
		h.Observe(h.label.scan("sscc:1", at(20)), at(20))
		h.heads(at(30))
	}
	feed(h)
	want(t, h.states(at(30)), "skipped pack missing []")
	g := h.Gaps(GapFilter{})[0]
	if _, err := h.Decide(Decision{Gap: g.ID, Do: "waive", By: "MK"}, at(31)); err == nil {
		t.Error("waived without a reason")
	}
	d := Decision{Gap: g.ID, Do: "waive", Reason: "packed by hand", By: "MK", At: at(31)}
	if _, err := h.Decide(d, at(31)); err != nil {
		t.Fatal(err)
	}
	want(t, h.states(at(32)))
	again := newHall(t)
	again.Restore(d)
	feed(again)
	want(t, again.states(at(32)))
	if got, _ := again.Gap(g.ID); got.ClosedAs != ClosedWaived || got.By != "MK" || got.Cause != "packed by hand" {
		t.Errorf("after a restart: %+v", got)
	}
	if _, err := again.Decide(Decision{Gap: g.ID, Do: "reopen", By: "TB", At: at(33)}, at(33)); err != nil {
		t.Fatal(err)
	}
	want(t, again.states(at(34)), "skipped pack missing []")
}

// Silence is told apart: gone, signed off, connected but mute, unplugged.
func TestSilence(t *testing.T) {
	h := newHall(t)
	for _, b := range h.bays() {
		h.Birth(b.name, []string{b.place}, nil, "S1", "1", true, false, at(1))
	}
	h.heads(at(1))
	h.Birth("pack-01", nil, nil, "S1", "", false, false, at(5))
	h.Birth("label-01", nil, nil, "S1", "", false, true, at(5))
	h.Observe(Event{Number: Number{Epoch: h.load.epoch, Seq: 1, At: at(5)}, Station: "load-01", Entry: &Attachment{Device: "hand", Reason: "unplugged"}}, at(5))
	h.receive.head(h.Floor, at(15), at(15))
	h.load.head(h.Floor, at(15), at(15))
	h.Sweep(at(16))
	var got []string
	for _, g := range h.Gaps(GapFilter{Kind: SilentStation}) {
		got = append(got, g.Station+" "+g.Device+": "+g.Cause)
	}
	slices.Sort(got)
	want(t, got, "label-01 : label-01 was switched off properly",
		`load-01 hand: The scanner "hand" at load-01 is gone: unplugged`,
		"pack-01 : pack-01 lost its connection without a goodbye: network or power. It keeps what it scans")
	h.Birth("pack-01", []string{"pack"}, nil, "S2", "1", true, false, at(20))
	h.Birth("pack-01", nil, nil, "S1", "", false, false, at(20)) // the late death of the old connection
	for _, b := range h.bays() {
		b.head(h.Floor, at(20), at(20))
	}
	h.Sweep(at(20))
	if v := h.Stations(at(20)); !v[2].Online || v[2].Name != "pack-01" {
		t.Errorf("pack-01 after its return: %+v", v[2])
	}
}

// Whatever is delayed, repeated and reordered: nothing is called missing that
// was scanned, and when all is heard exactly the skips are missing.
func TestFloorAgainstTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHall(t)
		for _, b := range h.bays() {
			b.ahead = time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "ahead")) * time.Second
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		type message struct {
			arrives float64
			do      func(now time.Time)
		}
		var wire []message
		type passing struct{ unit, place string }
		scanned := map[passing]bool{}
		skipped := map[passing]bool{}
		type planned struct {
			when float64
			unit string
		}
		plan := map[*bay][]planned{}
		units := rapid.IntRange(1, 12).Draw(t, "units")
		for n := range units {
			unit, when := fmt.Sprint("sscc:", n), random.Float64()*60
			for i, b := range h.bays() {
				if i > 0 && i < 3 && random.IntN(4) == 0 {
					skipped[passing{unit, b.place}] = true
				} else {
					plan[b] = append(plan[b], planned{when, unit})
					scanned[passing{unit, b.place}] = true
				}
				when += 5 + random.Float64()*15
			}
		}
		for _, b := range h.bays() {
			slices.SortFunc(plan[b], func(x, y planned) int { return int((x.when - y.when) * 1e6) })
			down, until := random.Float64()*150, 0.0
			if random.IntN(2) == 0 {
				until = down + random.Float64()*100
			}
			next := 0
			for when := 0.0; when < 260; when += 2 { // heads every two seconds, events in between
				for next < len(plan[b]) && plan[b][next].when < when {
					ev := b.scan(plan[b][next].unit, at(plan[b][next].when))
					arrives := max(plan[b][next].when, 0) + random.Float64()*0.2
					if arrives > down && arrives < until {
						arrives = until + random.Float64()
					}
					for range 1 + random.IntN(2) {
						wire = append(wire, message{arrives, func(now time.Time) { h.Observe(ev, now) }})
					}
					next++
				}
				if when > down && when < until {
					continue
				}
				seq, arrives := b.seq, when+0.3+random.Float64()*0.5
				if when >= until && when < until+2 {
					arrives += 1.5 // the events of the outage first: a head counts when they are stored
				}
				wire = append(wire, message{arrives, func(now time.Time) {
					h.HeadArrived(b.name, at(when).Add(b.ahead), now)
					h.Covered(b.name, b.epoch, seq, at(when).Add(b.ahead), now, 0, true)
				}})
			}
		}
		slices.SortStableFunc(wire, func(x, y message) int { return int((x.arrives - y.arrives) * 1e6) })
		for _, m := range wire {
			now := at(m.arrives)
			m.do(now)
			h.Sweep(now)
			for _, g := range h.Gaps(GapFilter{State: Missing, Kind: Skipped}) {
				if scanned[passing{g.Unit, g.Checkpoint}] {
					t.Fatalf("at %.1f s %s is called missing at %s, and was scanned there", m.arrives, g.Unit, g.Checkpoint)
				}
			}
		}
		var got, want []string
		h.Sweep(at(270))
		for _, g := range h.Gaps(GapFilter{Kind: Skipped}) {
			got = append(got, fmt.Sprint(g.Unit, " ", g.Checkpoint, " ", g.State))
		}
		for p := range skipped {
			want = append(want, fmt.Sprint(p.unit, " ", p.place, " ", Missing))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("in the end\ngot  %q\nwant %q", got, want)
		}
	})
}

// The observer's own clock is set back by an hour. What was heard up to a
// time moves with it, so that nothing is believed to be heard in the future.
func TestObserversClockIsSetBack(t *testing.T) {
	h := newHall(t)
	start := time.Now() // with a monotonic part, as in the program
	heard := func(after time.Duration) {
		for _, b := range h.bays() {
			b.head(h.Floor, start.Add(after).Round(0), start.Add(after))
		}
	}
	h.rules.Started = start.Round(0)
	h.Observe(h.receive.scan("sscc:1", start.Round(0)), start)
	heard(2 * time.Second)
	h.Sweep(start.Add(3 * time.Second))
	// The wall clock goes back by an hour; the monotonic one goes on.
	back := func(after time.Duration) time.Time { return setBack(start.Add(after), time.Hour) }
	h.Sweep(back(4 * time.Second))
	for _, b := range h.bays() { // the stations' clocks are right: an hour ahead of ours
		b.ahead = time.Hour
	}
	h.Observe(h.label.scan("sscc:1", back(20*time.Second).Round(0)), back(20*time.Second))
	want(t, h.states(back(20*time.Second)), "skipped pack unknown [pack-01]")
	for _, b := range h.bays() {
		b.head(h.Floor, back(21*time.Second).Round(0), back(21*time.Second))
	}
	want(t, h.states(back(21*time.Second)), "skipped pack missing []")
}

// A station's own scans are not known well enough to miss one before its log
// has been read.
func TestOwnScansAreMissedOnlyWhenRemembered(t *testing.T) {
	h := newHall(t)
	h.rules.Self = "pack-01"
	h.receive.head(h.Floor, at(20), at(20))
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict != NotVerifiable {
		t.Errorf("before the log is read: %+v", j)
	}
	h.Remembered()
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict != PreviousMissing {
		t.Errorf("after the log is read: %+v", j)
	}
}

// A parcel that is overdue and is scanned once more where it was is not taken
// back: its limit runs anew, and it may be overdue again.
func TestSeenAgainWhileOverdue(t *testing.T) {
	h := newHall(t)
	h.Observe(h.receive.scan("sscc:1", at(0)), at(0))
	h.heads(at(70))
	want(t, h.states(at(70)), "overdue pack missing []")
	h.Observe(h.receive.scan("sscc:1", at(75)), at(75))
	want(t, h.states(at(76)))
	if g := h.Gaps(GapFilter{State: Closed}); len(g) != 1 || g[0].ClosedAs != ClosedSeenAgain {
		t.Errorf("closed %+v, want it seen again", g)
	}
	h.heads(at(150))
	want(t, h.states(at(150)), "overdue pack missing []")
}

// What is said of a silent station when it opens is all there is to say.
func TestSilenceOpensWithItsCause(t *testing.T) {
	h := newHall(t)
	for _, c := range h.Sweep(at(30)) {
		if c.Gap.Cause == "" || c.Gap.NextStep == "" {
			t.Errorf("%s of %s opens without a cause or a next step: %+v", c.Gap.Kind, c.Gap.Station, c.Gap)
		}
	}
}
