package identity

import (
	"scanpost/scan"
	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/epc"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/plate"
)

// Kind says as what a code was read.
type Kind string

// The kinds of design section 8.
const (
	GS1     Kind = "gs1"
	EAN     Kind = "ean" // a bare GTIN
	EPC     Kind = "epc"
	Carrier Kind = "carrier"
	Plate   Kind = "plate" // ISO 15459
	Command Kind = "command"
	Text    Kind = "text"
)

// The codes of an [Error] beside those of packages gs1 and epc.
const (
	Empty          = "empty"
	TooLong        = "too_long"
	Unreadable     = "unreadable"
	NotOurCommand  = "not_our_command"
	UnknownCommand = "unknown_command"
	RevokedCommand = "revoked_command"
	BadInput       = "bad_input"
	RoutingCode    = "routing_code"
)

// Result is what a code turned out to be. Its JSON is that of design section 8,
// with a few fields more.
type Result struct {
	Unit     string         `json:"unit"` // canonical key; empty for commands and what is not understood
	Kind     Kind           `json:"kind"`
	GS1      []gs1.Element  `json:"gs1,omitempty"`
	Carriers []CarrierMatch `json:"carriers,omitempty"` // all that it can be of, the best evidence first
	Data     []plate.Field  `json:"data,omitempty"`     // data identifiers of a transport label, and their values
	EPC      *epc.Tag       `json:"epc,omitempty"`
	Error    *Error         `json:"error,omitempty"`
	Warnings []string       `json:"warnings,omitempty"`

	IDs     []string      `json:"-"` // every key the code carries, if it is more than the unit
	Fault   string        `json:"-"` // why it is not understood; an error without it leaves a usable text
	Command *scan.Command `json:"-"`
}

// CarrierMatch is a carrier whose number the code can be.
type CarrierMatch struct {
	Carrier  string           `json:"carrier"`
	Service  string           `json:"service,omitempty"`
	Checked  bool             `json:"checked"`          // a check digit was there and is right
	Evidence carrier.Evidence `json:"evidence"`         // why it is taken for one
	Number   string           `json:"number,omitempty"` // as the key has it
}

// Error is what is wrong with a code.
type Error struct {
	Code    string `json:"code"`    // for programs
	Message string `json:"message"` // for people
}

// Identity is what a station needs to know of it.
func (r Result) Identity() scan.Identity {
	id := scan.Identity{Unit: r.Unit, IDs: r.IDs, Fault: r.Fault, Command: r.Command}
	if id.IDs == nil && r.Unit != "" {
		id.IDs = []string{r.Unit}
	}
	return id
}

// fault is a code that is not understood.
func fault(kind Kind, code, message string) Result {
	return Result{Kind: kind, Error: &Error{code, message}, Fault: message}
}
