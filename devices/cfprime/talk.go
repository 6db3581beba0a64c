package cfprime

import (
	"fmt"
	"slices"

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
type plan struct{ stop, about, settings, setPower, start step }

func newPlan(o Options) plan {
	command := func(say string, needed bool, number byte, data ...byte) step {
		f := append([]byte{header, byte(o.Address), 0, number, byte(len(data))}, data...)
		c := crc(f)
		return step{number, append(f, byte(c>>8), byte(c)), say, needed}
	}
	const byTime, forEver = 0, 0
	return plan{
		stop:     command("the stop", false, stop),
		about:    command("who it is", false, about),
		settings: command("how it is set", true, settings),
		setPower: command(fmt.Sprintf("power %d dBm", o.Power), true, setPower, byte(o.Power), 0),
		start:    command("the start", true, inventory, byTime, 0, 0, 0, forEver),
	}
}

// What the conversation is at.
type phase int

const (
	closed  phase = iota // nothing is sent
	setting              // a step of the set-up waits for its answer
	reading              // an inventory without end is under way
	pausing              // for a quiet time or more
)

// talk is what the reader has been asked.
type talk struct {
	phase  phase
	queue  []step // still to be asked; the first waits for its answer
	tries  int    // of it
	silent int    // quiet times in a row
	heard  int    // frames of an inventory while an answer is due
	probes int    // starts in a row that nothing answered
	pause  int    // quiet times to go, until everything is begun anew
	mute   bool   // told that nobody answers
}

const (
	tries   = 5
	soon    = 20  // quiet times before a reader whose inventory ended in an error is set up again
	again   = 100 // before one that refused is
	answers = 3   // quiet times that the answer to a command may take
	flood   = 200 // frames of an inventory that stand for as long, where a reader is never quiet
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
	if d.talk.phase != closed {
		out.Reply(d.plan.stop.frame)
	}
	d.talk.phase = closed
}

// begin sets the reader up from the start. It is stopped first, since it may
// read still.
func (d *Decoder) begin(out *wire.Output) {
	d.talk = talk{phase: setting, mute: d.talk.mute, queue: []step{d.plan.stop, d.plan.about, d.plan.settings}}
	d.ask(out)
}

func (d *Decoder) ask(out *wire.Output) {
	d.talk.tries++
	out.Reply(d.talk.queue[0].frame)
}

// next goes to the step after this one, or lets the tags come. The start is
// answered by what is heard, or is not.
func (d *Decoder) next(out *wire.Output) {
	t := &d.talk
	t.queue, t.tries, t.silent, t.heard = t.queue[1:], 0, 0, 0
	if len(t.queue) > 0 {
		d.ask(out)
		return
	}
	t.phase = reading
	out.Reply(d.plan.start.frame)
}

func (d *Decoder) rest(quiet int) { d.talk.phase, d.talk.pause = pausing, quiet }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.frames(true, out)
	t := &d.talk
	if t.phase == pausing {
		if t.pause--; t.pause <= 0 {
			d.begin(out)
		}
		return
	}
	t.silent++
	switch {
	case t.phase == setting && t.silent >= answers:
		t.silent = 0
		d.unanswered(out)
	case t.phase == reading && t.silent >= d.o.Patience:
		t.silent = 0
		d.probe(out)
	}
}

// probe starts a reader once more that says not even that it hears nothing.
func (d *Decoder) probe(out *wire.Output) {
	if d.talk.probes++; d.talk.probes < tries {
		out.Reply(d.plan.start.frame)
		return
	}
	out.Fault(fmt.Errorf("the reader has gone silent, and is set up anew: %w", wire.ErrStart))
	out.Restarted = true
	d.begin(out)
}

// flooded counts what is heard from a reader that reads while it is set up: it
// has no quiet times by which a lost answer would be noticed.
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

// stopped is an inventory that ended with an error.
func (d *Decoder) stopped(status byte, out *wire.Output) {
	if d.talk.phase != reading {
		return // of one that was begun before us
	}
	out.Fault(fmt.Errorf("the reader does not go on reading, and is set up again: %s: %w", words(status), wire.ErrHardware))
	out.Restarted = true
	d.rest(soon)
}

// answer is what came to a command other than the start.
func (d *Decoder) answer(command, status byte, data []byte, out *wire.Output) {
	t := &d.talk
	switch {
	case t.phase == setting && command == t.queue[0].command:
		d.answered(status, data, out)
	case command == stop, command == about, command == settings, command == setPower:
		// late, after it was asked for once more
	default:
		out.Fault(fmt.Errorf("answer to %02X, which nobody asked (does another program use the reader?): %w", command, wire.ErrUnasked))
	}
}

// answered is the answer that a step of the set-up waits for.
func (d *Decoder) answered(status byte, data []byte, out *wire.Output) {
	t := &d.talk
	s := t.queue[0]
	refusal := ""
	switch {
	case status != good:
		refusal = words(status)
	case s.command == about:
		d.introduced(data, out)
	case s.command == settings:
		refusal = d.isSet(data, out)
	}
	if refusal == "" || !s.needed {
		t.mute = false
		d.next(out)
		return
	}
	out.Fault(fmt.Errorf("the reader does not start, %s: %s: %w", s.say, refusal, wire.ErrStart))
	d.rest(again)
}

// introduced is what the reader says of itself: versions of its hardware and
// firmware, its serial number, and the same of the radio module within.
func (d *Decoder) introduced(data []byte, out *wire.Output) {
	for _, field := range []struct {
		name string
		size int
	}{{"hardware", 32}, {"firmware", 32}, {"serial", 12}, {"module version", 32}, {"module", 32}, {"module serial", 12}} {
		if len(data) < field.size {
			return
		}
		d.fact(field.name, text(data[:field.size]), out)
		data = data[field.size:]
	}
}

// isSet compares the reader's settings with what they should be.
func (d *Decoder) isSet(data []byte, out *wire.Output) (refusal string) {
	if len(data) < blockSize {
		return "its answer is too short"
	}
	is := read(data)
	for _, f := range []struct{ name, value string }{
		{"band", is.band.String()}, {"mode", modes[is.mode]}, {"power", fmt.Sprintf("%d dBm", is.power)},
		{"antennas", connected(is.antennas)}, {"session", fmt.Sprintf("S%d", is.session)}, {"q", fmt.Sprint(is.q)}, {"filter", fmt.Sprintf("%d s", is.filter)},
	} {
		d.fact(f.name, f.value, out)
	}
	if should := regions[d.o.Region]; !is.band.within(should) {
		return fmt.Sprintf("it radiates from %s, and region %s is %s (set it with the maker's program)", is.band, d.o.Region, should)
	}
	if d.o.Power > 0 && int(is.power) != d.o.Power {
		d.talk.queue = slices.Insert(d.talk.queue, 1, d.plan.setPower)
	}
	return ""
}

// connected names the antennas whose bits are set.
func connected(bits byte) (all string) {
	for n := 1; bits > 0; bits, n = bits>>1, n+1 {
		if bits&1 == 1 {
			all += fmt.Sprintf(" %d", n)
		}
	}
	if all == "" {
		return "none"
	}
	return all[1:]
}
