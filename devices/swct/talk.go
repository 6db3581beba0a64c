package swct

import (
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/wire"
)

// step is one command of the set-up.
type step struct {
	command byte
	frame   []byte
	say     string
	needed  bool // without its answer nothing radiates
}

// plan is what may be sent, made once: what is written is not changed while it
// waits to be.
type plan struct {
	stop, info, band, mode, power, filter, antennas step // the set-up, in this order
	setBand, setMode, setPower, setFilter           step // behind the question whose answer is not as it should be
	start, once                                     step
}

func newPlan(o Options) (p plan) {
	command := func(say string, needed bool, number byte, data ...byte) step {
		n := 3 + len(data)
		f := append([]byte{'S', 'W', byte(n >> 8), byte(n), byte(o.Address), number}, data...)
		s := byte(0)
		for _, one := range f {
			s -= one
		}
		return step{number, append(f, s), say, needed}
	}
	b := regions[o.Region]
	mode := byte(pushing)
	if o.Mode == "answer" {
		mode = answering
	}
	p.stop = command("the stop", false, stop)
	p.info = command("who it is", true, info)
	p.band = command("which region it is in", true, askBand)
	p.mode = command("which mode it is in", true, askOne, modeAt)
	p.power = command("its power", o.Power >= 0, askOne, powerAt)
	p.filter = command("its filter time", o.Filter >= 0, askOne, filterAt)
	p.antennas = command("its antennas", false, antennas)
	p.setBand = command("region "+o.Region, true, setBand, b[:]...)
	p.setMode = command("mode "+o.Mode, true, setOne, modeAt, mode)
	p.setPower = command(fmt.Sprintf("power %d dBm", o.Power), true, setOne, powerAt, byte(o.Power))
	p.setFilter = command(fmt.Sprintf("filter time %d s", o.Filter), true, setOne, filterAt, byte(o.Filter))
	p.start = command("the start", true, start)
	p.once = command("an inventory", true, inventory)
	return p
}

// What the conversation is at.
type phase int

const (
	closed  phase = iota // nothing is sent
	setting              // a step of the set-up waits for its answer
	reading              // an inventory is under way
	active               // the reader sends by itself
	pausing              // for a quiet time or more
)

// talk is what the reader has been asked.
type talk struct {
	phase   phase
	queue   []step // still to be asked; the first waits for its answer
	tries   int    // of it
	silent  int    // quiet times in a row
	heard   int    // pushes while an answer is due
	probes  int    // starts in a row that nothing answered
	pause   int    // quiet times to go
	refused bool   // after the pause everything is begun anew
	mute    bool   // told that nobody answers
	empty   int    // inventories in a row without a tag
}

const (
	tries   = 5
	again   = 100 // quiet times before a reader that refused is asked again
	answers = 3   // quiet times that the answer to a command may take
	flood   = 200 // pushes that stand for as long, where a reader is never quiet
	doubt   = 50  // empty inventories until a reader is asked for its mode
)

// Open begins the conversation.
func (d *Decoder) Open(out *wire.Output) {
	if d.o.Region == "" {
		out.Fault(fmt.Errorf("no region is set, so the reader is not started (give the device options = { region = \"eu\" }, or another of %s, as the law of the place has it): %w", regionNames, wire.ErrStart))
		return
	}
	d.begin(out)
}

// Close says what stops the reader.
func (d *Decoder) Close(out *wire.Output) {
	if d.talk.phase != closed && d.o.Mode == "active" {
		out.Reply(d.plan.stop.frame)
	}
	d.talk.phase = closed
}

// begin sets the reader up from the start. It is stopped first: one that pushes
// may be deaf.
func (d *Decoder) begin(out *wire.Output) {
	p := &d.plan
	d.talk = talk{phase: setting, mute: d.talk.mute, queue: []step{p.stop, p.info, p.band, p.mode, p.power, p.filter, p.antennas}}
	if d.o.Mode == "active" {
		d.talk.queue = append(d.talk.queue, p.start)
	}
	d.ask(out)
}

func (d *Decoder) ask(out *wire.Output) {
	d.talk.tries++
	out.Reply(d.talk.queue[0].frame)
}

// next goes to the step after this one, or lets the tags come.
func (d *Decoder) next(out *wire.Output) {
	t := &d.talk
	t.queue, t.tries, t.silent, t.heard = t.queue[1:], 0, 0, 0
	switch {
	case len(t.queue) > 0:
		d.ask(out)
	case d.o.Mode == "answer":
		d.turn(out)
	default:
		t.phase = active
	}
}

// turn begins an inventory.
func (d *Decoder) turn(out *wire.Output) {
	d.talk.phase = reading
	out.Reply(d.plan.once.frame)
}

func (d *Decoder) rest(quiet int) { d.talk.phase, d.talk.pause = pausing, quiet }

// ended is the end of an inventory.
func (d *Decoder) ended(out *wire.Output) {
	switch {
	case d.talk.phase != reading: // of one that was begun before us
	case d.talk.empty >= doubt:
		d.talk.phase, d.talk.empty, d.talk.queue, d.talk.tries, d.talk.silent = setting, 0, []step{d.plan.mode}, 0, 0
		d.ask(out)
	case d.o.Rest > 0:
		d.rest(d.o.Rest)
	default:
		d.turn(out)
	}
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.frames(true, out)
	t := &d.talk
	if t.phase == pausing {
		if t.pause--; t.pause > 0 {
			return
		}
		if t.refused {
			d.begin(out)
		} else {
			d.turn(out)
		}
		return
	}
	t.silent++
	switch {
	case t.phase == setting && t.silent >= answers:
		t.silent = 0
		d.unanswered(out)
	case t.phase == reading && t.silent >= d.o.Patience:
		out.Fault(fmt.Errorf("the answer to an inventory is missing, so the reader is set up again: %w", wire.ErrGap))
		out.Restarted = true
		d.begin(out)
	case t.phase == active && t.silent >= d.o.Patience:
		t.silent = 0
		d.probe(out)
	}
}

