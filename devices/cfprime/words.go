package cfprime

import (
	"bytes"
	"fmt"
)

// The commands that are sent or answered, by the maker's numbers without their
// high byte, which is 00.
const inventory, stop, setPower, about, settings = 0x01, 0x02, 0x53, 0x70, 0x72

// Statuses that mean something to the conversation.
const good, wrongValue, failed, none, tagSilent, wrongPassword = 0x00, 0x01, 0x02, 0x12, 0x14, 0x17

var statuses = map[byte]string{
	good: "good", wrongValue: "a wrong value", failed: "it could not be done", none: "no tag", tagSilent: "the tag does not answer",
	0x15: "the tag's answer came damaged", 0x16: "the tag does not let us in", wrongPassword: "wrong access password",
}

func words(status byte) string {
	if text, known := statuses[status]; known {
		return fmt.Sprintf("%s (%02X)", text, status)
	}
	return fmt.Sprintf("status %02X", status)
}

// band is where a reader radiates, in kHz: from the first channel, in steps, so
// many of them. The region's number that stands before it differs by makers.
type band struct{ first, step, last int }

const regionNames = "china, eu, korea, us"

// regions are the bounds of what may be radiated: a reader must lie within.
var regions = map[string]band{
	"china": {920125, 250, 924875}, "eu": {865100, 200, 867900}, "korea": {917100, 200, 923500}, "us": {902750, 500, 927250},
}

func (b band) String() string {
	return fmt.Sprintf("%d.%03d to %d.%03d MHz", b.first/1000, b.first%1000, b.last/1000, b.last%1000)
}

// within reports whether a reader that is set so stays within the bounds.
func (b band) within(bounds band) bool { return b.first >= bounds.first && b.last <= bounds.last }

// set is what a reader's settings say of it.
type set struct {
	band                           band
	antennas, power, session, mode byte
	q, filter                      byte
}

// Where the settings stand in their block.
const (
	modeAt, antennasAt, bandAt, powerAt, qAt, sessionAt, filterAt = 2, 6, 7, 15, 17, 18, 21

	blockSize = 25
)

var modes = map[byte]string{0: "answer", 1: "active", 2: "trigger"}

func read(block []byte) (s set) {
	u16 := func(at int) int { return int(block[at])<<8 | int(block[at+1]) }
	s.mode, s.antennas, s.power, s.q, s.session, s.filter = block[modeAt], block[antennasAt], block[powerAt], block[qAt], block[sessionAt], block[filterAt]
	s.band.first, s.band.step = u16(bandAt+1)*1000+u16(bandAt+3), u16(bandAt+5)
	// Taken as a number of channels. Readers come with 49 in the US, where that
	// would be one too few, and are set to 50 by programs: nobody is sure.
	n := int(block[bandAt+7])
	s.band.last = s.band.first + s.band.step*max(0, n-1)
	return s
}

// text is what a field of fixed size holds before its first 00.
func text(field []byte) string {
	if end := bytes.IndexByte(field, 0); end >= 0 {
		field = field[:end]
	}
	for _, c := range field {
		if c < ' ' || c > '~' {
			return fmt.Sprintf("%X", field)
		}
	}
	return string(bytes.TrimSpace(field))
}
