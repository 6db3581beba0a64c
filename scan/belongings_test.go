package scan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func (b *bay) say(e Entry, seconds float64) Event {
	b.seq++
	return Event{Number: Number{Epoch: b.epoch, Seq: b.seq, At: at(seconds).Add(b.ahead)}, Site: "ham1", Station: b.name, Entry: e}
}

func link(ids ...string) *Linked { return &Linked{IDs: ids, How: "scanned", Operator: "JN"} }

func unlink(link Event) *Linked {
	l := *link.Entry.(*Linked)
	l.Undo = ScanID(link.Number)
	return &l
}

func pack(a Action, container string, contents ...string) *Packed {
	return &Packed{Container: container, Contents: contents, Action: a, Checkpoint: "pack"}
}

// places lists where a unit was seen, as "checkpoint" or "checkpoint < container".
func (h *hall) places(t *testing.T, id string) (out []string) {
	t.Helper()
	v, ok := h.Unit(id, h.now)
	if !ok {
		return []string{"never seen"}
	}
	for _, s := range v.Steps {
		for _, one := range s.Scans {
			at := s.Checkpoint
			if one.Inferred != "" {
				at += " < " + one.Inferred
			}
			if one.Voided {
				at += " taken back"
			}
			out = append(out, at)
		}
	}
	return out
}

func (h *hall) feed(events ...Event) {
	for _, ev := range events {
		h.Observe(ev, ev.At)
	}
}

// A parcel was received by its SSCC and loaded by its carrier number. Linked, it
// is one unit with one timeline, found by either; taken back, it is two again,
// and each is judged by its own scans.
func TestLinkedIsOneUnit(t *testing.T) {
	h := newHall(t)
	received, packed := h.receive.scan("sscc:1", at(0)), h.pack.scan("sscc:1", at(10))
	labelled, other := h.label.scan("sscc:1", at(20)), h.label.scan("ups:1Z", at(21))
	linked := h.label.say(link("ups:1Z", "sscc:1"), 21)
	loaded := h.load.scan("ups:1Z", at(40))
	h.feed(received, packed, labelled, other, linked, loaded)
	h.heads(at(60))
	want(t, h.states(at(60)))
	for _, id := range []string{"sscc:1", "ups:1Z"} {
		want(t, h.places(t, id), "receive", "pack", "label", "label", "load")
		if v, _ := h.Unit(id, at(60)); v.Key != "sscc:1" || !slices.Equal(v.IDs, []string{"sscc:1", "ups:1Z"}) || len(v.Links) != 1 || v.Links[0].Said.Operator != "JN" {
			t.Errorf("%s is %+v", id, v)
		}
	}
	want(t, h.Find("1z", 9), "sscc:1")

	h.feed(h.label.say(unlink(linked), 50))
	h.heads(at(70))
	want(t, h.places(t, "ups:1Z"), "label", "load")
	want(t, h.places(t, "sscc:1"), "receive", "pack", "label")
	want(t, h.states(at(200)), "overdue load unknown [label-01 load-01]", "skipped pack missing []", "skipped receive missing []")
	if v, _ := h.Unit("ups:1Z", at(70)); len(v.Links) != 1 || v.Links[0].Undone == nil || v.Links[0].Undone.Station != "label-01" {
		t.Errorf("links of the carrier number: %+v", v.Links)
	}
}

