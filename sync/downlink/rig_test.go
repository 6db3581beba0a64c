package downlink

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
	"scanpost/sync/proof"
)

// The rig is one downlink, some stations, and air between them that treats
// messages as it likes. It runs in a synctest bubble: time is the bubble's.
type rig struct {
	t      *testing.T
	dir    string
	ledger *ledger.Ledger
	floor  *floor
	logs   *logs
	d      *Downlink
	o      Options

	air      sync.Mutex // held while a message is delivered, which may wait
	mu       sync.Mutex
	random   *rand.Rand
	hostile  bool
	link     *fakeLink
	stations map[string]*fakeStation
	acks     map[string]event.Ack // newest receipt by station
	ackCount int
	requests []request
	stop     func() error
}

type request struct {
	station string
	at      time.Duration // since the rig was made
	event.Request
}

var began time.Time

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	began = time.Now()
	r := &rig{
		t: t, dir: t.TempDir(), logs: &logs{}, random: rand.New(rand.NewPCG(1, 1)),
		stations: map[string]*fakeStation{}, acks: map[string]event.Ack{},
	}
	r.o = Options{Site: "ham1", Self: "board", Consumer: "board", Log: slog.New(r.logs)}
	if change != nil {
		change(&r.o)
	}
	r.restart()
	t.Cleanup(func() { r.ledger.Close() })
	return r
}

