package uplink

import (
	"errors"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

// arrived takes what came in. It is called by the link's goroutine and waits
// for nothing.
func (s *session) arrived(m mqtt.Message) {
	_, _, leaf, rest, ok := event.Split(m.Topic)
	if !ok || len(m.Payload) == 0 && leaf != "state" { // an empty one deletes what was retained
		return
	}
	switch leaf {
	case "req":
		// A retained request is somebody's mistake, and would come again with
		// every connection.
		if !m.Retained {
			s.requestArrived(m.Payload)
		}
	case "ack":
		s.receiptArrived(rest, m.Payload)
	case "state":
		if m.Retained {
			// Before our first connection only another life of this log can
			// have said it: an earlier process, or one that is still to be found.
			if state, err := event.ParseState(m.Payload); err == nil && !s.met {
				s.remembered(state.Epoch, state.Last)
			}
			return
		}
		s.stateArrived(m.Payload)
	case "head":
		if h, err := proof.Open(m.Payload, s.o.Key); m.Retained && err == nil && !s.met {
			s.remembered(h.Epoch, h.Seq)
		}
	}
}

func (s *session) requestArrived(payload []byte) {
	r, err := event.ParseRequest(payload)
	if err != nil {
		s.o.Log.Debug("request not understood", "err", err)
		return
	}
	if r.Head {
		nudge(s.headNow)
	}
	if r.Identify != "" && s.o.Identify != nil {
		s.o.Identify(r.Identify)
	}
	if len(r.Replay) == 0 {
		return
	}
	select {
	case s.asked <- r:
	default:
		s.o.Log.Debug("too many replay requests at once, one is dropped", "topic", s.topics.Res(r.Requester()))
	}
}

// receiptArrived moves a consumer's cursor. A bad receipt is told when the one
// before was fine: what is wrong may differ each time, at a stranger's whim.
func (s *session) receiptArrived(consumer string, payload []byte) {
	a, err := event.ParseAck(payload)
	if err == nil {
		err = s.o.Outbox.Confirm(consumer, a.Epoch, s.withoutHole(a))
	}
	s.mu.Lock()
	bad, known := s.receipts[consumer]
	if known || len(s.receipts) < 100 {
		s.receipts[consumer] = err != nil
	} else {
		bad = true // strangers can invent names
	}
	s.mu.Unlock()
	if err != nil && !bad {
		s.o.Log.Warn("receipt not taken", "topic", s.topics.Ack(consumer), "err", err)
	}
}

// withoutHole is the number up to which the consumer has everything that is
// still to be had: what was trimmed or is damaged here keeps nothing back.
func (s *session) withoutHole(a event.Ack) uint64 {
	upto := a.Upto
	if len(a.Missing) == 0 || a.Epoch != s.o.Outbox.Epoch() {
		return upto
	}
	first := s.o.Outbox.Stats().First
	for _, m := range a.Missing {
		for seq := max(m[0], first); seq <= min(m[1], upto); {
			err := s.o.Outbox.Read(seq, 1, func(have uint64, _ []byte) error { seq = have; return errPast })
			var damaged *outbox.DamagedError
			if errors.As(err, &damaged) && damaged.Seq >= seq {
				seq = damaged.Seq + 1
				continue
			}
			if seq <= m[1] {
				upto = min(upto, seq-1)
			}
			break
		}
	}
	return upto
}

// stateArrived looks at what is said in our name. A late will of an earlier
// connection would stand there, retained, until the next birth, and so would
// what nobody can read: it is overwritten at once (see publish for how often).
func (s *session) stateArrived(payload []byte) {
	state, err := event.ParseState(payload)
	switch {
	case err != nil:
		s.o.Log.Debug("own state overwritten by something unreadable", "topic", s.topics.State(), "err", err)
		nudge(s.birthNow)
		return
	case state.Session == s.id:
		s.echoed()
		return
	case !state.Online:
		nudge(s.birthNow)
		return
	}
	s.mu.Lock()
	warned := s.doubled
	s.doubled = true
	s.mu.Unlock()
	if !warned {
		s.o.Log.Warn("another program speaks as this station (two machines with one name?)", "topic", s.topics.State())
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
