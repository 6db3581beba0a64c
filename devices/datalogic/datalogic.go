// Package datalogic decodes Datalogic scanners on a serial line: codes, one per
// line, and between them the answers to what the station asked.
//
//	]E0 4006381333931 CR               a code, as package lines reads it; options aim_id, or code_id for label ids
//	< CR, ]E4 > CR, FF = CR            a key of a scanner with a display: no code, and left out quietly
//	01  02 M "GD4430" 03  02 S … 03  04
//	│   │  │ └─ value   │          └─ EOT ends the answer to i, h or s
//	│   │  └─ tag, one letter; it is the fact's name
//	│   └─ STX … ETX, once for each fact
//	└─ SOH
//	06, 15, 07, 18                     taken; out of range; no such item; malformed
//	$> CR, $# CR                       service mode: accepted, rejected; several after one another as $>,>,#
//
// Codes and answers are told apart by how they begin. SOH, STX at the beginning
// of a line are an answer, and so is a lone control byte there: with AIM
// identifiers or label ids on, a code never begins so. A device without either,
// whose codes may begin with a control byte, says options acks = false. In the
// midst of a line all bytes are the code's. $> and $# count as answers where
// they are all that the line says and no identifier stands before them.
//
// A key comes as a line of one character: <, = or >. Where identifiers are on it
// looks like an EAN-8 of length one, which does not exist, so that no code can be
// taken for a key; a Code 128 of "<" keeps its identifier and is a code. Where
// they are off, "<" is a key unless options keys = false. Keys are no codes and no
// faults, since pressing one is nothing odd; there is nothing they could be
// recorded as, so they are left out.
//
// A scanner and scale on a single cable, options single_cable, sends S08, a label
// id and the code; what begins otherwise is the scale's, which nobody asks here.
// Its ids are those of the USA set, apart from B1, B2, B3.
//
// The answer to $c, which reads one setting, is a line of plain text that nothing
// sets apart from a code. So this package does not know it, and no profile asks.
package datalogic

