package scan

import "fmt"

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