// restart is a new process on the same disk.
func (r *rig) restart() {
	r.t.Helper()
	if r.ledger != nil {
		if err := r.ledger.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	l, err := ledger.Open(r.dir, slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	r.ledger, r.floor = l, newFloor(r.t)
	r.o.Ledger, r.o.Floor = l, r.floor
	if r.d, err = New(r.o); err != nil {
		r.t.Fatal(err)
	}
	if err := r.d.Load(); err != nil {
		r.t.Fatal(err)
	}
}

// connect starts a session; disconnect, or the end of the test, ends it.
func (r *rig) connect() {
	ctx, cancel := context.WithCancel(r.t.Context())
	link := &fakeLink{r: r, done: make(chan struct{})}
	result := make(chan error, 1)
	r.mu.Lock()
	r.link = link
	r.mu.Unlock()
	go func() { result <- r.d.run(ctx, link) }()
	r.stop = func() error {
		r.stop = nil
		close(link.done)
		defer cancel()
		return <-result
	}
	synctest.Wait()
	for _, name := range slices.Sorted(maps.Keys(r.stations)) {
		r.stations[name].retained()
	}
	synctest.Wait()
}

func (r *rig) disconnect() {
	if err := r.stop(); err == nil {
		r.t.Error("a session whose connection ended returned nil")
	}
}

// deliver carries a message to the downlink. Hostile air drops it, doubles it
// and holds it back.
func (r *rig) deliver(m mqtt.Message) {
	r.carry(func() {
		r.mu.Lock()
		l := r.link
		handler := l != nil && l.handler != nil && l.takes(m.Topic)
		r.mu.Unlock()
		if handler {
			l.handler(m)
		}
	})
}

func (r *rig) carry(do func()) {
	if !r.hostile {
		r.air.Lock()
		defer r.air.Unlock()
		do()
		return
	}
	r.mu.Lock()
	times, later := 1, []time.Duration{}
	switch n := r.random.IntN(100); {
	case n < 25:
		times = 0
	case n < 40:
		times = 2
	}
	for range times {
		later = append(later, time.Duration(r.random.IntN(700))*time.Millisecond)
	}
	r.mu.Unlock()
	for _, wait := range later {
		time.AfterFunc(wait, func() {
			r.air.Lock()
			defer r.air.Unlock()
			do()
		})
	}
}

type fakeLink struct {
	r       *rig
	handler func(mqtt.Message)
	filters []string
	done    chan struct{}
}

func (l *fakeLink) Subscribe(_ context.Context, handler func(mqtt.Message), filters ...string) error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.handler, l.filters = handler, filters
	return nil
}

func (l *fakeLink) takes(topic string) bool {
	_, _, leaf, rest, _ := event.Split(topic)
	if leaf == "res" {
		leaf = "res/" + rest
	}
	return slices.Contains(l.filters, event.Filter("ham1", leaf))
}

func (l *fakeLink) Done() <-chan struct{} { return l.done }
func (l *fakeLink) Err() error            { return nil }

func (l *fakeLink) send(m mqtt.Message) error {
	_, name, leaf, _, ok := event.Split(m.Topic)
	if !ok {
		return fmt.Errorf("topic %q", m.Topic)
	}
	r := l.r
	switch leaf {
	case "ack":
		a, err := event.ParseAck(m.Payload)
		r.mu.Lock()
		past := r.stations[name] != nil && a.Epoch != r.stations[name].epoch
		r.mu.Unlock()
		if err != nil || m.Retained == past { // one for an older log must not take the other's place
			r.t.Errorf("receipt %s retained %t: %v", m.Payload, m.Retained, err)
		}
		r.mu.Lock()
		r.acks[name] = a
		r.ackCount++
		r.mu.Unlock()
	case "req":
		q, err := event.ParseRequest(m.Payload)
		if err != nil {
			r.t.Errorf("request %s: %v", m.Payload, err)
		}
		r.mu.Lock()
		r.requests = append(r.requests, request{name, time.Since(began), q})
		s := r.stations[name]
		r.mu.Unlock()
		if s != nil && !s.deaf {
			r.carry(func() { go s.answer(q) })
		}
	}
	return nil
}

// fakeStation is a log and the messages about it.
type fakeStation struct {
	r       *rig
	name    string
	epoch   string
	session string
	signer  *proof.Signer
	ahead   time.Duration // its clock

	mu    sync.Mutex
	log   [][]byte // events 1, 2, …
	first uint64
	head  []byte
	deaf  bool
	bad   uint64 // an event that is counted and can not be read
}

func (r *rig) station(name string) *fakeStation {
	r.t.Helper()
	signer, err := proof.LoadOrMakeSigner(r.t.TempDir(), event.Topics{Site: "ham1", Station: name}.Origin())
	if err != nil {
		r.t.Fatal(err)
	}
	s := &fakeStation{r: r, name: name, epoch: "0123456789ABCDEF", session: "s1", signer: signer, first: 1}
	r.mu.Lock()
	r.stations[name] = s
	r.mu.Unlock()
	return s
}

func (s *fakeStation) topics() event.Topics { return event.Topics{Site: "ham1", Station: s.name} }

func (s *fakeStation) now() time.Time { return event.Milli(time.Now().Add(s.ahead)) }

// write adds an event to the log, without saying so.
func (s *fakeStation) write(entry scan.Entry) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint64(len(s.log) + 1)
	if entry == nil {
		entry = &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: fmt.Sprintf("order:%s-%d", s.name, n), Device: "hand"}
	}
	b := event.Append(nil, &scan.Event{
		Number: scan.Number{Epoch: s.epoch, Seq: n, At: s.now()}, Site: "ham1", Station: s.name, Entry: entry,
	})
	s.log = append(s.log, b)
	return b
}

// scans writes events and publishes them.
func (s *fakeStation) scans(n int) {
	for range n {
		s.publish(s.write(nil))
	}
}

func (s *fakeStation) publish(b []byte) {
	s.r.deliver(mqtt.Message{Topic: s.topics().Evt(), Payload: b})
}

func (s *fakeStation) birth() event.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return event.State{
		Online: true, Session: s.session, Epoch: s.epoch, First: s.first, Last: uint64(len(s.log)),
		Checkpoints: []string{"pack"}, Version: "test", Key: s.signer.VerifierKey(), At: s.now(),
	}
}

func (s *fakeStation) sayBirth() {
	s.r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: s.birth().JSON()})
}

func (s *fakeStation) makeHead() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	note, err := s.signer.Sign(event.Head{Site: "ham1", Station: s.name, Epoch: s.epoch, Seq: uint64(len(s.log)), At: s.now()})
	if err != nil {
		s.r.t.Error(err)
	}
	s.head = note
	return note
}

func (s *fakeStation) sayHead() {
	s.r.deliver(mqtt.Message{Topic: s.topics().Head(), Payload: s.makeHead()})
}

