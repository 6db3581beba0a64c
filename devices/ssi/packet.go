package ssi

// The bytes of a packet before its checksum.
const (
	atLength = iota
	atOpcode
	atSource
	atStatus
	atData

	sumBytes = 2
	largest  = 0xFF + sumBytes
)

// What a decoder sends, by Zebra's names.
const (
	opManagement   = 0x80 // SSI_MGMT_COMMAND: remote management (RSM) inside SSI
	opInitReply    = 0x91 // of ring scanners
	opRevision     = 0xA4 // REPLY_REVISION
	opID           = 0xA6 // REPLY_ID
	opImage        = 0xB1 // IMAGE_DATA
	opParams       = 0xC6 // PARAM_SEND
	opAck          = 0xD0 // CMD_ACK
	opNak          = 0xD1 // CMD_NAK
	opCapabilities = 0xD4 // CAPABILITIES_REPLY
	opBatch        = 0xD6 // BATCH_DATA
	opDecode       = 0xF3 // DECODE_DATA
	opEvent        = 0xF6 // EVENT
	opSegment      = 0x73 // a part of a long code, of ring scanners
)

// The bits of a status that are acted on. Ring scanners set others, 80 and 20.
const (
	statusAgain = 1 << 0 // sent before, and not acknowledged
	statusMore  = 1 << 1 // the message goes on in the next packet
)

// What is written back.
var (
	ack        = []byte{0x04, 0xD0, 0x04, 0x00, 0xFF, 0x28}
	resend     = []byte{0x05, 0xD1, 0x04, 0x00, 0x01, 0xFF, 0x25}
	segmentAck = []byte{0x04, 0x74, 0x04, 0x00, 0xFF, 0x84}
	hostAck    = []byte{0x04, 0x96, 0x04, 0x00, 0xFF, 0x62} // to ring scanners that answered INIT
)

// sizeOf is how many bytes the packet at the beginning of b takes with its
// checksum, zero if no packet begins there. It is not known before two or three
// bytes are there.
//
// Opcodes that are in no manual yet are taken for packets too: if the checksum
// proves them, they are acknowledged, and the scanner does not beep in vain.
func sizeOf(b []byte) (size int, known bool) {
	switch {
	case b[atLength] < atData:
		return 0, true
	case len(b) <= atOpcode:
		return 0, false
	case b[atOpcode] < 0x80 && b[atOpcode] != opSegment:
		return 0, true
	case len(b) <= atSource:
		return 0, false
	case b[atSource] == 0, b[atSource] == firstSegment && b[atOpcode] == opSegment:
		return int(b[atLength]) + sumBytes, true
	}
	return 0, true
}

// proven reports whether the checksum of a whole packet is right: the two's
// complement of the 16-bit sum of all bytes before it. It is never reduced
// modulo 255, as one public driver does.
func proven(packet []byte) bool {
	var sum uint16
	n := len(packet) - sumBytes
	for _, b := range packet[:n] {
		sum += uint16(b)
	}
	return sum+uint16(packet[n])<<8+uint16(packet[n+1]) == 0
}

// worthAsking reports whether a broken packet is worth being asked for again:
// its opcode is one that scanners are documented or seen to send. ACK and NAK
// are not: the command they answer is sent again if none comes.
func worthAsking(opcode byte) bool {
	switch opcode {
	case opManagement, opInitReply, opRevision, opID, opImage, opParams, opCapabilities, opBatch, opDecode, opEvent, opSegment:
		return true
	}
	return false
}

// carriesCode reports whether a packet of this opcode is a scan, or a part of one.
func carriesCode(opcode byte) bool {
	return opcode == opDecode || opcode == opBatch || opcode == opSegment
}
