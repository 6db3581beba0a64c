package chafon

import (
	"fmt"

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
	info, serial, mode, answering, pushing, region, power, begin, end step

	inventories [][]byte // in the order of option antennas
	channels    [2]byte  // last and first, with the region's bits
}

func newPlan(o Options) (p plan) {
	command := func(say string, needed bool, number byte, data ...byte) step {
		f := append([]byte{byte(len(data) + 4), byte(o.Address), number}, data...)
		c := crc(f)
		return step{number, append(f, byte(c), byte(c>>8)), say, needed}
	}
	r := regions[o.Region]
	first, last := 0, r.last
	if len(o.Channels) == 2 {
		first, last = o.Channels[0], o.Channels[1]
	}
	p.channels = [2]byte{byte(r.code>>2)<<6 | byte(last), byte(r.code&3)<<6 | byte(first)}
	target := byte(0)
	if o.Target == "b" {
		target = 1
	}
	session := byte(0xFE)
	if o.Session != "auto" {
		session = o.Session[0] - '0'
	}
	p.info = command("who it is", true, info)
	p.serial = command("its serial number", false, serial)
	p.mode = command("which mode it is in", false, askMode)
	p.answering = command("mode answer", true, setMode, 0)
	p.pushing = command("mode realtime", true, setMode, 1)
	p.region = command("region "+o.Region, true, setRegion, p.channels[:]...)
	p.power = command(fmt.Sprintf("power %d dBm", o.Power), true, setPower, byte(o.Power))
	p.begin = command("the start", true, start, target)
	p.end = command("the stop", false, stop)
	if o.Form == "18" {
		p.inventories = [][]byte{command("", true, inventory).frame}
		return p
	}
	for _, a := range o.Antennas {
		p.inventories = append(p.inventories, command("", true, inventory, byte(o.Q), session, target, 0x80+byte(a-1), byte(o.Scan)).frame)
	}
	return p
}

// What the conversation is at.
type phase int

const (
	closed  phase = iota // nothing is sent
	setting              // a step of the set-up waits for its answer
	reading              // an inventory is under way
	pushed               // the reader sends by itself
	pausing              // for a quiet time or more
)

// talk is what the reader has been asked.
type talk struct {
	phase   phase
	queue   []step // still to be asked; the first waits for its answer
	tries   int    // of it
	antenna int    // index in option antennas
	silent  int    // quiet times in a row
	probes  int    // questions in a row that nothing answered
	pause   int    // quiet times to go
	refused bool   // after the pause everything is begun anew
	mute    bool   // told that nobody answers
	failed  int    // antennas in a row that fail
	info    []byte // what it said of itself
}

const (
	tries = 5
	again = 100 // quiet times before a reader that refused is asked again
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
	switch {
	case d.talk.phase == closed:
		return
	case d.o.Mode == "fast":
		out.Reply(d.plan.end.frame)
	case d.o.Mode == "realtime" && d.o.Restore:
		out.Reply(d.plan.answering.frame)
	}
	d.talk.phase = closed
}

// begin sets the reader up from the start.
func (d *Decoder) begin(out *wire.Output) {
	d.talk = talk{phase: setting, mute: d.talk.mute, antenna: -1}
	if d.o.Mode == "fast" {
		d.talk.queue = append(d.talk.queue, d.plan.end)
	}
	d.talk.queue = append(d.talk.queue, d.plan.info)
	if d.o.Form != "18" {
		d.talk.queue = append(d.talk.queue, d.plan.mode)
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
	t.queue, t.tries = t.queue[1:], 0
	if len(t.queue) > 0 {
		d.ask(out)
		return
	}
	t.silent = 0
	if d.o.Mode == "answer" {
		d.turn(out)
		return
	}
	t.phase = pushed
}

// turn lets the next antenna have its inventory.
func (d *Decoder) turn(out *wire.Output) {
	t := &d.talk
	t.antenna = (t.antenna + 1) % len(d.plan.inventories)
	t.phase = reading
	out.Reply(d.plan.inventories[t.antenna])
}

func (d *Decoder) rest(quiet int) { d.talk.phase, d.talk.pause = pausing, quiet }

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
	const answers = 3 // quiet times that the answer to a command may take
	t.silent++
	switch {
	case t.phase == setting && t.silent >= answers:
		t.silent = 0
		d.unanswered(out)
	case t.phase == reading && t.silent >= d.o.Patience:
		out.Fault(fmt.Errorf("the end of an inventory is missing, so the reader is set up again: %w", wire.ErrGap))
		out.Restarted = true
		d.begin(out)
	case t.phase == pushed && t.silent >= d.o.Patience:
		t.silent = 0
		d.probe(out)
	}
}

