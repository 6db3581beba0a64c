package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// SSISetup is how an SSI scanner comes out of its box.
type SSISetup struct {
	Revision   string         // what it answers to REQUEST_REVISION
	Suffix     string         // after each code, as text and in packets
	Params     map[int]int    // kept without power, beside or instead of those from the factory
	Denied     []int          // parameters it lets nobody change
	Attributes map[int]string // of remote management; nil: it has none
	Ring       bool           // a ring scanner: long header, long codes in segments
	Timeout    time.Duration  // how long it waits for an acknowledgement; 0: for ever
}

// The parameters that mean something to it, and what the factory sets.
const (
	ssiNoRead, ssiCodeID, ssiHandshake, ssiParamCodes, ssiPackets = 94, 45, 159, 236, 238
)

var ssiFactory = map[int]int{ssiNoRead: 0, ssiCodeID: 0, ssiHandshake: 1, ssiParamCodes: 1, ssiPackets: 0}

// SSIState is what a host has done to an SSI scanner, and what became of its scans.
type SSIState struct {
	Beeps          []byte      // beep codes, as they were commanded
	LEDs           byte        // those that are lit
	Enabled        bool        // it scans
	Params         map[int]int // in force
	Acked          []string    // codes whose last packet was acknowledged
	TransmitErrors []string    // codes that nobody acknowledged: it sounded its error tone
	Lost           []string    // codes that were under way when the power went
	Blocked        []int       // parameters whose barcodes it did not obey
	Repeats        int         // packets sent once more, asked for or not
	Refused        []byte      // causes of the NAKs it has sent
}

// SSIDevice is a scanner's side of SSI without a wire and without a clock: each
// method returns what it sends. It begins as from the factory: codes are plain
// text, and ACK/NAK is on.
type SSIDevice struct {
	setup   SSISetup
	state   SSIState
	flash   map[int]int
	heard   []byte // of the host, and not whole yet
	queue   []ssiMessage
	sent    bool     // the first packet of queue is on its way
	tries   int      // how often
	rounds  int      // packets sent so far that want an acknowledgement
	memory  [][]byte // scans of BATCH_DATA, with their types
	corrupt bool     // the next packet
	cut     int      // bytes of the next packet; 0: all
	deaf    int      // acknowledgements that it will not hear
}

// ssiMessage is packets that are acknowledged one by one.
type ssiMessage struct {
	code    string // empty if it is no scan
	packets [][]byte
}

// What a scanner sends and hears, by Zebra's numbers.
const (
	ssiMore, ssiAgain, ssiPermanent = 1 << 1, 1 << 0, 1 << 3
	ssiTries                        = 3

	nakResend, nakBadContext, nakDenied = 0x01, 0x02, 0x06
)

// NewSSIDevice makes a scanner with power.
func NewSSIDevice(s SSISetup) *SSIDevice {
	d := &SSIDevice{setup: s, flash: maps.Clone(ssiFactory)}
	maps.Copy(d.flash, s.Params)
	d.PowerCycle()
	return d
}

// PowerCycle takes the power away and gives it back: temporary parameters are
// forgotten, and so are scans that were not acknowledged yet.
func (d *SSIDevice) PowerCycle() {
	for _, m := range d.queue {
		if m.code != "" {
			d.state.Lost = append(d.state.Lost, m.code)
		}
	}
	d.heard, d.queue, d.sent, d.tries, d.corrupt, d.cut, d.deaf = nil, nil, false, 0, false, 0, 0
	d.state.Params, d.state.Enabled, d.state.LEDs = maps.Clone(d.flash), true, 0
}

// State is a copy of what has happened so far.
func (d *SSIDevice) State() SSIState {
	s := d.state
	s.Beeps, s.Acked, s.TransmitErrors, s.Lost, s.Refused = slices.Clone(s.Beeps), slices.Clone(s.Acked), slices.Clone(s.TransmitErrors), slices.Clone(s.Lost), slices.Clone(s.Refused)
	s.Params, s.Blocked = maps.Clone(s.Params), slices.Clone(s.Blocked)
	return s
}

// Waiting reports whether an acknowledgement is missing: if none comes for the
// time that the setup says, call Late.
func (d *SSIDevice) Waiting() bool { return d.sent }

// Scan reads a code. It is sent when those before have been acknowledged.
func (d *SSIDevice) Scan(codeType byte, aim, code string) ([][]byte, error) {
	if !d.state.Enabled {
		return nil, errors.New("the scanner is disabled and reads nothing")
	}
	text := code + d.setup.Suffix
	if d.state.Params[ssiCodeID] == 1 {
		text = aim + text
	}
	if d.state.Params[ssiPackets] == 0 {
		return [][]byte{d.damage([]byte(text))}, nil
	}
	d.queue = append(d.queue, ssiMessage{code, d.decodeData(codeType, text)})
	return d.next(), nil
}

