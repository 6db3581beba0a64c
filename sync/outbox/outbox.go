// Package outbox keeps a station's numbered events on disk until everyone who
// has to has confirmed them.
//
// The promise: when [Outbox.Write] returns a number, the event is synced to
// disk under that number, and no power cut, crash or full disk takes it away
// or leaves a hole before it. Numbers count from 1 within an epoch, and the
// epoch is random, made with the file: a wiped disk can not continue an old
// log. The bytes that are stored are the ones that are published, hashed and
// signed for; nothing is ever edited.
//
// How it is kept:
//
//	events   seq -> event bytes, then a trailer: tree hashes, time   (record.go)
//	hashes   seq -> tree hashes of an event that was trimmed
//	state    newest number and time, published cursor, receipts      small enough to lie within
//	log      epoch, site, station                                    the root page itself
//
// Keys are big-endian numbers and only ever grow, so pages are filled to the
// brim. An event's hashes lie beside it: one more bucket would be one more
// page to write for every scan. So a commit touches the pages that a bare
// bbolt commit of the same bytes touches.
//
// Concurrent writers share a commit, and a lone one does not wait: whoever
// comes first commits at once; those who come meanwhile are taken together by
// the first of them (line.go). Number and time are taken under the same turn,
// and a head too, so that a head can say "everything up to this time".
//
// The file's list of free pages is written with every commit while it is
// short, since without it a start has to read the whole file. After a large
// backlog was trimmed it is long, and would be the largest part of every
// commit; then it is left out until it has shrunk or the outbox is closed. Only
// a crash just then costs a slower start.
package outbox

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// Options say whose outbox it is.
type Options struct {
	Site, Station string           // both empty: whatever an existing file says, also if it is a copy: for looking, not for writing
	Now           func() time.Time // the wall clock, with its monotonic reading; time.Now if nil
	Limits        Limits           // what may wait here
	Retention     time.Duration    // confirmed events are kept at least this long
	Signer        *proof.Signer    // signs heads; without one they are not signed
	Log           *slog.Logger
	NoSync        bool // do not sync. For filling benchmarks only, never for scans
}

// What callers can branch on.
var (
	ErrClosed  = errors.New("the outbox is closed")
	ErrInUse   = errors.New("another scanpost process uses the folder")
	ErrDamaged = errors.New("the file is damaged")
	ErrCopy    = errors.New("the file is a copy")
	ErrEpoch   = errors.New("the receipt is for another epoch")
	ErrAhead   = errors.New("the receipt is for numbers that were never given")
)

// Outbox is one open outbox file. Its methods may be called from anywhere.
type Outbox struct {
	dir, path     string
	site, station string
	epoch         string
	signer        *proof.Signer
	retention     time.Duration
	limits        Limits
	looking       bool // opened to look into it: a copy is as good as its original
	noSync        bool
	log           *slog.Logger
	reading       func() reading

	db    *bbolt.DB
	file  *os.File // bbolt's
	owner *owner   // the lock on the folder

	line line

	// What only the holder of the turn touches.
	broken  atomic.Pointer[error] // once bbolt panicked its locks can not be trusted
	clock   clock
	edge    *proof.Edge // of what is committed
	trial   *proof.Edge // of what is being committed
	buf     []byte      // the records being committed
	hashes  []proof.Hash
	commits int
	agedAt  time.Time // when oldest was looked up
	oldest  time.Time

	mu          sync.Mutex
	state       state
	changes     uint64 // of published and confirmed, counted
	saved       uint64 // the value of changes that is on disk
	confirmedAt uint64 // the value of changes when a receipt last came
	wrote       chan struct{}
	pasts       []*Past // by epoch

	trimming sync.Mutex
	changed  chan struct{} // wakes keep
	quit     chan struct{}
	kept     sync.WaitGroup
}

