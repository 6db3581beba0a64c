package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// SICKOptions are how a simulated CLV or Lector is set up.
type SICKOptions struct {
	Type, Firmware string
	NoRead         string        // "NoRead" if empty
	Beat           string        // the text of its heartbeat
	Heartbeat      time.Duration // how often that comes; 0: never
	Gate           time.Duration // how long mTCgateon lasts; 0: until mTCgateoff
}

// NewSICK makes a SICK reader at an address.
func NewSICK(address string, o SICKOptions) (*FixedReader, error) {
	if o.NoRead == "" {
		o.NoRead = "NoRead"
	}
	return newFixed(address, &fixed{brand: &sick{SICKOptions: o}, gate: o.Gate, heartbeat: o.Heartbeat})
}

type sick struct {
	SICKOptions
	held []byte
}

func (s *sick) powerOn(*fixed) { s.held = nil }

// hear takes telegrams of both dialects, and answers each in its own.
func (s *sick) hear(b []byte, r *fixed, now time.Time) (say [][]byte) {
	s.held = append(s.held, b...)
	for {
		begin := bytes.IndexByte(s.held, 0x02)
		if begin < 0 {
			s.held = nil
			return say
		}
		s.held = s.held[begin:]
		command, used, inBinary, whole := s.next()
		if !whole {
			return say
		}
		s.held = s.held[used:]
		if command != "" {
			say = append(say, s.command(command, inBinary, r, now)...)
		}
	}
}

// next is the telegram that begins here; empty if it is a broken one.
func (s *sick) next() (command string, used int, inBinary, whole bool) {
	b := s.held
	if len(b) >= 2 && b[1] != 0x02 {
		if end := bytes.IndexByte(b, 0x03); end > 0 {
			return string(b[1:end]), end + 1, false, true
		}
		return "", 0, false, false
	}
	if len(b) < 8 {
		return "", 0, true, false
	}
	n := int(binary.BigEndian.Uint32(b[4:8]))
	switch {
	case !bytes.HasPrefix(b, []byte("\x02\x02\x02\x02")) || n > 1000:
		return "", 1, true, true
	case len(b) < 8+n+1:
		return "", 0, true, false
	case fixedXOR(b[8:8+n]) != b[8+n]:
		return "", 1, true, true
	}
	return string(b[8 : 8+n]), 8 + n + 1, true, true
}

func (s *sick) command(text string, inBinary bool, r *fixed, now time.Time) (say [][]byte) {
	kind, name, _ := strings.Cut(text, " ")
	known := true
	answer := ""
	switch kind + " " + name {
	case "sRN DeviceIdent":
		answer = "sRA DeviceIdent " + sickText(s.Type, inBinary) + sickSpace(inBinary) + sickText(s.Firmware, inBinary)
	case "sRN SCdevicestate":
		answer = "sRA SCdevicestate " + sickNumber(1, inBinary)
	case "sMN mTCgateon":
		answer = "sAN mTCgateon " + sickNumber(1, inBinary)
		say = r.open(now)
	case "sMN mTCgateoff":
		answer = "sAN mTCgateoff " + sickNumber(1, inBinary)
		say = r.shut()
	default:
		known = false
		answer = "sFA " + map[bool]string{false: "3", true: "\x00\x03"}[inBinary]
		if kind == "sMN" {
			answer = "sFA " + map[bool]string{false: "2", true: "\x00\x02"}[inBinary]
		}
	}
	if known {
		r.took(text)
	} else {
		r.refused(text)
	}
	if !inBinary {
		return append([][]byte{[]byte("\x02" + answer + "\x03")}, say...)
	}
	b := binary.BigEndian.AppendUint32([]byte("\x02\x02\x02\x02"), uint32(len(answer)))
	b = append(append(b, answer...), fixedXOR([]byte(answer)))
	return append([][]byte{b}, say...)
}

// sickText is a text with its length before it.
func sickText(text string, inBinary bool) string {
	if inBinary {
		return string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text
	}
	return fmt.Sprintf("%X %s", len(text), text)
}

func sickSpace(inBinary bool) string {
	if inBinary {
		return ""
	}
	return " "
}

func sickNumber(n byte, inBinary bool) string {
	if inBinary {
		return string([]byte{n})
	}
	return fmt.Sprint(n)
}

func (s *sick) reading(code string, _ *fixed) []byte { return []byte("\x02" + code + "\x03") }
func (s *sick) noRead(r *fixed) []byte               { return s.reading(s.NoRead, r) }
func (s *sick) beat() []byte                         { return s.reading(s.Beat, nil) }
