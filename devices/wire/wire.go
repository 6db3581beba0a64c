// Package wire is what a decoder hands out: sightings, replies to write back,
// and named faults. A decoder is a pure state machine; it has no clock, no
// logger and no port, so silence on the line is told to it.
package wire

import "errors"

// Decoder turns what a device sent into sightings. One value serves one open
// connection and is used by one goroutine.
type Decoder interface {
	// Decode consumes what arrived: bytes of a stream, or one HID report.
	// It keeps bytes of an unfinished code and never keeps arrived itself.
	Decode(arrived []byte, out *Output)
	// Silence says that nothing has arrived for the profile's quiet time.
	Silence(out *Output)
}

// Session is a decoder that leads the conversation itself: readers of radio
// tags are started, kept going, and stopped. What it writes goes in order, and
// needs no disk.
type Session interface {
	Decoder
	// Open is called once, when the port has been opened, before anything else.
	Open(out *Output)
	// Silence is called after each quiet time in which nothing arrived, again and
	// again: it is the session's clock for what is overdue.
	Silence(out *Output)
	// Close says what to write before the port is closed by us.
	Close(out *Output)
}

// Read is a radio tag, heard by a reader once, or as often as it says. A tag
// heard is no scan: it becomes part of a pass, and that becomes one.
//
// Most are EPCs of UHF tags: whole words, 2 to 62 bytes, always an even number.
// The others are cards of 125 kHz, marked with the note [NoteCard], and only
// they are: their EPC is the card's number, five bytes, a customer's byte and the
// number that is printed on it. A consumer asks for the note before it reads an
// EPC; the odd length says the same to one that has lost it. A card has no PC, no
// strength and no tag of a scheme of GS1's, and its whole number, in hex, is what
// names it: two cards may have the same last four bytes.
type Read struct {
	EPC      []byte // of the tag, or a card's number; good until the decoder is called again
	TID      []byte // the chip's own number, if the reader tells it; as EPC
	PC       uint16 // the tag's protocol control word
	HasPC    bool
	Antenna  int // from 1; 0 if the reader does not tell
	RSSI     int // dBm; or a number of the reader's own, if Relative, which only ranks
	HasRSSI  bool
	Relative bool
	Count    int    // reads that this stands for, at least 1
	Note     string // NoteCard, "pc mismatch", "antenna unclear"; empty if nothing is odd
}

// NoteCard marks a read that is no EPC but the number of a card of 125 kHz.
const NoteCard = "lf"

// Sighting is a code as one frame carried it.
type Sighting struct {
	Code      string
	AIM       string // "]C1", or empty
	Symbology string // empty if the frame does not tell
	NoRead    bool   // the reader's own words for "nothing read"
	Note      string // what was odd: "unterminated", "key without text", "too many keys"; or empty
	OnSaved   []byte // what to write back once the sighting is saved; nil if nothing
	Again     bool   // by the protocol's own mark the device sends its last code once more, not having heard OnSaved
}

// Answer is what a device said to a command of ours.
type Answer struct {
	Refused string // why it did not take it, such as "denied"; empty if it did
	Facts   []Fact // what it told about itself, if it was asked
}

// Fact is a thing that a device told about itself, under its family's name
// for it: {"REVINF Serial Number", "B123"}, {"CBRENA", "1"}. A profile says
// which are the model, the serial number and the firmware, and which settings
// are as they should be.
type Fact struct{ Name, Value string }

// Output collects what one call of a decoder produced. The caller resets and
// reuses it; what it holds is copied out of the frame.
type Output struct {
	Sightings []Sighting
	Reads     []Read
	Replies   [][]byte // to be written at once
	Answers   []Answer // to commands, in their order
	Faults    []error  // each wraps one of the reasons below
	Restarted bool     // the device has lost what it was told at opening: tell it again
	Hangup    bool     // the conversation can not go on: close the port and open it anew
	Later     bool     // with Hangup: in some seconds, not at once, since the device is not to be had now
}

// Reset empties the output and keeps its memory.
func (o *Output) Reset() {
	clear(o.Sightings)
	clear(o.Replies)
	clear(o.Answers)
	clear(o.Faults)
	o.Sightings, o.Replies, o.Answers, o.Faults = o.Sightings[:0], o.Replies[:0], o.Answers[:0], o.Faults[:0]
	o.Restarted, o.Hangup, o.Later = false, false, false
	o.Reads = o.Reads[:0] // no need to clear: they hold on to nothing but the decoder's own buffer
}

// Sighting adds a sighting.
func (o *Output) Sighting(s Sighting) { o.Sightings = append(o.Sightings, s) }

// Read adds a tag that was heard.
func (o *Output) Read(r Read) { o.Reads = append(o.Reads, r) }

// Fault adds a named fault.
func (o *Output) Fault(err error) { o.Faults = append(o.Faults, err) }

// Reply adds bytes to be written back at once.
func (o *Output) Reply(b []byte) { o.Replies = append(o.Replies, b) }

// Answer adds what the device said to a command.
func (o *Output) Answer(a Answer) { o.Answers = append(o.Answers, a) }

// The reasons a frame is not a sighting. Counters are kept per reason, so
// their texts are short and do not change.
var (
	ErrTooLong  = errors.New("too long")         // more bytes than the longest code
	ErrShort    = errors.New("cut short")        // the frame ended before its fields
	ErrChecksum = errors.New("checksum")         // the frame's own check failed
	ErrNoise    = errors.New("noise")            // bytes that belong to no frame
	ErrRollover = errors.New("too many keys")    // a keyboard reported more keys than it can
	ErrUnmapped = errors.New("key without text") // a key that the layout does not know
	ErrUnasked  = errors.New("unexpected frame") // well formed, but none that a scanner sends, or not now
	ErrHardware = errors.New("device trouble")   // the device says itself that it is not well
	ErrGap      = errors.New("part missing")     // a code of several parts came with a hole
	ErrTag      = errors.New("tag checksum")     // the frame is whole, but the tag's own check over its content failed
	ErrStart    = errors.New("does not start")   // a reader refuses to begin: no region set, no antenna, wrong value
	ErrParity   = errors.New("parity")           // bit 7 follows the others: the line is not set as the device is
)
