package llrp

import (
	"encoding/binary"
	"errors"
	"fmt"

	"scanpost/devices/wire"
)

// tvSizes are the bytes behind the type of a short parameter; 0 if there is no
// such type.
var tvSizes = [128]int{
	1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2, 11: 2, 12: 2, 13: 12,
	14: 2, 15: 2, 16: 4, 17: 2, 18: 4, 19: 2, 20: 2,
}

var (
	errFit     = fmt.Errorf("a length does not fit into what is around it: %w", wire.ErrShort)
	errUnknown = errors.New("short parameter of unknown type")
)

// param takes the first parameter of b.
func param(b []byte) (kind uint16, value, rest []byte, err error) {
	if b[0]&0x80 != 0 {
		kind = uint16(b[0] & 0x7F)
		n := tvSizes[kind]
		switch {
		case n == 0:
			return kind, nil, nil, errUnknown
		case len(b) < 1+n:
			return kind, nil, nil, errFit
		}
		return kind, b[1 : 1+n], b[1+n:], nil
	}
	if len(b) < 4 || b[0]&0x7C != 0 {
		return 0, nil, nil, errFit
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return 0, nil, nil, errFit
	}
	return binary.BigEndian.Uint16(b), b[4:n], b[n:], nil
}

// each calls f for every parameter of b. One of an unknown type hides those
// behind it, which is no reason to give the conversation up.
func each(b []byte, f func(kind uint16, value []byte) error) error {
	for len(b) > 0 {
		kind, value, rest, err := param(b)
		if err == nil {
			err = f(kind, value)
		}
		if errors.Is(err, errUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// report reads RO_ACCESS_REPORT. One without a tag is a sign of life.
func (d *Decoder) report(b []byte, out *wire.Output) error {
	for len(b) > 0 {
		kind, value, rest, err := param(b)
		if errors.Is(err, errUnknown) {
			out.Fault(fmt.Errorf("report with a short parameter of unknown type %d; what follows in it is lost: %w", kind, wire.ErrUnasked))
			return nil
		}
		if err == nil && kind == 240 {
			err = d.tag(value, out)
		}
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// tag reads what is told about one tag, in any order.
func (d *Decoder) tag(b []byte, out *wire.Output) error {
	r := wire.Read{Count: 1}
	var crc uint16
	checked, named := false, false
	for len(b) > 0 {
		kind, value, rest, err := param(b)
		if errors.Is(err, errUnknown) {
			out.Fault(fmt.Errorf("tag with a short parameter of unknown type %d, so it is dropped: %w", kind, wire.ErrUnasked))
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case 1:
			r.Antenna = int(binary.BigEndian.Uint16(value))
		case 6:
			r.RSSI, r.HasRSSI = int(int8(value[0])), true
		case 8:
			r.Count = max(1, int(binary.BigEndian.Uint16(value)))
		case 11:
			crc, checked = binary.BigEndian.Uint16(value), true
		case 12:
			r.PC, r.HasPC = binary.BigEndian.Uint16(value), true
		case 13:
			r.EPC, named = value, true
		case 241:
			if len(value) < 2 {
				return errFit
			}
			n := (int(binary.BigEndian.Uint16(value)) + 7) / 8
			if 2+n > len(value) {
				return errFit
			}
			r.EPC, named = value[2:2+n], true // pad bytes may follow
		}
		b = rest
	}
	switch {
	case !named || len(r.EPC) == 0:
		out.Fault(fmt.Errorf("tag without an EPC: %w", wire.ErrShort))
		return nil
	case d.o.TagCRC && checked && r.HasPC && r.PC&extended == 0:
		if want := tagCRC(r.PC, r.EPC); want != crc {
			out.Fault(fmt.Errorf("tag %X with checksum %04X, not %04X, so it is no read: %w", r.EPC, crc, want, wire.ErrTag))
			return nil
		}
	}
	if r.HasPC && !fits(r.PC, len(r.EPC)) {
		r.Note = "pc mismatch"
	}
	d.unheard = 0
	out.Read(r)
	return nil
}

// extended says in the PC word that the tag sent another word before its EPC,
// which its checksum covers and the report may not carry.
const extended = 0x0200

// fits reports whether the PC word tells this length of the EPC. The further
// words of an extended one may be counted.
func fits(pc uint16, n int) bool {
	told := int(pc>>11) * 2
	return told == n || pc&extended != 0 && (told == n+2 || told == n+4)
}

// tagCRC is what a tag sends behind PC and EPC (CRC-16/GENIBUS).
func tagCRC(pc uint16, epc []byte) uint16 {
	crc := uint16(0xFFFF)
	crc = crc<<8 ^ crcTable[byte(crc>>8)^byte(pc>>8)]
	crc = crc<<8 ^ crcTable[byte(crc>>8)^byte(pc)]
	for _, b := range epc {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
	}
	return ^crc
}

var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			over := crc&0x8000 != 0
			if crc <<= 1; over {
				crc ^= 0x1021
			}
		}
		table[i] = crc
	}
	return table
}()
