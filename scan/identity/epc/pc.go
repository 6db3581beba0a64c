package epc

// PC is the protocol control word that stands before the EPC in a tag's memory
// and that readers send with it:
//
//	bit  15 … 11   10   9    8   7 … 0
//	     │         │    │    │   └─ ISO: application family (AFI); else attributes
//	     │         │    │    └─ 1: not an EPC of GS1 but an ISO application family
//	     │         │    └─ XI: extended PC words follow
//	     │         └─ UMI: there is user memory
//	     └─ length of the EPC in 16-bit words
//
// The zero value says that the PC is not known: a tag that sends an EPC has a length.
type PC uint16

// Known reports whether the reader sent a PC.
func (p PC) Known() bool { return p != 0 }

// Words is the length of the EPC in words of 16 bits.
func (p PC) Words() int { return int(p >> 11) }

// UserMemory reports whether the tag says that it has user memory.
func (p PC) UserMemory() bool { return p&(1<<10) != 0 }

// Extended reports whether extended PC words follow the PC.
func (p PC) Extended() bool { return p&(1<<9) != 0 }

// ISO reports whether the tag belongs to an ISO application family and not to GS1.
func (p PC) ISO() bool { return p&(1<<8) != 0 }

// Low is the AFI of an ISO tag and the attribute bits of any other.
func (p PC) Low() byte { return byte(p) }

// fits reports whether a PC speaks of an EPC of so many bytes.
func (p PC) fits(length int) bool { return !p.Known() || p.Words()*2 == length }

// CRC is the check that a tag sends after its EPC: CRC-16/CCITT over PC and EPC
// with all bits turned over (the rule of the Gen2 air interface).
func CRC(pc PC, epc []byte) uint16 {
	crc := update(update(0xffff, byte(pc>>8)), byte(pc))
	for _, b := range epc {
		crc = update(crc, b)
	}
	return ^crc
}

// update takes a byte into the CRC, four bits at a time: sixteen numbers are
// in the processor's cache whatever else it does between two tags.
func update(crc uint16, b byte) uint16 {
	crc = crc<<4 ^ steps[byte(crc>>12)^b>>4]
	return crc<<4 ^ steps[byte(crc>>12)^b&15]
}

var steps = [16]uint16{
	0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
	0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
}

// Damaged reports whether the tag's own CRC proves that PC or EPC were changed
// on the way. The CRC of a tag with extended PC words covers these too; without
// them it proves nothing.
func Damaged(pc PC, epc []byte, crc uint16) bool {
	return !pc.Extended() && CRC(pc, epc) != crc
}
