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
// identifier, and never a part of it: "NR" may well stand inside a code. In both,
// [0-9] stands for any one digit: "ERR[0-9][0-9]" is a hundred texts.
package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/symbology"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// Longest is the most characters one code carries: a QR code of version 40
// with digits only.
const Longest = 7089

// Rules say how a device's content is to be read.
type Rules struct {
	aim    bool
	ids    string
	gs     separator
	max    int
	noRead map[string]bool
	ignore map[string]bool
}

// Options are what a profile may say about content, whatever the protocol.
type Options struct {
	AIMID  bool     // the device sends AIM identifiers before the code
	CodeID string   // the device sends its maker's code ids before the code: one of symbology.Sets, empty if none
	GS     string   // what the device sends in place of GS1's separator; see separator
	Max    int      // longest code in bytes
	NoRead []string // whole contents that mean "nothing read"
	Ignore []string // whole contents that mean nothing
}

// New makes rules. Its mistakes name the option they are about.
func New(o Options) (Rules, error) {
	r := Rules{aim: o.AIMID, ids: o.CodeID, gs: separator(o.GS), max: o.Max, noRead: set(o.NoRead), ignore: set(o.Ignore)}
	var mistakes []error
	if o.Max < 1 || o.Max > 65536 {
		mistakes = append(mistakes, Wrong("max", "must be from 1 to 65536, not %d", o.Max))
	}
	if r.ids == "none" {
		r.ids = ""
	}
	if r.ids != "" && !slices.Contains(symbology.Sets(), r.ids) {
		mistakes = append(mistakes, Wrong("code_id", "must be one of %s, not %q", strings.Join(symbology.Sets(), ", "), o.CodeID))
	}
	mistakes = append(mistakes, r.gs.mistake(), wrongTexts("noread", o.NoRead), wrongTexts("ignore", o.Ignore))
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

// anyDigit is written out into each digit beforehand, so that a code is still
// looked up and never matched against patterns. A thousand texts are enough.
const (
	anyDigit   = "[0-9]"
	mostDigits = 3
)

func wrongTexts(option string, texts []string) error {
	for _, text := range texts {
		switch {
		case text == "":
			return Wrong(option, "must not hold an empty text (an empty frame is never a sighting)")
		case strings.Count(text, anyDigit) > mostDigits:
			return Wrong(option, "must hold %s at most %d times, not as in %q", anyDigit, mostDigits, text)
		}
	}
	return nil
}

func set(texts []string) map[string]bool {
	m := make(map[string]bool, len(texts))
	var add func(text string, left int)
	add = func(text string, left int) {
		if left == 0 || !strings.Contains(text, anyDigit) {
			m[text] = true
			return
		}
		for digit := '0'; digit <= '9'; digit++ {
			add(strings.Replace(text, anyDigit, string(digit), 1), left-1)
		}
	}
	for _, text := range texts {
		add(text, mostDigits)
	}
	return m
}

// Limit is how many bytes a frame may need for the longest code.
func (r *Rules) Limit() int {
	n := r.max
	if r.aim || r.ids != "" {
		n += len("]C1")
	}
	return n
}

// Report hands out what a frame's content means. It does not keep content. As
// is the sighting as the frame around the content tells it: AIM identifier,
// symbology, note, what to answer. What the content itself says comes first.
// Something that will never be saved is answered at once, so that the device
// does not wait for it.
func (r *Rules) Report(content []byte, as wire.Sighting, out *wire.Output) {
	if len(content) == 0 {
		r.settle(as, out) // a second terminator right after the first
		return
	}
	if len(content) > r.Limit() {
		out.Fault(fmt.Errorf("code of %d bytes, longest is %d: %w", len(content), r.max, wire.ErrTooLong))
		r.settle(as, out)
		return
	}
	whole := string(content) // the one allocation: identifier and code share it
	s := as
	s.Code = whole
	if r.aim {
		if aim, code := scan.CutAIM(whole); aim != "" {
			s.AIM, s.Code = aim, code
		}
	}
	if r.ids != "" && len(s.Code) == len(whole) {
		if kind, code, found := symbology.Cut(r.ids, whole); found {
			s.AIM, s.Symbology, s.Code = kind.AIM, kind.Name, code
		}
	}
	if s.Symbology == "" {
		s.Symbology = scan.SymbologyOf(s.AIM)
	}
	switch {
	case r.ignore[s.Code] || r.ignore[whole]:
		r.settle(as, out)
		return
	case len(s.Code) == 0:
		out.Fault(fmt.Errorf("identifier %s without a code: %w", whole, wire.ErrShort))
		r.settle(as, out)
		return
	case len(s.Code) > r.max:
		out.Fault(fmt.Errorf("code of %d bytes, longest is %d: %w", len(s.Code), r.max, wire.ErrTooLong))
		r.settle(as, out)
		return
	}
	s.NoRead = r.noRead[s.Code] || r.noRead[whole]
	if r.gs != "" && !s.NoRead {
		s.Code = r.gs.restore(s.Code, s.Symbology)
	}
	out.Sighting(s)
}

// settle answers what leads to no sighting.
func (r *Rules) settle(as wire.Sighting, out *wire.Output) {
	if len(as.OnSaved) > 0 {
		out.Reply(as.OnSaved)
	}
}
