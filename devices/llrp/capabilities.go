package llrp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"scanpost/devices/wire"
)

// capabilities are what the reader says it can do, and what was chosen of it.
type capabilities struct {
	antennas int
	powers   []level
	modes    []int
	hopTable int // the first; 0 if it does not hop
	hops     bool
	standard int  // of its region's rules; 0 if the reader does not say
	told     bool // that there are such rules

	power int // index of the chosen one
}

// level is a transmit power by its index in the reader's own table.
type level struct {
	index int
	dBm   float64
}

const mostEntries = 1024 // of each table

// Makers by their enterprise numbers, and models by their own.
var (
	makers = map[uint32]string{impinj: "Impinj", 10642: "Zebra", 161: "Motorola", 17996: "Alien"}
	models = map[uint32]string{2001001: "Speedway R220", 2001002: "Speedway R420", 2001003: "xPortal", 2001009: "Speedway R120"}
)

// learn reads GET_READER_CAPABILITIES_RESPONSE and chooses from its tables.
func (d *Decoder) learn(b []byte, out *wire.Output) error {
	d.can = capabilities{}
	var facts []wire.Fact
	fact := func(name, value string) { facts = append(facts, wire.Fact{Name: name, Value: value}) }
	err := each(b, func(kind uint16, v []byte) error {
		switch kind {
		case 137: // general
			if len(v) < 14 || 14+int(binary.BigEndian.Uint16(v[12:])) > len(v) {
				return errFit
			}
			d.can.antennas = int(binary.BigEndian.Uint16(v))
			maker, model := binary.BigEndian.Uint32(v[4:]), binary.BigEndian.Uint32(v[8:])
			fact("manufacturer", name(makers, maker))
			if maker == impinj {
				fact("model", name(models, model))
			} else {
				fact("model", strconv.FormatUint(uint64(model), 10))
			}
			fact("firmware", quoted(v[14:14+int(binary.BigEndian.Uint16(v[12:]))]))
			fact("antennas", strconv.Itoa(d.can.antennas))
		case 143: // regulatory
			if len(v) < 4 {
				return errFit
			}
			d.can.standard, d.can.told = int(binary.BigEndian.Uint16(v[2:])), true
			fact("country", strconv.Itoa(int(binary.BigEndian.Uint16(v))))
			fact("standard", strconv.Itoa(d.can.standard))
			return each(v[4:], d.can.band)
		}
		return nil
	})
	if err != nil {
		return err
	}
	why := d.choose()
	if d.o.Power != nil && why == nil {
		fact("power", fmt.Sprintf("%g dBm", d.can.dBm()))
	}
	if len(facts) > 0 {
		out.Answer(wire.Answer{Facts: facts})
	}
	return why
}

// band reads the tables of the UHF band.
func (c *capabilities) band(kind uint16, v []byte) error {
	if kind != 144 {
		return nil
	}
	return each(v, func(kind uint16, v []byte) error {
		switch kind {
		case 145: // a transmit power
			if len(v) < 4 {
				return errFit
			}
			if len(c.powers) < mostEntries {
				c.powers = append(c.powers, level{int(binary.BigEndian.Uint16(v)), float64(int16(binary.BigEndian.Uint16(v[2:]))) / 100})
			}
		case 146: // frequencies
			if len(v) < 1 {
				return errFit
			}
			c.hops = v[0]&0x80 != 0
			return each(v[1:], func(kind uint16, v []byte) error {
				if kind == 147 && c.hopTable == 0 && len(v) > 0 {
					c.hopTable = int(v[0])
				}
				return nil
			})
		case 328: // radio modes
			return each(v, func(kind uint16, v []byte) error {
				if kind == 329 && len(v) >= 4 && len(c.modes) < mostEntries {
					c.modes = append(c.modes, int(binary.BigEndian.Uint32(v)))
				}
				return nil
			})
		}
		return nil
	})
}

// choose finds what the options want in the reader's tables. It never takes
// more power than was asked for.
func (d *Decoder) choose() error {
	c := &d.can
	if c.told && c.standard == 0 {
		return &refusal{"the reader has no radio region, so it must not send (set the region on the reader's own web page; it is not ours to choose)"}
	}
	for _, antenna := range d.o.Antennas {
		if c.antennas > 0 && antenna > c.antennas {
			return &refusal{fmt.Sprintf("the options name antenna %d, and the reader has %d", antenna, c.antennas)}
		}
	}
	if d.o.Mode >= 0 && len(c.modes) > 0 && !slices.Contains(c.modes, d.o.Mode) {
		return &refusal{fmt.Sprintf("the reader has no radio mode %d; it has %v", d.o.Mode, c.modes)}
	}
	if d.o.Power == nil {
		return nil
	}
	lowest, best := 1000.0, -1000.0
	for _, l := range c.powers {
		lowest = min(lowest, l.dBm)
		if l.dBm <= *d.o.Power && l.dBm > best {
			best, c.power = l.dBm, l.index
		}
	}
	switch {
	case len(c.powers) == 0:
		return &refusal{"the reader tells no powers to choose from (is its region set?); without the option power it uses its own"}
	case best < lowest:
		return &refusal{fmt.Sprintf("the options want %g dBm, and the least that the reader can send is %g dBm", *d.o.Power, lowest)}
	}
	return nil
}

// dBm is the power that was chosen.
func (c *capabilities) dBm() float64 {
	for _, l := range c.powers {
		if l.index == c.power {
			return l.dBm
		}
	}
	return 0
}

func name(known map[uint32]string, n uint32) string {
	if text, is := known[n]; is {
		return text
	}
	return strconv.FormatUint(uint64(n), 10)
}
