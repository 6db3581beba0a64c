// Package epc says what an RFID tag identifies, from the bytes of its EPC.
//
// A tag holds the key of GS1 that stands on the label too, in one of some forty
// schemes, told apart by the first byte:
//
//	31 14257BF4499602D2000000   SSCC-96: the key in binary, cut where the company prefix ends
//	F9 0106141412345678908      SSCC+: the key as printed, four bits for each digit
//	E2 80689000005000 …         no EPC: what the maker of the chip wrote
//
// The binary schemes are those of the GS1 EPC Tag Data Standard 2.3 (TDS),
// including the "+" and "++" ones of TDS 2. [Key] makes the unit key, thousands
// of times a second; [Decode] tells a person everything.
//
// The unit key is that of the same thing's bar code. Of keys that have no name
// of their own (locations, documents, services, parts) it is code: with the
// element string, as it is for such a bar code. GID, DoD and ADI tags have the
// key of their URI.
//
// Other tags are not dropped. Their key is that of the raw URI, with the reason
// beside it. Only a tag that names nothing (all zero, empty) has no key: all
// those together would become one unit.
//
// What could be meant otherwise is decided so:
//
//   - A text of printable bytes can happen to be an EPC of the old schemes. It is
//     one only if its company prefix is on the site's list.
//   - A scheme with a fixed length is followed by zeros only: those that fill the
//     last word, and, as TDS has it, whole words of them. Other bits in the last
//     word are warned of and ignored; in further words they are a flaw.
//   - A prefix that is not on the list is told and nothing more: the tag still
//     names what it names.
//   - URIs are without the control fields that TDS can put in front of them
//     ([umi=1], [att=x01]). They come and go with the reader and the state of the
//     tag, and a URI is to stay the same.
package epc

import "scanpost/scan/identity/text"

// Prefixes are the GS1 company prefixes that may appear at a site; none means
// that nothing is said. They are compared with the key and not with where the
// tag's partition cuts it: a bar code has no partition.
type Prefixes []string

func (p Prefixes) know(t *tag) bool {
	if t.ai == "" {
		return false
	}
	digits := t.key.bytes()[t.lead:]
	for _, prefix := range p {
		if n := len(prefix); n > 0 && n <= len(digits) && string(digits[:n]) == prefix {
			return true
		}
	}
	return false
}

// Key is the unit key of a tag. The code is empty for a GS1 key, and [Foreign]
// for one whose company prefix is not on the list. With any other the tag is
// not an EPC that can be read, and the key is that of its raw URI, or empty if
// the tag names nothing.
//
// The key is the one allocation.
func Key(epc []byte, pc PC, ours Prefixes) (key, code string) {
	var buf [192]byte
	b, code := AppendKey(buf[:0], epc, pc, ours)
	return string(b), code
}

// AppendKey appends the key to dst, for a caller who looks it up and does not
// keep it.
func AppendKey(dst, epc []byte, pc PC, ours Prefixes) (_ []byte, code string) {
	var r bits
	var t tag
	f := t.read(&r, epc, pc, ours)
	switch {
	case f.code == "":
		if len(ours) > 0 && !ours.know(&t) {
			f.code = Foreign
		}
		return t.appendKey(dst), f.code
	case names(epc, f.code):
		var raw [160]byte
		return text.AppendKey(dst, appendRaw(raw[:0], epc, pc)), f.code
	}
	return dst, f.code
}

// names reports whether a tag that is no EPC names anything at all.
func names(epc []byte, code string) bool {
	switch code {
	case Empty, TooLong:
		return false
	case Unprogrammed:
		for _, b := range epc {
			if b != 0 {
				return true
			}
		}
		return false
	}
	return true
}

func (t *tag) appendKey(dst []byte) []byte {
	switch {
	case t.unit != "" && t.second != "":
		dst = append(append(dst, t.unit...), t.key.bytes()...)
		return append(append(dst, '.'), t.serial.bytes()...)
	case t.unit != "":
		dst = append(append(dst, t.unit...), t.key.bytes()...)
		return append(dst, t.serial.bytes()...)
	case t.ai != "":
		var scan [96]byte
		return text.AppendKey(dst, t.appendScan(scan[:0]))
	}
	var uri [256]byte
	return text.AppendKey(dst, t.appendPure(uri[:0]))
}

// isText reports whether every byte is a printable character of ASCII.
func isText(epc []byte) bool {
	for _, b := range epc {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return len(epc) > 0
}
