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
type oneRead struct {
	keys []string
	link *related // once it is written
}

func (st *Station) oneRead(sightings []Sighting) *oneRead {
	r := st.rule(sightings[0].Checkpoint)
	if len(sightings) < 2 || r == nil || !r.Together {
		return nil
	}
	read, kinds := &oneRead{}, map[string]string{}
	for _, s := range sightings {
		if s.NoRead || s.Pass != nil && s.Pass.Group == 0 {
			continue // tags that pass together are one parcel's only if a gate says so
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
			read.keys = append(read.keys, id.Unit)
		}
		kinds[kind] = id.Unit
	}
	if len(read.keys) < 2 {
		return nil
	}
	return read
}

// labels are the other labels of the parcel.
func (r *oneRead) labels(key string) (others []string) {
	if !slices.Contains(r.keys, key) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.keys), func(k string) bool { return k == key })
}

// linkRead links the labels of one read with the first of them, and tells of it
// with each.
func (st *Station) linkRead(b *bench, o *judgedScan, read *oneRead) {
	if !slices.Contains(read.keys, o.Unit) {
		return
	}
	if read.link == nil {
		st.link(b, o, "label", slices.Clone(read.keys))
		said := o.related
		read.link = &said
		return
	}
	o.say, o.linked, o.look = append(o.say, read.link.say...), read.link.linked, read.link.look
}

// labels are the other labels of the same parcel: of its read, or scanned just
// before.
func (st *Station) labels(b *bench, s Sighting, id Identity, read *oneRead) []string {
	if read != nil {
		return read.labels(id.Unit)
	}
	st.lapse(b, s.At)
	p := b.pair
	if p == nil || s.Pass != nil || p.from.Checkpoint != s.Checkpoint || !p.rule.links(id.Unit) || twoOfAKind(p.keys, []string{id.Unit}) {
		return nil
	}
	return p.keys
}

// pair links a label with those before it, or begins with the next parcel.
func (st *Station) pair(b *bench, o *judgedScan, labels []string) {
	rule, p := st.rule(o.Checkpoint), b.pair
	if rule == nil || rule.Within == 0 || o.Pass != nil || !rule.links(o.Unit) {
		return // nobody scans tags one after another
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
	// Before the scan, so that nobody who reads in order takes it for another
	// parcel's, even for a moment.
	o.before = append(o.before, l)
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
