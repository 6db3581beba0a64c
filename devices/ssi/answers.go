package ssi

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"scanpost/devices/wire"
)

// refused reads CMD_NAK. The one that asks for the command again is no answer:
// the command was damaged on its way, and is sent again when none comes.
func refused(data []byte, out *wire.Output) {
	cause := -1
	if len(data) > 0 {
		cause = int(data[0])
	}
	switch cause {
	case 0x01:
		out.Fault(fmt.Errorf("a command arrived damaged at the scanner: %w", wire.ErrChecksum))
	case 0x02:
		out.Answer(wire.Answer{Refused: "bad context: unknown to it, or impossible now"})
	case 0x06:
		out.Answer(wire.Answer{Refused: "denied: not allowed, or a value it does not take"})
	case 0x0A, 0x10:
		out.Answer(wire.Answer{Refused: "undesired: it asks to hold off"})
	case -1:
		out.Answer(wire.Answer{Refused: "no cause told"})
	default:
		out.Answer(wire.Answer{Refused: fmt.Sprintf("cause %02X", cause)})
	}
}

// reply reads what the scanner answers to a question. A reply that comes again
// is acknowledged and not told twice: it would pass for that to the next question.
func (d *Decoder) reply(p []byte, out *wire.Output) {
	again := d.repeated(p, d.lastReply)
	switch p[atOpcode] {
	case opRevision, opID, opParams:
		out.Reply(ack)
	default:
		// No manual wants these acknowledged. One that comes again does.
		if p[atStatus]&statusAgain != 0 {
			out.Reply(ack)
		}
	}
	if again {
		return
	}
	d.lastReply = append(d.lastReply[:0], p...)
	d.lastReply[atStatus] &^= statusAgain
	data := p[atData:]
	switch p[atOpcode] {
	case opInitReply:
		d.ringAck = true
		out.Answer(wire.Answer{})
	case opRevision:
		out.Answer(wire.Answer{Facts: revision(data)})
	case opID:
		out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "id", Value: plain(data)}}})
	case opParams:
		facts, whole := params(data)
		if !whole {
			out.Fault(fmt.Errorf("parameters %s: %w", short(data), wire.ErrShort))
		}
		out.Answer(wire.Answer{Facts: facts})
	case opManagement:
		out.Answer(management(data, out))
	case opCapabilities:
		out.Answer(wire.Answer{Facts: capabilities(data)})
	}
}

// plain is text without the blanks and zeros it is filled up with.
func plain(b []byte) string { return strings.Trim(string(b), " \x00\r\n") }

// revision reads REPLY_REVISION: fields of text between blanks.
func revision(data []byte) []wire.Fact {
	var facts []wire.Fact
	fields := strings.Fields(plain(data))
	for i, name := range []string{"revision", "board", "engine", "class"} {
		if i < len(fields) {
			facts = append(facts, wire.Fact{Name: name, Value: fields[i]})
		}
	}
	return facts
}

// Before the number of a parameter, or instead of it, stands what kind it is.
const (
	from256, from512, from768, from1024 = 0xF0, 0xF1, 0xF2, 0xF8
	asString, asWord, asArray, asParts  = 0xF3, 0xF4, 0xF6, 0xF7
)

// params reads PARAM_SEND: a beep code, then numbers and values. The first text
// or array ends the list, since no manual of ours says how these are laid out;
// not whole if a number came without its value.
func params(data []byte) (facts []wire.Fact, whole bool) {
	if len(data) == 0 {
		return nil, false
	}
	for b := data[1:]; len(b) > 0; {
		size := 1
		switch b[0] {
		case asString, asArray, asParts:
			return facts, true
		case asWord:
			size, b = 2, b[1:]
		}
		number, n := paramNumber(b)
		if n == 0 || len(b) < n+size {
			return facts, false
		}
		value := int(b[n])
		if size == 2 {
			value = int(binary.BigEndian.Uint16(b[n:]))
		}
		facts = append(facts, wire.Fact{Name: strconv.Itoa(number), Value: strconv.Itoa(value)})
		b = b[n+size:]
	}
	return facts, true
}

// paramNumber reads the number of a parameter, and how many bytes it takes;
// zero if it is cut.
func paramNumber(b []byte) (number, n int) {
	switch {
	case len(b) == 0:
	case b[0] < from256:
		return int(b[0]), 1
	case b[0] == from1024 && len(b) >= 3:
		return int(binary.BigEndian.Uint16(b[1:])), 3
	case b[0] <= from768 && len(b) >= 2:
		return 256*int(b[0]-from256+1) + int(b[1]), 2
	}
	return 0, 0
}

// management reads a reply of remote management: length, command, status, and
// what the command asked for.
func management(data []byte, out *wire.Output) wire.Answer {
	const head = 4
	const getAttributes, getPacketSize = 0x02, 0x20
	if len(data) < head || int(binary.BigEndian.Uint16(data)) != len(data) {
		out.Fault(fmt.Errorf("management reply %s: %w", short(data), wire.ErrShort))
		return wire.Answer{Refused: "its reply is cut short"}
	}
	command, status, payload := data[2], data[3], data[head:]
	switch {
	case status != 0:
		return wire.Answer{Refused: fmt.Sprintf("management status %d", status)}
	case command == getPacketSize && len(payload) >= 2:
		return wire.Answer{Facts: []wire.Fact{{Name: "packet size", Value: strconv.Itoa(int(binary.BigEndian.Uint16(payload)))}}}
	case command == getAttributes:
		return wire.Answer{Facts: attributes(payload)}
	}
	return wire.Answer{}
}

// attributes reads the attributes of remote management:
//
//	02 15 | 53 | 01 | 00 13 | 00 00 | RS51B0-TBSNWR… 00
//	│       │    │    │       │       └─ the value
//	│       │    │    │       └─ where it begins in the whole value
//	│       │    │    └─ its length; in an array (41) the type of its elements stands before it
//	│       │    └─ properties
//	│       └─ type: 53 text, 41 array
//	└─ number; FF FF is the end
//
// Another type ends the list: no source of ours shows how it is laid out.
func attributes(b []byte) []wire.Fact {
	var facts []wire.Fact
	for {
		const head, text, array, element = 4, 'S', 'A', 1
		if len(b) < head || b[2] != text && b[2] != array || binary.BigEndian.Uint16(b) == 0xFFFF {
			return facts
		}
		name := "attribute " + strconv.Itoa(int(binary.BigEndian.Uint16(b)))
		isText := b[2] == text
		b = b[head:]
		if !isText {
			b = b[min(element, len(b)):]
		}
		if len(b) < 4 {
			return facts
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[4:]; len(b) < n {
			return facts
		}
		value := plain(b[:n])
		if !isText {
			value = fmt.Sprintf("% X", b[:n])
		}
		facts = append(facts, wire.Fact{Name: name, Value: value})
		b = b[n:]
	}
}

// capabilities reads CAPABILITIES_REPLY. What the bits of its first bytes mean
// is in no source of ours, so they are told as they are.
func capabilities(data []byte) []wire.Fact {
	const head = 4
	n := min(head, len(data))
	return []wire.Fact{
		{Name: "capabilities", Value: fmt.Sprintf("% X", data[:n])},
		{Name: "opcodes", Value: fmt.Sprintf("% X", data[n:])},
	}
}
