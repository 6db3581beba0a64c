package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// newLinking is a station that links SSCCs and carrier numbers within 20 s. A
// code with a colon is its own key.
func newLinking(rules ...LinkRule) *one {
	s := newStation("pack")
	s.Links = rules
	if rules == nil {
		s.Links = []LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Within: 20 * time.Second}}
	}
	plain := s.Identify
	s.Identify = func(x Sighting) Identity {
		if !strings.Contains(x.Code, ":") || strings.HasPrefix(x.Code, "card ") {
			return plain(x)
		}
		return Identity{Unit: x.Code, IDs: []string{x.Code}}
	}
	return s
}

// say is an entry in a few words.
func say(e Entry) string {
	switch e := e.(type) {
	case *Scan:
		words := string(e.Verdict) + " " + e.Unit
		if e.Mark != "" {
			words = strings.TrimSpace(fmt.Sprint(e.Mark, " ", e.Unit, " ", e.Reason))
		}
		if e.Training {
			words += fmt.Sprint("training ", e.IDs)
		}
		if e.Held {
			words += " held"
		}
		return words
	case *Void:
		return "void " + e.Scan[35:]
	case *Linked:
		words := fmt.Sprintf("%s link %v", e.How, e.IDs)
		if len(e.Instead) > 0 {
			words += fmt.Sprintf(" instead %v", e.Instead)
		}
		if e.Undo != "" {
			words += " undo " + e.Undo[35:]
		}
		return words
	case *Packed:
		words := fmt.Sprintf("%s %s %v", e.Action, e.Container, e.Contents)
		if e.Undo != "" {
			words += " undo " + e.Undo[35:]
		}
		return words
	}
	return e.Kind()
}

// play scans codes a second apart; "wait 30s" lets time pass. It returns what
// was told, a notice with an exclamation mark, and what was written.
func (s *one) play(codes ...string) (told, book []string) {
	for _, code := range codes {
		if wait, is := strings.CutPrefix(code, "wait "); is {
			d, err := time.ParseDuration(wait)
			if err != nil {
				panic(err)
			}
			s.clock = s.clock.Add(d)
			s.Sweep(s.clock)
			continue
		}
		s.scan(code, s.clock.Add(time.Second))
	}
	for _, t := range s.told {
		words := string(t.Outcome)
		if t.Notice {
			words = "! " + t.Unit
		}
		if t.Why != "" {
			words += ": " + t.Why
		}
		told = append(told, words)
	}
	for _, e := range s.book.entries {
		book = append(book, say(e))
	}
	return told, book
}

