package epc

import (
	"strconv"

	"scanpost/scan/identity/gs1"
)

// appendScan appends the key as a scanner would send it.
func (t *tag) appendScan(dst []byte) []byte {
	dst = append(append(dst, t.ai...), t.key.bytes()...)
	switch {
	case t.second == "":
		return append(dst, t.serial.bytes()...)
	case t.lone():
		return dst
	case t.apart:
		dst = append(dst, gs1.GS)
	}
	return append(append(dst, t.second...), t.serial.bytes()...)
}

// lone reports whether the serial stands for none: the extension 0 of a GLN
// says that the place has no parts.
func (t *tag) lone() bool { return t.kind == sgln && string(t.serial.bytes()) == "0" }

// appendElements appends the key for people, with its AIs in brackets. A
// bracket inside is escaped as GS1's own engine does it.
func (t *tag) appendElements(dst []byte) []byte {
	dst = appendElement(dst, t.ai, t.key.bytes())
	switch {
	case t.second == "":
		dst = appendBracketed(dst, t.serial.bytes())
	case !t.lone():
		dst = appendElement(dst, t.second, t.serial.bytes())
	}
	if t.dated {
		dst = appendElement(dst, t.dateAI, t.date.bytes())
	}
	return dst
}

func appendElement(dst []byte, ai string, value []byte) []byte {
	dst = append(append(append(dst, '('), ai...), ')')
	return appendBracketed(dst, value)
}

func appendBracketed(dst, value []byte) []byte {
	for _, c := range value {
		if c == '(' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}

// appendLink appends the Digital Link at a host.
func (t *tag) appendLink(dst []byte, host string) []byte {
	dst = append(append(append(dst, "https://"...), host...), '/')
	dst = append(append(dst, t.ai...), '/')
	dst = appendPath(dst, t.key.bytes())
	switch {
	case t.second == "":
		dst = appendPath(dst, t.serial.bytes())
	case !t.lone():
		dst = append(append(append(dst, '/'), t.second...), '/')
		dst = appendPath(dst, t.serial.bytes())
	}
	if t.dated {
		dst = append(append(append(dst, '?'), t.dateAI...), '=')
		dst = append(dst, t.date.bytes()...)
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

func appendPercent(dst []byte, c byte) []byte {
	return append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
}

// appendPath appends a value to the path of a link.
func appendPath(dst, value []byte) []byte {
	for _, c := range value {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-', c == '.', c == '_':
			dst = append(dst, c)
		default:
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// appendURN appends a value to an EPC URI, where other characters are escaped
// than in a path.
func appendURN(dst, value []byte) []byte {
	for _, c := range value {
		switch c {
		case '"', '#', '%', '&', '/', '<', '>', '?':
			dst = appendPercent(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (t *tag) appendPure(dst []byte) []byte {
	dst = append(append(append(dst, "urn:epc:id:"...), t.kind.name...), ':')
	return t.appendFields(dst)
}

func (t *tag) appendTag(dst []byte) []byte {
	dst = append(append(append(dst, "urn:epc:tag:"...), t.scheme.name...), ':')
	if t.filter >= 0 {
		dst = append(strconv.AppendInt(dst, int64(t.filter), 10), '.')
	}
	return t.appendFields(dst)
}

// appendFields appends the fields of an EPC URI: the key without its check
// digit, cut at the end of the company prefix.
func (t *tag) appendFields(dst []byte) []byte {
	key := t.key.bytes()
	if t.ai == "" {
		dst = append(appendURN(dst, key), '.')
		if t.kind != usdod {
			dst = append(appendURN(dst, t.middle.bytes()), '.')
		}
		return appendURN(dst, t.serial.bytes())
	}
	cut := t.lead + t.company
	dst = append(append(dst, key[t.lead:cut]...), '.')
	if t.moved {
		dst = append(dst, key[0])
	}
	last := len(key)
	if t.check > 0 {
		last = t.check - 1
	}
	dst = appendURN(dst, key[cut:last])
	if t.kind == itip {
		dst = append(append(dst, '.'), key[14:16]...)
		dst = append(append(dst, '.'), key[16:18]...)
	}
	if t.serial.n > 0 {
		dst = appendURN(append(dst, '.'), t.serial.bytes())
	}
	return dst
}

// appendRaw appends the raw URI, which any tag has.
func appendRaw(dst, epc []byte, pc PC) []byte {
	dst = strconv.AppendInt(append(dst, "urn:epc:raw:"...), int64(8*len(epc)), 10)
	dst = append(dst, ".x"...)
	if pc.ISO() {
		dst = appendHex(dst, pc.Low())
		dst = append(dst, ".x"...)
	}
	for _, b := range epc {
		dst = appendHex(dst, b)
	}
	return dst
}

func appendHex(dst []byte, b byte) []byte { return append(dst, hexDigits[b>>4], hexDigits[b&15]) }
