package mixed

import (
	"errors"
	"fmt"
	"testing"

	"scanpost/devices/content"
	"scanpost/devices/lines"
	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/wire"
)

// braces is a family whose frames are <…> of at most eight bytes, anywhere, and
// whose line "OK" is an answer.
type braces struct{}

func (braces) Look(held []byte, between, ended bool) Verdict {
	for i, b := range held {
		switch {
		case i == 8 || b < ' ':
			return Verdict{Kind: Torn, N: i, Why: fmt.Errorf("%q: %w", held[:i], wire.ErrShort)}
		case b == '>':
			return Verdict{Kind: Frame, N: i + 1}
		}
	}
	if ended && between {
		return Verdict{Kind: Torn, N: len(held), Why: fmt.Errorf("%q: %w", held, wire.ErrShort)}
	}
	return Verdict{Kind: More}
}

func (braces) Frame(frame []byte, out *wire.Output) {
	out.Answer(wire.Answer{Facts: []wire.Fact{{Name: "frame", Value: string(frame)}}})
}

func (braces) Answered(line *wire.Sighting, out *wire.Output) bool {
	if line.Code == "OK" {
		out.Answer(wire.Answer{})
	}
	return line.Code == "OK"
}

// Frames are taken out wherever the family knows them, and of a broken one
// nothing becomes a scan: not its rest, and no code that is glued to that.
func TestStream(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"codes alone", "123\r\n456\r\n", []string{`"123" saved 06`, `"456" saved 06`}},
		{"a frame between codes", "123\r<a>456\r", []string{`"123" saved 06`, `"456" saved 06`, `answer frame="<a>"`}},
		{"a frame behind a code without its terminator", "123<a>456\r", []string{`"123" unterminated saved 06`, `"456" saved 06`, `answer frame="<a>"`}},
		{"a line that is an answer", "OK\r1OK\r", []string{`"1OK" saved 06`, "answer"}},
		{"a broken frame, and the code after its line", "<abc\r123\r", []string{`"123" saved 06`, "cut short"}},
		{"a broken frame, and what is glued to it", "<12345678901\r123\r", []string{`"123" saved 06`, "cut short", "noise"}},
		{"the rest of a broken frame ends with silence", "<12345678901|123\r", []string{`"123" saved 06`, "cut short", "noise"}},
		{"a frame right behind a broken one", "<12345678901<a>123\r", []string{`"123" saved 06`, `answer frame="<a>"`, "cut short", "noise"}},
		{"the beginning of a frame, then silence", "<12|123\r", []string{`"123" saved 06`, "cut short"}},
		{"what was no frame is the code's", "1<2|", []string{`"1<2" unterminated saved 06`}},
		{"a noise that is too long is acknowledged no more than another", "<12345678901234567890123\r123\r", []string{`"123" saved 06`, "cut short", "too long"}},
		{"a code that is too long is not repeated for ever", "12345678901234567890\r123\r", []string{`"123" saved 06`, "reply 06", "too long"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder {
				s, err := New(braces{}, "<", lines.Options{End: []string{"\r"}, Ack: "\x06", Max: 10})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}, c.in, c.want)
		})
	}
}

// Wrong options of the lines are reported under their names.
func TestWrongOptions(t *testing.T) {
	_, err := New(braces{}, "<", lines.Options{Max: 0})
	var wrong *content.OptionError
	if !errors.As(err, &wrong) || wrong.Option != "max" {
		t.Errorf("got %v", err)
	}
}
