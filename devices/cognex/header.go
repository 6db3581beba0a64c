package cognex

import (
	"bytes"
	"fmt"
	"strconv"

	"scanpost/devices/wire"
)

// head is the header of a response.
type head struct {
	checked bool
	id      int // 0 if there is none
	status  int
}

// header reads "||1:7[0]" and returns what follows it.
func header(line []byte) (h head, data []byte, found bool) {
	if !bytes.HasPrefix(line, []byte("||")) {
		return h, nil, false
	}
	field, value, digits, inStatus := 0, 0, 0, false
	for i, b := range line[2:min(len(line), longest)] {
		switch {
		case b >= '0' && b <= '9' && digits < 9:
			value, digits = value*10+int(b-'0'), digits+1
			continue
		case b == ']' && inStatus && digits > 0:
			h.status = value
			return h, line[2+i+1:], true
		case inStatus || b != ':' && b != ';' && b != '[':
			return h, nil, false
		case field == 0:
			h.checked = value == 1
		case field == 1:
			h.id = value
		}
		field, value, digits, inStatus = field+1, 0, 0, b == '['
	}
	return h, nil, false
}

// findHeader is where the first response of a line begins; -1 if there is none.
func findHeader(line []byte) int {
	for at := 0; ; at++ {
		next := bytes.Index(line[at:], []byte("||"))
		if next < 0 {
			return -1
		}
		at += next
		if _, _, found := header(line[at:]); found {
			return at
		}
	}
}

// Why a reader does not take a command, after the maker's programming guide.
var refusals = map[int]string{
	100: "unknown error", 101: "command invalid", 102: "parameter invalid", 103: "checksum wrong",
	104: "not in this state", 105: "reader not available",
}

// answer is what a response says about a command.
func (d *Decoder) answer(h head, data []byte) wire.Answer {
	if h.status != 0 {
		why, known := refusals[h.status]
		if !known {
			why = "status " + strconv.Itoa(h.status)
		}
		return wire.Answer{Refused: why}
	}
	if len(data) == 0 {
		return wire.Answer{}
	}
	name := "DMCC"
	switch {
	case h.id >= 1 && h.id <= len(d.asked):
		name = d.asked[h.id-1]
	case h.id > 0:
		name += " " + strconv.Itoa(h.id)
	}
	return wire.Answer{Facts: []wire.Fact{{Name: name, Value: string(data)}}}
}

func xor(b []byte) (x byte) {
	for _, one := range b {
		x ^= one
	}
	return x
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// mayGoOn reports whether a line of Base64 is full and does not say that it is
// the last.
func mayGoOn(line []byte) bool { return len(line) == folded && line[folded-1] != '=' }

// trim drops the CR and LF of a doubled or longer terminator.
func trim(line []byte) []byte { return bytes.TrimLeft(line, "\r\n") }

// tail moves the last two bytes to the front, so that memory does not creep.
func tail(line []byte) []byte {
	n := copy(line, line[max(0, len(line)-2):])
	return line[:n]
}

// short quotes the beginning of hostile bytes for a message.
func short(b []byte) string {
	if len(b) > 24 {
		return fmt.Sprintf("%q…", b[:24])
	}
	return fmt.Sprintf("%q", b)
}
