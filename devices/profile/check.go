package profile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/strict"
	"scanpost/devices/wire"
)

// Example is bytes from a device, and what they mean.
type Example struct {
	Pieces  [][]byte // for HID, one report each
	Silence bool     // then the line falls silent
	Want    []Want
	Faults  []string  // reasons, such as "too long"
	Replies *[]string // hex, written back at once; nil: not compared
	Facts   *[]string // "name=value", told in answers; nil: not compared
	Reads   *[]string // "EPCHEX ant=1 rssi=-54 n=1", tags heard; nil: not compared
	Refused []string  // commands that the device did not take, in its words
}

// Want is a sighting that an example must give. What is nil is not compared.
type Want struct {
	Code      string
	AIM       *string
	Symbology *string
	NoRead    bool
	Note      string
	Again     bool
	Saved     *string // hex, written back once the scan is on disk
}

type makeDecoder = func(name string, options map[string]any) (wire.Decoder, error)

// Check proves the profile: the decoder takes its options, and every example
// gives exactly the sightings it wants: as written, byte by byte, and with all
// examples one after the other without a pause. newDecoder is
// devices.NewDecoder. All that is wrong is reported at once, with its line.
func (p *Profile) Check(newDecoder makeDecoder) error {
	doc := strict.Parse(p.file, p.data)
	if _, err := newDecoder(p.Decoder, p.Options); err != nil {
		place(doc, err)
		return doc.Err()
	}
	var glued [][]byte
	var expect, faults []string
	var together wire.Output
	all, _ := newDecoder(p.Decoder, p.Options)
	for i, e := range p.Examples {
		p.prove(doc, i, e.Pieces, newDecoder)
		glued = append(glued, e.Pieces...)
		expect, faults = append(expect, e.wanted()...), append(faults, e.Faults...)
		if e.Silence || i == len(p.Examples)-1 {
			if p.Port.Type == "serial" {
				glued = [][]byte{slices.Concat(glued...)}
			}
			feed(glued, e.Silence, all, &together)
			glued = nil
		}
	}
	if doc.Err() == nil {
		got := p.toldTogether(together.Sightings)
		if !slices.Equal(got, expect) || !slices.Equal(reasons(together.Faults), faults) {
			doc.At("example").Mistake("all examples one after the other: got %s %s, want %s %s (does one need silence = true?)",
				list(got), list(reasons(together.Faults)), list(expect), list(faults))
		}
	}
	return doc.Err()
}

// prove runs one example as it is written, then byte by byte.
func (p *Profile) prove(doc *strict.Doc, i int, pieces [][]byte, newDecoder makeDecoder) {
	e, way := p.Examples[i], ""
	for {
		var out wire.Output
		d, _ := newDecoder(p.Decoder, p.Options) // made before without an error
		feed(pieces, e.Silence, d, &out)
		got, want := e.told(out.Sightings), e.wanted()
		if !slices.Equal(got, want) {
			doc.At("example", i, "want").Mistake("example %d%s: got %s, want %s", i+1, way, list(got), list(want))
			return
		}
		if got := reasons(out.Faults); !slices.Equal(got, e.Faults) {
			doc.At("example", i, "faults").Mistake("example %d%s: got faults %s, want %s", i+1, way, list(got), list(e.Faults))
			return
		}
		replies, facts, refused := said(&out)
		reads := heard(out.Reads)
		for key, c := range map[string]struct{ got, want []string }{
			"replies": {replies, deref(e.Replies, replies)}, "facts": {facts, deref(e.Facts, facts)}, "refused": {refused, e.Refused},
			"reads": {reads, deref(e.Reads, reads)},
		} {
			if !slices.Equal(c.got, c.want) {
				doc.At("example", i, key).Mistake("example %d%s: got %s %s, want %s", i+1, way, key, list(c.got), list(c.want))
				return
			}
		}
		if p.Port.Type != "serial" || way != "" { // a report comes whole or not at all
			return
		}
		way, pieces = " byte by byte", slices.Collect(slices.Chunk(slices.Concat(pieces...), 1))
	}
}

