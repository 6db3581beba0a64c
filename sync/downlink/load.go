package downlink

import (
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
)

// Load tells the floor everything the ledger holds. It is called once, before
// the first session.
func (d *Downlink) Load() error {
	d.session.Lock()
	defer d.session.Unlock()
	err := d.o.Ledger.EachIn(birthBucket, func(name string, value []byte) error {
		b, err := event.ParseState(value)
		if err != nil || name == d.o.Self {
			return nil // it comes again
		}
		st := d.station(name)
		st.epoch, st.lastBirth = b.Epoch, value
		// Without its session: who knows how many there were since, and a will
		// of any of them is news.
		d.o.Floor.Birth(name, b.Checkpoints, views(b.Devices), "", b.Version, b.Online, b.SignedOff, b.At)
		return nil
	})
	if err != nil {
		return err
	}
	stepped := map[string]scan.Number{} // the newest step of each station's clock
	err = d.o.Ledger.Each(func(h ledger.Heard) error {
		if _, ok := h.Entry.(*scan.ClockStep); ok && !h.At.Before(stepped[h.Station].At) {
			stepped[h.Station] = h.Number
		}
		d.o.Floor.Observe(h.Event, h.Arrived)
		return nil
	})
	if err != nil {
		return err
	}
	for _, v := range d.o.Ledger.Streams() {
		st := d.station(v.Station)
		s := st.stream(v.Epoch)
		s.ended = st.epoch != "" && st.epoch != v.Epoch
		for _, r := range v.Lost {
			after, till := d.o.Ledger.Around(v.Station, v.Epoch, r[0], r[1])
			d.o.Floor.Lost(v.Station, v.Epoch, r[0], r[1], after, till)
		}
		s.touched = true
	}
	for _, h := range d.o.Ledger.Heads() {
		if h.Arrived.After(d.o.Now()) {
			continue // our clock has been set back since: what it says lies in the future
		}
		st := d.station(h.Station)
		s := st.stream(h.Epoch)
		s.touched = true
		s.heads = append(s.heads, waitingHead{
			Head: event.Head{Site: d.o.Site, Station: h.Station, Epoch: h.Epoch, Seq: h.Seq, At: h.At},
			note: h.Note, arrived: h.Arrived, offset: h.Offset, offsetOK: true, waited: true,
		})
		// The estimate holds for heads that the broker kept since, unless the
		// clock has stepped after it was made.
		st.offset, st.offsetOK = h.Offset, true
		st.offsetEpoch, st.offsetSeq = h.Epoch, h.Seq
		if step := stepped[h.Station]; step.Epoch == h.Epoch && step.Seq > h.Seq || step.Epoch != h.Epoch && step.At.After(h.At) {
			st.offset, st.offsetOK = time.Duration(0), false
		}
		d.settle(s) // in the order they came, so that an epoch follows the one before
	}
	d.settleAll()
	return nil
}
