package downlink

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/proof"
)

// waitingHead is a believed head. It waits until everything below it is here.
type waitingHead struct {
	event.Head
	note     []byte
	arrived  time.Time
	offset   time.Duration // of the station's clock when it arrived
	offsetOK bool
	live     bool
	waited   bool
}

// birth takes in a station's word about itself, or the broker's about a
// station whose connection broke.
func (d *Downlink) birth(name string, m message) {
	st := d.station(name)
	b, err := event.ParseState(m.Payload)
	if err != nil {
		d.unreadable(st, "state", err)
		return
	}
	if !b.Online {
		// The will of a connection that was replaced comes late. One that the
		// broker kept is its newest word, of a session we may not have met.
		if !m.Retained && st.session != "" && b.Session != st.session {
			return
		}
		st.session, st.online, st.gone = b.Session, false, true
		session := b.Session
		if m.Retained {
			session = "" // to be believed whatever the floor met last
		}
		d.o.Floor.Birth(name, b.Checkpoints, views(b.Devices), session, b.Version, false, b.SignedOff, m.arrived)
		if b.Epoch != "" && b.Last > 0 {
			d.exists(st.stream(b.Epoch), b.First, b.Last)
		}
		return
	}
	came := !st.online || st.session != b.Session
	st.session, st.online, st.gone = b.Session, true, false
	d.pin(st, b.Key)
	st.epoch = b.Epoch
	for _, p := range b.Pasts {
		d.exists(st.stream(p.Epoch), 0, p.Last)
	}
	for _, s := range st.streams {
		// Of a log that was damaged some is still to be had.
		s.ended = s.epoch != b.Epoch && !slices.ContainsFunc(b.Pasts, func(p event.Past) bool { return p.Epoch == s.epoch })
		s.coming = nil
		s.touched = true
	}
	s := st.stream(b.Epoch)
	s.coming, s.comingAt = b.Backlog, m.arrived
	d.exists(s, b.First, b.Last)
	d.o.Floor.Birth(name, b.Checkpoints, views(b.Devices), b.Session, b.Version, true, false, m.arrived)
	d.keepBirth(st, b, m.arrived)
	if came {
		s.ask, s.backoff, s.notBefore = nil, 0, time.Time{}
		s.receipt.urgent = true
	}
	if mark := d.o.Ledger.Marks(name, b.Epoch); mark.Upto < mark.Last {
		s.receipt.urgent = true
	}
	if h := st.unsigned; h != nil && st.key != "" {
		st.unsigned = nil
		d.head(name, *h)
	}
}

// pin remembers the first key that a station names. Another one later is not
// taken up: whoever set the station up anew has to say so.
func (d *Downlink) pin(st *station, key string) {
	if key == "" || !strings.HasPrefix(key, d.topics(st.name).Origin()+"+") {
		return
	}
	pinned, err := d.o.Ledger.PinKey(st.name, key)
	if err != nil {
		if st.once("pin") {
			d.o.Log.Warn("station's key not kept, its heads are not believed yet", "station", st.name, "err", err)
		}
		return
	}
	st.key = pinned
	d.offer(st, pinned, key)
}

// keepBirth puts a birth into the ledger if it says something new. The
// counters in it change all the time and are known from elsewhere.
func (d *Downlink) keepBirth(st *station, b event.State, arrived time.Time) {
	kept := b
	if was, err := event.ParseState(st.lastBirth); err == nil {
		for _, c := range was.Checkpoints { // where it stood before it may have scanned what has not come yet
			if !slices.Contains(kept.Checkpoints, c) {
				kept.Checkpoints = append([]string{c}, kept.Checkpoints...)
			}
		}
	}
	kept.First, kept.Last, kept.Depth, kept.At, kept.Clock = 0, 0, 0, time.Time{}, event.Clock{}
	raw := kept.JSON()
	if bytes.Equal(raw, st.lastBirth) {
		return
	}
	kept.At = arrived
	if err := d.o.Ledger.Put(birthBucket, st.name, kept.JSON()); err != nil {
		return // it comes again with the next connection
	}
	st.lastBirth = raw
}

const birthBucket = "birth"

