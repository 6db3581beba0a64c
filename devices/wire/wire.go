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

// Sighting is a code as one frame carried it.
type Sighting struct {
	Code      string
	AIM       string // "]C1", or empty
	Symbology string // empty if the frame does not tell
	NoRead    bool   // the reader's own words for "nothing read"
	Note      string // what was odd: "unterminated", "key without text", "too many keys"; or empty
	OnSaved   []byte // what to write back once the sighting is saved; nil if nothing
}

// Output collects what one call of a decoder produced. The caller resets and
// reuses it; what it holds is copied out of the frame.
type Output struct {
	Sightings []Sighting
	Replies   [][]byte // to be written at once
	Faults    []error  // each wraps one of the reasons below
}

// Reset empties the output and keeps its memory.
func (o *Output) Reset() {
	clear(o.Sightings)
	clear(o.Replies)
	clear(o.Faults)
	o.Sightings, o.Replies, o.Faults = o.Sightings[:0], o.Replies[:0], o.Faults[:0]
}

// Sighting adds a sighting.
func (o *Output) Sighting(s Sighting) { o.Sightings = append(o.Sightings, s) }

// Fault adds a named fault.
func (o *Output) Fault(err error) { o.Faults = append(o.Faults, err) }

// Reply adds bytes to be written back at once.
func (o *Output) Reply(b []byte) { o.Replies = append(o.Replies, b) }

// The reasons a frame is not a sighting. Counters are kept per reason, so
// their texts are short and do not change.
var (
	ErrTooLong  = errors.New("too long")         // more bytes than the longest code
	ErrShort    = errors.New("cut short")        // the frame ended before its fields
	ErrChecksum = errors.New("checksum")         // the frame's own check failed
	ErrNoise    = errors.New("noise")            // bytes that belong to no frame
	ErrRollover = errors.New("too many keys")    // a keyboard reported more keys than it can
	ErrUnmapped = errors.New("key without text") // a key that the layout does not know
)
