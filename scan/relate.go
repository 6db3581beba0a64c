package scan

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// This file is what a scan means because of the one before it: two labels of
// one parcel, or a parcel that goes into a container. What follows is written
// in the transaction of the scan, so that neither is there without the other.

const (
	cardRest = time.Minute      // so long a card waits for the scan that it is about
	packRest = 30 * time.Minute // so long a container stays open at a bench where nothing is scanned
)

// related is what a scan brings with it.
type related struct {
	before, behind []Entry       // written with it
	say            []string      // told with it
	linked         []string      // the identifiers that are one parcel now
	look           bool          // the operator should look, though all is saved
	after          func() func() // when it is saved: what becomes of the bench, and what takes that back
}

// then adds something that becomes of the bench.
func (r *related) then(do func() (undo func())) {
	before := r.after
	r.after = func() func() {
		if before == nil {
			return do()
		}
		undoBefore, undo := before(), do()
		return func() {
			undo()
			undoBefore()
		}
	}
}

// tell adds to what the operator is told.
func (r *related) tell(t *Told) {
	if len(r.say) > 0 {
		t.Why = strings.Join(r.say, ". ")
	}
	t.Linked = r.linked
	switch {
	case t.Held != nil:
		t.Outcome = SavedWrongCheckpoint
	case r.look && (t.Outcome == Saved || t.Outcome == SavedNotVerifiable):
		t.Outcome = SavedDouble
	}
}

// depends reports whether what a scan means depends on the one before it.
func (st *Station) depends(b *bench, s Sighting, read *oneRead) bool {
	r := st.rule(s.Checkpoint)
	return b.card != "" || b.packing != nil || read == nil && (b.pair != nil || r != nil && r.Within > 0)
}

// relate finds what else a scan means.
func (st *Station) relate(b *bench, o *judgedScan, read *oneRead, labels []string) {
	if box := st.Floor.BoxOf(o.Unit); o.Held == nil {
		o.Held = box.Held
	}
	switch b.card {
	case "pack":
		st.begin(b, o)
		return
	case "unpack":
		st.empty(b, o)
		return
	case "unlink":
		st.unlink(b, o)
		return
	}
	if read != nil {
		st.linkRead(b, o, read)
	} else {
		st.pair(b, o, labels)
	}
	st.putIn(b, o, labels)
}

// notice tells of a scan that was told before.
func (st *Station) notice(b *bench, s Sighting, unit, why string) {
	st.Tell(Told{Outcome: SavedPreviousMissing, At: st.Now().UTC(), Unit: unit, Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint,
		Operator: b.operator, Why: why, Training: b.training, Notice: true})
}

// written lets the station know of what was written with a scan, and returns
// what there is beside it.
func (st *Station) written(o *judgedScan, entries []Entry, numbers []Number, errs []error) (also []written) {
	for i, e := range entries {
		if errs[i] != nil { // too large for an event, which a scan alone would be as well
			st.Failed(o.Device, "save what belongs to a scan", errs[i])
			o.say = append(o.say, "Only the scan is saved")
			continue
		}
		st.observe(numbers[i], e)
		if i != len(o.before) {
			also = append(also, written{numbers[i], e})
		}
	}
	return also
}

// Sweep ends what waits for a scan that does not come, and tells of it. It is
// to be called about once a second.
func (st *Station) Sweep(now time.Time) {
	st.mu.Lock()
	benches := slices.Collect(maps.Values(st.benches))
	st.mu.Unlock()
	for _, b := range benches {
		b.Lock()
		st.lapse(b, now)
		b.Unlock()
	}
}

// lapse ends what has waited for too long.
func (st *Station) lapse(b *bench, now time.Time) {
	if p := b.pair; p != nil && now.Sub(p.at) > p.rule.Within {
		st.notLinked(b)
	}
	if p := b.packing; p != nil && now.Sub(p.at) > packRest {
		b.packing = nil
		st.notice(b, p.from, p.container, "Not closed: nothing was scanned for "+SpanText(packRest)+", and packing has ended")
	}
	if b.card != "" && now.Sub(b.cardAt) > cardRest {
		card := b.card
		b.card = ""
		st.notice(b, Sighting{Device: b.read.Device, Checkpoint: b.read.Checkpoint}, "", "The card “"+Place(card)+"” has waited too long: scan it again")
	}
}

// keysOf are all keys of a code.
func keysOf(id Identity) []string {
	if id.Unit == "" || slices.Contains(id.IDs, id.Unit) {
		return id.IDs
	}
	return append([]string{id.Unit}, id.IDs...)
}
