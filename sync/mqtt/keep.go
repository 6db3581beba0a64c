package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	lasting   = 10 * time.Second // a session that lasted was no accident
	closeWait = 2 * time.Second
)

// Keep connects again and again, and calls session with each connection, until
// the context is done; then it returns the context's cause. It returns at once
// if the options can never work.
//
// A session ends by returning, which closes its link. It should return when
// link.Done is closed, and soon after the context is done: the link stays open
// until then, so that it can say goodbye. What it returns is the reason given
// for the loss, unless the link itself broke.
//
// Between attempts Keep waits 0.2 s, then longer up to 10 s ([Options.Again]),
// half of it by chance, so that a hundred stations do not come back to a broker in step.
//
// Status is called when up changes, and when the reason for being down does.
// After a session that ended at once, the next counts as up only when it has
// lasted: a broker that hangs up on every publish is not a connection that
// comes and goes, it is down.
func Keep(ctx context.Context, o Options, session func(context.Context, *Link) error, status func(up bool, err error)) error {
	if err := CheckURL(o.URL); err != nil {
		return err
	}
	k := keeper{status: status}
	first := o.withDefaults().Again
	wait, short := first, 0
	for {
		attempt := o
		if o.Prepare != nil {
			o.Prepare(&attempt)
		}
		link, err := Dial(ctx, attempt)
		if err == nil {
			began := time.Now()
			k.connected(short == 0)
			err = session(ctx, link)
			if lost := link.Err(); lost != nil {
				err = lost
			}
			goodbye, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
			link.Close(goodbye)
			cancel()
			if time.Since(began) >= lasting {
				short, wait = 0, first
			} else {
				short++
			}
			if short >= 3 && err != nil {
				err = fmt.Errorf("%w, again and again (does another program use the client id %q?)", err, o.ClientID)
			}
		}
		if ctx.Err() != nil {
			k.stop()
			return context.Cause(ctx)
		}
		if err == nil {
			err = errors.New("the session ended")
		}
		k.disconnected(err)

		pause := time.NewTimer(wait/2 + rand.N(wait/2+1))
		wait = min(2*wait, 50*first)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			k.stop()
			return context.Cause(ctx)
		}
	}
}

// keeper tells status about changes.
type keeper struct {
	mu     sync.Mutex
	status func(bool, error)
	up     bool
	why    string
	steady *time.Timer // will call it up; nil if not waiting
}

func (k *keeper) connected(now bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now {
		k.say(true, nil)
		return
	}
	var steady *time.Timer
	steady = time.AfterFunc(lasting, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.steady == steady {
			k.steady = nil
			k.say(true, nil)
		}
	})
	k.steady = steady
}

func (k *keeper) disconnected(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settle()
	k.say(false, err)
}

func (k *keeper) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settle()
}

func (k *keeper) settle() {
	if k.steady != nil {
		k.steady.Stop()
		k.steady = nil
	}
}

func (k *keeper) say(up bool, err error) {
	why := ""
	if err != nil {
		why = err.Error()
	}
	if k.status == nil || up == k.up && why == k.why {
		return
	}
	k.up, k.why = up, why
	k.status(up, err)
}