func feed(pieces [][]byte, silence bool, d wire.Decoder, out *wire.Output) {
	for _, piece := range pieces {
		before := len(out.Reads)
		d.Decode(piece, out)
		for i := before; i < len(out.Reads); i++ {
			out.Reads[i].EPC = bytes.Clone(out.Reads[i].EPC) // the decoder uses its buffer again
		}
	}
	if silence {
		d.Silence(out)
	}
}

// place gives a decoder's complaints about its options their lines.
func place(doc *strict.Doc, err error) {
	var mistakes strict.Mistakes
	if !errors.As(err, &mistakes) {
		doc.At("decoder").Mistake("%v", err)
		return
	}
	for _, m := range mistakes {
		doc.At(append([]any{"options"}, m.Path...)...).Mistake("%s", m.Text)
	}
}

// told writes down sightings in the words of the example, leaving out what
// it does not compare.
func (e *Example) told(sightings []wire.Sighting) []string {
	var all []string
	for i, s := range sightings {
		got := Want{s.Code, &s.AIM, &s.Symbology, s.NoRead, s.Note, s.Again, new(hexText(s.OnSaved))}
		if i < len(e.Want) {
			if e.Want[i].AIM == nil {
				got.AIM = nil
			}
			if e.Want[i].Symbology == nil {
				got.Symbology = nil
			}
			if e.Want[i].Saved == nil {
				got.Saved = nil
			}
		}
		all = append(all, got.String())
	}
	return all
}

func (e *Example) wanted() []string {
	var all []string
	for _, w := range e.Want {
		all = append(all, w.String())
	}
	return all
}

func (p *Profile) toldTogether(sightings []wire.Sighting) []string {
	var all Example
	for _, e := range p.Examples {
		all.Want = append(all.Want, e.Want...)
	}
	return all.told(sightings)
}

// String is the way a profile writes it.
func (w Want) String() string {
	text := fmt.Sprintf("{ code = %q", w.Code)
	if w.AIM != nil {
		text += fmt.Sprintf(", aim = %q", *w.AIM)
	}
	if w.Symbology != nil {
		text += fmt.Sprintf(", symbology = %q", *w.Symbology)
	}
	if w.NoRead {
		text += ", noread = true"
	}
	if w.Note != "" {
		text += fmt.Sprintf(", note = %q", w.Note)
	}
	if w.Again {
		text += ", again = true"
	}
	if w.Saved != nil {
		text += fmt.Sprintf(", saved = %q", *w.Saved)
	}
	return text + " }"
}

// heard is the way a profile writes tags.
func heard(reads []wire.Read) (all []string) {
	for _, r := range reads {
		text := fmt.Sprintf("%X ant=%d", r.EPC, r.Antenna)
		if r.HasRSSI {
			text += fmt.Sprintf(" rssi=%d", r.RSSI)
		}
		all = append(all, text+fmt.Sprintf(" n=%d", r.Count))
	}
	return all
}

// said is what else came out: replies in hex, facts, refusals.
func said(out *wire.Output) (replies, facts, refused []string) {
	for _, r := range out.Replies {
		replies = append(replies, hexText(r))
	}
	for _, a := range out.Answers {
		for _, f := range a.Facts {
			facts = append(facts, f.Name+"="+f.Value)
		}
		if a.Refused != "" {
			refused = append(refused, a.Refused)
		}
	}
	return replies, facts, refused
}

func deref(wanted *[]string, otherwise []string) []string {
	if wanted == nil {
		return otherwise
	}
	return *wanted
}

// hexText is the way a profile writes bytes.
func hexText(b []byte) string { return fmt.Sprintf("% X", b) }

// reasons names the innermost error of each fault, which is what is counted.
func reasons(faults []error) []string {
	var all []string
	for _, f := range faults {
		for inner := errors.Unwrap(f); inner != nil; inner = errors.Unwrap(f) {
			f = inner
		}
		all = append(all, f.Error())
	}
	return all
}

func list(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	return "[" + strings.Join(items, ", ") + "]"
}
