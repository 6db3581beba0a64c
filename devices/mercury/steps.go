package mercury

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Opcodes that are sent, or mean something beyond an answer.
const (
	opVersion     = 0x03
	opBoot        = 0x04
	opProgram     = 0x0C
	opRead        = 0x22
	opBuffer      = 0x29
	opMulti       = 0x2F
	opTemperature = 0x72
	opAntennas    = 0x91
	opPower       = 0x92
	opProtocol    = 0x93
	opRegion      = 0x97
	opParameter   = 0x9A
	opGen2        = 0x9B
)

// step is one thing to say to the module, and its answer to wait for.
type step struct {
	say   string
	op    byte
	frame []byte
	wait  int  // silences until it is late
	may   bool // the module may refuse it: then it is as it was
	quiet bool // and nobody needs to hear of that
}

var (
	stop = command(opMulti, 0, 0, 2)
	ask  = command(opVersion)
	// wake ends whatever a sleeping or confused module waits for.
	wake = append(bytesOf(0xFF, 64), stop...)
)

func bytesOf(b byte, n int) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

// Parameters of command 9A and 9B.
const (
	parameterFilter = 0x0C
	gen2Session     = 0x00
	gen2Target      = 0x01
	gen2Q           = 0x12
)

// Steps that are found by their place.
const (
	stepProgram = iota
	stepBoot
	stepVersion
	stepTemperature
	stepProtocol // the first that needs a region to be known
)

const (
	usual    = 2 // silences: a second
	starting = 4 // a first start after new firmware takes 1.5 s
)

// plan says what to tell a module, in order, from its first word to its start.
func (d *Decoder) plan() []step {
	o := &d.options
	send := func(say string, op byte, data ...byte) step {
		return step{say: say, op: op, frame: command(op, data...), wait: usual}
	}
	may := func(s step) step { s.may = true; return s }
	steps := []step{
		stepProgram: may(send("which program runs", opProgram)),
		stepBoot:    {say: "start the application", op: opBoot, frame: command(opBoot), wait: starting, may: true},
		stepVersion: send("version", opVersion),
		stepTemperature: {say: "temperature", op: opTemperature, frame: command(opTemperature), wait: usual,
			may: true, quiet: true},
		stepProtocol: send("protocol Gen2", opProtocol, 0, protocolGen2),
	}
	steps[stepProgram].quiet, steps[stepBoot].quiet = true, true
	ports := []byte{2}
	for _, a := range o.Antennas {
		ports = append(ports, byte(a), byte(a))
	}
	steps = append(steps, send("region "+o.Region, opRegion, regions[o.Region]), send(fmt.Sprintf("antennas %v", o.Antennas), opAntennas, ports...))
	if o.Power != 0 {
		centi := uint16(math.Round(100 * o.Power))
		steps = append(steps, send(fmt.Sprintf("power %v dBm", o.Power), opPower, binary.BigEndian.AppendUint16(nil, centi)...))
	}
	if o.Session >= 0 {
		steps = append(steps, may(send(fmt.Sprintf("session S%d", o.Session), opGen2, protocolGen2, gen2Session, byte(o.Session))))
	}
	if target, set := targets[o.Target]; set {
		steps = append(steps, may(send("target "+o.Target, opGen2, protocolGen2, gen2Target, target[0], target[1])))
	}
	if o.Q >= 0 {
		steps = append(steps, may(send(fmt.Sprintf("Q %d", o.Q), opGen2, protocolGen2, gen2Q, 1, byte(o.Q))))
	}
	filter := byte(0)
	if o.ReadFilter {
		filter = 1
	}
	steps = append(steps, may(send("read filter", opParameter, 1, parameterFilter, filter)))
	return append(steps, step{say: "start", op: opMulti, wait: usual}) // its frame depends on the heat
}

// cooler are times on and off that let a hot module cool, in milliseconds.
var cooler = [][]int{{500, 500}, {250, 750}, {100, 900}}

// duty is how long it is on and off now; none: always on.
func (d *Decoder) duty() []int {
	duty := d.options.Duty
	if d.heat == 0 {
		return duty
	}
	cool := cooler[min(d.heat, len(cooler))-1]
	if len(duty) == 2 && duty[1]*cool[0] > cool[1]*duty[0] {
		return duty // its pauses are longer than that
	}
	return cool
}

// start makes the command that lets it read until it is stopped: of all tags of
// the antennas' list, each read as it is heard, a whole record for each. The
// bytes are those of two programs of the maker's own, one for each form.
func (d *Decoder) start() []byte {
	const (
		continuous = 1
		whole      = 0x10 // records say more than the EPC
	)
	head := []byte{0, 0, continuous, opRead, 0, 0, protocolGen2}
	if duty := d.duty(); len(duty) == 2 {
		inner := []byte{opRead, 0x88, whole, 0x05, 0x1B}
		inner = binary.BigEndian.AppendUint16(inner, uint16(duty[0]))
		inner = binary.BigEndian.AppendUint16(inner, uint16(duty[1]))
		inner = append(inner, 0x00, 0x57, 0x01, 0x00)
		return command(opMulti, append(append(head, byte(len(inner)-1)), inner...)...)
	}
	inner := []byte{opRead, whole, 0x00, 0x1B, 0x03, 0xE8, 0x01, 0xFF}
	return command(opMulti, append(append(head, byte(len(inner)-1)), inner...)...)
}
