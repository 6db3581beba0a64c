package downlink

import (
	"bytes"
	"errors"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
)

// station is what a session knows of one station.
type station struct {
	name        string
	session     string
	epoch       string // of its newest birth; empty before
	online      bool
	gone        bool // it, or the broker for it, said that it is away, and nothing it said since speaks against it
	key         string
	unsigned    *message // newest head that came before the key
	offset      time.Duration
	offsetOK    bool
	offsetEpoch string          // of the head that the estimate was made with,
	offsetSeq   uint64          // and its number
	said        map[string]bool // what was logged once
	streams     map[string]*stream
	lastBirth   []byte // as kept in the ledger
}

// stream is one epoch of a station's log.
type stream struct {
	station *station
	epoch   string
	ended   bool // a birth has named another epoch: what is missing is gone
	heads   []waitingHead
	touched bool // something arrived since the last look
	behind  bool // there are holes, as of the last look
	ask     *ask
	stuck   map[uint64]time.Time // lower ends of holes, and since when they stand
	mark    uint64               // highest number known at markAt
	markAt  time.Time
	old     uint64 // highest number known for at least the reorder time
	backoff time.Duration
	twice   uint64 // the lowest number that was given a second time
	empty   int    // answers in a row that brought nothing
	receipt
	coming     [][2]uint64 // what the station says is on its way behind what is new,
	comingAt   time.Time   // and when some of it last came
	notBefore  time.Time
	asked      uint64    // where a request was cut off by its limit,
	askedSince time.Time // and since when that hole stood
}

func (d *Downlink) station(name string) *station {
	st := d.stations[name]
	if st == nil {
		st = &station{name: name, said: map[string]bool{}, streams: map[string]*stream{}}
		// An error means that the ledger is out of order, which every Store says.
		st.key, _ = d.o.Ledger.PinKey(name, "")
		d.stations[name] = st
	}
	return st
}

func (st *station) stream(epoch string) *stream {
	s := st.streams[epoch]
	if s == nil {
		s = &stream{station: st, epoch: epoch, receipt: receipt{urgent: true}}
		st.streams[epoch] = s
	}
	return s
}

// once reports whether something is to be logged about a station: a station
// that keeps doing it gives one line and a count.
func (st *station) once(what string) bool {
	if st.said[what] {
		return false
	}
	st.said[what] = true
	return true
}

// take works through what arrived: all events in one commit, then the rest in
// the order it came, so that a head finds the events that came before it.
func (d *Downlink) take(arrived []message) {
	if len(arrived) == 0 {
		return
	}
	var raws []ledger.Raw
	var rest []func()
	for _, m := range arrived {
		site, name, leaf, _, ok := event.Split(m.Topic)
		// The board's events are opinions on ours; the floor forms its own.
		if !ok || site != d.o.Site || name == d.o.Self || name == reserved {
			continue
		}
		switch leaf {
		case "evt":
			raws = append(raws, ledger.Raw{Site: site, Station: name, Bytes: m.Payload, Arrived: m.arrived})
		case "res":
			if !bytes.Contains(m.Payload, []byte(`"specversion"`)) {
				rest = append(rest, func() { d.answered(name, m) })
				continue
			}
			d.answering(name, m.arrived)
			raws = append(raws, ledger.Raw{Site: site, Station: name, Bytes: m.Payload, Arrived: m.arrived})
		case "state":
			rest = append(rest, func() { d.birth(name, m) })
		case "head":
			rest = append(rest, func() { d.head(name, m) })
		}
	}
	d.store(raws)
	for _, do := range rest {
		do()
	}
	d.settleAll()
}

