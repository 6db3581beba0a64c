package scan

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// pages is a book in memory that can refuse to write.
type pages struct {
	entries []Entry
	batches []int // how many entries were written together
	fail    error
	now     func() time.Time
}

func (p *pages) Write(e Entry) (Number, error) {
	if p.fail != nil {
		return Number{}, p.fail
	}
	p.entries = append(p.entries, e)
	return Number{Epoch: "EPOCH00000000001", Seq: uint64(len(p.entries)), At: p.now()}, nil
}

func (p *pages) WriteAll(entries []Entry) ([]Number, []error) {
	p.batches = append(p.batches, len(entries))
	numbers, errs := make([]Number, len(entries)), make([]error, len(entries))
	for i, e := range entries {
		numbers[i], errs[i] = p.Write(e)
	}
	return numbers, errs
}

// one is a station with a clock that a test moves.
type one struct {
	*Station
	book   *pages
	clock  time.Time
	told   []Told
	online bool
}

func newStation(checkpoint string) *one {
	s := &one{clock: at(0), online: true}
	s.book = &pages{now: func() time.Time { return s.clock }}
	s.Station = &Station{Site: "ham1", Name: checkpoint + "-01", Book: s.book,
		Floor: NewFloor(Rules{Self: checkpoint + "-01", Started: at(0)}),
		Identify: func(s Sighting) Identity {
			switch {
			case strings.HasPrefix(s.Code, "card "):
				do, arg, _ := strings.Cut(s.Code[5:], " ")
				return Identity{Command: &Command{Do: do, Arg: arg}}
			case strings.HasPrefix(s.Code, "?"):
				return Identity{Fault: "half a label"}
			}
			return Identity{Unit: "code:" + s.Code, IDs: []string{"code:" + s.Code}}
		},
		Link:   func() LinkView { return LinkView{Online: s.online, Waiting: 412} },
		Tell:   func(t Told) { s.told = append(s.told, t) },
		Failed: func(string, string, error) {},
		Clock:  func() Clock { return Clock{Synced: true} },
		Now:    func() time.Time { return s.clock },
	}
	return s
}

func (s *one) scan(code string, when time.Time) Told {
	s.clock = when
	return s.Scan(context.Background(), Sighting{Code: code, Device: "hand", Checkpoint: "pack", At: when})
}

// outcomes runs codes a second apart, except those that begin with "+", which
// come 100 ms after the one before.
func (s *one) outcomes(codes ...string) []string {
	var out []string
	when := s.clock
	for _, code := range codes {
		when = when.Add(time.Second)
		if rest, soon := strings.CutPrefix(code, "+"); soon {
			code, when = rest, when.Add(-900*time.Millisecond)
		}
		told := s.scan(code, when)
		say := string(told.Outcome)
		if told.Repeat {
			say += " again"
		}
		out = append(out, say)
	}
	return out
}

func TestLifeOfAScan(t *testing.T) {
	for name, c := range map[string]struct{ codes, want []string }{
		"each parcel once":                            {[]string{"A", "B"}, []string{"saved", "saved"}},
		"a second scan is a double":                   {[]string{"A", "B", "A"}, []string{"saved", "saved", "saved-double"}},
		"the same reading falls together":             {[]string{"A", "+A", "+A"}, []string{"saved", "saved again", "saved again"}},
		"another code in between ends a reading":      {[]string{"A", "+B", "+A"}, []string{"saved", "saved", "saved-double"}},
		"a label that is not understood is recorded":  {[]string{"?x", "A"}, []string{"not-understood", "saved"}},
		"undo takes the last scan back":               {[]string{"A", "card undo", "A"}, []string{"saved", "command-done", "saved"}},
		"a second undo has nothing to undo":           {[]string{"A", "card undo", "card undo", "A"}, []string{"saved", "command-done", "command-done", "saved"}},
		"a command that nobody knows does nothing":    {[]string{"card explode"}, []string{"not-understood"}},
		"an undone scan is not the undo of the other": {[]string{"A", "B", "card undo", "A"}, []string{"saved", "saved", "command-done", "saved-double"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newStation("pack").outcomes(c.codes...); !slices.Equal(got, c.want) {
				t.Errorf("%q gave %q, want %q", c.codes, got, c.want)
			}
		})
	}
}

// What could not be saved is never told as good, is not taken for a repeat
// when it is scanned again, and nothing of it is remembered.
func TestNotSaved(t *testing.T) {
	s := newStation("pack")
	s.book.fail = errors.New("the disk is full")
	told := s.scan("A", at(1))
	if told.Outcome != NotSaved || told.Why != "the disk is full" || told.Outcome.Good() {
		t.Errorf("told %+v", told)
	}
	s.book.fail = nil
	if told := s.scan("A", at(1.1)); told.Outcome != Saved || told.Repeat {
		t.Errorf("scanned again: %+v", told)
	}
	if len(s.book.entries) != 1 {
		t.Errorf("the book holds %d entries, want 1", len(s.book.entries))
	}
}

