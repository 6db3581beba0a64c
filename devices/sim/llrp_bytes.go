package sim

import "encoding/binary"

func llrp16(n int) []byte   { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func llrp32(n int) []byte   { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func llrp64(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func llrpBit(on bool, bit byte) []byte {
	if on {
		return []byte{bit}
	}
	return []byte{0}
}

// llrpTLV is a parameter with a length.
func llrpTLV(kind int, parts ...[]byte) []byte {
	n := 4
	for _, part := range parts {
		n += len(part)
	}
	b := append(llrp16(kind), llrp16(n)...)
	for _, part := range parts {
		b = append(b, part...)
	}
	return b
}

// llrpStatus is why something was not done.
type llrpStatus struct {
	code int
	text string
}

func llrpError(code int, text string) *llrpStatus { return &llrpStatus{code, text} }

func (s *llrpStatus) bytes() []byte {
	return llrpTLV(287, llrp16(s.code), llrp16(len(s.text)), []byte(s.text))
}

// llrpOK is the status of what was done.
var llrpOK = llrpError(0, "").bytes()

// llrpLength complains of a body that is not as long as it should be.
func llrpLength(body []byte, want int) *llrpStatus {
	if len(body) != want {
		return llrpError(100, "the message has the wrong length")
	}
	return nil
}

// llrpParam is a parameter with a length. Hosts send no others.
type llrpParam struct {
	kind int
	body []byte
}

func (p llrpParam) u16(at int) int { return int(binary.BigEndian.Uint16(p.body[at:])) }
func (p llrpParam) u32(at int) int { return int(binary.BigEndian.Uint32(p.body[at:])) }

func llrpParams(b []byte) (all []llrpParam, err *llrpStatus) {
	for len(b) > 0 {
		if len(b) < 4 || b[0] > 3 {
			return nil, llrpError(100, "no parameter")
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return nil, llrpError(100, "a parameter's length does not fit")
		}
		all = append(all, llrpParam{int(binary.BigEndian.Uint16(b)), b[4:n]})
		b = b[n:]
	}
	return all, nil
}

func llrpKinds(all []llrpParam) (kinds []int) {
	for _, p := range all {
		kinds = append(kinds, p.kind)
	}
	return kinds
}

// llrpTagCRC is what a tag sends behind its PC and EPC, bit by bit.
func llrpTagCRC(pc uint16, epc []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range append(llrp16(int(pc)), epc...) {
		for bit := 7; bit >= 0; bit-- {
			differs := crc>>15 != uint16(b>>bit&1)
			if crc <<= 1; differs {
				crc ^= 0x1021
			}
		}
	}
	return ^crc
}
