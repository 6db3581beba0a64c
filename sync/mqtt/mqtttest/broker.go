// Package mqtttest is a broker that misbehaves on demand, for tests of what
// happens when a broker takes a message and does not say so.
//
// It speaks as much MQTT 3.1.1 as those tests need, on any net.Conn, and
// remembers everything. It does not route messages between clients; tests of
// that use the real broker.
package mqtttest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
)

// Action is what becomes of a publish.
type Action int

// The actions.
const (
	Ack        Action = iota // acknowledge
	Ignore                   // accept, never acknowledge
	HangUp                   // close the connection instead
	AckAndHang               // acknowledge, then close
)

// Publish is one publish that arrived.
type Publish struct {
	Conn     int // which connection, from 1
	Topic    string
	Payload  string
	Retained bool
	Dup      bool
	QoS      byte
	Acked    bool
}

// Connect is what a client said when it connected.
type Connect struct {
	ClientID, User, Password string
	Clean                    bool
	Version                  byte
	KeepAlive                uint16
	WillTopic, WillPayload   string
	WillRetained, HasWill    bool
	Goodbye                  bool // it sent DISCONNECT before it went
	Subscribed               []string
	AcknowledgedMessages     []uint16 // packet ids of our messages, as acknowledged
}

// Broker is the misbehaving broker. Set its functions before it serves.
type Broker struct {
	Decide func(Publish) Action // nil acknowledges everything
	Code   byte                 // return code of CONNACK
	Mute   bool                 // never answers CONNECT
	Refuse bool                 // refuses subscriptions

	mu       sync.Mutex
	changed  chan struct{}
	connects []Connect
	conns    []net.Conn
	got      []Publish
	nextID   uint16
}

// Listen serves on a TCP port until the test ends, and returns the URL.
func (b *Broker) Listen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { b.Serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		b.HangUpAll()
		all.Wait()
	})
	return "mqtt://" + l.Addr().String()
}

// HangUpAll closes all connections.
func (b *Broker) HangUpAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		c.Close()
	}
}

// Serve speaks with one client until the connection is over.
func (b *Broker) Serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	kind, body, err := readPacket(in)
	if err != nil || kind>>4 != 1 || !bytes.HasPrefix(body, []byte("\x00\x04MQTT")) {
		return
	}
	me := 0
	b.change(func() {
		b.connects = append(b.connects, parseConnect(body))
		b.conns = append(b.conns, conn)
		me = len(b.connects)
	})
	if b.Mute {
		io.Copy(io.Discard, in)
		return
	}
	if _, err := conn.Write([]byte{0x20, 2, 0, b.Code}); err != nil || b.Code != 0 {
		return
	}
	for {
		kind, body, err := readPacket(in)
		if err != nil {
			return
		}
		switch kind >> 4 {
		case 3:
			if !b.publish(conn, me, kind, body) {
				return
			}
		case 4:
			b.change(func() {
				c := &b.connects[me-1]
				c.AcknowledgedMessages = append(c.AcknowledgedMessages, binary.BigEndian.Uint16(body))
			})
		case 8:
			answer := []byte{0x90, 2, body[0], body[1]}
			b.change(func() {
				for rest := body[2:]; len(rest) > 2; {
					var filter string
					filter, rest = text(rest)
					rest = rest[1:]
					code := byte(1)
					if b.Refuse {
						code = 0x80
					}
					answer = append(answer, code)
					answer[1]++
					b.connects[me-1].Subscribed = append(b.connects[me-1].Subscribed, filter)
				}
			})
			conn.Write(answer)
		case 12:
			conn.Write([]byte{0xd0, 0})
		case 14:
			b.change(func() { b.connects[me-1].Goodbye = true })
			return
		}
	}
}

func (b *Broker) publish(conn net.Conn, me int, kind byte, body []byte) bool {
	p := Publish{Conn: me, Retained: kind&1 != 0, Dup: kind&8 != 0, QoS: kind >> 1 & 3}
	p.Topic, body = text(body)
	var id []byte
	if p.QoS > 0 {
		id, body = body[:2], body[2:]
	}
	p.Payload = string(body)
	action := Ack
	if b.Decide != nil {
		action = b.Decide(p)
	}
	// Remembered before it is said: whatever a client may rightly take for
	// acknowledged is marked here.
	p.Acked = p.QoS > 0 && (action == Ack || action == AckAndHang)
	b.change(func() { b.got = append(b.got, p) })
	if p.Acked {
		if _, err := conn.Write([]byte{0x40, 2, id[0], id[1]}); err != nil {
			return false
		}
	}
	return action == Ack || action == Ignore
}

// Send publishes a message with QoS 1 to the newest connection.
func (b *Broker) Send(topic, payload string, retained bool) error {
	b.mu.Lock()
	b.nextID++
	id, conn := b.nextID, b.conns[len(b.conns)-1]
	b.mu.Unlock()
	kind := byte(0x32)
	if retained {
		kind |= 1
	}
	var body []byte
	body = binary.BigEndian.AppendUint16(body, uint16(len(topic)))
	body = append(body, topic...)
	body = binary.BigEndian.AppendUint16(body, id)
	body = append(body, payload...)
	packet := []byte{kind}
	for n := len(body); ; n >>= 7 {
		if n < 128 {
			packet = append(packet, byte(n))
			break
		}
		packet = append(packet, byte(n)|128)
	}
	_, err := conn.Write(append(packet, body...))
	return err
}

// Published is everything that arrived so far.
func (b *Broker) Published() []Publish {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// Connects is every connection so far.
func (b *Broker) Connects() []Connect {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.connects)
}

// Wait returns when the condition holds; it is looked at after every change.
func (b *Broker) Wait(cond func(connects []Connect, got []Publish) bool) {
	for {
		b.mu.Lock()
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed, connects, got := b.changed, slices.Clone(b.connects), slices.Clone(b.got)
		b.mu.Unlock()
		if cond(connects, got) {
			return
		}
		<-changed
	}
}

func (b *Broker) change(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do()
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func readPacket(in *bufio.Reader) (kind byte, body []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(in) // the same encoding
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, size)
	_, err = io.ReadFull(in, body)
	return kind, body, err
}

func text(b []byte) (string, []byte) {
	n := int(binary.BigEndian.Uint16(b))
	return string(b[2 : 2+n]), b[2+n:]
}

func parseConnect(b []byte) Connect {
	_, b = text(b) // protocol name
	c := Connect{Version: b[0]}
	flags := b[1]
	c.Clean = flags&2 != 0
	c.KeepAlive = binary.BigEndian.Uint16(b[2:])
	c.ClientID, b = text(b[4:])
	if c.HasWill = flags&4 != 0; c.HasWill {
		c.WillRetained = flags&0x20 != 0
		c.WillTopic, b = text(b)
		c.WillPayload, b = text(b)
	}
	if flags&0x80 != 0 {
		c.User, b = text(b)
	}
	if flags&0x40 != 0 {
		c.Password, _ = text(b)
	}
	return c
}
