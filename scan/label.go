package scan

import (
	"slices"
	"time"
)

// This file is the labels of one parcel: one scanned after another, or all of
// them in one read of a device.

// LinkRule says how labels are linked at a checkpoint.
type LinkRule struct {
	At       string        // the checkpoint
	Kinds    []string      // the kinds of identifier that are linked, as [KeyKind] names them; two or more
	Within   time.Duration // so long after one label the next may be scanned; zero: labels scanned one after another are not linked
	Together bool          // labels that a device hands over in one read are linked
}

// pairing is the labels of one parcel that were scanned one after another.
type pairing struct {
	rule *LinkRule
	keys []string // one of each kind
	at   time.Time
	from Sighting // the first
}

func (st *Station) rule(checkpoint string) *LinkRule {
	for i := range st.Links {
		if st.Links[i].At == checkpoint {
			return &st.Links[i]
		}
	}
	return nil
}

// links reports whether a key is of a kind that is linked.
func (r *LinkRule) links(key string) bool {
	return Tracked(key) && slices.Contains(r.Kinds, KeyKind(key))
}

// oneRead is the labels of one parcel that a device handed over together, by
// sighting; nil if that is not what they are.
type oneRead []Identity

func (st *Station) oneRead(sightings []Sighting) oneRead {
	r := st.rule(sightings[0].Checkpoint)
	if len(sightings) < 2 || r == nil || !r.Together {
		return nil
	}
	read, kinds := make(oneRead, 0, len(sightings)), map[string]string{}
	for _, s := range sightings {
		if s.NoRead {
			continue
		}
		id := st.Identify(s)
		if id.Fault != "" || !r.links(id.Unit) {
			continue
		}
		kind := KeyKind(id.Unit)
		if other, has := kinds[kind]; has && other != id.Unit {
			return nil // two parcels stood before it: whose is whose?
		}
		if kinds[kind] == "" {
			read = append(read, id)
		}
		kinds[kind] = id.Unit
	}
	if len(read) < 2 {
		return nil
	}
	return read
}

// labels are the other labels of the parcel.
func (r oneRead) labels(key string) (others []string) {
	if !slices.ContainsFunc(r, func(id Identity) bool { return id.Unit == key }) {
		return nil
	}
	for _, id := range r {
		if id.Unit != key {
			others = append(others, id.Unit)
		}
	}
	return others
}

// linkRead links the labels of one read, with the last of its scans.
func (st *Station) linkRead(b *bench, read oneRead, open []judgedScan) {
	if read == nil || len(open) == 0 {
		return
	}
	o := &open[len(open)-1]
	st.link(b, o, "label", append(read.labels(read[0].Unit), read[0].Unit))
}

// labels are the labels of the same parcel that were scanned just before.
func (st *Station) labels(b *bench, s Sighting, id Identity) []string {
	st.lapse(b, s.At)
	p := b.pair
	if p == nil || p.from.Checkpoint != s.Checkpoint || !p.rule.links(id.Unit) || twoOfAKind(p.keys, []string{id.Unit}) {
		return nil
	}
	return p.keys
}

// pair links a label with those before it, or begins with the next parcel.
func (st *Station) pair(b *bench, o *judgedScan, labels []string) {
	rule, p := st.rule(o.Checkpoint), b.pair
	if rule == nil || rule.Within == 0 || !rule.links(o.Unit) {
		return
	}
	if len(labels) > 0 {
		st.link(b, o, "scanned", append(slices.Clone(labels), o.Unit))
		o.then(func() func() {
			before := *p
			p.keys, p.at = append(slices.Clone(p.keys), o.Unit), o.At
			return func() { *p = before }
		})
		return
	}
	if p != nil && slices.Contains(p.keys, o.Unit) { // the same label once more
		o.then(func() func() { p.at = o.At; return func() {} })
		return
	}
	o.say = append(o.say, "Now scan its other label")
	o.then(func() func() {
		st.notLinked(b)
		b.pair = &pairing{rule: rule, keys: []string{o.Unit}, at: o.At, from: o.Sighting}
		return func() { b.pair = nil }
	})
}

// link writes with a scan that labels are one parcel's, unless that is known.
func (st *Station) link(b *bench, o *judgedScan, how string, ids []string) {
	slices.SortFunc(ids, func(x, y string) int {
		if before(x, y) {
			return -1
		}
		return 1
	})
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = KeyText(id)
	}
	o.linked = ids
	if st.Floor.One(ids) {
		o.say = append(o.say, List(names)+" are one parcel already")
		return
	}
	l := &Linked{IDs: ids, How: how, Checkpoint: o.Checkpoint, Device: o.Device, Operator: b.operator, Instead: st.Floor.Instead(ids)}
	o.behind = append(o.behind, l)
	o.say = append(o.say, List(names)+" are one parcel")
	if len(l.Instead) > 0 {
		o.look = true
		o.say = append(o.say, "Until now it was "+keysText(l.Instead))
	}
}

// notLinked tells, once, of a label whose parcel has another that was not scanned.
func (st *Station) notLinked(b *bench) {
	p := b.pair
	b.pair = nil
	if p != nil && len(p.keys) == 1 {
		st.notice(b, p.from, p.keys[0], "Not linked: its other label was not scanned")
	}
}

// unlink takes a scan for one of labels that are not one parcel's.
func (st *Station) unlink(b *bench, o *judgedScan) {
	var parted []string
	for _, l := range st.Floor.LinksOf(o.Unit) {
		undo := *l.Linked
		undo.Checkpoint, undo.Device, undo.Operator, undo.Undo = o.Checkpoint, o.Device, b.operator, ScanID(l.Number)
		o.behind = append(o.behind, &undo)
		for _, id := range l.IDs {
			if id != o.Unit && !slices.Contains(parted, id) {
				parted = append(parted, id)
			}
		}
	}
	if len(parted) == 0 {
		o.say = append(o.say, KeyText(o.Unit)+" is not linked")
	} else {
		o.say = append(o.say, KeyText(o.Unit)+" is not linked with "+keysText(parted)+" any more")
	}
	o.then(func() func() {
		b.card, b.pair = "", nil
		return func() {}
	})
}
