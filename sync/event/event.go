// Package event is the wire: how a station's numbered events, births, heads,
// requests and receipts are written, on which topics, and how they are read.
//
// An event is CloudEvents 1.0 structured JSON. [Append] always writes the same
// bytes for the same event, in a fixed field order, because those bytes are
// stored, hashed, signed for and published unchanged: nobody ever has to agree
// on a canonical form later. The appender is written by hand since it stands
// between a scan and its beep.
//
// What is written is valid UTF-8 and valid JSON whatever was in the barcode:
// the bytes as read travel in base64, and a byte that is not text becomes
// U+FFFD everywhere else. What is read is bounded, and a receiver ignores
// fields and types it does not know: both only ever grow within a version.
package event

import (
	"slices"
	"strconv"
	"time"

	"scanpost/scan"
)

// MaxSize is the largest event that is written or read. CloudEvents asks
// intermediaries to forward 64 KiB and promises nothing above.
const MaxSize = 64 << 10

const (
	typePrefix = "scanpost."
	typeSuffix = ".v1"
)

// Append writes e as the CloudEvents JSON of its type behind dst.
func Append(dst []byte, e *scan.Event) []byte {
	if dst == nil {
		dst = make([]byte, 0, sizeHint(e.Entry))
	}
	dst = append(dst, `{"specversion":"1.0","id":"`...)
	dst = appendInner(dst, e.Epoch)
	dst = append(dst, '-')
	dst = appendSeq(dst, e.Seq)
	dst = append(dst, `","source":"/`...)
	dst = appendInner(dst, e.Site)
	dst = append(dst, '/')
	dst = appendInner(dst, e.Station)
	dst = append(dst, `","type":"scanpost.`...)
	dst = appendKind(dst, e.Entry)
	dst = append(dst, `.v1"`...)
	// CloudEvents allows no empty subject, so an event about no unit has none.
	if subject := subjectOf(e.Entry); subject != "" {
		dst = append(dst, `,"subject":`...)
		dst = appendString(dst, subject)
	}
	dst = append(dst, `,"time":`...)
	dst = appendTime(dst, e.At)
	dst = append(dst, `,"sequence":"`...)
	dst = appendSeq(dst, e.Seq)
	dst = append(dst, `","datacontenttype":"application/json","data":`...)
	dst = appendData(dst, e.Entry)
	return append(dst, '}')
}

// sizeHint is room enough for all but odd events, so that one allocation does.
func sizeHint(entry scan.Entry) int {
	n := 640
	switch d := entry.(type) {
	case *scan.Scan:
		n += 3*len(d.Unit) + 2*len(d.Raw) + 48*len(d.IDs) + 32*len(d.Missing)
	case *scan.GapChange:
		n += 1024
	}
	return min(n, MaxSize)
}

// appendKind avoids joining strings for the kinds that are many.
func appendKind(dst []byte, entry scan.Entry) []byte {
	switch d := entry.(type) {
	case nil:
		return append(dst, "unknown"...)
	case *scan.GapChange:
		return appendInner(append(dst, "gap."...), d.Change)
	}
	return appendInner(dst, entry.Kind())
}

// subjectOf is the unit an event is about.
func subjectOf(entry scan.Entry) string {
	switch d := entry.(type) {
	case *scan.Scan:
		return d.Unit
	case *scan.Void:
		return d.Unit
	case *scan.Linked:
		if len(d.IDs) > 0 {
			return d.IDs[0]
		}
	case *scan.Packed:
		return d.Container
	case *scan.GapChange:
		return d.Gap.Unit
	}
	return ""
}

// appendSeq writes the 20 digits that every uint64 fits in, so that numbers
// order by plain comparison of strings.
func appendSeq(dst []byte, seq uint64) []byte {
	var digits [20]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + seq%10)
		seq /= 10
	}
	return append(dst, digits[:]...)
}

// appendTime writes a quoted RFC 3339 time in UTC, to the millisecond.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = clamp(t).AppendFormat(dst, timeFormat)
	return append(dst, '"')
}

const timeFormat = "2006-01-02T15:04:05.000Z"

var (
	firstTime = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
)

// clamp keeps a clock gone mad from writing what RFC 3339 can not say.
func clamp(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}

// Milli is t as an event can say it: UTC, whole milliseconds, no monotonic
// reading.
func Milli(t time.Time) time.Time {
	return clamp(t.Round(0)).Truncate(time.Millisecond)
}

// appendStrings writes a list of strings; a nil list is an empty one.
func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

func appendBool(dst []byte, b bool) []byte { return strconv.AppendBool(dst, b) }

// nonNil is list, or an empty list where JSON would say null.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return slices.Clip(list)
}
