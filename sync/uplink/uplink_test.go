package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/mqtt/mqtttest"
)

// run keeps an uplink running against b, within a synctest bubble: without a
// network, and with a clock that costs nothing. stop ends it.
func run(t *testing.T, b *mqtttest.Broker, o Options) (u *Uplink, stop func()) {
	t.Helper()
	o.Site, o.Station = station.Site, station.Station
	o.Link.URL = "mqtt://broker"
	o.Link.Dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go b.Serve(theirs)
		return ours, nil
	}
	u = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := u.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	return u, sync.OnceFunc(func() { cancel(); <-ended; synctest.Wait() })
}

// on is what was published on a topic.
func on(got []mqtttest.Publish, topic string) []mqtttest.Publish {
	return slices.DeleteFunc(slices.Clone(got), func(p mqtttest.Publish) bool { return p.Topic != topic })
}

func seqs(t *testing.T, got []mqtttest.Publish) (n []uint64) {
	t.Helper()
	for _, p := range got {
		n = append(n, seqOf(t, p.Payload))
	}
	return n
}

func states(t *testing.T, got []mqtttest.Publish) (all []event.State) {
	t.Helper()
	for _, p := range on(got, station.State()) {
		s, err := event.ParseState([]byte(p.Payload))
		if err != nil || !p.Retained {
			t.Errorf("state %s, retained %t: %v", p.Payload, p.Retained, err)
		}
		all = append(all, s)
	}
	return all
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

// What waits in the outbox leaves without a new scan, what is written later
// leaves too; each once and in order while the connection holds.
func TestDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(1000)
		box.published = 10
		_, stop := run(t, b, Options{Outbox: box})
		synctest.Wait()
		equal(t, "events", seqs(t, on(b.Published(), station.Evt())), between(11, 1000))
		if p := box.Published(); p != 1000 {
			t.Errorf("the cursor is at %d", p)
		}
		box.write(5)
		synctest.Wait()
		equal(t, "events", seqs(t, on(b.Published(), station.Evt())), between(11, 1005))
		stop()
	})
}

// At no time are more events of a backlog under way than the window holds, nor
// of what is new, and a stuck window stays what it is.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
			if p.Topic == station.Evt() {
				return mqtttest.Ignore
			}
			return mqtttest.Ack
		}}
		box := newBox(100)
		_, stop := run(t, b, Options{Outbox: box, Window: 7})
		synctest.Wait()
		box.write(5)
		synctest.Wait()
		box.write(5)
		synctest.Wait()
		first := append(upTo(7), between(101, 107)...)
		equal(t, "events", seqs(t, on(b.Published(), station.Evt())), first)

		// It is tried again on a fresh connection, from the same number; all is
		// backlog there.
		time.Sleep(33 * time.Second)
		synctest.Wait()
		equal(t, "events", seqs(t, on(b.Published(), station.Evt())), append(first, upTo(7)...))
		if n := len(b.Connects()); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
		if p := box.Published(); p != 0 {
			t.Errorf("the cursor is at %d, and nothing was acknowledged", p)
		}
		stop()
	})
}

// The cursor never passes an event that the broker has not acknowledged,
// however it misbehaves; and in the end everything has arrived.
func TestCursorOnlyPassesAcknowledged(t *testing.T) {
	for range 10 {
		seed := rand.Uint64()
		synctest.Test(t, func(t *testing.T) {
			const many = 400
			var mu sync.Mutex
			random := rand.New(rand.NewPCG(seed, 1))
			acked := map[uint64]bool{}
			b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
				mu.Lock()
				defer mu.Unlock()
				action := mqtttest.Ack
				switch n := random.IntN(60); {
				case n == 0:
					return mqtttest.HangUp
				case n == 1:
					action = mqtttest.AckAndHang
				case n < 4:
					return mqtttest.Ignore // until the connection is given up
				}
				if p.Topic == station.Evt() {
					acked[seqOf(t, p.Payload)] = true
				}
				return action
			}}
			box := newBox(many / 2)
			all := make(chan struct{})
			box.moved = func(upto uint64) {
				mu.Lock()
				defer mu.Unlock()
				for _, seq := range upTo(upto) {
					if !acked[seq] {
						t.Errorf("seed %d: the cursor passed %d, which was never acknowledged", seed, seq)
					}
				}
				if upto == many {
					close(all)
				}
			}
			_, stop := run(t, b, Options{Outbox: box})
			for range many / 2 {
				time.Sleep(time.Duration(seed%50) * time.Millisecond)
				box.write(1)
			}
			<-all
			stop()
			inOrder(t, b.Published(), 1)
		})
	}
}

