package sim

import "time"

// Tag is a radio tag that a simulated reader hears now.
type Tag struct {
	EPC     []byte
	PC      uint16 // 0: as the EPC's length has it
	Antenna int    // from 1
	RSSI    int    // dBm
	TID     []byte
}

// Tags says which tags a reader hears now; nil hears none. A tag that two
// antennas hear is there twice.
type Tags func(now time.Time) []Tag

// pc is the tag's protocol control word.
func (t Tag) pc() uint16 {
	if t.PC != 0 {
		return t.PC
	}
	return uint16(len(t.EPC)/2) << 11
}

// at hears what one antenna does.
func (tags Tags) at(antenna int, now time.Time) (heard []Tag) {
	if tags == nil {
		return nil
	}
	for _, t := range tags(now) {
		if t.Antenna == antenna {
			heard = append(heard, t)
		}
	}
	return heard
}