// probe starts a reader that has nothing to tell once more: it answers if it is
// there, and reads if it had lost that.
func (d *Decoder) probe(out *wire.Output) {
	if d.talk.probes++; d.talk.probes <= tries {
		out.Reply(d.plan.start.frame)
		return
	}
	out.Fault(fmt.Errorf("the reader has gone silent, and is set up anew: %w", wire.ErrStart))
	out.Restarted = true
	d.begin(out)
}

// flooded counts the pushes of a reader that is set up: it has no quiet times by
// which a lost answer would be noticed.
func (d *Decoder) flooded(out *wire.Output) {
	t := &d.talk
	if t.phase != setting {
		return
	}
	if t.heard++; t.heard >= flood {
		t.heard = 0
		d.unanswered(out)
	}
}

// unanswered is a step of the set-up that the reader does not answer.
func (d *Decoder) unanswered(out *wire.Output) {
	t := &d.talk
	switch {
	case t.tries < tries:
		d.ask(out)
	case !t.queue[0].needed:
		d.next(out)
	default:
		if !t.mute {
			t.mute = true
			out.Fault(fmt.Errorf("the reader does not answer %s (has it power, are TX and RX the right way round, is its speed 115200?): %w", t.queue[0].say, wire.ErrStart))
		}
		d.begin(out)
	}
}

// answer is what came to a command other than an inventory.
func (d *Decoder) answer(command, status byte, data []byte, out *wire.Output) {
	t := &d.talk
	switch {
	case t.phase == setting && command == t.queue[0].command && d.about(data):
		d.answered(status, data, out)
	case t.phase == active && command == start && status != good:
		out.Restarted = true // its mode is another now
		d.begin(out)
	case isOurs(command):
		// late, after it was asked for once more; or a start that told that it lives
	default:
		out.Fault(fmt.Errorf("answer to %02X, which nobody asked (does another program use the reader?): %w", command, wire.ErrUnasked))
	}
}

// about reports whether an answer is about the setting that was asked for: a
// late one may be about another.
func (d *Decoder) about(data []byte) bool {
	s := d.talk.queue[0]
	const setting = 6 // where it stands in the question
	return s.command != askOne || len(data) == 0 || data[0] == s.frame[setting]
}

func isOurs(command byte) bool {
	switch command {
	case info, askOne, setOne, askBand, setBand, stop, start, antennas:
		return true
	}
	return false
}

// answered is the answer that a step of the set-up waits for.
func (d *Decoder) answered(status byte, data []byte, out *wire.Output) {
	t := &d.talk
	s := t.queue[0]
	refusal := ""
	switch {
	case status != good:
		refusal = fmt.Sprintf("it refuses (status %02X)", status)
	case s.command == info:
		d.introduced(data, out)
	case s.command == askBand:
		refusal = d.inBand(data, out)
	case s.command == askOne:
		refusal = d.isSet(data, out)
	case s.command == antennas && len(data) >= 2:
		d.fact("antennas", connected(data), out)
	}
	if refusal == "" || !s.needed {
		t.mute = false
		d.next(out)
		return
	}
	out.Fault(fmt.Errorf("the reader does not start, %s: %s: %w", s.say, refusal, wire.ErrStart))
	d.rest(again)
	t.refused = true
}

// then puts a step behind the one whose answer has come.
func (d *Decoder) then(s step) { d.talk.queue = slices.Insert(d.talk.queue, 1, s) }

// introduced is what the reader says of itself.
func (d *Decoder) introduced(data []byte, out *wire.Output) {
	version := func(b byte) string { return fmt.Sprintf("%d.%d", b>>4, b&0x0F) }
	if len(data) >= 2+serialSize {
		d.fact("firmware", version(data[0]), out)
		d.fact("hardware", version(data[1]), out)
		d.fact("serial", fmt.Sprintf("%X", data[2:2+serialSize]), out)
	}
}

// inBand compares where it radiates with where it should.
func (d *Decoder) inBand(data []byte, out *wire.Output) (refusal string) {
	if len(data) < len(band{}) {
		return "its answer is too short"
	}
	is := band(data)
	d.fact("band", is.String(), out)
	if is != regions[d.o.Region] {
		d.then(d.plan.setBand)
	}
	return ""
}

// isSet compares one of its settings with what it should be.
func (d *Decoder) isSet(data []byte, out *wire.Output) (refusal string) {
	if len(data) < 2 {
		return "its answer is too short"
	}
	p, is := &d.plan, int(data[1])
	switch data[0] {
	case modeAt:
		d.fact("mode", modes[data[1]], out)
		if modes[data[1]] != d.o.Mode {
			d.then(p.setMode)
		}
	case powerAt:
		d.fact("power", fmt.Sprintf("%d dBm", is), out)
		if d.o.Power >= 0 && is != d.o.Power {
			d.then(p.setPower)
		}
	case filterAt:
		d.fact("filter", fmt.Sprintf("%d s", is), out)
		if d.o.Filter >= 0 && is != d.o.Filter {
			d.then(p.setFilter)
		}
	}
	return ""
}

// connected names the antennas whose bits are set, the highest in the first byte.
func connected(data []byte) string {
	var all []string
	for bits, n := uint16(data[0])<<8|uint16(data[1]), 1; bits > 0; bits, n = bits>>1, n+1 {
		if bits&1 == 1 {
			all = append(all, fmt.Sprint(n))
		}
	}
	return strings.Join(all, " ")
}
