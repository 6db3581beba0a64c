//go:build !unix

package port

import (
	"errors"
	"os"
)

var (
	errBusy    = errors.New("busy")
	errNotHere = errors.New("serial ports are opened on Linux only")
)

func openNode(string) (*os.File, error) { return nil, errNotHere }
func lockFile(*os.File) error           { return nil }
func isBusy(err error) bool             { return errors.Is(err, errBusy) }
func isGone(error) bool                 { return false }
func access(string) error               { return nil }
func groupOf(_, usual string) string    { return usual }
