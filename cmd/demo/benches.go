package demo

import (
	"time"

	"scanpost/devices/sim"
)

// scanner is what the demo does with any of its scanners.
type scanner interface {
	Address() string
	Scan(aim, code string) error
	Unplug() error
	Replug() error
	Close() error
}

// portalProfile is the tag reader's, which stands beside the scanner of label.
const portalProfile = "thingmagic-m6e-usb"

// benches are the scanners of the places, one of each kind: plain lines, packets
// that wait to be acknowledged, frames with a header, and commands of one letter.
var benches = [...]struct {
	profile string
	plug    func(link string) (scanner, error)
}{
	{"zebra-ds2208-cdc", func(link string) (scanner, error) {
		return sim.NewScanner(link, sim.Framing{Suffix: "\r\n", AIM: true})
	}},
	{"zebra-ssi-cdc", func(link string) (scanner, error) {
		s, err := sim.NewSSI(link, sim.SSISetup{Revision: "AABLS00-004-R00 0 DS2208", Suffix: "\r\n", Timeout: 2 * time.Second})
		return packets{s}, err
	}},
	{"honeywell-dechdr-cdc", func(link string) (scanner, error) {
		return sim.NewHoneywell(link, sim.HoneywellOptions{Suffix: "\r", AIM: true})
	}},
	{"opticon-nlv-4001-rs-232", func(link string) (scanner, error) {
		return sim.NewOpticon(link, sim.OpticonOptions{Suffix: "\r", Version: "NLV4001 V1.0"})
	}},
}

// packets tells an SSI scanner the type of a code, which it says beside the
// AIM identifier.
type packets struct{ *sim.SSI }

func (p packets) Scan(aim, code string) error {
	return p.SSI.Scan(map[string]byte{"]C0": 0x03, "]C1": 0x0F, "]E0": 0x0B, "]Q1": 0x1C}[aim], aim, code)
}