// state is what is committed, for whoever asks. It is guarded by Outbox.mu.
type state struct {
	first, last uint64 // first is last+1 when no event is held
	lastAt      time.Time
	published   uint64
	confirmed   map[string]uint64
}

// Stats says how full the outbox is.
type Stats struct {
	Site, Station     string
	Epoch             string
	First             uint64    // oldest number held; Last+1 if none is
	Last              uint64    // newest number given
	LastAt            time.Time // its time
	Published         uint64
	Confirmed         map[string]uint64 // per consumer
	OldestUnconfirmed time.Time         // zero if all are confirmed; without consumers, all are unconfirmed
	Size              int64             // of the file
	Unused            int64             // of it, free for new events
}

// Stats says how full the outbox is.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	s := Stats{
		Site: o.site, Station: o.station, Epoch: o.epoch,
		First: o.state.first, Last: o.state.last, LastAt: o.state.lastAt,
		Published: o.state.published, Confirmed: maps.Clone(o.state.confirmed),
	}
	o.mu.Unlock()
	upto := ^uint64(0)
	for _, n := range s.Confirmed {
		upto = min(upto, n)
	}
	if len(s.Confirmed) == 0 {
		upto = 0
	}
	if seq := max(s.First, upto+1); upto < s.Last && seq <= s.Last {
		// Left zero if it was trimmed just now or can not be read: a figure
		// for the board is no place to find that out.
		_ = o.view(func(tx *bbolt.Tx) error {
			r, err := parseRecord(tx.Bucket(eventsBucket).Get(key(seq)))
			s.OldestUnconfirmed = r.at
			return err
		})
	}
	if info, err := os.Stat(o.path); err == nil {
		s.Size = info.Size()
	}
	if free := o.db.Stats(); free.FreePageN+free.PendingPageN > 0 {
		s.Unused = int64(free.FreePageN+free.PendingPageN) * int64(os.Getpagesize())
	}
	return s
}

// Epoch is the name of the log's present life.
func (o *Outbox) Epoch() string { return o.epoch }

// Wrote is closed at the next commit of events. Ask for it before looking
// whether there is something to do.
func (o *Outbox) Wrote() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wrote == nil {
		o.wrote = make(chan struct{})
	}
	return o.wrote
}

// Head is the station's statement of what its log holds and up to when, and
// the signed note of it. It waits for the running commit at most: number and
// time have to be taken when nothing is dated and not yet committed.
func (o *Outbox) Head() (event.Head, []byte, error) {
	t := &turn{kind: headTurn}
	for range 3 { // the clock stepped twice on the way, and it is not our day
		if o.join(t) {
			o.serveHead(t)
			o.pass()
		}
		if t.err != nil || !t.stepped {
			break
		}
		// A step is an event, and comes before a head that speaks the new time.
		if _, err := o.write(&turn{kind: writeTurn}); err != nil {
			return event.Head{}, nil, err
		}
		t = &turn{kind: headTurn}
	}
	if t.stepped {
		t.err = errors.New("make a head: the clock keeps stepping")
	}
	if t.err != nil {
		return event.Head{}, nil, t.err
	}
	if o.signer == nil {
		return t.head, nil, nil
	}
	note, err := o.signer.Sign(t.head)
	return t.head, note, err
}

// serveHead takes number, root and time. The caller holds the turn.
func (o *Outbox) serveHead(t *turn) {
	c := o.clock
	at, step := c.read(o.reading())
	if t.stepped = step != nil; t.stepped {
		return
	}
	o.clock = c
	o.clock.last = at
	o.owner.remember(o.epoch, at, o.edge.Len())
	t.head = event.Head{
		Site: o.site, Station: o.station, Epoch: o.epoch,
		Seq: o.edge.Len(), Root: o.edge.Root(), At: at,
	}
}

// number is the event's place, for the caller of Write.
func (o *Outbox) number(seq uint64, at time.Time) scan.Number {
	return scan.Number{Epoch: o.epoch, Seq: seq, At: at}
}