// inOrder checks that what was sent on each connection is two sequences, each
// ascending without a hole: the backlog from behind the cursor, and what was
// written since the connection was made. No number was skipped for good.
func inOrder(t *testing.T, got []mqtttest.Publish, first uint64) {
	t.Helper()
	conn, ends := 0, []uint64{}
	seen := map[uint64]bool{}
	newest := uint64(0)
	for _, p := range on(got, station.Evt()) {
		seq := seqOf(t, p.Payload)
		if p.Conn != conn {
			conn, ends = p.Conn, nil
		}
		seen[seq], newest = true, max(newest, seq)
		if i := slices.Index(ends, seq-1); i >= 0 {
			ends[i] = seq
			continue
		}
		if len(ends) == 2 {
			t.Fatalf("connection %d: %d came after %v", conn, seq, ends)
		}
		ends = append(ends, seq)
	}
	for n := first; n <= newest; n++ {
		if !seen[n] {
			t.Fatalf("%d was never sent", n)
		}
	}
}

// What is scanned while a backlog is on its way does not wait for it: it is the
// next to be sent. The birth says which numbers are still on their way, until
// there are none.
func TestLiveFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		held, sent := false, 0
		b := &mqtttest.Broker{}
		b.Decide = func(p mqtttest.Publish) mqtttest.Action {
			mu.Lock()
			defer mu.Unlock()
			if p.Topic == station.Evt() {
				if sent++; sent > 50 && !held { // acknowledges no more for a while
					return mqtttest.Ignore
				}
			}
			return mqtttest.Ack
		}
		box := newBox(1000)
		_, stop := run(t, b, Options{Outbox: box, Window: 10})
		synctest.Wait()
		before := len(on(b.Published(), station.Evt()))
		box.write(2)
		synctest.Wait()
		got := seqs(t, on(b.Published(), station.Evt()))
		equal(t, "sent next", got[before:], []uint64{1001, 1002})
		if s := states(t, b.Published()); !slices.Equal(s[0].Backlog, [][2]uint64{{1, 1000}}) {
			t.Errorf("the birth says that %v is on its way", s[0].Backlog)
		}
		mu.Lock()
		held = true
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if p := box.Published(); p != 1002 {
			t.Errorf("the cursor is at %d", p)
		}
		s := states(t, b.Published())
		if last := s[len(s)-1]; last.Backlog != nil {
			t.Errorf("the last birth says that %v is on its way", last.Backlog)
		}
		stop()
		inOrder(t, b.Published(), 1)
	})
}

// A backlog leaves at the pace that is configured, and what is new does not
// wait for that.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(1000)
		began := time.Now()
		_, stop := run(t, b, Options{Outbox: box, Pace: 100})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		n := len(on(b.Published(), station.Evt()))
		if n < 480 || n > 520 {
			t.Errorf("%d events in 5 s, want 100 a second", n)
		}
		box.write(1)
		synctest.Wait()
		got := seqs(t, on(b.Published(), station.Evt()))
		equal(t, "sent at once", got[n:], []uint64{1001})
		for box.Published() != 1001 {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(began); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("1000 events took %v", took)
		}
		stop()
	})
}

