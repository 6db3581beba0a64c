package llrp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"scanpost/devices/wire"
)

// request is one step of setting a reader up.
type request struct {
	say  string // what it does, for people
	kind uint16
	body func(*Decoder) []byte
	must bool                                       // without it there is no reading
	took func(*Decoder, []byte, *wire.Output) error // what to do with the answer's body, if it is a good one
}

// setup is everything in its order. What is good to know comes when the reader
// reads already; the last is asked again and again. Inputs that are wanted are
// known before: a gate has to be, or the first tags pass it whether it is open
// or not.
func (d *Decoder) setup() []request {
	plan := []request{
		{say: "say what it can do", kind: getCapabilities, must: true, took: (*Decoder).learn, body: func(*Decoder) []byte { return octet(0) }},
		{say: "forget what others have left running", kind: deleteROSpec, must: true, body: func(*Decoder) []byte { return number(0) }},
		{say: "send keep-alives", kind: setConfig, must: true, took: (*Decoder).live, body: func(d *Decoder) []byte { return keepaliveConfig(d.o.Keepalive) }},
		{say: "tell of antennas, inputs and its ROSpec as they change", kind: setConfig, body: (*Decoder).eventConfig},
		{say: "take antennas, power and session", kind: addROSpec, must: true, body: func(d *Decoder) []byte { return d.roSpec(everything) }},
		{say: "get ready to read", kind: enableROSpec, must: true, body: func(*Decoder) []byte { return number(ours) }},
		{say: "begin to read", kind: startROSpec, must: true, took: (*Decoder).started, body: func(*Decoder) []byte { return number(ours) }},
		{say: "say who it is", kind: getConfig, took: (*Decoder).identified, body: func(*Decoder) []byte { return readerConfig(1) }},
		{say: "say which antennas are there", kind: getConfig, took: (*Decoder).toldPorts, body: func(*Decoder) []byte { return readerConfig(2) }},
		{say: sayInputs, kind: getConfig, took: (*Decoder).toldPorts, body: func(*Decoder) []byte { return readerConfig(9) }},
		{say: "say whether it still reads", kind: getROSpecs, took: (*Decoder).checked, body: func(*Decoder) []byte { return nil }},
	}
	if len(d.o.GPI) > 0 {
		from := slices.IndexFunc(plan, func(r request) bool { return r.say == sayInputs })
		inputs := plan[from]
		plan = slices.Delete(plan, from, from+1)
		plan = slices.Insert(plan, slices.IndexFunc(plan, func(r request) bool { return r.kind == addROSpec }), inputs)
	}
	if d.o.Impinj {
		extensions := request{say: "switch Impinj's extensions on", kind: customMessage, must: d.o.Search != "", body: func(*Decoder) []byte {
			return append(append(number(impinj), 21), 0, 0, 0, 0)
		}}
		plan = append([]request{extensions}, plan...)
	}
	return plan
}

const sayInputs = "say how its inputs are"

// negotiation is for readers that speak 1.1 and nothing older.
var negotiation = []request{
	{say: "say which versions of LLRP it speaks", kind: getVersion, must: true, took: (*Decoder).versions, body: func(*Decoder) []byte { return nil }},
	{say: "speak LLRP 1.1", kind: setVersion, must: true, body: func(*Decoder) []byte { return octet(2) }},
}

// begin sets the reader up, from the first step.
func (d *Decoder) begin(out *wire.Output) {
	d.plan, d.at = d.setup(), 0
	if d.version == 2 {
		d.plan = append(negotiation[:len(negotiation):len(negotiation)], d.plan...)
	}
	d.greeted, d.running, d.paused, d.asked, d.ended, d.resume, d.unheard = true, false, false, false, false, 0, 0
	d.ask(out)
}

// ask sends the step that is next.
func (d *Decoder) ask(out *wire.Output) {
	if d.at == len(d.plan) {
		return
	}
	r := &d.plan[d.at]
	d.send(r.kind, r.body(d), out)
	d.asked, d.ticks, d.beats = true, 0, 0
}

// next goes to the step after this one.
func (d *Decoder) next(out *wire.Output) {
	d.asked = false
	d.at = min(max(d.at+1, d.resume), len(d.plan))
	if d.ended && d.running {
		d.startAgain(out)
		return
	}
	d.ask(out)
}

// waitsFor reports whether a message is the answer to what was asked last.
func (d *Decoder) waitsFor(kind uint16, id uint32) bool {
	return d.asked && id == d.id && kind == answerTo(d.plan[d.at].kind)
}

func answerTo(kind uint16) uint16 {
	if kind == customMessage {
		return kind
	}
	return kind + 10
}

// answered takes the answer to what was asked.
func (d *Decoder) answered(body []byte, out *wire.Output) error {
	r := &d.plan[d.at]
	params := body
	switch r.kind {
	case getVersion:
		if len(body) < 2 {
			return errFit
		}
		params = body[2:]
	case customMessage:
		if len(body) < 5 {
			return errFit
		}
		params = body[5:]
	}
	st, err := statusIn(params)
	switch {
	case err != nil:
		return err
	case st.code != 0:
		return d.refused(st, out)
	case r.took != nil:
		var stop *refusal
		if err := r.took(d, body, out); errors.As(err, &stop) {
			d.pause(stop.sentence, out)
			return nil
		} else if err != nil {
			return err
		}
	}
	d.next(out)
	return nil
}