// probe asks a reader that pushes whether it is there.
func (d *Decoder) probe(out *wire.Output) {
	t := &d.talk
	t.probes++
	switch {
	case d.o.Mode == "fast": // it takes no question while it reads
		d.begin(out)
	case t.probes > tries:
		out.Fault(fmt.Errorf("the reader has gone silent, and is set up anew: %w", wire.ErrStart))
		out.Restarted = true
		d.begin(out)
	default:
		out.Reply(d.plan.mode.frame)
	}
}

// unanswered is a step of the set-up that the reader does not answer.
func (d *Decoder) unanswered(out *wire.Output) {
	t := &d.talk
	switch {
	case t.tries < tries:
		d.ask(out)
	case !t.queue[0].needed:
		d.without(t.queue[0], out)
	default:
		if !t.mute {
			t.mute = true
			out.Fault(fmt.Errorf("the reader does not answer %s (has it power, are TX and RX the right way round, is its speed 57600?): %w", t.queue[0].say, wire.ErrStart))
		}
		d.begin(out)
	}
}

// ended is the end of an inventory.
func (d *Decoder) ended(out *wire.Output) {
	t := &d.talk
	if t.phase != reading {
		return // of one that was begun before us
	}
	t.failed, t.mute = 0, false
	if d.o.Form != "18" {
		d.antenna(d.o.Antennas[t.antenna], false, out)
	}
	if d.o.Rest > 0 {
		d.rest(d.o.Rest)
		return
	}
	d.turn(out)
}

// refusesAntenna goes on with the next, which may do better. If none does,
// asking as fast as the reader refuses would only fill the line.
func (d *Decoder) refusesAntenna(out *wire.Output) {
	t := &d.talk
	if t.phase != reading {
		return
	}
	d.antenna(d.o.Antennas[t.antenna], true, out)
	if t.failed++; t.failed >= len(d.plan.inventories) {
		t.failed = 0
		d.rest(5)
		return
	}
	d.turn(out)
}

// answer is what came to a command other than an inventory, or an error.
func (d *Decoder) answer(command, status byte, data []byte, out *wire.Output) {
	t := &d.talk
	switch {
	case t.phase == setting && (command == t.queue[0].command || command == illegalCommand && status == illegal):
		d.answered(status, data, out)
	case t.phase == reading && (command == inventory || command == illegalCommand):
		d.failed(status, out)
	case t.phase == pushed && command == askMode && status == ok && len(data) > 0 && data[0] != realtime:
		// Somebody else has switched it, or it was reset.
		out.Restarted = true
		d.begin(out)
	case isOurs(command):
		// late, after it was asked for once more
	default:
		out.Fault(fmt.Errorf("answer to %02X, which nobody asked: %s: %w", command, words(status), wire.ErrUnasked))
	}
}

func isOurs(command byte) bool {
	switch command {
	case inventory, info, setRegion, setPower, serial, start, stop, setMode, askMode, illegalCommand:
		return true
	}
	return false
}

// failed is an inventory that ended with an error.
func (d *Decoder) failed(status byte, out *wire.Output) {
	reason := wire.ErrHardware
	switch status {
	case illegal, wrongValue, 0xFD:
		reason = wire.ErrStart
	}
	out.Fault(fmt.Errorf("the reader does not take an inventory: %s: %w", words(status), reason))
	d.rest(5)
	if reason == wire.ErrStart && status != illegal {
		d.rest(again)
	}
	d.talk.refused = true
}