// store commits the events, then tells of those that are new.
func (d *Downlink) store(raws []ledger.Raw) {
	if len(raws) == 0 {
		return
	}
	fresh, refused, err := d.storing(raws)
	if err != nil {
		d.refusedByDisk(raws, err)
		return
	}
	if d.full {
		d.full, d.pause = false, time.Time{}
		d.o.Log.Info("events of other stations are stored again")
	}
	for _, r := range refused {
		d.refused(r)
	}
	for _, h := range fresh {
		st := d.station(h.Station)
		s := st.stream(h.Epoch)
		s.touched = true
		s.receipt.add(h.Arrived)
		if s.comes(h.Seq) {
			s.comingAt = h.Arrived
		}
		switch e := h.Entry.(type) {
		case *scan.ClockStep:
			st.offsetOK = false // it was of the clock as it went before
		case *scan.Loss:
			// Before the floor sees the event itself: we know the times around.
			d.giveUp(st.stream(e.Epoch), e.From, e.To)
		}
		d.o.Floor.Observe(h.Event, h.Arrived)
	}
	d.count(func(c *Counts) {
		c.Events += uint64(len(fresh))
		c.Repeats += uint64(len(raws) - len(fresh) - len(refused))
	})
}

// refusedByDisk lets go of a batch that can not be stored. Its numbers are
// known to exist, so they are holes, and asked for when the disk may have room
// again; keeping the bytes would only move the shortage into memory.
func (d *Downlink) refusedByDisk(raws []ledger.Raw, err error) {
	if !d.full {
		d.full = true
		d.o.Log.Error("events of other stations can not be stored", "err", err)
	}
	d.pause = d.o.Now().Add(storePause)
	d.count(func(c *Counts) { c.StoreErrors++ })
	for _, r := range raws {
		if ev, err := event.Parse(r.Bytes); err == nil && ev.Site == r.Site && ev.Station == r.Station {
			d.exists(d.station(r.Station).stream(ev.Epoch), 0, ev.Seq)
		}
	}
}

func (d *Downlink) refused(r ledger.Refused) {
	st := d.station(r.Raw.Station)
	what, twice := "unreadable", false
	d.count(func(c *Counts) {
		switch {
		case errors.Is(r.Why, ledger.ErrConflict):
			what = "conflict"
			c.Conflicts++
			twice = true
		case errors.Is(r.Why, ledger.ErrSource):
			what = "source"
			c.WrongSource++
		default:
			c.Unreadable++
		}
	})
	if n := r.Number; twice && d.o.Ledger.Marks(st.name, n.Epoch).Last >= n.Seq {
		// The number was given twice (a disk that forgot?), and what it says now
		// is not here: neither heard nor confirmed.
		s := st.stream(n.Epoch)
		if s.twice == 0 || n.Seq < s.twice {
			s.twice, s.receipt.urgent = n.Seq, true
		}
		after, till := d.o.Ledger.Around(st.name, n.Epoch, n.Seq, n.Seq)
		d.o.Floor.Lost(st.name, n.Epoch, n.Seq, n.Seq, after, till)
	}
	if st.once(what) {
		d.o.Log.Warn("event of another station not taken", "station", st.name, "seq", r.Number.Seq, "reason", what, "err", r.Why)
	}
}

// exists passes on what a station says of its numbers.
func (d *Downlink) exists(s *stream, first, last uint64) {
	lost := d.o.Ledger.Exists(s.station.name, s.epoch, first, last)
	s.touched = true
	d.lost(s, lost)
}

// giveUp ends the hope for what is missing of a range.
func (d *Downlink) giveUp(s *stream, from, to uint64) {
	lost, err := d.o.Ledger.GiveUp(s.station.name, s.epoch, from, to)
	if err != nil {
		if s.station.once("give up") {
			d.o.Log.Warn("loss not noted", "station", s.station.name, "seq", from, "err", err)
		}
		return
	}
	s.touched = true
	d.lost(s, lost)
}

func (d *Downlink) lost(s *stream, lost [][2]uint64) {
	for _, r := range lost {
		after, till := d.o.Ledger.Around(s.station.name, s.epoch, r[0], r[1])
		d.o.Floor.Lost(s.station.name, s.epoch, r[0], r[1], after, till)
		d.count(func(c *Counts) { c.Lost += r[1] - r[0] + 1 })
	}
	if n := len(lost); n > 0 {
		s.receipt.add(d.o.Now())
		d.o.Log.Warn("events of a station are lost", "station", s.station.name, "seq", lost[0][0], "upto", lost[n-1][1], "ranges", n)
	}
}
