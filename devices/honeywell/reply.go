package honeywell

import (
	"fmt"
	"slices"
	"strings"

	"scanpost/devices/mixed"
	"scanpost/devices/wire"
)

const (
	ack, enq, nak = 0x06, 0x05, 0x15

	revinf  = "REVINF"
	longest = 1024 // bytes of a reply: a prefix of 200 characters, in hex, with room
)

func isStatus(b byte) bool { return b == ack || b == enq || b == nak }

// replyOf judges bytes whose first may be that of a tag.
func replyOf(b []byte, tags []string, ended bool) mixed.Verdict {
	tag := ""
	for _, t := range tags {
		switch n := min(len(t), len(b)); {
		case t[:n] != string(b[:n]):
		case n < len(t) && !ended:
			return mixed.Verdict{Kind: mixed.More}
		case n == len(t) && len(t) > len(tag):
			tag = t
		}
	}
	if tag == "" {
		return mixed.Verdict{Kind: mixed.Text}
	}
	i, told := len(tag), false
	for ; i < min(len(b), longest); i++ {
		switch c := b[i]; {
		case c >= ' ' && c <= '~':
			continue
		case !isStatus(c):
		case i+1 == len(b) && ended: // a status, and never its mark
			told = true
			i++
		case i+1 == len(b):
		case b[i+1] == '.' || b[i+1] == '!':
			return mixed.Verdict{Kind: mixed.Frame, N: i + 2}
		case b[i+1] == ',' || b[i+1] == ';':
			told = true
			i++
			continue
		}
		break
	}
	switch {
	case !ended && (i == len(b) || i+1 == len(b) && isStatus(b[i])):
		return mixed.Verdict{Kind: mixed.More}
	case told:
		return mixed.Verdict{Kind: mixed.Torn, N: i, Why: cutShort(string(b[:i]))}
	}
	return mixed.Verdict{Kind: mixed.Text}
}

func cutShort(text string) error {
	return fmt.Errorf("reply %s without its end: %w", short(text), wire.ErrShort)
}

// beginsReply reports whether a text without its suffix begins with the whole
// name of a setting whose reply may come. "CBR17", with a tag only, is a code.
func (d *Decoder) beginsReply(text string) bool {
	return slices.ContainsFunc(d.tags, func(tag string) bool { return len(tag) == len(revinf) && strings.HasPrefix(text, tag) })
}

// endsReply reports whether a text ends as replies do.
func endsReply(text string) bool {
	n := len(text)
	return n >= 2 && isStatus(text[n-2]) && (text[n-1] == '.' || text[n-1] == '!')
}

func unasked(text string) error {
	return fmt.Errorf("%s reads like the reply to a command that is not in options replies: %w", short(text), wire.ErrUnasked)
}

// reply reads a whole reply. It repeats the command, with a status before each
// mark of punctuation:
//
//	CBR ENA 1 06 , SSX 0 06 ; 232 BAD 99 15 .
//	│   │   │ │  │          └─ the next has a tag of its own
//	│   │   │ │  └─ the next is of the same tag
//	│   │   │ └─ 06 taken, 05 no such tag, 15 no such value
//	│   │   └─ the value, as it is now
//	└───┴─ tag and subtag, three characters each
func (d *Decoder) reply(b []byte, out *wire.Output) {
	var a wire.Answer
	tag := ""
	for len(b) > 0 {
		at := slices.IndexFunc(b, isStatus)
		item, status, mark := string(b[:at]), b[at], b[at+1]
		b = b[at+2:]
		if tag == "" {
			tag, item = cut(item)
		}
		sub, value := cut(item)
		name := tag + sub
		if name == "DECHDR" {
			d.headed = !d.plain && status == ack && value == "1"
		}
		switch {
		case status == enq:
			a.Refused = also(a.Refused, name+": unknown tag")
		case status == nak:
			a.Refused = also(a.Refused, name+": value out of range")
		case name == revinf && len(b) == 0:
			a.Facts = d.block.facts(a.Facts)
		case value != "":
			a.Facts = append(a.Facts, wire.Fact{Name: name, Value: value})
		}
		if mark == ';' {
			tag = ""
		}
	}
	d.release(out)
	out.Answer(a)
}

// cut splits the three characters of a tag or subtag off.
func cut(item string) (three, rest string) {
	n := min(3, len(item))
	return item[:n], item[n:]
}

func also(before, one string) string {
	if before == "" {
		return one
	}
	return before + ", " + one
}

// block is the lines that may be those of REVINF.
type block struct {
	lines []wire.Sighting
	bytes int
}

// Far above what any scanner tells: the one that was seen has 8 lines of 50.
const (
	mostLines = 64
	mostBytes = 8192
)

// hold keeps a line until the burst's end tells what it is, if it may be one
// of REVINF's.
func (d *Decoder) hold(line *wire.Sighting) bool {
	b := &d.block
	if !d.asks || line.AIM != "" || line.Symbology != "" || len(b.lines) == mostLines || b.bytes+len(line.Code) > mostBytes {
		return false
	}
	if _, _, named := nameOf(line.Code); !named && len(b.lines) == 0 {
		return false
	}
	b.lines = append(b.lines, *line)
	b.bytes += len(line.Code)
	return true
}

// release hands out the lines that were held, since they are codes.
func (d *Decoder) release(out *wire.Output) {
	if len(d.block.lines) == 0 {
		return
	}
	out.Sightings = append(out.Sightings, d.block.lines...)
	d.block.forget()
	out.Restarted = out.Restarted || d.headed
}

func (b *block) forget() {
	clear(b.lines)
	b.lines, b.bytes = b.lines[:0], 0
}

// facts reads the lines that were held. The names in them are not the
// family's, so the command that brought them stands before.
func (b *block) facts(to []wire.Fact) []wire.Fact {
	for _, held := range b.lines {
		for line := range strings.SplitSeq(held.Code, "\r") { // several, where a pause and no CR ends a line
			if name, value, named := nameOf(strings.TrimLeft(line, "\n")); named {
				to = append(to, wire.Fact{Name: revinf + " " + name, Value: strings.TrimLeft(value, ": ")})
			}
		}
	}
	b.forget()
	return to
}

// cutBlock splits REVINF's lines from a code before them, where a pause and no
// CR ends a line. They are the last lines of what was sent.
func cutBlock(text string) (code, lines string) {
	at := len(text)
	for at > 0 {
		begin := strings.LastIndexByte(text[:at-1], '\r') + 1
		if line := strings.Trim(text[begin:at], "\r\n"); line != "" {
			if _, _, named := nameOf(line); !named {
				break
			}
		}
		at = begin
	}
	return strings.TrimRight(text[:at], "\r\n"), text[at:]
}

// nameOf splits "Serial Number: B123". Some lines have nothing behind the
// colon; "HTTP://" and "WIFI:S:" are no names.
func nameOf(line string) (name, value string, named bool) {
	name, value, named = strings.Cut(line, ":")
	if !named || value != "" && value[0] != ' ' || len(name) > 64 {
		return "", "", false
	}
	if name == "" || name[0]|0x20 < 'a' || name[0]|0x20 > 'z' {
		return "", "", false
	}
	return name, strings.TrimSpace(value), true
}
