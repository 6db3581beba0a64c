package ssi

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"scanpost/devices/symbology"
	"scanpost/devices/wire"
	"scanpost/scan"
)

const firstSegment = 0x02 // stands where the source does

// Code types that are no codes.
const (
	typeParameter = 0x33 // a programming barcode
	typeSignature = 0x69 // a picture
)

// decoded reads DECODE_DATA, and BATCH_DATA which is taken to be like it.
func (d *Decoder) decoded(p []byte, out *wire.Output) {
	last := p[atStatus]&statusMore == 0
	if d.repeated(p, d.last) {
		d.again(last, ack, out)
		return
	}
	data := p[atData:]
	if len(data) == 0 {
		out.Reply(ack)
		out.Fault(fmt.Errorf("%s has no code type: %w", short(p), wire.ErrShort))
		return
	}
	text, fits := d.withoutHeader(data)
	if !fits {
		// Without an acknowledgement the scanner tells its operator.
		out.Fault(fmt.Errorf("%s has not the long header that the options say: %w", short(p), wire.ErrShort))
		return
	}
	if d.code.open && !d.belongs(p, data[0], text) {
		d.gap("and then another one", out)
	}
	if !d.code.open {
		d.begin(p[atOpcode], data[0])
	}
	d.accept(p)
	d.add(text)
	if d.code.open = !last; d.code.open {
		out.Reply(ack)
		return
	}
	d.code.ack = ack
	d.hand(false, out)
}

// withoutHeader cuts what stands before the code in DECODE_DATA.
func (d *Decoder) withoutHeader(data []byte) (text []byte, fits bool) {
	const header = 4 // type, 01, length
	if d.options.Header != "classic" && len(data) >= header && int(binary.BigEndian.Uint16(data[2:])) == len(data)-header {
		return data[header:], true
	}
	return data[1:], d.options.Header != "long"
}

// belongs reports whether a packet goes on with the code under way. A code
// whose end never came must not be glued to the next one: that is known by its
// type, or, after a pause, by its AIM identifier.
func (d *Decoder) belongs(p []byte, codeType byte, text []byte) bool {
	if p[atOpcode] != d.code.opcode || codeType != d.code.codeType {
		return false
	}
	anew := d.code.paused && p[atStatus]&statusAgain == 0
	return !anew || aimOf(text) == "" || aimOf(d.code.content) == ""
}

// segment reads a part of a long code as ring scanners send it.
func (d *Decoder) segment(p []byte, out *wire.Output) {
	if d.repeated(p, d.last) {
		d.again(!d.code.open, segmentAck, out)
		return
	}
	const head = 9 // F3 00 00, length, type, 01, length
	data := p[atData:]
	if len(data) == 0 {
		out.Fault(fmt.Errorf("%s has no index: %w", short(p), wire.ErrShort))
		return
	}
	index, text := data[0], data[1:]
	switch first := p[atSource] == firstSegment || index == 0; {
	case first && (len(text) < head || text[0] != opDecode):
		out.Fault(fmt.Errorf("%s holds no code: %w", short(p), wire.ErrUnasked))
		return
	case first:
		if d.code.open {
			d.gap("and then another one", out)
		}
		d.begin(opSegment, text[5])
		d.code.missing = int(binary.BigEndian.Uint16(text[7:]))
		text = text[head:]
	case !d.code.open || d.code.opcode != opSegment || index != d.code.index:
		// Not acknowledged: the scanner tells its operator, who reads it again.
		d.gap(fmt.Sprintf("segment %d came", index), out)
		return
	}
	text = text[:min(len(text), d.code.missing)]
	d.code.missing -= len(text)
	d.code.index = index + 1
	if d.code.missing > 0 && p[atLength] != 0xFF {
		d.gap(fmt.Sprintf("its last segment came, and %d bytes are missing", d.code.missing), out)
		return
	}
	d.accept(p)
	d.add(text)
	if d.code.open = d.code.missing > 0; d.code.open {
		out.Reply(segmentAck)
		return
	}
	d.code.ack = ack
	if d.ringAck {
		d.code.ack = hostAck
	}
	d.hand(false, out)
}

