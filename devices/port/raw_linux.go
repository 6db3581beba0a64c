package port

import (
	"os"

	"golang.org/x/sys/unix"
)

// makeRaw switches off all that a terminal does to what arrives, and reports
// whether it has been done to something already. Settings that belong to the
// line are left to the library.
func makeRaw(f *os.File) (spoiled bool, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { spoiled, failed = makeRawFD(int(fd)) })
	if err == nil {
		err = failed
	}
	return spoiled, err
}

func makeRawFD(fd int) (spoiled bool, err error) {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil || t.Lflag&unix.ICANON == 0 && t.Iflag&unix.ICRNL == 0 && t.Lflag&unix.ECHO == 0 {
		return false, err // as the last who used it has left it
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return false, err
	}
	// Only now: a cooked terminal counts whole lines only.
	waiting, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	return waiting > 0, err
}
