package slide

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"scanpost/devices/wire"
)

// toy frames are F, a digit for how many letters follow, the letters, and a dot.
func toy(b []byte) (int, error) {
	if b[0] != 'F' {
		return 0, ErrHeader
	}
	if len(b) < 2 {
		return 0, nil
	}
	n := int(b[1]) - '0'
	if n < 0 || n > 9 {
		return 0, ErrHeader
	}
	if n += 3; len(b) < n {
		return 0, nil
	}
	if b[n-1] != '.' {
		return n, fmt.Errorf("no dot: %w", wire.ErrChecksum)
	}
	return n, nil
}

func run(in string, size int) (all []string) {
	s := New(toy)
	var out wire.Output
	next := func(silent bool) {
		for {
			frame, astray := s.Next(silent, &out)
			switch {
			case astray:
				all = append(all, "astray")
			case frame == nil:
				return
			default:
				all = append(all, string(frame))
			}
		}
	}
	for _, part := range slices.Collect(slices.Chunk([]byte(in), size)) {
		for i, b := range part {
			if b == '|' {
				s.Arrived(part[:i])
				next(false)
				next(true)
				part = part[i+1:]
				break
			}
		}
		s.Arrived(part)
		next(false)
	}
	next(true)
	for _, f := range out.Faults {
		all = append(all, f.Error())
	}
	return all
}

// A frame is found whatever stands before it, and each byte that belongs to none
// is told once.
func TestNext(t *testing.T) {
	long := make([]byte, Stray+5)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"frames", "F1a.F0.", []string{"F1a.", "F0."}},
		{"a header inside a frame", "F3F1..", []string{"F3F1.."}},
		{"noise between", "xxF1a.yF0.", []string{"F1a.", "F0.", "2 bytes: noise", "1 bytes: noise"}},
		{"a false header right before", "F7F1a.F0.", []string{"F1a.", "F0.", "frame of which 9 bytes came: cut short"}},
		{"a failed check", "F2abcF0.", []string{"F0.", "no dot: checksum"}},
		{"a failed check hides nothing", "F3F0.xF1a.", []string{"F0.", "F1a.", "no dot: checksum", "1 bytes: noise"}},
		{"cut by silence", "F5ab|F0.", []string{"F0.", "frame of which 4 bytes came: cut short"}},
		{"nothing but noise", string(long), []string{"astray", "4096 bytes: noise", "5 bytes: noise"}},
	} {
		for _, size := range []int{1, 2, len(c.in)} {
			if got := run(c.in, size); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d:\ngot  %q\nwant %q", c.name, size, got, c.want)
			}
		}
	}
}

// What a check says is told with its reason.
func TestReason(t *testing.T) {
	var out wire.Output
	s := New(toy)
	s.Arrived([]byte("F0x"))
	s.Next(false, &out)
	if len(out.Faults) != 1 || !errors.Is(out.Faults[0], wire.ErrChecksum) || s.Kept() != 0 {
		t.Errorf("%v, kept %d", out.Faults, s.Kept())
	}
}
