package mercury

import (
	"encoding/binary"
	"fmt"

	"scanpost/devices/wire"
)

// How often something happens before it is taken for more than that. A silence
// is half a second with the profiles that come with Scanpost.
const (
	stalled  = 6   // silences in a stream whose signs of life come each second
	deaf     = 6   // silences with no answer at all, until that is told
	pause    = 20  // silences until it is tried again, and told again
	attempts = 3   // of one command
	inFlight = 64  // frames after which a stop that was not heard is said again
	mostLeft = 512 // frames after which it is told that it does not stop
)

// Open begins: whatever runs there is stopped.
func (d *Decoder) Open(out *wire.Output) {
	d.stale, d.resets, d.heat, d.vain, d.told = true, 0, 0, 0, false
	d.begin(out)
}

// begin stops what is running, so that the module can be set up.
func (d *Decoder) begin(out *wire.Output) {
	d.stage, d.tries, d.quiet, d.drained = stopping, 0, 0, 0
	out.Reply(stop)
}

// Close stops the radio.
func (d *Decoder) Close(out *wire.Output) { out.Reply(stop) }

// Silence says that nothing has arrived for a while, once more.
func (d *Decoder) Silence(out *wire.Output) {
	d.take(true, out)
	d.quiet++
	switch d.stage {
	case reading:
		d.live(out)
	case stopping:
		d.knock(out)
	case setting:
		d.late(out)
	case parked:
		if d.quiet >= pause && d.options.Region != "" {
			d.begin(out)
		}
	}
}

// live finds out whether the module still reads.
func (d *Decoder) live(out *wire.Output) {
	off := 0
	if duty := d.duty(); len(duty) == 2 {
		const shortest = 250 // milliseconds that a silence takes, or more
		off = duty[1] / shortest
	}
	if d.quiet < stalled+off {
		return
	}
	out.Fault(fmt.Errorf("the module has said nothing for %d silences, not even that it hears nothing; it is set up anew: %w", d.quiet, wire.ErrHardware))
	d.lost(out)
}

// lost begins anew after the module has lost what it was told.
func (d *Decoder) lost(out *wire.Output) {
	out.Restarted = true
	d.begin(out)
}

// knock asks in turns who is there and for a stop, until something answers.
func (d *Decoder) knock(out *wire.Output) {
	if d.tries++; d.tries == deaf || d.tries%pause == 0 {
		out.Fault(fmt.Errorf("nothing answers (has the module power, is the cable in, is the baud rate right?): %w", wire.ErrStart))
	}
	if d.tries%2 == 1 {
		out.Reply(ask)
		return
	}
	out.Reply(wake)
}

// late says a step again, and begins anew if that does not help.
func (d *Decoder) late(out *wire.Output) {
	s := d.steps[d.at]
	if d.quiet < s.wait {
		return
	}
	if d.tries < attempts {
		d.send(out)
		return
	}
	if s.may {
		d.after(out)
		return
	}
	out.Fault(fmt.Errorf("no answer to %q: %w", s.say, wire.ErrStart))
	d.begin(out)
}

// astray is told when thousands of bytes came and no frame in them.
func (d *Decoder) astray(out *wire.Output) {
	if d.stage == reading {
		d.lost(out)
		return
	}
	out.Fault(fmt.Errorf("what comes is no answer of a module (is the baud rate right?): %w", wire.ErrStart))
	if d.stage == stopping {
		out.Reply(stop)
	}
}

// frame takes one response. Any is a sign of life.
func (d *Decoder) frame(frame []byte, out *wire.Output) {
	if d.stage != parked { // which counts its pause
		d.quiet = 0
	}
	op, status := frame[atOpcode], binary.BigEndian.Uint16(frame[atStatus:])
	data := frame[atData : len(frame)-2]
	switch {
	case d.stage == stopping:
		d.stopped(op, status, data, out)
	case op == opRead:
		d.streamed(status, data, out)
	case op == opBuffer:
		if status == 0 {
			d.batch(data, out)
		}
	case d.stage == setting && op == d.steps[d.at].op:
		d.answered(status, data, out)
	case d.stage != reading:
	case op == opMulti:
		out.Fault(fmt.Errorf("the module says that it reads no more; it is set up anew: %w", wire.ErrUnasked))
		d.begin(out)
	case op == opVersion || op == opBoot:
		if facts := version(data); facts != nil {
			out.Answer(wire.Answer{Facts: facts})
		}
		d.reset("it tells its version without having been asked", out)
	default:
		out.Fault(fmt.Errorf("answer to %02X, which was not asked: %w", op, wire.ErrUnasked))
	}
}

