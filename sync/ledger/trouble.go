package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

// What callers branch on. Each comes wrapped in one sentence with the path
// and the next step.
var (
	ErrDamaged = errors.New("the file is damaged")
	ErrInUse   = errors.New("another process has it open")
	ErrNoSpace = errors.New("no space left")
)

// errNothing rolls a transaction back that turned out to change nothing.
var errNothing = errors.New("nothing to write")

// guard calls bbolt. bbolt checks its pages by panicking, and a page behind
// the end of a file is a fault of the memory map; both become errors here.
// What a panic left locked inside bbolt stays locked, so after one, or after
// a write whose outcome is not known, the file is not touched again.
func (l *Ledger) guard(doing string, do func() error) (err error) {
	l.mu.Lock()
	broken := l.broken
	l.mu.Unlock()
	if broken != nil {
		return broken
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		final := false
		if p := recover(); p != nil {
			err, final = fmt.Errorf("%w (%v)", ErrDamaged, p), true
		}
		if err == nil || errors.Is(err, errNothing) {
			return
		}
		// A full disk can be cleared while we run. Any other failed write may
		// or may not have reached the disk, and saying "stored" on top of it
		// would be a guess.
		final = final || doing == "write" && !isFull(err) && !errors.Is(err, errRefused)
		err = l.trouble(doing, err)
		if final {
			l.mu.Lock()
			l.broken = err
			l.mu.Unlock()
		}
	}()
	return do()
}

// errRefused marks a caller's mistake, found inside a transaction and rolled
// back: it says nothing about the file.
var errRefused = errors.New("refused")

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, ErrNoSpace) ||
		errors.Is(err, berrors.ErrMaxSizeReached)
}

// trouble makes one sentence of an error: what, where, and what to do.
func (l *Ledger) trouble(doing string, err error) error {
	dir := filepath.Dir(l.path)
	switch {
	case errors.Is(err, errRefused) || errors.Is(err, errNothing):
		return err
	case errors.Is(err, ErrInUse):
		return fmt.Errorf("%s ledger %s: %w: stop it, or give this one another data folder", doing, l.path, err)
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%s ledger %s: %w: stop it, or give this one another data folder", doing, l.path, ErrInUse)
	case isFull(err):
		return fmt.Errorf("%s ledger %s: %w: free some space on the disk of %s; the stations keep what is not confirmed and send it again",
			doing, l.path, ErrNoSpace, dir)
	case isDamage(err):
		return fmt.Errorf("%s ledger %s: %w: move it away and start again; the stations will be asked for what they still hold",
			doing, l.path, damaged(err))
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s ledger %s: %w: let user id %d write to the folder %s", doing, l.path, plain(err), os.Getuid(), dir)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s ledger %s: %w: the data folder must be a folder", doing, l.path, plain(err))
	}
	return fmt.Errorf("%s ledger %s: %w: look at the disk of %s, then start again", doing, l.path, plain(err), dir)
}

func isDamage(err error) bool {
	for _, e := range []error{
		ErrDamaged, berrors.ErrInvalid, berrors.ErrVersionMismatch, berrors.ErrChecksum, berrors.ErrInvalidMapping,
		berrors.ErrBucketNotFound, berrors.ErrIncompatibleValue,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return strings.HasPrefix(err.Error(), "file size too small") // bbolt has no name for it
}

func damaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrDamaged, err)
}

// plain drops the path that the sentence names already.
func plain(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// lockFolder keeps a second process out and can say which one is in.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "ledger.lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		var pid int
		if _, err := fmt.Fscan(f, &pid); err != nil {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("%w (process %d)", ErrInUse, pid)
	}
	// The number is only for that sentence; the lock is what holds.
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	return f, nil
}

// syncFolder makes a folder's new entries last.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some filesystems can not, and need not
		return err
	}
	return nil
}
