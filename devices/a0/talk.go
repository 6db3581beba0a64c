package a0

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"scanpost/devices/wire"
)

// The commands that are sent, by the maker's numbers.
const (
	askFirmware, askSerial, askRegion, setRegion = 0x72, 0x68, 0x79, 0x78
	setPower, askTemperature, setAntenna         = 0x66, 0x7B, 0x74
)

var commands = map[string]byte{"realtime": 0x89, "fast": 0x8A, "session": 0x8B}

// step is one command of the set-up.
type step struct {
	command byte
	frame   []byte
	say     string
	needed  bool // without its answer nothing radiates
}

// plan is what will be sent, made once: what is written is not changed while
// it waits to be.
type plan struct {
	steps    []step
	check    int      // the first step of those that are gone through again now and then
	antennas [][]byte // choose one, in the order of option antennas
	round    []byte
	region   [3]byte // code, first and last channel
}

func newPlan(o Options) plan {
	frame := func(command byte, data ...byte) []byte {
		f := append([]byte{head, byte(len(data) + 3), byte(o.Address), command}, data...)
		return append(f, -sum(f))
	}
	r := regions[o.Region]
	p := plan{check: 2}
	from, to := o.From, o.To
	if from == 0 {
		from = r.from
	}
	if to == 0 {
		to = r.to
	}
	p.region[0] = r.code
	p.region[1], _ = channelOf(from)
	p.region[2], _ = channelOf(to)
	p.steps = []step{
		{askFirmware, frame(askFirmware), "which firmware it has", true},
		{askSerial, frame(askSerial), "who it is", false},
		{askRegion, frame(askRegion), "which region it is set to", true},
		{setRegion, frame(setRegion, p.region[:]...), "region " + o.Region, true},
	}
	if o.Power != 0 {
		p.steps = append(p.steps, step{setPower, frame(setPower, byte(o.Power)), fmt.Sprintf("power %d dBm", o.Power), true})
	}
	p.steps = append(p.steps, step{askTemperature, frame(askTemperature), "its temperature", false})
	for _, a := range o.Antennas {
		p.antennas = append(p.antennas, frame(setAntenna, byte(a-1)))
	}
	repeat := byte(o.Repeat)
	switch command := commands[o.Command]; command {
	case 0x89:
		p.round = frame(command, repeat)
	case 0x8A:
		data := []byte{}
		for i := range 4 {
			if i < len(o.Antennas) {
				data = append(data, byte(o.Antennas[i]-1), 1)
			} else {
				data = append(data, 0xFF, 1) // skipped
			}
		}
		p.round = frame(command, append(data, 0, repeat)...)
	case 0x8B:
		data := []byte{byte(o.Session)}
		if o.SL != "none" {
			data = append(data, o.SL[0]-'0')
		}
		target := byte(0)
		if o.Target == "b" {
			target = 1
		}
		p.round = frame(command, append(data, target, repeat)...)
	}
	return p
}

// What the conversation is at.
type phase int

const (
	closed    phase = iota // nothing is sent
	setting                // a step of the set-up waits for its answer
	switching              // an antenna was chosen, the answer is to come
	reading                // a round is under way
	pausing                // for a quiet time or more
)

// talk is what the reader has been asked.
type talk struct {
	phase   phase
	step    int
	antenna int  // index in option antennas
	chosen  bool // the reader has been told which
	tries   int  // of a step
	silent  int  // quiet times in a row
	pause   int  // quiet times to go
	refused bool // after the pause everything is begun anew
	mute    bool // told that nobody answers
	failed  int  // antennas in a row that gave an error and nothing else
	rounds  int
}

const (
	stepTries = 3
	again     = 20  // quiet times before a reader that refused is asked again
	recheck   = 500 // rounds until region, power and temperature are looked at again: a reset may go unseen
)

