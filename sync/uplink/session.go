package uplink

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
)

// session is one connection's life.
type session struct {
	*Uplink
	link  *mqtt.Link
	id    string
	since time.Time
	live  lane

	asked    chan event.Request // replays
	headNow  chan struct{}
	birthNow chan struct{}

	head       *mqtt.Pending // the newest head; nil when it has arrived
	headSince  time.Time
	headWanted bool // another one, when it has
}

// serve is one connection: it returns when the connection is lost, or after
// the goodbye when the context is done.
func (u *Uplink) serve(ctx context.Context, link *mqtt.Link) error {
	s := &session{
		Uplink: u, link: link, id: u.session, since: u.o.Now(),
		asked: make(chan event.Request, 64), headNow: make(chan struct{}, 1), birthNow: make(chan struct{}, 1),
		live: lane{
			link: link, topic: u.topics.Evt(), box: u.o.Outbox, window: u.o.Window, broken: u.tellDamaged,
			next: u.o.Outbox.Published() + 1, limit: math.MaxUint64,
		},
	}
	if err := s.subscribe(ctx); err != nil {
		return err
	}
	if err := s.sendBirth(); err != nil {
		return err
	}
	if err := s.sendHead(); err != nil {
		return err
	}

	running, stop := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { s.replay(running) })
	if u.o.Beside != nil {
		beside.Go(func() {
			if err := u.o.Beside(running, link); err != nil {
				stop(err)
			}
		})
	}
	err := s.publish(running)
	stop(nil)
	beside.Wait()

	if ctx.Err() != nil {
		s.goodbye()
	}
	return err
}

func (s *session) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.AckWait, fmt.Errorf("the broker does not answer for %v", s.o.AckWait))
	defer cancel()
	// Our own state is watched for a late will (see stateArrived). A broker
	// that does not let us read it is no reason to be silent.
	if err := s.link.Subscribe(ctx, s.arrived, s.topics.State()); err != nil {
		if s.link.Err() != nil || ctx.Err() != nil {
			return err
		}
		s.o.Log.Debug("own state not readable", "err", err)
	}
	return s.link.Subscribe(ctx, s.arrived, s.topics.Req(), s.topics.Ack("+"))
}

