//go:build linux

package powercut

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"scanpost/devices/rig/vm"
	"scanpost/scan"
	"scanpost/sync/broker"
	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/proof"
)

const (
	site     = "rig"
	consumer = "host" // who has to confirm
)

// twice is said of a number that stands for two events.
const twice = "was given twice"

// hub is the broker, and a consumer that keeps the hash of every event it ever
// saw, from the broker and from the disk alike. It is outside the guest, so no
// cut makes it forget.
type hub struct {
	url  string // for the guest
	link *mqtt.Link

	mu      sync.Mutex
	logs    map[string]*history // by epoch
	births  map[string]event.State
	keys    map[string]string // by station
	heads   int               // that were compared
	never   int               // numbers that were declared lost and had never been given
	confirm bool              // something is to be confirmed
	wrong   []string
}

// history is all that was ever seen of one log.
type history struct {
	station, epoch string
	hashes         map[uint64]proof.Hash // of the events, by number
	last           uint64                // the newest number seen
	upto           uint64                // all up to here were seen
	edge           proof.Edge            // over these
	roots          []proof.Hash          // after each of them
	said           map[uint64]proof.Hash // roots of signed heads, by number
	codes          map[string]uint64     // scans, and their numbers
	confirmed      uint64                // what the station may have been told, at most
	again          bool                  // tell it once more
}

