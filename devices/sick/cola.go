package sick

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"scanpost/devices/wire"
)

// kinds are what telegrams begin with. Only the first four are said by readers
// to us; the others are questions, which come back on a line with an echo, and
// events, which nobody has ordered.
var kinds = [][]byte{
	[]byte("sRA"), []byte("sAN"), []byte("sWA"), []byte("sFA"),
	[]byte("sRN"), []byte("sMN"), []byte("sWN"), []byte("sEN"), []byte("sEA"), []byte("sSN"),
}

const answers = 4

// isTelegram reports whether a frame is a telegram of CoLa A: one of the kinds,
// a space, and a name or, if it was refused, a number.
func isTelegram(b []byte) bool {
	if len(b) < 3 || b[0] != 's' {
		return false
	}
	for _, kind := range kinds {
		if !bytes.Equal(b[:3], kind) {
			continue
		}
		if len(b) == 3 {
			return string(kind) == "sFA"
		}
		name, _, _ := bytes.Cut(b[4:], []byte(" "))
		return b[3] == ' ' && isName(name)
	}
	return false
}

func isName(b []byte) bool {
	for _, c := range b {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '_' && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return len(b) > 0
}

// telegram hands out what a telegram says.
func (d *Decoder) telegram(b []byte, inBinary bool, out *wire.Output) {
	kind, rest, _ := bytes.Cut(b, []byte(" "))
	if len(b) > 3 && bytes.HasPrefix(b, []byte("sFA")) {
		kind, rest = b[:3], bytes.TrimPrefix(b[3:], []byte(" ")) // some leave the space out
	}
	known := false
	for _, k := range kinds[:answers] {
		known = known || bytes.Equal(kind, k)
	}
	name, value, valued := bytes.Cut(rest, []byte(" "))
	switch {
	case !known:
		out.Fault(fmt.Errorf("telegram %s answers no command: %w", short(b), wire.ErrUnasked))
	case string(kind) == "sFA":
		out.Answer(wire.Answer{Refused: refusal(rest, inBinary)})
	case !isName(name):
		out.Fault(fmt.Errorf("telegram %s has no name: %w", short(b), wire.ErrShort))
	case !valued || len(value) == 0:
		out.Answer(wire.Answer{})
	default:
		out.Answer(wire.Answer{Facts: facts(string(name), value, inBinary)})
	}
}

// facts are the value under its name and, where it is made of texts with their
// lengths before them, each under the name and its number: "DeviceIdent 1" is
// the model and "DeviceIdent 2" the version.
func facts(name string, value []byte, inBinary bool) []wire.Fact {
	all := []wire.Fact{{Name: name, Value: readable(value)}}
	parts, counted := counted(value, inBinary)
	if !counted {
		return all
	}
	for i, part := range parts {
		all = append(all, wire.Fact{Name: name + " " + strconv.Itoa(i+1), Value: part})
	}
	return all
}

// counted reads "6 CLV690 5 V1.00", or the same with lengths of two bytes.
func counted(value []byte, inBinary bool) (parts []string, is bool) {
	for len(value) > 0 {
		n := 0
		if inBinary {
			if len(value) < 2 {
				return nil, false
			}
			n, value = int(binary.BigEndian.Uint16(value)), value[2:]
		} else {
			digits, rest, found := bytes.Cut(value, []byte(" "))
			length, err := strconv.ParseUint(string(digits), 16, 16)
			if err != nil || !found {
				return nil, false
			}
			n, value = int(length), rest
		}
		if n == 0 || n > len(value) || !isText(value[:n]) {
			return nil, false
		}
		parts, value = append(parts, string(value[:n])), value[n:]
		if !inBinary && len(value) > 0 {
			if value[0] != ' ' || len(value) == 1 {
				return nil, false
			}
			value = value[1:]
		}
	}
	return parts, len(parts) > 0
}

// Why a reader does not take a command; numbers that have no name here are
// told as they are.
var refusals = map[uint64]string{1: "not allowed without login", 2: "no such method", 3: "no such name", 4: "not in this state"}

func refusal(code []byte, inBinary bool) string {
	number, err := strconv.ParseUint(string(bytes.TrimSpace(code)), 16, 32)
	if inBinary && len(code) <= 4 {
		number, err = 0, nil
		for _, b := range code {
			number = number<<8 | uint64(b)
		}
	}
	text := "error " + strconv.FormatUint(number, 10)
	if err != nil {
		text = "error " + readable(code)
	}
	if why, known := refusals[number]; known && err == nil {
		text += ": " + why
	}
	return text
}

func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// readable is a value as text, or in hex if it is none.
func readable(b []byte) string {
	if isText(b) {
		return string(b)
	}
	return fmt.Sprintf("% X", b)
}

func xor(b []byte) (x byte) {
	for _, one := range b {
		x ^= one
	}
	return x
}

const shown = 24

// short quotes the beginning of hostile bytes for a message.
func short(b []byte) string {
	if len(b) > shown {
		return fmt.Sprintf("%q…", b[:shown])
	}
	return fmt.Sprintf("%q", b)
}
