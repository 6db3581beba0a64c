package outbox

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

// Rescued is what came out of a file that had been set aside.
type Rescued struct {
	File    string // its name within the folder
	Epoch   string // of the log it holds; empty if nothing of any log was found
	Events  uint64 // brought over, with the ids they had
	Lost    uint64 // numbers that are gone, as declared
	Strange uint64 // events of other stations, which are left where they are
}

// Rescue brings what files that were set aside still hold into this one, where
// [Outbox.Pasts] finds it, and declares the loss of what is gone. Scanning goes
// on meanwhile. A file is gone through once; if the program ends on the way,
// the next start begins with it again. The files stay where they are.
func (o *Outbox) Rescue(ctx context.Context) ([]Rescued, error) {
	files, err := o.asides()
	if err != nil {
		return nil, o.explain("rescue what was set aside", err)
	}
	var all []Rescued
	for _, name := range files {
		done := false
		if err := o.view(func(tx *bbolt.Tx) error {
			b := tx.Bucket(pastsBucket)
			done = b != nil && b.Get([]byte(filePrefix+name)) != nil
			return nil
		}); err != nil {
			return all, o.explain("rescue what was set aside", err)
		}
		if done {
			continue
		}
		found, err := o.rescue(ctx, name)
		if err != nil {
			return all, o.explain("rescue what "+name+" holds", err)
		}
		all = append(all, found...)
	}
	// A file that was removed left its last number in the lock.
	if epoch, _, last := o.owner.newest(); last > 0 && epoch != o.epoch && event.ValidEpoch(epoch) && o.past(epoch) == nil {
		s := &salvage{Outbox: o, aside: aside{epoch: epoch, last: last}}
		r, err := s.declare("it is no longer there", epoch, mark{})
		if err != nil {
			return all, o.explain("declare what is gone", err)
		}
		all = append(all, r)
	}
	return all, nil
}

var pastsBucket = []byte("pasts")

const (
	filePrefix  = "file/"  // in pasts: a file that was gone through
	epochPrefix = "epoch/" // in pasts: what is known of a past
	markPrefix  = "ended/" // in pasts: how far a past had come; see [markOf]
	pastPrefix  = "past-"  // a bucket with a past's events
)

// markOf is where the mark of a past is kept: in case this file is damaged too,
// and has to be carved, the mark stands behind the word that is looked for
// there. It stays when the past is let go, since its pages may still hold some
// of its events, and who finds those must not take the others for lost.
func markOf(epoch string) []byte { return append([]byte(markPrefix+epoch+"/"), markKey...) }

const asideTime = "20060102T150405.000"

// aside is what the name of a file that was set aside tells:
//
//	outbox.damaged-20261122T050000.000[-<id of the newest event known>].db
//	outbox.old-…                                      a copy that is behind what was said since
//	outbox.superseded-…-<id>-from-<number>.db         from this number on another life has used them
type aside struct {
	epoch string
	last  uint64
	from  uint64 // zero unless superseded
}

func (o *Outbox) asides() ([]string, error) {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if n := e.Name(); strings.HasPrefix(n, "outbox.") && strings.HasSuffix(n, ".db") && n != fileName && e.Type().IsRegular() {
			names = append(names, n)
		}
	}
	return names, nil // by name
}

func parseAside(name string) (a aside) {
	rest := strings.TrimSuffix(name, ".db")
	if i := strings.Index(rest, "-from-"); i >= 0 {
		a.from, _ = strconv.ParseUint(rest[i+len("-from-"):], 10, 64)
		rest = rest[:i]
	}
	if n := len(rest) - 37; n > 0 {
		a.epoch, a.last, _ = event.ParseID(rest[n:])
	}
	return a
}

// again is an event that gets a new number.
type again = scan.Event

// salvage is one file on its way over.
type salvage struct {
	*Outbox
	aside
	batch  []past
	bytes  []byte // the records of the batch
	ranges map[string]*bounds
	other  uint64
}

type past struct {
	epoch      string
	seq        uint64
	start, end int // of the record, in the batch's bytes
}

// rescueChunk bounds the transactions of Rescue, since a scan may wait for one.
const (
	rescueChunk = 512
	rescueBytes = 512 << 10
)

type bounds struct{ first, last uint64 }