// Open begins the conversation.
func (d *Decoder) Open(out *wire.Output) {
	if d.o.Region == "" {
		out.Fault(fmt.Errorf("no region is set, so the reader is not started (give the device options = { region = \"etsi\" }, or another of %s, as the law of the place has it): %w", regionNames, wire.ErrStart))
		return
	}
	d.begin(out)
}

// Close has nothing to write: the reader stops at the end of its round.
func (d *Decoder) Close(*wire.Output) { d.talk.phase = closed }

// begin sets the reader up from the start.
func (d *Decoder) begin(out *wire.Output) {
	d.talk = talk{phase: setting, mute: d.talk.mute, antenna: -1}
	d.ask(out)
}

func (d *Decoder) ask(out *wire.Output) {
	d.talk.tries++
	out.Reply(d.plan.steps[d.talk.step].frame)
}

// next goes to the step after this one, or to the first round.
func (d *Decoder) next(out *wire.Output) {
	d.talk.step++
	d.talk.tries = 0
	if d.talk.step < len(d.plan.steps) {
		d.ask(out)
		return
	}
	d.choose(out)
}

// turn lets the next antenna have its round.
func (d *Decoder) turn(out *wire.Output) {
	t := &d.talk
	if t.rounds++; t.rounds%recheck == 0 {
		t.phase, t.step, t.tries, t.chosen = setting, d.plan.check, 0, false
		d.ask(out)
		return
	}
	d.choose(out)
}

func (d *Decoder) choose(out *wire.Output) {
	t := &d.talk
	t.antenna = (t.antenna + 1) % len(d.o.Antennas)
	if d.o.Command == "fast" || t.chosen && len(d.o.Antennas) == 1 {
		d.read(out)
		return
	}
	t.phase = switching
	out.Reply(d.plan.antennas[t.antenna])
}

func (d *Decoder) read(out *wire.Output) {
	d.talk.phase = reading
	out.Reply(d.plan.round)
}

// rest waits for some quiet times before what comes next.
func (d *Decoder) rest(quiet int) { d.talk.phase, d.talk.pause = pausing, quiet }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.frames(true, out)
	t := &d.talk
	switch t.phase {
	case closed:
	case pausing:
		if t.pause--; t.pause > 0 {
			return
		}
		if t.refused {
			d.begin(out)
		} else {
			d.turn(out)
		}
	case setting:
		d.unanswered(out)
	default:
		if t.silent++; t.silent >= d.o.Patience {
			t.silent = 0
			d.overdue(out)
		}
	}
}

// unanswered is a step of the set-up that the reader does not answer.
func (d *Decoder) unanswered(out *wire.Output) {
	t, s := &d.talk, d.plan.steps[d.talk.step]
	switch {
	case t.tries < stepTries:
		d.ask(out)
	case !s.needed:
		d.next(out)
	default:
		if !t.mute {
			t.mute = true
			out.Fault(fmt.Errorf("the reader does not say %s (has it power, are TX and RX the right way round, is its speed 115200 or 38400?): %w", s.say, wire.ErrStart))
		}
		d.begin(out)
	}
}

// overdue is a round without its end, or a choice without its answer. The line
// may have lost it, or the reader its power and with it what it was told, so
// it is told again: that takes no longer than a round.
func (d *Decoder) overdue(out *wire.Output) {
	out.Fault(fmt.Errorf("the end of a round is missing, so the reader is set up again: %w", wire.ErrGap))
	out.Restarted = true
	d.begin(out)
}

// ended is the end of a round.
func (d *Decoder) ended(command byte, data []byte, out *wire.Output) {
	t := &d.talk
	if command != 0x8A {
		if n := int(data[0]) + 1; n < len(d.missing) && d.missing[n] {
			d.antenna(n, false, out)
		}
	}
	if t.phase != reading || command != commands[d.o.Command] {
		return // of a round that was begun before us
	}
	t.failed, t.mute = 0, false
	d.onward(out)
}

// onward goes on after a round, at once or after a rest.
func (d *Decoder) onward(out *wire.Output) {
	if d.o.Rest > 0 {
		d.rest(d.o.Rest)
		return
	}
	d.turn(out)
}