// NoRead is a pull of the trigger before no code at all.
func (d *SSIDevice) NoRead() ([][]byte, error) {
	if d.state.Params[ssiNoRead] == 0 {
		return nil, nil
	}
	return d.Scan(0x01, "]A0", "NR")
}

// ScanParameter reads a programming barcode: it is obeyed, for good, unless the
// host has switched that off.
func (d *SSIDevice) ScanParameter(number, value int) {
	if d.state.Params[ssiParamCodes] == 0 {
		d.state.Blocked = append(d.state.Blocked, number)
		return
	}
	d.state.Params[number], d.flash[number] = value, value
}

// Event sends an EVENT.
func (d *SSIDevice) Event(code byte) [][]byte {
	d.queue = append(d.queue, ssiMessage{"", [][]byte{ssiPacket(0xF6, 0, 0, []byte{code})}})
	return d.next()
}

// Remember keeps a scan for BATCH_REQUEST.
func (d *SSIDevice) Remember(codeType byte, code string) {
	d.memory = append(d.memory, append([]byte{codeType}, code...))
}

// CorruptNext turns over a bit in what is sent next.
func (d *SSIDevice) CorruptNext() { d.corrupt = true }

// CutNext sends only so many bytes of what is sent next.
func (d *SSIDevice) CutNext(n int) { d.cut = n }

// LoseAcks does not hear the next n acknowledgements.
func (d *SSIDevice) LoseAcks(n int) { d.deaf = n }

// Late says that no acknowledgement came in time: the packet goes out again,
// two times, and then the scan is given up.
func (d *SSIDevice) Late() [][]byte {
	if !d.sent {
		return nil
	}
	return d.again()
}

func (d *SSIDevice) again() [][]byte {
	if d.tries < ssiTries {
		d.state.Repeats++
		return d.transmit()
	}
	if code := d.queue[0].code; code != "" {
		d.state.TransmitErrors = append(d.state.TransmitErrors, code)
	}
	d.queue, d.sent, d.tries = d.queue[1:], false, 0
	return d.next()
}

// next sends the packet whose turn it is, if none is on its way.
func (d *SSIDevice) next() (send [][]byte) {
	for len(d.queue) > 0 && !d.sent {
		send = append(send, d.transmit()...)
		if d.state.Params[ssiHandshake] == 0 {
			d.acknowledged()
		}
	}
	return send
}

func (d *SSIDevice) transmit() [][]byte {
	p := d.queue[0].packets[0]
	if d.tries > 0 {
		p = ssiPacket(p[1], p[2], p[3]|ssiAgain, p[4:len(p)-2])
	}
	d.sent = true
	d.tries++
	d.rounds++
	return [][]byte{d.damage(p)}
}

// damage does to bytes what was asked for.
func (d *SSIDevice) damage(b []byte) []byte {
	b = bytes.Clone(b)
	if d.corrupt {
		b[len(b)/2] ^= 0x04
	}
	if d.cut > 0 && d.cut < len(b) {
		b = b[:d.cut]
	}
	d.corrupt, d.cut = false, 0
	return b
}

// acknowledged lets go of the packet that was on its way.
func (d *SSIDevice) acknowledged() {
	m := &d.queue[0]
	d.sent, d.tries = false, 0
	if m.packets = m.packets[1:]; len(m.packets) > 0 {
		return
	}
	if m.code != "" {
		d.state.Acked = append(d.state.Acked, m.code)
	}
	d.queue = d.queue[1:]
}

// decodeData makes the packets of a code.
func (d *SSIDevice) decodeData(codeType byte, text string) (packets [][]byte) {
	const longest = 0xFF - 4
	if d.setup.Ring {
		long := binary.BigEndian.AppendUint16([]byte{codeType, 0x01}, uint16(len(text)))
		if long = append(long, text...); len(long) <= longest {
			return [][]byte{ssiPacket(0xF3, 0, 0x20, long)}
		}
		whole := binary.BigEndian.AppendUint16([]byte{0xF3, 0, 0}, uint16(len(text)+3))
		for part := range slices.Chunk(append(whole, long...), longest-1) {
			var source byte
			if len(packets) == 0 {
				source = 0x02
			}
			packets = append(packets, ssiPacket(0x73, source, 0, append([]byte{byte(len(packets))}, part...)))
		}
		return packets
	}
	for part := range slices.Chunk([]byte(text), longest-1) {
		packets = append(packets, ssiPacket(0xF3, 0, ssiMore, append([]byte{codeType}, part...)))
	}
	last := packets[len(packets)-1]
	packets[len(packets)-1] = ssiPacket(0xF3, 0, 0, last[4:len(last)-2])
	return packets
}

// ssiPacket makes a packet with its checksum.
func ssiPacket(opcode, source, status byte, data []byte) []byte {
	p := append([]byte{byte(4 + len(data)), opcode, source, status}, data...)
	return binary.BigEndian.AppendUint16(p, -ssiSum(p))
}

func ssiSum(b []byte) (sum uint16) {
	for _, one := range b {
		sum += uint16(one)
	}
	return sum
}