import (
	"bytes"
	"errors"
	"fmt"

	"scanpost/devices/content"
	"scanpost/devices/lines"
	"scanpost/devices/mixed"
	"scanpost/devices/symbology"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Prefix string   // what every line begins with; other bytes before it are noise
	End    []string `toml:"end,one"` // what ends a line; none: silence does
	AIMID  bool     `toml:"aim_id"`  // the device sends AIM identifiers
	CodeID string   `toml:"code_id"` // the device sends label ids of "datalogic-usa" or "datalogic-eu"
	GS     string   `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Ack    string   // what the device waits for until its code is saved; empty: it does not wait
	Acks   bool     // it may answer with single control bytes
	Keys   bool     // it may have keys
	Single bool     `toml:"single_cable"` // a scanner and scale on a single cable: S08 and a label id before each code
	Max    int      // longest code in bytes
	NoRead []string `toml:"noread,one"` // whole lines that mean "nothing read"
	Ignore []string `toml:"ignore,one"` // whole lines that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options {
	return Options{CodeID: "none", Acks: true, Keys: true, Max: content.Longest}
}

// The control bytes of answers.
const (
	soh, stx, etx, eot = 0x01, 0x02, 0x03, 0x04
	ack, bel, nak, can = 0x06, 0x07, 0x15, 0x18
)

// longest is the longest answer with facts; the known ones have some thirty.
const longest = 2048

// Decoder is the state of one connection.
type Decoder struct {
	stream *mixed.Stream
	acks   bool
	keys   bool
	single bool
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	d := &Decoder{acks: o.Acks, keys: o.Keys, single: o.Single}
	var mistake, err error
	if o.Single {
		if o.Prefix != "" || o.AIMID || o.CodeID != "" && o.CodeID != "none" {
			mistake = content.Wrong("single_cable", "has a prefix and label ids of its own: leave out prefix, aim_id and code_id")
		}
		o.Prefix = "S08"
	}
	d.stream, err = mixed.New(d, "\x01\x06\x07\x15\x18", lines.Options{
		Prefix: o.Prefix, End: o.End, AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Ack: o.Ack, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore,
	})
	if err := errors.Join(mistake, err); err != nil {
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
	case !between:
		return mixed.Verdict{}
	case held[0] != soh && d.acks:
		return mixed.Verdict{Kind: mixed.Frame, N: 1}
	case held[0] != soh || len(held) > 1 && held[1] != stx:
		return mixed.Verdict{}
	case len(held) == 1:
		return mixed.Verdict{Kind: mixed.More}
	}
	return facts(held, ended)
}

// facts judges an answer of which SOH and STX are there.
func facts(held []byte, ended bool) mixed.Verdict {
	torn := func(n int, what string, reason error) mixed.Verdict {
		return mixed.Verdict{Kind: mixed.Torn, N: n, Why: fmt.Errorf("answer of %d bytes %s: %w", n, what, reason)}
	}
	inside := true // between STX and ETX
	for i := 2; i < len(held); i++ {
		b := held[i]
		switch {
		case i == longest:
			return torn(i, "goes on", wire.ErrTooLong)
		case b == etx && inside, b == stx && !inside:
			inside = !inside
		case b == eot && !inside:
			return mixed.Verdict{Kind: mixed.Frame, N: i + 1}
		case b < ' ', !inside:
			return torn(i, fmt.Sprintf("is broken off by %02X", b), wire.ErrShort)
		}
	}
	if ended {
		return torn(len(held), "has no end", wire.ErrShort)
	}
	return mixed.Verdict{Kind: mixed.More}
}

// Frame hands out an answer.
func (d *Decoder) Frame(frame []byte, out *wire.Output) {
	switch frame[0] {
	case ack:
		out.Answer(wire.Answer{})
	case bel:
		out.Answer(wire.Answer{Refused: "no such item (BEL)"})
	case nak:
		out.Answer(wire.Answer{Refused: "out of range (NAK)"})
	case can:
		out.Answer(wire.Answer{Refused: "malformed (CAN)"})
	default:
		var a wire.Answer
		for field := range bytes.SplitSeq(frame[1:len(frame)-1], []byte{etx}) {
			if len(field) < 2 { // STX, tag
				continue
			}
			f := wire.Fact{Name: string(field[1]), Value: string(field[2:])}
			a.Facts = append(a.Facts, f)
			if f.Value == "FAIL" {
				out.Fault(fmt.Errorf("the scanner says of its part %q: FAIL (see \"health\" in its manual): %w", f.Name, wire.ErrHardware))
			}
		}
		out.Answer(a)
	}
}

// Answered tells keys and the answers of service mode from codes.
func (d *Decoder) Answered(line *wire.Sighting, out *wire.Output) bool {
	if d.keys && isKey(line) {
		if len(line.OnSaved) > 0 {
			out.Reply(line.OnSaved) // it waits, as it would for a code
		}
		return true
	}
	if d.single && !line.NoRead {
		return identify(line, out)
	}
	if line.AIM != "" || line.Symbology != "" || line.NoRead {
		return false
	}
	accepted, is := service(line.Code)
	if !is {
		return false
	}
	var a wire.Answer
	if !accepted {
		a.Refused = "rejected (" + line.Code + ")"
	}
	out.Answer(a)
	return true
}

// isKey also knows a key whose identifier was not cut, as the profile says
// there are none.
func isKey(line *wire.Sighting) bool {
	key := line.Code
	if line.AIM == "" && len(key) == 4 && key[:3] == "]E4" {
		key = key[3:]
	}
	return (line.AIM == "" || line.AIM == "]E4") && (key == "<" || key == "=" || key == ">")
}

// identify cuts the label id of a single cable. An id without a code is nothing.
func identify(line *wire.Sighting, out *wire.Output) bool {
	read := line.Code
	if len(read) >= 2 && read[0] == 'B' && read[1] >= '1' && read[1] <= '3' {
		read = "*i#"[read[1]-'1':read[1]-'0'] + read[2:] // Code 39, Interleaved 2 of 5, Code 128
	}
	kind, code, found := symbology.Cut("datalogic-usa", read)
	if !found {
		return false
	}
	if code == "" {
		out.Fault(fmt.Errorf("label id %q without a code: %w", line.Code, wire.ErrShort))
		return true
	}
	line.AIM, line.Symbology, line.Code = kind.AIM, kind.Name, code
	return false
}

// service reads "$>" and "$#", and what follows where one line asked for several
// things: "$>,>,#".
func service(line string) (accepted, is bool) {
	if len(line) < 2 || len(line) > 64 || line[0] != '$' || len(line)%2 != 0 {
		return false, false
	}
	accepted = true
	for i := 1; i < len(line); i += 2 {
		switch {
		case line[i] != '>' && line[i] != '#', i > 1 && line[i-1] != ',':
			return false, false
		case line[i] == '#':
			accepted = false
		}
	}
	return accepted, true
}
