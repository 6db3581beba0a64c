package mercury

import (
	"encoding/binary"
	"fmt"

	"scanpost/devices/gen2"
	"scanpost/devices/wire"
)

// What a record says beside the EPC, in this order. A field is there only if
// its bit is set.
const (
	hasCount     = 0x0001
	hasRSSI      = 0x0002
	hasAntenna   = 0x0004
	hasFrequency = 0x0008
	hasTime      = 0x0010
	hasPhase     = 0x0020
	hasProtocol  = 0x0040
	hasData      = 0x0080
	hasGPIO      = 0x0100
	hasQ         = 0x0200
	hasLink      = 0x0400
	hasTarget    = 0x0800
	hasBrand     = 0x1000
	hasType      = 0x2000
	hasUnknown   = 0xC000
)

const protocolGen2 = 5

// cursor reads fields; short once there are not enough bytes.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if c.short || len(c.b) < n {
		c.short, c.b = true, nil
		return nil
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) word() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// records that the stream brings.
const (
	recordEnd    = 0x00
	recordTag    = 0x01
	recordStatus = 0x02
)

// record reads what a response 22 brings while the module reads on:
//
//	88 | 10 | 00 1B | 01 FF | 01 | the record
//	│    │    │       │       └─ 01 a tag, 02 the module's state, 00 the end
//	│    │    │       └─ what the record says beside the EPC, if bit 4 of the options is set
//	│    │    └─ search flags
//	│    └─ read options
//	└─ only if it was started in the form for several selections
//
// The layout of what is no tag is in no source of ours: it is a sign of life and
// nothing else. One that was read as a tag gave an EPC of zeros.
func (d *Decoder) record(data []byte, out *wire.Output) {
	const several, withMetadata = 0x88, 0x10
	c := cursor{b: data}
	options := c.byte()
	if options == several {
		options = c.byte()
	}
	c.word()
	metadata := uint16(0)
	if options&withMetadata != 0 {
		metadata = c.word()
	}
	kind := c.byte()
	switch {
	case c.short:
		out.Fault(fmt.Errorf("stream record of %d bytes: %w", len(data), wire.ErrShort))
		return
	case kind == recordEnd || kind == recordStatus:
		return
	case kind != recordTag:
		out.Fault(fmt.Errorf("stream record of kind %02X: %w", kind, wire.ErrUnasked))
		return
	}
	if d.tag(&c, metadata, out) && len(c.b) > 0 {
		out.Fault(fmt.Errorf("stream record with %d bytes left over: %w", len(c.b), wire.ErrShort))
	}
}

// batch reads a response 29, the module's buffer of tags: what their records
// say, read options, how many, the records.
func (d *Decoder) batch(data []byte, out *wire.Output) {
	c := cursor{b: data}
	metadata := c.word()
	c.byte()
	for range c.byte() {
		if !d.tag(&c, metadata, out) {
			return
		}
	}
	if c.short {
		out.Fault(fmt.Errorf("buffer of tags in %d bytes: %w", len(data), wire.ErrShort))
	}
}

// tag reads one record. It reports whether the cursor stands behind it.
func (d *Decoder) tag(c *cursor, metadata uint16, out *wire.Output) bool {
	if metadata&hasUnknown != 0 {
		out.Fault(fmt.Errorf("record with unknown fields %04X, so its EPC can not be found: %w", metadata&hasUnknown, wire.ErrUnasked))
		return false
	}
	r := wire.Read{Count: 1, HasPC: true}
	protocol := byte(protocolGen2)
	if metadata&hasCount != 0 {
		r.Count = max(1, int(c.byte()))
	}
	if metadata&hasRSSI != 0 {
		r.RSSI, r.HasRSSI = int(int8(c.byte())), true
	}
	if metadata&hasAntenna != 0 {
		const sixteenth = 16 // four bits have no room for it
		if r.Antenna = int(c.byte() >> 4); r.Antenna == 0 {
			r.Antenna = sixteenth
		}
	}
	c.take(fixed(metadata, hasFrequency, 3) + fixed(metadata, hasTime, 4) + fixed(metadata, hasPhase, 2))
	if metadata&hasProtocol != 0 {
		protocol = c.byte()
	}
	if metadata&hasData != 0 {
		const failed = 0x8000
		if bits := c.word(); bits != failed {
			c.take((int(bits) + 7) / 8)
		}
	}
	c.take(fixed(metadata, hasGPIO, 1))
	if protocol == protocolGen2 {
		c.take(fixed(metadata, hasQ, 1) + fixed(metadata, hasLink, 1) + fixed(metadata, hasTarget, 1))
	}
	c.take(fixed(metadata, hasBrand, 2))
	if metadata&hasType != 0 {
		const more = 0x80
		for c.byte()&more != 0 {
		}
	}
	bits := int(c.word())
	sent := c.take((bits + 7) / 8)
	switch {
	case c.short:
		out.Fault(fmt.Errorf("tag record, %d bits of EPC: %w", bits, wire.ErrShort))
		return false
	case protocol != protocolGen2:
		out.Fault(fmt.Errorf("tag of protocol %02X: %w", protocol, wire.ErrUnasked))
		return true
	}
	return d.gen2(sent, bits, r, out)
}

// fixed is the width of a field that nobody needs.
func fixed(metadata, field uint16, width int) int {
	if metadata&field == 0 {
		return 0
	}
	return width
}

// gen2 reads what the tag itself sent: control word, extension words if there
// are, EPC, CRC.
func (d *Decoder) gen2(sent []byte, bits int, r wire.Read, out *wire.Output) bool {
	const word, furtherExtension = 2, 0x80
	if bits%8 != 0 || len(sent) < 2*word {
		out.Fault(fmt.Errorf("tag record, %d bits of EPC: %w", bits, wire.ErrShort))
		return true
	}
	r.PC = binary.BigEndian.Uint16(sent)
	r.EPC = sent[word : len(sent)-word]
	extension := 0
	if gen2.Extended(r.PC) {
		if extension = word; len(r.EPC) > 0 && r.EPC[0]&furtherExtension != 0 {
			extension += word
		}
		if len(r.EPC) < extension {
			out.Fault(fmt.Errorf("tag record without the extension that its control word %04X tells: %w", r.PC, wire.ErrShort))
			return true
		}
		r.EPC = r.EPC[extension:]
	} else if !gen2.Whole(sent) {
		out.Fault(fmt.Errorf("EPC %X under %04X: %w", r.EPC, r.PC, wire.ErrTag))
		return true
	}
	if len(r.EPC) == 0 {
		out.Fault(fmt.Errorf("a tag without an EPC was heard: it was never written: %w", wire.ErrShort))
		return true
	}
	r.Note = gen2.Note(r.PC, len(r.EPC), extension)
	d.heard(&r, out)
	return true
}