// What label-01 has not said yet may be a link: until it is heard, nothing is
// missing under another number.
func TestUnheardLinkIsNotMissing(t *testing.T) {
	h := newHall(t)
	h.feed(h.label.say(link("sscc:9", "ups:9"), -50)) // label-01 is known to link
	h.heads(at(2))
	h.feed(h.receive.scan("sscc:1", at(3)), h.pack.scan("sscc:1", at(10)))
	late := []Event{h.label.scan("sscc:1", at(20)), h.label.scan("ups:1", at(21)), h.label.say(link("sscc:1", "ups:1"), 21)}
	h.feed(h.load.scan("ups:1", at(30)))
	for _, b := range []*bay{h.receive, h.pack, h.load} {
		b.head(h.Floor, at(60), at(60))
	}
	want(t, h.states(at(49)), "overdue label unknown [label-01]", "skipped label unknown [label-01]", "skipped pack unknown [label-01]", "skipped receive unknown [label-01]")
	for _, g := range h.Gaps(GapFilter{Checkpoint: "receive"}) {
		if want := "Seen at Load. label-01 is not heard that far yet and may know it under another number too"; g.Cause != want {
			t.Errorf("cause %q, want %q", g.Cause, want)
		}
	}
	h.feed(late...)
	h.label.head(h.Floor, at(60), at(60))
	want(t, h.states(at(60)))
	var closed []string
	for _, g := range h.Gaps(GapFilter{State: Closed}) {
		if g.Unit != "" {
			closed = append(closed, g.Unit+" "+g.ClosedAs)
		}
	}
	slices.Sort(closed)
	want(t, slices.Compact(closed), "sscc:1 arrived", "ups:1 belongs")
}

// A scan arrives before the link that was made with it: as long as what the
// station said before the scan is not here, nothing is missing.
func TestScanThatOvertakesItsLink(t *testing.T) {
	h := newHall(t)
	h.feed(h.label.say(link("sscc:9", "ups:9"), -50), h.receive.scan("sscc:1", at(0)), h.pack.scan("sscc:1", at(5)), h.label.scan("sscc:1", at(19)))
	h.heads(at(19)) // heard to 16, and a parcel scanned at 20 passed pack before 15
	l := h.label.say(link("sscc:1", "ups:1"), 20)
	h.feed(h.label.scan("ups:1", at(20))) // number 4, and 3 is not here
	want(t, h.states(at(20)), "skipped pack unknown [label-01]", "skipped receive unknown [label-01]")
	h.Known("label-01", h.label.epoch, 1, 4, 2)
	want(t, h.states(at(20)), "skipped pack unknown [label-01]", "skipped receive unknown [label-01]")
	h.feed(l)
	want(t, h.states(at(20)))
	h.feed(h.label.scan("ups:2", at(20))) // and what is nobody's other label is told as soon as all before it is here
	want(t, h.states(at(20)), "skipped pack unknown [label-01]", "skipped receive unknown [label-01]")
	h.Known("label-01", h.label.epoch, 1, 5, 5)
	want(t, h.states(at(20)), "skipped pack missing []", "skipped receive missing []")
}

// The newest link is believed: a label that was put on another parcel belongs
// to that one, and to the first again if the newer link is taken back. An
// identifier that is tied with very many is none of anything.
func TestLinksThatContradict(t *testing.T) {
	h := newHall(t)
	first, second := h.label.say(link("sscc:1", "ups:1"), 10), h.label.say(link("sscc:2", "ups:1"), 20)
	h.feed(h.receive.scan("sscc:1", at(0)), h.receive.scan("sscc:2", at(1)), h.load.scan("ups:1", at(30)), second, first)
	want(t, h.places(t, "sscc:1"), "receive")
	want(t, h.places(t, "sscc:2"), "receive", "load")
	if v, _ := h.Unit("sscc:1", at(30)); len(v.Links) != 1 || !v.Links[0].Overruled {
		t.Errorf("the older link: %+v", v.Links)
	}
	want(t, h.Instead([]string{"sscc:1", "ups:1"}), "sscc:2")
	h.feed(h.label.say(unlink(second), 40))
	want(t, h.places(t, "sscc:1"), "receive", "load")

	for n := range mostTies + 1 {
		unit := fmt.Sprint("sscc:", 100+n)
		h.feed(h.receive.scan(unit, at(2)), h.label.say(link(unit, "order:TEST"), 50+float64(n)))
		if n == mostTies-1 {
			want(t, h.places(t, unit), "receive")
			if v, _ := h.Unit("order:TEST", at(30)); v.Key != unit {
				t.Errorf("the order is %q, want %q", v.Key, unit)
			}
		}
	}
	if _, found := h.Unit("order:TEST", at(30)); found {
		t.Error("an order that is tied with everything is still one parcel's")
	}
}