func views(devices []event.Device) []scan.DeviceView {
	all := make([]scan.DeviceView, len(devices))
	for i, v := range devices {
		all[i] = scan.DeviceView{Name: v.Name, Attached: v.Attached, Port: v.Port, Since: v.Since, Reason: v.Reason, Inventory: v.Inventory}
	}
	return all
}

// head takes in a station's signed statement.
func (d *Downlink) head(name string, m message) {
	st := d.station(name)
	if st.key == "" {
		st.unsigned = &m // the birth that names the key is on its way
		return
	}
	h, err := proof.Open(m.Payload, st.key)
	if err != nil || h.Site != d.o.Site || h.Station != name {
		d.count(func(c *Counts) { c.BadHeads++ })
		if st.once("head") {
			d.o.Log.Warn("head of a station not believed", "station", name, "err", err)
		}
		return
	}
	w := waitingHead{Head: h, note: m.Payload, arrived: m.arrived, live: !m.Retained}
	if w.live {
		d.o.Floor.HeadArrived(name, h.At, m.arrived)
		st.offset, st.offsetOK = d.o.Floor.Offset(name)
		st.offsetEpoch, st.offsetSeq = h.Epoch, h.Seq
		w.offset, w.offsetOK = st.offset, st.offsetOK
		st.gone = false
	}
	s := st.stream(h.Epoch)
	s.heads = append(s.heads, w)
	if n := len(s.heads) - headsWaiting; n > 0 {
		s.heads = slices.Delete(s.heads, 0, n)
	}
	d.exists(s, 0, h.Seq)
}

// settleAll settles ended logs first: time is covered in the order it passed.
func (d *Downlink) settleAll() {
	for _, ended := range []bool{true, false} {
		for _, st := range d.stations {
			for _, s := range st.streams {
				if s.ended == ended {
					d.settle(s)
				}
			}
		}
	}
}

// settle looks at a stream after something arrived for it: heads that are
// complete now go to the floor, in the order of what they cover.
func (d *Downlink) settle(s *stream) {
	if !s.touched {
		return
	}
	s.touched = false
	st := s.station
	mark := d.o.Ledger.Marks(st.name, s.epoch)
	if s.ended && mark.Upto < mark.Last {
		d.giveUp(s, mark.Upto+1, mark.Last)
		s.touched = false
		mark = d.o.Ledger.Marks(st.name, s.epoch)
	}
	s.behind = mark.Upto < mark.Last
	d.o.Floor.Known(st.name, s.epoch, mark.First, mark.Last, mark.Upto)
	slices.SortStableFunc(s.heads, func(a, b waitingHead) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), a.At.Compare(b.At))
	})
	kept := s.heads[:0]
	for _, h := range s.heads {
		if h.Seq > mark.Upto || !d.cover(s, h) {
			h.waited = true
			kept = append(kept, h)
		}
	}
	clear(s.heads[len(kept):])
	s.heads = kept
	// For the limit the oldest are in front.
	slices.SortStableFunc(s.heads, func(a, b waitingHead) int { return a.arrived.Compare(b.arrived) })
}

// cover tells the floor of a complete head. A head that the broker kept says
// nothing about the clock; without an estimate from before it has to wait for
// a live one, or a clock an hour fast would make us believe we heard the next
// hour.
func (d *Downlink) cover(s *stream, h waitingHead) bool {
	if st := s.station; !h.offsetOK {
		if !st.offsetOK {
			return false
		}
		if st.offsetEpoch != s.epoch || h.Seq < st.offsetSeq {
			return true // the clock may have stepped between this head and the estimate: a later head says more
		}
		h.offset = st.offset
	}
	d.o.Floor.Covered(s.station.name, s.epoch, h.Seq, h.At, h.arrived, h.offset, h.live && !h.waited)
	d.o.Ledger.SaveHead(ledger.Head{
		Station: s.station.name, Epoch: s.epoch, Seq: h.Seq,
		At: h.At, Arrived: h.arrived, Offset: h.offset, Note: h.note,
	})
	return true
}

func (d *Downlink) unreadable(st *station, what string, err error) {
	d.count(func(c *Counts) { c.Unreadable++ })
	if st.once(what) {
		d.o.Log.Warn("message of a station can not be read", "station", st.name, "topic", what, "err", err)
	}
}
