//go:build unix

package port

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

var errBusy error = syscall.EBUSY

// openNode opens a device node without waiting for a carrier and without
// making it this process's terminal.
func openNode(node string) (*os.File, error) {
	return os.OpenFile(node, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
}

// lockFile takes the lock on the node itself. Unlike a lock file it is the same
// for every user and every name of the node, and it goes with the process.
func lockFile(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	if err := raw.Control(func(fd uintptr) { locked = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return err
	}
	return locked
}

func isBusy(err error) bool { return errors.Is(err, syscall.EBUSY) }

// isGone tells a node whose device has just left.
func isGone(err error) bool {
	return errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV)
}

// access reports whether this user may read and write the node.
func access(node string) error { return unix.Access(node, unix.R_OK|unix.W_OK) }

// groupOf is the group that may open the node, or usual if it can not be told.
func groupOf(node, usual string) string {
	info, err := os.Stat(node)
	if err != nil {
		return usual
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Gid == 0 || info.Mode().Perm()&0o060 != 0o060 {
		return usual // joining root is no advice
	}
	g, err := user.LookupGroupId(strconv.FormatUint(uint64(st.Gid), 10))
	if err != nil {
		return usual
	}
	return g.Name
}
