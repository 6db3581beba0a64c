package mercury

import (
	"fmt"

	"scanpost/devices/wire"
)

// streamed takes what the module says while it reads.
func (d *Decoder) streamed(status uint16, data []byte, out *wire.Output) {
	started := d.stage == setting && status == 0 && len(data) > 0
	switch {
	case d.stage == reading:
	case started && d.at == len(d.steps)-1: // only its word for it was lost
		d.after(out)
	case started: // it has not been stopped after all
		d.begin(out)
		return
	default:
		if d.drained++; d.stage == parked && d.drained%inFlight == 0 {
			out.Reply(stop)
		}
		return
	}
	switch status {
	case 0:
		if len(data) > 0 {
			d.record(data, out)
		}
	case statusNoTags:
		d.vain = 0
	case statusRFOff:
		d.regionLost(out)
	case statusHot:
		d.hot(out)
	case statusAntenna, statusReturnLoss:
		if d.trouble != status {
			d.trouble = status
			out.Fault(fmt.Errorf("%s (look at the cable and the antenna at ports %v): %w", sentence(status), d.options.Antennas, wire.ErrHardware))
			out.Answer(wire.Answer{Facts: []wire.Fact{{Name: d.antenna(), Value: sentence(status)}}})
		}
	case statusFull, statusFullOfTags:
		out.Fault(fmt.Errorf("%s: tags come faster than the line carries them (a higher baud rate, or less power): %w", sentence(status), wire.ErrHardware))
		d.begin(out)
	default:
		if status >= statusAssertion {
			d.reset(sentence(status), out)
			return
		}
		if d.trouble != status {
			d.trouble = status
			out.Fault(fmt.Errorf("while it reads: %s: %w", sentence(status), wire.ErrHardware))
		}
	}
}

// heard hands a tag over.
func (d *Decoder) heard(r *wire.Read, out *wire.Output) {
	d.vain = 0
	if d.trouble != 0 {
		if d.trouble == statusAntenna || d.trouble == statusReturnLoss {
			out.Answer(wire.Answer{Facts: []wire.Fact{{Name: d.antenna(), Value: "ok"}}})
		}
		d.trouble = 0
	}
	out.Read(*r)
}

// antenna is the name of what an antenna's trouble is about: the module does not
// say which it is.
func (d *Decoder) antenna() string {
	if len(d.options.Antennas) == 1 {
		return fmt.Sprintf("antenna %d", d.options.Antennas[0])
	}
	return "antennas"
}

// regionLost is the sign of a reset. If it comes again and again before anything
// is heard, setting it up once more will not help.
func (d *Decoder) regionLost(out *wire.Output) {
	if d.vain++; d.vain > attempts {
		out.Fault(fmt.Errorf("the radio goes off each time it is started: %s: %w", sentence(statusRFOff), wire.ErrStart))
		d.stage, d.quiet, d.vain = parked, 0, 0
		return
	}
	d.reset("it has lost its region", out)
}

// reset sets the module up anew after it has begun anew itself.
func (d *Decoder) reset(why string, out *wire.Output) {
	const often = 3
	advice := ""
	if d.resets++; d.resets >= often {
		advice = fmt.Sprintf(", for the %dth time: its supply may be too weak for its power (option power, or a better supply)", d.resets)
	}
	out.Fault(fmt.Errorf("the module was reset: %s%s: %w", why, advice, wire.ErrHardware))
	d.lost(out)
}

// hot gives the module pauses to cool in; they stay until the port is opened
// again.
func (d *Decoder) hot(out *wire.Output) {
	again := d.trouble == statusHot
	d.trouble = statusHot
	if d.heat == len(cooler) { // it has all the pauses there are, and slows down by itself
		if !again {
			out.Fault(fmt.Errorf("%s, with all the pauses there are: %w", sentence(statusHot), wire.ErrHardware))
		}
		return
	}
	d.heat++
	duty := d.duty()
	out.Fault(fmt.Errorf("%s: it is on for %d ms and off for %d ms from now on (more air, or less power): %w", sentence(statusHot), duty[0], duty[1], wire.ErrHardware))
	out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "temperature", Value: sentence(statusHot)}}})
	d.begin(out)
}