// answered is the answer that a step of the set-up waits for.
func (d *Decoder) answered(status byte, data []byte, out *wire.Output) {
	t := &d.talk
	s := t.queue[0]
	refusal := ""
	switch {
	case status == illegal && s.needed && t.tries < tries:
		return // it came damaged; silence will ask again
	case status != ok:
		refusal = words(status)
	case s.command == info:
		refusal = d.introduced(data, out)
	case s.command == askMode:
		d.inMode(data, out)
	case s.command == serial:
		d.fact("serial", fmt.Sprintf("%X", data), out)
	}
	switch {
	case refusal == "":
		t.mute = false
		if s.command == info && d.o.Form == "18" { // it has no modes to be asked for
			t.queue = append(t.queue, d.toDo(answering)...)
		}
		d.next(out)
	case !s.needed:
		d.without(s, out)
	default:
		out.Fault(fmt.Errorf("the reader does not start, %s: %s: %w", s.say, refusal, wire.ErrStart))
		d.rest(again)
		t.refused = true
	}
}

// without goes on although the reader does not tell something. One that knows no
// modes is in the only one it has.
func (d *Decoder) without(s step, out *wire.Output) {
	if s.command == askMode {
		d.talk.queue = append(d.talk.queue, d.toDo(answering)...)
	}
	d.next(out)
}

// introduced reads what the reader says of itself.
func (d *Decoder) introduced(data []byte, out *wire.Output) (refusal string) {
	const size = 8 // version, type, protocols, last and first channel, power, scan time
	if len(data) < size {
		return "its answer is too short"
	}
	d.talk.info = append([]byte(nil), data...)
	d.fact("firmware", fmt.Sprintf("%d.%d", data[0], data[1]), out)
	m, known := models[data[2]]
	if !known {
		m.name = fmt.Sprintf("type %02X", data[2])
	}
	d.fact("model", m.name, out)
	d.fact("region", band(data[4], data[5]), out)
	d.fact("power", fmt.Sprintf("%d dBm", data[6]), out)
	if known && m.form != d.o.Form {
		return fmt.Sprintf("it is a %s, whose tags are of form %s, and option form says %s", m.name, m.form, d.o.Form)
	}
	return ""
}

// The modes that a reader stays in.
const answering, realtime = 0, 1

// inMode reads which mode the reader is in, and decides what is left to do.
func (d *Decoder) inMode(data []byte, out *wire.Output) {
	mode := byte(answering)
	if len(data) > 0 {
		mode = data[0]
		name, known := map[byte]string{answering: "answer", realtime: "realtime", 2: "trigger"}[mode]
		if !known {
			name = fmt.Sprintf("%02X", mode)
		}
		d.fact("mode", name, out)
	}
	d.talk.queue = append(d.talk.queue, d.toDo(mode)...)
}

// toDo is what the reader is to be told after it has introduced itself: only
// what is not so already, since all of it goes to its flash.
func (d *Decoder) toDo(mode byte) (steps []step) {
	is := d.talk.info
	r := regions[d.o.Region]
	code := int(is[4]>>6)<<2 | int(is[5]>>6)
	if code != r.code || len(d.o.Channels) == 2 && [2]byte(is[4:6]) != d.plan.channels {
		steps = append(steps, d.plan.region)
	}
	if d.o.Power >= 0 && is[6] != byte(d.o.Power) {
		steps = append(steps, d.plan.power)
	}
	if mode != answering && (d.o.Mode != "realtime" || len(steps) > 0) { // it takes none of these else
		steps = append([]step{d.plan.answering}, steps...)
		mode = answering
	}
	if mode == answering {
		steps = append(steps, d.plan.serial)
	}
	switch {
	case d.o.Mode == "realtime" && mode != realtime:
		steps = append(steps, d.plan.pushing)
	case d.o.Mode == "fast":
		steps = append(steps, d.plan.begin)
	}
	return steps
}
