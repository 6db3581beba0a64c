package m100

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"scanpost/devices/gen2"
	"scanpost/devices/wire"
)

// Commands.
const (
	opInfo   = 0x03
	opRegion = 0x07
	opQuery  = 0x0E
	opSelect = 0x12
	opTag    = 0x22
	opStart  = 0x27
	opStop   = 0x28
	opHop    = 0xAD
	opPower  = 0xB6
	opError  = 0xFF
)

// step is one thing to say to the module, and its answer to wait for.
type step struct {
	say   string
	op    byte
	frame []byte
	may   bool // the module may refuse it: then it is as it was
	quiet bool // and nobody needs to hear of that
}

// needsRegion is the first step that needs a region to be known.
const needsRegion = 3

// plan says what to tell a module, in order, from its first word to its start.
func (d *Decoder) plan() (steps []step) {
	o := &d.options
	add := func(may, quiet bool, say string, op byte, data ...byte) {
		steps = append(steps, step{say, op, d.command(op, data...), may, quiet})
	}
	add(true, true, "hardware version", opInfo, 0)
	add(true, true, "software version", opInfo, 1)
	add(true, true, "maker", opInfo, 2)
	add(false, false, "region "+o.Region, opRegion, regions[o.Region])
	add(true, true, "hop through the channels", opHop, 0xFF)
	if o.Power != 0 {
		add(false, false, fmt.Sprintf("power %v dBm", o.Power), opPower, binary.BigEndian.AppendUint16(nil, uint16(math.Round(100*o.Power)))...)
	}
	const never = 1 // else tags that a former host has picked are all that is heard
	add(true, true, "select no tags", opSelect, never)
	query := uint16(pilotTone | o.Session<<8 | o.Q<<3)
	if o.Target == "B" {
		query |= targetB
	}
	add(true, false, fmt.Sprintf("session S%d, target %s, Q %d", o.Session, o.Target, o.Q), opQuery, byte(query>>8), byte(query))
	add(false, false, "start", opStart, 0x22, 0xFF, 0xFF)
	return steps
}

// Bits of the query word; the others are what the module knows only one value
// for.
const (
	pilotTone = 0x1000
	targetB   = 0x0080
)

// How often something happens before it is taken for more than that. A silence
// is half a second with the profiles that come with Scanpost.
const (
	stalled  = 3     // silences of a module that says something after each round
	late     = 2     // silences until an answer is
	deaf     = 6     // silences with no answer at all, until that is told
	pause    = 20    // silences until it is tried again, and told again
	attempts = 3     // of one command
	inFlight = 64    // frames after which a stop that was not heard is said again
	mostLeft = 512   // frames after which it is told that it does not stop
	turn     = 60000 // frames, and so rounds at most, after which they are begun anew
)

// Open begins: whatever runs there is stopped.
func (d *Decoder) Open(out *wire.Output) {
	d.stale, d.told = true, false
	d.begin(out)
}

// begin stops what is running, so that the module can be set up.
func (d *Decoder) begin(out *wire.Output) {
	d.stage, d.tries, d.quiet, d.drained = stopping, 0, 0, 0
	out.Reply(d.command(opStop))
}

// Close stops the radio.
func (d *Decoder) Close(out *wire.Output) { out.Reply(d.command(opStop)) }

// Silence says that nothing has arrived for a while, once more.
func (d *Decoder) Silence(out *wire.Output) {
	d.take(true, out)
	d.quiet++
	switch d.stage {
	case reading:
		if d.quiet >= stalled {
			d.silent(out)
		}
	case stopping:
		d.knock(out)
	case setting:
		d.late(out)
	case turning:
		if d.quiet >= late {
			d.begin(out)
		}
	case parked:
		if d.quiet >= pause && d.options.Region != "" {
			d.begin(out)
		}
	}
}

// silent deals with a module that says nothing any more. Its rounds may have come
// to their end, if some of its frames got lost on the way.
func (d *Decoder) silent(out *wire.Output) {
	if d.rounds < turn/2 {
		out.Fault(fmt.Errorf("the module has said nothing for %d silences, not even that it hears nothing; it is set up anew: %w", d.quiet, wire.ErrHardware))
		out.Restarted = true
	}
	d.begin(out)
}