// An event that the broker answers by hanging up is tried again, alone, and
// given up when its neighbour proves that it is the event. Nothing else is held
// up by it, and it is never sent again.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
			if p.Payload == bytesOf(5) {
				return mqtttest.HangUp
			}
			return mqtttest.Ack
		}}
		box := newBox(5)
		var poison []string
		_, stop := run(t, b, Options{Outbox: box, Poison: func(epoch string, seq uint64, why string) { poison = append(poison, fmt.Sprint(epoch, " ", seq)) }})
		time.Sleep(10 * time.Minute)
		// While nothing waits behind it, it holds up nothing, and is tried.
		if p := box.Published(); p != 4 || poison != nil {
			t.Errorf("the cursor is at %d, and %v is given up", p, poison)
		}
		box.write(3)
		time.Sleep(5 * time.Minute)
		if p := box.Published(); p != 8 {
			t.Errorf("the cursor is at %d, want 8", p)
		}
		equal(t, "given up", poison, []string{epoch + " 5"})
		box.write(1)
		time.Sleep(time.Minute)
		if p := box.Published(); p != 9 {
			t.Errorf("the cursor is at %d, want 9", p)
		}
		stop()
	})
}

// A broker that is out of order gives no event up: neither one that hangs up on
// everything, nor one that does so by chance, nor one that never answers.
func TestNothingIsGivenUpByChance(t *testing.T) {
	seed := rand.Uint64()
	for what, decide := range map[string]func(n int, p mqtttest.Publish) mqtttest.Action{
		"hangs up on every event": func(_ int, p mqtttest.Publish) mqtttest.Action {
			if p.Topic == station.Evt() {
				return mqtttest.HangUp
			}
			return mqtttest.Ack
		},
		"hangs up on half of them": func(n int, p mqtttest.Publish) mqtttest.Action {
			if n%2 == 0 {
				return mqtttest.HangUp
			}
			return mqtttest.Ack
		},
		"never answers": func(int, mqtttest.Publish) mqtttest.Action { return mqtttest.Ignore },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				cured, random := false, rand.New(rand.NewPCG(seed, 3))
				b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
					mu.Lock()
					defer mu.Unlock()
					if cured {
						return mqtttest.Ack
					}
					return decide(random.IntN(1000), p)
				}}
				box := newBox(20)
				_, stop := run(t, b, Options{Outbox: box, Poison: func(_ string, seq uint64, why string) {
					t.Errorf("seed %d: %d is given up: %s", seed, seq, why)
				}})
				time.Sleep(30 * time.Minute)
				mu.Lock()
				cured = true
				mu.Unlock()
				time.Sleep(2 * time.Minute)
				if p := box.Published(); p != 20 {
					t.Errorf("seed %d: cured, and the cursor is at %d", seed, p)
				}
				stop()
			})
		})
	}
}

// A line that ends with every event, before or behind its acknowledgement,
// carries them all in the end, and gives none up.
func TestLineThatEndsWithEveryEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
			if p.Topic != station.Evt() {
				return mqtttest.Ack
			}
			if n++; n%4 == 0 {
				return mqtttest.AckAndHang
			}
			return mqtttest.HangUp
		}}
		box := newBox(20)
		_, stop := run(t, b, Options{Outbox: box, Poison: func(_ string, seq uint64, why string) { t.Errorf("%d is given up: %s", seq, why) }})
		time.Sleep(time.Hour)
		if p := box.Published(); p != 20 {
			t.Errorf("the cursor is at %d, want 20", p)
		}
		stop()
	})
}

