package gs1

import "fmt"

// The codes of an [Error].
const (
	UnknownAI         = "unknown_ai"
	BadLength         = "bad_length"
	BadCharset        = "bad_charset"
	BadCheckDigit     = "bad_check_digit"
	BadCheckPair      = "bad_check_pair"
	BadCompanyPrefix  = "bad_company_prefix" // a key that does not begin with four digits
	BadDate           = "bad_date"
	BadTime           = "bad_time"
	BadCountry        = "bad_country"
	BadCurrency       = "bad_currency"
	BadIBAN           = "bad_iban"
	BadPlace          = "bad_coordinates"
	BadPieces         = "bad_piece_total"
	BadPercent        = "bad_percent_encoding"
	BadCoupon         = "bad_coupon"
	BadValue          = "bad_value" // any other value that its AI does not have
	MisplacedGS       = "misplaced_separator"
	ConflictingRepeat = "conflicting_repeat"

	RequiredPair = "required_pair" // of [Pairs]
	ExcludedPair = "excluded_pair" // of [Pairs]
	BadLink      = "bad_digital_link"
	BadBrackets  = "bad_brackets"
)

// Error says which rule GS1 data breaks.
type Error struct {
	Code    string // for programs
	Message string // for people; shows nothing of the data unquoted
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// name is the AI as people know it.
func (a *AI) name() string {
	if a.Title == "" {
		return "(" + a.Code + ")"
	}
	return a.Title + " (" + a.Code + ")"
}

func (a *AI) fault(code, format string, args ...any) *Error {
	return &Error{code, a.name() + " " + fmt.Sprintf(format, args...)}
}

func (a *AI) wrongLength(have int) *Error {
	if a.min == a.max {
		return a.fault(BadLength, "has %d characters, expected %d", have, a.max)
	}
	return a.fault(BadLength, "has %d characters, expected %d to %d", have, a.min, a.max)
}
