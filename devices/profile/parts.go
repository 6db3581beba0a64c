package profile

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"scanpost/devices/strict"
)

type command struct {
	When, Say, Report string
	In, Hex           *string
	Answer            bool
	Wait, Gap         strict.Duration
	Tries             int
}

type setting struct {
	Name, Want, Say string
	In, Hex         *string
	Repair          bool
}

type example struct {
	In, Hex *string
	Silence bool
	Want    []want
	Faults  []string
	Replies *[]string
	Facts   *[]string
	Refused []string
	Reads   *[]string
}

type want struct {
	Code      string
	AIM       *string
	Symbology *string
	NoRead    bool
	Note      string
	Again     bool
	Saved     *string // hex
}

func (p *Profile) checkTrust(doc *strict.Doc) {
	for _, part := range slices.Sorted(maps.Keys(p.Trust)) {
		if !slices.Contains(Parts, part) {
			doc.At("trust", part).Mistake("there is no part %q; the parts are %s", part, strings.Join(Parts, ", "))
		}
		checkMark(doc, p.Trust[part], "trust", part)
		if mark := p.Trust[part]; (mark == "G" || mark == "I") && len(p.Unconfirmed) == 0 {
			doc.At("trust", part).Mistake("mark %s means that nobody has seen it, so \"unconfirmed\" has to say what", mark)
		}
	}
}

