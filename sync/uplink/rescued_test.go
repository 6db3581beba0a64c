package uplink

import (
	"context"
	"fmt"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

// What is rescued while the connection stands leaves on that connection, with
// the ids and bytes it had.
func TestRescuedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	old, err := outbox.Open(dir, outbox.Options{Site: station.Site, Station: station.Station})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for i := range 300 {
		if _, err := old.Write(&scan.Scan{Checkpoint: "pack", Raw: fmt.Sprint("PARCEL-", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Read(1, 300, func(_ uint64, b []byte) error { want[string(b)] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := outbox.SetAside(dir, time.Now(), outbox.ErrDamaged); err != nil {
		t.Fatal(err)
	}

	box := openOutbox(t, dir)
	addr := embedded(t)
	s := subscribe(t, addr, station.Evt())
	u := New(Options{Site: station.Site, Station: station.Station, Outbox: box, Link: mqtt.Options{URL: "mqtt://" + addr, Again: time.Millisecond}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- u.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	if _, err := box.Write(&scan.Scan{Checkpoint: "pack", Raw: "AFTER"}); err != nil {
		t.Fatal(err)
	}
	s.wait(func(got []mqtt.Message) bool { return len(got) == 1 }) // so it is connected

	if _, err := box.Rescue(ctx); err != nil {
		t.Fatal(err)
	}
	u.Changed()
	got := s.wait(func(got []mqtt.Message) bool { return len(ledgerSeqs(got)) >= 301 })
	for _, m := range got[1:] {
		if !want[string(m.Payload)] {
			t.Errorf("got %s, which is none of the old log's events", m.Payload)
		}
		delete(want, string(m.Payload))
	}
	if len(want) > 0 {
		t.Errorf("%d events of the old log did not come", len(want))
	}
}
