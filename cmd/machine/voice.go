package machine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"scanpost/scan"
	"scanpost/sync/downlink"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
	"scanpost/sync/uplink"
)

// voice is one name on the wire: a station, or the board, which is a station
// too. It has a log of its own, a memory of the others, and one connection.
type voice struct {
	name   string
	log    *slog.Logger
	outbox *outbox.Outbox
	ledger *ledger.Ledger
	floor  *scan.Floor
	up     *uplink.Uplink // nil without a broker
	down   *downlink.Downlink
	key    string // verifies its heads

	mu     sync.Mutex
	online bool
	why    string // why it is not

	losing sync.Mutex
	lost   map[uint64]bool // own events that can not be read any more, and whose loss was declared

	folder string
	broken chan error // takes the first word that the outbox can not be written any more
}

// openVoice opens what a name on the wire keeps on disk.
func (m *machine) openVoice(name, folder, self string, log *slog.Logger) (*voice, error) {
	signer, err := proof.LoadOrMakeSigner(folder, "scanpost/v1/"+m.cfg.Station.Site+"/"+name)
	if err != nil {
		return nil, advise(folder, err)
	}
	v := &voice{name: name, log: log, key: signer.VerifierKey(), floor: scan.NewFloor(m.rules(self)), why: "there is no broker in the configuration", lost: map[uint64]bool{},
		folder: folder, broken: make(chan error, 1)}
	v.outbox, err = outbox.Open(folder, outbox.Options{Site: m.cfg.Station.Site, Station: name, Retention: m.cfg.Station.Retention, Signer: signer, Log: log})
	if err != nil {
		return nil, err
	}
	v.ledger, err = ledger.Open(folder, log)
	if err != nil {
		v.outbox.Close()
		return nil, err
	}
	return v, nil
}

func (v *voice) close() {
	if err := errors.Join(v.ledger.Close(), v.outbox.Close()); err != nil {
		v.log.Warn("not closed cleanly; it is checked at the next start", "err", err)
	}
}

// connect gives the voice its two directions.
func (m *machine) connect(v *voice, own *embedded, u uplink.Options, d downlink.Options) error {
	var err error
	d.Site, d.Self, d.Ledger, d.Floor, d.Log = m.cfg.Station.Site, v.name, v.ledger, v.floor, v.log
	if v.down, err = downlink.New(d); err != nil {
		return err
	}
	if u.Link, err = m.brokerOptions(v.name, own); err != nil || u.Link.URL == "" {
		return err
	}
	u.Site, u.Station, u.Outbox, u.Version, u.Log = m.cfg.Station.Site, v.name, v.outbox, m.Version, v.log
	u.HeadEvery, u.Goodbye, u.Key, u.Beside, u.Status = m.cfg.Rules.HeadEvery, m.Goodbye, v.key, v.down.Session, v.status
	u.Damaged = func(seq uint64) { v.declare([]uint64{seq}) }
	v.up = uplink.New(u)
	return nil
}

// brokerOptions say how to reach the broker, as whom.
func (m *machine) brokerOptions(name string, own *embedded) (mqtt.Options, error) {
	c := m.cfg.MQTT
	if c == nil {
		return mqtt.Options{}, nil
	}
	o := mqtt.Options{URL: c.URL, User: c.User, Password: c.Password, ClientID: c.ClientID}
	if m.cfg.OwnBroker() && own != nil {
		o.URL = "mqtt://" + own.addr
	}
	if o.ClientID == "" || name == boardName && m.cfg.Station.Name != "" {
		o.ClientID = "scanpost-" + m.cfg.Station.Site + "-" + name
	}
	var err error
	o.TLS, err = c.TLS()
	return o, err
}

// remember feeds the floor with everything that is on disk here.
func (v *voice) remember(own func(scan.Event)) error {
	if err := v.down.Load(); err != nil {
		return err
	}
	return v.history(func(ev scan.Event) {
		if own != nil {
			own(ev)
		}
	})
}

// history goes through the voice's own log. An event that the disk has damaged
// is one event less, and never a reason not to start.
func (v *voice) history(each func(scan.Event)) error {
	var damaged []uint64
	for from := v.outbox.Stats().First; ; {
		next := from
		err := v.outbox.Read(from, 1000, func(seq uint64, b []byte) error {
			next = seq + 1
			ev, err := event.Parse(b)
			if err != nil {
				v.log.Warn("own event can not be read, passed over", "seq", seq, "err", err)
				return nil
			}
			if l, ok := ev.Entry.(*scan.Loss); ok && l.Epoch == ev.Epoch && l.From == l.To {
				v.lost[l.From] = true
			}
			each(ev)
			return nil
		})
		var one *outbox.DamagedError
		switch {
		case errors.As(err, &one) && one.Seq >= next:
			damaged = append(damaged, one.Seq)
			next = one.Seq + 1
		case err != nil:
			return err
		case next == from:
			if n := len(damaged); n > 0 {
				v.log.Error("events are damaged on this disk, their loss is declared (is the disk failing?)", "seq", damaged[0], "count", n)
				v.declare(damaged)
			}
			return nil
		}
		from = next
	}
}

// declare says, once and for all, that events can not be read any more, so
// that receivers need not ask for them.
func (v *voice) declare(damaged []uint64) {
	v.losing.Lock()
	defer v.losing.Unlock()
	for _, seq := range damaged {
		if v.lost[seq] {
			continue
		}
		if _, err := v.outbox.Write(&scan.Loss{Epoch: v.outbox.Epoch(), From: seq, To: seq, Reason: "damaged on the station's disk"}); err != nil {
			v.log.Warn("the loss of a damaged event can not be declared now", "seq", seq, "err", err)
			return
		}
		v.lost[seq] = true
	}
}

// talk keeps the connection to the broker: both directions share it.
func (v *voice) talk(ctx context.Context) error {
	if v.up == nil {
		return nil
	}
	return v.up.Run(ctx)
}

// look notes that a write has failed for good: the file is damaged.
func (v *voice) look(err error) {
	if errors.Is(err, outbox.ErrDamaged) {
		select {
		case v.broken <- err:
		default:
		}
	}
}

// endure ends the run when the outbox breaks, so that it can begin anew.
func (v *voice) endure(ctx context.Context) error {
	select {
	case err := <-v.broken:
		return &damagedError{v.folder, v.log, err}
	case <-ctx.Done():
		return nil
	}
}

func (v *voice) status(up bool, why string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.online, v.why = up, why
}

// link is the truth about the connection.
func (v *voice) link() scan.LinkView {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.outbox.Stats()
	return scan.LinkView{Online: v.online, Why: v.why, Waiting: int(s.Last - s.Published)}
}

// sweep judges what time alone changes.
func (v *voice) sweep(ctx context.Context, changed func([]scan.GapChange)) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		if changes := v.floor.Sweep(time.Now()); len(changes) > 0 && changed != nil {
			changed(changes)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
