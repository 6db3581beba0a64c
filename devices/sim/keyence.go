package sim

import (
	"bytes"
	"strings"
	"time"
)

// KeyenceOptions are how a simulated SR or BL reader is set up.
type KeyenceOptions struct {
	Framed bool   // readings between STX and ETX; else CR ends them
	Silent bool   // as an SR-600: commands are not answered
	NoRead string // "ERROR" if empty
	Gate   time.Duration
}

// NewKeyence makes a Keyence reader at an address.
func NewKeyence(address string, o KeyenceOptions) (*FixedReader, error) {
	if o.NoRead == "" {
		o.NoRead = "ERROR"
	}
	return newFixed(address, &fixed{brand: &keyence{KeyenceOptions: o}, gate: o.Gate})
}

type keyence struct {
	KeyenceOptions
	line  []byte
	began time.Time // when the first byte of line came
}

// slowest is how long the bytes of one command may take.
const slowest = 10 * time.Second

func (k *keyence) powerOn(*fixed) { k.line = nil }

func (k *keyence) hear(b []byte, r *fixed, now time.Time) (say [][]byte) {
	for _, one := range b {
		if len(k.line) > 0 && now.Sub(k.began) > slowest {
			k.line = k.line[:0]
		}
		if len(k.line) == 0 {
			k.began = now
		}
		framed := bytes.HasPrefix(k.line, []byte("\x02"))
		switch {
		case one == 0x1B: // clears what has come so far
			k.line = k.line[:0]
		case one == '\r' && !framed, one == 0x03 && framed:
			command := strings.TrimPrefix(string(k.line), "\x02")
			k.line = k.line[:0]
			if command != "" {
				say = append(say, k.command(command, framed, r, now)...)
			}
		default:
			k.line = append(k.line, one)
		}
	}
	return say
}

func (k *keyence) command(command string, framed bool, r *fixed, now time.Time) (say [][]byte) {
	answer := "OK," + command
	switch command {
	case "LON":
		r.took(command)
		say = r.open(now)
	case "LOFF":
		r.took(command)
		say = r.shut()
	default:
		r.refused(command)
		answer = "ER," + command + ",00"
	}
	if k.Silent {
		return say
	}
	return append([][]byte{keyenceFrame(answer, framed)}, say...) // in the style of the command
}

func keyenceFrame(text string, framed bool) []byte {
	if framed {
		return []byte("\x02" + text + "\x03")
	}
	return []byte(text + "\r")
}

func (k *keyence) reading(code string, _ *fixed) []byte { return keyenceFrame(code, k.Framed) }
func (k *keyence) noRead(*fixed) []byte                 { return keyenceFrame(k.NoRead, k.Framed) }
func (k *keyence) beat() []byte                         { return nil }
