package machine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
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
	past   *recall        // what a station scanned before it started; nil on a board
	up     *uplink.Uplink // nil without a broker
	down   *downlink.Downlink
	signer *proof.Signer
	key    string // verifies its heads

	mu     sync.Mutex
	online bool
	why    string // why it is not

	losing sync.Mutex
	lost   map[uint64]bool // own events that can not be read any more, and whose loss was declared

	folder string
	broken chan error // takes the first word that the outbox can not be written any more

	loaded chan struct{} // closed when what is on disk has been fed to the floor
}

// openVoice opens what a name on the wire keeps on disk.
func (m *machine) openVoice(name, folder, self string, log *slog.Logger) (*voice, error) {
	signer, err := proof.LoadOrMakeSigner(folder, "scanpost/v1/"+m.cfg.Station.Site+"/"+name)
	if err != nil {
		return nil, advise(folder, err)
	}
	rules := m.rules(self)
	var past *recall
	if self != "" {
		past = newRecall()
		rules.Recall = past.scans
	}
	v := &voice{name: name, log: log, signer: signer, key: signer.VerifierKey(), floor: scan.NewFloor(rules), past: past, why: "there is no broker in the configuration", lost: map[uint64]bool{},
		folder: folder, broken: make(chan error, 1), loaded: make(chan struct{})}
	v.outbox, err = outbox.Open(folder, outbox.Options{Site: m.cfg.Station.Site, Station: name, Retention: m.cfg.Station.Retention, Limits: outbox.Limits{Size: m.cfg.Station.Quota, Age: m.cfg.Station.MaxAge}, Signer: signer, Log: log})
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
	if u.Link = m.brokerOptions(v.name, own); u.Link.URL == "" {
		return nil
	}
	u.Site, u.Station, u.Outbox, u.Version, u.Log = m.cfg.Station.Site, v.name, v.outbox, m.Version, v.log
	u.HeadEvery, u.Goodbye, u.Key, u.Beside, u.Status = m.cfg.Rules.HeadEvery, m.Goodbye, v.key, v.hear, v.status
	u.Damaged = func(seq uint64) { v.declare([]uint64{seq}) }
	u.Poison, u.Superseded, u.Settle = v.quarantine, v.supersede, settleWait
	if m.cfg.MQTT != nil {
		u.Pace = m.cfg.MQTT.Backlog
	}
	v.up = uplink.New(u)
	return nil
}

// brokerOptions say how to reach the broker, as whom.
func (m *machine) brokerOptions(name string, own *embedded) mqtt.Options {
	c := m.cfg.MQTT
	if c == nil {
		return mqtt.Options{}
	}
	o := mqtt.Options{URL: c.URL, User: c.User, Password: c.Password, ClientID: c.ClientID}
	if m.cfg.OwnBroker() && own != nil {
		scheme, _, _ := strings.Cut(c.URL, "://")
		o.URL = scheme + "://" + own.addr // its port may have been 0
	}
	if o.ClientID == "" || name == boardName && m.cfg.Station.Name != "" {
		o.ClientID = "scanpost-" + m.cfg.Station.Site + "-" + name
	}
	o.TLS = c.TLS()
	return o
}

// newest is how many of its own events a station knows before it scans. The
// others are read while it does.
const newest = 2000

// begin takes in the newest of the voice's own events, and returns the number
// they begin with.
func (v *voice) begin() (uint64, error) {
	stats := v.outbox.Stats()
	from := stats.First
	if stats.Last >= newest {
		from = max(from, stats.Last-newest+1)
	}
	err := v.historyBut(from, stats.Last, func(seq uint64, b []byte) bool { return v.known(v.outbox, seq, b) }, v.own)
	if v.past != nil {
		v.past.older()
	}
	return from, err
}

// known takes note of an event that recall can find again; the floor is fed
// with all others.
func (v *voice) known(log recallLog, seq uint64, b []byte) bool {
	return v.past != nil && v.past.add(log, seq, b)
}

// remember takes in everything else that is on disk here. Scanning and sending
// do not wait for it: until it is done there is less evidence, and what has no
// evidence is not verifiable.
func (v *voice) remember(ctx context.Context, before uint64) error {
	defer close(v.loaded)
	if err := v.rescue(ctx, v.own); err != nil {
		return err
	}
	err := v.historyBut(v.outbox.Stats().First, before-1, func(seq uint64, b []byte) bool {
		return ctx.Err() != nil || v.known(v.outbox, seq, b)
	}, v.own)
	if err != nil || ctx.Err() != nil {
		return err
	}
	v.floor.Remembered()
	return v.down.Load()
}

