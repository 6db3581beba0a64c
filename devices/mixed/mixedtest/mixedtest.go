// Package mixedtest holds what the tests of decoders over package mixed share:
// feeding them a script, chopped in any way, and writing down all they said.
package mixedtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

var reasons = []error{
	wire.ErrTooLong, wire.ErrShort, wire.ErrChecksum, wire.ErrNoise, wire.ErrUnasked, wire.ErrHardware, wire.ErrGap, wire.ErrParity,
}

// Told feeds a script, in which one byte stands for silence, and writes down what
// came out. Next says how much of what is left arrives in the next piece. Each
// piece is wiped after use, as a port does that reuses its buffer.
func Told(d wire.Decoder, script []byte, silence byte, next func(left int) int) []string {
	var out wire.Output
	for i, part := range bytes.Split(script, []byte{silence}) {
		if i > 0 {
			d.Silence(&out)
		}
		for len(part) > 0 {
			piece := bytes.Clone(part[:next(len(part))])
			d.Decode(piece, &out)
			part = part[len(piece):]
			clear(piece)
		}
	}
	return Lines(&out)
}

// Lines writes down an output: sightings, answers, replies, faults.
func Lines(out *wire.Output) []string {
	var all []string
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q %s", s.AIM, s.Code, s.Symbology))
		if s.NoRead {
			line += " noread"
		}
		if s.Note != "" {
			line += " " + s.Note
		}
		if s.OnSaved != nil {
			line += fmt.Sprintf(" saved % X", s.OnSaved)
		}
		if s.Again {
			line += " again"
		}
		all = append(all, line)
	}
	for _, a := range out.Answers {
		line := "answer"
		for _, f := range a.Facts {
			line += fmt.Sprintf(" %s=%q", f.Name, f.Value)
		}
		if a.Refused != "" {
			line += " refused: " + a.Refused
		}
		all = append(all, line)
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("reply % X", r))
	}
	for _, f := range out.Faults {
		at := slices.IndexFunc(reasons, func(r error) bool { return errors.Is(f, r) })
		if at < 0 {
			all = append(all, "no reason: "+f.Error())
			continue
		}
		all = append(all, reasons[at].Error())
	}
	return all
}

// Whole, Single and Random are ways to chop.
func Whole(left int) int { return left }

// Single is byte by byte.
func Single(int) int { return 1 }

// Pieces is chunks of n bytes.
func Pieces(n int) func(int) int { return func(left int) int { return min(n, left) } }

// Random is chunks of up to nine bytes, after a seed.
func Random(seed uint64) func(int) int {
	return func(left int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return 1 + int(seed>>33)%min(left, 9)
	}
}

// Check holds a decoder to what a script is to give, however it is chopped. A
// "|" in the script is silence.
func Check(t *testing.T, fresh func() wire.Decoder, script string, want []string) {
	t.Helper()
	for n := 1; n <= max(len(script), 1); n++ {
		if n > 64 && n < len(script) {
			continue // of a long one the sizes that a port gives will do
		}
		if got := Told(fresh(), []byte(script), '|', Pieces(n)); !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d: got\n%s\nwant\n%s", n, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Chopped holds a decoder to saying the same however the script is chopped. A
// byte FE is silence. It returns what it said.
func Chopped(t *testing.T, fresh func() wire.Decoder, script []byte, seed uint64) []string {
	t.Helper()
	whole := Told(fresh(), script, 0xFE, Whole)
	single := Told(fresh(), script, 0xFE, Single)
	random := Told(fresh(), script, 0xFE, Random(seed))
	if !slices.Equal(whole, single) || !slices.Equal(whole, random) {
		t.Errorf("in one piece %q\nbyte by byte %q\nat random %q", whole, single, random)
	}
	return whole
}
