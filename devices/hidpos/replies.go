package hidpos

import (
	"bytes"
	"fmt"
	"slices"

	"scanpost/devices/wire"
)

const (
	textID   = 0x3F           // code id of the text reports of a reply, and of Korea Post
	nlsFrame = "\x02\x010000" // what a Newland's reply begins with, before @ or #; no label does
	most     = 16             // texts that are held back
	maxFacts = 64             // of one reply
)

// text is one that is held back: it may be a reply, or a code.
type text struct {
	content []byte
	head    head
}

// hold keeps a text until ]Z6 or silence tells what it is. More than any reply
// has are codes that are scanned in a row.
func (d *Decoder) hold(out *wire.Output) {
	if len(d.held) == most || d.bytes+len(d.code) > d.limit {
		d.release(out)
	}
	d.held = append(d.held, text{bytes.Clone(d.code), d.head})
	d.bytes += len(d.code)
}

// release hands out the texts that no ]Z6 followed.
func (d *Decoder) release(out *wire.Output) {
	for _, t := range d.held {
		if bytes.Contains(t.content, []byte(": ")) && bytes.Contains(t.content, []byte("\r\n")) {
			out.Fault(fmt.Errorf("reply of %d bytes without its end ]Z6: %w", len(t.content), wire.ErrShort))
			continue
		}
		d.report(t.content, t.head, out)
	}
	d.forget()
}

func (d *Decoder) forget() {
	clear(d.held)
	d.held, d.bytes = d.held[:0], 0
}

// reply reads the end of a reply, and with it the texts that were held. It
// repeats the command with a status before each mark of punctuation:
//
//	CBR ENA 1 06 , MIN 2 06 .
//	│   │   │ │  │ └─ of the tag before
//	│   │   │ │  └─ , to the next subtag; ; to the next tag; . or ! at the end
//	│   │   │ └─ 06 taken, 05 no such tag, 15 no such value
//	│   │   └─ the value, as it is now
//	└───┴─ tag and subtag, three characters each
func (d *Decoder) reply(echo []byte, out *wire.Output) {
	var a wire.Answer
	tag, name := "", ""
	for len(echo) > 0 {
		at := bytes.IndexAny(echo, "\x05\x06\x15")
		if at < 0 {
			break
		}
		item, status := echo[:at], echo[at]
		mark := byte('.')
		if echo = echo[at+1:]; len(echo) > 0 {
			mark, echo = echo[0], echo[1:]
		}
		if tag == "" {
			item = withoutName(item)
			tag, item = cut(item)
		}
		sub, value := cut(item)
		if name == "" {
			name = tag + sub
		}
		switch {
		case status == 0x05 && a.Refused == "":
			a.Refused = tag + sub + ": unknown tag"
		case status == 0x15 && a.Refused == "":
			a.Refused = tag + sub + ": value out of range"
		case status == 0x06 && len(value) > 0 && len(a.Facts) < maxFacts:
			a.Facts = append(a.Facts, wire.Fact{Name: tag + sub, Value: string(value)})
		}
		if mark != ',' {
			tag = ""
		}
	}
	for _, t := range d.held {
		a.Facts = facts(a.Facts, name, t.content)
	}
	d.forget()
	out.Answer(a)
}

// facts reads lines such as "Serial Number: B123". Names begin with the
// command that was asked, and a line without a name is the command's text.
func facts(to []wire.Fact, command string, content []byte) []wire.Fact {
	for line := range bytes.Lines(content) {
		name, value, named := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch {
		case len(to) == maxFacts:
			return to
		case named:
			to = append(to, wire.Fact{Name: command + " " + string(name), Value: string(bytes.TrimLeft(value, ": "))})
		case len(name) > 0:
			to = append(to, wire.Fact{Name: command + " text", Value: string(name)})
		}
	}
	return slices.Clip(to)
}

// cut splits the three characters of a tag or subtag off.
func cut(item []byte) (three string, rest []byte) {
	n := min(3, len(item))
	return string(item[:n]), item[n:]
}

// withoutName drops ":Xenon:", by which a base's scanner was addressed.
func withoutName(item []byte) []byte {
	if len(item) > 0 && item[0] == ':' {
		if _, rest, found := bytes.Cut(item[1:], []byte(":")); found {
			return rest
		}
	}
	return item
}
