package sim

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Hear takes what the host wrote, and returns what the scanner sends.
func (d *SSIDevice) Hear(b []byte) (send [][]byte) {
	d.heard = append(d.heard, b...)
	for len(d.heard) > 0 {
		n := int(d.heard[0]) + 2
		switch {
		case n < 6, len(d.heard) > 2 && d.heard[2] != 0x04:
			d.heard = d.heard[1:] // a wake-up byte; or no host's
			continue
		case len(d.heard) < n:
			return send
		}
		p := d.heard[:n]
		d.heard = d.heard[n:]
		if ssiSum(p[:n-2])+binary.BigEndian.Uint16(p[n-2:]) != 0 {
			send = append(send, d.nak(nakResend))
			continue
		}
		send = append(send, d.command(p[1], p[3], p[4:n-2])...)
	}
	return send
}

func (d *SSIDevice) nak(cause byte) []byte {
	d.state.Refused = append(d.state.Refused, cause)
	return d.damage(ssiPacket(0xD1, 0, 0, []byte{cause}))
}

// command does what a host says.
func (d *SSIDevice) command(opcode, status byte, data []byte) [][]byte {
	cause := byte(0)
	switch opcode {
	case 0xD0, 0x74, 0x96: // CMD_ACK, and those of ring scanners
		return d.hearAck()
	case 0xD1: // CMD_NAK
		if d.sent && len(data) > 0 && data[0] == nakResend {
			return d.again()
		}
		return nil
	case 0xA3: // REQUEST_REVISION
		return d.ask(ssiPacket(0xA4, 0, 0, []byte(d.setup.Revision)))
	case 0xC7: // PARAM_REQUEST
		if values, ok := d.values(data); ok {
			return d.ask(ssiPacket(0xC6, 0, 0, values))
		}
		cause = nakBadContext
	case 0xD3: // CAPABILITIES_REQUEST
		return [][]byte{d.damage(ssiPacket(0xD4, 0, 0, []byte{0, 0x20, 0x08, 0x01, 0xA3, 0xC6, 0xC7, 0xD0, 0xD1, 0xE6, 0xE9, 0xEA}))}
	case 0x80: // SSI_MGMT_COMMAND
		if reply, ok := d.manage(data); ok {
			return [][]byte{d.damage(ssiPacket(0x80, 0, 0, reply))}
		}
		cause = nakBadContext
	case 0xC6: // PARAM_SEND
		cause = d.change(data, status&ssiPermanent != 0)
	case 0xC8: // PARAM_DEFAULTS
		d.state.Params, d.flash = maps.Clone(ssiFactory), maps.Clone(ssiFactory)
	case 0xD2: // FLUSH_QUEUE
		d.queue, d.sent, d.tries = nil, false, 0
	case 0xD5: // BATCH_REQUEST
		for _, one := range d.memory {
			d.queue = append(d.queue, ssiMessage{string(one[1:]), [][]byte{ssiPacket(0xD6, 0, 0, one)}})
		}
		d.memory = nil
		return append([][]byte{d.damage(ssiPacket(0xD0, 0, 0, nil))}, d.next()...)
	case 0xE6: // BEEP
		if len(data) != 1 || data[0] > 0x19 {
			cause = nakDenied
			break
		}
		d.state.Beeps = append(d.state.Beeps, data[0])
	case 0xE7, 0xE8: // LED_ON, LED_OFF
		switch {
		case len(data) != 1 || opcode == 0xE7 && data[0]&^0x03 != 0:
			cause = nakDenied
		case opcode == 0xE7:
			d.state.LEDs |= data[0]
		default:
			d.state.LEDs &^= data[0]
		}
	case 0xE9, 0xEA: // SCAN_ENABLE, SCAN_DISABLE
		d.state.Enabled = opcode == 0xE9
	case 0xC0, 0xC1, 0xC4, 0xC5, 0xC9, 0xE4, 0xE5, 0xEB, 0xF7:
	default:
		cause = nakBadContext
	}
	if cause != 0 {
		return [][]byte{d.nak(cause)}
	}
	return [][]byte{d.damage(ssiPacket(0xD0, 0, 0, nil))}
}

