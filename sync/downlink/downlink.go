// Package downlink hears other stations: broker to ledger to floor.
//
// Nothing is told to the floor that is not on disk, and nothing is confirmed
// to a station that is not on disk. What does not arrive is noticed by its
// number and asked for:
//
//	evt, res  ->  ledger  ->  floor.Observe, each event once
//	head      ->  waits until every event below it is held or lost  ->  floor.Covered
//	state     ->  floor.Birth; says which numbers exist
//	a hole that does not move for the reorder time  ->  req to the station  ->  res
//	what the station no longer holds  ->  floor.Lost
//	ack       <-  the contiguous mark, if we are a consumer
//
// One goroutine does all of it, the one that calls [Downlink.Session]: it
// takes everything that has arrived, commits it at once and goes on. Under
// load the batches grow by themselves; a lone event never waits for company.
//
// A hole is asked for only when its lower end stands still. After an outage a
// station sends what is new first and its backlog behind it, which looks like
// one large hole that fills from below; asking for that as well would send
// everything twice just when the link is busiest.
//
// A head is believed if it is signed with the key that the station's first
// birth named. Its root is not compared with the bytes held here yet; the
// notes are kept, so that it can be.
package downlink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
)

// Floor is what is told of what was heard; [scan.Floor] in all but tests.
type Floor interface {
	Observe(ev scan.Event, arrived time.Time)
	Birth(station string, checkpoints []string, devices []scan.DeviceView, session, version string, online, signedOff bool, arrived time.Time)
	HeadArrived(station string, at, arrived time.Time)
	Covered(station, epoch string, seq uint64, at, arrived time.Time, offset time.Duration, live bool)
	Known(station, epoch string, first, last, stored uint64)
	Lost(station, epoch string, from, to uint64, after, till time.Time)
	Offset(station string) (time.Duration, bool)
}

// Options say for whom a downlink listens.
type Options struct {
	Site      string
	Self      string // own name: what it says itself comes from its outbox and not from here
	Consumer  string // if set, stations get receipts in this name
	Requester string // names the topic of replay answers; Self if empty
	Ledger    *ledger.Ledger
	Floor     Floor
	Log       *slog.Logger
	Now       func() time.Time // time.Now if nil
	Reorder   time.Duration    // how long a hole may stand still before it is asked for; 1 s if zero
}

const (
	defaultReorder = time.Second
	answerWait     = 10 * time.Second // without a sign of an answer, a request is taken for lost
	firstBackoff   = time.Second      // after a request that brought nothing
	longBackoff    = time.Minute
	emptyAnswers   = 3 // in a row, until what was asked for is given up
	maxRanges      = 100
	maxReplay      = 10_000
	watchedHoles   = 1000 // the lowest; the others have their turn
	receiptEvents  = 50
	receiptWait    = time.Second
	headsWaiting   = 16
	headEvery      = 500 * time.Millisecond // AskHead, per station
	flushEvery     = 30 * time.Second
	storePause     = 10 * time.Second // no requests for this long after the disk refused
	reserved       = "board"
)

// Downlink hears other stations. Make one with [New], call [Downlink.Load]
// once, then [Downlink.Session] for every connection.
type Downlink struct {
	o Options

	session  sync.Mutex // held by the one session that runs; owns what follows
	stations map[string]*station
	up       link
	flushed  time.Time
	pause    time.Time // no requests before: the disk refused
	full     bool      // the disk refuses; said once
	serial   uint64    // of the last request
	boot     string    // before it: an answer to an earlier process is not one to us
	storing  func([]ledger.Raw) ([]ledger.Heard, []ledger.Refused, error)

	mu     sync.Mutex // AskHead and Counts come from elsewhere
	asking link       // nil while there is no session
	asked  map[string]time.Time
	counts Counts
	offers map[string]Offer // keys that wait for a person's decision, by station
	ours   chan func()      // what others want done between two looks
}

// Counts are totals since the start.
type Counts struct {
	Events      uint64 // stored for the first time
	Repeats     uint64 // arrived again
	Unreadable  uint64 // messages that are not what their topic says
	WrongSource uint64 // events of one station on another's topic
	Conflicts   uint64 // events with a number that another one has
	BadHeads    uint64 // heads with a bad signature, or of another key
	Requests    uint64 // replays asked for
	Unanswered  uint64 // of them, without an answer
	Lost        uint64 // numbers given up
	StoreErrors uint64 // batches the disk refused
}

