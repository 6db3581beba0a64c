package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"scanpost/sync/ledger"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

// despite opens a role although a file of it is damaged: scanning never stops
// for that. The file is kept under another name, for whoever can read it, and
// a new one is begun. A new outbox has a new epoch, by which receivers know
// that numbers of the old one may be missing. Receivers that know the old key
// do not believe heads of the new one, and say so, until a person has decided.
func despite(folder string, log *slog.Logger, open func() error) error {
	err := open()
	for range 3 { // there are three files
		if !isDamaged(err) {
			return err
		}
		if failed := setAside(folder, log, err); failed != nil {
			return failed
		}
		err = open()
	}
	return err
}

func isDamaged(err error) bool {
	return errors.Is(err, outbox.ErrDamaged) || errors.Is(err, outbox.ErrCopy) || errors.Is(err, ledger.ErrDamaged) || errors.Is(err, proof.ErrDamaged)
}

// setAside renames the file that an error speaks of.
func setAside(folder string, log *slog.Logger, why error) error {
	if twice, ok := errors.AsType[*supersededError](why); ok {
		aside, err := outbox.Supersede(folder, time.Now(), twice.epoch, twice.from, twice.last)
		if err != nil {
			return fmt.Errorf("set the outbox in %s aside: %w (%w)", folder, err, why)
		}
		log.Error("a new log is begun, so that no number is given twice; what was scanned since the start gets new numbers", "file", aside, "err", why)
		return nil
	}
	if copied := errors.Is(why, outbox.ErrCopy); copied || errors.Is(why, outbox.ErrDamaged) {
		aside, err := outbox.SetAside(folder, time.Now(), why)
		if err != nil {
			return fmt.Errorf("set the outbox in %s aside: %w (%w)", folder, err, why)
		}
		say := "the outbox is damaged and was set aside: a new log is begun, and what the old file still holds is brought over now (keep it; is the disk failing?)"
		if copied {
			say = "the outbox is a copy and was set aside: a new log is begun, so that no number is given twice, and what the copy holds is brought over now"
		}
		log.Error(say, "file", aside, "err", damageIn(why))
		return nil
	}
	kind, end := "ledger", ".db"
	say := "the ledger is damaged and was set aside: a new one is begun, and what other stations still hold is asked for again (is the disk failing?)"
	if errors.Is(why, proof.ErrDamaged) {
		kind, end = "station", ".key"
		say = "the station's key is damaged and was set aside: a new one is made, and receivers hold it for a person's decision (put the old one back from a backup, or tell them; is the disk failing?)"
	}
	aside := filepath.Join(folder, kind+".damaged-"+time.Now().UTC().Format("20060102T150405.000")+end)
	if err := os.Rename(filepath.Join(folder, kind+end), aside); err != nil {
		return fmt.Errorf("set the damaged %s aside: %w (%w)", kind+end, err, why)
	}
	log.Error(say, "file", aside, "err", damageIn(why))
	return nil
}

// damageIn is what is wrong with the file, without the advice to do what has
// been done by now.
func damageIn(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, damaged := range []error{outbox.ErrCopy, outbox.ErrDamaged, ledger.ErrDamaged, proof.ErrDamaged} {
			if strings.HasPrefix(e.Error(), damaged.Error()) {
				return e
			}
		}
	}
	return err
}

// advise adds what to do to an error about the data folder.
func advise(folder string, err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w (is the disk of %s failing? dmesg tells)", err, folder)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (make room on the disk of %s)", err, folder)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w (the data folder has to be a folder)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (give %s to the user that this runs as: chown -R scanpost %s)", err, folder, folder)
	}
	return err
}

// damagedError ends a run whose outbox broke under it. The next run begins
// with a new one.
type damagedError struct {
	folder string
	log    *slog.Logger
	err    error
}

func (d *damagedError) Error() string { return d.err.Error() }
func (d *damagedError) Unwrap() error { return d.err }
