package mercury

import (
	"fmt"
	"maps"
	"slices"
)

// regions are the codes of command 97.
var regions = map[string]byte{
	"na": 1, "eu": 2, "kr": 3, "in": 4, "jp": 5, "prc": 6, "eu2": 7, "eu3": 8, "kr2": 9, "prc2": 10, "au": 11, "nz": 12,
	"na2": 13, "na3": 14, "is": 15, "my": 16, "id": 17, "ph": 18, "tw": 19, "mo": 20, "ru": 21, "sg": 22, "jp2": 23, "jp3": 24,
	"vn": 25, "th": 26, "ar": 27, "hk": 28, "bd": 29, "eu4": 30, "universal": 31, "is2": 32, "na4": 33, "open-ext": 254, "open": 255,
}

func regionNames() []string { return slices.Sorted(maps.Keys(regions)) }

// models are told by the first byte of the hardware version.
var models = map[byte]string{
	0x01: "M5e-Compact", 0x18: "M6e", 0x19: "M6e-i", 0x20: "Micro", 0x30: "Nano", 0x38: "M7e", 0x80: "M3e",
}

// Statuses that mean more than a sentence.
const (
	statusNoTags      = 0x0400
	statusRFOff       = 0x0405
	statusAntenna     = 0x0503
	statusHot         = 0x0504
	statusReturnLoss  = 0x0505
	statusPowerHigh   = 0x0103
	statusPowerLow    = 0x0106
	statusRegion      = 0x010B
	statusUnknown     = 0x0101
	statusNotHere     = 0x0102
	statusNoFeature   = 0x0109
	statusFull        = 0x0600
	statusFullOfTags  = 0x0601
	statusAssertion   = 0x7F00
	statusFirstOfGen2 = 0x0420
	statusLastOfGen2  = 0x0430
)

var statuses = map[uint16]string{
	0x0100: "wrong length", statusUnknown: "unknown command", statusNotHere: "command not implemented", statusPowerHigh: "power too high",
	0x0105: "bad parameter", statusPowerLow: "power too low", statusNoFeature: "feature not implemented", 0x010A: "bad baud rate",
	statusRegion: "invalid region", 0x0200: "its firmware is damaged", statusNoTags: "no tags", 0x0401: "no protocol set",
	0x0404: "no data", statusRFOff: "radio not on", 0x0406: "write failed", 0x0500: "bad frequency", 0x0501: "channel busy",
	statusAntenna: "antenna not connected", statusHot: "too hot", statusReturnLoss: "antenna missing or bad: its power comes back",
	0x0507: "bad antenna configuration", 0x0509: "supply voltage", statusFull: "its buffer is full", statusFullOfTags: "its buffer is full",
	statusAssertion: "its firmware has stopped", 0x7F01: "its firmware has stopped",
}

// sentence says what a status means.
func sentence(status uint16) string {
	text, known := statuses[status]
	switch {
	case known:
	case status >= statusFirstOfGen2 && status <= statusLastOfGen2:
		text = "the tag did not do it"
	default:
		text = "not known"
	}
	return fmt.Sprintf("%s (%04X)", text, status)
}