// Link mode: what is told, and what is recorded.
func TestLinkMode(t *testing.T) {
	for name, c := range map[string]struct{ codes, told, book []string }{
		"two labels are one parcel": {[]string{"sscc:1", "ups:1Z"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z"}},
		"in either order, and the next parcel is another": {[]string{"ups:1Z", "sscc:1", "sscc:2", "ups:2Z"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "saved: Now scan its other label", "saved: SSCC 2 and UPS 2Z are one parcel"},
			[]string{"ok ups:1Z", "scanned link [sscc:1 ups:1Z]", "ok sscc:1", "ok sscc:2", "scanned link [sscc:2 ups:2Z]", "ok ups:2Z"}},
		"two of a kind never": {[]string{"sscc:1", "sscc:2", "ups:2Z"},
			[]string{"saved: Now scan its other label", "! sscc:1: Not linked: its other label was not scanned", "saved: Now scan its other label", "saved: SSCC 2 and UPS 2Z are one parcel"},
			[]string{"ok sscc:1", "ok sscc:2", "scanned link [sscc:2 ups:2Z]", "ok ups:2Z"}},
		"two carriers neither": {[]string{"dhl:1", "ups:2Z"},
			[]string{"saved: Now scan its other label", "! dhl:1: Not linked: its other label was not scanned", "saved: Now scan its other label"},
			[]string{"ok dhl:1", "ok ups:2Z"}},
		"too late, and told once": {[]string{"sscc:1", "wait 25s", "wait 25s", "ups:1Z"},
			[]string{"saved: Now scan its other label", "! sscc:1: Not linked: its other label was not scanned", "saved: Now scan its other label"},
			[]string{"ok sscc:1", "ok ups:1Z"}},
		"other codes do not disturb": {[]string{"sscc:1", "HELLO", "?half", "gtin:1", "ups:1Z"},
			[]string{"saved: Now scan its other label", "saved", "not-understood: half a label", "saved", "saved: SSCC 1 and UPS 1Z are one parcel"},
			[]string{"ok sscc:1", "ok code:HELLO", "not-understood ", "ok gtin:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z"}},
		"linked before is told and not written again": {[]string{"sscc:1", "ups:1Z", "wait 30s", "ups:1Z", "sscc:1"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "saved-double: Now scan its other label", "saved-double: SSCC 1 and UPS 1Z are one parcel already"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z", "double ups:1Z", "double sscc:1"}},
		"a label that is another parcel's is told": {[]string{"sscc:1", "ups:1Z", "wait 30s", "sscc:2", "ups:1Z"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "saved: Now scan its other label",
				"saved-double: SSCC 2 and UPS 1Z are one parcel. Until now it was SSCC 1"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z", "ok sscc:2", "scanned link [sscc:2 ups:1Z] instead [sscc:1]", "double ups:1Z"}},
		"undo takes the link back too": {[]string{"sscc:1", "ups:1Z", "card undo", "ups:2Z"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "command-done: Undone: the last scan", "saved: SSCC 1 and UPS 2Z are one parcel"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z", "void 03", "scanned link [sscc:1 ups:1Z] undo 02", "scanned link [sscc:1 ups:2Z]", "ok ups:2Z"}},
		"unlink": {[]string{"sscc:1", "ups:1Z", "wait 30s", "card unlink", "ups:1Z", "card unlink", "ups:1Z"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "command-done: Scan a label that is not this parcel's",
				"saved-double: UPS 1Z is not linked with SSCC 1 any more", "command-done: Scan a label that is not this parcel's", "saved-double: UPS 1Z is not linked"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z", "double ups:1Z", "scanned link [sscc:1 ups:1Z] undo 02", "double ups:1Z"}},
		"unlink, and undo": {[]string{"sscc:1", "ups:1Z", "wait 30s", "card unlink", "ups:1Z", "card undo"},
			[]string{"saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "command-done: Scan a label that is not this parcel's",
				"saved-double: UPS 1Z is not linked with SSCC 1 any more", "command-done: Undone: the last scan"},
			[]string{"ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z", "double ups:1Z", "scanned link [sscc:1 ups:1Z] undo 02", "void 04", "scanned link [sscc:1 ups:1Z]"}},
		"a card that waits too long": {[]string{"card unlink", "wait 2m", "sscc:1"},
			[]string{"command-done: Scan a label that is not this parcel's", "! : The card “Unlink” has waited too long: scan it again", "saved: Now scan its other label"},
			[]string{"ok sscc:1"}},
		"in training nothing is linked": {[]string{"card training", "sscc:1", "ups:1Z", "card undo", "card training-end", "ups:1Z"},
			[]string{"command-done: Training: nothing counts", "saved: Now scan its other label", "saved: SSCC 1 and UPS 1Z are one parcel", "command-done: Undone: the last scan",
				"command-done: Training has ended: scans count", "saved: Now scan its other label"},
			[]string{"ok training [sscc:1]", "ok training [ups:1Z]", "void 02", "ok ups:1Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			told, book := newLinking().play(c.codes...)
			want(t, told, c.told...)
			want(t, book, c.book...)
		})
	}
}

// Scan and link are one transaction: where it fails there is neither, and the
// label can be scanned again.
func TestLinkIsSavedWithItsScan(t *testing.T) {
	s := newLinking()
	s.play("sscc:1")
	s.book.fail = errors.New("the disk is full")
	s.play("ups:1Z")
	s.book.fail = nil
	told, book := s.play("ups:1Z")
	want(t, told, "saved: Now scan its other label", "not-saved: the disk is full", "saved: SSCC 1 and UPS 1Z are one parcel")
	want(t, book, "ok sscc:1", "scanned link [sscc:1 ups:1Z]", "ok ups:1Z")
	if got := s.book.batches[len(s.book.batches)-1]; got != 2 {
		t.Errorf("the last transaction had %d entries, want scan and link", got)
	}
}

// The labels that a device hands over in one read are one parcel's, if there
// is one of each kind; those of two parcels are not linked.
func TestLabelsOfOneRead(t *testing.T) {
	for name, c := range map[string]struct {
		rules []LinkRule
		codes []string
		want  []string
	}{
		"one of each":         {[]LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Together: true}}, []string{"ups:1", "HELLO", "sscc:1"}, []string{"label link [sscc:1 ups:1]", "ok ups:1", "ok code:HELLO", "ok sscc:1"}},
		"twice the same":      {[]LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Together: true}}, []string{"ups:1", "sscc:1", "ups:1"}, []string{"label link [sscc:1 ups:1]", "ok ups:1", "ok sscc:1", "double ups:1"}},
		"two parcels":         {[]LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Together: true}}, []string{"ups:1", "sscc:1", "ups:2"}, []string{"ok ups:1", "ok sscc:1", "ok ups:2"}},
		"one label":           {[]LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Together: true}}, []string{"ups:1", "?half"}, []string{"ok ups:1", "not-understood "}},
		"a memory of parcels": {[]LinkRule{{At: "load", Kinds: []string{"sscc", "carrier"}, Together: true}}, []string{"ups:1", "sscc:1"}, []string{"ok ups:1", "ok sscc:1"}},
		"and one by one":      {[]LinkRule{{At: "pack", Kinds: []string{"sscc", "carrier"}, Together: true, Within: time.Second}}, []string{"ups:1", "sscc:1"}, []string{"label link [sscc:1 ups:1]", "ok ups:1", "ok sscc:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinking(c.rules...)
			var all []Sighting
			for _, code := range c.codes {
				all = append(all, Sighting{Code: code, Device: "hand", Checkpoint: "pack", At: s.clock})
			}
			s.ScanAll(context.Background(), all)
			_, book := s.play()
			want(t, book, c.want...)
		})
	}
}

// The second label of a parcel is judged by what is known of the first: no
// false alarm, no double.
func TestSecondLabelIsJudgedAsTheParcel(t *testing.T) {
	s := newLinking(LinkRule{At: "label", Kinds: []string{"sscc", "carrier"}, Within: time.Minute})
	receive, pack := newBay("receive"), newBay("pack")
	s.Floor = NewFloor(Rules{Self: "label-01", Journeys: outbound()[:1], Started: at(0),
		Neighbours: []Neighbour{{Name: "receive-01", Checkpoints: []string{"receive"}}, {Name: "pack-01", Checkpoints: []string{"pack"}}}})
	s.Name = "label-01"
	for _, b := range []*bay{receive, pack} {
		s.Floor.Observe(b.scan("sscc:1", at(1)), at(1))
		b.head(s.Floor, at(100), at(100))
	}
	var verdicts []string
	for i, code := range []string{"sscc:1", "ups:1Z"} {
		s.clock = at(60 + float64(i))
		verdicts = append(verdicts, string(s.Scan(context.Background(), Sighting{Code: code, Device: "hand", Checkpoint: "label", At: s.clock}).Outcome))
	}
	want(t, verdicts, "saved", "saved")
}

// Packing: what goes in, what is closed, emptied, taken back.
func TestPacking(t *testing.T) {
	for name, c := range map[string]struct{ codes, told, book []string }{
		"pack and close": {[]string{"card pack", "tote:5", "sscc:1", "gtin:7", "card close", "sscc:2"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "saved: In tote 5: 2", "command-done: Closed: tote 5 with 2 inside", "saved"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "ok gtin:7", "add tote:5 [gtin:7]", "close tote:5 []", "ok sscc:2"}},
		"a pallet goes on where it was": {[]string{"card pack", "sscc:9", "sscc:1", "card close", "card pack", "sscc:9", "sscc:2"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into SSCC 9", "saved: In SSCC 9: 1", "command-done: Closed: SSCC 9 with 1 inside",
				"command-done: Scan the tote or pallet", "saved-double: Now scan what goes into SSCC 9", "saved: In SSCC 9: 2"},
			[]string{"add sscc:9 []", "ok sscc:9", "ok sscc:1", "add sscc:9 [sscc:1]", "close sscc:9 []", "double sscc:9", "ok sscc:2", "add sscc:9 [sscc:2]"}},
		"a tote begins empty once it was closed": {[]string{"card pack", "tote:5", "sscc:1", "card pack", "tote:5", "card close", "card pack", "tote:5"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "command-done: Scan the tote or pallet",
				"saved-double: Now scan what goes into tote 5", "command-done: Closed: tote 5 with 1 inside", "command-done: Scan the tote or pallet",
				"saved-double: tote 5 begins empty: 1 were inside before. Now scan what goes into tote 5"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "double tote:5", "close tote:5 []", "all-out tote:5 []", "double tote:5"}},
		"already inside, and the container itself": {[]string{"card pack", "tote:5", "sscc:1", "tote:5", "sscc:1"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "saved-double: This is the container: scan “Close” when it is full",
				"saved-double: It is in tote 5 already"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "double tote:5", "double sscc:1"}},
		"undo takes it out": {[]string{"card pack", "tote:5", "sscc:1", "card undo", "sscc:2"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "command-done: Undone: the last scan", "saved: In tote 5: 1"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "void 03", "add tote:5 [sscc:1] undo 04", "ok sscc:2", "add tote:5 [sscc:2]"}},
		"undo of the container": {[]string{"card pack", "sscc:1", "card undo", "tote:5", "sscc:1"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into SSCC 1", "command-done: Undone: the last scan", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1"},
			[]string{"add sscc:1 []", "ok sscc:1", "void 02", "add sscc:1 [] undo 01", "all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]"}},
		"undo of a close": {[]string{"card pack", "tote:5", "sscc:1", "card close", "card undo", "sscc:2"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "command-done: Closed: tote 5 with 1 inside",
				"command-done: Undone: tote 5 is open again", "saved: In tote 5: 2"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "close tote:5 []", "close tote:5 [] undo 05", "ok sscc:2", "add tote:5 [sscc:2]"}},
		"unpack": {[]string{"card pack", "tote:5", "sscc:1", "card close", "card unpack", "tote:5", "card pack", "tote:6", "sscc:1"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved: In tote 5: 1", "command-done: Closed: tote 5 with 1 inside",
				"command-done: Scan the tote or pallet that is emptied", "saved-double: tote 5 is empty: 1 taken out",
				"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 6", "saved-double: In tote 6: 1"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1", "add tote:5 [sscc:1]", "close tote:5 []", "double tote:5", "all-out tote:5 []",
				"all-out tote:6 []", "ok tote:6", "double sscc:1", "add tote:6 [sscc:1]"}},
		"close without a container": {[]string{"card close"}, []string{"command-done: Nothing is being packed here: scan the card “Pack” first"}, nil},
		"an article is no container": {[]string{"card pack", "gtin:7", "tote:5"},
			[]string{"command-done: Scan the tote or pallet", "saved: This names no single container: scan the tote or pallet", "saved: Now scan what goes into tote 5"},
			[]string{"ok gtin:7", "all-out tote:5 []", "ok tote:5"}},
		"nobody goes on with another's tote": {[]string{"card sign-on JN", "card pack", "tote:5", "card sign-off", "sscc:1"},
			[]string{"command-done: Signed on: JN", "command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "command-done: Signed off: JN. tote 5 was not closed", "saved"},
			[]string{"session.opened", "all-out tote:5 []", "ok tote:5", "session.closed", "ok sscc:1"}},
		"packing that nobody goes on with": {[]string{"card pack", "tote:5", "wait 31m", "sscc:1"},
			[]string{"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5",
				"! tote:5: Not closed: nothing was scanned for 30 min, and packing has ended", "saved"},
			[]string{"all-out tote:5 []", "ok tote:5", "ok sscc:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinking(LinkRule{At: "elsewhere"})
			told, book := s.play(c.codes...)
			want(t, told, c.told...)
			want(t, book, c.book...)
		})
	}
}

// Words on the parcel in hand: held until it is released, told wherever it is
// scanned, also inside a tote; and in training nothing of it is recorded.
func TestHoldAndException(t *testing.T) {
	s := newLinking(LinkRule{At: "elsewhere"})
	told, book := s.play("card hold", "gtin:1", "card hold", "sscc:1", "card exception WET", "card hold", "sscc:1",
		"card pack", "tote:5", "sscc:1", "card close", "tote:5", "card release", "sscc:1", "card release", "tote:5",
		"card training", "sscc:1", "card hold", "card training-end", "sscc:1")
	want(t, told,
		"command-done: Scan the parcel first, then this card", "saved", "command-done: The last scan names no single parcel",
		"saved", "command-done: Noted, WET: SSCC 1", "command-done: Held: SSCC 1", "saved-wrong-checkpoint",
		"command-done: Scan the tote or pallet", "saved: Now scan what goes into tote 5", "saved-wrong-checkpoint: In tote 5: 1", "command-done: Closed: tote 5 with 1 inside", "saved-wrong-checkpoint",
		"command-done: Released: tote 5", "saved-wrong-checkpoint", "command-done: Released: SSCC 1", "saved-double",
		"command-done: Training: nothing counts", "saved-double", "command-done: Held: SSCC 1", "command-done: Training has ended: scans count", "saved-double")
	want(t, book,
		"ok gtin:1", "ok sscc:1", "exception sscc:1 WET", "hold sscc:1", "double sscc:1 held",
		"all-out tote:5 []", "ok tote:5", "double sscc:1 held", "add tote:5 [sscc:1]", "close tote:5 []", "double tote:5 held",
		"release tote:5", "double sscc:1 held", "release sscc:1", "double tote:5",
		"double training [sscc:1]", "double sscc:1")
	i := slices.IndexFunc(s.told, func(t Told) bool { return t.Held != nil })
	if h := s.told[i].Held; h.Unit != "sscc:1" || h.Reason != "WET" || s.told[i].Outcome.Good() {
		t.Errorf("told %+v of %+v", s.told[i], h)
	}
	for _, told := range s.told[16:19] {
		if !told.Training {
			t.Errorf("in training, told without a word of it: %+v", told)
		}
	}
}

// Sightings that came together do what they would have done one by one, also
// where each means something because of the one before.
func TestTogetherIsAsOneByOneWhenItDepends(t *testing.T) {
	codes := []string{"sscc:1", "ups:1Z", "card pack", "tote:5", "sscc:1", "sscc:2", "ups:2Z", "card close", "ups:2Z", "card undo", "tote:5"}
	alone, together := newLinking(), newLinking()
	var all []Sighting
	for _, code := range codes {
		x := Sighting{Code: code, Device: "hand", Checkpoint: "pack", At: alone.clock}
		all = append(all, x)
		alone.Scan(context.Background(), x)
	}
	together.ScanAll(context.Background(), all)
	wantTold, wantBook := alone.play()
	gotTold, gotBook := together.play()
	want(t, gotTold, wantTold...)
	want(t, gotBook, wantBook...)
}

// A pallet comes into being where it is filled: nobody is told that it was not
// seen before, and it is never missed there.
func TestPalletIsNotMissedWhereItBegins(t *testing.T) {
	s := newLinking(LinkRule{At: "elsewhere"})
	receive := newBay("receive")
	s.Floor = NewFloor(Rules{Self: "pack-01", Journeys: outbound()[:1], Started: at(0), Neighbours: []Neighbour{{Name: "receive-01", Checkpoints: []string{"receive"}}}})
	receive.head(s.Floor, at(100), at(100))
	s.clock = at(60)
	told, _ := s.play("sscc:1", "card pack", "sscc:9")
	want(t, told, "saved-previous-missing", "command-done: Scan the tote or pallet", "saved: Now scan what goes into SSCC 9")
	var missed []string
	for _, c := range s.Floor.Sweep(at(70)) {
		if c.Gap.Unit != "" {
			missed = append(missed, c.Gap.Unit+" "+c.Gap.Checkpoint)
		}
	}
	want(t, missed, "sscc:1 receive")
}
