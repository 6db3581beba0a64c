package outbox

import (
	"sync"

	"scanpost/scan"
	"scanpost/sync/event"
)

// line is where those wait who want to commit. One holds the turn; when it is
// done it answers the heads that were asked for meanwhile and hands the turn
// to the first in line. There is no timer and no goroutine of its own: every
// commit is made by one of the writers that want it.
type line struct {
	sync.Mutex
	busy    bool
	closed  bool
	waiting []*turn
	taken   []*turn // of the holder: the batch
}

type turnKind int

const (
	writeTurn  turnKind = iota // an event to write; any number are written together
	headTurn                   // a head: answered between two commits
	ownersTurn                 // the file for itself: cursors, trimming, closing
)

// turn is one caller in line, with its question and, at the end, its answer.
type turn struct {
	kind  turnKind
	entry scan.Entry // nil: only see whether the clock stepped
	with  []turn     // writes that came together with this one and share its place in line

	number  scan.Number
	head    event.Head
	stepped bool // no head now: a clock step has to be written first
	err     error

	lead bool // the turn was handed over, instead of the answer
	wake chan struct{}
}

var wakers = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

// join waits in line. It returns true when t holds the turn, and then the
// caller has to pass it on; false when t has been answered.
func (o *Outbox) join(t *turn) bool {
	l := &o.line
	l.Lock()
	if l.closed {
		l.Unlock()
		t.err = ErrClosed
		return false
	}
	if !l.busy {
		l.busy = true
		l.Unlock()
		return true
	}
	t.wake = wakers.Get().(chan struct{})
	l.waiting = append(l.waiting, t)
	l.Unlock()
	<-t.wake
	wakers.Put(t.wake)
	return t.lead
}

// takeWrites are the writes of a batch: t's own and all that wait, in the
// order they came.
func (o *Outbox) takeWrites(t *turn) []*turn {
	const most = 1000 // bounds a commit; the rest is next
	l := &o.line
	l.Lock()
	defer l.Unlock()
	take := func(w *turn) {
		l.taken = append(l.taken, w)
		for i := range w.with {
			l.taken = append(l.taken, &w.with[i])
		}
	}
	l.taken = l.taken[:0]
	take(t)
	keep := l.waiting[:0]
	for _, w := range l.waiting {
		if w.kind == writeTurn && len(l.taken) < most {
			take(w)
		} else {
			keep = append(keep, w)
		}
	}
	clear(l.waiting[len(keep):])
	l.waiting = keep
	return l.taken
}

// pass gives the turn away. Heads are answered here, before the next commit
// begins, so that none waits for more than the commit that was running.
func (o *Outbox) pass() {
	l := &o.line
	l.Lock()
	defer l.Unlock()
	keep := l.waiting[:0]
	for _, w := range l.waiting {
		if w.kind != headTurn {
			keep = append(keep, w)
			continue
		}
		if l.closed {
			w.err = ErrClosed
		} else {
			o.serveHead(w)
		}
		w.wake <- struct{}{}
	}
	if l.closed {
		for _, w := range keep {
			w.err = ErrClosed
			w.wake <- struct{}{}
		}
		keep = keep[:0]
	}
	clear(l.waiting[len(keep):])
	l.waiting = keep
	if len(keep) == 0 {
		l.busy = false
		return
	}
	next := keep[0]
	l.waiting = append(l.waiting[:0], keep[1:]...)
	l.waiting[:len(keep)][len(keep)-1] = nil
	next.lead = true
	next.wake <- struct{}{}
}

// alone runs f while nobody else commits.
func (o *Outbox) alone(f func() error) error {
	t := &turn{kind: ownersTurn}
	if !o.join(t) {
		return t.err
	}
	defer o.pass()
	return f()
}