// Each connection has a session of its own, in its will and in its birth; the
// birth says who we are and how much we hold, at the beginning, when
// something changed, and every minute.
func TestBirths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(7)
		devices := []event.Device{{Name: "hand", Attached: true}}
		u, stop := run(t, b, Options{
			Outbox: box, Checkpoints: []string{"pack"}, Version: "1.2", Key: "key",
			Devices: func() []event.Device { return devices },
			Clock:   func() event.Clock { return event.Clock{Synced: true, OffsetMin: 60} },
		})
		synctest.Wait()
		connect := b.Connects()[0]
		first := states(t, b.Published())[0]
		if !first.Online || first.Epoch != epoch || first.First != 1 || first.Last != 7 || first.Depth != 7 || first.Key != "key" ||
			!slices.Equal(first.Checkpoints, []string{"pack"}) || first.Version != "1.2" || !first.Clock.Synced || len(first.Devices) != 1 {
			t.Errorf("birth %+v", first)
		}
		will, err := event.ParseState([]byte(connect.WillPayload))
		if err != nil || will.Online || will.SignedOff || will.Session != first.Session || !connect.WillRetained || connect.WillTopic != station.State() {
			t.Errorf("will %+v on %s, retained %t (%v), want offline with session %s", will, connect.WillTopic, connect.WillRetained, err, first.Session)
		}
		equal(t, "order", topicsOf(b.Published())[:3], []string{station.State(), station.Head(), station.Evt()})

		// The second one says that nothing is on its way any more.
		if s := states(t, b.Published()); len(s) != 2 || len(first.Backlog) != 1 || len(s[1].Backlog) != 0 {
			t.Errorf("on its way: %+v", s)
		}
		devices = nil
		u.Changed()
		synctest.Wait()
		if s := states(t, b.Published()); len(s) != 3 || len(s[2].Devices) != 0 || s[2].Session != first.Session || s[2].Depth != 0 {
			t.Errorf("after a change: %+v", s)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if s := states(t, b.Published()); len(s) != 4 || !s[3].Online {
			t.Errorf("a minute later: %d births", len(s))
		}

		b.HangUpAll()
		time.Sleep(time.Second)
		synctest.Wait()
		again := states(t, b.Published())[4]
		will, _ = event.ParseState([]byte(b.Connects()[1].WillPayload))
		if again.Session == first.Session || again.Session == "" || will.Session != again.Session {
			t.Errorf("the second connection has session %q in its birth and %q in its will, the first had %q", again.Session, will.Session, first.Session)
		}
		stop()
	})
}

func topicsOf(got []mqtttest.Publish) (topics []string) {
	for _, p := range got {
		topics = append(topics, p.Topic)
	}
	return topics
}

// A late will of an earlier connection does not stand, nor does what nobody
// can read: the birth is said again. Somebody else who is online in our name
// is logged, once.
func TestLateWill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		b := &mqtttest.Broker{}
		_, stop := run(t, b, Options{Outbox: newBox(0), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		synctest.Wait()
		mine := states(t, b.Published())[0]
		for _, c := range []struct {
			name     string
			state    []byte
			retained bool
			births   int
		}{
			{"my own birth", mine.JSON(), false, 1},
			{"what was retained before me", event.State{Session: "old"}.JSON(), true, 1},
			{"a late will", event.State{Session: "old", Epoch: epoch}.JSON(), false, 2},
			{"a late goodbye", event.State{Session: "old", SignedOff: true}.JSON(), false, 3},
			{"somebody else", event.State{Session: "other", Epoch: epoch, Online: true}.JSON(), false, 3},
			{"somebody else again", event.State{Session: "other", Epoch: epoch, Online: true}.JSON(), false, 3},
			{"nonsense from before me", []byte("{"), true, 3},
			{"nonsense", []byte("{"), false, 4},
			{"my birth deleted", nil, false, 5},
		} {
			b.Send(station.State(), string(c.state), c.retained)
			synctest.Wait()
			if n := len(states(t, b.Published())); n != c.births {
				t.Errorf("%s: %d births, want %d", c.name, n, c.births)
			}
			time.Sleep(time.Second) // not more than one each second, see TestOverwritten
		}
		stop()
		if n := strings.Count(log.String(), "another program speaks as this station"); n != 1 {
			t.Errorf("said %d times: %s", n, log.String())
		}
	})
}

