package uplink

import (
	"context"
	"fmt"
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

	live   lane    // what is written from now on
	behind backlog // what was written before

	blamed bool          // it is known which event ended this connection
	echo   chan struct{} // closed when our birth came back to us

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
		echo: make(chan struct{}),
	}
	s.behind.ended = u.o.Outbox.Stats().Last
	s.live = s.lane(u.o.Outbox, u.o.Outbox.Epoch())
	s.live.next = s.behind.ended + 1
	s.behind.begin(s)
	if err := s.subscribe(ctx); err != nil {
		return err
	}
	if err := s.sendBirth(); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	if err := s.sendHead(); err != nil {
		return err
	}
	err := s.judge(ctx)
	if err != nil {
		if !s.blamed {
			u.blame(name{}, false)
		}
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
	err = s.publish(running)
	stop(nil)
	beside.Wait()
	if ctx.Err() == nil {
		s.suspectOldest()
	}

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
	if err := s.link.Subscribe(ctx, s.arrived, s.topics.State(), s.topics.Head()); err != nil {
		if s.link.Err() != nil || ctx.Err() != nil {
			return err
		}
		s.o.Log.Debug("own state not readable", "err", err)
		s.echoed() // it will not come back
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
		if err := s.fill(); err != nil {
			return err
		}
		if len(s.live.sent) >= s.live.window {
			wrote = nil
		}
		select {
		case <-s.behind.oldest():
			if err := s.collectBehind(); err != nil {
				return err
			}
		case <-s.behind.pace.wait():
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
			s.behind.more(s)
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

// fill sends what is new, and then of what is old as much as there is room for.
func (s *session) fill() error {
	if err := s.live.fill(); err != nil {
		return err
	}
	return s.behind.fill(s)
}

// collect moves the cursor over what was acknowledged. While there is a backlog
// it stays behind that: after a lost connection some events are sent twice.
func (s *session) collect() error {
	upto, err := s.live.collect()
	if upto > 0 {
		s.behind.upto = upto
		s.cleared(s.live.epoch, upto)
		if s.behind.done && upto > s.o.Outbox.Published() {
			s.o.Outbox.SetPublished(upto)
		}
	}
	return err
}

// collectBehind does the same for the backlog.
func (s *session) collectBehind() error {
	l := s.behind.now
	upto, err := l.collect()
	if upto > 0 {
		l.box.SetPublished(upto)
		s.cleared(l.epoch, upto)
	}
	return err
}

// settle takes what a lost connection had acknowledged before it was lost: on
// a line that breaks every few seconds, that is all the progress there is.
func (s *session) settle() {
	for s.link.Err() != nil && len(s.live.sent) > 0 {
		<-s.live.oldest() // each ends with its connection
		if s.collect() != nil {
			break
		}
	}
	for s.link.Err() != nil && s.behind.now != nil && len(s.behind.now.sent) > 0 {
		<-s.behind.oldest()
		if s.collectBehind() != nil {
			return
		}
	}
}

// suspectOldest remembers which event the connection ended on.
func (s *session) suspectOldest() {
	if s.blamed {
		return
	}
	on := name{}
	for _, l := range []*lane{s.behind.now, &s.live} {
		if l != nil && on.seq == 0 && len(l.sent) > 0 {
			on = name{l.epoch, l.sent[0].seq}
		}
	}
	s.blame(on, false)
}

// settled waits until the broker has told what it remembers of us, on the first
// connection of a process, as far as that is to be had: if another life of this
// log has used numbers that come next here, none of ours must be sent.
func (s *session) settled(ctx context.Context) error {
	if s.met || s.o.Settle <= 0 {
		return nil
	}
	late := time.NewTimer(s.o.Settle)
	defer late.Stop()
	select {
	case <-s.echo:
	case <-late.C: // it does not let us read what we say
	case <-s.link.Done():
		return s.link.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.met = true
	s.mu.Lock()
	upto := s.elsewhere
	s.mu.Unlock()
	if upto <= s.began || s.o.Superseded == nil {
		return nil
	}
	s.o.Log.Error("the broker knows newer numbers of this log than its file had: somebody went on from an old image of the disk",
		"epoch", s.o.Outbox.Epoch(), "seq", s.began, "upto", upto)
	s.o.Superseded(s.o.Outbox.Epoch(), s.began+1, upto)
	<-ctx.Done() // nothing is sent until this log has been given up
	return context.Cause(ctx)
}

// echoed notes that what we say comes back to us, and with it all that was
// kept before.
func (s *session) echoed() {
	select {
	case <-s.echo:
	default:
		close(s.echo)
	}
}

// remembered notes what the broker kept of this log from another life of it.
func (s *session) remembered(epoch string, last uint64) {
	if epoch != s.o.Outbox.Epoch() {
		return
	}
	s.mu.Lock()
	s.elsewhere = max(s.elsewhere, last)
	s.mu.Unlock()
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
	if s.live.stuck(s.o.AckWait) || s.behind.now.stuck(s.o.AckWait) || s.head != nil && time.Since(s.headSince) > s.o.AckWait {
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
	if online && !s.behind.done {
		state.Backlog = [][2]uint64{{published + 1, s.behind.ended}}
	}
	state.Unconfirmed = s.Silent()
	for _, p := range s.pasts() {
		held := p.Stats()
		state.Pasts = append(state.Pasts, event.Past{Epoch: p.Epoch(), First: held.First, Last: held.Last})
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
	s.live.limit = max(s.behind.upto, s.behind.ended) + uint64(2*s.o.Window)
	s.behind.limit(s.o.Outbox.Published() + uint64(2*s.o.Window))
	for {
		if err := s.fill(); err != nil {
			return
		}
		if s.live.idle() && s.behind.resting() {
			break
		}
		select {
		case <-s.live.oldest():
			if err := s.collect(); err != nil {
				return
			}
			continue
		case <-s.behind.oldest():
			if err := s.collectBehind(); err != nil {
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
