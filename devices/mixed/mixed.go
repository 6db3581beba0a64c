// Package mixed reads a stream in which codes mix with the frames by which the
// device answers commands:
//
//	]E0 4006381333931 CR   02 01 "0000#GRBENA1" 06 3B 03   ]C1 00106141410000001238 CR
//	│                      └─ a frame of the family, which ends here without a terminator
//	└─ a code, read by package lines with all its care
//
// A decoder of a family says which bytes may begin a frame of its, and judges
// what follows them; all else is codes. The judgement hangs on the bytes alone
// and never on how they were chopped: where too few have come to tell, they are
// held back until more come or the line falls silent.
//
// Of a frame that is broken, nothing becomes a scan: what is left of it, up to
// the next terminator or silence, is noise. That may cost the code which came
// right behind it; the operator hears no beep for it then, whereas a code glued
// to the rest of an answer would be a wrong parcel.
package mixed

import (
	"fmt"

	"scanpost/devices/lines"
	"scanpost/devices/wire"
)

// Family is what a maker's protocol adds to plain codes.
type Family interface {
	// Look judges the beginning of held, whose first byte is one that may
	// begin a frame. Between says that no code is under way, ended that nothing
	// will follow. More bytes than it asked for must not change what it says.
	Look(held []byte, between, ended bool) Verdict
	// Frame hands out what a whole frame says.
	Frame(frame []byte, out *wire.Output)
	// Answered hands out what a line says that is no code but an answer, and
	// reports that it was one.
	Answered(line *wire.Sighting, out *wire.Output) bool
}

// Verdict is what held bytes begin with.
type Verdict struct {
	Kind Kind
	N    int   // bytes of a Frame, or of what is Torn
	Why  error // Torn: the fault
}

// Kind is a kind of Verdict.
type Kind byte

// What held bytes can begin with. More becomes Text where nothing follows.
const (
	Text  Kind = iota // a code, or the middle of one
	More              // too few bytes to tell
	Frame             // a whole frame
	Torn              // a frame that broke off, or whose check failed
)

// Stream is the state of one connection.
type Stream struct {
	family Family
	starts [256]bool
	lines  *lines.Decoder
	held   []byte
	noise  bool // the line under way is the rest of a torn frame
	inner  wire.Output
}

// New makes a stream. Starts are the bytes that may begin a frame.
func New(family Family, starts string, o lines.Options) (*Stream, error) {
	inner, err := lines.New(o)
	if err != nil {
		return nil, err
	}
	s := &Stream{family: family, lines: inner}
	for i := range len(starts) {
		s.starts[starts[i]] = true
	}
	return s, nil
}

// Decode consumes what arrived. Bytes that may be a frame, and those of an
// unfinished code, are kept until more arrive or the line falls silent.
func (s *Stream) Decode(arrived []byte, out *wire.Output) {
	b := arrived
	if len(s.held) > 0 {
		s.held = append(s.held, arrived...)
		b = s.held
	}
	n := s.consume(b, false, out)
	s.held = append(s.held[:0], b[n:]...)
}

// Silence says that nothing has arrived for the profile's quiet time.
func (s *Stream) Silence(out *wire.Output) {
	s.consume(s.held, true, out)
	s.held = s.held[:0]
	s.silence(out)
}

// Kept is how many bytes are held back, beside those of an unfinished code.
func (s *Stream) Kept() int { return len(s.held) }

// consume takes bytes until there are none, or too few to tell what they are.
func (s *Stream) consume(b []byte, ended bool, out *wire.Output) (n int) {
	for n < len(b) {
		end := n
		for end < len(b) && !s.starts[b[end]] {
			end++
		}
		if end > n {
			s.text(b[n:end], out)
			n = end
			continue
		}
		v := s.family.Look(b[n:], s.lines.Between(), ended)
		switch {
		case v.Kind == More && !ended:
			return n
		case v.Kind == Frame:
			s.silence(out) // a code before it, without its terminator, has ended too
			s.family.Frame(b[n:n+v.N], out)
			n += v.N
		case v.Kind == Torn:
			s.silence(out)
			out.Fault(v.Why)
			s.noise = true
			n += v.N
		default:
			s.text(b[n:n+1], out)
			n++
		}
	}
	return n
}

// text gives bytes to the lines.
func (s *Stream) text(b []byte, out *wire.Output) {
	for s.noise && len(b) > 0 {
		s.lines.Decode(b[:1], &s.inner)
		b = b[1:]
		if s.lines.Between() {
			s.drop(out)
		}
	}
	if len(b) > 0 {
		s.lines.Decode(b, &s.inner)
		s.handOver(out)
	}
}

func (s *Stream) silence(out *wire.Output) {
	s.lines.Silence(&s.inner)
	if s.noise {
		s.drop(out)
	}
	s.handOver(out)
}

// drop leaves out the line that was the rest of a torn frame.
func (s *Stream) drop(out *wire.Output) {
	s.noise = false
	if len(s.inner.Sightings) > 0 {
		out.Fault(fmt.Errorf("%d bytes behind a torn answer: %w", len(s.inner.Sightings[0].Code), wire.ErrNoise))
		s.inner.Sightings = s.inner.Sightings[:0]
	}
	s.inner.Replies = s.inner.Replies[:0] // what is dropped is not acknowledged
	s.handOver(out)
}

// handOver passes on what the lines said, apart from answers.
func (s *Stream) handOver(out *wire.Output) {
	for i := range s.inner.Sightings {
		if line := &s.inner.Sightings[i]; !s.family.Answered(line, out) {
			out.Sighting(*line)
		}
	}
	out.Replies = append(out.Replies, s.inner.Replies...)
	out.Faults = append(out.Faults, s.inner.Faults...)
	s.inner.Reset()
}