// knock says stop until something answers, with the marks of the other variant
// each second time if it is not known which it is.
func (d *Decoder) knock(out *wire.Output) {
	if d.tries++; d.tries == deaf || d.tries%pause == 0 {
		out.Fault(fmt.Errorf("nothing answers (has the module power, is its enable pin set, is the cable in, is the baud rate right?): %w", wire.ErrStart))
	}
	if !d.sure {
		mine := d.marks
		if d.tries%2 == 1 {
			d.marks = marks["aa"]
		}
		out.Reply(d.command(opStop))
		d.marks = mine
		return
	}
	out.Reply(d.command(opStop))
}

// late says a step again, and begins anew if that does not help.
func (d *Decoder) late(out *wire.Output) {
	s := d.steps[d.at]
	switch {
	case d.quiet < late:
	case d.tries < attempts:
		d.send(out)
	case s.may:
		d.next(out)
	default:
		out.Fault(fmt.Errorf("no answer to %q: %w", s.say, wire.ErrStart))
		d.begin(out)
	}
}

// astray is told when thousands of bytes came and no frame in them.
func (d *Decoder) astray(out *wire.Output) {
	out.Fault(fmt.Errorf("what comes is no answer of a module (is the baud rate right, is option frame?): %w", wire.ErrStart))
	switch d.stage {
	case reading, turning:
		d.begin(out)
	case stopping:
		out.Reply(d.command(opStop))
	}
}

// frame takes one frame. Any is a sign of life.
func (d *Decoder) frame(frame []byte, out *wire.Output) {
	kind, op := frame[atType], frame[atCommand]
	data := frame[atData : len(frame)-2]
	if d.stage != parked { // which counts its pause
		d.quiet = 0
	}
	heard := kind == typeNotice && op == opTag
	empty := kind == typeResponse && op == opError && len(data) > 0 && data[0] == errorNoTag
	switch {
	case kind == typeCommand:
		out.Fault(fmt.Errorf("command %02X comes back: the line is wired to itself, or another host is on it: %w", op, wire.ErrUnasked))
	case d.stage == stopping:
		d.stopped(heard || empty, heard, data, out)
	case heard || empty:
		d.polled(heard, data, out)
	case op == opError:
		d.failed(data, out)
	case d.stage == turning && op == opStop:
		d.stage, d.at = setting, len(d.steps)-1
		d.tries = 0
		d.send(out)
	case d.stage == setting && op == d.steps[d.at].op:
		d.answered(data, out)
	case op == opStart:
		// some firmware may answer the start; no source of ours says how
	case d.stage == reading && op == opStop:
		out.Fault(fmt.Errorf("the module was stopped by another; it is set up anew: %w", wire.ErrUnasked))
		d.begin(out)
	case d.stage == reading:
		out.Fault(fmt.Errorf("answer to %02X, which was not asked: %w", op, wire.ErrUnasked))
	}
}

// polled takes what a round has brought: a tag, or nothing.
func (d *Decoder) polled(heard bool, data []byte, out *wire.Output) {
	if d.stage == reading || d.stage == turning {
		if d.trouble = 0; heard {
			d.tag(data, out)
		}
		if d.rounds++; d.stage == reading && d.rounds >= turn {
			d.stage = turning
			out.Reply(d.command(opStop))
		}
		return
	}
	if d.drained++; d.drained%inFlight == 0 { // it has not been stopped after all
		if d.stage == setting {
			d.begin(out)
			return
		}
		out.Reply(d.command(opStop))
	}
}

// stopped waits for the end of what was running. Tags that still come may have
// been heard long before.
func (d *Decoder) stopped(running, heard bool, data []byte, out *wire.Output) {
	if !running {
		d.stale, d.drained = false, 0
		d.at, d.stage = -1, setting
		d.next(out)
		return
	}
	if heard && !d.stale {
		d.tag(data, out)
	}
	switch d.drained++; {
	case d.drained%mostLeft == 0:
		out.Fault(fmt.Errorf("the module reads on and does not hear that it should stop (is the wire to it broken?): %w", wire.ErrStart))
		fallthrough
	case d.drained%inFlight == 0:
		out.Reply(d.command(opStop))
	}
}

