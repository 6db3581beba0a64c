package llrp

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
)

// status is LLRPStatus: how a request went.
type status struct {
	code  int
	text  string // the reader's words
	where string // which parameter and field
}

const unsupportedVersion = 110

// codes are what they mean.
var codes = map[int]string{
	0: "ok", 100: "error in a parameter", 101: "error in a field", 102: "unexpected parameter", 103: "missing parameter",
	104: "duplicate parameter", 105: "too many parameters", 106: "too many fields", 107: "unknown parameter", 108: "unknown field",
	109: "unsupported message", 110: "unsupported version of LLRP", 111: "unsupported parameter",
	200: "error in a parameter", 201: "error in a field", 202: "unexpected parameter", 203: "missing parameter", 204: "duplicate parameter",
	205: "too many parameters", 206: "too many fields", 207: "unknown parameter", 208: "unknown field", 209: "unsupported parameter",
	300: "invalid value", 301: "value out of range", 401: "error of the device",
}

// names are the parameters that we send.
var names = map[int]string{
	177: "the ROSpec", 178: "its boundary", 179: "its start", 182: "its stop", 183: "the antennas", 184: "their stop", 186: "the inventory",
	220: "the keep-alive", 222: "an antenna's settings", 224: "power and channel", 225: "an input", 226: "holding reports",
	237: "reporting", 238: "the contents of reports", 244: "events", 245: "an event", 330: "Gen2 settings", 335: "mode and tari",
	336: "session and population", 348: "PC and CRC", 1023: "a maker's extension",
}

func (s status) String() string {
	text := fmt.Sprintf("status %d", s.code)
	if meaning, known := codes[s.code]; known {
		text += ", " + meaning
	}
	if s.where != "" {
		text += " in " + s.where
	}
	if s.text != "" {
		text += fmt.Sprintf(", %q", s.text)
	}
	return text
}

// mostText is how much of a reader's words is kept.
const mostText = 200

// quoted is a reader's text, made harmless.
func quoted(b []byte) string {
	b = b[:min(len(b), mostText)]
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, string(b)))
}

// statusIn finds LLRPStatus among parameters. An answer without one is taken
// for good: it is the answer to what was asked.
func statusIn(b []byte) (s status, err error) {
	err = each(b, func(kind uint16, value []byte) error {
		if kind != 287 {
			return nil
		}
		if len(value) < 4 {
			return errFit
		}
		n := int(binary.BigEndian.Uint16(value[2:]))
		if 4+n > len(value) {
			return errFit
		}
		s = status{code: int(binary.BigEndian.Uint16(value)), text: quoted(value[4 : 4+n])}
		s.where, err = whereIn(value[4+n:], 0)
		return err
	})
	return s, err
}

// whereIn reads which field (288) of which parameter (289) is meant; a
// parameter's error holds that of the one inside.
func whereIn(b []byte, depth int) (where string, err error) {
	err = each(b, func(kind uint16, value []byte) error {
		switch {
		case kind != 288 && kind != 289 || depth > 8:
			return nil
		case len(value) < 4:
			return errFit
		case kind == 288:
			where = fmt.Sprintf("field %d", binary.BigEndian.Uint16(value))
			return nil
		}
		id := int(binary.BigEndian.Uint16(value))
		name, known := names[id]
		if !known {
			name = fmt.Sprintf("parameter %d", id)
		}
		inner, err := whereIn(value[4:], depth+1)
		if where = name; inner != "" {
			where = inner + " of " + name
		}
		return err
	})
	return where, err
}

func join(words []string) string { return strings.Join(words, ", ") }
