// Package slide finds frames in a stream by header, length and check, for
// protocols whose frames have no marks that could not stand inside them.
//
//	… 00 FF 28 | FF 28 22 … 56 1D | FF 00 …
//	│            │                  └─ unfinished: kept until more arrives, or silence
//	│            └─ a frame whose check holds
//	└─ noise, told once as so many bytes
//
// After a failed check one byte is dropped and the next is looked at, since a
// false header often stands right before a good frame. What is found does not
// depend on how the bytes were cut into pieces.
package slide

import (
	"errors"
	"fmt"

	"scanpost/devices/wire"
)

// ErrHeader is a check's word for a byte at which no frame begins. It is not
// told: such bytes are noise.
var ErrHeader = errors.New("no header")

// Check looks at what begins with b[0]: a frame of n bytes; or nothing yet, n
// is 0; or an error, ErrHeader or one that is told. With an error, n is how many
// bytes it concerns, so that they do not count as noise once more.
type Check func(b []byte) (n int, err error)

// Stray is how many bytes may pass without a frame before it is told that the
// line may be set wrong.
const Stray = 4096

// Stream is what arrives at one port.
type Stream struct {
	check Check
	buf   []byte
	at    int // everything before it is done with
	noise int // bytes since the last frame that no fault has told yet
	known int // bytes ahead that a fault has told already
	stray int // bytes since the last frame
}

// New makes a stream.
func New(check Check) *Stream { return &Stream{check: check} }

// Arrived takes what came. Frames that were handed out are gone with it.
func (s *Stream) Arrived(b []byte) {
	n := copy(s.buf, s.buf[s.at:])
	s.buf = append(s.buf[:n], b...)
	s.at = 0
}

// Kept is how many bytes wait for more.
func (s *Stream) Kept() int { return len(s.buf) - s.at }

// Next returns the next frame, good until Arrived; nil if there is none now.
// Silent says that nothing more will come to what is unfinished. Astray is true
// each time that Stray bytes have passed without a frame.
func (s *Stream) Next(silent bool, out *wire.Output) (frame []byte, astray bool) {
	for s.at < len(s.buf) {
		n, err := s.check(s.buf[s.at:])
		switch {
		case err == nil && n > 0:
			s.tell(out)
			s.stray, s.known = 0, 0
			frame = s.buf[s.at : s.at+n : s.at+n]
			s.at += n
			return frame, false
		case err == nil && !silent:
			return nil, false
		case err == nil:
			rest := len(s.buf) - s.at
			if s.known < rest {
				out.Fault(fmt.Errorf("frame of which %d bytes came: %w", rest, wire.ErrShort))
				s.known = rest
			}
		case !errors.Is(err, ErrHeader):
			out.Fault(err)
			s.known = max(s.known, n)
		}
		if s.drop(); s.stray%Stray == 0 {
			s.tell(out)
			return nil, true
		}
	}
	if silent {
		s.tell(out)
		s.known = 0
	}
	return nil, false
}

func (s *Stream) drop() {
	s.at++
	s.stray++
	if s.known > 0 {
		s.known--
		return
	}
	s.noise++
}

func (s *Stream) tell(out *wire.Output) {
	if s.noise > 0 {
		out.Fault(fmt.Errorf("%d bytes: %w", s.noise, wire.ErrNoise))
		s.noise = 0
	}
}
