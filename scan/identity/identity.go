// Package identity says what a code is: which unit it names, or which command.
//
// The AIM symbology identifier is the strongest witness and is believed first:
//
//	]C1 ]d2 ]e0 ]Q3 ]J1   GS1 element string, carriers' AIs in it  -> sscc: gtin: sgtin: usps:
//	]E0 ]E3 ]E4           EAN or UPC                               -> gtin:
//	]I…                   ITF: GTIN-14, Identcode                  -> gtin: dhl:
//	]C0 ]A… and others    command card, carrier's number, licence plate, the
//	                      site's own codes, Digital Link, text     -> ups: s10: plate: order: code:
//	none                  all of it, by form; what was guessed is said in a warning
//
// [)> and RS in front are an envelope of ISO 15434, whatever the symbology.
// RFID tags are read by [Identifier.IdentifyEPC], from the bytes of their EPC.
//
// A unit has one key, however it was written: UPS numbers with and without
// spaces, UPC-A and EAN-13 of one article, USPS numbers with and without
// postcode, an SSCC with and without its "00", as a link, on a plate and in a
// tag. The keys are in design section 5. A key is valid UTF-8, without control
// characters, and short; what the text of code: may hold is said at [text.Key].
//
// Numbers of carriers collide. What a code is by its form is decided in this
// order, and whatever it can be is told in the answer:
//
//  1. What the manifest expects, if that is exactly one of the things it can be.
//  2. The site's own patterns, except against a check digit that is right.
//  3. The symbology: who prints it. Then the carriers that come to the site.
//  4. The best class of evidence ([carrier.Evidence]), if it has one key only.
//
// Otherwise the code stays its text. Candidates never become second keys: two
// parcels would become one. A second key is only the text of a number that had
// more to decide on here than it has elsewhere, so that one parcel stays one
// between stations that know more and less.
//
// Not understood, and so without a key, is what no label of ours can be: an
// empty code, one that is longer than any label, unreadable bytes, a GS1
// symbol that breaks GS1's rules, a command card of another site, a number that
// can be one carrier's only and has a wrong check digit ([carrier.Damaged]).
// Any other text is understood as itself. Telling "text" from "not understood"
// this way keeps a damaged label from becoming a unit that nobody will ever see
// again.
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

// Identifier identifies codes for one site. Its zero value knows no command
// card and nothing of the site. All stations of a site should have the same one:
// what it knows decides on the key.
type Identifier struct {
	Commands command.Site      // the site's command cards
	Prefixes epc.Prefixes      // company prefixes that tags may have; see package epc
	Patterns []Pattern         // the site's own codes; the first that fits counts
	Carriers []string          // the carriers that come to the site; none: any may
	Mailers  map[string]string // who stands behind a mailer id in a USPS number, such as "FedEx Ground Economy"

	// Expected tells whether the manifest has a key. It is asked where a code can
	// be several things, and decides if it knows exactly one. It must be quick and
	// may be called from many goroutines; nil knows nothing.
	Expected func(key string) bool
}

// Identify says what a code is. The code comes without its AIM identifier; aim
// is empty if the device sent none.
func (i Identifier) Identify(code, aim string) Result {
	isGS1, limit := isGS1(aim), Longest
	enveloped := !isGS1 && isEnvelope(code, aim)
	if enveloped {
		limit = longestEnvelope
	}
	switch {
	case len(code) > limit:
		return fault(Text, TooLong, "longer than any label of ours")
	case strings.Trim(code, " ") == "":
		return fault(Text, Empty, "an empty code")
	case enveloped:
		return i.readEnvelope(code)
	}
	if bad := unreadable(code, isGS1 || aim == "" || isRetail(aim)); bad >= 0 {
		return fault(Text, Unreadable, "unreadable bytes: "+excerpt(code, bad))
	}
	switch {
	case isGS1:
		return i.readGS1(code)
	case isRetail(aim):
		return readRetail(code, aim)
	case strings.IndexByte(code, gs1.GS) >= 0:
		return i.guessGS1(code)
	case command.Is(code):
		return i.readCommand(code, aim)
	}
	if r, ok := i.readWritten(code, aim); ok {
		return r
	}
	return i.readForm(code, aim)
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
