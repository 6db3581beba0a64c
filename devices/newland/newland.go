// Package newland decodes Newland scanners and their clones on a serial line:
// codes, one per line, and between them the answers to commands.
//
//	4006381333931 CR                                  a code, as package lines reads it
//	02 01 "0000" @ C11ENA1 06 , MIN12 06 ; GRBENA0 06 ; 03
//	│            │ │     │ │  │ │     │  │            └─ ETX
//	│            │ │     │ │  │ │     │  └─ another tag follows, or the end
//	│            │ │     │ │  │ │     └─ status: 06 taken, 05 unknown, 15 out of range
//	│            │ │     │ │  │ └─ the same tag's next setting: three letters, value
//	│            │ └─────┴─ tag, setting, value: the fact C11ENA=1
//	│            └─ @ kept in flash, # until the power goes
//	└─ STX SOH 0000
//
// Older engines and modules, options engine:
//
//	06, 15, !                    text command taken, not taken; awake, in answer to ?
//	02 00 00 01 00 33 31         answer to a binary command: type, length, data, CRC
//
// Codes and answers are told apart by their first bytes. No code holds STX SOH
// "0000" and @ or #, so that an answer is known wherever it begins, also behind a
// code that was sent without a suffix. What begins so and then breaks off is no
// scan. A binary answer and a lone ACK or NAK are known at the beginning of a line
// only. A "!" there, or some, are answers if silence or another answer follows,
// and a code's first characters if anything else does.
package newland

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/lines"
	"scanpost/devices/mixed"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Prefix string   // what every line begins with; other bytes before it are noise
	End    []string `toml:"end,one"` // what ends a line; none: silence does
	AIMID  bool     `toml:"aim_id"`  // the device sends AIM identifiers
	CodeID string   `toml:"code_id"` // whose code ids it sends, one of symbology.Sets
	GS     string   `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Engine bool     // it is an older engine, with text and binary commands
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole lines that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole lines that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{CodeID: "none", Max: content.Longest} }

const (
	stx, etx, enq, ack, nak = 0x02, 0x03, 0x05, 0x06, 0x15

	header  = "\x02\x010000"
	longest = 2048 // answer; one that lists a tag's settings has some hundred bytes
)

// Decoder is the state of one connection.
type Decoder struct {
	stream *mixed.Stream
	engine bool
	aim    bool
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	d := &Decoder{engine: o.Engine, aim: o.AIMID}
	starts := "\x02"
	if o.Engine {
		starts = "\x02\x06\x15!"
	}
	var err error
	d.stream, err = mixed.New(d, starts, lines.Options{
		Prefix: o.Prefix, End: o.End, AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore,
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Decode consumes what arrived and reports the codes and answers it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) { d.stream.Decode(arrived, out) }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) { d.stream.Silence(out) }

// Look judges bytes that may begin an answer.
func (d *Decoder) Look(held []byte, between, ended bool) mixed.Verdict {
	switch {
	case held[0] == stx && len(held) == 1:
		return mixed.Verdict{Kind: mixed.More}
	case held[0] == stx && held[1] == 0x00:
		if !d.engine || !between {
			return mixed.Verdict{}
		}
		return binary(held, ended)
	case held[0] == stx:
		return settings(held, between, ended)
	case !between:
		return mixed.Verdict{}
	case held[0] != '!':
		return mixed.Verdict{Kind: mixed.Frame, N: 1}
	}
	return d.awake(held, ended)
}

// awake judges one "!" or more: one that was asked again before it answered says
// it as often as it was asked.
func (d *Decoder) awake(held []byte, ended bool) mixed.Verdict {
	const asked = 4 // times at most, before it is a code
	n := 1
	for n < len(held) && held[n] == '!' {
		n++
	}
	switch {
	case n > asked:
		return mixed.Verdict{}
	case n < len(held) && d.begins(held[n]), n == len(held) && ended:
		return mixed.Verdict{Kind: mixed.Frame, N: 1}
	case n == len(held):
		return mixed.Verdict{Kind: mixed.More}
	}
	return mixed.Verdict{}
}

// begins reports whether b, right behind a "!", shows that it was an answer.
func (d *Decoder) begins(b byte) bool {
	return b == stx || b == ack || b == nak || d.aim && b == ']'
}

func torn(n int, reason error, format string, args ...any) mixed.Verdict {
	return mixed.Verdict{Kind: mixed.Torn, N: n, Why: fmt.Errorf("answer "+format+": %w", append(args, reason)...)}
}

// settings judges an answer to a command of settings.
func settings(held []byte, between, ended bool) mixed.Verdict {
	for i, b := range held {
		switch {
		case i < len(header) && b == header[i], i == len(header) && (b == '@' || b == '#'):
		case i <= len(header):
			if between && i >= 2 { // no code begins with STX SOH
				return torn(i, wire.ErrShort, "is none after %d bytes, by %02X", i, b)
			}
			return mixed.Verdict{}
		case i == longest:
			return torn(i, wire.ErrTooLong, "goes on after %d bytes", i)
		case b == etx && held[i-1] == ';':
			return mixed.Verdict{Kind: mixed.Frame, N: i + 1}
		case b < ' ' && !inside(b):
			return torn(i, wire.ErrShort, "of %d bytes is broken off by %02X", i, b)
		}
	}
	if ended {
		return torn(len(held), wire.ErrShort, "of %d bytes has no end", len(held))
	}
	return mixed.Verdict{Kind: mixed.More}
}

// inside reports whether a control byte may stand within an answer: a status,
// or a line break in the text that a device tells about itself.
func inside(b byte) bool {
	return b == ack || b == nak || b == enq || b == '\r' || b == '\n' || b == '\t'
}

// binary judges an answer of an older engine, which carries its length and CRC.
func binary(held []byte, ended bool) mixed.Verdict {
	const before, after = 4, 2 // STX 00 type length, CRC
	if len(held) >= before {
		n := before + int(held[3]) + after
		if len(held) >= n {
			is, want := uint16(held[n-2])<<8|uint16(held[n-1]), crc(held[2:n-after])
			if is != want {
				return torn(n, wire.ErrChecksum, "with crc %04X, want %04X", is, want)
			}
			return mixed.Verdict{Kind: mixed.Frame, N: n}
		}
	}
	if ended {
		return torn(len(held), wire.ErrShort, "of %d bytes has no end", len(held))
	}
	return mixed.Verdict{Kind: mixed.More}
}

// crc is CRC-16 with polynomial 1021, from 0000, not reflected.
func crc(b []byte) (sum uint16) {
	for _, one := range b {
		sum ^= uint16(one) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

// Frame hands out an answer.
func (d *Decoder) Frame(frame []byte, out *wire.Output) {
	switch {
	case frame[0] == nak:
		out.Answer(wire.Answer{Refused: "not taken (NAK)"})
	case len(frame) == 1:
		out.Answer(wire.Answer{})
	case frame[1] == 0x00:
		out.Answer(told(frame))
	default:
		out.Answer(answer(frame[len(header)+1:len(frame)-1], out))
	}
}

// told reads an answer of an older engine.
func told(frame []byte) wire.Answer {
	switch kind := frame[2]; kind {
	case 0x00:
		return wire.Answer{Facts: []wire.Fact{{Name: "data", Value: strings.ToUpper(hex.EncodeToString(frame[4 : len(frame)-2]))}}}
	case 0x01:
		return wire.Answer{Refused: "wrong crc (01)"}
	case 0x03:
		return wire.Answer{Refused: "unknown command (03)"}
	default:
		return wire.Answer{Refused: fmt.Sprintf("type %02X", kind)}
	}
}

// answer reads the items of an answer, each of which ends with its status and
// a comma or semicolon.
func answer(items []byte, out *wire.Output) wire.Answer {
	const width = 3 // of a tag, and of a setting's name
	var a wire.Answer
	var refused []string
	tag := ""
	for len(items) > 0 {
		end := bytes.IndexAny(items, "\x05\x06\x15")
		if end < 0 || end+1 >= len(items) || items[end+1] != ',' && items[end+1] != ';' {
			out.Fault(fmt.Errorf("answer item %.40q without a status: %w", items, wire.ErrShort))
			break
		}
		item, status, follows := string(items[:end]), items[end], items[end+1]
		items = items[end+2:]
		if tag == "" && len(item) >= width {
			tag, item = item[:width], item[width:]
		}
		name, value := item, ""
		if len(item) > width {
			name, value = item[:width], item[width:]
		}
		switch status {
		case enq:
			refused = append(refused, tag+item+" is unknown")
		case nak:
			refused = append(refused, tag+item+" is out of range")
		default:
			a.Facts = append(a.Facts, wire.Fact{Name: tag + name, Value: value})
		}
		if follows == ';' {
			tag = ""
		}
	}
	a.Refused = strings.Join(refused, ", ")
	return a
}

// Answered says that no line is an answer: those of this family have frames.
func (d *Decoder) Answered(*wire.Sighting, *wire.Output) bool { return false }
