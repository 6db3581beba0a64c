// Package content turns what a frame carried into a sighting, the same way
// for every protocol: it cuts the AIM identifier, tells the reader's own words
// from codes, and holds codes to their longest length.
//
//	]C1 00106141410000001238
//	│   └─ the code, kept byte for byte
//	└─ AIM identifier, cut if Rules.AIM and there is one
//
// A no-read is recorded as an event and never as a scan, and an ignored text
// is nothing at all. Both match the whole content, with or without the AIM
// identifier, and never a part of it: "NR" may well stand inside a code.
package content

import (
	"errors"
	"fmt"

	"scanpost/devices/wire"
	"scanpost/scan"
)

// Longest is the most characters one code carries: a QR code of version 40
// with digits only.
const Longest = 7089

// Rules say how a device's content is to be read.
type Rules struct {
	aim    bool
	max    int
	noRead map[string]bool
	ignore map[string]bool
}

// New makes rules. Its mistakes name the option they are about.
func New(aim bool, max int, noRead, ignore []string) (Rules, error) {
	r := Rules{aim: aim, max: max, noRead: set(noRead), ignore: set(ignore)}
	var mistakes []error
	if max < 1 || max > 65536 {
		mistakes = append(mistakes, Wrong("max", "must be from 1 to 65536, not %d", max))
	}
	const empty = "must not hold an empty text (an empty frame is never a sighting)"
	if r.noRead[""] {
		mistakes = append(mistakes, Wrong("noread", empty))
	}
	if r.ignore[""] {
		mistakes = append(mistakes, Wrong("ignore", empty))
	}
	return r, errors.Join(mistakes...)
}

// OptionError is a decoder's option that cannot be used, kept apart from its
// sentence so that a profile can tell the line.
type OptionError struct{ Option, Sentence string }

// Error names the option.
func (e *OptionError) Error() string { return fmt.Sprintf("option %q %s", e.Option, e.Sentence) }

// Wrong makes an [OptionError].
func Wrong(option, sentence string, args ...any) error {
	return &OptionError{option, fmt.Sprintf(sentence, args...)}
}

func set(texts []string) map[string]bool {
	m := make(map[string]bool, len(texts))
	for _, text := range texts {
		m[text] = true
	}
	return m
}

// Limit is how many bytes a frame may need for the longest code.
func (r *Rules) Limit() int {
	if r.aim {
		return r.max + len("]C1")
	}
	return r.max
}

// Report hands out what a frame's content means. It does not keep content.
func (r *Rules) Report(content []byte, note string, out *wire.Output) {
	if len(content) == 0 {
		return // a second terminator right after the first
	}
	if len(content) > r.Limit() {
		out.Fault(fmt.Errorf("code of %d bytes, longest is %d: %w", len(content), r.max, wire.ErrTooLong))
		return
	}
	whole := string(content) // the one allocation: identifier and code share it
	s := wire.Sighting{Code: whole, Note: note}
	if r.aim {
		s.AIM, s.Code = scan.CutAIM(whole)
		s.Symbology = scan.SymbologyOf(s.AIM)
	}
	switch {
	case r.ignore[s.Code] || r.ignore[whole]:
		return
	case len(s.Code) == 0:
		out.Fault(fmt.Errorf("identifier %s without a code: %w", s.AIM, wire.ErrShort))
		return
	case len(s.Code) > r.max:
		out.Fault(fmt.Errorf("code of %d bytes, longest is %d: %w", len(s.Code), r.max, wire.ErrTooLong))
		return
	}
	s.NoRead = r.noRead[s.Code] || r.noRead[whole]
	out.Sighting(s)
}