// retained is what the broker gives a new subscriber.
func (s *fakeStation) retained() {
	s.r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: s.birth().JSON(), Retained: true})
	if s.head != nil {
		s.r.deliver(mqtt.Message{Topic: s.topics().Head(), Payload: s.head, Retained: true})
	}
}

func (s *fakeStation) answer(q event.Request) {
	if q.Head {
		s.sayHead()
		return
	}
	s.mu.Lock()
	var found [][]byte
	for _, r := range q.Replay {
		for n := max(r[0], s.first); n <= r[1] && n <= uint64(len(s.log)) && q.Epoch == s.epoch; n++ {
			if n != s.bad {
				found = append(found, s.log[n-1])
			}
		}
	}
	end := event.End{ID: q.ID, Epoch: s.epoch, First: s.first, Last: uint64(len(s.log)), Sent: uint64(len(found))}
	s.mu.Unlock()
	res := s.topics().Res(q.Requester())
	for _, b := range found {
		s.r.deliver(mqtt.Message{Topic: res, Payload: b})
	}
	s.r.deliver(mqtt.Message{Topic: res, Payload: end.JSON()})
}

// floor remembers what it was told, and that heads are never told too early.
type floor struct {
	t       *testing.T
	mu      sync.Mutex
	seen    map[string]int // events by station and id
	lost    map[string]bool
	heads   map[string][]time.Duration // live heads' arrivals, since the rig was made
	covered []string
	births  []string
	known   map[string][3]uint64
	offsets map[string]time.Duration
}

func newFloor(t *testing.T) *floor {
	return &floor{
		t: t, seen: map[string]int{}, lost: map[string]bool{}, heads: map[string][]time.Duration{},
		known: map[string][3]uint64{}, offsets: map[string]time.Duration{},
	}
}

func key(station, epoch string, n uint64) string {
	return station + " " + event.ID(scan.Number{Epoch: epoch, Seq: n})
}

func (f *floor) Observe(ev scan.Event, _ time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[key(ev.Station, ev.Epoch, ev.Seq)]++
}

func (f *floor) Birth(station string, checkpoints []string, _ []scan.DeviceView, session, _ string, online, signedOff bool, _ time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.births = append(f.births, fmt.Sprintf("%s %v %s online=%t signedOff=%t", station, checkpoints, session, online, signedOff))
}

func (f *floor) HeadArrived(station string, at, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heads[station] = append(f.heads[station], arrived.Sub(began))
	if off, ok := f.offsets[station]; !ok || at.Sub(arrived) > off {
		f.offsets[station] = at.Sub(arrived)
	}
}

func (f *floor) Offset(station string) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	off, ok := f.offsets[station]
	return off, ok
}

func (f *floor) Covered(station, epoch string, seq uint64, _, _ time.Time, offset time.Duration, live bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := uint64(1); n <= seq; n++ {
		if k := key(station, epoch, n); f.seen[k] == 0 && !f.lost[k] {
			f.t.Errorf("head %d of %s was told before event %d", seq, station, n)
		}
	}
	f.covered = append(f.covered, fmt.Sprintf("%s %d offset=%v live=%t", station, seq, offset.Round(time.Millisecond), live))
}

func (f *floor) Known(station, epoch string, first, last, stored uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[station+" "+epoch] = [3]uint64{first, last, stored}
}

func (f *floor) Lost(station, epoch string, from, to uint64, _, _ time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := from; n <= to; n++ {
		f.lost[key(station, epoch, n)] = true
	}
}

func (f *floor) lostNumbers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.lost))
}

func (f *floor) coverages() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.covered)
}

// logs counts lines by their message.
type logs struct {
	mu    sync.Mutex
	lines map[string]int
}

func (l *logs) Enabled(context.Context, slog.Level) bool { return true }
func (l *logs) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logs) WithGroup(string) slog.Handler            { return l }
func (l *logs) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[string]int{}
	}
	l.lines[r.Message]++
	return nil
}

func (l *logs) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[message]
}

// pass lets time go by, for the bubble's clock and nobody else's.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
