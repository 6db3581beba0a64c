package sim

import (
	"bytes"
	"slices"
	"strings"
)

// HIDPOS is a scanner in HID POS mode, as its maker lays out its reports.
//
//	p := sim.HIDPOS{Layout: "honeywell"}
//	reports := p.Code("]C1", 'I', []byte("00376104250021234569"))
//	replies, known := p.Host([]byte{0x04, 0x40})
type HIDPOS struct {
	hid[HIDPOSState]

	Layout    string    // "honeywell", "zebra" or "newland"
	Reserved  byte      // honeywell: byte 62, which differs by model
	AIMPrefix bool      // newland: set up to send AIM identifiers, which are then part of the data
	Composite bool      // honeywell: types codes on a keyboard until the host asks for reports
	Revision  string    // honeywell: what REVINF tells, lines that end in CR LF
	Settings  []Setting // honeywell and newland: what can be set and asked for
}

// Setting is one of a scanner's, under its tag and subtag: {"CBRENA", "1"}.
type Setting struct{ Name, Value string }

// HIDPOSState is what the host has made it do.
type HIDPOSState struct {
	Opened   bool     // the host asked for reports
	Sounds   []string // "good", "bad", "beep"
	Trigger  bool     // pulled by the host
	Commands []string // menu commands
	Unknown  int      // reports that mean nothing to it
}

// Code is a read code as reports of 64 bytes: AIM identifier and code id stand
// in each of them.
func (p *HIDPOS) Code(aim string, id byte, data []byte) [][]byte {
	defer p.lock()()
	if p.Composite && !p.now.Opened {
		return nil
	}
	if p.Layout == "newland" && p.AIMPrefix {
		data = slices.Concat([]byte(aim), data)
	}
	return p.spoiled(p.pack(aim, id, p.Reserved, data), 1)
}

// pack puts data into reports.
func (p *HIDPOS) pack(aim string, id, reserved byte, data []byte) (reports [][]byte) {
	const room, size = 56, 64
	for first := true; first || len(data) > 0; first = false {
		r := make([]byte, size)
		n := min(len(data), room)
		r[0], r[1] = 0x02, byte(n)
		switch p.Layout {
		case "zebra":
			copy(r[3:], aim)
			copy(r[6:], data[:n])
			r[62] = id
		case "newland":
			copy(r[2:], data[:n])
			r[62] = id
		default:
			copy(r[2:], aim)
			copy(r[5:], data[:n])
			r[61], r[62] = id, reserved
		}
		if data = data[n:]; len(data) > 0 {
			r[63] = 1
		}
		reports = append(reports, r)
	}
	return reports
}

// Host takes an output or feature report and answers. What a scanner does not
// know it refuses.
func (p *HIDPOS) Host(report []byte) (replies [][]byte, known bool) {
	defer p.lock()()
	if len(report) >= 2 {
		switch {
		case p.Layout == "honeywell" && report[0] == 0xFE && report[1] == 1:
			p.now.Opened = true
			return nil, true
		case p.Layout == "honeywell" && report[0] == 0x04:
			return nil, p.bits(report[1])
		case p.Layout == "honeywell" && report[0] == 0xFD && report[1] >= 1 && report[1] <= 62:
			return p.oneShot(report[2:]), true
		case p.Layout == "newland" && report[0] == 0x04 && report[1] >= 1 && int(report[1]) <= len(report)-2:
			return p.nls(report[2:][:report[1]]), true
		}
	}
	p.now.Unknown++
	return nil, false
}

// bits are the signals of report 04.
func (p *HIDPOS) bits(b byte) (known bool) {
	switch b {
	case 0x40:
		p.now.Sounds = append(p.now.Sounds, "good")
	case 0x20:
		p.now.Sounds = append(p.now.Sounds, "bad")
	case 0x04, 0x02:
		p.now.Trigger = b == 0x04
	default:
		p.now.Unknown++
		return false
	}
	return true
}

