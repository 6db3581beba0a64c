package scan

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Book is where a station's events are kept. It returns only when an entry is
// on disk and has its number; after an error nothing of it was kept. What is
// written together is answered each for itself.
type Book interface {
	Write(Entry) (Number, error)
	WriteAll([]Entry) ([]Number, []error)
}

// Station is one agent at its benches. Its method Scan is the life of one
// scan; every device calls it from a goroutine of its own.
type Station struct {
	Site, Name string
	Identify   func(Sighting) Identity
	Floor      *Floor                                       // what is known of this station and its neighbours
	Book       Book                                         // the outbox
	Link       func() LinkView                              // the truth about the connection
	Fresh      func(ctx context.Context, stations []string) // asks neighbours for a fresh head and waits for it, within bounds; may be nil
	Tell       func(Told)                                   // screen and sound; must not block
	Failed     func(device, what string, err error)         // told once per failure, for the log
	Clock      func() Clock                                 // what the kernel says of the wall clock
	Now        func() time.Time
	Repeat     time.Duration // the same reading of one device within this time is one scan; 500 ms unless set
	Links      []LinkRule    // where the labels of a parcel are linked

	mu      sync.Mutex
	benches map[string]*bench
}

// Scan is the life of one scan.
//
//	sighting -> repeats fall together -> what is it -> verdict from local
//	knowledge -> ONE transaction, synced -> the signal -> everybody else
//
// What it returns is what the operator was told. It never waits for the
// network but for one thing: where the scan before this one is not there and
// a neighbour is merely a moment behind, it is asked for its word, within
// the bounds of Fresh.
func (st *Station) Scan(ctx context.Context, s Sighting) Told {
	return st.ScanAll(ctx, []Sighting{s})[0]
}

// ScanAll is the life of several sightings that one device handed over at
// once, such as the memory of a batch scanner. Each is judged and told as if
// it had come alone; those that have nothing to do with each other share a
// transaction.
func (st *Station) ScanAll(ctx context.Context, sightings []Sighting) []Told {
	b := st.bench(sightings[0].Device)
	b.Lock()
	defer b.Unlock()
	told := make([]Told, 0, len(sightings))
	read := st.oneRead(sightings) // the labels of one parcel, if that is what they are
	var open []judgedScan         // judged, and not yet saved
	for _, s := range sightings {
		if len(open) == mostTogether || touches(open, s.Code, "") || st.depends(b, s, read) {
			told, open = append(told, st.save(b, open)...), nil
		}
		if again, repeated := b.repeated(s, st.Repeat); repeated {
			told, open = append(append(told, st.save(b, open)...), again), nil
			continue
		}
		var id Identity
		if !s.NoRead {
			id = st.Identify(s)
		}
		if s.NoRead || id.Command != nil {
			told, open = append(told, st.save(b, open)...), nil
			if s.NoRead {
				told = append(told, st.noRead(b, s))
			} else {
				told = append(told, st.command(b, s, *id.Command))
			}
			continue
		}
		if touches(open, s.Code, id.Unit) {
			told, open = append(told, st.save(b, open)...), nil
		}
		o := judgedScan{Sighting: s, Identity: id, Judgement: Judgement{Verdict: NotUnderstood}}
		if id.Fault == "" {
			labels := st.labels(b, s, id, read)
			o.Judgement = st.judge(ctx, s, id, labels)
			st.relate(b, &o, read, labels)
		}
		open = append(open, o)
	}
	return append(told, st.save(b, open)...)
}

// mostTogether bounds how long the first of many waits for its signal.
const mostTogether = 128

// judgedScan is a sighting on its way to the disk.
type judgedScan struct {
	Sighting
	Identity
	Judgement
	related
}

// touches reports whether a scan that is not saved yet could change what is
// made of another code or unit: the same unit twice is a double.
func touches(open []judgedScan, code, unit string) bool {
	for i := range open {
		if o := &open[i]; o.Code == code || unit != "" && (o.Unit == unit || slices.Contains(o.IDs, unit)) {
			return true
		}
	}
	return false
}

