package sim

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// llrp is the reader's side of the protocol: bytes of the host in, messages out.
type llrp struct {
	LLRPOptions
	faults LLRPFaults
	now    LLRPState
	hangup bool // it wants the connection closed behind what it says

	heard     []byte
	id        uint32 // of its own messages
	spec      *llrpSpec
	antennas  []bool
	inputs    []bool
	missed    int // keep-alives that were not acknowledged
	nextAlive time.Time
	nextRound time.Time
	seen      map[string]time.Time // tags whose flag is turned, by EPC and antenna
}

// patient is how many keep-alives a reader sends to a client that does not
// acknowledge, until it lets go of it.
const patient = 3

func newLLRP(o LLRPOptions) *llrp {
	set := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	set(&o.Antennas, 4)
	set(&o.Inputs, 2)
	if o.Round == 0 {
		o.Round = 50 * time.Millisecond
	}
	if o.Second == 0 {
		o.Second = time.Second
	}
	if o.Maker == 0 {
		o.Maker = 25882
	}
	if o.Model == 0 {
		o.Model = 2001002
	}
	d := &llrp{LLRPOptions: o}
	d.antennas, d.inputs = slices.Repeat([]bool{true}, o.Antennas), make([]bool, o.Inputs)
	d.powerOn()
	return d
}

// powerOn forgets what hosts have told it; what they did is still counted.
func (d *llrp) powerOn() {
	d.spec, d.nextAlive, d.nextRound, d.missed, d.id, d.heard = nil, time.Time{}, time.Time{}, 0, 0, nil
	d.seen = map[string]time.Time{}
	n := &d.now
	n.ROSpec, n.Keepalive, n.Events, n.Inputs, n.Extensions = "none", 0, nil, nil, false
	d.specState()
}

// taken begins with a new client.
func (d *llrp) taken(now time.Time) {
	d.now.Hosts++
	d.heard, d.missed = nil, 0
	if d.now.Keepalive > 0 {
		d.nextAlive = now.Add(d.now.Keepalive)
	}
}

func (d *llrp) state() LLRPState {
	s := d.now
	s.Events, s.Inputs, s.Antennas = slices.Clone(s.Events), slices.Clone(s.Inputs), slices.Clone(s.Antennas)
	s.Asked, s.Errors = slices.Clone(s.Asked), slices.Clone(s.Errors)
	return s
}

// specState copies what the ROSpec says into the state.
func (d *llrp) specState() {
	spec := d.spec
	if spec == nil {
		spec = &llrpSpec{session: -1, power: -1, mode: -1, search: -1}
	}
	n := &d.now
	n.Antennas, n.Session, n.Population, n.Transit = spec.antennas, spec.session, spec.population, spec.transit
	n.Power, n.Mode, n.Search = spec.power, spec.mode, spec.search
}

// say makes a message of the reader's own; an answer has its question's id.
func (d *llrp) say(kind int, id uint32, body ...[]byte) []byte {
	version := 1
	if d.Only11 {
		version = 2
	}
	b := llrp16(version<<10 | kind)
	b = append(b, 0, 0, 0, 0)
	b = append(b, llrp32(int(id))...)
	for _, part := range body {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b[2:], uint32(len(b)))
	return b
}

func (d *llrp) event(params ...[]byte) []byte {
	d.id++
	stamp := llrpTLV(128, llrp64(time.Now().UnixMicro()))
	return d.say(63, d.id, llrpTLV(246, append([][]byte{stamp}, params...)...))
}

func (d *llrp) greeting(status int) []byte { return d.event(llrpTLV(256, llrp16(status))) }

// wants reports whether the host wants to hear of such events.
func (d *llrp) wants(event int) bool { return slices.Contains(d.now.Events, event) }

func (d *llrp) setAntenna(antenna int, connected bool) (say [][]byte) {
	d.antennas[antenna-1] = connected
	if d.wants(8) {
		say = append(say, d.event(llrpTLV(255, llrpBit(connected, 0x01), llrp16(antenna))))
	}
	return say
}

func (d *llrp) setInput(input int, on bool) (say [][]byte) {
	d.inputs[input-1] = on
	if d.wants(1) && slices.Contains(d.now.Inputs, input) {
		say = append(say, d.event(llrpTLV(248, llrp16(input), llrpBit(on, 0x80))))
	}
	return say
}

func (d *llrp) specEvent(what byte) (say [][]byte) {
	if d.wants(2) {
		say = append(say, d.event(llrpTLV(249, []byte{what}, llrp32(d.spec.id), llrp32(0))))
	}
	return say
}

