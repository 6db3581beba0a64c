package identity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"scanpost/scan"
	"scanpost/scan/identity/epc"
	"scanpost/scan/identity/gs1"
)

// IdentifyLine answers one line of `scanpost identify`: {"raw":"…"}, where an
// AIM identifier in front of the code is recognised, or {"epc":"…"}, the EPC of
// an RFID tag in hex, with its PC word as "pc" if the reader sent it. There is
// always exactly one line of answer, without its newline.
//
// JSON strings hold characters and codes hold bytes. Where the two do not meet
// (a line that is not UTF-8, half of a surrogate pair) the line is refused:
// replacing what can not be said would make one code of two.
func (i Identifier) IdentifyLine(line []byte) []byte {
	r := i.identifyLine(line)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // the answer is for a terminal or a program; "&" is common in codes
	_ = enc.Encode(r)        // strings, booleans and slices of them can always be encoded
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

func (i Identifier) identifyLine(line []byte) Result {
	const want = `want one JSON object such as {"raw":"]C100106141410000001238"}`
	if !utf8.Valid(line) {
		return fault(Text, BadInput, "the line is not valid UTF-8; "+want)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return fault(Text, BadInput, want)
	}
	raw, hasRaw := fields["raw"]
	bank, hasEPC := fields["epc"]
	switch {
	case hasRaw == hasEPC:
		return fault(Text, BadInput, `want either "raw" or "epc" in the object`)
	case hasEPC:
		return i.identifyHex(bank, fields["pc"])
	}
	read, ok := stringIn(raw)
	if !ok {
		return fault(Text, BadInput, `want a string of whole characters as "raw"`)
	}
	aim, code := scan.CutAIM(read)
	return i.Identify(code, aim)
}

// identifyHex reads an EPC in hex. Digits that are missing or are none mean that
// the line was damaged before it came here, and there is no tag to speak of.
func (i Identifier) identifyHex(bank, control json.RawMessage) Result {
	digits, ok := stringIn(bank)
	if !ok {
		return fault(EPC, BadInput, `want a string of whole characters as "epc"`)
	}
	if len(digits)%2 == 1 {
		return fault(EPC, epc.BadLength, fmt.Sprintf("an odd number of hex digits: %d", len(digits)))
	}
	data, err := hex.DecodeString(digits)
	if err != nil {
		return fault(EPC, gs1.BadCharset, `want hex digits and nothing else as "epc"`)
	}
	var pc uint64
	if control != nil {
		word, ok := stringIn(control)
		if pc, err = strconv.ParseUint(word, 16, 16); !ok || err != nil || len(word) != 4 {
			return fault(EPC, BadInput, `want a string of four hex digits as "pc"`)
		}
	}
	return i.IdentifyEPC(data, epc.PC(pc))
}

// stringIn reads a JSON string, but not one with half a surrogate pair, which
// encoding/json would replace.
func stringIn(value json.RawMessage) (string, bool) {
	var s string
	if len(value) == 0 || value[0] != '"' || halfSurrogate(value) || json.Unmarshal(value, &s) != nil {
		return "", false
	}
	return s, true
}

// halfSurrogate looks for an escape of half a pair in a valid JSON string.
func halfSurrogate(value []byte) bool {
	for at := 0; at < len(value); at++ {
		if value[at] != '\\' {
			continue
		}
		at++ // now at the escaped character
		switch unit := escaped(value[at:]); {
		case unit >= 0xd800 && unit < 0xdc00:
			if at+6 > len(value) || value[at+5] != '\\' {
				return true
			}
			if low := escaped(value[at+6:]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			at += 6 + 4
		case unit >= 0xdc00 && unit <= 0xdfff:
			return true
		}
	}
	return false
}

// escaped is the number in uNNNN, or 0 for any other escape.
func escaped(after []byte) uint64 {
	if len(after) < 5 || after[0] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(after[1:5]), 16, 16)
	if err != nil {
		return 0
	}
	return unit
}
