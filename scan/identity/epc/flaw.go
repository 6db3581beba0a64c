package epc

import (
	"fmt"

	"scanpost/scan/identity/gs1"
)

// The codes of an [Error] and of a [Key] that is not that of a GS1 key. They
// stand beside those of package gs1, some of which are met here too.
const (
	Empty         = "empty"              // no EPC at all
	TooLong       = "too_long"           // more than a tag can hold
	ISO           = "iso_tag"            // of an ISO application family, says the PC
	Unprogrammed  = "unprogrammed"       // header 00
	TID           = "tid_content"        // header E2: what the maker of the chip wrote
	UnknownHeader = "unknown_header"     // of no scheme
	ASCII         = "ascii_suspect"      // a text that happens to be a GS1 EPC too
	BadLength     = "bad_epc_length"     // shorter or longer than its scheme
	BadPartition  = "bad_partition"      // 7
	BadCompany    = "bad_company_prefix" // more digits than the partition gives it
	BadReference  = "bad_reference"      // what follows the company prefix, likewise
	BadReserved   = "bad_reserved_bits"  // not zero
	BadSerial     = "bad_serial"         // empty, too long, or not as its scheme writes it
	BadDigit      = "bad_digit"          // four bits that are no decimal digit
	BadEncoding   = "bad_encoding"       // of a serial, reserved by TDS
	BadPieces     = "bad_piece_total"    // piece 0, or a piece beyond the total

	BadCheckDigit = gs1.BadCheckDigit
	BadCharacter  = gs1.BadCharset
	BadDate       = gs1.BadDate

	Foreign = "foreign_prefix" // a GS1 key, but the company prefix is not on the list
)

// Error says why a tag is not read as an EPC of GS1.
type Error struct {
	Code    string `json:"code"`    // for programs
	Message string `json:"message"` // for people
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// flaw is an Error before anybody wants to read it. It costs no memory, since
// most of a hall's strange tags are met a thousand times and looked up never.
type flaw struct {
	code      string
	got, want uint64
}

func (f flaw) message(s *scheme, epc []byte) string {
	name := ""
	if s != nil {
		name = s.name
	}
	switch f.code {
	case Empty:
		return "an empty EPC"
	case TooLong:
		return fmt.Sprintf("%d bytes, a tag's EPC has at most %d", len(epc), Longest)
	case ISO:
		return fmt.Sprintf("not a GS1 tag: ISO application family %02X", f.got)
	case Unprogrammed:
		return "not programmed with an EPC: header 00"
	case TID:
		return "not programmed with an EPC: header E2, the number that the maker of the chip wrote"
	case UnknownHeader:
		return fmt.Sprintf("no EPC scheme has the header %02X", f.got)
	case ASCII:
		return fmt.Sprintf("reads as the text %q, so it is taken as %s only if its company prefix is known", epc, name)
	case BadLength:
		switch {
		case f.want == 0:
			return fmt.Sprintf("%s: the EPC of %d bits ends before its data does", name, f.got)
		case f.got > f.want:
			return fmt.Sprintf("%s has %d bits, expected zeros after them in an EPC of %d", name, f.want, f.got)
		}
		return fmt.Sprintf("%s has %d bits, got an EPC of %d", name, f.want, f.got)
	case BadPartition:
		return name + ": partition 7 is reserved"
	case BadCompany:
		if f.want == 0 {
			return name + ": expected a company prefix of at least 4 digits in front"
		}
		return fmt.Sprintf("%s: company prefix %d has more than %d digits", name, f.got, f.want)
	case BadReference:
		if f.got > 0 {
			return fmt.Sprintf("%s: %d after the company prefix, which leaves %d digits", name, f.got, f.want)
		}
		return fmt.Sprintf("%s: nothing after the company prefix, or more than %d characters", name, f.want)
	case BadReserved:
		return fmt.Sprintf("%s: expected zeros in the %d reserved bits", name, f.want)
	case BadSerial:
		return fmt.Sprintf("%s: the serial is empty, or is not one of at most %d characters", name, f.want)
	case BadDigit:
		return fmt.Sprintf("%s: %X where a digit should be", name, f.got)
	case BadEncoding:
		return fmt.Sprintf("%s: no way to write a serial has the number %d", name, f.got)
	case BadPieces:
		return fmt.Sprintf("%s: piece %d of %d", name, f.got, f.want)
	case BadCheckDigit:
		return fmt.Sprintf("%s: wrong check digit: expected %c, got %c", name, rune(f.want), rune(f.got))
	case BadCharacter:
		return fmt.Sprintf("%s: the character %d can not be there", name, f.got)
	case BadDate:
		return fmt.Sprintf("%s: %06d is no date of a kind we know", name, f.got)
	}
	return f.code
}