// save makes judged scans durable, and then tells.
func (st *Station) save(b *bench, open []judgedScan) []Told {
	if len(open) == 0 {
		return nil
	}
	clock := st.Clock()
	var entries []Entry
	for i := range open {
		o := &open[i]
		s := &Scan{
			Checkpoint: o.Checkpoint, Verdict: o.Verdict, Unit: o.Unit, IDs: o.IDs, Raw: o.Code, AIM: o.AIM, Symbology: o.Symbology,
			Device: o.Device, Operator: b.operator, Missing: o.Missing, Note: o.Note, Pass: o.Pass, Clock: clock,
			Training: b.training, Held: o.Held != nil,
		}
		if b.training { // so that nobody can take it for a scan, whatever he knows of training
			s.Unit, s.IDs, o.before, o.behind = "", keysOf(o.Identity), nil, nil
		}
		entries = append(append(append(entries, o.before...), s), o.behind...)
	}
	numbers, errs := st.Book.WriteAll(entries)

	told := make([]Told, len(open))
	link := st.Link()
	for i := range open {
		o := &open[i]
		first, at, n := len(entries)-len(numbers), len(o.before), len(o.before)+1+len(o.behind)
		mine, given, failed := entries[first:first+n], numbers[:n], errs[:n]
		numbers, errs = numbers[n:], errs[n:]
		if failed[at] != nil {
			told[i] = st.notSaved(b, o.Sighting, failed[at])
			continue
		}
		also := st.written(o, mine, given, failed)
		t := Told{
			Outcome: outcomeOf(o.Verdict), At: given[at].At, Number: given[at], Unit: o.Unit, Code: o.Code, Device: o.Device, Checkpoint: o.Checkpoint,
			Operator: b.operator, Missing: o.Missing, Belongs: o.Belongs, Earlier: o.Earlier, Why: o.Fault, Held: o.Held, Training: b.training,
		}
		o.tell(&t)
		if t.Outcome == Saved && !link.Online {
			t.Outcome, t.Waiting = SavedOffline, link.Waiting
		}
		b.shut = nil
		b.done = &done{scan: mine[at].(*Scan), number: given[at], unit: o.Unit, also: also}
		if o.after != nil {
			b.done.revert = o.after()
		}
		b.recorded(o.Sighting, t)
		st.Tell(t)
		told[i] = t
	}
	return told
}

// judge asks local knowledge, and neighbours that are a moment behind.
func (st *Station) judge(ctx context.Context, s Sighting, id Identity, labels []string) Judgement {
	j := st.Floor.JudgeWith(id.Unit, id.IDs, labels, s.Checkpoint, st.Now())
	if len(j.Waiting) > 0 && st.Fresh != nil && st.Link().Online {
		st.Fresh(ctx, j.Waiting)
		j = st.Floor.JudgeWith(id.Unit, id.IDs, labels, s.Checkpoint, st.Now())
	}
	return j
}

// write makes an entry durable.
func (st *Station) write(e Entry) (Number, error) {
	number, err := st.Book.Write(e)
	if err == nil {
		st.observe(number, e)
	}
	return number, err
}

// observe lets the station know of its own event.
func (st *Station) observe(n Number, e Entry) {
	st.Floor.Observe(Event{Number: n, Site: st.Site, Station: st.Name, Entry: e}, st.Now())
}

// Note writes an entry that no scan caused, such as a device that came.
func (st *Station) Note(e Entry) error {
	_, err := st.write(e)
	return err
}

func (st *Station) noRead(b *bench, s Sighting) Told {
	number, err := st.write(&NoRead{Checkpoint: s.Checkpoint, Device: s.Device, Raw: s.Code})
	if err != nil {
		return st.notSaved(b, s, err)
	}
	told := Told{Outcome: Unreadable, At: number.At, Number: number, Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint, Operator: b.operator,
		Why: "The reader could not read it"}
	if s.Note != "" {
		told.Why = "Not a label: " + s.Note
	}
	b.recorded(s, told)
	st.Tell(told)
	return told
}

// notSaved tells the operator to stop. Nothing that means "good" follows, and
// the same code may be scanned again at once.
func (st *Station) notSaved(b *bench, s Sighting, err error) Told {
	told := Told{Outcome: NotSaved, At: st.Now().UTC(), Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint, Operator: b.operator, Why: err.Error()}
	b.last = told
	st.Failed(s.Device, "save a scan", err)
	st.Tell(told)
	return told
}

func outcomeOf(v Verdict) Outcome {
	switch v {
	case Double:
		return SavedDouble
	case PreviousMissing:
		return SavedPreviousMissing
	case NotVerifiable:
		return SavedNotVerifiable
	case WrongCheckpoint:
		return SavedWrongCheckpoint
	case NotUnderstood:
		return Unreadable
	}
	return Saved
}

func (st *Station) bench(device string) *bench {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.benches == nil {
		st.benches = map[string]*bench{}
	}
	b := st.benches[device]
	if b == nil {
		b = &bench{}
		st.benches[device] = b
	}
	return b
}
