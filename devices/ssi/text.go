package ssi

import (
	"bytes"
	"fmt"
	"slices"

	"scanpost/devices/wire"
)

// take judges the next byte, with which no packet begins, and returns how many
// bytes are done with.
func (d *Decoder) take(b []byte, out *wire.Output) int {
	if d.text == 0 && (d.junk || d.spent || b[0] < atData || d.isEnd(b[0])) {
		d.spent, d.rest = false, max(0, d.rest-1)
		return 1
	}
	d.text++
	if d.text <= d.limit {
		return 0
	}
	out.Fault(fmt.Errorf("text beginning %s goes on after %d bytes: %w", short(b), d.limit, wire.ErrTooLong))
	done := d.text
	d.text, d.junk = 0, true
	return done
}

// isEnd reports whether a byte is nothing where a code may begin: it ends an
// empty line, or is the other half of CR LF.
func (d *Decoder) isEnd(b byte) bool { return b == '\r' || b == '\n' || d.single[b] }

// endsText returns how long the text at the beginning of b is without its
// terminator, if the byte after it completes one; else -1.
func (d *Decoder) endsText(b []byte) int {
	n := d.text
	if n == 0 {
		return -1
	}
	for _, p := range d.pairs {
		if p[0] == b[n-1] && p[1] == b[n] {
			return n - 1
		}
	}
	if d.single[b[n]] {
		return n
	}
	return -1
}

// endText reports text, and returns the bytes done with. What ended it stays
// at the front, marked as spent: if it was none of the text's but the length of
// a packet, the packet is still whole.
func (d *Decoder) endText(text []byte, out *wire.Output) int {
	done := d.text
	d.text, d.rest, d.spent = 0, 0, true
	d.report(text, "", out)
	return done
}

// interrupted deals with text before a proven packet, without a terminator. A
// scanner that sends packets does not send text in between: it is noise then.
func (d *Decoder) interrupted(text []byte, out *wire.Output) {
	if d.packeted {
		out.Fault(fmt.Errorf("%s before a packet: %w", short(text), wire.ErrNoise))
		return
	}
	d.loose(text, out)
}

// silenced deals with text that silence ends.
func (d *Decoder) silenced(text []byte, out *wire.Output) {
	if n := len(text); d.packeted && n >= 2 && text[n-2] >= 0x80 {
		out.Fault(fmt.Errorf("%s, which may be the end of a packet: %w", short(text), wire.ErrNoise))
		return
	}
	d.loose(text, out)
}

// loose reports text without a terminator. The rest of a packet that broke off
// is none, and neither is a disturbed byte that can not even be printed.
func (d *Decoder) loose(text []byte, out *wire.Output) {
	if d.rest > 0 {
		d.rest = max(0, d.rest-len(text))
		out.Fault(fmt.Errorf("%s, which may be the rest of a packet: %w", short(text), wire.ErrNoise))
		return
	}
	if !slices.ContainsFunc(text, printable) {
		out.Fault(fmt.Errorf("%s: %w", short(text), wire.ErrNoise))
		return
	}
	if len(d.options.End) == 0 {
		d.report(trimBreak(text), "", out) // as it should be
		return
	}
	for _, p := range d.pairs {
		text = bytes.TrimSuffix(text, p[:1]) // half a terminator is none of the code's
	}
	d.report(text, "unterminated", out)
}

func printable(b byte) bool { return b > ' ' && b <= '~' }

// trimBreak drops a suffix of CR, LF or both.
func trimBreak(text []byte) []byte {
	for range 2 {
		if n := len(text); n > 0 && (text[n-1] == '\r' || text[n-1] == '\n') {
			text = text[:n-1]
		}
	}
	return text
}

// report hands out a code that came as plain text.
func (d *Decoder) report(text []byte, note string, out *wire.Output) {
	if bytes.IndexByte(text, 0) >= 0 {
		d.lost()
		out.Fault(fmt.Errorf("%s is no text: %w", short(text), wire.ErrNoise))
		return
	}
	if d.packets {
		d.restarted(out)
	}
	d.rules.Report(text, wire.Sighting{Note: note}, out)
}

// restarted notes that the scanner sends as it came from the factory.
func (d *Decoder) restarted(out *wire.Output) {
	if d.code.open {
		d.gap("and then plain text", out)
	}
	out.Restarted = true
	d.packets, d.packeted, d.ringAck = false, false, false
	d.last, d.lastReply = d.last[:0], d.lastReply[:0]
}