func checkMark(doc *strict.Doc, mark string, path ...any) {
	if _, known := Marks[mark]; !known {
		doc.At(path...).Mistake("a trust mark is one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(Marks)), ", "), mark)
	}
}

func (p *Profile) readFeedback(doc *strict.Doc, f *file) {
	p.Feedback = Feedback{
		Means: f.Feedback.Means, Answered: f.Feedback.Answered,
		Good: p.signal(doc, f.Feedback.Good, "feedback", "good"), Bad: p.signal(doc, f.Feedback.Bad, "feedback", "bad"),
	}
	fb := &p.Feedback
	if fb.Good != nil && bytes.Equal(fb.Good, fb.Bad) {
		doc.At("feedback", "bad").Mistake("good and bad must not be the same signal: nobody could tell a saved scan from a lost one")
	}
	if fb.Means == "" {
		fb.Means = "none"
		if fb.Good != nil {
			fb.Means = "signal"
		}
	}
	switch _, known := Means[fb.Means]; {
	case !known:
		doc.At("feedback", "means").Mistake("\"means\" must be one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(Means)), ", "), fb.Means)
	case fb.Means == "none" && (fb.Good != nil || fb.Bad != nil):
		doc.At("feedback", "means").Mistake("there is a signal, so it means more than none")
	case fb.Means == "signal" && fb.Good == nil:
		doc.At("feedback", "means").Mistake("the signal itself is missing: good")
	}
}

// signal reads feedback bytes.
func (p *Profile) signal(doc *strict.Doc, text string, path ...any) []byte {
	b := oneReport(doc, text, path...)
	if len(b) > 64 {
		doc.At(path...).Mistake("a signal of %d bytes would still be on its way when the next scan comes; at most 64", len(b))
		return nil
	}
	return b
}

// oneReport reads bytes that are sent in one piece; nil if there are none.
func oneReport(doc *strict.Doc, text string, path ...any) []byte {
	pieces, err := readHex(text)
	if err != nil {
		doc.At(path...).Mistake("%v", err)
	}
	return slices.Concat(pieces...)
}

// bytesOf reads bytes that are written either as text or as hex.
func (p *Profile) bytesOf(doc *strict.Doc, in, hex *string, path ...any) []byte {
	at := func(key string) []any { return append(slices.Clone(path), key) }
	switch {
	case in != nil && hex != nil, in == nil && hex == nil:
		doc.At(path...).Mistake("what to send is missing or there twice: either in or hex")
	case in != nil && p.Port.Type == "hid":
		doc.At(at("in")...).Mistake(`reports are written as hex = "…"`)
	case in != nil:
		return []byte(*in)
	default:
		return oneReport(doc, *hex, at("hex")...)
	}
	return nil
}

func (p *Profile) readCommands(doc *strict.Doc, list []command) {
	asked := false
	for i, c := range list {
		cmd := Command{
			When: c.When, Say: c.Say, Bytes: p.bytesOf(doc, c.In, c.Hex, "command", i), Feature: c.Report == "feature",
			Answer: c.Answer, Wait: c.Wait.D(), Tries: c.Tries, Gap: c.Gap.D(),
		}
		at := func(key string) strict.Place { return doc.At("command", i, key) }
		switch {
		case cmd.When != "open" && cmd.When != "ask":
			at("when").Mistake(`"when" must be "open" or "ask", not %q`, cmd.When)
		case cmd.When == "open" && asked:
			at("when").Mistake("what opens a device comes before what asks it")
		}
		asked = asked || cmd.When == "ask"
		if cmd.Say == "" {
			at("say").Mistake("\"say\" is missing: what the command does, for people")
		}
		if c.Report != "" && c.Report != "output" && c.Report != "feature" {
			at("report").Mistake(`"report" must be "output" or "feature", not %q`, c.Report)
		}
		if c.Report != "" && p.Port.Type == "serial" {
			at("report").Mistake("a serial port has no reports")
		}
		switch {
		case cmd.Tries == 0 && cmd.Answer:
			cmd.Tries = 3
		case cmd.Tries == 0:
			cmd.Tries = 1
		case cmd.Tries < 1 || cmd.Tries > 10:
			at("tries").Mistake("\"tries\" must be from 1 to 10, not %d", cmd.Tries)
		case !cmd.Answer && cmd.Tries > 1:
			at("tries").Mistake("without an answer nobody can tell whether to try again")
		}
		if cmd.Answer && cmd.Wait == 0 {
			cmd.Wait = time.Second
		}
		if len(cmd.Bytes) > 1024 {
			doc.At("command", i).Mistake("a command of %d bytes; at most 1024", len(cmd.Bytes))
		}
		p.Commands = append(p.Commands, cmd)
	}
}

func (p *Profile) readSettings(doc *strict.Doc, list []setting) {
	for i, s := range list {
		set := Setting{Name: s.Name, Want: s.Want, Say: s.Say, Repair: s.Repair}
		for key, value := range map[string]string{"name": s.Name, "want": s.Want, "say": s.Say} {
			if value == "" {
				doc.At("setting", i, key).Mistake("%q is missing in [[setting]]", key)
			}
		}
		if s.In != nil || s.Hex != nil {
			set.Set = p.bytesOf(doc, s.In, s.Hex, "setting", i)
		} else if s.Repair {
			doc.At("setting", i, "repair").Mistake("what to send to set it right is missing: either in or hex")
		}
		p.Settings = append(p.Settings, set)
	}
}

func (p *Profile) checkSheet(doc *strict.Doc) {
	for i, s := range p.Sheet.Steps {
		at := func(key string) strict.Place { return doc.At("sheet", "step", i, key) }
		if s.Do == "" {
			at("do").Mistake("\"do\" is missing: what the step does, for people")
		}
		if s.Code == "" {
			if s.Page == "" {
				at("page").Mistake("either a page of the maker's manual, or a code to draw")
			}
			continue
		}
		if !slices.Contains(Carriers, s.Carrier) {
			at("carrier").Mistake("\"carrier\" must be one of %s, not %q", strings.Join(Carriers, ", "), s.Carrier)
		}
		checkMark(doc, s.Trust, "sheet", "step", i, "trust")
	}
}

func (p *Profile) readExamples(doc *strict.Doc, list []example) {
	if len(list) == 0 {
		doc.At("example").Mistake("an [[example]] is missing: bytes from the device, and what they mean")
	}
	for i, e := range list {
		example := Example{Silence: e.Silence, Faults: e.Faults, Facts: e.Facts, Refused: e.Refused, Reads: e.Reads}
		at := doc.At("example", i)
		switch {
		case (e.In == nil) == (e.Hex == nil):
			at.Mistake("example %d needs either in or hex", i+1)
		case e.Hex != nil:
			pieces, err := readHex(*e.Hex)
			if err != nil {
				doc.At("example", i, "hex").Mistake("%v", err)
			}
			example.Pieces = pieces
		case p.Port.Type == "hid":
			doc.At("example", i, "in").Mistake(`reports are written as hex = "…", with / between them`)
		default:
			example.Pieces = [][]byte{[]byte(*e.In)}
		}
		for _, w := range e.Want {
			one := Want{Code: w.Code, AIM: w.AIM, Symbology: w.Symbology, NoRead: w.NoRead, Note: w.Note, Again: w.Again}
			if w.Saved != nil {
				one.Saved = new(hexText(oneReport(doc, *w.Saved, "example", i, "want")))
			}
			example.Want = append(example.Want, one)
		}
		if e.Replies != nil {
			replies := []string{}
			for _, r := range *e.Replies {
				replies = append(replies, hexText(oneReport(doc, r, "example", i, "replies")))
			}
			example.Replies = &replies
		}
		p.Examples = append(p.Examples, example)
	}
	if acks := slices.ContainsFunc(p.Examples, func(e Example) bool {
		return slices.ContainsFunc(e.Want, func(w Want) bool { return w.Saved != nil && *w.Saved != "" })
	}); (p.Feedback.Means == "acknowledge") != acks && doc.Err() == nil {
		doc.At("feedback", "means").Mistake(`"acknowledge" needs an example with the answer that is withheld until the scan is saved (want = [{ …, saved = "06" }]), and only it may have one`)
	}
}