// answer is data that came to a command of the set-up.
func (d *Decoder) answer(command byte, data []byte, out *wire.Output) {
	t := &d.talk
	if len(data) == 1 && data[0] != success && command != askTemperature {
		if data[0] == mcuReset {
			d.failed(command, data[0], out)
			return
		}
	} else {
		d.facts(command, data, out)
	}
	switch {
	case t.phase == setting && command == d.plan.steps[t.step].command:
		d.answered(data, out)
	case t.phase == switching && command == setAntenna:
		if len(data) == 1 && data[0] == success {
			t.chosen = true
			d.read(out)
		} else if len(data) == 1 {
			d.failed(command, data[0], out)
		}
	case isOurs(command):
		// late, after it was asked for once more
	default:
		out.Fault(fmt.Errorf("answer to %02X, which nobody asked: %w", command, wire.ErrUnasked))
	}
}

func isOurs(command byte) bool {
	switch command {
	case askFirmware, askSerial, askRegion, setRegion, setPower, askTemperature, setAntenna:
		return true
	}
	return false
}

// answered is the answer that a step of the set-up waits for.
func (d *Decoder) answered(data []byte, out *wire.Output) {
	t := &d.talk
	s := d.plan.steps[t.step]
	refusal := ""
	switch {
	case len(data) == 1 && s.command != askTemperature && data[0] != success:
		refusal = words(data[0])
	case s.command == askRegion && len(data) < 3:
		refusal = "an answer that is too short"
	case s.command == askRegion && d.o.Region == "user" && data[0] != user:
		refusal = "it is set to region " + regionName(data[0]) + ", and option region says that it is set to the user's own (store one with the maker's program)"
	case s.command == askRegion && d.inRegion(data):
		t.step++ // it need not be written
	}
	switch {
	case refusal == "":
		t.mute = false
		d.next(out)
	case s.needed:
		out.Fault(fmt.Errorf("the reader does not start, %s: %s: %w", s.say, refusal, wire.ErrStart))
		d.rest(again)
		t.refused = true
	default:
		d.next(out)
	}
}

// inRegion reports whether the reader is set as the options have it. What they
// leave open is not changed.
func (d *Decoder) inRegion(is []byte) bool {
	want := d.plan.region
	return is[0] == want[0] && (want[0] == user || (d.o.From == 0 || is[1] == want[1]) && (d.o.To == 0 || is[2] == want[2]))
}

// facts tells what the reader says of itself.
func (d *Decoder) facts(command byte, data []byte, out *wire.Output) {
	var f wire.Fact
	switch {
	case command == askFirmware && len(data) == 2:
		f = wire.Fact{Name: "firmware", Value: fmt.Sprintf("%d.%d", data[0], data[1])}
	case command == askSerial && len(data) == 12:
		f = wire.Fact{Name: "serial", Value: identifier(data)}
	case command == askRegion && len(data) == 3:
		f = wire.Fact{Name: "region", Value: fmt.Sprintf("%s %v to %v MHz", regionName(data[0]), megahertz(data[1]), megahertz(data[2]))}
	case command == askRegion && len(data) > 3:
		f = wire.Fact{Name: "region", Value: regionName(data[0])}
	case command == askTemperature && len(data) == 2:
		sign := ""
		if data[0] == 0 {
			sign = "-"
		}
		f = wire.Fact{Name: "temperature", Value: fmt.Sprintf("%s%d °C", sign, data[1])}
	default:
		return
	}
	if f.Value != "" {
		out.Answer(wire.Answer{Facts: []wire.Fact{f}})
	}
}

// identifier is a reader's own name: text if it is, else hex, and nothing if
// nobody gave it one.
func identifier(data []byte) string {
	text := string(bytes.TrimFunc(data, func(r rune) bool { return r == 0 || r == ' ' || r == utf8.RuneError }))
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return fmt.Sprintf("%X", data)
		}
	}
	return text
}
