// Package ledger keeps what was heard from other stations, on disk, holes
// included: an event is told to the floor or confirmed to its station only
// after it is in here and synced.
//
// An event is stored once, under its station, epoch and number, as the exact
// bytes that came. The same number with other bytes is a conflict: what was
// first stays, since somebody may have been shown it, and the other is
// reported. An event counts only if its own source is the station and site of
// the topic it came on: a broker lets a station write its own topics and
// nothing else, so the topic is the one thing a station can not make up.
//
// What is missing is never searched for. Each stream (one epoch of one
// station) keeps the ranges of numbers that are held and those that are lost
// for good; a hole is what is in neither. In order, that is one range growing
// at its end, so memory follows the holes and not the events, and the ranges
// are written in the same transaction as the events they speak of.
//
// What can be learned again from the next birth or head (which numbers exist,
// the newest head) goes to disk with the next commit and costs none itself.
package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of ledger.db.
var (
	bucketEvents  = []byte("events")  // "station/epoch" -> number, big-endian -> arrival, event bytes, checksum
	bucketStreams = []byte("streams") // "station/epoch" -> the ranges held and lost
	bucketHeads   = []byte("heads")   // "station/epoch" -> newest head
	bucketPins    = []byte("pins")    // station -> verifier key
	bucketFacts   = []byte("facts")   // name -> key -> value

	buckets = [][]byte{bucketEvents, bucketStreams, bucketHeads, bucketPins, bucketFacts}
)

// Ledger is the store. It is safe for concurrent use; writers take turns.
type Ledger struct {
	path string
	log  *slog.Logger
	lock *os.File
	db   *bolt.DB
	file *os.File // bbolt's own, to be closed when bbolt no longer can

	writing sync.Mutex // held while anything changes, over the commit
	closed  bool

	mu      sync.Mutex
	streams map[streamID]*stream // values are replaced, never changed
	heads   map[streamID]Head
	late    map[streamID]struct{} // changed since the last commit: written with the next
	broken  error                 // once set, the file is not touched again
}

// streamID is one epoch of one station's log.
type streamID struct{ station, epoch string }

func (id streamID) key() []byte { return []byte(id.station + "/" + id.epoch) }

// Open opens dir/ledger.db and makes it if it is not there.
func Open(dir string, log *slog.Logger) (*Ledger, error) {
	return open(dir, log, 0)
}

// open can limit the file's size, which is how tests fill a disk.
func open(dir string, log *slog.Logger, maxSize int) (*Ledger, error) {
	l := &Ledger{
		path:    filepath.Join(dir, "ledger.db"),
		log:     log,
		streams: map[streamID]*stream{},
		heads:   map[streamID]Head{},
		late:    map[streamID]struct{}{},
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, l.trouble("open", err)
	}
	var err error
	if l.lock, err = lockFolder(dir); err != nil {
		return nil, l.trouble("open", err)
	}
	if err := l.openFile(maxSize); err != nil {
		l.release(l.broken == nil)
		return nil, err
	}
	return l, nil
}

func (l *Ledger) openFile(maxSize int) error {
	if _, err := os.Stat(l.path); errors.Is(err, os.ErrNotExist) {
		if err := l.make(); err != nil {
			return err
		}
	}
	err := l.guard("open", func() (err error) {
		if l.db, err = l.bolt(l.path, maxSize); err != nil {
			return err
		}
		return l.whole()
	})
	if err != nil {
		return err
	}
	return l.view(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("%w: it has no %s", ErrDamaged, name)
			}
		}
		if err := l.loadStreams(tx); err != nil {
			return err
		}
		return l.loadHeads(tx)
	})
}

// make writes an empty ledger beside its place and moves it there whole, so
// that what is killed half-way is never taken for damage.
func (l *Ledger) make() error {
	fresh := l.path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return l.trouble("make", err)
	}
	return l.guard("make", func() error {
		db, err := l.bolt(fresh, 0)
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bolt.Tx) error {
			for _, name := range buckets {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		if err := os.Rename(fresh, l.path); err != nil {
			return err
		}
		return syncFolder(filepath.Dir(l.path))
	})
}

func (l *Ledger) bolt(path string, maxSize int) (*bolt.DB, error) {
	return bolt.Open(path, 0o640, &bolt.Options{
		Timeout:      time.Second, // a tool may have it open for a moment; another agent is told by the lock
		FreelistType: bolt.FreelistMapType,
		MaxSize:      maxSize,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode)
			l.file = f
			return f, err
		},
	})
}

// whole reports a file that was cut off: its pages would be touched through
// the memory map long after, at the worst moment.
func (l *Ledger) whole() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	return l.db.View(func(tx *bolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes are there of %d", ErrDamaged, info.Size(), tx.Size())
		}
		return nil
	})
}

// Close writes what is late and closes the file. A second Close does nothing.
func (l *Ledger) Close() error {
	err := l.Flush()
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	intact := l.broken == nil
	if intact {
		l.broken = fmt.Errorf("ledger %s: %w", l.path, os.ErrClosed)
	}
	l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.release(intact)
	return err
}

// release lets go of files and locks. After a panic bbolt may hold locks of
// its own for ever, and its Close would wait for them: then only the file is
// closed, and the map of it stays until the process ends.
func (l *Ledger) release(intact bool) {
	l.closed = true
	if l.db != nil && intact {
		l.db.Close()
	} else if l.file != nil {
		l.file.Close()
	}
	l.lock.Close()
}

// Flush commits what would otherwise go with the next event.
func (l *Ledger) Flush() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	n := len(l.late)
	l.mu.Unlock()
	if n == 0 {
		return nil
	}
	return l.update(func(*bolt.Tx) error { return nil })
}

// update is one transaction, fsync included; with it goes what is late. The
// caller holds writing.
func (l *Ledger) update(do func(tx *bolt.Tx) error) error {
	l.mu.Lock()
	late := maps.Clone(l.late)
	l.mu.Unlock()
	err := l.guard("write", func() error {
		return l.db.Update(func(tx *bolt.Tx) error {
			for id := range late {
				if err := l.writeLate(tx, id); err != nil {
					return err
				}
			}
			return do(tx)
		})
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	for id := range late {
		delete(l.late, id)
	}
	l.mu.Unlock()
	return nil
}

func (l *Ledger) writeLate(tx *bolt.Tx, id streamID) error {
	l.mu.Lock()
	s, h := l.streams[id], l.heads[id]
	l.mu.Unlock()
	if s != nil {
		if err := tx.Bucket(bucketStreams).Put(id.key(), s.encode()); err != nil {
			return err
		}
	}
	if h.Epoch == "" {
		return nil
	}
	return writeHead(tx, h)
}

// view is one reading transaction.
func (l *Ledger) view(do func(tx *bolt.Tx) error) error {
	return l.guard("read", func() error { return l.db.View(do) })
}
