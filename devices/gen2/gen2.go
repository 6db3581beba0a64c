// Package gen2 knows what radio tags of EPC Gen2 say of themselves beside
// their EPC, whatever the reader: the protocol control word and their own CRC.
//
//	30 00 | 31 54 F4 E4 E4 CE 0A 6A 14 00 00 00 | 69 90
//	│       │                                     └─ CRC-16 over all before it
//	│       └─ the EPC
//	└─ protocol control word: bits 15 to 11 say how many words the EPC has,
//	   bit 9 that extension words stand before it
//
// Readers with an 8-bit sum pass one damaged frame in 256; with the tag's own
// CRC it is one in 16 million.
package gen2

import "encoding/binary"

const polynomial = 0x1021

// Table is the division by the polynomial x^16+x^12+x^5+1, a byte at a time.
var Table = func() (t [256]uint16) {
	for i := range t {
		rest := uint16(i) << 8
		for range 8 {
			carry := rest&0x8000 != 0
			if rest <<= 1; carry {
				rest ^= polynomial
			}
		}
		t[i] = rest
	}
	return t
}()

// CRC is what a tag sends after these bytes: control word, extension words,
// EPC.
func CRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, one := range b {
		crc = crc<<8 ^ Table[byte(crc>>8)^one]
	}
	return ^crc
}

// Whole reports whether what a tag sent, its CRC at the end, came over the air
// undamaged.
func Whole(b []byte) bool {
	const size = 2
	if len(b) < size {
		return false
	}
	end := len(b) - size
	return CRC(b[:end]) == binary.BigEndian.Uint16(b[end:])
}

// Extended reports whether the control word says that extension words follow.
// Then readers differ in what they hand over, so the CRC can not be checked.
func Extended(pc uint16) bool { return pc&0x0200 != 0 }

// Mismatch is the note for a read whose control word does not tell the EPC's
// length.
const Mismatch = "pc mismatch"

// Note says what is odd about an EPC under its control word; empty if nothing
// is. The extension words may be counted in the length, or not.
func Note(pc uint16, epc, extension int) string {
	const wordSize, lengthAt = 2, 11
	if said := wordSize * int(pc>>lengthAt); said == epc || said == epc+extension {
		return ""
	}
	return Mismatch
}