// Whoever writes nonsense in our name without end gets a birth a second, the
// first at once and one after the last; it does not make us storm.
func TestOverwritten(t *testing.T) {
	for _, what := range []string{"}", string(event.State{Session: "old"}.JSON())} {
		synctest.Test(t, func(t *testing.T) {
			b := &mqtttest.Broker{}
			_, stop := run(t, b, Options{Outbox: newBox(0)})
			synctest.Wait()
			births := func() int { synctest.Wait(); return len(states(t, b.Published())) }
			for i := range 1000 { // ten seconds
				b.Send(station.State(), what, false)
				if i == 0 && births() != 2 {
					t.Errorf("%s: %d births at once, want 2", what, births())
				}
				time.Sleep(10 * time.Millisecond)
			}
			if n := births(); n < 10 || n > 12 {
				t.Errorf("%s: %d births in ten seconds, want the first and one a second", what, n)
			}
			before := births()
			b.Send(station.State(), what, false)
			time.Sleep(time.Second)
			if births() == before {
				t.Errorf("%s: it stands", what)
			}
			stop()
		})
	}
}

// Heads go out every two seconds when nothing happens, and at once on
// request; a device blinks on request.
func TestHeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(3)
		var blinked []string
		_, stop := run(t, b, Options{Outbox: box, Identify: func(d string) { blinked = append(blinked, d) }})
		heads := func() (all []string) {
			synctest.Wait()
			for _, p := range on(b.Published(), station.Head()) {
				if !p.Retained {
					t.Error("a head is not retained")
				}
				all = append(all, p.Payload)
			}
			return all
		}
		time.Sleep(4*time.Second + 500*time.Millisecond)
		equal(t, "heads after 4.5 s", heads(), []string{"head 3", "head 3", "head 3"})
		box.write(1)
		b.Send(station.Req(), string(event.Request{ID: "x", Head: true, Identify: "hand"}.JSON()), false)
		equal(t, "heads after a request", heads(), []string{"head 3", "head 3", "head 3", "head 4"})
		b.Send(station.Req(), string(event.Request{ID: "x", Head: true}.JSON()), true)
		b.Send(station.Req(), "{", false)
		b.Send(station.Req(), "", false)
		equal(t, "heads after a retained request and nonsense", heads(), []string{"head 3", "head 3", "head 3", "head 4"})
		equal(t, "blinked", blinked, []string{"hand"})
		stop()
	})
}

// Receipts move the confirmed cursors, up to the first hole in them; a bad one
// changes nothing, and is logged if the one before was fine, whatever is wrong
// with it; what is confirmed is trimmed.
func TestReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		b, box := &mqtttest.Broker{}, newBox(100)
		_, stop := run(t, b, Options{
			Outbox: box, Required: []string{"board", "tms"},
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
		synctest.Wait()
		send := func(consumer string, a event.Ack) { b.Send(station.Ack(consumer), string(a.JSON()), true) }
		send("board", event.Ack{Epoch: epoch, Upto: 50})
		send("tms", event.Ack{Epoch: epoch, Upto: 90, Missing: [][2]uint64{{31, 40}, {60, 60}}})
		send("old", event.Ack{Epoch: "01JDC4X0M6Q3V9T0", Upto: 5})
		send("old", event.Ack{Epoch: "01JDC4X0M6Q3V9T0", Upto: 5})
		for range 50 {
			send("mad", event.Ack{Epoch: epoch, Upto: 101})
			b.Send(station.Ack("mad"), "}", false)
		}
		send("mad", event.Ack{Epoch: epoch, Upto: 1})
		b.Send(station.Ack("mad"), "}", false)
		b.Send(station.Ack("gone"), "", false)
		synctest.Wait()
		if got, want := fmt.Sprint(box.receipts()), "map[board:50 mad:1 tms:30]"; got != want {
			t.Errorf("confirmed %s, want %s", got, want)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if s := box.Stats(); s.First != 31 {
			t.Errorf("the oldest held is %d, want 31", s.First)
		}
		stop()
		equal(t, "trims", box.trims, []string{"board,tms"})
		if n := strings.Count(log.String(), "receipt not taken"); n != 3 {
			t.Errorf("logged %d bad receipts, want 3 (one of old, two of mad with a fine one between):\n%s", n, log.String())
		}
	})
}

