//go:build linux

package rig

import (
	"context"
	"fmt"
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
)

// station is what the broker, on the host, heard of the programs in the guest.
type station struct {
	url string // for the guest

	mu      sync.Mutex
	events  map[string][]scan.Event // by station, in the order of arrival
	when    map[string][]time.Time  // by the host's clock
	changed chan struct{}
	bad     []string
}

func newStation(ctx context.Context) (*station, error) {
	b, err := broker.Listen(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		return nil, err
	}
	go b.Run(ctx)
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		return nil, err
	}
	s := &station{url: fmt.Sprintf("mqtt://%s:%s", vm.Host, port), events: map[string][]scan.Event{}, when: map[string][]time.Time{}, changed: make(chan struct{})}
	link, err := mqtt.Dial(ctx, mqtt.Options{URL: "mqtt://" + b.Addr(), ClientID: "rig"})
	if err != nil {
		return nil, err
	}
	return s, link.Subscribe(ctx, s.take, event.Topics{Site: "rig", Station: "+"}.Evt())
}

// take keeps an event. One that comes twice is one.
func (s *station) take(m mqtt.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	e, err := event.Parse(m.Payload)
	if err != nil {
		s.bad = append(s.bad, err.Error())
		return
	}
	known := s.events[e.Station]
	switch next := uint64(len(known)) + 1; {
	case e.Seq < next:
		return
	case e.Seq > next:
		s.bad = append(s.bad, fmt.Sprintf("%s: number %d came after %d", e.Station, e.Seq, next-1))
	}
	s.events[e.Station] = append(known, e)
	s.when[e.Station] = append(s.when[e.Station], time.Now())
}

func (s *station) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// heard waits until what was heard of a station is enough.
func (s *station) heard(t testing.TB, name, what string, enough func([]scan.Event) bool) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s.mu.Lock()
		events, changed, bad := slices.Clone(s.events[name]), s.changed, s.bad
		s.mu.Unlock()
		if len(bad) > 0 {
			t.Fatalf("the broker heard what it should not: %q", bad)
		}
		if enough(events) {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// scanned is what an event says of a scan that these tests compare.
type scanned struct{ Device, Checkpoint, Code string }

// scans are all scans of a station so far, in order. A reading that is odd has
// its oddity behind the code, so that it is like no other.
func (s *station) scans(name string) (all []scanned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events[name] {
		switch x := e.Entry.(type) {
		case *scan.Scan:
			code := x.Raw
			if x.Note != "" {
				code += " (" + x.Note + ")"
			}
			all = append(all, scanned{x.Device, x.Checkpoint, code})
		case *scan.NoRead:
			all = append(all, scanned{x.Device, x.Checkpoint, x.Raw + " (no read)"})
		}
	}
	return all
}

// last is the newest word on whether a device is there, when it was heard, and
// how many words there were.
func (s *station) last(name, device string) (attached bool, reason string, at time.Time, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.events[name] {
		if x, ok := e.Entry.(*scan.Attachment); ok && x.Device == device {
			attached, reason, at = x.Attached, x.Reason, s.when[name][i]
			n++
		}
	}
	return attached, reason, at, n
}

// seq is how many events of a station were heard.
func (s *station) seq(name string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.events[name]))
}
