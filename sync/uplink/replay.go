package uplink

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

const (
	replayWindow = 16 // publishes under way for answers; live publishing has its own
	replayTurn   = 64 // events of one answer before it is the next one's turn
)

// answer is a replay under way.
type answer struct {
	request event.Request
	ranges  [][2]uint64 // left to send, ascending
	sent    uint64
	box     reader
}

// replay answers requests until the context or the connection ends, several
// in turns. Its publishes have a small window of their own, so that live
// publishing always finds its place on the wire.
func (s *session) replay(ctx context.Context) {
	var answers []*answer
	var window []*mqtt.Pending
	for {
		r, ok := s.nextRequest(ctx, len(answers) > 0)
		switch {
		case ctx.Err() != nil || s.link.Err() != nil:
			return
		case ok:
			if a := s.begin(r); !slices.ContainsFunc(answers, a.repeats) {
				answers = append(answers, a)
			}
			continue
		}
		a := answers[0]
		answers = answers[1:]
		events, err := s.turn(a)
		if err != nil {
			// Without an end marker the requester asks again.
			s.o.Log.Warn("replay not finished", "topic", s.topics.Res(a.request.Requester()), "err", err)
			continue
		}
		more := len(a.ranges) > 0
		if !more {
			events = append(events, s.end(a).JSON())
		}
		for _, b := range events {
			if len(window) == replayWindow {
				select {
				case <-window[0].Done():
				case <-ctx.Done():
					return
				}
				window = window[1:]
			}
			p, err := s.link.Send(mqtt.Message{Topic: s.topics.Res(a.request.Requester()), Payload: b})
			if err != nil {
				return // the connection is over, and publish will say so
			}
			window = append(window, p)
		}
		if more {
			answers = append(answers, a)
		}
	}
}

// nextRequest waits for a request, or only looks if there is something to do.
func (s *session) nextRequest(ctx context.Context, busy bool) (event.Request, bool) {
	if busy {
		select {
		case r := <-s.asked:
			return r, true
		default:
			return event.Request{}, false
		}
	}
	select {
	case r := <-s.asked:
		return r, true
	case <-ctx.Done():
	case <-s.link.Done():
	}
	return event.Request{}, false
}

// repeats reports whether b asks what is being answered already.
func (a *answer) repeats(b *answer) bool {
	return a.request.ID == b.request.ID && a.request.Requester() == b.request.Requester()
}

// begin clips a request to what there is. Numbers of another epoch can not be
// meant for us, and get an end marker that says which epoch is.
func (s *session) begin(r event.Request) *answer {
	a := &answer{request: r}
	held, ok := s.heldOf(r.Epoch)
	if !ok {
		return a
	}
	a.box = s.boxOf(held.Epoch)
	ranges := slices.Clone(r.Replay)
	slices.SortFunc(ranges, func(a, b [2]uint64) int {
		switch {
		case a[0] < b[0]:
			return -1
		case a[0] > b[0]:
			return 1
		}
		return 0
	})
	for _, x := range ranges {
		from, to := max(x[0], held.First), min(x[1], held.Last)
		if n := len(a.ranges); n > 0 { // overlapping ones are sent once
			from = max(from, a.ranges[n-1][1]+1)
		}
		if from <= to {
			a.ranges = append(a.ranges, [2]uint64{from, to})
		}
	}
	return a
}

// turn reads the next events of an answer.
func (s *session) turn(a *answer) (events [][]byte, err error) {
	for len(events) < replayTurn && len(a.ranges) > 0 {
		r := &a.ranges[0]
		room := min(uint64(replayTurn-len(events)), r[1]-r[0]+1)
		before := r[0]
		err := a.box.Read(r[0], int(room), func(seq uint64, b []byte) error {
			if seq > r[1] { // what was asked for was trimmed meanwhile, or is gone
				r[0] = r[1] + 1
				return errPast
			}
			if s.poisoned(a.epoch(s), seq) {
				r[0] = seq + 1
				return nil
			}
			events = append(events, bytes.Clone(b))
			a.sent++
			r[0] = seq + 1
			return nil
		})
		var damaged *outbox.DamagedError
		switch {
		case errors.As(err, &damaged):
			s.tellDamaged(damaged.Seq, err)
			r[0] = damaged.Seq + 1
		case err != nil && !errors.Is(err, errPast):
			return nil, err
		case r[0] == before:
			r[0] = r[1] + 1 // nothing there
		}
		if r[0] > r[1] {
			a.ranges = a.ranges[1:]
		}
	}
	return events, nil
}

var errPast = errors.New("past the range")

// heldOf is what is held of an epoch, the present one unless named.
func (s *session) heldOf(epoch string) (outbox.Stats, bool) {
	held := s.o.Outbox.Stats()
	if epoch == "" || epoch == held.Epoch {
		return held, true
	}
	for _, p := range s.pasts() {
		if p.Epoch() == epoch {
			return p.Stats(), true
		}
	}
	return held, false
}

func (a *answer) epoch(s *session) string {
	if a.request.Epoch != "" {
		return a.request.Epoch
	}
	return s.o.Outbox.Epoch()
}

func (s *session) end(a *answer) event.End {
	held, _ := s.heldOf(a.request.Epoch)
	return event.End{ID: a.request.ID, Epoch: held.Epoch, First: held.First, Last: held.Last, Sent: a.sent}
}
