package scan

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A station that takes its own scans in when it is asked about them answers as
// one that was fed with all of them: the same verdicts, links and contents,
// whatever it was asked before.
func TestRecalledIsRemembered(t *testing.T) {
	ids := []string{"sscc:1", "sscc:2", "ups:1", "ups:2", "order:1", "tote:1", "tote:2", "sscc:9"}
	recalls := 0
	rapid.Check(t, func(t *rapid.T) {
		h := newHall(t)
		id := rapid.SampledFrom(ids)
		var events, said []Event
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			b := rapid.SampledFrom(h.bays()).Draw(t, "bay")
			when := float64(rapid.IntRange(0, 40).Draw(t, "when") * 5)
			var e Entry
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind <= 3:
				unit := id.Draw(t, "unit")
				e = &Scan{Checkpoint: b.place, Verdict: OK, Unit: unit, IDs: []string{unit, id.Draw(t, "also")}[:1+kind/3], Device: "hand"}
			case kind == 4:
				e = &Scan{Checkpoint: b.place, Verdict: OK, Unit: id.Draw(t, "unit"), Mark: rapid.SampledFrom([]Mark{Hold, Release}).Draw(t, "mark")}
			case kind == 5:
				e = link(rapid.SliceOfNDistinct(id, 2, 3, func(s string) string { return s }).Draw(t, "ids")...)
			case kind <= 7:
				p := &Packed{Container: rapid.SampledFrom([]string{"tote:1", "tote:2", "sscc:9"}).Draw(t, "container"),
					Action: rapid.SampledFrom([]Action{PutIn, PutIn, TakeOut, AllOut, Close, Close}).Draw(t, "action"), Checkpoint: b.place}
				if p.Action == PutIn || p.Action == TakeOut {
					p.Contents = rapid.SliceOfNDistinct(id, 0, 3, func(s string) string { return s }).Draw(t, "contents")
				}
				e = p
			default:
				if len(said) == 0 {
					continue
				}
				before := rapid.SampledFrom(said).Draw(t, "taken back")
				for _, own := range h.bays() {
					if own.name == before.Station {
						b = own
					}
				}
				e = &Void{Scan: ScanID(before.Number), Unit: before.Entry.(*Scan).Unit}
			}
			ev := b.say(e, when)
			if _, scan := e.(*Scan); scan {
				said = append(said, ev)
			}
			events = append(events, ev)
		}

		const self = "pack-01"
		floor := func(recall func(string) []Event) *Floor {
			f := NewFloor(Rules{Site: "ham1", Self: self, Journeys: outbound(), Started: morning, Recall: recall})
			for _, b := range h.bays() {
				f.Birth(b.name, []string{b.place}, nil, "s", "v", true, false, at(0))
			}
			return f
		}
		full := floor(nil)
		short := floor(func(id string) (all []Event) {
			for _, ev := range events {
				if s, ok := ev.Entry.(*Scan); ok && ev.Station == self && (s.Unit == id || slices.Contains(s.IDs, id)) {
					all = append(all, ev)
				}
			}
			recalls += len(all)
			return all
		})
		for _, ev := range events {
			full.Observe(ev, at(450))
			if _, ok := ev.Entry.(*Scan); !ok || ev.Station != self {
				short.Observe(ev, at(450))
			}
		}
		for _, f := range []*Floor{full, short} {
			f.Remembered()
			for _, b := range h.bays() {
				f.HeadArrived(b.name, at(460), at(460))
				f.Covered(b.name, b.epoch, b.seq, at(460), at(460), 0, true)
			}
		}

		for range 12 {
			one, other := id.Draw(t, "about"), id.Draw(t, "and")
			place := rapid.SampledFrom([]string{"receive", "pack", "label", "load"}).Draw(t, "place")
			question := rapid.IntRange(0, 6).Draw(t, "question")
			answer := func(f *Floor) string {
				switch question {
				case 0:
					return f.judged(one, []string{one}, nil, place)
				case 1:
					return f.judged(one, []string{one, other}, nil, place)
				case 2:
					return f.judged(one, []string{one}, []string{other}, place)
				case 3:
					b := f.BoxOf(one)
					slices.Sort(b.Contents)
					return fmt.Sprint(b.Contents, b.Closed, b.Held != nil)
				case 4:
					return f.Within([]string{one, other})
				case 5:
					all := f.Instead([]string{one, other})
					slices.Sort(all)
					return fmt.Sprint(f.One([]string{one, other}), all)
				}
				var all []string
				for _, l := range f.LinksOf(one) {
					all = append(all, ScanID(l.Number))
				}
				slices.Sort(all)
				return fmt.Sprint(all)
			}
			if got, want := answer(short), answer(full); got != want {
				for _, ev := range events {
					t.Logf("%s %s %s %+v", ScanID(ev.Number), ev.Station, ev.At.Format("15:04:05"), ev.Entry)
				}
				t.Fatalf("question %d about %s and %s at %s:\n got %s\nwant %s", question, one, other, place, got, want)
			}
		}
	})
	if recalls == 0 {
		t.Error("nothing was ever recalled")
	}
}

func (f *Floor) judged(key string, ids, labels []string, place string) string {
	j := f.JudgeWith(key, ids, labels, place, at(470))
	text := fmt.Sprint(j.Verdict, j.Missing, j.Waiting, j.Belongs)
	if j.Earlier != nil {
		text += fmt.Sprintf(" earlier %+v", *j.Earlier)
	}
	if j.Held != nil {
		text += fmt.Sprintf(" held %+v", *j.Held)
	}
	return text
}
