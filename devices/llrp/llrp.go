// Package llrp leads the conversation with a fixed tag reader that speaks LLRP
// (Low Level Reader Protocol) over TCP, usually on port 5084.
//
//	04 3D 00 00 00 2C 40 95 89 2F  …              a message
//	│     │           │            └─ parameters
//	│     │           └─ message id; an answer carries that of its question
//	│     └─ length, these ten bytes included
//	└─ 3 bits zero, 3 bits version (1 is LLRP 1.0.1, 2 is 1.1), 10 bits type
//
//	00 F1 00 18  …                                a parameter (TLV)
//	│     └─ length, these four bytes included
//	└─ 6 bits zero, 10 bits type
//
//	81 00 01                                      a short one (TV)
//	│  └─ value; its size belongs to the type, so one of an unknown type can not be skipped
//	└─ 1 bit one, 7 bits type
//
// The reader speaks first and says whether we are its client: it has only one.
// Then it is asked what it can do, cleared of what others have left, told to
// send keep-alives, given our one operation (a ROSpec) and started. A setting
// that it refuses is told, and all is tried again half a minute later.
//
// A stream without checks of its own can not be found back into: a length that
// does not fit ends the conversation (Output.Hangup), and so does silence for
// two and a half keep-alives. That a tag was not seen says nothing.
//
// The reader's clock is not used, though it stamps every read. It may be wrong
// by years, step, or count from its start, and a pass joins reads of several
// readers, which only the station's own clock can. Each read is reported at
// once, so what is lost is the network's few milliseconds.
//
// The profile's quiet time has to be one second: silences are the clock by
// which answers and keep-alives are overdue.
package llrp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"scanpost/devices/content"
	"scanpost/devices/wire"
)

// Options are what a profile or the site may say.
type Options struct {
	Antennas   []int    // which read, from 1; none: all that there are
	Power      *float64 // dBm; the reader's own setting if it is not given
	Session    int      // Gen2 session, 0 to 3; -1 for the reader's own
	Population int      // tags expected in the field
	Transit    int      // milliseconds a tag is in the field; 0 for the reader's own
	Mode       int      // radio mode, by its number in the reader's table; -1 for the reader's own
	Tari       int      // nanoseconds, with Mode; 0 for the mode's own
	Channel    int      // from 1, in regions without hopping, with Power
	Keepalive  int      // seconds
	GPI        []int    // inputs to switch on, from 1
	TagCRC     bool     `toml:"tag_crc"` // drop reads whose tag checksum is wrong
	Impinj     bool     // switch the maker's extensions on
	Search     string   // with Impinj: how tags are searched for, one of searches
}

// Defaults are the options of a profile that says nothing: session 0, in which
// a tag answers again and again, so that its signal can be followed.
func Defaults() Options {
	return Options{Population: 32, Mode: -1, Channel: 1, Keepalive: 10, TagCRC: true}
}

// searches are Impinj's search modes.
var searches = []string{"reader", "single", "dual", "focus"}

const (
	header  = 10
	longest = 1 << 20 // no message is longer

	patience = 10 // seconds for the greeting, an answer, or the rest of a message
	again    = 30 // seconds until what was refused is tried again
	unsure   = 30 // seconds without a tag until it is asked whether it still reads
)

// Decoder is the state of one connection.
type Decoder struct {
	o       Options
	version byte // that we speak

	held  []byte // begins with a message
	taken int    // bytes of held that are done with; reads may point there
	cut   bool   // silence in the middle of a message was told

	greeted bool // the reader has taken us as its client
	running bool // it has begun to read
	dead    bool // the conversation is over

	plan   []request
	at     int    // in plan
	resume int    // where plan goes on after the ROSpec was started again
	asked  bool   // plan[at] waits for its answer
	id     uint32 // of the message that was sent last
	tries  uint32 // id of the one that gets no answer but perhaps a complaint
	paused bool   // refused; tried again later
	told   string // the refusal that was told last
	stated bool   // 1.1 was tried

	ticks, beats int  // since the last question: silences, and keep-alives
	idle         int  // silences since the last message
	alive        bool // keep-alives are on
	starts       int  // restarts of the ROSpec since the last quiet moment
	ended        bool // it wants to be started again
	unheard      int  // silences since a tag was heard

	can capabilities
}

