// Package ssi decodes Zebra's and Symbol's Simple Serial Interface: packets
// that the scanner wants acknowledged, on RS-232, USB CDC and Bluetooth.
//
//	12     F3     00     00     0B 4006381333931     FC 54
//	│      │      │      │      │                    └─ checksum: two's complement of the sum of all bytes before it
//	│      │      │      │      └─ data: of DECODE_DATA the code type, then the code
//	│      │      │      └─ status: bit 0 sent once more, bit 1 more follows; others are let pass
//	│      │      └─ source: 00 the scanner
//	│      └─ opcode: F3 DECODE_DATA
//	└─ length: the bytes before the checksum, from 4 to 255
//
// Ring scanners put a header before the code, and cut long codes in segments:
//
//	DECODE_DATA  type | 01 | length (2) | code
//	73, first    FF 73 02 00 | 00 | F3 00 00 | length (2) | type | 01 | length (2) | code
//	73, next     length 73 00 00 | index | code
//
// The packet with the end of a code is acknowledged once the scan is saved, so
// the scanner knows. All others are acknowledged at once. A scanner that hears
// no acknowledgement sends the same packet again with bit 0 set: if it is the
// last one accepted, the sighting is given out again and marked. A packet with
// a wrong checksum is answered with NAK RESEND, at most three times before one
// is right again; noise would else be asked to repeat itself for ever.
//
// # Packets and plain text
//
// A factory-fresh scanner answers commands in packets but sends codes as plain
// text, ended by options end or silence, and it does so again after a loss of
// power. What is what hangs on the bytes alone:
//
//   - A packet begins with a length of 4 or more, an opcode of 80 or more (or
//     73), and source 00 (02 in the first segment). Its checksum proves it.
//   - A wake-up byte 00, bytes 01 to 03, and terminators before a code are nothing.
//   - All else is text, up to a terminator, silence or a proven packet.
//   - Text with a NUL in it is none: each packet has one in its head, so this is
//     a broken packet. It is noise, up to the next proven packet or silence.
//   - After the first DECODE_DATA, text that no terminator ends is noise if a
//     packet follows, or if it looks like the end of one (its last byte but one
//     is above 7F, as in a checksum). Without a printable character it is always noise.
//   - A packet cut by silence may go on after it: its rest is waited for until
//     the next silence. If it does not fit, what came after the first silence is
//     read for itself; but as many bytes as were missing are noise, unless they
//     are proven packets or end as text does.
//
// Text after packets means that the scanner has lost its temporary parameters,
// so it is said to have restarted.
package ssi

