package event

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"scanpost/scan"
)

// appendData writes what the event says. Fields stay where they are; a new
// one goes to the end, so that a diff of golden files shows only additions.
func appendData(dst []byte, entry scan.Entry) []byte {
	switch d := entry.(type) {
	case *scan.Scan:
		return appendScan(dst, d)
	case *scan.Void:
		dst = append(dst, `{"scan":`...)
		dst = appendString(dst, d.Scan)
		dst = append(dst, `,"unit":`...)
		dst = appendString(dst, d.Unit)
		dst = append(dst, `,"operator":`...)
		dst = appendString(dst, d.Operator)
		dst = append(dst, `,"device":`...)
		dst = appendString(dst, d.Device)
		dst = append(dst, `,"reason":`...)
		dst = appendString(dst, d.Reason)
	case *scan.Linked:
		dst = append(dst, `{"ids":`...)
		dst = appendStrings(dst, d.IDs)
		dst = appendFields(dst, field{`,"how":`, d.How}, field{`,"checkpoint":`, d.Checkpoint}, field{`,"device":`, d.Device}, field{`,"operator":`, d.Operator})
		if len(d.Instead) > 0 {
			dst = append(dst, `,"instead":`...)
			dst = appendStrings(dst, d.Instead)
		}
		dst = appendIf(dst, `,"undo":`, d.Undo)
	case *scan.Packed:
		dst = appendFields(dst, field{`{"container":`, d.Container})
		dst = append(dst, `,"contents":`...)
		dst = appendStrings(dst, d.Contents)
		dst = appendFields(dst, field{`,"action":`, string(d.Action)}, field{`,"checkpoint":`, d.Checkpoint}, field{`,"device":`, d.Device}, field{`,"operator":`, d.Operator})
		dst = appendIf(dst, `,"undo":`, d.Undo)
	case *scan.NoRead:
		dst = append(dst, `{"checkpoint":`...)
		dst = appendString(dst, d.Checkpoint)
		dst = append(dst, `,"device":`...)
		dst = appendString(dst, d.Device)
		dst = append(dst, `,"raw":`...)
		dst = appendBase64(dst, d.Raw)
	case *scan.Session:
		dst = append(dst, `{"operator":`...)
		dst = appendString(dst, d.Operator)
		dst = append(dst, `,"device":`...)
		dst = appendString(dst, d.Device)
	case *scan.Attachment:
		dst = append(dst, `{"device":`...)
		dst = appendString(dst, d.Device)
		dst = append(dst, `,"port":`...)
		dst = appendString(dst, d.Port)
		dst = append(dst, `,"reason":`...)
		dst = appendString(dst, d.Reason)
		for _, f := range [...]struct{ key, value string }{
			{`,"model":`, d.Model}, {`,"serial":`, d.Serial}, {`,"firmware":`, d.Firmware}, {`,"mode":`, d.Mode}, {`,"usb":`, d.USB}, {`,"socket":`, d.Socket},
		} {
			if f.value != "" {
				dst = append(dst, f.key...)
				dst = appendString(dst, f.value)
			}
		}
		if len(d.Drift) > 0 {
			dst = append(dst, `,"drift":`...)
			dst = appendStrings(dst, d.Drift)
		}
	case *scan.ClockStep:
		dst = append(dst, `{"old":`...)
		dst = appendTime(dst, d.Old)
		dst = append(dst, `,"new":`...)
		dst = appendTime(dst, d.New)
		dst = append(dst, `,"elapsed_ms":`...)
		dst = strconv.AppendInt(dst, d.Elapsed.Milliseconds(), 10)
	case *scan.Loss:
		dst = append(dst, `{"epoch":`...)
		dst = appendString(dst, d.Epoch)
		dst = append(dst, `,"from":`...)
		dst = strconv.AppendUint(dst, d.From, 10)
		dst = append(dst, `,"to":`...)
		dst = strconv.AppendUint(dst, d.To, 10)
		dst = append(dst, `,"reason":`...)
		dst = appendString(dst, d.Reason)
	case *scan.GapChange:
		return appendJSON(dst, plainGap(d.Gap))
	default:
		return appendJSON(dst, entry)
	}
	return append(dst, '}')
}

