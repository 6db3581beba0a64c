package cutdisk

import (
	"encoding/binary"
	"io"
	"net"
)

// The part of the NBD protocol that QEMU needs: the fixed newstyle handshake,
// then requests that are answered in order.
const (
	requestMagic = 0x25609513
	replyMagic   = 0x67446698
	optionMagic  = 0x3E889045565A9

	optionExport = 1
	optionAbort  = 2
	optionGo     = 7

	replyAck         = 1
	replyInfo        = 3
	replyUnsupported = 1<<31 | 1

	features = 1 | 1<<2 | 1<<3 // flags are valid; flush; writes past the cache

	cmdRead  = 0
	cmdWrite = 1
	cmdEnd   = 2
	cmdFlush = 3

	invalid = 22 // EINVAL

	mostAtOnce = 64 << 20
)

var be = binary.BigEndian

func (d *Disk) serve(c net.Conn) {
	if !d.handshake(c) {
		return
	}
	for d.request(c) {
	}
}

func (d *Disk) handshake(c net.Conn) bool {
	if _, err := c.Write(append([]byte("NBDMAGICIHAVEOPT"), 0, 3)); err != nil {
		return false
	}
	var flags [4]byte
	if _, err := io.ReadFull(c, flags[:]); err != nil {
		return false
	}
	info := be.AppendUint16(be.AppendUint64(nil, uint64(d.size)), features)
	for {
		var h [16]byte
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return false
		}
		option, n := be.Uint32(h[8:]), be.Uint32(h[12:])
		if n > 65536 {
			return false
		}
		if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
			return false
		}
		reply := func(kind uint32, data []byte) error {
			b := be.AppendUint64(nil, optionMagic)
			for _, v := range []uint32{option, kind, uint32(len(data))} {
				b = be.AppendUint32(b, v)
			}
			_, err := c.Write(append(b, data...))
			return err
		}
		switch option {
		case optionExport:
			if flags[3]&2 == 0 { // the peer wants the padding of old
				info = append(info, make([]byte, 124)...)
			}
			_, err := c.Write(info)
			return err == nil
		case optionGo:
			return reply(replyInfo, append([]byte{0, 0}, info...)) == nil && reply(replyAck, nil) == nil
		case optionAbort:
			reply(replyAck, nil)
			return false
		}
		if reply(replyUnsupported, nil) != nil {
			return false
		}
	}
}

// request serves one request; false ends the connection. A disk without power
// does not answer.
func (d *Disk) request(c net.Conn) bool {
	var h [28]byte
	if _, err := io.ReadFull(c, h[:]); err != nil || be.Uint32(h[:]) != requestMagic {
		return false
	}
	through, command := be.Uint16(h[4:])&1 != 0, be.Uint16(h[6:])
	at, n := int64(be.Uint64(h[16:])), int64(be.Uint32(h[24:]))
	if n > mostAtOnce {
		return false
	}
	var data []byte
	if command == cmdWrite {
		data = make([]byte, n)
		if _, err := io.ReadFull(c, data); err != nil {
			return false
		}
	}
	reply := append(be.AppendUint32(nil, replyMagic), make([]byte, 12)...)
	copy(reply[8:], h[8:16]) // the peer's name for the request
	var err error
	switch {
	case command == cmdEnd:
		return false
	case at < 0 || at > d.size-n || at%sector != 0 || n%sector != 0:
		be.PutUint32(reply[4:], invalid)
	case command == cmdRead:
		data = make([]byte, n)
		err = d.read(data, at)
		reply = append(reply, data...)
	case command == cmdWrite:
		if err = d.write(data, at); err == nil && through {
			err = d.harden(data, at)
		}
	case command == cmdFlush:
		err = d.flush()
	default:
		be.PutUint32(reply[4:], invalid)
	}
	if err != nil {
		return false
	}
	_, err = c.Write(reply)
	return err == nil
}
