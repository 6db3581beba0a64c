package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// owner is the small file beside the outbox that is locked by the process that
// uses it. It says which one that is, and when the newest head was:
//
//	4711
//	01JDC4X0M6Q3V9T2 2026-11-21T10:15:30.123Z 00000000000000001042
//
// A head every two seconds is not worth a sync of the disk, but forgetting one
// would let a later event be dated before it. Unsynced, the line survives all
// but a power cut. It also says which number was the newest then: a file that
// knows fewer is an old copy, whose next numbers were given before.
type owner struct {
	file *os.File
	pid  string
	head string // the second line as it was found
}

const ownerTime = "2006-01-02T15:04:05.000Z"

// own locks the folder for this process.
func own(dir string) (*owner, error) {
	name := filepath.Join(dir, "outbox.lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 200)
	n, _ := f.ReadAt(b, 0)
	pid, head, _ := strings.Cut(string(b[:n]), "\n")
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		if _, err := strconv.Atoi(pid); err != nil {
			pid = "unknown"
		}
		return nil, fmt.Errorf("%w %s (process id %s): stop it first, or give this one its own data folder", ErrInUse, dir, pid)
	}
	w := &owner{file: f, pid: strconv.Itoa(os.Getpid()), head: strings.TrimRight(head, "\n")}
	// Only a help for people, so a full disk is no reason to stop here.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(w.pid+"\n"+w.head+"\n"), 0)
	return w, nil
}

// remember notes the time of a head.
func (w *owner) remember(epoch string, at time.Time, seq uint64) {
	b := make([]byte, 0, 80)
	b = append(b, w.pid...)
	b = append(b, '\n')
	b = append(b, epoch...)
	b = append(b, ' ')
	b = at.UTC().AppendFormat(b, ownerTime)
	b = fmt.Appendf(b, " %020d\n", seq)
	_, _ = w.file.WriteAt(b, 0) // always of the same length
}

// remembered is the time and number of the newest head of an earlier process;
// zero if none is known, or of another epoch.
func (w *owner) remembered(epoch string) (time.Time, uint64) {
	was, at, seq := w.newest()
	if was != epoch {
		return time.Time{}, 0
	}
	return at, seq
}

func (w *owner) newest() (epoch string, at time.Time, seq uint64) {
	epoch, rest, _ := strings.Cut(w.head, " ")
	when, number, _ := strings.Cut(rest, " ")
	at, err := time.Parse(ownerTime, when)
	if err != nil {
		return "", time.Time{}, 0
	}
	seq, _ = strconv.ParseUint(number, 10, 64) // an older line has none
	return epoch, at, seq
}

func (w *owner) release() error { return w.file.Close() }

// makeFolder makes dir and makes sure of it.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file, the outbox needs a folder: change the setting data, or move the file away", dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(filepath.Clean(dir)))
}

// syncFolder makes sure of the names in a folder.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
