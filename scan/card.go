package scan

import "fmt"

// command does what a command card says.
func (st *Station) command(b *bench, s Sighting, c Command) Told {
	st.lapse(b, s.At)
	told := Told{Outcome: CommandDone, At: st.Now().UTC(), Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint, Operator: b.operator}
	var entries []Entry
	var after func(numbers []Number)
	switch c.Do {
	case "sign-on":
		entries = []Entry{&Session{Open: true, Operator: c.Arg, Device: s.Device}}
		told.Why, told.Operator = "Signed on: "+c.Arg, c.Arg
	case "sign-off":
		if b.operator == "" {
			told.Why = "Nobody was signed on"
			break
		}
		entries = []Entry{&Session{Operator: b.operator, Device: s.Device}}
		told.Why, told.Operator = "Signed off: "+b.operator, ""
	case "undo":
		entries, after = st.undo(b, s, &told)
	case "seen":
		told.Why = "Seen"
	case "hold", "release", "exception":
		entries = st.mark(b, s, c, &told)
	case "pack", "unpack", "unlink":
		told.Why = map[string]string{
			"pack": "Scan the tote or pallet", "unpack": "Scan the tote or pallet that is emptied", "unlink": "Scan a label that is not this parcel's",
		}[c.Do]
		after = func([]Number) { b.card, b.cardAt = c.Do, s.At }
	case "close":
		entries, after = st.shut(b, s, &told)
	case "training":
		told.Why = "Training: nothing counts"
		after = func([]Number) { b.anew(); b.training = true }
	case "training-end":
		if told.Why = "Training has ended: scans count"; !b.training {
			told.Why = "This was no training: scans count"
			break
		}
		after = func([]Number) { b.anew() }
	default:
		told.Outcome, told.Why = Unreadable, fmt.Sprintf("This program does not know the command %q", c.Do)
	}
	numbers, err := st.writeAll(entries)
	if err != nil {
		return st.notSaved(b, s, err)
	}
	if len(numbers) > 0 {
		told.Number, told.At = numbers[0], numbers[0].At
	}
	if told.Operator != b.operator { // what somebody else began is not gone on with
		if b.training {
			told.Why += ". Training has ended"
		}
		if b.packing != nil {
			told.Why += ". " + KeyText(b.packing.container) + " was not closed"
		}
		b.operator = told.Operator
		b.anew()
	}
	if after != nil {
		after(numbers)
	}
	told.Training = b.training
	b.recorded(s, told)
	st.Tell(told)
	return told
}

// anew forgets what the next scan would have meant because of those before it.
func (b *bench) anew() {
	b.pair, b.packing, b.shut, b.card, b.training = nil, nil, nil, "", false
	if b.done != nil {
		b.done.revert = nil
	}
}

// writeAll makes entries durable in one transaction.
func (st *Station) writeAll(entries []Entry) ([]Number, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	numbers, errs := st.Book.WriteAll(entries)
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		st.observe(numbers[i], entries[i])
	}
	return numbers, nil
}

// undo takes back the last scan, with what was written because of it, or the
// closing of a container where that came after it.
func (st *Station) undo(b *bench, s Sighting, told *Told) ([]Entry, func([]Number)) {
	if shut := b.shut; shut != nil {
		told.Why, told.Unit = "Undone: "+KeyText(shut.container)+" is open again", shut.container
		var entries []Entry
		if shut.written.Entry != nil {
			entries = []Entry{st.taken(b, s, shut.written)}
		}
		return entries, func([]Number) { b.packing, b.shut = &shut.packing, nil; b.packing.at = s.At }
	}
	d := b.done
	if d == nil {
		told.Why = "There is no scan to undo"
		return nil, nil
	}
	told.Why, told.Unit = "Undone: the last scan", d.unit
	entries := []Entry{&Void{Scan: ScanID(d.number), Unit: d.scan.Unit, Operator: b.operator, Device: s.Device, Reason: "undone at the bench"}}
	for _, w := range d.also {
		entries = append(entries, st.taken(b, s, w))
	}
	return entries, func([]Number) {
		if b.done = nil; d.revert != nil {
			d.revert()
		}
	}
}

// taken is the entry that takes another one back. What took something back
// itself is said anew.
func (st *Station) taken(b *bench, s Sighting, w written) Entry {
	switch e := w.Entry.(type) {
	case *Linked:
		l := *e
		if l.Operator, l.Device = b.operator, s.Device; e.Undo != "" {
			l.Undo, l.Instead = "", nil
		} else {
			l.Undo = ScanID(w.Number)
		}
		return &l
	case *Packed:
		p := *e
		p.Operator, p.Device, p.Undo = b.operator, s.Device, ScanID(w.Number)
		return &p
	}
	panic("nothing else is written with a scan")
}

// mark records a word on the unit that was scanned last.
func (st *Station) mark(b *bench, s Sighting, c Command, told *Told) []Entry {
	d := b.done
	switch {
	case d == nil:
		told.Why = "Scan the parcel first, then this card"
		return nil
	case !Tracked(d.unit):
		told.Why = "The last scan names no single parcel"
		return nil
	}
	told.Unit = d.unit
	switch told.Why = "Held: " + KeyText(d.unit); c.Do {
	case "release":
		told.Why = "Released: " + KeyText(d.unit)
	case "exception":
		told.Why = "Noted, " + c.Arg + ": " + KeyText(d.unit)
	}
	if d.scan.Training {
		return nil
	}
	return []Entry{&Scan{
		Checkpoint: d.scan.Checkpoint, Verdict: OK, Unit: d.scan.Unit, IDs: d.scan.IDs, Device: s.Device, Operator: b.operator, Clock: st.Clock(),
		Mark: Mark(c.Do), Of: ScanID(d.number), Reason: c.Arg,
	}}
}

// shut is a container that was closed by the last card.
type shut struct {
	packing
	written
}

// shut closes the container that is being packed.
func (st *Station) shut(b *bench, s Sighting, told *Told) ([]Entry, func([]Number)) {
	p := b.packing
	if p == nil {
		told.Why = "Nothing is being packed here: scan the card “Pack” first"
		return nil, nil
	}
	told.Why, told.Unit = fmt.Sprintf("Closed: %s with %d inside", KeyText(p.container), p.inside), p.container
	closing := &Packed{Container: p.container, Action: Close, Checkpoint: s.Checkpoint, Device: s.Device, Operator: b.operator}
	if b.training {
		return nil, func([]Number) { b.packing, b.shut = nil, &shut{packing: *p} }
	}
	return []Entry{closing}, func(n []Number) { b.packing, b.shut = nil, &shut{*p, written{n[0], closing}} }
}
