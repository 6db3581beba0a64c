package sim

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
)

// inventory is one round over the antennas.
func (d *llrp) inventory(now time.Time) (say [][]byte) {
	if d.faults.EmptyReports {
		d.id++
		say = append(say, d.say(61, d.id))
	}
	var batch [][]byte
	flush := func() {
		if len(batch) == 0 {
			return
		}
		d.id++
		report := d.say(61, d.id, batch...)
		if d.faults.Misfit {
			d.faults.Misfit = false
			binary.BigEndian.PutUint16(report[12:], uint16(len(report))) // the first tag's length
		}
		if d.faults.Cut {
			d.faults.Cut, d.hangup = false, true
			report = report[:len(report)/2]
		}
		say, batch = append(say, report), nil
	}
	for antenna := 1; antenna <= d.LLRPOptions.Antennas && !d.hangup; antenna++ {
		if !d.antennas[antenna-1] || !slices.Contains(d.spec.antennas, 0) && !slices.Contains(d.spec.antennas, antenna) {
			continue
		}
		for _, tag := range d.Tags.at(antenna, now) {
			if !d.answers(tag, now) || d.hangup {
				continue
			}
			d.now.Tags++
			if batch = append(batch, d.tag(tag, now)); len(batch) >= d.spec.each {
				flush()
			}
		}
	}
	flush()
	return say
}

// answers reports whether a tag takes part: in sessions 1 to 3 it does so once,
// and again when its flag has fallen back.
func (d *llrp) answers(t Tag, now time.Time) bool {
	if d.spec.session < 1 || d.spec.search == 2 {
		return true
	}
	turned, was := d.seen[string(t.EPC)]
	quiet := was && now.Sub(turned) < 2*time.Second
	if !quiet || d.spec.session > 1 { // in session 1 it falls back by itself, later only without power
		d.seen[string(t.EPC)] = now
	}
	for epc, at := range d.seen {
		if now.Sub(at) > time.Minute {
			delete(d.seen, epc)
		}
	}
	return !quiet
}

// tag is TagReportData in the standard's order.
func (d *llrp) tag(t Tag, now time.Time) []byte {
	var b bytes.Buffer
	if len(t.EPC) == 12 && !d.Long {
		b.Write(append([]byte{0x8D}, t.EPC...))
	} else {
		b.Write(llrpTLV(241, llrp16(8*len(t.EPC)), t.EPC))
	}
	stamp := llrp64(now.UnixMicro())
	crc := llrpTagCRC(t.pc(), t.EPC)
	if d.faults.BadCRC > 0 {
		d.faults.BadCRC--
		crc ^= 0x0100
	}
	contents, memory := d.spec.contents, int(d.spec.memory)
	for _, part := range []struct {
		wanted int // not 0 if it was asked for
		body   []byte
	}{
		{contents & 0x8000, append([]byte{0x89}, llrp32(d.spec.id)...)}, {contents & 0x4000, []byte{0x8E, 0, 1}}, {contents & 0x2000, []byte{0x8A, 0, 1}},
		{contents & 0x1000, []byte{0x81, 0, byte(t.Antenna)}}, {contents & 0x0400, []byte{0x86, byte(t.RSSI)}}, {contents & 0x0800, []byte{0x87, 0, 1}},
		{contents & 0x0200, append([]byte{0x82}, stamp...)}, {contents & 0x0100, append([]byte{0x84}, stamp...)}, {contents & 0x0080, []byte{0x88, 0, 1}},
		{memory & 0x40, append([]byte{0x8C}, llrp16(int(t.pc()))...)}, {memory & 0x80, append([]byte{0x8B}, llrp16(int(crc))...)},
		{contents & 0x0040, []byte{0x90, 0, 0, 0, 0}},
	} {
		if part.wanted != 0 {
			b.Write(part.body)
		}
	}
	if d.faults.UnknownTV > 0 {
		d.faults.UnknownTV--
		b.Write([]byte{0x9E, 0, 0})
	}
	if d.faults.Custom {
		b.Write(llrpTLV(1023, llrp32(99999), llrp32(1), []byte("x")))
	}
	return llrpTLV(240, b.Bytes())
}