func (d *SSIDevice) hearAck() [][]byte {
	if !d.sent {
		return nil
	}
	if d.deaf > 0 {
		d.deaf--
		return nil
	}
	d.acknowledged()
	return d.next()
}

// ask sends a reply, which the host has to acknowledge, as soon as no scan is
// on its way.
func (d *SSIDevice) ask(p []byte) [][]byte {
	at := 0
	if d.sent {
		at = 1
	}
	d.queue = slices.Insert(d.queue, at, ssiMessage{"", [][]byte{p}})
	return d.next()
}

// values answers PARAM_REQUEST.
func (d *SSIDevice) values(asked []byte) (data []byte, ok bool) {
	data = []byte{0xFF}
	numbers := []int{}
	switch {
	case len(asked) == 1 && asked[0] == 0xFE:
		numbers = slices.Sorted(maps.Keys(d.state.Params))
	default:
		for len(asked) > 0 {
			n, size := ssiNumber(asked)
			if size == 0 {
				return nil, false
			}
			numbers, asked = append(numbers, n), asked[size:]
		}
	}
	for _, n := range numbers {
		value, known := d.state.Params[n]
		if !known {
			return nil, false
		}
		if value > 0xFF {
			data = append(data, 0xF4)
		}
		data = append(data, ssiNumberBytes(n)...)
		if value > 0xFF {
			data = append(data, byte(value>>8))
		}
		data = append(data, byte(value))
	}
	return data, true
}

// change obeys PARAM_SEND: all of it, or nothing.
func (d *SSIDevice) change(data []byte, permanent bool) (cause byte) {
	if len(data) == 0 {
		return nakDenied
	}
	changed := map[int]int{}
	for b := data[1:]; len(b) > 0; {
		wide := b[0] == 0xF4
		if wide {
			b = b[1:]
		}
		n, size := ssiNumber(b)
		b = b[size:]
		switch {
		case size == 0, len(b) < 1, wide && len(b) < 2, slices.Contains(d.setup.Denied, n):
			return nakDenied
		case wide:
			changed[n], b = int(binary.BigEndian.Uint16(b)), b[2:]
		default:
			changed[n], b = int(b[0]), b[1:]
		}
	}
	maps.Copy(d.state.Params, changed)
	if permanent {
		maps.Copy(d.flash, changed)
	}
	if data[0] != 0xFF {
		d.state.Beeps = append(d.state.Beeps, data[0])
	}
	return 0
}

func ssiNumber(b []byte) (number, size int) {
	switch {
	case len(b) >= 1 && b[0] < 0xF0:
		return int(b[0]), 1
	case len(b) >= 2 && b[0] <= 0xF2:
		return 256*(int(b[0])-0xEF) + int(b[1]), 2
	case len(b) >= 3 && b[0] == 0xF8:
		return int(binary.BigEndian.Uint16(b[1:])), 3
	}
	return 0, 0
}

func ssiNumberBytes(n int) []byte {
	switch {
	case n < 0xF0:
		return []byte{byte(n)}
	case n < 1024:
		return []byte{0xEF + byte(n>>8), byte(n)}
	}
	return []byte{0xF8, byte(n >> 8), byte(n)}
}

// manage answers the two questions of remote management: how long may a packet
// be, and what are these attributes.
func (d *SSIDevice) manage(data []byte) (reply []byte, ok bool) {
	if d.setup.Attributes == nil || len(data) < 4 || int(binary.BigEndian.Uint16(data)) != len(data) {
		return nil, false
	}
	switch data[2] {
	case 0x20:
		return []byte{0, 8, 0x20, 0, 0, 0xF0, 0, 0xF0}, true
	case 0x02:
	default:
		return nil, false
	}
	reply = []byte{0, 0, 0x02, 0}
	for b := data[4:]; len(b) >= 2; b = b[2:] {
		text, known := d.setup.Attributes[int(binary.BigEndian.Uint16(b))]
		if !known {
			continue
		}
		reply = append(reply, b[0], b[1], 'S', 0x01, 0, byte(len(text)+1), 0, 0)
		reply = append(append(reply, text...), 0)
	}
	reply = append(reply, 0xFF, 0xFF)
	binary.BigEndian.PutUint16(reply, uint16(len(reply)))
	return reply, true
}
