package swct

import "fmt"

// The commands that are sent or answered, by the maker's numbers.
const (
	inventory, info, askOne, setOne, askBand, setBand = 0x01, 0x10, 0x23, 0x24, 0x3E, 0x3F
	stop, start, push, antennas, heartbeat            = 0x40, 0x41, 0x45, 0xE1, 0xFF

	good = 0x01 // status
)

// What one of a reader's settings is called by askOne and setOne.
const modeAt, filterAt, powerAt = 0x02, 0x04, 0x05

// Modes, as a reader keeps them.
const answering, pushing, triggered = 0, 1, 2

var modes = map[byte]string{answering: "answer", pushing: "active", triggered: "trigger"}

// A band is two bytes, the last channel and the first, whose two top bits say
// on which scale they count. Those of regions are the maker's own table, without
// the rows that lie outside what the place allows.
type band [2]byte

const regionNames = "eu, us, brazil, china, japan, korea, taiwan"

var regions = map[string]band{
	"eu": {0x4E, 0x00}, "us": {0x31, 0x80}, "brazil": {0x31, 0x99}, "china": {0x2C, 0xA3}, "japan": {0x29, 0x9D}, "korea": {0x29, 0x9D}, "taiwan": {0x31, 0xA7},
}

// String is what its bytes mean.
func (b band) String() string {
	first, last := float64(b[1]&0x3F), float64(b[0]&0x3F)
	switch scale := b[0]>>6<<2 | b[1]>>6; scale {
	case 0b0100:
		return fmt.Sprintf("%.1f to %.1f MHz", 865.1+first*0.2, 865.1+last*0.2)
	case 0b0010:
		return fmt.Sprintf("%.2f to %.2f MHz", 902.75+first*0.5, 902.75+last*0.5)
	default:
		return fmt.Sprintf("channels %.0f to %.0f of an unknown scale (%d)", first, last, scale)
	}
}