// An event that can not be read any more is told of once and stepped over.
func TestDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(200)
		box.damaged = 70
		var told []uint64
		_, stop := run(t, b, Options{Outbox: box, Damaged: func(seq uint64) { told = append(told, seq) }})
		synctest.Wait()
		equal(t, "events", seqs(t, on(b.Published(), station.Evt())), without(upTo(200), 70))
		if p := box.Published(); p != 200 {
			t.Errorf("the cursor is at %d", p)
		}
		b.Send(station.Req(), string(event.Request{ID: "b", Replay: [][2]uint64{{68, 72}}}.JSON()), false)
		synctest.Wait()
		got, end := replayed(t, b, "b")
		equal(t, "replayed", got, []uint64{68, 69, 71, 72})
		equal(t, "ends", end, []event.End{{ID: "b", End: true, Epoch: epoch, First: 1, Last: 200, Sent: 4}})
		stop()
		equal(t, "told of", told, []uint64{70})
	})
}

// replayed is what was answered to a requester: events up to each end marker.
func replayed(t *testing.T, b *mqtttest.Broker, requester string) (events []uint64, ends []event.End) {
	t.Helper()
	for _, p := range on(b.Published(), station.Res(requester)) {
		if e, err := event.ParseEnd([]byte(p.Payload)); err == nil {
			ends = append(ends, e)
		} else {
			events = append(events, seqOf(t, p.Payload))
		}
	}
	return events, ends
}

// A replay has the bytes as they were, in order and once, clipped to what
// there is, and an end marker that says what that is.
func TestReplay(t *testing.T) {
	for name, c := range map[string]struct {
		request event.Request
		want    []uint64
	}{
		"one range":             {event.Request{Replay: [][2]uint64{{20, 150}}}, between(20, 150)},
		"several, out of order": {event.Request{Replay: [][2]uint64{{90, 91}, {15, 16}, {50, 50}}}, []uint64{15, 16, 50, 90, 91}},
		"overlapping":           {event.Request{Replay: [][2]uint64{{20, 30}, {25, 27}, {29, 33}}}, between(20, 33)},
		"before what is held":   {event.Request{Replay: [][2]uint64{{1, 12}}}, between(11, 12)},
		"beyond the end":        {event.Request{Replay: [][2]uint64{{199, 1 << 62}}}, between(199, 200)},
		"nothing of it held":    {event.Request{Replay: [][2]uint64{{1, 10}, {300, 400}}}, nil},
		"this epoch":            {event.Request{Replay: [][2]uint64{{20, 21}}, Epoch: epoch}, between(20, 21)},
		"another epoch":         {event.Request{Replay: [][2]uint64{{20, 21}}, Epoch: "01JDC4X0M6Q3V9T0"}, nil},
		"to somebody by name":   {event.Request{From: "board", Replay: [][2]uint64{{20, 21}}}, between(20, 21)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, box := &mqtttest.Broker{}, newBox(200)
				box.first = 11
				_, stop := run(t, b, Options{Outbox: box})
				synctest.Wait()
				c.request.ID = "r-1"
				b.Send(station.Req(), string(c.request.JSON()), false)
				synctest.Wait()
				got, ends := replayed(t, b, c.request.Requester())
				equal(t, "events", got, c.want)
				equal(t, "ends", ends, []event.End{{ID: "r-1", End: true, Epoch: epoch, First: 11, Last: 200, Sent: uint64(len(c.want))}})
				stop()
			})
		})
	}
}