// link is what a session needs of a connection.
type link interface {
	Subscribe(ctx context.Context, handler func(mqtt.Message), filters ...string) error
	Done() <-chan struct{}
	Err() error
	send(mqtt.Message) error // starts a publish; what is lost is noticed later and said again
}

type realLink struct{ *mqtt.Link }

func (l realLink) send(m mqtt.Message) error {
	_, err := l.Send(m)
	return err
}

// New makes a downlink.
func New(o Options) (*Downlink, error) {
	if o.Requester == "" {
		o.Requester = o.Self
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Reorder <= 0 {
		o.Reorder = defaultReorder
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for what, name := range map[string]string{"site": o.Site, "requester": o.Requester} {
		if !event.ValidName(name) {
			return nil, fmt.Errorf("downlink: %s %q: want 1 to 40 of a-z, 0-9 and -", what, name)
		}
	}
	if o.Consumer != "" && !event.ValidName(o.Consumer) {
		return nil, fmt.Errorf("downlink: consumer %q: want 1 to 40 of a-z, 0-9 and -", o.Consumer)
	}
	return &Downlink{
		o: o, stations: map[string]*station{}, asked: map[string]time.Time{},
		offers: map[string]Offer{}, ours: make(chan func()),
		boot: rand.Text()[:10], storing: o.Ledger.Store,
	}, nil
}

// Session listens on a connection until it ends or the context is done. It
// can share the connection with others. One session runs at a time.
func (d *Downlink) Session(ctx context.Context, l *mqtt.Link) error {
	return d.run(ctx, realLink{l})
}

func (d *Downlink) run(ctx context.Context, l link) error {
	d.session.Lock()
	defer d.session.Unlock()
	d.begin(l)
	defer d.end()

	q := newQueue()
	defer q.close()
	handler := func(m mqtt.Message) { q.put(message{m, d.o.Now()}, l.Done()) }
	err := l.Subscribe(ctx, handler,
		event.Filter(d.o.Site, "evt"), event.Filter(d.o.Site, "state"), event.Filter(d.o.Site, "head"),
		event.Filter(d.o.Site, "res/"+d.o.Requester))
	if err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-q.more:
		case <-timer.C:
		case do := <-d.ours:
			do()
		case <-l.Done():
			d.take(q.all()) // it is here, so it need not be sent again
			if err := l.Err(); err != nil {
				return err
			}
			return errors.New("the connection ended")
		case <-ctx.Done():
			d.take(q.all())
			return context.Cause(ctx)
		}
		d.take(q.all())
		now := d.o.Now()
		if next := d.sweep(now); !next.IsZero() {
			timer.Reset(max(0, next.Sub(now)))
		}
	}
}

// begin forgets what was under way on the connection before: requests,
// answers and receipts may have been lost with it.
func (d *Downlink) begin(l link) {
	d.up = l
	d.mu.Lock()
	d.asking = l
	d.mu.Unlock()
	for _, st := range d.stations {
		for _, s := range st.streams {
			s.ask, s.stuck = nil, nil
			s.backoff, s.notBefore = 0, time.Time{}
			s.receipt = receipt{urgent: true}
		}
	}
}

func (d *Downlink) end() {
	d.mu.Lock()
	d.asking = nil
	d.mu.Unlock()
	d.up = nil
	if err := d.o.Ledger.Flush(); err != nil {
		d.o.Log.Warn("newest heads not written, they come again", "err", err)
	}
}

// AskHead asks a station for a fresh head now, for a verdict that waits for
// it. It reports whether it asked: not more than twice a second, and not
// without a connection.
func (d *Downlink) AskHead(station string) bool {
	now := d.o.Now()
	d.mu.Lock()
	l, before := d.asking, d.asked[station]
	if l == nil || !event.ValidName(station) || !before.IsZero() && now.Sub(before) < headEvery {
		d.mu.Unlock()
		return false
	}
	d.asked[station] = now
	d.mu.Unlock()
	req := event.Request{ID: d.o.Requester + "-head", From: d.o.Requester, Head: true}
	// A stuck line can take ten seconds to be found out, and a scan waits here.
	go l.send(mqtt.Message{Topic: d.topics(station).Req(), Payload: req.JSON()})
	return true
}

// Counts are the totals so far.
func (d *Downlink) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

func (d *Downlink) count(add func(*Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	add(&d.counts)
}

func (d *Downlink) topics(station string) event.Topics {
	return event.Topics{Site: d.o.Site, Station: station}
}
