// Package trace is what passed over a device's wire, with its times, as text
// that a person can read, edit and mail:
//
//	scanpost-trace 1 at=2026-11-21T10:15:30.123Z port="usb:05e0:1701" profile="zebra-ds2208-cdc"
//	# parcels of the late shift
//	0.000000 < "]C100106141410000001238\r"
//	0.004310 > 06
//	1.250112 < 02 1d 00 41
//	│        │ └─ bytes, as hex or as a quoted text with Go's escapes
//	│        └─ < from the device, > to the device
//	└─ seconds since the start
//
// One line is one arrival: for HID one report. What is written reads back as
// the same bytes and times, and a damaged file is an error that names its
// line, never a panic, since traces come by mail from sites.
package trace

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Header says where a trace comes from.
type Header struct {
	At      time.Time // wall time of the start, to the millisecond
	Port    string    // the address as configured
	Profile string
}

// Record is one arrival, or one write to the device.
type Record struct {
	At       time.Duration // since the start, to the microsecond
	ToDevice bool
	Data     []byte
}

// Trace is a whole file.
type Trace struct {
	Header
	Records []Record
}

const (
	magic   = "scanpost-trace"
	version = "1"
	maxLine = 1 << 20 // bytes; the longest report is far below
	maxSecs = 1e9     // some thirty years
)

// Read reads a trace to its end.
func Read(r io.Reader) (*Trace, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 4096), maxLine)
	t, started, at := &Trace{}, false, 0
	for lines.Scan() {
		at++
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if !started {
			h, err := parseHeader(line)
			if err != nil {
				return nil, fmt.Errorf("trace, line %d: %w", at, err)
			}
			t.Header, started = h, true
			continue
		}
		rec, err := parseRecord(line)
		if err != nil {
			return nil, fmt.Errorf("trace, line %d: %w", at, err)
		}
		t.Records = append(t.Records, rec)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("trace, after line %d: %w", at, err)
	}
	if !started {
		return nil, fmt.Errorf("trace: the file is empty; its first line should begin with %q", magic+" "+version)
	}
	return t, nil
}

// Parse reads a trace from memory.
func Parse(b []byte) (*Trace, error) { return Read(bytes.NewReader(b)) }

func parseHeader(line string) (Header, error) {
	rest, ok := strings.CutPrefix(line, magic+" ")
	v, rest, _ := strings.Cut(rest, " ")
	if !ok {
		return Header{}, fmt.Errorf("is no trace: its first line should begin with %q", magic)
	}
	if v != version {
		return Header{}, fmt.Errorf("version %q is not known here, only %s; was it recorded by a newer scanpost?", v, version)
	}
	var h Header
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			return Header{}, fmt.Errorf("%q is not key=value", rest)
		}
		value, _, _ := strings.Cut(after, " ")
		text := value
		if strings.HasPrefix(after, `"`) {
			var err error
			if value, err = strconv.QuotedPrefix(after); err != nil {
				return Header{}, fmt.Errorf("the quotes of %s do not end", key)
			}
			if text, err = strconv.Unquote(value); err != nil {
				return Header{}, fmt.Errorf("%s: %w", key, err)
			}
		}
		rest = after[len(value):]
		switch key { // keys of later writers are no reason to refuse the bytes
		case "at":
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return Header{}, fmt.Errorf("at=%q is no time such as 2026-11-21T10:15:30.123Z", text)
			}
			h.At = at.UTC()
		case "port":
			h.Port = text
		case "profile":
			h.Profile = text
		}
	}
	return h, nil
}

func parseRecord(line string) (Record, error) {
	seconds, rest, _ := strings.Cut(line, " ")
	way, data, _ := strings.Cut(strings.TrimSpace(rest), " ")
	var rec Record
	var err error
	if rec.At, err = parseSeconds(seconds); err != nil {
		return Record{}, err
	}
	switch way {
	case "<":
	case ">":
		rec.ToDevice = true
	default:
		return Record{}, fmt.Errorf("after the time comes < or >, not %q", way)
	}
	if rec.Data, err = parseData(strings.TrimSpace(data)); err != nil {
		return Record{}, err
	}
	return rec, nil
}

func parseData(s string) ([]byte, error) {
	if s == "" {
		return nil, errors.New("bytes are missing after the direction")
	}
	if s[0] == '"' {
		text, err := strconv.Unquote(s)
		if err != nil {
			return nil, fmt.Errorf("%.40s is no quoted text: %w", s, err)
		}
		return []byte(text), nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("%.40q is neither hex nor quoted text", s)
	}
	return b, nil
}

// parseSeconds reads "12.345678" exactly; a float would round.
func parseSeconds(s string) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	secs, err := strconv.ParseUint(whole, 10, 32)
	if err != nil || secs > maxSecs || len(fraction) > 9 {
		return 0, fmt.Errorf("%.40q is no time in seconds such as 12.345678", s)
	}
	var nanos uint64
	if fraction != "" {
		nanos, err = strconv.ParseUint((fraction + "00000000")[:9], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%.40q is no time in seconds such as 12.345678", s)
		}
	}
	return time.Duration(secs)*time.Second + time.Duration(nanos), nil
}