// Large replays to many do not keep live events from leaving, nor a small
// replay from being answered: not even when the answers are not acknowledged.
func TestReplayStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 2000
		stuck := station.Res("stuck")
		b := &mqtttest.Broker{Decide: func(p mqtttest.Publish) mqtttest.Action {
			if p.Topic == stuck {
				return mqtttest.Ignore
			}
			return mqtttest.Ack
		}}
		box := newBox(many)
		box.published = many
		_, stop := run(t, b, Options{Outbox: box})
		synctest.Wait()
		whole := [][2]uint64{{1, many}}
		for _, r := range []event.Request{
			{ID: "a", Replay: whole}, {ID: "b", Replay: whole}, {ID: "a", Replay: whole},
			{ID: "small", Replay: [][2]uint64{{7, 7}}},
		} {
			b.Send(station.Req(), string(r.JSON()), false)
		}
		box.write(3)
		synctest.Wait()
		got := b.Published()
		for _, who := range []string{"a", "b"} {
			events, ends := replayed(t, b, who)
			equal(t, "to "+who, events, upTo(many))
			if len(ends) != 1 {
				t.Errorf("%d ends to %s; the same request twice is answered once", len(ends), who)
			}
		}
		small := slices.IndexFunc(got, func(p mqtttest.Publish) bool { return p.Topic == station.Res("small") })
		live := slices.IndexFunc(got, func(p mqtttest.Publish) bool { return p.Topic == station.Evt() })
		if small < 0 || small > many || live < 0 || live > many {
			t.Errorf("the small answer came as number %d, the first live event as number %d of %d", small, live, len(got))
		}

		b.Send(station.Req(), string(event.Request{ID: "stuck", Replay: whole}.JSON()), false)
		synctest.Wait()
		box.write(200)
		synctest.Wait()
		if p := box.Published(); p != many+203 {
			t.Errorf("beside a stuck replay the cursor comes to %d, want %d", p, many+203)
		}
		if n := len(on(b.Published(), stuck)); n != replayWindow {
			t.Errorf("%d unacknowledged answers are under way, want %d", n, replayWindow)
		}
		stop()
	})
}

// Switched off in order, the station sends what it has in hand, a last head,
// and says that it has signed off.
func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(5)
		_, stop := run(t, b, Options{Outbox: box})
		synctest.Wait()
		box.write(2)
		stop()
		got := b.Published()
		equal(t, "events", seqs(t, on(got, station.Evt())), upTo(7))
		last := got[len(got)-2:]
		equal(t, "the end", topicsOf(last), []string{station.Head(), station.State()})
		all := states(t, got)
		if s := all[len(all)-1]; s.Online || !s.SignedOff || s.Session != all[0].Session || s.Depth != 0 || last[0].Payload != "head 7" {
			t.Errorf("head %s, state %+v", last[0].Payload, s)
		}
		if !b.Connects()[0].Goodbye {
			t.Error("no DISCONNECT: the broker will publish the will")
		}
		if box.Published() != 7 {
			t.Errorf("the cursor is at %d", box.Published())
		}
	})
}

// The goodbye takes two seconds at most, whatever the broker does, and no time
// at all after a second interrupt. A large backlog stays on disk.
func TestGoodbyeIsBounded(t *testing.T) {
	ignoring := func(after uint64) func(p mqtttest.Publish) mqtttest.Action {
		return func(p mqtttest.Publish) mqtttest.Action {
			if p.Topic == station.Evt() && p.Payload > bytesOf(after) || strings.Contains(p.Payload, "signed_off") {
				return mqtttest.Ignore
			}
			return mqtttest.Ack
		}
	}
	second, interrupt := context.WithCancel(context.Background())
	interrupt()
	for name, c := range map[string]struct {
		goodbye context.Context
		most    time.Duration
	}{
		"the broker answers nothing": {nil, goodbyeWait},
		"second interrupt":           {second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, box := &mqtttest.Broker{Decide: ignoring(3)}, newBox(10_000)
				_, stop := run(t, b, Options{Outbox: box, Goodbye: c.goodbye})
				synctest.Wait()
				began := time.Now() // the bubble's clock
				stop()
				if took := time.Since(began); took > c.most {
					t.Errorf("it took %v, want %v at most", took, c.most)
				}
				if p := box.Published(); p != 3 {
					t.Errorf("the cursor is at %d, want 3", p)
				}
			})
		})
	}
}

// What can never work is an error, at once.
func TestBadURL(t *testing.T) {
	u := New(Options{Site: "ham1", Station: "x", Outbox: newBox(0), Link: mqtt.Options{URL: "ftp://x"}})
	if err := u.Run(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
