// Package honeywell decodes Honeywell and HHP scanners on RS-232 and USB serial
// (CDC), where three things come down the same line:
//
//	]C1 00106141410000001238 CR                           a code, read by package lines
//
//	16 FE 23 00 00 00 0D "MSGGET" "0021" I C1 1D data CR  a code with the message header (DECHDR)
//	      │                       │      │ │  │  └─ kept byte for byte, without this one CR
//	      │                       │      │ │  └─ separator
//	      │                       │      │ └─ AIM identifier without its bracket
//	      │                       │      └─ Honeywell's code id
//	      │                       └─ bytes of the data with its CR
//	      └─ bytes behind the 0D, which are 14 more than that; little endian
//
//	CBR ENA 1 06 , SSX 0 06 .                             the reply to a menu command: see reply
//
// The message header is the one framing of the family that keeps a CR within a
// code. Both of its lengths, its fixed bytes and its last CR have to agree. A
// frame that fails is dropped, and so is what follows up to the next frame or
// silence: a CR in its data would else begin a code that nobody printed.
//
// A station switches the header on in RAM. So a code without it from a device
// that had it before is taken, and shows that the device has lost its power and
// what it was told.
//
// # What is a reply, and what is a code
//
// The decoder does not see what the station asked, so the profile says which
// replies there can be: options replies names their tags. A reply begins with
// one of these, has a status byte (06 taken, 05 unknown, 15 out of range)
// directly before each mark of punctuation that separates or ends it, and is
// believed only with its last one, status and "." or "!". Nothing less is a
// reply, so a code would have to hold a tag, a status byte and the mark to be
// taken for one; and whatever stands before the tag is still a code, one that
// lost its suffix. Without options replies there are none.
//
// The answer to REVINF is lines of text before its mark, "Serial Number: B123"
// CR LF, which look like codes. If replies has REVINF, a line "name: value" and
// the lines behind it are held back until the burst ends: with REVINF 06 . they
// are its facts, with silence they are codes and are handed out in order. Such
// a code is late by the quiet time, and none is lost; on the other hand the
// quiet time has to be longer than the pauses within that answer. A line with
// an AIM identifier or code id is never one of its.
//
// Damage is not taken for a code either. A text without its suffix that begins
// with a whole name such as "REVINF", or ends with a status and "." or "!", is
// part of a reply or one that nobody asked for: a fault, and no scan.
//
// # Acknowledged codes
//
// A scanner that waits for the host gets options ack once its code is saved:
// 06 in ACK/NAK mode, ESC "1," or "7," behind a cordless base with host ACK. What is
// never saved is acknowledged at once. What was damaged on the way gets
// nothing, so that the scanner sends it again or says that it failed. The
// protocol does not mark a repeat: one whose acknowledgement was lost comes as
// a second reading, and is told from one by whoever records scans.
package honeywell

import (
	"errors"
	"slices"
	"strings"

	"scanpost/devices/content"
	"scanpost/devices/lines"
	"scanpost/devices/mixed"
	"scanpost/devices/wire"
)

// Options are what a profile may say.
type Options struct {
	Header  string   // "auto": codes come with DECHDR's header or without; "plain": there is none
	Replies []string `toml:"replies,one"` // tags of the menu commands whose replies may come: "REVINF", "CBR"
	End     []string `toml:"end,one"`     // what ends a plain code; none: silence does
	AIMID   bool     `toml:"aim_id"`      // the device puts AIM identifiers before the data
	CodeID  string   `toml:"code_id"`     // whose code ids it puts before a plain code, one of symbology.Sets
	GS      string   `toml:"gs"`          // what it sends in place of GS1's separator; empty: GS itself
	Ack     string   // what the device waits for until its code is saved; empty: it does not wait
	Max     int      // longest code in bytes, and longest line of REVINF
	NoRead  []string `toml:"noread,one"` // whole codes that mean "nothing read"
	Ignore  []string `toml:"ignore,one"` // whole codes that mean nothing
}

// Defaults are the options of a profile that says nothing.
func Defaults() Options { return Options{Header: "auto", CodeID: "none", Max: content.Longest} }

