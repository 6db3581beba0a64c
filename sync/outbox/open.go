package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

const fileName = "outbox.db"

// Open opens the outbox in dir, or makes one. Opening an existing one writes
// nothing but the lock, so a full disk does not keep a station from sending
// what it has.
func Open(dir string, opts Options) (*Outbox, error) {
	o := &Outbox{
		looking: opts.Site == "", dir: dir, path: filepath.Join(dir, fileName), site: opts.Site, station: opts.Station,
		signer: opts.Signer, retention: opts.Retention, limits: opts.Limits, noSync: opts.NoSync, log: opts.Log,
		trial: new(proof.Edge), changed: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	o.reading = readings(now)
	if (o.site != "" || o.station != "") && (!event.ValidName(o.site) || !event.ValidName(o.station)) {
		return nil, fmt.Errorf("open the outbox: site %.50q and station %.50q have to be names of a-z, 0-9 and -", o.site, o.station)
	}
	if err := makeFolder(dir); err != nil {
		return nil, o.explain("open the outbox", err)
	}
	owner, err := own(dir)
	if err != nil {
		return nil, o.explain("open the outbox", err)
	}
	o.owner = owner
	if err := o.open(); err != nil {
		o.closeFile()
		return nil, o.explain("open the outbox", err)
	}
	if err := guard(o.renumber); err != nil {
		o.closeFile()
		return nil, o.explain("open the outbox", err)
	}
	o.kept.Add(1)
	go o.keep()
	return o, nil
}

func (o *Outbox) open() error {
	info, err := os.Stat(o.path)
	fresh := errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
	if err != nil && !fresh {
		return err
	}
	if fresh && o.site == "" {
		return o.noOutbox()
	}
	if !fresh && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file: move it away", o.path)
	}
	if !fresh {
		if err := examine(o.path); err != nil {
			return err
		}
	}
	if err := guard(o.openBolt); err != nil {
		if fresh {
			_ = os.Remove(o.path) // half a file helps nobody
		}
		return err
	}
	blank := false
	err = o.view(func(tx *bbolt.Tx) error {
		name, _ := tx.Cursor().First()
		blank = name == nil
		return nil
	})
	if err != nil {
		return err
	}
	if blank { // new, or the power went while it was made
		if o.site == "" {
			return o.noOutbox()
		}
		if err := o.found(); err != nil {
			_ = os.Remove(o.path)
			return err
		}
	}
	return guard(o.load)
}

func (o *Outbox) noOutbox() error {
	return fmt.Errorf("there is no outbox in %s: is it the station's data folder?", o.dir)
}

func (o *Outbox) openBolt() error {
	mmap := 1 << 30 // address space only; growing the map has to wait for readers
	if strconv.IntSize == 32 {
		mmap = 1 << 26
	}
	var err error
	o.db, err = bbolt.Open(o.path, 0o600, &bbolt.Options{
		Timeout:         500 * time.Millisecond, // ours is the lock that tells; this one is for other tools
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mmap,
		NoSync:          o.noSync,
		NoFreelistSync:  true, // or opening would write; weighFreelist decides
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			o.file = f
			return f, err
		},
	})
	if err != nil {
		o.db = nil // it is closed
		return err
	}
	o.weighFreelist()
	return nil
}

// found makes the buckets and the epoch, and makes sure that the file itself
// survives a power cut.
func (o *Outbox) found() error {
	err := o.update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{eventsBucket, hashesBucket, stateBucket, logBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		log := tx.Bucket(logBucket)
		return errors.Join(
			log.Put([]byte("format"), []byte("1")),
			log.Put([]byte("epoch"), []byte(event.NewEpoch())),
			log.Put([]byte("site"), []byte(o.site)),
			log.Put([]byte("station"), []byte(o.station)),
			log.Put([]byte("home"), []byte(homeOf(o.file))),
		)
	})
	if err != nil {
		return err
	}
	return syncFolder(o.dir)
}

// load reads what is kept in memory.
func (o *Outbox) load() error {
	return o.db.View(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{eventsBucket, hashesBucket, stateBucket, logBucket} {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("%w: it has no %s", ErrDamaged, name)
			}
		}
		log := tx.Bucket(logBucket)
		if format := log.Get([]byte("format")); !bytes.Equal(format, []byte("1")) {
			return fmt.Errorf("%s has format %.20q, this scanpost knows 1: use the scanpost that wrote it", o.path, format)
		}
		site, station := string(log.Get([]byte("site"))), string(log.Get([]byte("station")))
		o.epoch = string(log.Get([]byte("epoch")))
		if _, _, ok := event.ParseID(o.epoch + "-00000000000000000001"); !ok || !event.ValidName(site) || !event.ValidName(station) {
			return fmt.Errorf("%w: epoch %.40q of %.50q/%.50q", ErrDamaged, o.epoch, site, station)
		}
		if o.site == "" {
			o.site, o.station = site, station
		}
		if site != o.site || station != o.station {
			return fmt.Errorf("%s is the log of %s/%s, this is %s/%s: give this station its own data folder", o.path, site, station, o.site, o.station)
		}
		var err error
		if o.state, err = getState(tx); err != nil {
			return err
		}
		if o.edge, err = proof.LoadEdge(o.state.last, hashReader(tx)); err != nil {
			return err
		}
		// The time on disk may be that of a head after the last event.
		o.clock.last = o.state.lastAt
		said, upto := o.owner.remembered(o.epoch)
		looking := o.looking // at whatever it is, without giving numbers
		if upto > o.state.last && !looking {
			return fmt.Errorf("%w, and an old one: it ends with number %d, and %d had been given", ErrCopy, o.state.last, upto)
		}
		if home := log.Get([]byte("home")); home != nil && string(home) != homeOf(o.file) && !looking {
			return fmt.Errorf("%w: it was made in another place or on another machine, which may go on with its numbers", ErrCopy)
		}
		if said.After(o.clock.last) {
			o.clock.last = said
		}
		if v := tx.Bucket(eventsBucket).Get(key(o.state.last)); v != nil {
			r, err := parseRecord(v)
			if err != nil {
				return err
			}
			o.state.lastAt = r.at
		}
		return o.loadPasts(tx)
	})
}

// Close writes the cursors, ends what Open started and gives the folder free.
// Whoever waits to write is told [ErrClosed].
func (o *Outbox) Close() error {
	err := o.alone(func() error {
		o.line.Lock()
		o.line.closed = true
		o.line.Unlock()
		close(o.quit)
		return o.finish()
	})
	if errors.Is(err, ErrClosed) {
		return nil
	}
	o.kept.Wait()
	return err
}

// finish makes the next start a quick and truthful one: the newest time and
// the list of free pages are on disk.
func (o *Outbox) finish() error {
	var err error
	if o.broken.Load() == nil {
		if o.db.NoFreelistSync {
			o.db.NoFreelistSync = false
			o.touch()
		}
		if o.clock.last.After(o.lastAt()) {
			o.touch()
		}
		err = o.saveState()
	}
	return errors.Join(err, o.closeFile())
}

func (o *Outbox) touch() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.touched()
}

func (o *Outbox) lastAt() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.lastAt
}

func (o *Outbox) closeFile() error {
	var err error
	switch {
	case o.db != nil && o.broken.Load() == nil:
		err = guard(o.db.Close)
	case o.file != nil:
		// bbolt's own locks may be stuck, and the map it leaves keeps the file's
		// lock alive beyond closing; that one must go.
		_ = syscall.Flock(int(o.file.Fd()), syscall.LOCK_UN)
		_ = o.file.Close()
	}
	return errors.Join(err, o.owner.release())
}