// next goes on to the step after this one.
func (d *Decoder) next(out *wire.Output) {
	d.at++
	if d.at == needsRegion && d.options.Region == "" {
		d.stage = parked
		if !d.told {
			d.told = true
			out.Fault(fmt.Errorf("no region is set, so it is not started (give option region, such as \"eu\" or \"us\"; ask who knows what is allowed): %w", wire.ErrStart))
		}
		return
	}
	d.tries = 0
	d.send(out)
}

// send says the step that is due. The start has no answer but what is heard.
func (d *Decoder) send(out *wire.Output) {
	d.tries++
	d.quiet = 0
	s := d.steps[d.at]
	out.Reply(s.frame)
	if s.op == opStart {
		d.stage, d.rounds, d.trouble = reading, 0, 0
	}
}

// answered takes the answer to a step.
func (d *Decoder) answered(data []byte, out *wire.Output) {
	s := d.steps[d.at]
	switch {
	case s.op == opInfo:
		names := []string{"hardware", "firmware", "maker"}
		if len(data) == 0 || int(data[0]) != d.at {
			return // to the question before, which was asked twice
		}
		text := strings.Trim(string(data[1:]), " \x00\r\n")
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: names[d.at], Value: text}}})
	case len(data) > 0 && data[0] != 0:
		d.refused(fmt.Sprintf("answer %02X", data[0]), out)
		return
	}
	d.next(out)
}

// refused deals with a step that the module does not take.
func (d *Decoder) refused(why string, out *wire.Output) {
	s := d.steps[d.at]
	if !s.quiet {
		advice := map[byte]string{opRegion: " (option region)", opPower: " (option power)", opQuery: " (options session, target, q)"}[s.op]
		out.Fault(fmt.Errorf("the module does not take %s: %s%s: %w", s.say, why, advice, wire.ErrStart))
	}
	if s.may {
		d.next(out)
		return
	}
	d.stage, d.quiet = parked, 0
}

// Errors that mean more than a sentence.
const (
	errorNoTag   = 0x15
	errorCommand = 0x17
	errorHop     = 0x20
)

var failures = map[byte]string{
	0x09: "read failed", 0x10: "write failed", 0x12: "kill failed", 0x13: "lock failed", 0x14: "permanent lock failed", 0x16: "wrong password",
	errorCommand: "command error",
}

// failed takes an error other than that nothing was heard.
func (d *Decoder) failed(data []byte, out *wire.Output) {
	if len(data) == 0 {
		out.Fault(fmt.Errorf("error without a code: %w", wire.ErrShort))
		return
	}
	code := data[0]
	switch {
	case code == errorHop:
		if d.trouble != code {
			d.trouble = code
			out.Fault(fmt.Errorf("all channels are busy (20): is another reader on them? It goes on trying: %w", wire.ErrHardware))
		}
	case d.stage == setting:
		d.refused(describe(code), out)
	case d.stage == reading && code == errorCommand && d.rounds == 0:
		d.at = len(d.steps) - 1
		d.refused(describe(code), out)
	default:
		out.Fault(fmt.Errorf("%s, which was not asked for: %w", describe(code), wire.ErrUnasked))
	}
}

func describe(code byte) string {
	text, known := failures[code]
	if !known {
		text = "error of a tag's own"
	}
	return fmt.Sprintf("%s (%02X)", text, code)
}

// tag reads a notice: signal in dBm, and what the tag itself sent.
func (d *Decoder) tag(data []byte, out *wire.Output) {
	const word, least = 2, 5
	if len(data) < least {
		out.Fault(fmt.Errorf("tag of %d bytes: %w", len(data), wire.ErrShort))
		return
	}
	sent := data[1:]
	r := wire.Read{RSSI: int(int8(data[0])), HasRSSI: true, PC: binary.BigEndian.Uint16(sent), HasPC: true, Count: 1, EPC: sent[word : len(sent)-word]}
	// How the module hands extension words over is in no source of ours, so they
	// are left where they are, and nothing is checked.
	if !gen2.Extended(r.PC) {
		if !gen2.Whole(sent) {
			out.Fault(fmt.Errorf("EPC %X under %04X: %w", r.EPC, r.PC, wire.ErrTag))
			return
		}
		r.Note = gen2.Note(r.PC, len(r.EPC), 0)
	}
	if len(r.EPC) == 0 {
		out.Fault(fmt.Errorf("a tag without an EPC was heard: it was never written: %w", wire.ErrShort))
		return
	}
	out.Read(r)
}