// begin starts a code.
func (d *Decoder) begin(opcode, codeType byte) {
	d.code = message{opcode: opcode, codeType: codeType, content: d.code.content[:0], open: true}
}

// add keeps a part of a code, up to what shows that it is too long.
func (d *Decoder) add(text []byte) {
	room := d.limit + 1 - len(d.code.content)
	d.code.content = append(d.code.content, text[:min(len(text), room)]...)
	d.code.paused = false
}

// gap drops a code whose parts do not fit together.
func (d *Decoder) gap(why string, out *wire.Output) {
	d.code.open, d.last = false, d.last[:0]
	out.Fault(fmt.Errorf("code with %d bytes so far, %s: %w", len(d.code.content), why, wire.ErrGap))
}

// repeated reports whether a packet says the same as the last one accepted,
// and that it has been sent before.
func (d *Decoder) repeated(p, last []byte) bool {
	if p[atStatus]&statusAgain == 0 || len(p) != len(last) || p[atStatus]&^statusAgain != last[atStatus] {
		return false
	}
	return string(p[:atStatus]) == string(last[:atStatus]) && string(p[atData:]) == string(last[atData:])
}

// accept remembers a packet, for telling its repeat.
func (d *Decoder) accept(p []byte) {
	d.last = append(d.last[:0], p...)
	d.last[atStatus] &^= statusAgain
}

// again answers the repeat of the last packet: a part was taken already, the
// end of a code perhaps could not be saved yet.
func (d *Decoder) again(last bool, partAck []byte, out *wire.Output) {
	if last {
		d.hand(true, out)
		return
	}
	out.Reply(partAck)
}

// hand hands out the code that is complete.
func (d *Decoder) hand(again bool, out *wire.Output) {
	c := &d.code
	switch c.codeType {
	case typeParameter:
		out.Reply(c.ack)
		out.Fault(fmt.Errorf("a programming barcode was scanned, the scanner may be set up differently now: %w", wire.ErrUnasked))
		return
	case typeSignature:
		out.Reply(c.ack)
		out.Fault(fmt.Errorf("a signature of %d bytes was captured: %w", len(c.content), wire.ErrUnasked))
		return
	}
	kind, _ := symbology.SSI(c.codeType) // none for a type that is in no list yet
	s := wire.Sighting{AIM: kind.AIM, Again: again, OnSaved: c.ack}
	if c.opcode == opBatch {
		s.Note = "from the scanner's memory"
	}
	if !d.options.Ack {
		out.Reply(c.ack)
		s.OnSaved = nil
	}
	before := len(out.Sightings)
	d.rules.Report(d.withoutSuffix(c.content), s, out)
	if len(out.Sightings) == before {
		return
	}
	// Types know UPC-A and composites, which identifiers in the code do not; of
	// what is GS1 and what is not, it is the other way round.
	told := &out.Sightings[before]
	told.AIM = cmp.Or(told.AIM, kind.AIM)
	if kind.Name == "composite" || kind.Name != "" && !strings.HasPrefix(told.Symbology, "gs1-") {
		told.Symbology = kind.Name
	}
}

// withoutSuffix cuts the terminator that the scanner is set to send with each
// code, in packets too.
func (d *Decoder) withoutSuffix(text []byte) []byte {
	n := len(text)
	for _, p := range d.pairs {
		if n >= 2 && text[n-2] == p[0] && text[n-1] == p[1] {
			return text[:n-2]
		}
	}
	if n >= 1 && d.single[text[n-1]] {
		return text[:n-1]
	}
	return text
}

// aimOf is the AIM identifier at the beginning of a code, or empty.
func aimOf(text []byte) string {
	const length = 3
	aim, _ := scan.CutAIM(string(text[:min(len(text), length)]))
	return aim
}
