package chafon

import "fmt"

// The commands that are sent or answered, by the maker's numbers.
const (
	inventory, info, setRegion, setPower       = 0x01, 0x21, 0x22, 0x2F
	serial, start, stop, setMode, askMode      = 0x4C, 0x50, 0x51, 0x76, 0x77
	push, illegalCommand                  byte = 0xEE, 0x00
)

// isCommand are those that a reader may answer.
var isCommand = func() (is [256]bool) {
	for _, c := range []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0F\x10\x11\x12\x15\x16\x18\x19\x1A\x1B" +
		"\x21\x22\x24\x25\x28\x2F\x33\x35\x3F\x40\x46\x47\x4C\x50\x51\x66\x6A\x72\x73\x74\x75\x76\x77\x78\xEE") {
		is[c] = true
	}
	return is
}()

// Statuses that mean something to the conversation.
const (
	ok, finished, more, memoryFull, statistics, heartbeat   = 0x00, 0x01, 0x03, 0x04, 0x26, 0x28
	wrongPassword, antennaError, noTag, illegal, wrongValue = 0x05, 0xF8, 0xFB, 0xFE, 0xFF
)

var statuses = [256]string{
	ok: "ok", finished: "finished", 0x02: "the time was over", more: "more follows", memoryFull: "its memory is full", wrongPassword: "wrong access password",
	statistics: "statistics", heartbeat: "heartbeat", antennaError: "the antenna fails", 0xF9: "it could not be done", 0xFA: "the tag could not be talked to",
	noTag: "no tag", 0xFC: "the tag reports an error", 0xFD: "the command has a wrong length", illegal: "no such command, or it came damaged", wrongValue: "a wrong value",
}

func words(status byte) string { return fmt.Sprintf("%s (%02X)", statuses[status], status) }

// region is where a reader may radiate. Its code is spread over the two top
// bits of the last channel and those of the first.
type region struct {
	code, last int
	start      float64 // MHz; 0: not known
	step       float64
}

const regionNames = "eu, us, china920, china840, korea"

var regions = map[string]region{
	"china920": {0b0001, 19, 0, 0},
	"us":       {0b0010, 49, 902.75, 0.5},
	"korea":    {0b0011, 31, 0, 0},
	"eu":       {0b0100, 14, 865.1, 0.2},
	"china840": {0b1000, 19, 0, 0},
}

// band is what a reader's two bytes, last and first channel, mean.
func band(last, first byte) string {
	code := int(last>>6)<<2 | int(first>>6)
	l, f := last&0x3F, first&0x3F
	for name, r := range regions {
		switch {
		case r.code != code:
		case r.start == 0:
			return fmt.Sprintf("%s, channels %d to %d", name, f, l)
		default:
			return fmt.Sprintf("%s %.2f to %.2f MHz", name, r.start+float64(f)*r.step, r.start+float64(l)*r.step)
		}
	}
	return fmt.Sprintf("another (%d), channels %d to %d", code, f, l)
}

// models are what a reader says that it is, and the form of its tags.
var models = map[byte]struct{ name, form string }{
	0x09: {"UHFReader18", "18"}, 0x0C: {"UHFReader288", "288"}, 0x0F: {"UHFReader86", "288"}, 0x10: {"UHFReader86", "288"}, 0x20: {"UHFReader288MP", "288"},
}
