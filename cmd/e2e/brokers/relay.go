package brokers

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// Fate is what becomes of a packet on a hostile line.
type Fate int

// The fates. What is dropped is acknowledged in the receiver's name, so that
// the sender believes that it arrived: that is how brokers lose things.
const (
	Pass        Fate = iota
	Drop             // never arrives; a dropped acknowledgement just does not come
	Twice            // arrives two times
	Late             // arrives behind what comes next
	Cut              // does not arrive, and the connection ends
	PassThenCut      // arrives, and the connection ends
)

// Packet is what a relay judges: a message or an acknowledgement.
type Packet struct {
	Conn     int  // which connection, from 1
	Up       bool // from the client to the broker
	Ack      bool // PUBACK; else PUBLISH
	ID       uint16
	Topic    string
	Payload  []byte
	Retained bool
	qos      byte
}

// Relay is a line to a broker. It speaks as much MQTT 3.1.1 as it takes to tell
// one message from the next.
type Relay struct {
	Addr string

	to    func() []string // brokers to try, in this order
	judge func(*Packet) Fate
	mu    sync.Mutex
	conns int
	open  map[net.Conn]bool
	all   sync.WaitGroup
}

// NewRelay carries clients to the first of the brokers that answers, until the
// test ends. Judge is called for one packet at a time; nil passes everything.
func NewRelay(t testing.TB, to func() []string, judge func(*Packet) Fate) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Addr: l.Addr().String(), to: to, judge: judge, open: map[net.Conn]bool{}}
	r.all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.all.Go(func() { r.carry(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); r.CutAll(); r.all.Wait() })
	return r
}

// Do runs something while no packet is judged.
func (r *Relay) Do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Judge changes what becomes of packets from now on.
func (r *Relay) Judge(judge func(*Packet) Fate) { r.Do(func() { r.judge = judge }) }

// Conns is how many connections were made.
func (r *Relay) Conns() (n int) { r.Do(func() { n = r.conns }); return n }

// CutAll ends all connections.
func (r *Relay) CutAll() {
	r.Do(func() {
		for c := range r.open {
			c.Close()
		}
	})
}

func (r *Relay) carry(near net.Conn) {
	defer near.Close()
	var far net.Conn
	for _, to := range r.to() {
		var err error
		if far, err = net.Dial("tcp", to); err == nil {
			break
		}
	}
	if far == nil {
		return
	}
	defer far.Close()
	l := &line{relay: r, near: &end{Conn: near}, far: &end{Conn: far}}
	r.Do(func() {
		r.conns++
		l.number = r.conns
		r.open[near], r.open[far] = true, true
	})
	defer r.Do(func() { delete(r.open, near); delete(r.open, far) })
	var ways sync.WaitGroup
	ways.Go(func() { l.pass(l.near, l.far, true) })
	ways.Go(func() { l.pass(l.far, l.near, false) })
	ways.Wait()
}

// line is one connection through a relay.
type line struct {
	relay     *Relay
	number    int
	near, far *end
}

// end is one side of it, which both directions write to.
type end struct {
	net.Conn
	mu sync.Mutex
}

func (e *end) put(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Write(b) // a failure shows at the next read
}

// hang ends what is sent to this side. What was sent before still arrives, as
// long as what this side says is read.
func (e *end) hang() {
	if c, ok := e.Conn.(*net.TCPConn); ok {
		c.CloseWrite()
	}
}

type late struct {
	bytes []byte
	left  int // to be sent after so many others
}

// pass carries one direction until the connection ends.
func (l *line) pass(from, to *end, up bool) {
	defer to.hang()
	in := bufio.NewReaderSize(from, 64<<10)
	var behind []late
	for {
		raw, err := readPacket(in)
		if err != nil {
			return
		}
		p := parsePacket(raw)
		fate := Pass
		if p != nil {
			p.Conn, p.Up = l.number, up
			l.relay.Do(func() {
				if l.relay.judge != nil {
					fate = l.relay.judge(p)
				}
			})
		}
		switch fate {
		case Pass, Twice, PassThenCut:
			to.put(raw)
		case Drop:
			l.answer(from, p)
		case Late:
			behind = append(behind, late{raw, 3})
			continue
		}
		if fate == Twice {
			to.put(copyOf(raw, p))
		}
		if fate == Cut || fate == PassThenCut {
			// Both sides learn of it, and what was passed arrives.
			l.near.hang()
			l.far.hang()
			io.Copy(io.Discard, from)
			return
		}
		for i := 0; i < len(behind); i++ {
			if behind[i].left--; behind[i].left <= 0 {
				to.put(behind[i].bytes)
				behind = append(behind[:i], behind[i+1:]...)
				i--
			}
		}
	}
}

// answer acknowledges what was dropped.
func (l *line) answer(from *end, p *Packet) {
	if !p.Ack && p.qos == 1 {
		from.put([]byte{4 << 4, 2, byte(p.ID >> 8), byte(p.ID)})
	}
}

// readPacket reads a packet as it is on the wire.
func readPacket(in *bufio.Reader) ([]byte, error) {
	first, err := in.ReadByte()
	if err != nil {
		return nil, err
	}
	raw := []byte{first}
	length := 0
	for shift := 0; ; shift += 7 {
		b, err := in.ReadByte()
		if err != nil || shift > 21 {
			return nil, io.ErrUnexpectedEOF
		}
		raw = append(raw, b)
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	head := len(raw)
	raw = append(raw, make([]byte, length)...)
	_, err = io.ReadFull(in, raw[head:])
	return raw, err
}

// body is a packet without its fixed header.
func body(raw []byte) []byte {
	at := 1
	for raw[at] >= 0x80 {
		at++
	}
	return raw[at+1:]
}

// parsePacket reads a PUBLISH or a PUBACK; nil for anything else.
func parsePacket(raw []byte) *Packet {
	b := body(raw)
	switch raw[0] >> 4 {
	case 3:
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil
		}
		n := int(binary.BigEndian.Uint16(b))
		p := &Packet{Topic: string(b[2 : 2+n]), Retained: raw[0]&1 == 1, qos: raw[0] >> 1 & 3}
		b = b[2+n:]
		if p.qos > 0 {
			if len(b) < 2 {
				return nil
			}
			p.ID, b = binary.BigEndian.Uint16(b), b[2:]
		}
		p.Payload = b
		return p
	case 4:
		if len(b) >= 2 {
			return &Packet{Ack: true, ID: binary.BigEndian.Uint16(b)}
		}
	}
	return nil
}

// copyOf is the second of two: a message with QoS 0, which nobody has to
// acknowledge, or the acknowledgement once more.
func copyOf(raw []byte, p *Packet) []byte {
	if p.Ack {
		return raw
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(p.Topic)))
	b = append(append(b, p.Topic...), p.Payload...)
	out := []byte{raw[0] &^ 0x0e}
	for n := len(b); ; {
		if n < 0x80 {
			out = append(out, byte(n))
			break
		}
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, b...)
}
