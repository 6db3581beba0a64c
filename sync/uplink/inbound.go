package uplink

import (
	"scanpost/sync/event"
	"scanpost/sync/mqtt"
)

// arrived takes what came in. It is called by the link's goroutine and waits
// for nothing.
func (s *session) arrived(m mqtt.Message) {
	_, _, leaf, rest, ok := event.Split(m.Topic)
	if !ok || len(m.Payload) == 0 { // an empty one deletes what was retained
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
		if !m.Retained {
			s.stateArrived(m.Payload)
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

func (s *session) receiptArrived(consumer string, payload []byte) {
	a, err := event.ParseAck(payload)
	if err == nil {
		err = s.o.Outbox.Confirm(consumer, a.Epoch, withoutHole(a))
	}
	why := ""
	if err != nil {
		why = err.Error()
	}
	s.mu.Lock()
	news := s.receipts[consumer] != why
	if _, known := s.receipts[consumer]; known || len(s.receipts) < 100 {
		s.receipts[consumer] = why
	} else {
		news = false // strangers can invent names
	}
	s.mu.Unlock()
	if news && err != nil {
		s.o.Log.Warn("receipt not taken", "topic", s.topics.Ack(consumer), "err", err)
	}
}

// withoutHole is the number up to which the consumer has everything.
func withoutHole(a event.Ack) uint64 {
	upto := a.Upto
	for _, m := range a.Missing {
		upto = min(upto, m[0]-1)
	}
	return upto
}

// stateArrived looks at what is said in our name. A late will of an earlier
// connection would stand there, retained, until the next birth: it is
// overwritten at once.
func (s *session) stateArrived(payload []byte) {
	state, err := event.ParseState(payload)
	if err != nil || state.Session == s.id {
		return
	}
	if !state.Online {
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
