package a0

import (
	"fmt"

	"scanpost/devices/wire"
)

// Codes of the reader that mean more than that something failed.
const (
	success        = 0x10
	mcuReset       = 0x20
	antennaMissing = 0x22
	noTag          = 0x36
)

var codes = map[byte]string{
	0x11: "it failed", mcuReset: "the reader was reset", 0x21: "the carrier can not be switched on", antennaMissing: "the antenna is missing",
	0x23: "its flash can not be written", 0x24: "its flash can not be read", 0x25: "the power can not be set",
	0x31: "the inventory failed", 0x32: "reading the tag failed", 0x33: "writing the tag failed", 0x34: "locking the tag failed", 0x35: "killing the tag failed",
	noTag: "no tag", 0x37: "the tag was found, but gives no access", 0x38: "the buffer is empty", 0x3C: "a command of the chip's maker failed",
	0x40: "access refused, or a wrong password", 0x41: "a wrong value", 0x42: "too many words", 0x43: "no such memory bank", 0x44: "no such region to lock",
	0x45: "no such kind of lock", 0x46: "a wrong reader address", 0x47: "it has no such antenna", 0x48: "that power is out of its range", 0x49: "it has no such region",
	0x4A: "a wrong speed", 0x4B: "a wrong beeper mode", 0x4C: "the EPC to match is too long", 0x4D: "the EPC to match has a wrong length", 0x4E: "a wrong way to match",
	0x4F: "that band is out of its range", 0x50: "the tag gave no handle", 0x51: "a wrong link mode", 0x52: "its frequency does not lock", 0x53: "its radio chip does not answer",
	0x54: "it does not reach that power", 0x55: "the maker's copy protection", 0x56: "the band is not allowed in its region", 0x57: "the power is too low",
	0xEE: "the return loss can not be measured",
}

func words(code byte) string {
	if text, known := codes[code]; known {
		return fmt.Sprintf("%s (%02X)", text, code)
	}
	return fmt.Sprintf("error %02X", code)
}

// failed is a round, or the choice of an antenna, that ended with an error.
func (d *Decoder) failed(command, code byte, out *wire.Output) {
	t := &d.talk
	under := t.phase == reading || t.phase == switching
	switch {
	case code == mcuReset:
		out.Fault(fmt.Errorf("the reader was reset (does its supply hold at full power?), and is set up anew: %w", wire.ErrHardware))
		out.Restarted = true
		if t.phase != closed {
			d.begin(out)
		}
		return
	case code == noTag:
		if under {
			d.onward(out)
		}
		return
	case code == success:
		return // it has taken the command, and the end is still to come
	case code == antennaMissing && under && d.o.Command != "fast":
		d.antenna(d.o.Antennas[t.antenna], true, out)
	case code >= 0x40 && code <= 0x4F:
		out.Fault(fmt.Errorf("the reader does not take %02X: %s: %w", command, words(code), wire.ErrStart))
		if under {
			d.rest(again)
			t.refused = true
		}
		return
	default:
		out.Fault(fmt.Errorf("the reader reports %s: %w", words(code), wire.ErrHardware))
	}
	if !under {
		return
	}
	// The next antenna may do better. If none does, asking as fast as it
	// refuses would only fill the line.
	if t.failed++; t.failed >= len(d.o.Antennas) || d.o.Command == "fast" {
		t.failed = 0
		d.rest(1)
		return
	}
	d.turn(out)
}
