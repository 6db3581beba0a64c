// Package opticon decodes Opticon scanners on a serial line: codes, one per
// line, and between them the little that they answer.
//
//	]E0 4006381333931 CR         a code, as package lines reads it
//	06, 15                       a command was taken, or not
//	"NLV4001 V1.00" CR           an answer in plain text, such as to Z1; known by options replies
//
// In the ACK/NAK mode the scanner waits for 06 after each code, for a tenth of
// a second or a second after the model, and sounds its good-read buzzer when it
// comes, else its error buzzer. It does not repeat by itself, and marks nothing:
// a code that comes again was scanned again. Options ack is the 06, written back
// once the code is saved.
//
// Codes and answers are told apart by how they begin. With AIM identifiers on,
// as the profiles switch them on at every opening, each code begins with "]" and
// no answer does. So a lone ACK or NAK at the beginning of a line is an answer
// (unless options acks = false), and a line without an identifier is one if it
// begins as options replies say; that option needs aim_id. Without it a text
// that the scanner was asked for would be a scan, so then nothing is asked.
package opticon

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/lines"
	"scanpost/devices/mixed"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Prefix  string            // what every line begins with; other bytes before it are noise
	End     []string          `toml:"end,one"` // what ends a line; none: silence does
	AIMID   bool              `toml:"aim_id"`  // the device sends AIM identifiers
	CodeID  string            `toml:"code_id"` // whose code ids it sends, one of symbology.Sets
	GS      string            `toml:"gs"`      // what it sends in place of GS1's separator; empty: GS itself
	Ack     string            // what the device waits for until its code is saved; empty: it does not wait
	Acks    bool              // it may answer commands with 06 or 15
	Replies map[string]string // command = what the line begins with that answers it
	Max     int               // longest code in bytes
	NoRead  []string          `toml:"noread,one"` // whole lines that mean "nothing read"
	Ignore  []string          `toml:"ignore,one"` // whole lines that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{CodeID: "none", Acks: true, Max: content.Longest} }

const ack, nak = 0x06, 0x15

// Decoder is the state of one connection.
type Decoder struct {
	stream  *mixed.Stream
	replies []wire.Fact // command and beginning, the longest beginning first
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	d := &Decoder{}
	var mistakes []error
	for _, command := range slices.Sorted(maps.Keys(o.Replies)) {
		begins := o.Replies[command]
		switch {
		case begins == "":
			mistakes = append(mistakes, content.Wrong("replies", "must say how the answer to %q begins: without that, every line would be one", command))
		case strings.HasPrefix(begins, "]"):
			mistakes = append(mistakes, content.Wrong("replies", "must not let the answer to %q begin like a code, with ]", command))
		}
		d.replies = append(d.replies, wire.Fact{Name: command, Value: begins})
	}
	if len(o.Replies) > 0 && !o.AIMID {
		mistakes = append(mistakes, content.Wrong("replies", "needs aim_id = true, since only by its identifier a code is known from an answer"))
	}
	slices.SortStableFunc(d.replies, func(a, b wire.Fact) int { return len(b.Value) - len(a.Value) })
	starts := ""
	if o.Acks {
		starts = string([]byte{ack, nak})
	}
	var err error
	d.stream, err = mixed.New(d, starts, lines.Options{
		Prefix: o.Prefix, End: o.End, AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Ack: o.Ack, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore,
	})
	if mistakes = append(mistakes, err); err != nil || len(mistakes) > 1 {
		return nil, errors.Join(mistakes...)
	}
	return d, nil
}

// Decode consumes what arrived and reports the codes and answers it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) { d.stream.Decode(arrived, out) }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) { d.stream.Silence(out) }

// Look judges a byte that may be an answer.
func (d *Decoder) Look(_ []byte, between, _ bool) mixed.Verdict {
	if between {
		return mixed.Verdict{Kind: mixed.Frame, N: 1}
	}
	return mixed.Verdict{}
}

// Frame hands out an answer.
func (d *Decoder) Frame(frame []byte, out *wire.Output) {
	if frame[0] == nak {
		out.Answer(wire.Answer{Refused: "not taken (NAK)"})
		return
	}
	out.Answer(wire.Answer{})
}

// Answered tells answers in plain text from codes.
func (d *Decoder) Answered(line *wire.Sighting, out *wire.Output) bool {
	if line.AIM != "" || line.NoRead {
		return false
	}
	for _, r := range d.replies {
		if strings.HasPrefix(line.Code, r.Value) {
			out.Answer(wire.Answer{Facts: []wire.Fact{{Name: r.Name, Value: line.Code}}})
			return true
		}
	}
	return false
}