func appendScan(dst []byte, d *scan.Scan) []byte {
	dst = append(dst, `{"checkpoint":`...)
	dst = appendString(dst, d.Checkpoint)
	dst = append(dst, `,"verdict":`...)
	dst = appendString(dst, string(d.Verdict))
	dst = append(dst, `,"unit":`...)
	dst = appendString(dst, d.Unit)
	dst = append(dst, `,"ids":`...)
	dst = appendStrings(dst, d.IDs)
	dst = append(dst, `,"raw":`...)
	dst = appendBase64(dst, d.Raw)
	dst = append(dst, `,"aim":`...)
	dst = appendString(dst, d.AIM)
	dst = append(dst, `,"symbology":`...)
	dst = appendString(dst, d.Symbology)
	dst = append(dst, `,"device":`...)
	dst = appendString(dst, d.Device)
	dst = append(dst, `,"operator":`...)
	dst = appendString(dst, d.Operator)
	dst = append(dst, `,"clock":{"synced":`...)
	dst = appendBool(dst, d.Clock.Synced)
	dst = append(dst, `,"offset_min":`...)
	dst = strconv.AppendInt(dst, int64(d.Clock.OffsetMin), 10)
	dst = append(dst, '}')
	if len(d.Missing) > 0 {
		dst = append(dst, `,"missing":`...)
		dst = appendStrings(dst, d.Missing)
	}
	if d.Note != "" {
		dst = append(dst, `,"note":`...)
		dst = appendString(dst, d.Note)
	}
	if d.Pass != nil {
		dst = append(dst, `,"pass":`...)
		dst = appendPass(dst, d.Pass)
	}
	if d.Training {
		dst = append(dst, `,"training":true`...)
	}
	if d.Held {
		dst = append(dst, `,"held":true`...)
	}
	dst = appendIf(dst, `,"mark":`, string(d.Mark))
	dst = appendIf(dst, `,"of":`, d.Of)
	dst = appendIf(dst, `,"reason":`, d.Reason)
	return append(dst, '}')
}

// field is a text with the key that goes before it.
type field struct{ key, value string }

func appendFields(dst []byte, fields ...field) []byte {
	for _, f := range fields {
		dst = append(dst, f.key...)
		dst = appendString(dst, f.value)
	}
	return dst
}

// appendIf writes a text that is left out where it is empty.
func appendIf(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendFields(dst, field{key, value})
}

func appendPass(dst []byte, p *scan.Pass) []byte {
	dst = append(dst, `{"first":`...)
	dst = appendTime(dst, p.First)
	dst = append(dst, `,"last":`...)
	dst = appendTime(dst, p.Last)
	dst = append(dst, `,"reads":`...)
	dst = strconv.AppendInt(dst, int64(p.Reads), 10)
	for _, f := range [...]struct {
		key   string
		value int64
	}{{`,"antenna":`, int64(p.Antenna)}, {`,"rssi":`, int64(p.RSSI)}, {`,"pc":`, int64(p.PC)}, {`,"group":`, p.Group}} {
		if f.value != 0 {
			dst = append(dst, f.key...)
			dst = strconv.AppendInt(dst, f.value, 10)
		}
	}
	for _, f := range [...]struct{ key, value string }{{`,"direction":`, p.Direction}, {`,"reason":`, p.Reason}} {
		if f.value != "" {
			dst = append(dst, f.key...)
			dst = appendString(dst, f.value)
		}
	}
	return append(dst, '}')
}

// plainGap is g as it is written: times in UTC and sayable, no null list.
func plainGap(g scan.Gap) scan.Gap {
	g.WaitingFor = nonNil(g.WaitingFor)
	g.Since, g.Due = Milli(g.Since), Milli(g.Due)
	g.Known, g.ClosedAt = Milli(g.Known), Milli(g.ClosedAt)
	return g
}

// appendJSON is for what is seldom written and whose JSON belongs to others.
func appendJSON(dst []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil || v == nil {
		return append(dst, "{}"...)
	}
	// The library leaves DEL and the C1 controls in strings as they are, and
	// outside of strings there are none.
	for _, r := range string(b) {
		if r >= 0x7f && r < 0xa0 {
			dst = appendEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// appendBase64 goes by pieces over the stack: converting the string in one go
// would allocate.
func appendBase64(dst []byte, s string) []byte {
	var piece [96]byte // a multiple of 3, so that pieces join without padding
	dst = append(dst, '"')
	for len(s) > 0 {
		n := copy(piece[:], s)
		dst = base64.StdEncoding.AppendEncode(dst, piece[:n])
		s = s[n:]
	}
	return append(dst, '"')
}

// appendString writes a JSON string.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendInner(dst, s)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendInner writes the inside of a JSON string. Besides what JSON demands it
// escapes DEL, the C1 controls and the two line separators: they do nothing
// good in a terminal, a log or a script. What is not UTF-8 becomes U+FFFD.
func appendInner(dst []byte, s string) []byte {
	start := 0 // of what is copied as it is
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, `\n`...)
			case '\r':
				dst = append(dst, `\r`...)
			case '\t':
				dst = append(dst, `\t`...)
			default:
				dst = appendEscape(dst, rune(c))
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			start = i + size
		case r < 0xa0 || r == 0x2028 || r == 0x2029:
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, r)
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}
