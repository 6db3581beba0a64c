package downlink

import (
	"time"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
)

// receipt is what a station has not been told yet.
type receipt struct {
	events int
	since  time.Time // of the first of them
	urgent bool
}

func (r *receipt) add(at time.Time) {
	if r.events == 0 {
		r.since = at
	}
	r.events++
}

// maxMissing is how many ranges a receipt names; a receiver takes no more.
const maxMissing = 1000

// confirm publishes a receipt when one is due: for 50 events, after a second,
// or at once to a station that came back and does not know where we are.
func (d *Downlink) confirm(s *stream, now time.Time) (next time.Time) {
	if d.o.Consumer == "" || s.events == 0 && !s.urgent {
		return time.Time{}
	}
	// The topic keeps one receipt, and one for an epoch that has ended would
	// take the place of the one that matters: it is said, and not kept.
	past := s.station.epoch != "" && s.station.epoch != s.epoch
	if past && s.ended {
		return time.Time{}
	}
	if due := s.since.Add(receiptWait); !s.urgent && s.events < receiptEvents && now.Before(due) {
		return due
	}
	name := s.station.name
	ack := event.Ack{
		Epoch: s.epoch, Upto: d.o.Ledger.Marks(name, s.epoch).Upto, At: now,
		Missing: d.o.Ledger.Missing(name, s.epoch, maxMissing),
	}
	if n := len(ack.Missing); n == maxMissing {
		ack.Upto = min(ack.Upto, ack.Missing[n-1][1]) // what is not named must not seem confirmed
	}
	if s.twice > 0 {
		ack.Upto = min(ack.Upto, s.twice-1)
	}
	err := d.up.send(mqtt.Message{Topic: d.topics(name).Ack(d.o.Consumer), Payload: ack.JSON(), Retained: !past})
	if err == nil {
		s.receipt = receipt{}
	}
	return time.Time{} // if it failed, the link is going, and the next one says it
}
