package tsl

import (
	"fmt"
	"strings"

	"scanpost/devices/wire"
)

// plan is what may be sent, made once.
type plan struct{ setup, inventory, battery []byte }

func newPlan(o Options) plan {
	// From the factory's values on, and without an inventory: tell PC and strength.
	setup := ".iv -x -n -e on -r on"
	if o.Power != 0 {
		setup += fmt.Sprintf(" -o %d", o.Power)
	}
	if o.Session != "" {
		setup += " -qs " + o.Session
	}
	if o.Target != "" {
		setup += " -qt " + strings.ToLower(o.Target)
	}
	return plan{[]byte(setup + "\r\n"), []byte(".iv\r\n"), []byte(".bl\r\n")}
}

// What the conversation is at.
type phase int

const (
	closed  phase = iota // nothing is sent
	setting              // the set-up waits for its answer
	waiting              // for the trigger
	asking               // the battery was asked for
	reading              // an inventory is under way
	pausing
)

type talk struct {
	phase  phase
	silent int // quiet times in a row
	pause  int
	sulks  bool // it refused its set-up
	tries  int  // commands in a row that nothing answered
	mute   bool // told that nobody answers
}

// again is how many quiet times a reader is left alone that refused its set-up.
const again = 20

// Open begins the conversation.
func (d *Decoder) Open(out *wire.Output) { d.begin(out) }

// Close has nothing to write: an inventory ends by itself.
func (d *Decoder) Close(*wire.Output) { d.talk.phase = closed }

func (d *Decoder) begin(out *wire.Output) {
	d.talk = talk{phase: setting, mute: d.talk.mute, tries: d.talk.tries}
	out.Reply(d.plan.setup)
}

// ended goes on after a block.
func (d *Decoder) ended(b *block, reason string, out *wire.Output) {
	t := &d.talk
	t.silent, t.tries = 0, 0
	if t.mute { // it slept, or was away
		t.mute = false
		if t.phase != setting && t.phase != closed {
			d.begin(out)
			return
		}
	}
	switch {
	case t.phase == setting && b.setup && b.failed:
		out.Fault(fmt.Errorf("the reader does not take its set-up (%s): %s: %w", strings.TrimSpace(string(d.plan.setup)), reason, wire.ErrStart))
		t.phase, t.pause, t.sulks = pausing, again, true
	case t.phase == setting && b.setup:
		t.phase = asking
		out.Reply(d.plan.battery)
	case t.phase == asking && b.kind == other:
		d.onward(out)
	case t.phase == reading && b.kind == inventory:
		if d.o.Rest > 0 {
			t.phase, t.pause = pausing, d.o.Rest
			return
		}
		out.Reply(d.plan.inventory)
	}
}

// onward lets the tags come.
func (d *Decoder) onward(out *wire.Output) {
	if d.talk.phase = waiting; d.o.Mode == "poll" {
		d.talk.phase = reading
		out.Reply(d.plan.inventory)
	}
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.fresh()
	t := &d.talk
	t.silent++
	d.cut(out)
	switch t.phase {
	case closed:
	case pausing:
		if t.pause--; t.pause > 0 {
			return
		}
		if t.sulks {
			d.begin(out)
			return
		}
		d.onward(out)
	case waiting:
		if d.o.Ask > 0 && t.silent >= d.o.Ask {
			t.silent, t.phase = 0, asking
			out.Reply(d.plan.battery)
		}
	default:
		if t.silent >= d.o.Patience {
			d.unanswered(out)
		}
	}
}

// cut is a line, or a block, that stopped in its middle.
func (d *Decoder) cut(out *wire.Output) {
	if len(d.line) > 0 || d.escaped {
		out.Fault(fmt.Errorf("line %s broke off: %w", short(d.line), wire.ErrShort))
	}
	d.line, d.escaped, d.long = d.line[:0], false, false
	switch {
	case !d.block.open:
	case d.block.done:
		out.Fault(fmt.Errorf("block without the empty line at its end: %w", wire.ErrGap))
		d.end(out)
	case d.talk.silent >= d.o.Patience: // until then it may only be slow to find the next tag
		d.end(out)
	}
}

// unanswered is a command that the reader does not answer.
func (d *Decoder) unanswered(out *wire.Output) {
	t := &d.talk
	const most = 3
	if t.tries++; t.tries == most && !t.mute {
		t.mute = true
		out.Fault(fmt.Errorf("the reader does not answer (is it asleep, and its battery charged? is it in ASCII 2.0 mode?): %w", wire.ErrStart))
	}
	d.begin(out)
}