// A link that is taken back leaves what a label said before it, at its age: a
// newer label goes before that.
func TestLabelsAndLinks(t *testing.T) {
	h := newHall(t)
	label := func(seconds float64, unit, also string) Event {
		ev := h.label.scan(unit, at(seconds))
		ev.Entry.(*Scan).IDs = []string{unit, also}
		return ev
	}
	l := h.label.say(link("sscc:9", "ups:1"), 6)
	h.feed(label(0, "sscc:9", "ups:1"), label(5, "sscc:1", "ups:1"), l, h.load.scan("ups:1", at(30)))
	want(t, h.places(t, "sscc:9"), "label", "load")
	h.feed(h.label.say(unlink(l), 40))
	want(t, h.places(t, "sscc:9"), "label")
	want(t, h.places(t, "sscc:1"), "label", "load")
}

// A person's word on a gap holds when the unit gets another key.
func TestDecisionSurvivesALink(t *testing.T) {
	h := newHall(t)
	h.feed(h.receive.scan("ups:1", at(0)), h.label.scan("ups:1", at(30)))
	h.heads(at(60))
	want(t, h.states(at(60)), "skipped pack missing []")
	if _, err := h.Decide(Decision{Gap: h.Gaps(GapFilter{})[0].ID, Do: "waive", Reason: "by hand", By: "MK", At: at(61)}, at(61)); err != nil {
		t.Fatal(err)
	}
	h.feed(h.label.say(link("ups:1", "sscc:1"), 31), h.label.scan("sscc:1", at(31)))
	h.heads(at(62))
	want(t, h.states(at(61)))
	v, _ := h.Unit("sscc:1", at(61))
	if len(v.Gaps) != 1 || v.Gaps[0].ClosedAs != ClosedWaived || v.Gaps[0].By != "MK" {
		t.Fatalf("gaps %+v", v.Gaps)
	}
	if _, err := h.Decide(Decision{Gap: v.Gaps[0].ID, Do: "reopen", By: "TB"}, at(62)); err != nil {
		t.Fatal(err)
	}
	want(t, h.states(at(62)), "skipped pack missing []")
}

