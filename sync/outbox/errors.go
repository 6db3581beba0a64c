package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

// errPanic marks an error that was a panic.
var errPanic = errors.New("found while using it")

// guard runs f, and makes an error of a panic: bbolt trusts the bytes of its
// file, and a damaged page makes it panic or reach beyond the mapped memory.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			what, _, _ := strings.Cut(fmt.Sprint(p), "\n")
			err = fmt.Errorf("%w: %.200s (%w)", ErrDamaged, what, errPanic)
		}
	}()
	return f()
}

// explain makes one sentence of what went wrong: what was done, where, why,
// and what to do next.
func (o *Outbox) explain(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("%s in %s: the disk is full, make room on it; what was saved before is safe (%w)", doing, o.dir, full{err})
	case errors.Is(err, berrors.ErrDatabaseNotOpen), errors.Is(err, ErrClosed):
		return ErrClosed
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%s: %w %s (another tool has %s open): close it first", doing, ErrInUse, o.dir, o.path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
		fallthrough
	case errors.Is(err, ErrCopy):
		return fmt.Errorf("%s in %s: %w; a station sets such a file aside when it starts, and begins a new log", doing, o.path, err)
	case errors.Is(err, ErrDamaged):
		var one *DamagedError
		if errors.As(err, &one) {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return fmt.Errorf("%s in %s: %w; a station sets such a file aside when it starts, and begins a new one", doing, o.path, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s in %s: the disk is mounted read-only; is it failing? (%w)", doing, o.dir, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s in %s: this user may not write there, make it the folder's owner (%w)", doing, o.dir, err)
	case errors.Is(err, ErrInUse):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s in %s: %w", doing, o.dir, err)
}

// isFull also knows the errors that bbolt passes on as text only.
func isFull(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// full is any way of having no space left; all are ENOSPC to the caller.
type full struct{ err error }

func (f full) Error() string   { return f.err.Error() }
func (f full) Unwrap() []error { return []error{syscall.ENOSPC, f.err} }
