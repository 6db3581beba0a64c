//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// windowOf is the size of a terminal's window, or false if the file is none. A
// serial console does not know its size.
func windowOf(f *os.File) (width, height int, is bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	if size.Col == 0 || size.Row == 0 {
		return 80, 24, true
	}
	return int(size.Col), int(size.Row), true
}