func (d *llrp) endROSpec() (say [][]byte) {
	if d.now.ROSpec != "active" {
		return nil
	}
	d.now.ROSpec = "inactive"
	return d.specEvent(1)
}

// hear takes bytes of the host.
func (d *llrp) hear(b []byte, now time.Time) (say [][]byte) {
	d.heard = append(d.heard, b...)
	for len(d.heard) >= 10 && !d.hangup {
		n := int(binary.BigEndian.Uint32(d.heard[2:]))
		version := int(d.heard[0] >> 2)
		kind := int(binary.BigEndian.Uint16(d.heard)) & 0x3FF
		id := binary.BigEndian.Uint32(d.heard[6:])
		if n < 10 || n > 1<<20 {
			d.now.Errors = append(d.now.Errors, fmt.Sprintf("message of %d bytes", n))
			d.hangup = true
			return say
		}
		if len(d.heard) < n {
			return say
		}
		body := d.heard[10:n]
		d.heard = d.heard[n:]
		if kind == 72 {
			d.now.Acks++
			d.missed = 0
			continue
		}
		d.now.Asked = append(d.now.Asked, kind)
		if d.Only11 && version != 2 || !d.Only11 && version != 1 {
			say = append(say, d.refuse(100, id, llrpError(110, "this version is not spoken here")))
			continue
		}
		for _, answer := range d.message(kind, id, body, now) {
			if d.faults.Mute > 0 {
				d.faults.Mute--
				continue
			}
			say = append(say, answer)
		}
	}
	return say
}

// refuse says no, with the status.
func (d *llrp) refuse(kind int, id uint32, err *llrpStatus) []byte {
	d.now.Errors = append(d.now.Errors, fmt.Sprintf("%d: %d %s", kind, err.code, err.text))
	return d.say(kind, id, err.bytes())
}

// message does what the host asks for.
func (d *llrp) message(kind int, id uint32, body []byte, now time.Time) [][]byte {
	one := func(b []byte) [][]byte { return [][]byte{b} }
	done := func(err *llrpStatus, params ...[]byte) [][]byte {
		if err != nil {
			return one(d.refuse(kind+10, id, err))
		}
		return one(d.say(kind+10, id, append([][]byte{llrpOK}, params...)...))
	}
	switch kind {
	case 1:
		return done(llrpLength(body, 1), d.capabilities())
	case 2:
		return done(llrpLength(body, 7), d.configuration(body))
	case 3:
		return done(d.configure(body, now))
	case 14:
		d.now.Goodbyes++
		d.hangup = true
		return one(d.say(4, id, llrpOK))
	case 20:
		return done(d.addSpec(body))
	case 21, 22, 23, 24, 25:
		err, say := d.changeSpec(kind, body, now)
		return append(done(err), say...)
	case 26:
		return done(llrpLength(body, 0), d.specs())
	case 46:
		if d.Only11 {
			return one(d.say(56, id, []byte{2, 2}, llrpOK))
		}
	case 47:
		if d.Only11 {
			return done(llrpLength(body, 1))
		}
	case 60, 64:
		return nil
	case 1023:
		if string(body) == "\x00\x00\x65\x1a\x15\x00\x00\x00\x00" && d.Maker == 25882 {
			d.now.Extensions = true
			return one(d.say(1023, id, llrp32(25882), []byte{22}, llrpOK))
		}
	}
	return one(d.refuse(100, id, llrpError(109, "not supported")))
}

// due is when tick has something to do.
func (d *llrp) due() time.Time {
	at := d.nextAlive
	if d.now.ROSpec == "active" && (at.IsZero() || d.nextRound.Before(at)) {
		at = d.nextRound
	}
	return at
}

// tick sends keep-alives and reads tags.
func (d *llrp) tick(now time.Time) (say [][]byte) {
	if !d.nextAlive.IsZero() && !d.nextAlive.After(now) {
		d.nextAlive = now.Add(d.now.Keepalive)
		d.missed++
		d.id++
		switch {
		case d.missed > patient && !d.faults.NoKeepalive:
			d.hangup = true
		case !d.faults.NoKeepalive:
			say = append(say, d.say(62, d.id))
		}
	}
	if d.now.ROSpec == "active" && !d.nextRound.After(now) {
		d.nextRound = now.Add(d.Round)
		say = append(say, d.inventory(now)...)
	}
	return say
}
