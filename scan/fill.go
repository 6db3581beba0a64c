package scan

import (
	"fmt"
	"slices"
	"time"
)

// This file is a container that is filled at a bench, and emptied.

// packing is what goes into a container at a bench.
type packing struct {
	container string
	inside    int
	at        time.Time
	from      Sighting
}

// begin takes a scan for the container that the next ones go into. A container
// that is filled again and again begins empty, unless it is being filled.
func (st *Station) begin(b *bench, o *judgedScan) {
	if !Tracked(o.Unit) {
		o.say = append(o.say, "This names no single container: scan the tote or pallet")
		return
	}
	box := st.Floor.BoxOf(o.Unit)
	inside := len(box.Contents)
	if reusable(o.Unit) && (inside == 0 || box.Closed) {
		o.before = append(o.before, st.entry(b, o, o.Unit, AllOut))
		if inside > 0 {
			o.say = append(o.say, fmt.Sprintf("%s begins empty: %d were inside before", KeyText(o.Unit), inside))
		}
		inside = 0
	}
	if inside == 0 { // it comes into being here
		if !reusable(o.Unit) {
			o.before = append(o.before, st.entry(b, o, o.Unit, PutIn))
		}
		if o.Verdict == PreviousMissing || o.Verdict == NotVerifiable {
			o.Verdict, o.Missing = OK, nil
		}
	}
	if p := b.packing; p != nil && p.container != o.Unit {
		o.say = append(o.say, KeyText(p.container)+" was not closed")
	}
	o.say = append(o.say, "Now scan what goes into "+KeyText(o.Unit))
	o.then(func() func() {
		before, card := b.packing, b.card
		b.packing, b.card = &packing{container: o.Unit, inside: inside, at: o.At, from: o.Sighting}, ""
		return func() { b.packing, b.card = before, card }
	})
}

// empty takes a scan for a container that everything is taken out of.
func (st *Station) empty(b *bench, o *judgedScan) {
	if !Tracked(o.Unit) {
		o.say = append(o.say, "This names no single container: scan the tote or pallet")
		return
	}
	inside := len(st.Floor.BoxOf(o.Unit).Contents)
	o.behind = append(o.behind, st.entry(b, o, o.Unit, AllOut))
	o.say = append(o.say, fmt.Sprintf("%s is empty: %d taken out", KeyText(o.Unit), inside))
	o.then(func() func() {
		before := b.packing
		if b.card = ""; before != nil && before.container == o.Unit {
			b.packing = nil
		}
		return func() { b.packing = before }
	})
}

// putIn puts what is scanned into the container that is open.
func (st *Station) putIn(b *bench, o *judgedScan, labels []string) {
	p := b.packing
	if p == nil {
		return
	}
	ids := slices.Concat([]string{o.Unit}, o.IDs, labels)
	same := func(id string) bool { return id == p.container || st.Floor.One([]string{id, p.container}) }
	switch {
	case slices.ContainsFunc(ids, same):
		o.say = append(o.say, "This is the container: scan “Close” when it is full")
	case Tracked(o.Unit) && same(st.Floor.Within(ids)):
		o.say = append(o.say, "It is in "+KeyText(p.container)+" already")
	default:
		in := st.entry(b, o, p.container, PutIn)
		in.Contents = []string{o.Unit}
		o.behind = append(o.behind, in)
		o.say = append(o.say, fmt.Sprintf("In %s: %d", KeyText(p.container), p.inside+1))
		o.then(func() func() {
			p.inside++
			return func() { p.inside-- }
		})
	}
	o.then(func() func() { p.at = o.At; return func() {} })
}

func (st *Station) entry(b *bench, o *judgedScan, container string, a Action) *Packed {
	return &Packed{Container: container, Action: a, Checkpoint: o.Checkpoint, Device: o.Device, Operator: b.operator}
}