// Decoder is the state of one line.
type Decoder struct {
	stream *mixed.Stream
	framed content.Rules // for codes with a header
	ack    []byte        // nil: nobody waits for it
	plain  bool          // there is no header
	silent bool          // silence ends plain codes
	tags   []string
	asks   bool // REVINF is among them

	headed  bool  // the header is on, by what the device said or sent
	damaged error // what was wrong with the frame that is to be dropped
	broken  bool  // what comes is the rest of a damaged frame
	told    bool  // what was sent up to here ends with the lines of REVINF
	block   block
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	d := &Decoder{plain: o.Header == "plain", tags: o.Replies, silent: len(o.End) == 0, asks: slices.Contains(o.Replies, revinf)}
	var mistakes []error
	if !d.plain && o.Header != "auto" {
		mistakes = append(mistakes, content.Wrong("header", `must be "auto" or "plain", not %q`, o.Header))
	}
	starts := ""
	if !d.plain {
		starts = string(rune(syn))
	}
	for _, tag := range o.Replies {
		if len(tag) < 3 || len(tag) > 6 || strings.Trim(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			mistakes = append(mistakes, content.Wrong("replies", `must hold tags of three to six capital letters and digits such as "REVINF", not %q`, tag))
			continue
		}
		starts += tag[:1]
	}
	var err error
	d.stream, err = mixed.New(d, starts, lines.Options{
		End: o.End, AIMID: o.AIMID, CodeID: o.CodeID, GS: o.GS, Ack: o.Ack, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore,
	})
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return nil, err
	}
	// The ids of a frame stand in its header and are not cut from its data.
	d.framed, err = content.New(content.Options{AIMID: o.AIMID, GS: o.GS, Max: o.Max, NoRead: o.NoRead, Ignore: o.Ignore})
	if o.Ack != "" {
		d.ack = []byte(o.Ack)
	}
	return d, err
}

// Decode consumes what arrived and reports what it completes. Bytes of an
// unfinished code, frame or reply are kept until more arrive or the line falls
// silent.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) { d.stream.Decode(arrived, out) }

// Silence says that nothing has arrived for the profile's quiet time.
func (d *Decoder) Silence(out *wire.Output) {
	d.stream.Silence(out)
	d.release(out)
	d.broken = false
}

// Look says what held bytes begin with: a frame, a reply, or neither. Of a
// damaged frame it is the first byte, so that the next one is found within.
func (d *Decoder) Look(held []byte, _, ended bool) mixed.Verdict {
	if held[0] != syn {
		v := replyOf(held, d.tags, ended)
		d.told = v.Kind == mixed.Frame && string(held[:v.N-1]) == revinf+"\x06"
		return v
	}
	v := frameOf(held, ended)
	if v.Kind == mixed.Torn {
		d.damaged = v.Why
		return mixed.Verdict{Kind: mixed.Frame, N: 1}
	}
	return v
}

// Frame hands out a whole frame or reply, or drops a damaged frame.
func (d *Decoder) Frame(b []byte, out *wire.Output) {
	if d.broken = d.damaged != nil; d.broken {
		d.release(out)
		out.Fault(d.damaged)
		d.damaged = nil
		return
	}
	if b[0] == syn {
		d.release(out)
		d.message(b, out)
		return
	}
	d.told = false
	d.reply(b, out)
}

// Answered hands out a line that is not a code, or may not be one.
func (d *Decoder) Answered(line *wire.Sighting, out *wire.Output) bool {
	switch {
	case d.broken:
		return true
	case !d.plain && isRest(line.Code):
		d.broken = true
		out.Fault(wrong("%s is the rest of a frame", line.Code))
		return true
	case len(d.tags) > 0 && (d.silent || line.Note != "") && endsReply(line.Code):
		out.Fault(unasked(line.Code))
		return true
	case !d.silent && line.Note != "" && d.beginsReply(line.Code):
		out.Fault(cutShort(line.Code))
		return true
	case d.silent && d.told:
		code, lines := cutBlock(line.Code)
		d.block.lines = append(d.block.lines, wire.Sighting{Code: lines})
		if line.Code = code; code == "" {
			return true
		}
	case d.hold(line):
		return true
	default:
		d.release(out)
	}
	out.Restarted = out.Restarted || d.headed
	return false
}