// rescue brings over what files that were set aside still hold, and goes
// through all that is held of older logs.
func (v *voice) rescue(ctx context.Context, each func(scan.Event)) error {
	began := time.Now()
	found, err := v.outbox.Rescue(ctx)
	for _, r := range found {
		v.log.Warn("an old log was gone through: what it held is kept and sent, what is gone is declared lost",
			"file", r.File, "epoch", r.Epoch, "events", r.Events, "lost", r.Lost, "of_others", r.Strange, "took", time.Since(began).Round(time.Millisecond))
	}
	if err != nil && ctx.Err() == nil {
		v.log.Error("what was set aside can not be brought over now; the next start tries again", "err", err)
	}
	if len(found) > 0 && v.up != nil {
		v.up.Changed() // the birth says which logs are held
	}
	for _, p := range v.outbox.Pasts() {
		err := p.Read(1, math.MaxInt, func(seq uint64, b []byte) error {
			if v.known(p, seq, b) {
				return nil
			}
			if ev, err := event.Parse(b); err == nil {
				each(ev)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *voice) own(ev scan.Event) { v.floor.Observe(ev, ev.At) }

// hear is the downlink's session, once the ledger has been read.
func (v *voice) hear(ctx context.Context, l *mqtt.Link) error {
	select {
	case <-v.loaded:
		return v.down.Session(ctx, l)
	case <-ctx.Done():
		return nil
	}
}

// history goes through the voice's own log, from one number to another. An
// event that the disk has damaged is one event less, and never a reason not
// to start.
func (v *voice) history(from, upto uint64, each func(scan.Event)) error {
	return v.historyBut(from, upto, func(uint64, []byte) bool { return false }, each)
}

// historyBut is history without the events that are to be passed over, as
// their bytes tell.
func (v *voice) historyBut(from, upto uint64, pass func(seq uint64, b []byte) bool, each func(scan.Event)) error {
	var damaged []uint64
	for from <= upto {
		next, err := v.page(from, upto, pass, each)
		var one *outbox.DamagedError
		switch {
		case errors.As(err, &one):
			if next = one.Seq + 1; one.Seq <= upto {
				damaged = append(damaged, one.Seq)
			}
		case err != nil:
			return err
		case next == from:
			next = upto + 1 // there are no more
		}
		from = next
	}
	if n := len(damaged); n > 0 {
		v.log.Error("events are damaged on this disk, their loss is declared (is the disk failing?)", "seq", damaged[0], "count", n)
		v.declare(damaged)
	}
	return nil
}

// page reads some of the log and returns the number that comes next.
func (v *voice) page(from, upto uint64, pass func(seq uint64, b []byte) bool, each func(scan.Event)) (next uint64, err error) {
	next = from
	err = v.outbox.Read(from, 1000, func(seq uint64, b []byte) error {
		if next = seq + 1; seq > upto || pass(seq, b) {
			return nil
		}
		ev, err := event.Parse(b)
		if err != nil {
			v.log.Warn("own event can not be read, passed over", "seq", seq, "err", err)
			return nil
		}
		if l, ok := ev.Entry.(*scan.Loss); ok && l.Epoch == ev.Epoch && l.From == l.To {
			v.losing.Lock()
			v.lost[l.From] = true
			v.losing.Unlock()
		}
		each(ev)
		return nil
	})
	return next, err
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

// quarantine keeps an event aside that no broker takes, and tells receivers
// that it will not come.
func (v *voice) quarantine(epoch string, seq uint64, reason string) {
	err := v.outbox.Quarantine(epoch, seq, reason)
	if err == nil {
		_, err = v.outbox.Write(&scan.Loss{Epoch: epoch, From: seq, To: seq, Reason: reason})
	}
	if err != nil {
		v.log.Warn("an event that no broker takes can not be kept aside now", "seq", seq, "err", err)
	}
}

// settleWait is how long the first connection waits for what the broker
// remembers of this name.
const settleWait = time.Second

// supersede gives this log up: another life of it has used its numbers.
func (v *voice) supersede(epoch string, from, last uint64) {
	select {
	case v.broken <- &supersededError{epoch, from, last}:
	default:
	}
}

// supersededError says that numbers of a log were given by another life of it.
type supersededError struct {
	epoch      string
	from, last uint64
}

func (e *supersededError) Error() string {
	return fmt.Sprintf("this machine went on from an old image of its disk: numbers %d to %d had been given before", e.from, e.last)
}

// watchLimits says well before that an outbox comes near its limits: at four
// fifths of them, at nineteen twentieths, and when it is well again.
func (v *voice) watchLimits(ctx context.Context) error {
	said := 0.0
	return every(ctx, time.Minute, func(now time.Time) {
		f := v.outbox.Fill(now)
		step := 0.0
		for _, s := range []float64{0.8, 0.95, 1} {
			if f.Share >= s {
				step = s
			}
		}
		switch {
		case step > said:
			v.log.Error("the outbox comes near its limits: full, it refuses new scans (is the broker away, or a consumer? scanpost outbox stats tells)",
				"share", math.Round(f.Share*100)/100, "used", f.Used, "quota", f.Quota, "oldest", f.Oldest)
		case step == 0 && said > 0:
			v.log.Info("the outbox has room again", "used", f.Used, "quota", f.Quota)
		}
		said = step
	})
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

// every judges what time alone changes. A board that people watch does it four
// times a second; a station judges at each scan anyway, and lets its machine
// sleep in between.
func every(ctx context.Context, pause time.Duration, judge func(now time.Time)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		judge(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