func (o *Outbox) rescue(ctx context.Context, name string) ([]Rescued, error) {
	f, err := os.Open(filepath.Join(o.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &salvage{Outbox: o, aside: parseAside(name), ranges: map[string]*bounds{}}
	c := &carver{record: func(epoch string, seq uint64, record []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return s.take(epoch, seq, record)
	}}
	if err := c.carve(f); err != nil {
		return nil, err
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	if s.aside.epoch != "" {
		c.epochs[s.aside.epoch] = true
	}
	var all []Rescued
	for epoch := range c.epochs {
		if epoch == o.epoch {
			continue
		}
		r, err := s.declare(name, epoch, c.marks[epoch])
		if err != nil {
			return all, err
		}
		if r.Events+r.Lost > 0 {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Rescued) int { return strings.Compare(a.Epoch, b.Epoch) })
	if len(all) == 0 {
		all = []Rescued{{File: name}}
	}
	all[0].Strange = s.other
	err = o.alone(func() error {
		return o.update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(pastsBucket)
			if err != nil {
				return err
			}
			return b.Put([]byte(filePrefix+name), []byte(o.reading().wall.UTC().Format(asideTime)))
		})
	})
	return all, err
}

// take keeps a carved record, unless it is none of ours.
func (s *salvage) take(epoch string, seq uint64, record []byte) error {
	if epoch == s.epoch() || s.superseded(epoch, seq) {
		return nil
	}
	r, err := parseRecord(record)
	if err != nil {
		return nil // can not be: it was just found to be one
	}
	if !s.ours(r.event) {
		s.other++
		return nil
	}
	b := s.ranges[epoch]
	if b == nil {
		b = &bounds{first: seq}
		s.ranges[epoch] = b
	}
	b.first, b.last = min(b.first, seq), max(b.last, seq)
	start := len(s.bytes)
	s.bytes = append(s.bytes, record...)
	s.batch = append(s.batch, past{epoch, seq, start, len(s.bytes)})
	if len(s.batch) >= rescueChunk || len(s.bytes) >= rescueBytes {
		return s.flush()
	}
	return nil
}

// ours reports whether this station wrote an event. The source stands behind
// the id, where we have always written it; only if not is all of it read.
func (s *salvage) ours(b []byte) bool {
	const id = len(opening) + 37
	if bytes.HasPrefix(b[min(id, len(b)):], []byte(`","source":"/`+s.site+"/"+s.station+`",`)) {
		return true
	}
	e, err := event.Parse(b)
	return err == nil && e.Site == s.site && e.Station == s.station
}

func (s *salvage) epoch() string { return s.Outbox.epoch }

// superseded reports whether a number was given a second time: what it says
// here got a new one.
func (s *salvage) superseded(epoch string, seq uint64) bool {
	return s.from > 0 && epoch == s.aside.epoch && seq >= s.from
}

func (s *salvage) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	// Neighbours in the file are neighbours in the log, but pages are not in order.
	slices.SortStableFunc(s.batch, func(a, b past) int {
		if c := strings.Compare(a.epoch, b.epoch); c != 0 {
			return c
		}
		return int(min(max(int64(a.seq)-int64(b.seq), -1), 1))
	})
	err := s.alone(func() error {
		return s.update(func(tx *bbolt.Tx) error {
			var b *bbolt.Bucket
			for i, p := range s.batch {
				if i == 0 || p.epoch != s.batch[i-1].epoch {
					var err error
					if b, err = tx.CreateBucketIfNotExists([]byte(pastPrefix + p.epoch)); err != nil {
						return err
					}
					b.FillPercent = 1 // most come in order
				}
				k, record := key(p.seq), s.bytes[p.start:p.end]
				if !newer(b.Get(k), record) {
					continue
				}
				if err := b.Put(k, record); err != nil {
					return err
				}
			}
			return nil
		})
	})
	s.batch, s.bytes = s.batch[:0], s.bytes[:0]
	return err
}

// newer reports whether a record is to take another's place. A commit that
// failed may have left its records on free pages, and their numbers went to
// later events; time never goes back within an epoch.
func newer(had, record []byte) bool {
	if had == nil {
		return true
	}
	if bytes.Equal(had, record) {
		return false
	}
	a, errA := parseRecord(had)
	b, errB := parseRecord(record)
	return errB == nil && (errA != nil || b.at.After(a.at))
}

// declare says what of an epoch is gone, and notes what is known of it.
func (s *salvage) declare(name, epoch string, m mark) (Rescued, error) {
	r := Rescued{File: name, Epoch: epoch}
	known := bounds{first: 1}
	if b := s.ranges[epoch]; b != nil {
		known.last = b.last
	}
	if m.last > 0 {
		known.first = max(1, m.first)
	}
	known.last = max(known.last, m.last)
	if s.aside.epoch == epoch {
		known.last = max(known.last, s.aside.last)
	}
	p := &Past{o: s.Outbox, epoch: epoch, kept: pastKept{Published: m.published}}
	had := s.past(epoch) // from another file
	if had != nil {
		s.mu.Lock()
		known.first, known.last = max(known.first, had.kept.First), max(known.last, had.kept.Last)
		p.kept.Published, p.kept.Confirmed = max(m.published, had.kept.Published), maps.Clone(had.kept.Confirmed)
		s.mu.Unlock()
	}
	if known.last == 0 {
		return r, nil // a log that never held anything
	}
	var gone [][2]uint64
	next := known.first
	err := s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(pastPrefix + epoch))
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			seq := seqOf(k)
			r.Events++
			if seq > next {
				gone = append(gone, [2]uint64{next, seq - 1})
			}
			next = max(next, seq+1)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	if next <= known.last {
		gone = append(gone, [2]uint64{next, known.last})
	}
	p.kept.First, p.kept.Last, p.kept.Held = min(known.first, known.last), known.last, r.Events
	p.kept.Published = min(p.kept.Published, known.last)
	entries := make([]scan.Entry, 0, len(gone))
	for _, g := range gone {
		r.Lost += g[1] - g[0] + 1
		entries = append(entries, &scan.Loss{Epoch: epoch, From: g[0], To: g[1], Reason: "the station's file was damaged: " + name})
	}
	if s.from > 0 && epoch == s.aside.epoch {
		for _, e := range entries {
			e.(*scan.Loss).Reason = "the station went on from an old copy of its disk"
		}
	}
	if had != nil && had.kept.Last == known.last && had.kept.Held == r.Events {
		return r, nil // it is known, and was declared
	}
	// First the loss: if the power goes in between it is said twice.
	if _, errs := s.WriteAll(entries); errors.Join(errs...) != nil {
		return r, errors.Join(errs...)
	}
	return r, p.save()
}