// complaint is ERROR_MESSAGE: the answer to what the reader did not make sense
// of, whose id not every reader repeats.
func (d *Decoder) complaint(id uint32, body []byte, out *wire.Output) error {
	st, err := statusIn(body)
	switch {
	case err != nil:
		return err
	case d.asked && (id == d.id || id == 0):
		return d.refused(st, out)
	case id == d.tries && id != 0:
		return nil // it holds nothing back, so it need not know how to let go
	}
	out.Fault(fmt.Errorf("the reader complains: %s: %w", st, wire.ErrUnasked))
	return nil
}

// refused deals with a step that the reader did not take.
func (d *Decoder) refused(st status, out *wire.Output) error {
	r := &d.plan[d.at]
	sentence := fmt.Sprintf("the reader does not %s: %s", r.say, st)
	switch {
	case st.code == unsupportedVersion && d.version == 1 && !d.stated:
		d.version, d.stated = 2, true
		d.begin(out)
	case r.kind == getVersion && st.code != 0 && d.version == 2:
		d.version = 1
		d.begin(out)
	case r.must:
		d.pause(sentence+" (what the device's options say of antennas, power, session and mode has to be possible with this reader, and its region to be set)", out)
	default:
		d.without(sentence, out)
	}
	return nil
}

// refusal is an answer after which there is no reading.
type refusal struct{ sentence string }

func (r *refusal) Error() string { return r.sentence }

// pause waits before all is tried again. The same trouble is told once.
func (d *Decoder) pause(sentence string, out *wire.Output) {
	d.asked, d.running, d.paused, d.ticks, d.beats = false, false, true, 0, 0
	if sentence != d.told {
		d.told = sentence
		out.Fault(fmt.Errorf("%s: %w", sentence, wire.ErrStart))
	}
}

// unanswered deals with a step to which nothing was said.
func (d *Decoder) unanswered(out *wire.Output) {
	r := &d.plan[d.at]
	if r.must {
		d.end(out, fmt.Errorf("asked to %s, the reader says nothing for %d s, so it is opened anew: %w", r.say, patience, wire.ErrStart))
		return
	}
	d.without(fmt.Sprintf("asked to %s, the reader says nothing", r.say), out)
}

// without goes on without a step that is good to have. What would be asked again
// and again is not, after that.
func (d *Decoder) without(sentence string, out *wire.Output) {
	out.Fault(fmt.Errorf("%s: %w", sentence, wire.ErrStart))
	if d.plan[d.at].kind == getROSpecs {
		d.plan = d.plan[:d.at]
	}
	d.next(out)
}

// started is told by the answer to START_ROSPEC.
func (d *Decoder) started(_ []byte, out *wire.Output) error {
	d.running, d.told = true, ""
	d.send(enableEvents, nil, out) // if somebody has told it to hold reports back; it is not answered
	d.tries = d.id
	return nil
}

// live is told by the answer to the keep-alive setting.
func (d *Decoder) live([]byte, *wire.Output) error {
	d.alive = true
	return nil
}

// versions reads GET_SUPPORTED_VERSION_RESPONSE.
func (d *Decoder) versions(body []byte, _ *wire.Output) error {
	if current, most := body[0], body[1]; most < 2 || current == 2 {
		d.version = max(1, min(2, current))
		d.at++ // nothing to set
	}
	return nil
}

// check asks whether the ROSpec is still active, when no tag was heard for
// long. That is no sign of trouble; but the word that it has ended may be lost,
// or be one that this reader does not give.
func (d *Decoder) check(out *wire.Output) {
	d.unheard = 0
	if last := len(d.plan) - 1; d.plan[last].kind == getROSpecs {
		d.at = last
		d.ask(out)
	}
}

// checked reads GET_ROSPECS_RESPONSE.
func (d *Decoder) checked(b []byte, _ *wire.Output) error {
	found := false
	err := each(b, func(kind uint16, v []byte) error {
		if kind != 177 {
			return nil
		}
		if len(v) < 6 {
			return errFit
		}
		if binary.BigEndian.Uint32(v) == ours {
			found = v[5] != 0
			d.ended = v[5] == 1
		}
		return nil
	})
	if err == nil && !found {
		return &refusal{"the reader no longer has our ROSpec, or has disabled it (does another program use it?)"}
	}
	return err
}

// startAgain starts a ROSpec that has ended by itself, once in a second at
// most: one that ends as soon as it begins must not become a storm.
func (d *Decoder) startAgain(out *wire.Output) {
	if d.starts > 0 {
		return
	}
	d.starts++
	d.ended, d.resume = false, max(d.resume, d.at)
	for i := range d.plan {
		if d.plan[i].kind == startROSpec {
			d.at = i
		}
	}
	d.ask(out)
}
