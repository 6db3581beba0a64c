// Package uplink carries a station's outbox to the broker, for as long as the
// station runs.
//
// What it promises:
//
//   - Events are published in ascending order, their stored bytes unchanged,
//     in a window of unacknowledged publishes. The published cursor moves over
//     what the broker acknowledged without a hole, and over nothing else. Any
//     end of the connection discards the window and starts again behind the
//     cursor: a receiver may see an event twice and never loses one.
//   - An event that the broker answers by hanging up is tried again for ever,
//     at the distances of [mqtt.Keep]. It is not ours to forget.
//   - Who listens knows how far we are: a birth at each connection with a will
//     of the same session, a signed head every two seconds also when nothing
//     happens, and a goodbye when the station is switched off in order. What
//     anybody else leaves in the birth's place is overwritten within a second.
//   - Replay requests are answered beside live publishing, from the same bytes.
//   - Receipts move the confirmed cursors; what all required consumers have
//     confirmed is trimmed once a minute, whether there is a connection or not.
//
// Order of things in a connection: subscribe, birth, head, then events. The
// subscriptions come first so that whoever answers a birth with a request is
// heard.
//
// The life of one connection is on one page in session.go; lane.go is the
// window; replay.go the answers.
package uplink

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

// Outbox is what the uplink needs of one; *[outbox.Outbox] is it.
type Outbox interface {
	Epoch() string
	Stats() outbox.Stats
	Head() (event.Head, []byte, error)
	Wrote() <-chan struct{}
	Read(from uint64, max int, fn func(seq uint64, b []byte) error) error
	Published() uint64
	SetPublished(seq uint64)
	Confirm(consumer, epoch string, upto uint64) error
	Trim(now time.Time, required []string) (int, error)
}

// Options say what to carry where.
type Options struct {
	Site, Station string
	Outbox        Outbox
	Link          mqtt.Options // Will and Prepare are the uplink's
	Log           *slog.Logger
	Now           func() time.Time // wall clock for births and trimming; time.Now if nil

	// For the birth.
	Checkpoints []string
	Devices     func() []event.Device // nil for none; call [Uplink.Changed] when it would say something else
	Clock       func() event.Clock    // nil if not known
	Version     string
	Key         string // verifier key of the heads

	Required []string // consumers whose receipts let events be trimmed; the board unless given

	// Status is told when the broker is there or not, and why not.
	Status func(up bool, why string)
	// Beside, if given, runs beside each session on the same link, such as a
	// downlink's session. If it fails the session ends, and begins anew.
	Beside func(context.Context, *mqtt.Link) error
	// Identify is asked to let a device blink.
	Identify func(device string)
	// Damaged is told once of each event whose bytes can not be read any more,
	// so that its loss can be declared. Publishing goes on behind it.
	Damaged func(seq uint64)
	// Goodbye, if given, cuts the goodbye short when it is done: the second
	// interrupt.
	Goodbye context.Context

	// Poison is told of an event that no broker takes, so that it can be kept
	// aside, shown, and declared lost to receivers.
	Poison func(epoch string, seq uint64, reason string)
	// Superseded is told if numbers of this log have been given by another life
	// of it: from is the first that is used twice, last the newest known there.
	// Nothing is sent until the context of Run has ended.
	Superseded func(epoch string, from, last uint64)

	Window     int           // unacknowledged publishes; 64
	Pace       int           // events of a backlog a second; 0 for as many as the link takes
	Settle     time.Duration // for the broker to say what it remembers of us, once; 0 for not asking
	HeadEvery  time.Duration // 2 s
	BirthEvery time.Duration // at the latest; 60 s
	TrimEvery  time.Duration // 60 s
	AckWait    time.Duration // for the oldest publish, before the connection is given up; 30 s
}

// goodbyeWait bounds the goodbye.
const goodbyeWait = 2 * time.Second

// Uplink is one station's way to its broker.
type Uplink struct {
	o       Options
	topics  event.Topics
	changed chan struct{}
	session string    // of the next or present connection; Keep's goroutine only
	suspect suspicion // Keep's goroutine only
	began   uint64    // the newest number when this process began
	met     bool      // the broker has told what it remembers

	mu        sync.Mutex
	damaged   map[uint64]bool      // told of
	receipts  map[string]bool      // by consumer, whether its last receipt was bad
	heard     map[string]time.Time // when a required consumer last confirmed something new, or had nothing to confirm,
	upto      map[string]uint64    // and what it had confirmed then
	silent    []string             // required consumers that confirm nothing
	poison    map[name]bool        // quarantined
	elsewhere uint64               // the newest number that the broker remembers of another life of this log
	doubled   bool                 // warned that somebody else speaks as this station
}

