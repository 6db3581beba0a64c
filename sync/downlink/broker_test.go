package downlink

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/broker"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
	"scanpost/sync/proof"
)

// Over a real broker a station whose events were partly lost is asked for
// them, heard completely, and gets a receipt that says so.
func TestOverABroker(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b, err := broker.Listen(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- b.Run(ctx) }()
	l, err := ledger.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	floor := newFloor(t)
	began = time.Now()
	d, err := New(Options{Site: "ham1", Self: "board", Consumer: "board", Ledger: l, Floor: floor, Reorder: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	dial := func(id string) *mqtt.Link {
		link, err := mqtt.Dial(ctx, mqtt.Options{URL: "mqtt://" + b.Addr(), ClientID: id})
		if err != nil {
			t.Fatal(err)
		}
		return link
	}
	up, station := dial("board"), dial("pack-01")

	topics := event.Topics{Site: "ham1", Station: "pack-01"}
	signer, err := proof.LoadOrMakeSigner(t.TempDir(), topics.Origin())
	if err != nil {
		t.Fatal(err)
	}
	const epoch, last = "0123456789ABCDEF", 50
	var log [][]byte
	for n := uint64(1); n <= last; n++ {
		log = append(log, event.Append(nil, &scan.Event{
			Number: scan.Number{Epoch: epoch, Seq: n, At: time.Now()}, Site: "ham1", Station: "pack-01",
			Entry: &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "order:x"},
		}))
	}
	say := func(topic string, payload []byte, retained bool) {
		if _, err := station.Send(mqtt.Message{Topic: topic, Payload: payload, Retained: retained}); err != nil {
			t.Error(err)
		}
	}
	acks := make(chan event.Ack, 100)
	err = station.Subscribe(ctx, func(m mqtt.Message) {
		if m.Topic == topics.Ack("board") {
			a, err := event.ParseAck(m.Payload)
			if err != nil {
				t.Error(err)
			}
			acks <- a
			return
		}
		q, err := event.ParseRequest(m.Payload)
		if err != nil {
			t.Error(err)
		}
		for _, r := range q.Replay {
			for n := r[0]; n <= r[1]; n++ {
				say(topics.Res(q.Requester()), log[n-1], false)
			}
		}
		say(topics.Res(q.Requester()), event.End{ID: q.ID, Epoch: epoch, First: 1, Last: last}.JSON(), false)
	}, topics.Req(), topics.Ack("board"))
	if err != nil {
		t.Fatal(err)
	}
	note, err := signer.Sign(event.Head{Site: "ham1", Station: "pack-01", Epoch: epoch, Seq: last, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	// The birth comes before the board, which hears of it all the same.
	birth := event.State{Online: true, Session: "s", Epoch: epoch, First: 1, Checkpoints: []string{"pack"}, Key: signer.VerifierKey()}
	if err := station.Publish(ctx, mqtt.Message{Topic: topics.State(), Payload: birth.JSON(), Retained: true}); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- d.Session(ctx, up) }()
	<-acks // it listens
	for n, b := range log {
		if n%7 != 3 && n < 45 {
			say(topics.Evt(), b, false)
		}
	}
	say(topics.Head(), note, true)
	for a := range acks {
		if a.Upto == last && len(a.Missing) == 0 {
			break
		}
	}
	var got [][]byte
	if err := l.Read("pack-01", epoch, 1, last, func(_ uint64, b []byte) error { got = append(got, b); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, log, slices.Equal) {
		t.Errorf("the ledger holds %q, want %q", got, log)
	}
	if got := len(floor.coverages()); got != 1 {
		t.Errorf("told heads %v, want one", floor.coverages())
	}
	station.Close(ctx)
	cancel()
	<-ended
	<-ended
	up.Close(ctx)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