// stopped waits for the end of what was running. Tags that still come may have
// been heard long before.
func (d *Decoder) stopped(op byte, status uint16, data []byte, out *wire.Output) {
	if op != opRead {
		d.stale = false
		d.at = -1
		d.stage = setting
		d.next(out)
		return
	}
	if !d.stale && status == 0 && len(data) > 0 {
		d.record(data, out) // heard just now, before it was stopped
	}
	switch d.drained++; {
	case d.drained%mostLeft == 0:
		out.Fault(fmt.Errorf("the module reads on and does not hear that it should stop (is the wire to it broken?): %w", wire.ErrStart))
		fallthrough
	case d.drained%inFlight == 0:
		out.Reply(stop)
	}
}

// next goes on to the step after this one.
func (d *Decoder) next(out *wire.Output) {
	d.at++
	if d.at == stepBoot {
		d.at++ // only if the boot loader runs
	}
	if d.at == stepProtocol && d.options.Region == "" {
		d.stage = parked
		if !d.told {
			d.told = true
			out.Fault(fmt.Errorf("no region is set, so it is not started (give option region, such as \"eu3\" in the EU or \"na\" in the USA; ask who knows what is allowed): %w", wire.ErrStart))
		}
		return
	}
	d.tries = 0
	d.send(out)
}

// send says the step that is due.
func (d *Decoder) send(out *wire.Output) {
	d.tries++
	d.quiet = 0
	s := d.steps[d.at]
	if s.frame == nil {
		s.frame = d.start()
	}
	out.Reply(s.frame)
}

// after goes on when a step is done, or was in vain and need not be.
func (d *Decoder) after(out *wire.Output) {
	if d.at == len(d.steps)-1 {
		d.stage, d.quiet = reading, 0
		return
	}
	d.next(out)
}

// answered takes the answer to a step.
func (d *Decoder) answered(status uint16, data []byte, out *wire.Output) {
	s := d.steps[d.at]
	const ended = 2
	if s.op == opMulti && len(data) > 0 && data[0] == ended {
		return // a stop that was said twice
	}
	if status != 0 {
		d.refused(s, status, out)
		return
	}
	const bootLoader = 0x01
	switch s.op {
	case opProgram:
		if len(data) > 0 && data[0]&bootLoader != 0 {
			d.at, d.tries = stepBoot, 0
			d.send(out)
			return
		}
	case opVersion:
		out.Answer(wire.Answer{Facts: version(data)})
	case opTemperature:
		if len(data) > 0 {
			out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "temperature", Value: fmt.Sprintf("%d °C", int8(data[0]))}}})
		}
	}
	d.after(out)
}

// refused deals with a step that the module does not take.
func (d *Decoder) refused(s step, status uint16, out *wire.Output) {
	switch {
	case status >= statusAssertion:
		d.reset(sentence(status), out)
		return
	case status == statusRFOff:
		d.regionLost(out)
		return
	case s.may:
		if !s.quiet {
			out.Fault(fmt.Errorf("the module does not take %s: %s: %w", s.say, sentence(status), wire.ErrStart))
		}
		d.after(out)
		return
	}
	reason := wire.ErrStart
	advice := ""
	switch status {
	case statusPowerHigh, statusPowerLow:
		advice = " (change option power)"
	case statusRegion:
		advice = " (it was made for another part of the world: option region)"
	case statusHot:
		reason = wire.ErrHardware
		d.heat = min(d.heat+1, len(cooler))
	case statusAntenna, statusReturnLoss:
		reason = wire.ErrHardware
		advice = " (is an antenna at each of option antennas?)"
	}
	out.Fault(fmt.Errorf("the module does not take %s: %s%s: %w", s.say, sentence(status), advice, reason))
	d.stage, d.quiet = parked, 0
}

// version is what a module tells of itself: four bytes each of boot loader,
// hardware, build date, firmware, and protocols.
func version(data []byte) (facts []wire.Fact) {
	const field = 4
	for i, name := range []string{"boot loader", "hardware", "build", "firmware"} {
		if len(data) < field*(i+1) {
			return facts
		}
		b := data[field*i:][:field]
		text := fmt.Sprintf("%02X.%02X.%02X.%02X", b[0], b[1], b[2], b[3])
		switch name {
		case "hardware":
			if model, known := models[b[0]]; known {
				facts = append(facts, wire.Fact{Name: "model", Value: model})
			}
		case "build":
			text = fmt.Sprintf("%02X%02X-%02X-%02X", b[0], b[1], b[2], b[3])
		}
		facts = append(facts, wire.Fact{Name: name, Value: text})
	}
	return facts
}