// A scan of a closed tote counts for what is inside, while it is inside, and
// is told as inferred. An open one, one that was emptied, and one that the
// parcel has left count for nothing.
func TestScanOfAContainer(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []Entry // the scan of the tote at label is at 30
		want          []string
	}{
		"closed with it inside":   {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5")}, nil, []string{"receive", "label < tote:5"}},
		"not closed":              {[]Entry{pack(PutIn, "tote:5", "sscc:1")}, []Entry{pack(Close, "tote:5")}, []string{"receive"}},
		"taken out before":        {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5"), pack(TakeOut, "tote:5", "sscc:1")}, nil, []string{"receive"}},
		"taken out after":         {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5")}, []Entry{pack(TakeOut, "tote:5", "sscc:1")}, []string{"receive", "label < tote:5"}},
		"emptied before":          {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5"), pack(AllOut, "tote:5")}, nil, []string{"receive"}},
		"emptied after":           {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5")}, []Entry{pack(AllOut, "tote:5")}, []string{"receive", "label < tote:5"}},
		"put into another":        {[]Entry{pack(PutIn, "tote:5", "sscc:1"), pack(Close, "tote:5"), pack(PutIn, "tote:6", "sscc:1")}, nil, []string{"receive"}},
		"under its other number":  {[]Entry{link("sscc:1", "ups:1"), pack(PutIn, "tote:5", "ups:1"), pack(Close, "tote:5")}, nil, []string{"receive", "label < tote:5"}},
		"tote inside a pallet":    {[]Entry{pack(PutIn, "tote:6", "sscc:1"), pack(Close, "tote:6"), pack(PutIn, "tote:5", "tote:6"), pack(Close, "tote:5")}, nil, []string{"receive", "label < tote:5"}},
		"a tote inside itself":    {[]Entry{pack(PutIn, "tote:6", "tote:5", "sscc:1"), pack(Close, "tote:6"), pack(PutIn, "tote:5", "tote:6"), pack(Close, "tote:5")}, nil, []string{"receive", "label < tote:5"}},
		"another parcel":          {[]Entry{pack(PutIn, "tote:5", "sscc:2"), pack(Close, "tote:5")}, nil, []string{"receive"}},
		"an article is no parcel": {[]Entry{pack(PutIn, "tote:5", "gtin:1"), pack(Close, "tote:5")}, nil, []string{"receive"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t)
			h.feed(h.receive.scan("tote:6", at(-1)), h.receive.scan("sscc:1", at(0)))
			for n, e := range c.before {
				h.feed(h.pack.say(e, float64(10+n)))
			}
			h.feed(h.label.scan("tote:5", at(30)))
			for n, e := range c.after {
				h.feed(h.pack.say(e, float64(40+n)))
			}
			want(t, h.places(t, "sscc:1"), c.want...)
		})
	}
}

// What was packed or emptied by mistake and taken back never happened.
func TestPackingIsTakenBack(t *testing.T) {
	h := newHall(t)
	undo := func(ev Event, seconds float64) {
		p := *ev.Entry.(*Packed)
		p.Undo = ScanID(ev.Number)
		h.feed(h.pack.say(&p, seconds))
	}
	in, shut := h.pack.say(pack(PutIn, "tote:5", "sscc:1"), 10), h.pack.say(pack(Close, "tote:5"), 11)
	h.feed(h.receive.scan("sscc:1", at(0)), in, shut)
	out := h.pack.say(pack(AllOut, "tote:5"), 12)
	h.feed(out, h.label.scan("tote:5", at(30)))
	want(t, h.places(t, "sscc:1"), "receive")
	undo(out, 40)
	want(t, h.places(t, "sscc:1"), "receive", "label < tote:5")
	undo(in, 50)
	want(t, h.places(t, "sscc:1"), "receive")
	if v, _ := h.Unit("sscc:1", at(60)); len(v.Packing) != 1 || v.Packing[0].Undone == nil || v.Inside != "" {
		t.Errorf("%+v inside %q", v.Packing, v.Inside)
	}
}

// A pallet's scan closes the gaps of what it stands for, and the pallet itself
// is not missed where it did not exist yet; a tote is never missed.
func TestContainersAndGaps(t *testing.T) {
	h := newHall(t)
	for n := range 3 {
		parcel := fmt.Sprint("ups:", n)
		h.feed(h.receive.scan(parcel, at(0)), h.pack.scan(parcel, at(10)), h.label.scan(parcel, at(20)))
	}
	in := &Packed{Container: "sscc:9", Contents: []string{"ups:0", "ups:1"}, Action: PutIn, Checkpoint: "label"}
	h.feed(h.label.scan("sscc:9", at(21)), h.label.say(in, 22), h.label.say(pack(Close, "sscc:9"), 23))
	h.feed(h.load.scan("tote:1", at(24)), h.pack.say(pack(PutIn, "tote:1", "ups:0"), -5))
	h.feed(h.load.scan("sscc:9", at(60)))
	h.heads(at(300))
	h.Sweep(at(300))
	var open []string
	for _, g := range h.Gaps(GapFilter{Kind: Overdue}) {
		open = append(open, fmt.Sprint(g.Unit, " ", g.Checkpoint, " ", g.Kind))
	}
	want(t, open, "ups:2 load overdue")
	want(t, h.states(at(300)), "overdue load missing []")
}

// Somebody who holds a parcel is obeyed at every station, under every name of
// it, until it is released; a void of the scan does not release it.
func TestHeld(t *testing.T) {
	h := newHall(t)
	mark := func(m Mark, reason string, seconds float64) Event {
		return h.pack.say(&Scan{Checkpoint: "pack", Verdict: OK, Unit: "sscc:1", Mark: m, Reason: reason, Operator: "JN"}, seconds)
	}
	held := func() string {
		j := h.Judge("ups:1", nil, "load", at(100))
		if j.Held == nil {
			return ""
		}
		return j.Held.Said.Operator + " " + j.Held.Reason
	}
	hold, why, release, again := mark(Hold, "", 10), mark(Exception, "WET", 11), mark(Release, "", 20), mark(Hold, "", 30)
	h.feed(h.pack.scan("sscc:1", at(9)), h.label.say(link("sscc:1", "ups:1"), 12))
	for _, step := range []struct {
		event Event
		want  string
	}{{release, ""}, {hold, ""}, {again, "JN "}, {why, "JN WET"}} {
		if h.feed(step.event); held() != step.want {
			t.Errorf("after %+v: held %q, want %q", step.event.Entry, held(), step.want)
		}
	}
	want(t, h.places(t, "sscc:1"), "pack")
}

// Rehearsals are on record, and nothing follows from them.
func TestTrainingIsNoScan(t *testing.T) {
	h := newHall(t)
	rehearsed := h.label.say(&Scan{Checkpoint: "label", Verdict: OK, IDs: []string{"sscc:1"}, Training: true}, 10)
	h.feed(rehearsed, h.label.say(&Void{Scan: ScanID(rehearsed.Number)}, 11))
	if s := h.Summary(at(20)); s.Units != 0 {
		t.Errorf("%d units are known", s.Units)
	}
	want(t, h.places(t, "sscc:1"), "never seen")
	if j := h.Judge("sscc:1", nil, "label", at(20)); j.Verdict == Double {
		t.Errorf("a scan after the rehearsal: %+v", j)
	}
}

// facts is all that a floor says of units and gaps, as text to compare.
func (h *hall) facts(ids []string) string {
	h.Sweep(at(500))
	var b strings.Builder
	for _, id := range ids {
		if v, ok := h.Unit(id, at(500)); ok {
			v.Gaps = slices.DeleteFunc(v.Gaps, func(g Gap) bool { return g.State == Closed }) // what was opened in between is history
			for i := range v.Gaps {
				v.Gaps[i].Known = at(0)
			}
			for i := range v.Steps {
				if g := v.Steps[i].Gap; g != nil {
					v.Steps[i].Gap = &Gap{ID: g.ID}
				}
			}
			slices.SortFunc(v.Steps, func(a, b StepView) int { return strings.Compare(a.Checkpoint, b.Checkpoint) })
			text, _ := json.Marshal(v)
			fmt.Fprintf(&b, "%s: %s\n", id, text)
		}
	}
	for _, g := range h.Gaps(GapFilter{}) {
		if g.Known = at(0); g.Unit != "" { // when it was known is history too
			text, _ := json.Marshal(g)
			fmt.Fprintf(&b, "%s\n", text)
		}
	}
	sum := h.Summary(at(500))
	for _, c := range sum.Checkpoints {
		fmt.Fprintln(&b, c.Name, c.Seen, c.OnTheWay, c.Missing, c.Unknown)
	}
	fmt.Fprintln(&b, sum.Units)
	return b.String()
}

// Whatever order scans, voids, links, packings and what takes them back arrive
// in, and however often, the same units, sightings and gaps are known in the end.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	ids := []string{"sscc:1", "sscc:2", "ups:1", "ups:2", "order:1", "order:2", "tote:1", "tote:2", "sscc:9"}
	rapid.Check(t, func(t *rapid.T) {
		from := newHall(t)
		for _, b := range from.bays() {
			b.ahead = time.Duration(rapid.SampledFrom([]int{0, 0, -3600, 3600}).Draw(t, "ahead")) * time.Second
			b.say(&Session{Open: true}, -10)
		}
		id := rapid.SampledFrom(ids)
		var events, said []Event
		if rapid.Bool().Draw(t, "story") { // of which the others are the noise
			parcel := rapid.SampledFrom([]string{"sscc:1", "ups:1"}).Draw(t, "parcel")
			for i, e := range []Entry{
				&Scan{Checkpoint: "receive", Verdict: OK, Unit: parcel, Device: "hand"}, link("sscc:1", "ups:1"),
				pack(PutIn, "tote:1", "sscc:1"), pack(PutIn, "sscc:9", "tote:1"), pack(Close, "tote:1"), pack(Close, "sscc:9"),
				&Scan{Checkpoint: "label", Verdict: OK, Unit: "tote:1", Device: "hand"}, &Scan{Checkpoint: "load", Verdict: OK, Unit: "sscc:9", Device: "hand"},
				pack(AllOut, "sscc:9"), &Scan{Checkpoint: "label", Verdict: OK, Unit: parcel, IDs: []string{parcel, "order:1"}, Device: "hand"},
				link(parcel, "order:1"),
			} {
				if rapid.IntRange(0, 4).Draw(t, "told") > 0 {
					b := from.bays()[min(i/2, 3)]
					ev := b.say(e, float64(i*10))
					events, said = append(events, ev), append(said, ev)
				}
			}
		}
		n := rapid.IntRange(1, 25).Draw(t, "events")
		for range n {
			b := rapid.SampledFrom(from.bays()).Draw(t, "bay")
			when := float64(rapid.IntRange(0, 40).Draw(t, "when") * 5)
			var e Entry
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind <= 2:
				unit := id.Draw(t, "unit")
				e = &Scan{Checkpoint: b.place, Verdict: OK, Unit: unit, IDs: []string{unit}, Device: "hand"}
			case kind == 3:
				unit := id.Draw(t, "unit")
				e = &Scan{Checkpoint: b.place, Verdict: OK, Unit: unit, IDs: []string{unit, id.Draw(t, "also")}, Device: "hand"}
			case kind == 4:
				e = &Scan{Checkpoint: b.place, Verdict: OK, Unit: id.Draw(t, "unit"), Mark: rapid.SampledFrom([]Mark{Hold, Release, Exception}).Draw(t, "mark")}
			case kind == 5:
				e = link(rapid.SliceOfNDistinct(id, 2, 3, func(s string) string { return s }).Draw(t, "ids")...)
			case kind <= 7:
				c := rapid.SampledFrom([]string{"tote:1", "tote:2", "sscc:9", "order:1"}).Draw(t, "container")
				a := rapid.SampledFrom([]Action{PutIn, PutIn, TakeOut, AllOut, Close, Close}).Draw(t, "action")
				p := &Packed{Container: c, Action: a, Checkpoint: b.place}
				if a == PutIn || a == TakeOut {
					p.Contents = rapid.SliceOfNDistinct(id, 0, 3, func(s string) string { return s }).Draw(t, "contents")
				}
				e = p
			default:
				if len(said) == 0 {
					continue
				}
				before := rapid.SampledFrom(said).Draw(t, "taken back")
				switch x := before.Entry.(type) {
				case *Scan:
					for _, own := range from.bays() {
						if own.name == before.Station {
							b = own
						}
					}
					e = &Void{Scan: ScanID(before.Number), Unit: x.Unit}
				case *Linked:
					e = unlink(before)
				case *Packed:
					p := *x
					p.Undo = ScanID(before.Number)
					e = &p
				}
			}
			ev := b.say(e, when)
			events = append(events, ev)
			if undo := events[len(events)-1].Entry; undo.Kind() != "scan.voided" {
				if l, is := undo.(*Linked); is && l.Undo != "" {
					continue
				}
				if p, is := undo.(*Packed); is && p.Undo != "" {
					continue
				}
				said = append(said, ev)
			}
		}
		play := func(events []Event, sweeps, headsFirst bool) string {
			h := newHall(t)
			for i, b := range h.bays() {
				b.ahead = from.bays()[i].ahead
				h.HeadArrived(b.name, at(0).Add(b.ahead), at(0))
				h.Observe(b.say(&Session{Open: true}, -10), at(0))
				b.seq = from.bays()[i].seq
			}
			if headsFirst { // nothing is judged again because a station was heard
				h.heads(at(450))
			}
			for _, ev := range events {
				h.Observe(ev, at(450))
				if sweeps {
					h.Sweep(at(450))
				}
			}
			if !headsFirst {
				h.heads(at(450))
			}
			return h.facts(ids)
		}
		first := play(events, false, false)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for range 3 {
			mixed := slices.Clone(events)
			for range min(len(events), random.IntN(5)) {
				mixed = append(mixed, events[random.IntN(len(events))])
			}
			random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if got := play(mixed, random.IntN(2) == 0, random.IntN(2) == 0); got != first {
				var order []string
				for _, ev := range mixed {
					order = append(order, fmt.Sprintf("%s %s %+v", ev.Station, ev.At.Format("15:04:05"), ev.Entry))
				}
				t.Fatalf("in order\n%s\nas\n%s\n%s", first, strings.Join(order, "\n"), got)
			}
		}
	})
}
