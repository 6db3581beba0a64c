package sim

import (
	"fmt"
	"slices"
)

// IBMOEM is a scanner in one of IBM's OEM modes. It is silent until it has
// power and the host has enabled it.
//
//	o := sim.IBMOEM{}
//	o.PowerOn()                            // 04 00 01 00
//	o.Host([]byte{0x11, 10: 0})            // 04 00 03 00
//	o.Code("ean-13", []byte("4006381333931"))
type IBMOEM struct {
	hid[IBMOEMState]

	TableTop bool   // sends the digits of UPC and EAN in binary
	Info     string // what it tells when it is asked for information
	HP       bool   // gives kinds that it does not know the broken id of some HP-branded units
}

// IBMOEMState is what the host has made it do.
type IBMOEMState struct {
	Powered, Enabled, Silent bool     // Silent: its own beep is off
	Sounds                   []string // "good", "bad", "not on file"
	Commands                 int      // reports of the host
	Busy                     int      // how many it will still answer with "not ready"
	Deaf                     int      // how many it will still miss
}

// oemKinds are the bytes that follow a code and say what it is.
var oemKinds = map[string][]byte{
	"upc-a": {0x0D}, "upc-e": {0x0A}, "ean-8": {0x0C}, "ean-13": {0x16},
	"upc-a+2": {0x00, 0x16, 0x0B}, "upc-a+5": {0x00, 0x11, 0x0B}, "ean-13+2": {0x00, 0x13, 0x0B}, "ean-13+5": {0x00, 0x15, 0x0B},
	"code-39": {0x00, 0x0A, 0x0B}, "2-of-5": {0x00, 0x0C, 0x0B}, "itf": {0x00, 0x0D, 0x0B}, "codabar": {0x00, 0x0E, 0x0B},
	"code-128": {0x00, 0x18, 0x0B}, "code-93": {0x00, 0x19, 0x0B}, "gs1-128": {0x00, 0x25, 0x0B}, "gs1-databar": {0x00, 0x2A, 0x0B},
	"pdf417": {0x00, 0x2E, 0x0B}, "micropdf417": {0x00, 0x38, 0x0B}, "maxicode": {0x00, 0x2F, 0x0B}, "aztec": {0x00, 0x34, 0x0B},
	"datamatrix": {0x00, 0x32, 0x0B}, "gs1-datamatrix": {0x00, 0x36, 0x0B}, "qr": {0x00, 0x33, 0x0B}, "gs1-qr": {0x00, 0x37, 0x0B},
}

// Bits of the second status byte, and the first of a hand-held's code.
const (
	oemAlive, oemEnabled, oemRejected = 0x01, 0x02, 0x80
	oemCode                           = 0x10
)

// PowerOn gives it power: it says that it is alive, and has forgotten all.
func (o *IBMOEM) PowerOn() [][]byte {
	defer o.lock()()
	o.now.Powered, o.now.Enabled, o.now.Silent = true, false, false
	return [][]byte{o.report(0, oemAlive, 0, nil)}
}

// PlayDead makes it miss the next commands, and answer those after with "not
// ready".
func (o *IBMOEM) PlayDead(miss, notReady int) {
	defer o.lock()()
	o.now.Deaf, o.now.Busy = miss, notReady
}

// Code is a read code as reports. There are none while it is not enabled.
func (o *IBMOEM) Code(kind string, data []byte) [][]byte {
	defer o.lock()()
	if !o.now.Enabled {
		return nil
	}
	id := oemKinds[kind]
	switch {
	case id == nil && o.HP:
		id = []byte{0x04, 0x00, 0x00, 0x00}
	case id == nil:
		id = []byte{0x00, 0xFF, 0x0B}
	}
	data = slices.Clone(data)
	if o.TableTop && (kind[:min(3, len(kind))] == "upc" || kind[:min(3, len(kind))] == "ean") {
		for i := range data {
			data[i] -= '0'
		}
	}
	var reports [][]byte
	for room := 64 - 4 - len(id); ; {
		n := min(len(data), room)
		tail := slices.Clone(id)
		if len(data) > n && len(id) > 1 {
			tail[0] |= 0x10 // more follows
		}
		reports = append(reports, o.report(oemCode, oemAlive|oemEnabled, 0, slices.Concat(data[:n], tail)))
		if data = data[n:]; len(data) == 0 {
			return o.spoiled(reports, 0)
		}
	}
}

func (o *IBMOEM) report(s0, s1, s2 byte, data []byte) []byte {
	r := make([]byte, 64)
	r[0], r[1], r[2], r[3] = byte(4+len(data)), s0, s1, s2
	copy(r[4:], data)
	return r
}

// Host takes a command of 11 bytes and answers. What is not one is refused.
func (o *IBMOEM) Host(command []byte) (replies [][]byte, known bool) {
	defer o.lock()()
	if len(command) != 11 || !o.now.Powered {
		return nil, false
	}
	o.now.Commands++
	if o.now.Deaf > 0 {
		o.now.Deaf--
		return nil, true
	}
	if o.now.Busy > 0 {
		o.now.Busy--
		return [][]byte{o.report(0x80, oemAlive, 0, nil)}, true
	}
	switch {
	case command[0] == 0x30:
		return o.direct(command), true
	case command[0] == 0x21:
		return [][]byte{o.report(0x02, o.ready(), 0, make([]byte, 9))}, true
	case command[0] == 0x20:
		return [][]byte{o.report(0, o.ready(), 0x01, nil)}, true
	case command[0] == 0x00 && command[1] == 0x40: // reset: as if it had lost its power
		o.now.Enabled = false
	case command[0] == 0x11, command[0] == 0x12:
		o.now.Enabled = command[0] == 0x11
	case command[0] == 0x14, command[0] == 0x18:
		o.now.Silent = command[0] == 0x18
	case command[0] == 0x00 && (command[1] == 0x10 || command[1] == 0x20): // self test, status
	default:
		return [][]byte{o.report(0, o.ready()|oemRejected, 0, nil)}, true
	}
	return [][]byte{o.report(0, o.ready(), 0, nil)}, true
}

// ready is the second status byte while all is well.
func (o *IBMOEM) ready() byte {
	if o.now.Enabled {
		return oemAlive | oemEnabled
	}
	return oemAlive
}

// direct is direct I/O: beeps, and a question for information.
func (o *IBMOEM) direct(command []byte) [][]byte {
	const done, undefined = 0x08, 0x20
	switch sound := map[byte]string{4: "good", 5: "bad", 6: "not on file"}[command[2]]; {
	case command[1] == 0 && sound != "":
		o.now.Sounds = append(o.now.Sounds, sound)
		return [][]byte{o.report(0, 0, done, nil)}
	case command[1] == 0 && command[2] == 1:
		return o.told(o.Info)
	case command[1] == 0xFF && command[2] == 0xFE:
		return o.told(fmt.Sprintf("table-top %t", o.TableTop))
	}
	return [][]byte{o.report(0, o.ready(), undefined, nil)}
}

// told is a text in as many reports as it needs, the first byte of each saying
// whether another follows.
func (o *IBMOEM) told(text string) (reports [][]byte) {
	for {
		n := min(len(text), 64-4-1)
		more := byte(0)
		if len(text) > n {
			more = 1
		}
		reports = append(reports, o.report(0x40, o.ready(), 0x08, append([]byte{more}, text[:n]...)))
		if text = text[n:]; text == "" {
			return reports
		}
	}
}