// publish keeps the window full until the connection or the context ends.
func (s *session) publish(ctx context.Context) error {
	defer s.settle()
	heads, births := time.NewTicker(s.o.HeadEvery), time.NewTicker(s.o.BirthEvery)
	defer heads.Stop()
	defer births.Stop()
	// What stands in our name and is not ours is overwritten at once, but not
	// more than once a second: whoever can write there can do so without end.
	birthNow, breath := s.birthNow, s.o.BirthEvery/60
	var rested <-chan time.Time
	for {
		wrote := s.o.Outbox.Wrote() // before looking, so that none is missed
		if err := s.live.fill(); err != nil {
			return err
		}
		if len(s.live.sent) >= s.live.window {
			wrote = nil
		}
		select {
		case <-s.live.oldest():
			if err := s.collect(); err != nil {
				return err
			}
		case <-wrote:
		case <-heads.C:
			if err := s.stuck(); err != nil {
				return err
			}
			if err := s.sendHead(); err != nil {
				return err
			}
		case <-s.headNow:
			if err := s.sendHead(); err != nil {
				return err
			}
		case <-done(s.head):
			if err := s.headArrived(); err != nil {
				return err
			}
		case <-births.C:
			if err := s.sendBirth(); err != nil {
				return err
			}
		case <-s.changed:
			if err := s.sendBirth(); err != nil {
				return err
			}
		case <-birthNow:
			if err := s.sendBirth(); err != nil {
				return err
			}
			birthNow, rested = nil, time.After(breath)
		case <-rested:
			birthNow, rested = s.birthNow, nil
		case <-s.link.Done():
			return s.link.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// collect moves the cursor over what was acknowledged.
func (s *session) collect() error {
	upto, err := s.live.collect()
	if upto > 0 {
		s.o.Outbox.SetPublished(upto)
	}
	return err
}

// settle takes what a lost connection had acknowledged before it was lost: on
// a line that breaks every few seconds, that is all the progress there is.
func (s *session) settle() {
	for s.link.Err() != nil && len(s.live.sent) > 0 {
		<-s.live.oldest() // each ends with its connection
		if s.collect() != nil {
			return
		}
	}
}

func done(p *mqtt.Pending) <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.Done()
}

// stuck says that the broker takes messages and acknowledges none. Its pings
// may be in order; a new connection is the one thing that can help.
func (s *session) stuck() error {
	if len(s.live.sent) > 0 && time.Since(s.live.since) > s.o.AckWait || s.head != nil && time.Since(s.headSince) > s.o.AckWait {
		return fmt.Errorf("the broker has acknowledged nothing for %v", s.o.AckWait)
	}
	return nil
}

// sendBirth says that we are here. Births are few and not waited for: what
// becomes of them is seen at the next.
func (s *session) sendBirth() error {
	_, err := s.link.Send(mqtt.Message{Topic: s.topics.State(), Payload: s.state(true).JSON(), Retained: true})
	return err
}

func (s *session) state(online bool) event.State {
	held := s.o.Outbox.Stats()
	published := s.o.Outbox.Published()
	state := event.State{
		Online: online, Session: s.id, Epoch: held.Epoch, First: held.First, Last: held.Last,
		Checkpoints: s.o.Checkpoints, Version: s.o.Version, Key: s.o.Key,
		Depth: int(held.Last - min(held.Last, published)), Since: s.since, At: s.o.Now(),
	}
	if s.o.Devices != nil {
		state.Devices = s.o.Devices()
	}
	if s.o.Clock != nil {
		state.Clock = s.o.Clock()
	}
	return state
}

// sendHead says how far the log goes. One head is under way at a time: if the
// link is slow, an old one is worth less than the next.
func (s *session) sendHead() error {
	if s.head != nil {
		s.headWanted = true
		return nil
	}
	_, note, err := s.o.Outbox.Head()
	if err != nil {
		// Events that are saved leave all the same: a full disk is emptied by
		// the receipts for them.
		s.o.Log.Debug("no head", "err", err)
		return nil
	}
	if len(note) == 0 {
		return nil // no key, so nothing to state
	}
	s.head, err = s.link.Send(mqtt.Message{Topic: s.topics.Head(), Payload: note, Retained: true})
	s.headSince = time.Now()
	return err
}

func (s *session) headArrived() error {
	err := s.head.Err()
	s.head = nil
	if err == nil && s.headWanted {
		s.headWanted = false
		return s.sendHead()
	}
	return err
}

// goodbye finishes the window, and one more if something was written last, as
// far as the broker answers; then it says that we went in order. What does not
// leave now waits on disk.
func (s *session) goodbye() {
	ctx, cancel := context.WithTimeout(s.o.Goodbye, goodbyeWait)
	defer cancel()
	defer s.link.Close(ctx)

	events, enough := context.WithTimeout(ctx, goodbyeWait*3/4) // leave time for the last word
	defer enough()
	s.live.limit = s.o.Outbox.Published() + uint64(2*s.o.Window)
	for {
		if err := s.live.fill(); err != nil {
			return
		}
		if s.live.idle() {
			break
		}
		select {
		case <-s.live.oldest():
			if err := s.collect(); err != nil {
				return
			}
			continue
		case <-events.Done():
		case <-s.link.Done():
			return
		}
		break
	}
	s.head = nil
	if err := s.sendHead(); err != nil {
		s.o.Log.Debug("no last head", "err", err)
	}
	last := s.state(false)
	last.SignedOff = true
	if err := s.link.Publish(ctx, mqtt.Message{Topic: s.topics.State(), Payload: last.JSON(), Retained: true}); err != nil {
		s.o.Log.Debug("no goodbye", "err", err)
	}
}
