package scan

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Book is where a station's events are kept. Write returns only when the
// entry is on disk and has its number; after an error nothing was kept.
type Book interface {
	Write(Entry) (Number, error)
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
	b := st.bench(s.Device)
	b.Lock()
	defer b.Unlock()

	if told, again := b.repeated(s, st.Repeat); again {
		return told
	}
	if s.NoRead {
		return st.noRead(b, s)
	}
	id := st.Identify(s)
	if id.Command != nil {
		return st.command(b, s, *id.Command)
	}

	j := Judgement{Verdict: NotUnderstood}
	if id.Fault == "" {
		j = st.judge(ctx, s, id)
	}
	record := &Scan{
		Checkpoint: s.Checkpoint, Verdict: j.Verdict, Unit: id.Unit, IDs: id.IDs, Raw: s.Code, AIM: s.AIM, Symbology: s.Symbology,
		Device: s.Device, Operator: b.operator, Missing: j.Missing, Clock: st.Clock(),
	}
	number, err := st.write(record)
	if err != nil {
		return st.notSaved(b, s, err)
	}

	told := Told{
		Outcome: outcomeOf(j.Verdict), At: number.At, Number: number, Unit: id.Unit, Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint,
		Operator: b.operator, Missing: j.Missing, Belongs: j.Belongs, Earlier: j.Earlier, Why: id.Fault,
	}
	if link := st.Link(); told.Outcome == Saved && !link.Online {
		told.Outcome, told.Waiting = SavedOffline, link.Waiting
	}
	b.scan, b.number = record, number
	b.recorded(s, told)
	st.Tell(told)
	return told
}

// judge asks local knowledge, and neighbours that are a moment behind.
func (st *Station) judge(ctx context.Context, s Sighting, id Identity) Judgement {
	j := st.Floor.Judge(id.Unit, id.IDs, s.Checkpoint, st.Now())
	if len(j.Waiting) > 0 && st.Fresh != nil && st.Link().Online {
		st.Fresh(ctx, j.Waiting)
		j = st.Floor.Judge(id.Unit, id.IDs, s.Checkpoint, st.Now())
	}
	return j
}

// write makes an entry durable and lets the station know of its own event.
func (st *Station) write(e Entry) (Number, error) {
	number, err := st.Book.Write(e)
	if err == nil {
		st.Floor.Observe(Event{Number: number, Site: st.Site, Station: st.Name, Entry: e}, st.Now())
	}
	return number, err
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

// command does what a command card says.
func (st *Station) command(b *bench, s Sighting, c Command) Told {
	told := Told{Outcome: CommandDone, At: st.Now().UTC(), Code: s.Code, Device: s.Device, Checkpoint: s.Checkpoint, Operator: b.operator}
	var entry Entry
	switch c.Do {
	case "sign-on":
		entry, told.Why, told.Operator = &Session{Open: true, Operator: c.Arg, Device: s.Device}, "Signed on: "+c.Arg, c.Arg
	case "sign-off":
		if b.operator == "" {
			told.Why = "Nobody was signed on"
			break
		}
		entry, told.Why, told.Operator = &Session{Operator: b.operator, Device: s.Device}, "Signed off: "+b.operator, ""
	case "undo":
		if b.scan == nil {
			told.Why = "There is no scan to undo"
			break
		}
		entry, told.Unit = &Void{Scan: ScanID(b.number), Unit: b.scan.Unit, Operator: b.operator, Device: s.Device, Reason: "undone at the bench"}, b.scan.Unit
		told.Why = "Undone: the last scan"
	case "seen":
		told.Why = "Seen"
	default:
		told.Outcome, told.Why = Unreadable, fmt.Sprintf("This program does not know the command %q", c.Do)
	}
	if entry != nil {
		number, err := st.write(entry)
		if err != nil {
			return st.notSaved(b, s, err)
		}
		told.Number, told.At = number, number.At
		b.operator = told.Operator
		if c.Do == "undo" {
			b.scan = nil
		}
	}
	b.recorded(s, told)
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