// oneShot takes serial data that came in report FD. It stands behind a length
// that some hosts get wrong, so a command ends where it ends.
func (p *HIDPOS) oneShot(b []byte) [][]byte {
	switch {
	case bytes.HasPrefix(b, []byte("\x16\x07\r")):
		p.now.Sounds = append(p.now.Sounds, "beep")
	case bytes.HasPrefix(b, []byte("\x16T\r")):
		p.now.Trigger = true
	case bytes.HasPrefix(b, []byte("\x16U\r")):
		p.now.Trigger = false
	case bytes.HasPrefix(b, []byte("\x16M\r")):
		end := bytes.IndexAny(b, ".!")
		if end < 0 {
			p.now.Unknown++
			return nil
		}
		command := string(b[3 : end+1])
		p.now.Commands = append(p.now.Commands, command)
		var text [][]byte
		echo, asked := p.menu(command[:len(command)-1])
		if asked != "" {
			text = p.pack("]X0", 0x3F, 0, []byte(asked))
		}
		return append(text, p.pack("]Z6", 0x36, 0, []byte(echo+command[len(command)-1:]))...)
	default:
		p.now.Unknown++
	}
	return nil
}

// nls takes a Newland command. That its reply comes as a report with data is
// the simulator's own idea: how it really comes, no source says.
func (p *HIDPOS) nls(b []byte) [][]byte {
	frame, isFrame := bytes.CutPrefix(b, []byte("~\x010000"))
	frame, ended := bytes.CutSuffix(frame, []byte(";\x03"))
	switch {
	case bytes.Equal(b, []byte("\x01T\x04")), bytes.Equal(b, []byte("\x01P\x04")):
		p.now.Trigger = b[1] == 'T'
	case isFrame && ended && len(frame) > 1:
		p.now.Commands = append(p.now.Commands, string(frame))
		echo, _ := p.menu(strings.ReplaceAll(string(frame[1:]), "*", "?"))
		return p.pack("", 0, 0, slices.Concat([]byte("\x02\x010000"), frame[:1], []byte(echo+";\x03")))
	default:
		p.now.Unknown++
	}
	return nil
}

// menu does what a command says and echoes it, with a status before each mark
// of punctuation; asked is the text that a question for it is answered with.
func (p *HIDPOS) menu(command string) (echo, asked string) {
	if strings.HasPrefix(command, ":") { // ":Xenon:", to one scanner of a base
		if _, rest, found := strings.Cut(command[1:], ":"); found {
			command = rest
		}
	}
	if command == "REVINF" {
		return "REVINF\x06", p.Revision
	}
	var done []string
	for i, group := range strings.Split(command, ";") {
		tag := ""
		for j, item := range strings.Split(group, ",") {
			mark := ","
			switch {
			case i == 0 && j == 0:
				mark = ""
			case j == 0:
				mark = ";"
			}
			if j == 0 && len(item) >= 3 {
				tag, item = item[:3], item[3:]
			}
			for k, one := range p.item(tag, item) {
				if k > 0 {
					mark = ","
				}
				if j == 0 && k == 0 {
					one = tag + one
				}
				done = append(done, mark+one)
			}
		}
	}
	return strings.Join(done, ""), ""
}

// item is a subtag with a value to set, or with "?" to ask; "?" alone asks for
// all of its tag.
func (p *HIDPOS) item(tag, item string) (echoes []string) {
	const taken, unknown, outOfRange = "\x06", "\x05", "\x15"
	for i := range p.Settings {
		s := &p.Settings[i]
		sub, ofTag := strings.CutPrefix(s.Name, tag)
		switch value, found := strings.CutPrefix(item, sub); {
		case !ofTag || len(tag) != 3:
		case item == "?" || found && value == "?":
			echoes = append(echoes, sub+s.Value+taken)
		case found && strings.Trim(value, "0123456789") == "":
			s.Value = value
			echoes = append(echoes, item+taken)
		case found:
			echoes = append(echoes, item+outOfRange)
		}
	}
	if echoes == nil {
		echoes = []string{strings.TrimSuffix(item, "?") + unknown}
	}
	return echoes
}
