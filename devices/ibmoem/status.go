package ibmoem

import (
	"bytes"
	"fmt"

	"scanpost/devices/wire"
)

// Bits of the three status bytes.
const (
	flashing   = 0x01
	configData = 0x02
	eanConfig  = 0x04
	hardware   = 0x20
	directData = 0x40
	notReady   = 0x80

	alive      = 0x01
	enabled    = 0x02
	checkDigit = 0x04
	rejected   = 0x80

	configOK    = 0x01
	coerced     = 0x03
	eanConfigOK = 0x04
	directOK    = 0x08
	notAllowed  = 0x10
	undefined   = 0x20
)

// enable is the command that lets a scanner scan, as a HID report without a
// number.
var enable = [12]byte{0x00, 0x11}

// status handles all reports that carry no code.
func (d *Decoder) status(report []byte, out *wire.Output) (handled bool) {
	s0, s1, s2 := report[1], report[2], report[3]
	switch {
	case s0&(flashing|hardware|notReady) != 0:
		why := "is not ready"
		if s0&hardware != 0 {
			why = "has a hardware error"
		}
		if s0&flashing != 0 {
			why = "is being given new firmware"
		}
		out.Fault(fmt.Errorf("status % x: the scanner %s: %w", report[1:header], why, wire.ErrHardware))
	case s1&checkDigit != 0:
		out.Fault(fmt.Errorf("status % x: the scanner read a wrong check digit: %w", report[1:header], wire.ErrChecksum))
	case s1&rejected != 0:
		out.Answer(wire.Answer{Refused: "command rejected"})
	case s2&notAllowed != 0:
		out.Answer(wire.Answer{Refused: "direct I/O not allowed"})
	case s2&undefined != 0:
		out.Answer(wire.Answer{Refused: "direct I/O undefined"})
	case s0&configData != 0:
		out.Answer(fact("configuration", hexText(report[header:])))
	case s0&eanConfig != 0:
		out.Answer(fact("EAN/JAN configuration", hexText(report[header:])))
	case s0&directData != 0:
		d.directIO(report[header:], out)
	case s2&directOK != 0:
		out.Answer(wire.Answer{})
	case s2&coerced == coerced:
		out.Answer(fact("configuration", "accepted with changes"))
	case s2&(configOK|eanConfigOK) != 0:
		out.Answer(wire.Answer{})
	case len(report) == header:
		d.readiness(s1, out)
	default:
		return false
	}
	return true
}

// readiness is a status of its own: whether it scans.
func (d *Decoder) readiness(s1 byte, out *wire.Output) {
	switch {
	case s1&enabled != 0 && d.own:
		d.told, d.own = false, false
	case s1&enabled != 0:
		d.told = false
		out.Answer(fact("scanner enabled", "yes"))
	case s1&alive != 0:
		out.Restarted = true
		if !d.told {
			out.Reply(bytes.Clone(enable[:]))
			d.told, d.own = true, true
		}
	default:
		out.Answer(fact("scanner enabled", "no"))
	}
}

// mostDirect is how much is kept of a direct I/O reply: what is known of them
// is some hundred bytes.
const mostDirect = 4096

// directIO gathers the data of a direct I/O reply, and tells it once whole.
func (d *Decoder) directIO(b []byte, out *wire.Output) {
	if len(b) == 0 {
		out.Answer(wire.Answer{})
		return
	}
	more := b[0] != 0
	if len(d.direct)+len(b) > mostDirect {
		out.Fault(fmt.Errorf("direct I/O reply goes on after %d bytes: %w", len(d.direct), wire.ErrNoise))
		d.direct = d.direct[:0]
	}
	d.direct = append(d.direct, b[1:]...)
	if more {
		return
	}
	out.Answer(wire.Answer{Facts: fields(d.direct)})
	d.direct = d.direct[:0]
}

const (
	etx      = 0x03
	maxFacts = 64
)

// fields reads "S123" ETX "MGryphon" ETX as facts S and M. The reply to a
// question for information, health or statistics begins with "Sp<", "Sp=" or
// "Sp>", which is no part of the first. Data of another shape is one fact.
func fields(data []byte) (facts []wire.Fact) {
	if bytes.IndexByte(data, etx) < 0 {
		if text := printable(data); len(text) > 0 && len(text) == len(data) {
			return []wire.Fact{{Name: "direct I/O", Value: string(text)}}
		} else if len(data) > 0 {
			return []wire.Fact{{Name: "direct I/O", Value: hexText(data)}}
		}
		return nil
	}
	for field := range bytes.SplitSeq(data, []byte{etx}) {
		field = printable(field)
		for _, opening := range []string{"Sp<", "Sp=", "Sp>"} {
			field = bytes.TrimPrefix(field, []byte(opening))
		}
		if len(field) > 1 && len(facts) < maxFacts {
			facts = append(facts, wire.Fact{Name: "direct I/O " + string(field[:1]), Value: string(field[1:])})
		}
	}
	return facts
}

// printable leaves control characters and bytes above 7E out.
func printable(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, b)
}

func fact(name, value string) wire.Answer {
	return wire.Answer{Facts: []wire.Fact{{Name: name, Value: value}}}
}

func hexText(b []byte) string { return fmt.Sprintf("% X", b) }