import (
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	End    []string `toml:"end,one"` // what ends plain text, and is cut from the code in a packet; none: silence ends text
	AIMID  bool     `toml:"aim_id"`  // the scanner sends AIM identifiers
	CodeID string   `toml:"code_id"` // the scanner sends its maker's code ids: one of symbology.Sets
	GS     string   `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole codes that mean nothing
	Header string   // of DECODE_DATA: "classic", "long" (ring scanners), or "auto": long where its length fits
	Ack    bool     // acknowledge a code when it is saved; false: when it arrives
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{CodeID: "none", Max: content.Longest, Header: "auto", Ack: true}
}

// Decoder is the state of one connection.
type Decoder struct {
	options Options
	rules   content.Rules
	single  [256]bool // bytes that end text by themselves
	pairs   [][2]byte // pairs of bytes that do
	limit   int       // most bytes of text, or of a code in packets, with a suffix

	buf   []byte // what is not dealt with yet
	text  int    // that many bytes at its beginning are text
	spent bool   // its first byte has ended a text already
	junk  bool   // out of step: nothing is text until a proven packet or silence
	cut   int    // its packet broke off here, where a silence was; 0: none did
	rest  int    // bytes that were missing of a packet that broke off, and may still come

	packets  bool // any packet has come since the start: the scanner has been told how to send
	packeted bool // DECODE_DATA has come: it does send so
	naks     int  // sent since the last proven packet

	last      []byte // the last packet with a code that was accepted, bit 0 cleared
	lastReply []byte // the last reply to a command, likewise
	ringAck   bool   // a ring scanner has answered INIT

	code message // that is under way, or the last one
}

// message is a code as its packets give it.
type message struct {
	opcode   byte
	codeType byte
	content  []byte // bounded; it stays after the end, for a repeat
	open     bool   // more follows
	paused   bool   // there was a silence since the last part
	index    byte   // of the next segment
	missing  int    // bytes that segments have still to bring
	ack      []byte // for its end
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	mistakes := []error{err}
	d := &Decoder{options: o, rules: rules}
	for _, end := range o.End {
		switch len(end) {
		case 1:
			d.single[end[0]] = true
		case 2:
			d.pairs = append(d.pairs, [2]byte{end[0], end[1]})
		default:
			mistakes = append(mistakes, content.Wrong("end", "must be of one or two bytes, not %q (without it, silence ends plain text)", end))
		}
	}
	switch o.Header {
	case "auto", "classic", "long":
	default:
		mistakes = append(mistakes, content.Wrong("header", "must be auto, classic or long, not %q", o.Header))
	}
	const suffix = 2
	d.limit = rules.Limit() + suffix
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return d, nil
}

// Decode consumes what arrived and reports what it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	for len(arrived) > 0 {
		n := min(len(arrived), 2*largest) // so that no burst makes the buffer grow
		d.buf = append(d.buf, arrived[:n]...)
		arrived = arrived[n:]
		d.read(out)
	}
}

// read deals with all that can be judged, and moves the rest to the front.
func (d *Decoder) read(out *wire.Output) {
	rest := d.buf
	for len(rest) > d.text {
		n, ok := d.step(rest, out)
		if !ok {
			break
		}
		rest = rest[n:]
	}
	d.buf = d.buf[:copy(d.buf, rest)]
}

// step judges what follows the text at the beginning of b, and returns how many
// bytes of b are done with; not ok if too few have come to tell.
func (d *Decoder) step(b []byte, out *wire.Output) (done int, ok bool) {
	if d.cut > 0 {
		return d.resume(b, out)
	}
	next := b[d.text:]
	if n := d.endsText(b); n >= 0 {
		return d.endText(b[:n], out), true
	}
	size, known := sizeOf(next)
	switch {
	case !known || len(next) < size:
		return 0, false
	case size == 0:
		return d.take(b, out), true
	case !proven(next[:size]):
		return d.damaged(b, size, out), true
	}
	if d.text > 0 {
		d.interrupted(b[:d.text], out)
	}
	done = d.text + size
	d.text, d.junk, d.spent, d.rest, d.naks = 0, false, false, 0, 0
	d.packet(next[:size-sumBytes], out)
	return done, true
}

// damaged deals with a packet whose checksum is wrong. It may be its length
// that is, so only one byte is dropped, and what follows is looked at again.
func (d *Decoder) damaged(b []byte, size int, out *wire.Output) int {
	packet := b[d.text:][:size]
	done := d.text + 1
	d.text = 0
	if d.junk {
		return done // said before
	}
	d.lost()
	out.Fault(fmt.Errorf("packet %s, sum is not 0: %w", short(packet), wire.ErrChecksum))
	d.forget(packet)
	if worthAsking(packet[atOpcode]) && d.naks < mostNaks {
		d.naks++
		out.Reply(resend)
	}
	return done
}

const mostNaks = 3

// lost notes that it is out of step: no more than a packet's bytes may still
// belong to what broke.
func (d *Decoder) lost() {
	d.junk, d.spent = true, false
	if d.packeted {
		d.rest = largest
	}
}

// forget lets go of the last accepted code if a packet broke that was to bring
// a new one: what comes with bit 0 set then repeats that, even where the same
// label was read twice.
func (d *Decoder) forget(broken []byte) {
	if len(broken) > atStatus && carriesCode(broken[atOpcode]) && broken[atStatus]&statusAgain == 0 {
		d.last = d.last[:0]
	}
}

// resume goes on with a packet that a silence cut in two: either what came
// after it is its rest, or a packet of its own, or neither.
func (d *Decoder) resume(b []byte, out *wire.Output) (done int, ok bool) {
	size, known := sizeOf(b)
	if known && size == 0 {
		return d.giveUp(b, out), true
	}
	if fresh := b[d.cut:]; len(fresh) > 0 {
		n, _ := sizeOf(fresh)
		if n > 0 && len(fresh) >= n && (!known || d.cut+n <= size) && proven(fresh[:n]) {
			return d.giveUp(b, out), true
		}
	}
	switch {
	case !known || len(b) < size:
		return 0, false
	case !proven(b[:size]):
		return d.giveUp(b, out), true
	}
	d.cut = 0
	return 0, true
}

// giveUp drops a packet that was cut, or what turns out to be none.
func (d *Decoder) giveUp(b []byte, out *wire.Output) int {
	n := d.cut
	d.cut = 0
	size, known := sizeOf(b)
	if d.rest = 0; known && size == 0 {
		out.Fault(fmt.Errorf("%s between packets: %w", short(b[:n]), wire.ErrNoise))
		return n
	}
	if known {
		d.rest = size - n
	}
	out.Fault(fmt.Errorf("packet %s broke off: %w", short(b[:n]), wire.ErrShort))
	d.forget(b[:n])
	return n
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	if d.cut > 0 && len(d.buf) > 0 {
		d.drop(d.giveUp(d.buf, out))
		d.read(out)
	}
	for d.junk && len(d.buf) > 0 {
		n := provenWithin(d.buf)
		if n == 0 {
			break
		}
		d.drop(n)
		d.read(out)
	}
	switch {
	case d.text == 0 && d.broken():
		d.cut = len(d.buf) // its rest may only be late
	case d.text == 0 && (d.junk || d.blank()):
		d.buf = d.buf[:0]
	case len(d.buf) > 0:
		text := d.buf
		if d.text == 0 && (d.spent || d.isEnd(text[0])) {
			text = text[1:]
		}
		d.silenced(text, out)
		d.buf, d.text = d.buf[:0], 0
	}
	d.junk, d.spent, d.code.paused = false, false, true
}

// broken reports whether the buffer holds the beginning of a packet.
func (d *Decoder) broken() bool {
	if len(d.buf) == 0 {
		return false
	}
	size, known := sizeOf(d.buf)
	if known {
		return size > 0
	}
	// One or two bytes; those that can be printed may also be a whole code.
	text := !d.packeted && (printable(d.buf[0]) || d.spent || d.isEnd(d.buf[0]))
	if len(d.buf) == 1 {
		return !text && !d.junk && !d.blank()
	}
	return !text || !printable(d.buf[atOpcode])
}

// blank reports whether the buffer holds nothing but the end of a text.
func (d *Decoder) blank() bool {
	return len(d.buf) == 1 && (d.spent || d.isEnd(d.buf[0]))
}

// provenWithin finds a whole packet behind the beginning of what looked like
// another one; zero if there is none.
func provenWithin(b []byte) int {
	for n := 1; n < len(b); n++ {
		if size, _ := sizeOf(b[n:]); size > 0 && len(b)-n >= size && proven(b[n:][:size]) {
			return n
		}
	}
	return 0
}

// drop forgets bytes at the front.
func (d *Decoder) drop(n int) { d.buf = d.buf[:copy(d.buf, d.buf[n:])] }

// packet hands out what a proven packet says, without its checksum.
func (d *Decoder) packet(p []byte, out *wire.Output) {
	d.packets = true
	data := p[atData:]
	switch p[atOpcode] {
	case opAck:
		out.Answer(wire.Answer{})
	case opNak:
		refused(data, out)
	case opDecode, opBatch:
		d.packeted = true
		d.decoded(p, out)
	case opSegment:
		d.packeted = true
		d.segment(p, out)
	case opEvent:
		out.Reply(ack)
	case opManagement, opInitReply, opRevision, opID, opParams, opCapabilities:
		d.reply(p, out)
	default:
		out.Reply(ack)
		out.Fault(fmt.Errorf("packet %s with opcode %02X: %w", short(p), p[atOpcode], wire.ErrUnasked))
	}
}

// short shows the beginning of bytes in a message.
func short(b []byte) string {
	if len(b) > 12 {
		return fmt.Sprintf("% X…", b[:12])
	}
	return fmt.Sprintf("% X", b)
}
