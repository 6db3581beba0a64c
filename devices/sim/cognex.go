package sim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CognexOptions are how a simulated DataMan is set up.
type CognexOptions struct {
	Type, Serial, Firmware string
	NoRead                 string        // its text for a parcel that it could not read
	Extended               bool          // its stored settings say so; the host may switch it on until the power goes
	Gate                   time.Duration // how long TRIGGER ON lasts; 0: until TRIGGER OFF
}

// NewCognex makes a DataMan at an address.
func NewCognex(address string, o CognexOptions) (*FixedReader, error) {
	return newFixed(address, &fixed{brand: &cognex{CognexOptions: o}, gate: o.Gate})
}

// cognex is a DataMan's wire: DMCC.
type cognex struct {
	CognexOptions
	line []byte
}

// powerOn forgets what was not stored.
func (c *cognex) powerOn(r *fixed) { c.line, r.now.Extended = nil, c.Extended }

func (c *cognex) hear(b []byte, r *fixed, now time.Time) (say [][]byte) {
	c.line = append(c.line, b...)
	for {
		command, rest, found := bytes.Cut(c.line, []byte("\r\n"))
		if !found {
			return say
		}
		c.line = rest
		say = append(say, c.command(command, r, now)...)
	}
}

// command does what "||1:7>GET DEVICE.TYPE" and the like want.
func (c *cognex) command(line []byte, r *fixed, now time.Time) [][]byte {
	head, text, found := bytes.Cut(line, []byte(">"))
	fields, piped := strings.CutPrefix(string(head), "||")
	if !found || !piped {
		return nil // without its header it is no command, and nobody says so
	}
	sum, id, _ := strings.Cut(fields, ":")
	checked := sum == "1"
	if checked {
		if len(text) == 0 {
			return c.respond(r, true, id, 103, "")
		}
		last := len(line) - 1
		if fixedXOR(line[:last]) != line[last] {
			return c.respond(r, true, id, 103, "")
		}
		text = text[:len(text)-1]
	}
	words := strings.Fields(strings.ToUpper(string(text)))
	status, value, also := c.do(words, r, now)
	if status == 0 {
		r.took(strings.Join(words, " "))
	} else {
		r.refused(strings.Join(words, " "))
	}
	return append(c.respond(r, checked, id, status, value), also...)
}

// do returns the status, what was asked for, and what follows the response.
func (c *cognex) do(words []string, r *fixed, now time.Time) (status int, value string, also [][]byte) {
	const good, unknown, parameter = 0, 101, 102
	asked := map[string]string{"DEVICE.TYPE": c.Type, "DEVICE.SERIAL-NUMBER": c.Serial, "DEVICE.FIRMWARE-VER": c.Firmware}
	switch text := strings.Join(words, " "); {
	case text == "TRIGGER ON":
		return good, "", r.open(now)
	case text == "TRIGGER OFF":
		return good, "", r.shut()
	case len(words) == 2 && words[0] == "GET":
		value, known := asked[words[1]]
		if !known {
			return unknown, "", nil
		}
		return good, value, nil
	case len(words) == 3 && words[0] == "SET" && words[1] == "COM.DMCC-RESPONSE":
		if words[2] != "0" && words[2] != "1" {
			return parameter, "", nil
		}
		r.now.Extended = words[2] == "1"
		return good, "", nil
	}
	return unknown, "", nil
}

// respond answers, unless responses are off, as a new reader's are.
func (c *cognex) respond(r *fixed, checked bool, id string, status int, value string) [][]byte {
	if !r.now.Extended {
		return nil
	}
	head := "||"
	switch {
	case checked && id != "":
		head += "1:" + id
	case checked:
		head += "1"
	case id != "":
		head += "0:" + id
	}
	b := []byte(head + "[" + strconv.Itoa(status) + "]" + value)
	if checked {
		b = append(b, fixedXOR(b))
	}
	return [][]byte{append(b, "\r\n"...)}
}

func (c *cognex) reading(code string, r *fixed) []byte {
	if r.now.Extended {
		return fmt.Appendf(nil, "||[1]%s\r\n", base64.StdEncoding.EncodeToString([]byte(code)))
	}
	return []byte(code + "\r\n")
}

func (c *cognex) noRead(r *fixed) []byte { return c.reading(c.NoRead, r) }

func (c *cognex) beat() []byte { return nil }

// fixedXOR is the XOR of bytes.
func fixedXOR(b []byte) (sum byte) {
	for _, one := range b {
		sum ^= one
	}
	return sum
}
