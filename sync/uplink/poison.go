package uplink

import (
	"context"
	"fmt"
	"time"

	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

// A broker may hang up on one event for ever: it is too large for it, or a rule
// there refuses it. MQTT 3.1.1 has no word for that, so it looks like a cable
// that somebody pulls. Such an event must hold up nothing, and an event that
// only met bad luck must not be given up. So:
//
//   - An event that was the oldest without an answer when two connections in a
//     row ended is suspected.
//   - A suspect is sent alone, behind a head that the broker acknowledged on the
//     same connection. After trials connections that ended on it, and never
//     before the head,
//   - its neighbour is sent alone, three times. If the broker takes that each
//     time, it is the event, and it is quarantined: kept here, shown, and its
//     loss declared to receivers.
//
// A line that breaks nine times in ten makes a mistake in one of a thousand
// suspects; a line that never breaks, none.
const (
	suspected  = 2
	trials     = 20
	neighbours = 3
	trialWait  = 5 * time.Second // for an answer: no answer is no verdict
)

// name is an event of any of the station's logs.
type name struct {
	epoch string
	seq   uint64
}

// suspicion is what Uplink remembers between connections.
type suspicion struct {
	last  name
	ended int // connections in a row that ended on last
	tried int // of them, alone behind a head
}

// blame notes how a connection ended: on which event, if any was under way.
func (u *Uplink) blame(on name, alone bool) {
	s := &u.suspect
	if on != s.last {
		*s = suspicion{last: on}
	}
	if on.seq == 0 {
		return
	}
	s.ended++
	if alone {
		s.tried++
	}
}

// cleared notes that the broker took events up to a number.
func (u *Uplink) cleared(epoch string, upto uint64) {
	if u.suspect.last.epoch == epoch && u.suspect.last.seq <= upto {
		u.suspect = suspicion{}
	}
}

// judge sends the suspect alone, if there is one, before anything else of this
// connection. It returns an error when the connection is over.
func (s *session) judge(ctx context.Context) error {
	suspect := s.suspect
	if suspect.ended < suspected {
		return nil
	}
	box := s.boxOf(suspect.last.epoch)
	if box == nil || suspect.last.seq <= box.Published() {
		s.suspect = suspicion{}
		return nil
	}
	// The head of this connection is under way. Without an answer to it, what
	// comes next proves nothing.
	if err := s.await(ctx, s.head); err != nil {
		return err
	}
	if err := s.headArrived(); err != nil {
		return err
	}
	if suspect.tried < trials {
		took, err := s.alone(ctx, box, suspect.last.seq)
		if took {
			s.tookAlone(box, suspect.last)
			return err
		}
		if s.link.Err() != nil {
			s.blamed = true
			s.blame(suspect.last, true)
		}
		return err
	}
	reason := fmt.Sprintf("the broker hung up on it %d times and took the one behind it", suspect.tried)
	for range neighbours {
		took, err := s.alone(ctx, box, suspect.last.seq+1)
		if err != nil {
			s.blamed = true
			u := s.Uplink
			u.suspect.tried = 0 // it is not the event
			return err
		}
		if !took {
			return nil // there is no neighbour yet, and so nothing that is held up
		}
	}
	s.o.Log.Error("no broker takes this event: it is kept here and passed over (is it larger than the broker allows?)",
		"epoch", suspect.last.epoch, "seq", suspect.last.seq, "reason", reason)
	if s.o.Poison != nil {
		s.o.Poison(suspect.last.epoch, suspect.last.seq, reason)
	}
	s.passed(suspect.last)
	s.suspect = suspicion{}
	return nil
}

// tookAlone notes that the broker took a suspect. It counts at once: on a line
// that ends behind every message, this is all the progress there is.
func (s *session) tookAlone(box reader, n name) {
	s.cleared(n.epoch, n.seq)
	if box.Published()+1 != n.seq {
		return // something unreadable lies before it, and is passed over on the usual way
	}
	box.SetPublished(n.seq)
	if l := s.behind.now; l != nil && l.epoch == n.epoch {
		l.next = max(l.next, n.seq+1) // nothing has been read yet
	}
}

// alone publishes one event and waits for the answer. It took it, or there is
// none with that number; else the error of the connection.
func (s *session) alone(ctx context.Context, box reader, seq uint64) (took bool, err error) {
	var pending *mqtt.Pending
	err = box.Read(seq, 1, func(have uint64, b []byte) error {
		if have != seq {
			return nil
		}
		var err error
		pending, err = s.link.Send(mqtt.Message{Topic: s.topics.Evt(), Payload: append([]byte(nil), b...)})
		return err
	})
	if err != nil || pending == nil {
		if s.link.Err() == nil {
			err = nil // unreadable: publishing passes over it in its own way
		}
		return false, err
	}
	if err := s.await(ctx, pending); err != nil {
		return false, err
	}
	return true, nil
}

// await waits for the broker's answer to a publish.
func (s *session) await(ctx context.Context, p *mqtt.Pending) error {
	if p == nil {
		return nil
	}
	late := time.NewTimer(trialWait)
	defer late.Stop()
	select {
	case <-p.Done():
		return p.Err()
	case <-late.C:
		return fmt.Errorf("the broker has not answered for %v", trialWait)
	case <-s.link.Done():
		return s.link.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passed lets a lane go on behind an event that is quarantined.
func (s *session) passed(n name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.poison) < 10_000 {
		s.poison[n] = true
	}
}

// poisoned reports whether an event is quarantined.
func (u *Uplink) poisoned(epoch string, seq uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.poison) > 0 && u.poison[name{epoch, seq}]
}

// poisoned are the events that were quarantined before.
func poisoned(box Outbox) map[name]bool {
	all := map[name]bool{}
	if o, ok := box.(interface{ Quarantined() []outbox.Quarantined }); ok {
		for _, q := range o.Quarantined() {
			all[name{q.Epoch, q.Seq}] = true
		}
	}
	return all
}