// New makes a decoder for one connection. It reports all mistakes at once,
// each naming the option.
func New(o Options) (*Decoder, error) {
	var mistakes []error
	between := func(option string, value, low, high int) {
		if value < low || value > high {
			mistakes = append(mistakes, content.Wrong(option, "must be from %d to %d, not %d", low, high, value))
		}
	}
	for _, antenna := range o.Antennas {
		between("antennas", antenna, 1, 65535)
	}
	for _, input := range o.GPI {
		between("gpi", input, 1, 65535)
	}
	if o.Power != nil && (*o.Power < -20 || *o.Power > 40) {
		mistakes = append(mistakes, content.Wrong("power", "must be from -20 to 40 dBm, not %g", *o.Power))
	}
	between("session", o.Session, -1, 3)
	between("population", o.Population, 1, 65535)
	between("transit", o.Transit, 0, 3_600_000)
	between("mode", o.Mode, -1, 65535)
	between("tari", o.Tari, 0, 65535)
	between("channel", o.Channel, 1, 65535)
	between("keepalive", o.Keepalive, 2, 3600)
	switch {
	case o.Search != "" && !slices.Contains(searches, o.Search):
		mistakes = append(mistakes, content.Wrong("search", "must be one of %s, not %q", join(searches), o.Search))
	case o.Search != "" && !o.Impinj:
		mistakes = append(mistakes, content.Wrong("search", "is one of Impinj's extensions: it needs impinj = true"))
	}
	if o.Tari > 0 && o.Mode < 0 {
		mistakes = append(mistakes, content.Wrong("tari", "needs a mode"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return &Decoder{o: o, version: 1}, nil
}

// Open begins a conversation, in which the reader speaks first.
func (d *Decoder) Open(*wire.Output) {
	*d = Decoder{o: d.o, version: 1, held: d.held[:0]}
}

// Decode consumes what arrived and reports what it completes.
func (d *Decoder) Decode(arrived []byte, out *wire.Output) {
	if d.dead {
		return
	}
	d.held = append(d.held[:copy(d.held, d.held[d.taken:])], arrived...)
	d.taken = 0
	for !d.dead {
		b := d.held[d.taken:]
		if len(b) == 0 {
			return
		}
		if version := b[0] >> 2; version != 1 && version != 2 {
			d.end(out, fmt.Errorf("a message begins with %02X, as none in LLRP 1.0.1 or 1.1 does (is this an LLRP port, usually 5084, and without TLS?): %w", b[0], wire.ErrNoise))
			return
		}
		if len(b) < header {
			return
		}
		n := binary.BigEndian.Uint32(b[2:])
		switch {
		case n < header:
			d.end(out, fmt.Errorf("message of %d bytes, which is less than its head: %w", n, wire.ErrShort))
			return
		case n > longest:
			d.end(out, fmt.Errorf("message of %d bytes, longest is %d: %w", n, longest, wire.ErrTooLong))
			return
		case uint32(len(b)) < n:
			return
		}
		d.taken += int(n)
		d.idle, d.cut = 0, false
		kind := binary.BigEndian.Uint16(b) & 0x3FF
		if err := d.message(b[0]>>2, kind, binary.BigEndian.Uint32(b[6:]), b[header:n], out); err != nil {
			d.end(out, fmt.Errorf("message of type %d: %w", kind, err))
		}
	}
}

// message hands out what a message says. An error means that it contradicts
// itself, so that nothing behind it can be trusted either.
func (d *Decoder) message(version byte, kind uint16, id uint32, body []byte, out *wire.Output) error {
	switch kind {
	case roAccessReport:
		return d.report(body, out)
	case keepalive:
		out.Reply(message(d.version, keepaliveAck, id, nil))
		d.beat(out)
		return nil
	case readerEvent:
		return d.events(version, body, out)
	case errorMessage:
		return d.complaint(id, body, out)
	case customMessage:
		if d.waitsFor(kind, id) {
			return d.answered(body, out)
		}
		return nil // a maker's own; what we did not ask for needs no answer
	case closeConnectionResponse:
		return nil
	}
	if d.waitsFor(kind, id) {
		return d.answered(body, out)
	}
	out.Fault(fmt.Errorf("message of type %d with id %d, which answers nothing that was asked: %w", kind, id, wire.ErrUnasked))
	return nil
}

// Silence says that a second has passed in which nothing arrived.
func (d *Decoder) Silence(out *wire.Output) {
	if d.dead {
		return
	}
	if b := d.held[d.taken:]; len(b) > 0 && !d.cut {
		d.cut = true
		out.Fault(fmt.Errorf("a message breaks off after %d bytes: %w", len(b), wire.ErrShort))
	}
	d.idle++
	d.ticks++
	d.unheard++
	d.starts = 0
	d.due(out)
}

// beat is a keep-alive: it is the clock while reports leave no silence.
func (d *Decoder) beat(out *wire.Output) {
	d.beats++
	d.starts = 0
	d.due(out)
}

// passed reports whether so many seconds are over since the last question.
func (d *Decoder) passed(seconds int) bool {
	return d.ticks >= seconds || (d.beats-1)*d.o.Keepalive >= seconds
}

// due does what is overdue.
func (d *Decoder) due(out *wire.Output) {
	switch {
	case !d.greeted && d.passed(patience):
		d.end(out, fmt.Errorf("it does not greet (is LLRP switched on, and this its port? some readers are silent while they have another client): %w", wire.ErrStart))
	case d.idle >= patience && len(d.held) > d.taken:
		d.end(out, fmt.Errorf("no rest of a message for %d s, so it is opened anew: %w", d.idle, wire.ErrHardware))
	case d.alive && 2*d.idle >= 5*d.o.Keepalive:
		d.end(out, fmt.Errorf("no word for %d s, though keep-alives come every %d s, so it is opened anew (is its power on, and the network whole?): %w", d.idle, d.o.Keepalive, wire.ErrHardware))
	case d.asked && d.passed(patience):
		d.unanswered(out)
	case d.paused && d.passed(again):
		d.begin(out)
	case d.ended && d.running && !d.asked:
		d.startAgain(out)
	case d.running && !d.asked && d.unheard >= unsure:
		d.check(out)
	}
}

// Close says what to write before the port is closed: that it stops radiating,
// and that its place for a client is free. It goes out in one piece: the
// reader's answer to the first part would meet a closed port, and might take the
// connection down before the last is read.
func (d *Decoder) Close(out *wire.Output) {
	if !d.greeted || d.dead {
		return
	}
	out.Reply(slices.Concat(
		message(d.version, stopROSpec, d.id+1, number(ours)),
		message(d.version, deleteROSpec, d.id+2, number(ours)),
		message(d.version, closeConnection, d.id+3, nil)))
	d.dead = true
}

// end gives the conversation up.
func (d *Decoder) end(out *wire.Output, why error) {
	out.Fault(why)
	out.Hangup, out.Later = true, !d.running
	d.dead = true
}

// send writes a message of ours.
func (d *Decoder) send(kind uint16, body []byte, out *wire.Output) {
	d.id++
	out.Reply(message(d.version, kind, d.id, body))
}
