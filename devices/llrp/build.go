package llrp

import "encoding/binary"

// The messages, by their numbers in the standard. An answer's is that of the
// question and ten, with three exceptions.
const (
	getCapabilities         = 1
	getConfig               = 2
	setConfig               = 3
	closeConnectionResponse = 4
	closeConnection         = 14
	addROSpec               = 20
	deleteROSpec            = 21
	startROSpec             = 22
	stopROSpec              = 23
	enableROSpec            = 24
	getROSpecs              = 26
	getVersion              = 46
	setVersion              = 47
	roAccessReport          = 61
	keepalive               = 62
	readerEvent             = 63
	enableEvents            = 64
	keepaliveAck            = 72
	errorMessage            = 100
	customMessage           = 1023
)

// ours is the number of the one ROSpec.
const ours = 1

// impinj is the maker's enterprise number.
const impinj = 25882

// message puts the head before a body.
func message(version byte, kind uint16, id uint32, body []byte) []byte {
	b := make([]byte, header, header+len(body))
	binary.BigEndian.PutUint16(b, uint16(version)<<10|kind)
	binary.BigEndian.PutUint32(b[2:], uint32(header+len(body)))
	binary.BigEndian.PutUint32(b[6:], id)
	return append(b, body...)
}

// tlv makes a parameter of its parts.
func tlv(kind uint16, parts ...[]byte) []byte {
	b := make([]byte, 4, 32)
	for _, part := range parts {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint16(b, kind)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

func octet(n byte) []byte    { return []byte{n} }
func short(n int) []byte     { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// keepaliveConfig asks for a keep-alive every so many seconds, and leaves all
// else as it is.
func keepaliveConfig(seconds int) []byte {
	return append(octet(0), tlv(220, octet(1), number(uint32(seconds)*1000))...)
}

// wanted are the events that we want to hear of: inputs, the ROSpec, the
// report buffer, exceptions, antennas.
var wanted = []int{1, 2, 3, 4, 8}

// eventConfig asks for events, switches inputs on, and has nothing held back
// for a client that comes again.
func (d *Decoder) eventConfig() []byte {
	var states []byte
	for _, event := range wanted {
		states = append(states, tlv(245, short(event), octet(0x80))...)
	}
	b := append(octet(0), tlv(244, states)...)
	for _, input := range d.o.GPI {
		b = append(b, tlv(225, short(input), octet(0x80), octet(2))...)
	}
	return append(b, tlv(226, octet(0))...)
}

// readerConfig asks for one kind of configuration, of all antennas and ports.
func readerConfig(what byte) []byte {
	return append(append(short(0), what), make([]byte, 4)...)
}

// everything that a report can tell about a tag.
const everything = 0xFFC0

// roSpec is our operation: all antennas or the chosen ones, until it is
// stopped, each read reported at once. A ROSpec that stops by time leaves gaps.
func (d *Decoder) roSpec(contents int) []byte {
	var antennas []byte
	for _, antenna := range d.o.Antennas {
		antennas = append(antennas, short(antenna)...)
	}
	count := len(d.o.Antennas)
	if count == 0 {
		antennas, count = short(0), 1 // all
	}
	return tlv(177, number(ours), octet(0), octet(0), // priority, disabled
		tlv(178, tlv(179, octet(0)), tlv(182, octet(0), number(0))),
		tlv(183, short(count), antennas,
			tlv(184, octet(0), number(0)),
			tlv(186, short(1), octet(1), d.antennaConfig())),
		tlv(237, octet(1), short(1),
			tlv(238, short(contents), tlv(348, octet(0xC0))))) // with CRC and PC
}

// antennaConfig is what differs from the reader's own settings, for all
// antennas alike; nothing if nothing does.
func (d *Decoder) antennaConfig() []byte {
	var transmitter, command []byte
	if d.o.Power != nil {
		transmitter = tlv(224, short(d.can.hopTable), short(d.o.Channel), short(d.can.power))
	}
	if d.o.Mode >= 0 {
		command = append(command, tlv(335, short(d.o.Mode), short(d.o.Tari))...)
	}
	if d.o.Session >= 0 {
		command = append(command, tlv(336, octet(byte(d.o.Session)<<6), short(d.o.Population), number(uint32(d.o.Transit)))...)
	}
	for i, search := range searches {
		if search == d.o.Search {
			command = append(command, tlv(1023, number(impinj), number(23), short(i))...)
		}
	}
	if command != nil {
		command = tlv(330, octet(0), command)
	}
	if transmitter == nil && command == nil {
		return nil
	}
	return tlv(222, short(0), transmitter, command)
}
