package llrp

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"scanpost/devices/wire"
)

// greetings are the answers to our connecting.
var greetings = map[int]string{
	1: "the reader has a connection of its own making to another host (switch that off on its web page)",
	2: "another client has the reader, or it still holds our own connection from before (close the other program; the reader lets go of a dead connection after some keep-alives, and is asked again until then)",
	3: "the reader does not take us, and does not say why (is LLRP switched on, and has it started up?)",
	4: "another client has just tried to take this reader from us (do two stations name the same reader?)",
}

// events reads READER_EVENT_NOTIFICATION.
func (d *Decoder) events(version byte, b []byte, out *wire.Output) error {
	return each(b, func(kind uint16, v []byte) error {
		if kind != 246 {
			return nil
		}
		return each(v, func(kind uint16, v []byte) error { return d.event(version, kind, v, out) })
	})
}

// sizes are the least bytes of the events that are read.
var sizes = map[uint16]int{248: 3, 249: 9, 250: 1, 252: 2, 255: 3, 256: 2}

func (d *Decoder) event(version byte, kind uint16, v []byte, out *wire.Output) error {
	if len(v) < sizes[kind] {
		return errFit
	}
	switch kind {
	case 248: // an input
		out.Answer(wire.Answer{Facts: []wire.Fact{input(v[:2], v[2]&0x80 != 0)}})
	case 249: // a ROSpec
		d.roSpecEvent(v[0], binary.BigEndian.Uint32(v[1:]), binary.BigEndian.Uint32(v[5:]), out)
	case 250: // the report buffer
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "report buffer", Value: strconv.Itoa(int(v[0])) + " %"}}})
	case 251:
		out.Fault(fmt.Errorf("the reader's report buffer ran over, and reads were lost (is the network slow?): %w", wire.ErrGap))
	case 252:
		n := int(binary.BigEndian.Uint16(v))
		if 2+n > len(v) {
			return errFit
		}
		out.Fault(fmt.Errorf("the reader tells of trouble: %q: %w", quoted(v[2:2+n]), wire.ErrHardware))
	case 255: // an antenna
		fact := antenna(v[1:3], v[0] == 1)
		out.Answer(wire.Answer{Facts: []wire.Fact{fact}})
		if v[0] == 0 {
			out.Fault(fmt.Errorf("%s is gone (is its cable on?): %w", fact.Name, wire.ErrHardware))
		}
	case 256:
		d.greeting(version, int(binary.BigEndian.Uint16(v)), out)
	case 257:
		d.end(out, fmt.Errorf("the reader closes the connection (is it being restarted, or configured?): %w", wire.ErrUnasked))
	}
	return nil
}

// greeting is the reader's word on our connecting. A second one in the same
// conversation is that of a reader that has started anew.
func (d *Decoder) greeting(version byte, n int, out *wire.Output) {
	switch {
	case n == 0:
		if version == 2 {
			d.version, d.stated = 2, true
		}
		d.begin(out)
	case n == 4 && d.greeted:
		out.Fault(fmt.Errorf("%s: %w", greetings[n], wire.ErrUnasked))
	default:
		text, known := greetings[n]
		if !known {
			text = fmt.Sprintf("the reader does not take us, with number %d", n)
		}
		d.running = false // so that it is left in peace for a while
		d.end(out, fmt.Errorf("%s: %w", text, wire.ErrStart))
	}
}

// roSpecEvent is told of every ROSpec; 0 is its start.
func (d *Decoder) roSpecEvent(what byte, id, other uint32, out *wire.Output) {
	switch {
	case what == 2:
		out.Fault(fmt.Errorf("ROSpec %d took the radio from ROSpec %d (does another program run the reader?): %w", other, id, wire.ErrUnasked))
	case what == 1 && id == ours && d.running:
		d.ended = true
		if !d.asked {
			d.startAgain(out)
		}
	}
}

func input(port []byte, on bool) wire.Fact {
	f := wire.Fact{Name: "gpi " + strconv.Itoa(int(binary.BigEndian.Uint16(port))), Value: "off"}
	if on {
		f.Value = "on"
	}
	return f
}

func antenna(id []byte, connected bool) wire.Fact {
	f := wire.Fact{Name: "antenna " + strconv.Itoa(int(binary.BigEndian.Uint16(id))), Value: "gone"}
	if connected {
		f.Value = "connected"
	}
	return f
}

// identified reads who the reader is: its MAC address, or an EPC of its own.
func (d *Decoder) identified(b []byte, out *wire.Output) error {
	return each(b, func(kind uint16, v []byte) error {
		if kind != 218 {
			return nil
		}
		if len(v) < 3 || 3+int(binary.BigEndian.Uint16(v[1:])) > len(v) {
			return errFit
		}
		serial := v[3 : 3+int(binary.BigEndian.Uint16(v[1:]))]
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "serial", Value: fmt.Sprintf("%X", serial[:min(len(serial), 64)])}}})
		return nil
	})
}

// toldPorts reads how antennas and inputs are now. Most readers have more
// antenna ports than antennas, so only one that the options name is missed.
func (d *Decoder) toldPorts(b []byte, out *wire.Output) error {
	var facts []wire.Fact
	err := each(b, func(kind uint16, v []byte) error {
		switch {
		case kind != 221 && kind != 225 || len(facts) >= mostEntries:
			return nil
		case kind == 221 && len(v) < 5, kind == 225 && len(v) < 4:
			return errFit
		case kind == 225 && v[3] > 1: // it does not know
			return nil
		case kind == 225:
			facts = append(facts, input(v[:2], v[3] == 1))
			return nil
		}
		fact := antenna(v[1:3], v[0]&0x80 != 0)
		facts = append(facts, fact)
		for _, chosen := range d.o.Antennas {
			if chosen == int(binary.BigEndian.Uint16(v[1:])) && v[0]&0x80 == 0 {
				out.Fault(fmt.Errorf("%s is not there (is its cable on?): %w", fact.Name, wire.ErrHardware))
			}
		}
		return nil
	})
	if len(facts) > 0 {
		out.Answer(wire.Answer{Facts: facts})
	}
	return err
}
