package outbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

func number(epoch string, seq uint64) scan.Number { return scan.Number{Epoch: epoch, Seq: seq} }

// homeOf says where a file lives: which file of which machine. A copy lives
// somewhere else, and must not go on with the numbers of the one it was made
// from. (Of a disk that was copied whole, even this is the same; there the
// broker remembers what had been said: see [Supersede].)
var homeOf = func(f *os.File) string {
	machine, _ := os.ReadFile("/etc/machine-id") // not every machine has one
	inode := uint64(0)
	if info, err := f.Stat(); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			inode = uint64(s.Ino)
		}
	}
	return fmt.Sprintf("%.64s %d", strings.TrimSpace(string(machine)), inode)
}

// SetAside renames the outbox file in dir, so that Open makes a new one with a
// new epoch, and returns its new name. It is for a file that is damaged or a
// copy: scanning has to go on, and [Outbox.Rescue] brings over what it holds.
func SetAside(dir string, now time.Time, why error) (string, error) {
	kind := "damaged"
	if errors.Is(why, ErrCopy) {
		kind = "copy"
	}
	return setAside(dir, now, kind, func(w *owner) string {
		if epoch, _, seq := w.newest(); seq > 0 && event.ValidEpoch(epoch) {
			return "-" + event.ID(number(epoch, seq))
		}
		return ""
	})
}

// Supersede sets the outbox file in dir aside since another life of it has
// used its numbers from a certain one on, up to last at least: somebody went
// on from an old image of the disk. What was written here under those numbers
// has not been sent yet, and gets new ones with the next Open.
func Supersede(dir string, now time.Time, epoch string, from, last uint64) (string, error) {
	return setAside(dir, now, "superseded", func(*owner) string {
		return fmt.Sprintf("-%s-from-%d", event.ID(number(epoch, last)), from)
	})
}

func setAside(dir string, now time.Time, kind string, hint func(*owner) string) (string, error) {
	owner, err := own(dir)
	if err != nil {
		return "", err
	}
	aside := filepath.Join(dir, "outbox."+kind+"-"+now.UTC().Format(asideTime)+hint(owner)+".db")
	if _, err := os.Lstat(aside); err == nil {
		return "", errors.Join(fmt.Errorf("%s exists", aside), owner.release())
	}
	err = os.Rename(filepath.Join(dir, fileName), aside)
	if err == nil {
		err = syncFolder(dir)
	}
	return aside, errors.Join(err, owner.release())
}

// renumber gives what was written under numbers that another life had used
// new ones, with the times it had, before anything else is written.
func (o *Outbox) renumber() error {
	files, err := o.asides()
	if err != nil {
		return err
	}
	for _, name := range files {
		a := parseAside(name)
		mark := []byte("renumbered/" + name)
		done := a.from == 0
		if err := o.view(func(tx *bbolt.Tx) error {
			b := tx.Bucket(pastsBucket)
			done = done || b != nil && b.Get(mark) != nil
			return nil
		}); err != nil || done {
			if err != nil {
				return err
			}
			continue
		}
		events, err := o.conflicting(name, a)
		if err != nil {
			return err
		}
		if err := o.writeAgain(events, mark); err != nil {
			return err
		}
		o.log.Warn("this station went on from an old image of its disk: what it scanned since gets new numbers", "file", name, "events", len(events))
	}
	return nil
}

// conflicting are the events of a file that was set aside whose numbers had
// been used before, oldest first.
func (o *Outbox) conflicting(name string, a aside) ([]again, error) {
	f, err := os.Open(filepath.Join(o.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found := map[uint64]again{}
	c := &carver{record: func(epoch string, seq uint64, record []byte) error {
		if epoch != a.epoch || seq < a.from {
			return nil
		}
		r, err := parseRecord(record)
		if err != nil {
			return nil
		}
		e, err := event.Parse(r.event)
		if err != nil || e.Site != o.site || e.Station != o.station || e.Entry == nil {
			return nil
		}
		if had, ok := found[seq]; !ok || e.At.After(had.At) {
			found[seq] = again(e)
		}
		return nil
	}}
	if err := c.carve(f); err != nil {
		return nil, err
	}
	var all []again
	for _, e := range found {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b again) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return all, nil
}

// writeAgain writes events under new numbers and with their own times, as far
// as those ascend, in one transaction with the note that it was done.
func (o *Outbox) writeAgain(events []again, mark []byte) error {
	return o.alone(func() error {
		o.trial.CopyFrom(o.edge)
		o.buf = nil
		at, s := o.clock.last, o.state
		records := make([]pending, 0, len(events))
		for _, e := range events {
			if e.At.After(at) {
				at = e.At
			}
			r, err := o.prepare(e.Entry, at)
			if err != nil {
				return err
			}
			// The buffer moves while it grows, and all of it is written at once.
			r.record = append([]byte(nil), r.record...)
			o.buf = o.buf[:0]
			records = append(records, r)
			s.last, s.lastAt = r.seq, at
		}
		err := o.update(func(tx *bbolt.Tx) error {
			pasts, err := tx.CreateBucketIfNotExists(pastsBucket)
			if err != nil {
				return err
			}
			if err := pasts.Put(mark, []byte{1}); err != nil {
				return err
			}
			for _, r := range records {
				if err := tx.Bucket(eventsBucket).Put(key(r.seq), r.record); err != nil {
					return err
				}
			}
			return putState(tx, o.epoch, s, nil)
		})
		if err != nil {
			return err
		}
		o.mu.Lock()
		o.state.last, o.state.lastAt = s.last, s.lastAt
		o.mu.Unlock()
		o.clock.last = at
		o.edge, o.trial = o.trial, o.edge
		return nil
	})
}