// New makes an uplink. Nothing happens before Run.
func New(o Options) *Uplink {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Goodbye == nil {
		o.Goodbye = context.Background()
	}
	if len(o.Required) == 0 {
		o.Required = []string{"board"}
	}
	if o.Window <= 0 {
		o.Window = 64
	}
	o.HeadEvery = orElse(o.HeadEvery, 2*time.Second)
	o.BirthEvery = orElse(o.BirthEvery, time.Minute)
	o.TrimEvery = orElse(o.TrimEvery, time.Minute)
	o.AckWait = orElse(o.AckWait, 30*time.Second)
	return &Uplink{
		o: o, topics: event.Topics{Site: o.Site, Station: o.Station}, changed: make(chan struct{}, 1),
		damaged: map[uint64]bool{}, receipts: map[string]bool{}, heard: map[string]time.Time{}, upto: map[string]uint64{}, poison: poisoned(o.Outbox),
		began: o.Outbox.Stats().Last,
	}
}

func orElse(d, usual time.Duration) time.Duration {
	if d <= 0 {
		return usual
	}
	return d
}

// Changed says that a new birth is due: a device came or went, or an older log
// was rescued, whose events are to be sent.
func (u *Uplink) Changed() {
	select {
	case u.changed <- struct{}{}:
	default:
	}
}

// Run keeps the outbox flowing until the context is done, says goodbye, and
// returns nil. It returns an error only if the options can never work.
func (u *Uplink) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var trimming sync.WaitGroup
	trimming.Go(func() { u.trim(ctx) })
	defer trimming.Wait()

	link := u.o.Link
	if link.Log == nil {
		link.Log = u.o.Log
	}
	if link.ClientID == "" {
		link.ClientID = "scanpost-" + u.o.Site + "-" + u.o.Station
	}
	// A new session for each connection: the will of an earlier one may come
	// late, and must not be taken for the end of this one.
	link.Prepare = func(o *mqtt.Options) {
		u.session = rand.Text()
		will := event.State{Session: u.session, Epoch: u.o.Outbox.Epoch()}.Will()
		o.Will = &mqtt.Message{Topic: u.topics.State(), Payload: will.JSON(), Retained: true}
	}
	err := mqtt.Keep(ctx, link, u.serve, u.status)
	if ctx.Err() != nil {
		return nil
	}
	cancel(err)
	return err
}

func (u *Uplink) status(up bool, err error) {
	why := ""
	if up {
		u.o.Log.Info("broker connected")
	} else {
		why = err.Error()
		u.o.Log.Warn("broker not connected", "reason", why)
	}
	if u.o.Status != nil {
		u.o.Status(up, why)
	}
}

// trim lets go of what everybody has, from time to time.
func (u *Uplink) trim(ctx context.Context) {
	tick := time.NewTicker(u.o.TrimEvery)
	defer tick.Stop()
	for said := ""; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		u.listen(u.o.Now())
		_, err := u.o.Outbox.Trim(u.o.Now(), u.o.Required)
		switch {
		case err == nil:
			said = ""
		case err.Error() != said: // once, not once a minute
			said = err.Error()
			u.o.Log.Warn("outbox not trimmed", "err", err)
		}
	}
}

// consumerWait is how long a required consumer may confirm nothing although the
// broker has something for it.
const consumerWait = 10 * time.Minute

// listen notes which of the required consumers have gone: nothing is trimmed
// without them, so somebody has to hear of it well before the disk is full.
func (u *Uplink) listen(now time.Time) {
	held := u.o.Outbox.Stats()
	var silent []string
	u.mu.Lock()
	for _, consumer := range u.o.Required {
		was, known := u.heard[consumer]
		if !known || held.Confirmed[consumer] >= held.Published || held.Confirmed[consumer] > u.upto[consumer] {
			u.heard[consumer], u.upto[consumer] = now, held.Confirmed[consumer]
			continue
		}
		if now.Sub(was) > consumerWait {
			silent = append(silent, consumer)
		}
	}
	before := u.silent
	u.silent = silent
	u.mu.Unlock()
	if slices.Equal(before, silent) {
		return
	}
	for _, consumer := range silent {
		if !slices.Contains(before, consumer) {
			u.o.Log.Error("a consumer that has to confirm what is sent here confirms nothing: events are kept for it (is it running? else take it out of consumers)",
				"consumer", consumer, "upto", held.Confirmed[consumer], "sent", held.Published)
		}
	}
	for _, consumer := range before {
		if !slices.Contains(silent, consumer) {
			u.o.Log.Info("a consumer confirms again", "consumer", consumer)
		}
	}
	u.Changed()
}

// Silent are the required consumers that have confirmed nothing for long.
func (u *Uplink) Silent() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.silent)
}

// tellDamaged reports an event that can not be read, once.
func (u *Uplink) tellDamaged(seq uint64, err error) {
	u.mu.Lock()
	known := u.damaged[seq]
	if len(u.damaged) < 10_000 {
		u.damaged[seq] = true
	}
	u.mu.Unlock()
	if known {
		return
	}
	u.o.Log.Error("event can not be sent", "seq", seq, "err", err)
	if u.o.Damaged != nil {
		u.o.Damaged(seq)
	}
}
