package event

import "bytes"

var (
	scanType   = []byte(`","type":"scanpost.scan.recorded.v1"`)
	scanFields = []byte(`,"datacontenttype":"application/json","data":{"checkpoint":`)
)

// Keys finds the checkpoint and the unit keys of a scan in the bytes of an
// event, the unit's first, and adds the keys to those given. It is for going
// through a long log of one's own: it reads only what [Append] writes for a
// scan, with a small part of the work of [Parse], and ok is false for everything else,
// which then has to be parsed. A quote inside of a string is escaped, so what
// it looks for can not stand in a barcode.
func Keys(b []byte, keys [][]byte) (checkpoint []byte, all [][]byte, ok bool) {
	if !bytes.Contains(b, scanType) {
		return nil, keys, false
	}
	_, rest, found := bytes.Cut(b, scanFields)
	if !found {
		return nil, keys, false
	}
	checkpoint, rest, ok = plain(rest)
	if !ok {
		return nil, keys, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"verdict":`)); !ok {
		return nil, keys, false
	}
	if _, rest, ok = plain(rest); !ok {
		return nil, keys, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"unit":`)); !ok {
		return nil, keys, false
	}
	unit, rest, ok := plain(rest)
	if !ok {
		return nil, keys, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"ids":[`)); !ok {
		return nil, keys, false
	}
	all = keys
	if len(unit) > 0 {
		all = append(all, unit)
	}
	for len(rest) > 0 && rest[0] != ']' {
		var id []byte
		if id, rest, ok = plain(bytes.TrimPrefix(rest, []byte(","))); !ok {
			return nil, keys, false
		}
		if !bytes.Equal(id, unit) {
			all = append(all, id)
		}
	}
	return checkpoint, all, len(rest) > 0
}

// plain is the string that b begins with, if nothing in it is escaped.
func plain(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 {
		return nil, b, false
	}
	text = b[1 : 1+end]
	return text, b[end+2:], bytes.IndexByte(text, '\\') < 0
}