func newHub(t *testing.T) *hub {
	t.Helper()
	b, err := broker.Listen(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{url: fmt.Sprintf("mqtt://%s:%s", vm.Host, port), logs: map[string]*history{}, births: map[string]event.State{}, keys: map[string]string{}}
	if h.link, err = mqtt.Dial(ctx, mqtt.Options{URL: "mqtt://" + b.Addr(), ClientID: "host"}); err != nil {
		t.Fatal(err)
	}
	if err := h.link.Subscribe(ctx, h.take, event.Filter(site, "evt"), event.Filter(site, "state"), event.Filter(site, "head")); err != nil {
		t.Fatal(err)
	}
	running.Go(func() {
		for ctx.Err() == nil {
			h.receipts()
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	return h
}

func (h *hub) take(m mqtt.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, station, leaf, _, _ := event.Split(m.Topic)
	switch leaf {
	case "evt":
		h.see(m.Payload)
	case "state":
		h.birth(station, m.Payload)
	case "head":
		h.head(station, m.Payload)
	}
}

func (h *hub) say(format string, args ...any) {
	h.wrong = append(h.wrong, fmt.Sprintf(format, args...))
}

// add keeps an event that was found on the disk.
func (h *hub) add(b []byte) (epoch string, seq uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.see(b)
}

// see keeps an event, wherever it comes from: the same number is always the
// same bytes, and a code has one number only.
func (h *hub) see(b []byte) (epoch string, seq uint64) {
	e, err := event.Parse(b)
	if err != nil {
		h.say("an event that is none: %v: %q", err, b)
		return "", 0
	}
	l := h.logs[e.Epoch]
	if l == nil {
		l = &history{station: e.Station, epoch: e.Epoch, hashes: map[uint64]proof.Hash{}, said: map[uint64]proof.Hash{}, codes: map[string]uint64{}}
		h.logs[e.Epoch] = l
	}
	hash := proof.RecordHash(b)
	had, known := l.hashes[e.Seq]
	switch {
	case known && had == hash:
		return e.Epoch, e.Seq
	case known:
		h.say("number %d of %s %s: now it is %s", e.Seq, e.Epoch, twice, b)
		return e.Epoch, e.Seq
	}
	l.hashes[e.Seq] = hash
	l.last = max(l.last, e.Seq)
	switch x := e.Entry.(type) {
	case *scan.Scan:
		if before, ok := l.codes[x.Raw]; ok {
			h.say("%s was scanned once, and is recorded as %d and %d of %s", x.Raw, before, e.Seq, e.Epoch)
		}
		if x.Note != "" {
			h.say("%s has the note %q", x.Raw, x.Note)
		}
		l.codes[x.Raw] = e.Seq
	case *scan.Loss:
		// Where a cut came into a commit and the file is damaged as well, nobody
		// can tell from what is left of it whether that commit was the last one
		// or none. The station then names numbers that it had not given.
		if gone := h.logs[x.Epoch]; gone == nil || x.From <= gone.last {
			h.say("the station declares %d to %d of %s lost: %s", x.From, x.To, x.Epoch, x.Reason)
		}
		h.never += int(x.To - x.From + 1)
	}
	for {
		next, ok := l.hashes[l.upto+1]
		if !ok {
			break
		}
		l.edge.Append(nil, next)
		l.roots = append(l.roots, l.edge.Root())
		l.upto++
		h.compare(l, l.upto)
	}
	h.confirm = true
	return e.Epoch, e.Seq
}

// compare holds a head against the events: the station has signed for exactly
// what was seen.
func (h *hub) compare(l *history, seq uint64) {
	said, ok := l.said[seq]
	if !ok || seq < 1 || seq > l.upto {
		return
	}
	h.heads++
	if l.roots[seq-1] != said {
		h.say("the head over %d events of %s is not that of the events that were seen", seq, l.epoch)
	}
}

func (h *hub) head(station string, b []byte) {
	key, ok := h.keys[station]
	if !ok {
		return // it says the same again in two seconds
	}
	head, err := proof.Open(b, key)
	if err != nil {
		h.say("a head of %s: %v", station, err)
		return
	}
	l := h.logs[head.Epoch]
	if l == nil || head.Seq == 0 {
		return
	}
	if had, ok := l.said[head.Seq]; ok && had != head.Root {
		h.say("two heads over %d events of %s differ", head.Seq, head.Epoch)
	}
	// Who signs for a number has it on disk, also if nobody has seen it yet.
	l.last = max(l.last, head.Seq)
	l.said[head.Seq] = head.Root
	h.compare(l, head.Seq)
}

func (h *hub) birth(station string, b []byte) {
	s, err := event.ParseState(b)
	if err != nil {
		h.say("a birth of %s: %v", station, err)
		return
	}
	h.births[station] = s
	if !s.Online {
		return
	}
	if had, ok := h.keys[station]; ok && had != s.Key {
		h.say("%s has another key than before", station)
	}
	h.keys[station] = s.Key
	for _, l := range h.logs { // it may not know how far we are
		if l.station == station {
			l.again, h.confirm = true, true
		}
	}
}

// forget drops the birth of an earlier start.
func (h *hub) forget(station string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.births, station)
}

// attached is how many scanners a station hears, by its birth.
func (h *hub) attached(station string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.births[station]
	for _, d := range s.Devices {
		if s.Online && d.Attached {
			n++
		}
	}
	return n
}

// confirmed is how far a station may have been told that its log was seen.
func (h *hub) confirmed(epoch string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.logs[epoch]; l != nil {
		return l.confirmed
	}
	return 0
}

// receipts confirm what was seen without a hole.
func (h *hub) receipts() {
	var send []mqtt.Message
	h.mu.Lock()
	if h.confirm {
		h.confirm = false
		for _, epoch := range slices.Sorted(maps.Keys(h.logs)) {
			l := h.logs[epoch]
			if l.upto == l.confirmed && !l.again || l.upto == 0 {
				continue
			}
			l.confirmed, l.again = l.upto, false // first: from now on it may be trimmed
			send = append(send, mqtt.Message{
				Topic: event.Topics{Site: site, Station: l.station}.Ack(consumer), Retained: h.births[l.station].Epoch == epoch,
				Payload: event.Ack{Epoch: epoch, Upto: l.upto, At: time.Now()}.JSON(),
			})
		}
	}
	h.mu.Unlock()
	for _, m := range send {
		if _, err := h.link.Send(m); err != nil {
			h.mu.Lock()
			h.say("the receipt does not leave: %v", err)
			h.mu.Unlock()
		}
	}
}

// told is what is wrong so far.
func (h *hub) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.wrong)
}
