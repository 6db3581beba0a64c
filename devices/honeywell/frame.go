package honeywell

import (
	"encoding/binary"
	"fmt"
	"strings"

	"scanpost/devices/mixed"
	"scanpost/devices/symbology"
	"scanpost/devices/wire"
	"scanpost/scan"
)

const (
	syn = 0x16
	gs  = 0x1D

	head    = 7  // bytes before the payload: 16 FE, its length, 0D
	fields  = 14 // of the payload before the data: MSGGET, four digits, three ids, GS
	mostMsg = fields + 9999
	getter  = "MSGGET"
)

// opens reports whether b may begin a frame, and whether that is certain. Its
// length is far below 65536, so five of the seven bytes are known.
func opens(b []byte) (may, certain bool) {
	for i, want := range [head]int{syn, 0xFE, -1, -1, 0, 0, '\r'} {
		switch {
		case i == len(b):
			return true, false
		case want >= 0 && int(b[i]) != want:
			return false, false
		}
	}
	return true, true
}

// frameOf judges bytes that begin with SYN.
func frameOf(b []byte, ended bool) mixed.Verdict {
	may, certain := opens(b)
	if !may {
		return mixed.Verdict{Kind: mixed.Text}
	}
	if !certain {
		return mixed.Verdict{Kind: mixed.More}
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < len("MSG???") || n > mostMsg {
		return torn(wrong("%s: a payload of %d bytes", string(b[:head]), n))
	}
	if len(b) < head+n {
		// What has come is judged already, so that a damaged length does not
		// swallow the codes after it.
		if why := check(b[head:], n); why != nil {
			return torn(why)
		}
		if !ended {
			return mixed.Verdict{Kind: mixed.More}
		}
		return torn(fmt.Errorf("frame of %d bytes ended after %d: %w", head+n, len(b), wire.ErrShort))
	}
	payload := b[head : head+n]
	if why := check(payload, n); why != nil {
		return torn(why)
	}
	if string(payload[:len(getter)]) == getter {
		// Where bytes were lost, the last CR may be that of the next header.
		_, next := opens(payload[max(0, n-head):])
		if payload[n-1] != '\r' || next {
			return torn(wrong("frame of %d bytes does not end as it should: %s", head+n, string(payload)))
		}
	}
	return mixed.Verdict{Kind: mixed.Frame, N: head + n}
}

// check finds what is wrong in the fields of a payload of n bytes, as far as
// they have come.
func check(come []byte, n int) error {
	come = come[:min(len(come), fields)]
	for i, b := range come[:min(len(come), len(getter))] {
		if i < 3 && b != getter[i] || b < 'A' || b > 'Z' {
			return wrong("%s is no message", string(come))
		}
	}
	if len(come) < len(getter) || string(come[:len(getter)]) != getter {
		return nil
	}
	data := 0
	for i := len(getter); i < len(come); i++ {
		switch b := come[i]; {
		case i < 10 && (b < '0' || b > '9'):
			return wrong("%s: %q is no digit", string(come), b)
		case i < 10:
			data = 10*data + int(b-'0')
		case i == fields-1 && b != gs:
			return wrong("%s: no separator", string(come))
		}
		if i == 9 && (data == 0 || fields+data != n) {
			return wrong("%s: a payload of %d bytes with %d of data", string(come), n, data)
		}
	}
	return nil
}

// message hands out a whole frame.
func (d *Decoder) message(b []byte, out *wire.Output) {
	payload := b[head:]
	if string(payload[:len(getter)]) != getter {
		out.Fault(fmt.Errorf("message %s: %w", short(string(payload)), wire.ErrUnasked))
		return
	}
	d.headed = true
	id, data := payload[10], payload[fields:len(payload)-1]
	as := wire.Sighting{OnSaved: d.ack}
	as.AIM, _ = scan.CutAIM(string([]byte{']', payload[11], payload[12]}))
	as.Symbology = symbologyOf(id, as.AIM)
	if payload[11] == 'Z' && as.AIM != "" {
		// By ISO/IEC 15424 this is not from a bar code: a status, a key.
		out.Fault(fmt.Errorf("message %s is no bar code: %w", short(string(payload)), wire.ErrUnasked))
		data = nil
	}
	d.framed.Report(data, as, out)
}

// symbologyOf is what both ids say together. A code id knows UPC-A from EAN-13
// and no GS1 QR from a QR; of AIM identifiers the contrary is true.
func symbologyOf(id byte, aim string) string {
	byAIM := scan.SymbologyOf(aim)
	k, known := symbology.Honeywell(id)
	if !known || aim != "" && byAIM != scan.SymbologyOf(aim[:2]+"0") {
		return byAIM
	}
	return k.Name
}

// isRest reports whether a line is what is left of a damaged frame: its first
// byte, the end of its length, or its fields.
func isRest(line string) bool {
	if strings.HasPrefix(line, "\x16") || len(line) < head && strings.HasSuffix(line, "\x00\x00") {
		return true
	}
	at := strings.Index(line, getter)
	return at >= 0 && len(line) >= at+fields && line[at+fields-1] == gs
}

func torn(why error) mixed.Verdict { return mixed.Verdict{Kind: mixed.Torn, Why: why} }

// wrong makes a fault. The first of args is quoted, if it is text.
func wrong(format string, args ...any) error {
	if text, ok := args[0].(string); ok {
		args[0] = short(text)
	}
	return fmt.Errorf(format+": %w", append(args, wire.ErrChecksum)...)
}

// short quotes the beginning of hostile bytes for a message.
func short(text string) string {
	if len(text) > 32 {
		return fmt.Sprintf("%q…", text[:32])
	}
	return fmt.Sprintf("%q", text)
}
