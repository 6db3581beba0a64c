package identity

import (
	"errors"
	"fmt"

	"scanpost/scan"
	"scanpost/scan/identity/command"
)

// readCommand reads a command card. Cards are printed in a few symbologies; the
// same text in any other, such as on a carrier's label, never acts.
func (i Identifier) readCommand(code, aim string) Result {
	switch scan.SymbologyOf(aim) {
	case "code-128", "qr", "datamatrix", "code-39":
	default:
		if aim != "" {
			return fault(Command, NotOurCommand, command.ErrNotOurs.Error())
		}
	}
	c, err := i.Commands.Parse(code)
	switch {
	case errors.Is(err, command.ErrUnknown):
		return fault(Command, UnknownCommand, err.Error())
	case errors.Is(err, command.ErrRevoked):
		return fault(Command, RevokedCommand, err.Error())
	case err != nil:
		return fault(Command, NotOurCommand, err.Error())
	}
	r := Result{Kind: Command, Command: &c.Command}
	if c.Colon != ':' {
		r.Warnings = []string{fmt.Sprintf("the colon of the card came as %q: the scanner types for another keyboard layout than the station reads", c.Colon)}
	}
	return r
}