// A reading that repeats one that could not be saved is tried again, also
// when an earlier one of the same code had been saved.
func TestNotSavedThenRepeat(t *testing.T) {
	s := newStation("pack")
	s.scan("A", at(1))
	s.book.fail = errors.New("the disk is full")
	s.scan("B", at(1.1))
	if told := s.scan("A", at(1.2)); told.Outcome != NotSaved {
		t.Errorf("told %+v", told)
	}
}

// Signed on means that scans carry the sign, until signed off.
func TestOperator(t *testing.T) {
	s := newStation("pack")
	s.outcomes("A", "card sign-on JN", "B", "card sign-off", "C")
	var got []string
	for _, e := range s.book.entries {
		switch e := e.(type) {
		case *Scan:
			got = append(got, fmt.Sprintf("%s by %q", e.Unit, e.Operator))
		default:
			got = append(got, fmt.Sprintf("%s %+v", e.Kind(), reflect.Indirect(reflect.ValueOf(e))))
		}
	}
	want(t, got, `code:A by ""`, "session.opened {Open:true Operator:JN Device:hand}", `code:B by "JN"`,
		"session.closed {Open:false Operator:JN Device:hand}", `code:C by ""`)
}

// Offline changes what the operator is told, never what is recorded.
func TestOffline(t *testing.T) {
	s := newStation("pack")
	s.online = false
	if told := s.scan("A", at(1)); told.Outcome != SavedOffline || told.Waiting != 412 || !told.Outcome.Good() {
		t.Errorf("told %+v", told)
	}
}

// A neighbour that is only a moment behind is asked for its word before the
// operator is told that something can not be checked.
func TestAsksForAFreshHead(t *testing.T) {
	s := newStation("label")
	receive := newBay("receive")
	s.Floor = NewFloor(Rules{Self: "label-01", Journeys: outbound()[:1], Started: at(0),
		Neighbours: []Neighbour{{Name: "receive-01", Checkpoints: []string{"receive"}}, {Name: "pack-01", Checkpoints: []string{"pack"}}}})
	pack := newBay("pack")
	s.Floor.Observe(receive.scan("code:A", at(0)), at(0))
	pack.head(s.Floor, at(10), at(10))
	var asked []string
	s.Fresh = func(_ context.Context, stations []string) {
		asked = append(asked, stations...)
		pack.head(s.Floor, at(20), at(20))
	}
	s.clock = at(20)
	told := s.Scan(context.Background(), Sighting{Code: "A", Device: "hand", Checkpoint: "label", At: at(20)})
	want(t, asked, "pack-01")
	if told.Outcome != SavedPreviousMissing || !slices.Equal(told.Missing, []string{"pack"}) {
		t.Errorf("told %+v", told)
	}
}

// Sightings that were handed over at once are told what each would have been
// told alone, whatever is among them, and strangers share a transaction.
func TestTogetherIsAsOneByOne(t *testing.T) {
	codes := []string{"A", "B", "C", "?half", "B", "B", "card sign-on JN", "D", "card undo", "D", "A", "E", "F", "F"}
	at := at(1)
	var sightings []Sighting
	for _, c := range codes {
		sightings = append(sightings, Sighting{Code: c, Device: "hand", Checkpoint: "pack", At: at})
	}
	alone, together := newStation("pack"), newStation("pack")
	alone.clock, together.clock = at, at
	var want []Told
	for _, s := range sightings {
		want = append(want, alone.Scan(context.Background(), s))
	}
	if got := together.ScanAll(context.Background(), sightings); !reflect.DeepEqual(got, want) {
		t.Errorf("together %+v\nalone    %+v", got, want)
	}
	if !reflect.DeepEqual(together.book.entries, alone.book.entries) {
		t.Errorf("the books differ:\ntogether %+v\nalone    %+v", together.book.entries, alone.book.entries)
	}
	if !reflect.DeepEqual(together.told, alone.told) {
		t.Error("the screens were told different things")
	}
	if got := together.book.batches[0]; got != 4 {
		t.Errorf("the first %d were written together, want 4: A, B, C and half a label", got)
	}
}

// What was odd about a reading is part of the record.
func TestNoteIsRecorded(t *testing.T) {
	s := newStation("pack")
	s.Scan(context.Background(), Sighting{Code: "A", Device: "hand", Checkpoint: "pack", At: at(1), Note: "unterminated"})
	if got := s.book.entries[0].(*Scan).Note; got != "unterminated" {
		t.Errorf("the record says %q", got)
	}
}
