// Package identity says what a code is: which unit it names, or which command.
//
// The AIM symbology identifier is the strongest witness and is believed first:
//
//	]C1 ]d2 ]e0 ]Q3 ]J1   GS1 element string                     -> sscc: gtin: sgtin:
//	]E0 ]E3 ]E4           EAN or UPC                             -> gtin:
//	]I…                   ITF, a GTIN-14 if its check digit says so
//	]C0 ]A… and others    command card, carrier number, text     -> ups: s10: code:
//	none                  all of it, by form; what was guessed is said in a warning
//
// RFID tags are read by [Identifier.IdentifyEPC], from the bytes of their EPC.
//
// A unit has one key, however it was written: UPS numbers with and without
// spaces, UPC-A and EAN-13 of one article, an SSCC with and without its "00",
// on a label and in a tag.
// The keys are in design section 5. A key is valid UTF-8, without control
// characters, and short; what the text of code: may hold is said at [text.Key].
//
// Not understood, and so without a key, is what no label of ours can be: an
// empty code, one that is longer than any label, unreadable bytes, a GS1
// symbol that breaks GS1's rules, a command card of another site. Any other
// text is understood as itself. Telling "text" from "not understood" this way
// keeps a damaged SSCC from becoming a unit that nobody will ever see again.
//
// The package is pure and everything in a code is hostile: time and memory are
// bounded whatever arrives.
package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"scanpost/scan/identity/command"
	"scanpost/scan/identity/epc"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/text"
)

// Longest is the length in bytes of the longest code we look at. No label of a
// packing station holds more, and a book in a QR code is no unit.
const Longest = 512

// Identifier identifies codes for one site. Its zero value knows no command card.
type Identifier struct {
	CommandKey []byte       // the site's key for command cards; see package command
	Prefixes   epc.Prefixes // company prefixes that tags may have; see package epc
}

// Identify says what a code is. The code comes without its AIM identifier; aim
// is empty if the device sent none.
func (i Identifier) Identify(code, aim string) Result {
	isGS1 := isGS1(aim)
	switch {
	case len(code) > Longest:
		return fault(Text, TooLong, "longer than any label of ours")
	case strings.Trim(code, " ") == "":
		return fault(Text, Empty, "an empty code")
	}
	if bad := unreadable(code, isGS1 || aim == "" || isRetail(aim)); bad >= 0 {
		return fault(Text, Unreadable, "unreadable bytes: "+excerpt(code, bad))
	}
	if isGS1 {
		return readGS1(code)
	}
	if isRetail(aim) {
		return readRetail(code, aim)
	}
	if strings.IndexByte(code, gs1.GS) >= 0 {
		return guessGS1(code)
	}
	if command.Is(code) {
		return i.readCommand(code, aim)
	}
	if r, ok := readCarrier(code); ok {
		return r
	}
	if r, ok := guessDigits(code, aim); ok {
		return r
	}
	return Result{Unit: TextKey(code), Kind: Text}
}

// IdentifyEPC says what an RFID tag is, from the bytes of its EPC and the PC word
// that was sent with them (0 if it is not known). What is no EPC of GS1 is a
// unit all the same, by its raw URI and with the error beside it; only a tag
// that is blank names nothing.
//
// Where tags pass by the thousand, [epc.Key] tells the unit and no more.
func (i Identifier) IdentifyEPC(bank []byte, pc epc.PC) Result {
	tag := epc.Decode(bank, pc, i.Prefixes)
	r := Result{Unit: tag.Key, Kind: EPC, EPC: &tag, Warnings: tag.Warnings}
	if tag.Error != nil {
		r.Error = &Error{tag.Error.Code, tag.Error.Message}
		if r.Unit == "" {
			r.Fault = tag.Error.Message
		}
	}
	return r
}

// isGS1 reports whether a symbology carries GS1 element strings: those with
// FNC1 in front, also where characters are escaped by an extended channel
// (]d5, ]Q4), and the DataBar family.
func isGS1(aim string) bool {
	switch aim {
	case "]C1", "]e0", "]d2", "]d5", "]Q3", "]Q4", "]J1":
		return true
	}
	return false
}

// isRetail reports whether a symbology is one of the EAN and UPC family. In
// HID POS mode Zebra's firmware has identifiers of its own for them.
func isRetail(aim string) bool {
	switch aim {
	case "]X9", "]XC", "]Xg", "]Xk":
		return true
	}
	return strings.HasPrefix(aim, "]E")
}

// unreadable returns the place of the first byte that no label has: a control
// character or one that is not UTF-8. It is -1 if there is none.
func unreadable(code string, separators bool) int {
	for at := 0; at < len(code); {
		if c := code[at]; c >= ' ' && c < 0x7f || c == gs1.GS && separators {
			at++
			continue
		}
		r, size := utf8.DecodeRuneInString(code[at:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) {
			return at
		}
		at += size
	}
	return -1
}

// excerpt shows a piece of a code from where it is unreadable, escaped as in [text.Key].
func excerpt(code string, at int) string {
	const most = 16
	shown := string(text.AppendEscaped(nil, []byte(code[at:min(at+most, len(code))])))
	if at+most < len(code) {
		shown += "…"
	}
	return shown
}
