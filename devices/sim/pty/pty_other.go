//go:build !linux

package pty

import (
	"errors"
	"os"
	"time"
)

// Pair is one pseudo terminal.
type Pair struct {
	Master *os.File
	Path   string
}

var errLinuxOnly = errors.New("simulated devices need the pseudo terminals of Linux")

// New says that there are none here.
func New(string) (*Pair, error) { return nil, errLinuxOnly }

// Baud says that there is none here.
func (*Pair) Baud() (int, error) { return 0, errLinuxOnly }

// Write says that there is none here.
func (*Pair) Write([]byte, time.Duration) error { return errLinuxOnly }

// Close does nothing.
func (*Pair) Close() error { return nil }
