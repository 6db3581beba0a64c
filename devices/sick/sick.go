// Package sick decodes SICK readers (CLV, Lector), on whose line readings and
// the answers to commands (CoLa) follow each other.
//
//	STX 4006381333931 ETX                            a reading
//
//	STX sRA DeviceIdent 6 CLV690 5 V1.00 ETX         an answer in CoLa A
//	    │   │           └─ the value; a text may have its length before it, in hex
//	    │   └─ name
//	    └─ sRA was read, sWA written, sAN called, sFA refused
//
//	STX STX STX STX 00 00 00 13 sRA SCdevicestate 01 1E
//	│               │           │                    └─ XOR of the telegram    (CoLa B)
//	│               │           └─ the telegram, of that many bytes; values are binary
//	│               └─ length, big endian
//	└─ no reading begins with four of them
//
// Both dialects are read at any time, whichever the interface speaks. CR and LF
// between frames are nothing; other bytes there are noise. A frame that another
// STX or silence ends is a reading without its ETX, which is not lost but
// marked "unterminated"; a telegram is never a reading, whole or broken.
package sick

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	AIMID  bool     `toml:"aim_id"` // readings begin with AIM identifiers
	GS     string   `toml:"gs"`     // what it sends in place of GS1's separator; empty: GS itself
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole readings that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole readings that mean nothing: heartbeats
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Max: content.Longest} }

const (
	stx = 0x02
	etx = 0x03

	head     = 8    // bytes before a telegram in CoLa B
	telegram = 1024 // the longest one, if codes are shorter
	piece    = 1024 // taken in one go, to bound what is kept
)

// Decoder is the state of one connection.
type Decoder struct {
	rules content.Rules
	limit int // most bytes of a frame

	held     []byte // not decided yet; begins with STX
	seen     int    // bytes behind that STX in which no end was found
	skipping bool   // the frame was too long; its rest is dropped

	stray     int    // bytes outside of frames since the last frame
	strayHead []byte // the first of them
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	rules, err := content.New(content.Options{AIMID: o.AIMID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	if err != nil {
		return nil, err
	}
	return &Decoder{rules: rules, limit: max(rules.Limit(), telegram)}, nil
}

// Decode consumes what arrived and reports what it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	for len(arrived) > 0 {
		n := min(len(arrived), piece)
		d.held = append(d.held, arrived[:n]...)
		rest := d.parse(d.held, false, out)
		d.held = d.held[:copy(d.held, rest)]
		arrived = arrived[n:]
	}
}

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.parse(d.held, true, out)
	d.held, d.skipping = d.held[:0], false
	d.tellStray(out)
}

// parse takes frames from b and returns what needs more bytes to be one; with
// ended nothing will follow, and nothing is returned.
func (d *Decoder) parse(b []byte, ended bool, out *wire.Output) []byte {
	for len(b) > 0 {
		switch {
		case d.skipping:
			b = d.skip(b)
		case b[0] != stx:
			b = d.between(b)
		default:
			d.tellStray(out)
			n := d.frame(b, ended, out)
			if n == 0 {
				return b
			}
			b = b[n:]
		}
	}
	return nil
}

// skip drops what is left of a frame that was too long, and returns the rest.
func (d *Decoder) skip(b []byte) []byte {
	at := bytes.IndexAny(b, "\x02\x03")
	if at < 0 {
		return nil
	}
	d.skipping = false
	if b[at] == etx {
		at++
	}
	return b[at:]
}

// between counts what is outside of frames, and returns the rest.
func (d *Decoder) between(b []byte) []byte {
	n := bytes.IndexByte(b, stx)
	if n < 0 {
		n = len(b)
	}
	for _, one := range b[:n] {
		if one == '\r' || one == '\n' {
			continue
		}
		d.stray++
		if len(d.strayHead) < shown {
			d.strayHead = append(d.strayHead, one)
		}
	}
	return b[n:]
}

// tellStray tells of it, once for each run.
func (d *Decoder) tellStray(out *wire.Output) {
	if d.stray > 0 {
		out.Fault(fmt.Errorf("%d bytes beginning %q outside of STX and ETX (is the reader's output format framed so?): %w", d.stray, d.strayHead, wire.ErrNoise))
	}
	d.stray, d.strayHead = 0, d.strayHead[:0]
}

// frame handles what begins with STX and returns how many bytes that took, 0
// if more are needed.
func (d *Decoder) frame(b []byte, ended bool, out *wire.Output) int {
	starts := 0
	for starts < min(len(b), 4) && b[starts] == stx {
		starts++
	}
	switch {
	case starts == 4 && len(b) > 4 && b[4] == stx:
		return 1 // no length begins with it
	case starts == 4:
		return d.binary(b, ended, out)
	case starts == len(b) && !ended:
		return 0
	case starts == len(b):
		out.Fault(fmt.Errorf("STX and nothing after it: %w", wire.ErrShort))
		return len(b)
	case starts > 1:
		return starts - 1 // the last of them begins a frame
	}
	window := b[1:min(len(b), 1+d.limit+1)]
	seen := d.seen
	d.seen = 0
	at := bytes.IndexAny(window[seen:], "\x02\x03")
	if at >= 0 {
		at += seen
	}
	switch {
	case at >= 0 && window[at] == etx:
		d.text(window[:at], "", out)
		return 1 + at + 1
	case at >= 0:
		d.text(window[:at], "unterminated", out)
		return 1 + at
	case len(window) > d.limit:
		out.Fault(fmt.Errorf("frame beginning %s goes on after %d bytes: %w", short(window), d.limit, wire.ErrTooLong))
		d.skipping = true
		return 1 + len(window)
	case !ended:
		d.seen = len(window)
		return 0
	}
	d.text(window, "unterminated", out)
	return len(b)
}

// binary handles a frame of CoLa B. Of one that fails only the four STX are
// dropped: a frame may begin in what looked like its telegram. The rest is
// noise, and no reading.
func (d *Decoder) binary(b []byte, ended bool, out *wire.Output) int {
	n := 0
	if len(b) >= head {
		length := binary.BigEndian.Uint32(b[4:head])
		if length > uint32(d.limit) {
			out.Fault(fmt.Errorf("telegram of %d bytes, longest is %d: %w", length, d.limit, wire.ErrTooLong))
			return 4
		}
		n = int(length)
	}
	switch all := head + n + 1; {
	case len(b) < all && ended:
		out.Fault(fmt.Errorf("telegram %s breaks off: %w", short(b), wire.ErrShort))
		return 4
	case len(b) < all:
		return 0
	}
	body := b[head : head+n]
	if got, want := b[head+n], xor(body); got != want {
		out.Fault(fmt.Errorf("telegram %s, XOR is %#02x and not %#02x: %w", short(body), want, got, wire.ErrChecksum))
		return 4
	}
	d.telegram(body, true, out)
	return head + n + 1
}

// text handles what is between STX and ETX.
func (d *Decoder) text(b []byte, note string, out *wire.Output) {
	switch {
	case !isTelegram(b) && (len(b) == 0 || b[0] != 0):
		d.rules.Report(b, wire.Sighting{Note: note}, out)
	case !isTelegram(b):
		out.Fault(fmt.Errorf("frame %s is the rest of a telegram: %w", short(b), wire.ErrNoise))
	case note != "":
		out.Fault(fmt.Errorf("telegram %s breaks off: %w", short(b), wire.ErrShort))
	default:
		d.telegram(b, false, out)
	}
}
