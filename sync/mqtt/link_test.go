package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/sync/mqtt/mqtttest"
)

// over connects to b without a network: in a synctest bubble, where every
// goroutine must have ended when the test does.
func over(b *mqtttest.Broker) Options {
	return Options{URL: "mqtt://broker", ClientID: "test", Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go b.Serve(theirs)
		return ours, nil
	}}
}

func dial(t testing.TB, o Options) *Link {
	t.Helper()
	l, err := Dial(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hurry() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// A broker that hangs up on every publish acknowledges nothing, and nothing is
// reported as published: the regression that AutoReconnect would bring back.
func TestHangingUp(t *testing.T) {
	b := &mqtttest.Broker{Decide: func(mqtttest.Publish) mqtttest.Action { return mqtttest.HangUp }}
	url := b.Listen(t)
	for round := range 100 {
		l := dial(t, Options{URL: url, ClientID: "test"})
		var pending []*Pending
		for i := range 5 {
			p, err := l.Send(Message{Topic: "a", Payload: fmt.Appendf(nil, "%d-%d", round, i)})
			if err != nil {
				break // the link is known to be gone
			}
			pending = append(pending, p)
		}
		if len(pending) == 0 {
			t.Fatal("not even the first message was sent")
		}
		for _, p := range pending {
			<-p.Done()
			if err := p.Err(); !errors.Is(err, ErrLost) {
				t.Errorf("got %v, want a publish that is not acknowledged because the connection was lost", err)
			}
		}
		<-l.Done()
		if err := l.Publish(context.Background(), Message{Topic: "a"}); !errors.Is(err, ErrLost) {
			t.Errorf("publishing on a lost link: got %v", err)
		}
		l.Close(context.Background())
	}
}

// Whatever is reported as published was acknowledged by the broker on that
// connection, with many senders and a broker that hangs up at random.
func TestOnlyAcknowledgedIsPublished(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	b := &mqtttest.Broker{Decide: func(mqtttest.Publish) mqtttest.Action {
		mu.Lock()
		defer mu.Unlock()
		switch n := random.IntN(40); {
		case n == 0:
			return mqtttest.HangUp
		case n == 1:
			return mqtttest.AckAndHang
		case n < 5:
			return mqtttest.Ignore
		}
		return mqtttest.Ack
	}}
	url := b.Listen(t)
	published := map[string]bool{}
	for conn := range 60 {
		l := dial(t, Options{URL: url, ClientID: "test"})
		var senders, waiters sync.WaitGroup
		for s := range 4 {
			senders.Go(func() {
				for i := range 40 {
					payload := fmt.Sprintf("%d %d-%d", conn+1, s, i)
					p, err := l.Send(Message{Topic: "a", Payload: []byte(payload)})
					if err != nil {
						return
					}
					waiters.Go(func() {
						<-p.Done()
						if p.Err() == nil {
							mu.Lock()
							published[payload] = true
							mu.Unlock()
						}
					})
				}
			})
		}
		if conn%3 == 0 {
			go l.Close(hurry()) // and now and then it is we who hang up
		}
		senders.Wait()
		l.Close(context.Background())
		waiters.Wait()
	}
	acked := map[string]bool{}
	for _, p := range b.Published() {
		if !strings.HasPrefix(p.Payload, fmt.Sprintf("%d ", p.Conn)) {
			t.Errorf("%q arrived on connection %d", p.Payload, p.Conn)
		}
		if p.QoS != 1 || p.Dup {
			t.Errorf("%q arrived with QoS %d, dup %t", p.Payload, p.QoS, p.Dup)
		}
		acked[p.Payload] = acked[p.Payload] || p.Acked
	}
	for payload := range published {
		if !acked[payload] {
			t.Errorf("%q is reported as published, and the broker never acknowledged it", payload)
		}
	}
	if len(published) == 0 {
		t.Error("nothing was published at all")
	}
}

// A broker that accepts and never acknowledges keeps a publish waiting, until
// the caller or the link gives up; neither is success.
func TestNeverAcknowledging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &mqtttest.Broker{Decide: func(mqtttest.Publish) mqtttest.Action { return mqtttest.Ignore }}
		l := dial(t, over(b))
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if err := l.Publish(ctx, Message{Topic: "a"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's patience to end", err)
		}
		p, err := l.Send(Message{Topic: "a"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Err(); err == nil {
			t.Error("a publish that is under way has no error")
		}
		l.Close(context.Background())
		<-p.Done()
		if err := p.Err(); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want a publish that our own close ended", err)
		}
		synctest.Wait()
		if c := b.Connects()[0]; !c.Goodbye || !c.Clean || c.Version != 4 {
			t.Errorf("got %+v, want a clean session of MQTT 3.1.1 that says goodbye", c)
		}
	})
}

// However a connection ends, no goroutine of it stays: a synctest bubble
// that still has one when the test returns is a failed test.
func TestNoGoroutineStays(t *testing.T) {
	busy := func(l *Link) {
		for i := 0; ; i++ {
			if _, err := l.Send(Message{Topic: "a", Payload: []byte{byte(i)}}); err != nil {
				return
			}
		}
	}
	for name, end := range map[string]func(*mqtttest.Broker, *Link){
		"we close":                      func(_ *mqtttest.Broker, l *Link) {},
		"we close in a hurry":           func(_ *mqtttest.Broker, l *Link) { l.Close(hurry()) },
		"the broker hangs up":           func(b *mqtttest.Broker, l *Link) { b.HangUpAll(); <-l.Done() },
		"both at once":                  func(b *mqtttest.Broker, l *Link) { go b.HangUpAll(); l.Close(context.Background()) },
		"while publishing, we close":    func(b *mqtttest.Broker, l *Link) { go busy(l) },
		"while publishing, it hangs up": func(b *mqtttest.Broker, l *Link) { go busy(l); go busy(l); b.HangUpAll() },
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					b := &mqtttest.Broker{}
					l := dial(t, over(b))
					if err := l.Subscribe(context.Background(), func(Message) {}, "a/#"); err != nil {
						t.Error(err)
					}
					end(b, l)
					l.Close(context.Background())
					<-l.Done()
					if l.Err() == nil {
						t.Error("the link is done and says no reason")
					}
				})
			}
		})
	}
}

// A broker that answers nothing any more is noticed, though nothing is sent
// but pings, and pending publishes end.
func TestSilentBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		o := over(nil)
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		go func() {
			theirs.Read(make([]byte, 100))
			theirs.Write([]byte{0x20, 2, 0, 0})
			for { // takes all, says nothing
				if _, err := theirs.Read(make([]byte, 100)); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		l := dial(t, o)
		p, err := l.Send(Message{Topic: "a"})
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if err := p.Err(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "fell silent") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > time.Minute { // the bubble's clock, so exact
			t.Errorf("noticed after %v", took)
		}
		l.Close(context.Background())
	})
}

// A connection on which nothing can be written any more ends too, and takes
// the sender that was stuck in it along.
func TestStuckWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		o := over(nil)
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		go func() {
			theirs.Read(make([]byte, 100))
			theirs.Write([]byte{0x20, 2, 0, 0})
		}()
		l := dial(t, o)
		for {
			if _, err := l.Send(Message{Topic: "a"}); err != nil {
				if !errors.Is(err, ErrLost) {
					t.Errorf("got %v", err)
				}
				break
			}
		}
		l.Close(context.Background())
	})
}

// Messages are handed over in order; and while a handler takes its time, our
// own publishes are acknowledged all the same.
func TestSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = inboxEager + 3000
		b := &mqtttest.Broker{}
		l := dial(t, over(b))
		var got []string
		release := make(chan struct{})
		err := l.Subscribe(context.Background(), func(m Message) {
			<-release
			got = append(got, m.Topic+" "+string(m.Payload))
		}, "in/+/#")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range many {
			if err := b.Send("in/x", fmt.Sprint(i), false); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("in/x %d", i))
		}
		b.Send("elsewhere", "", false) // a broker's mistake: nobody asked for it
		if err := l.Publish(context.Background(), Message{Topic: "out"}); err != nil {
			t.Errorf("a publish while the handler waits: %v", err)
		}
		synctest.Wait()
		// One message is with the handler, inboxEager wait in the queue.
		if n := len(b.Connects()[0].AcknowledgedMessages); n != inboxEager+1 {
			t.Errorf("%d messages are acknowledged while the handler waits, want %d", n, inboxEager+1)
		}
		close(release)
		synctest.Wait()
		if !slices.Equal(got, want) {
			t.Errorf("%d messages were handed over, want %d, in order", len(got), len(want))
		}
		acks := b.Connects()[0].AcknowledgedMessages
		if len(acks) != many+1 || !slices.IsSorted(acks) {
			t.Errorf("%d acknowledgements, in order: %t; want %d, in order", len(acks), slices.IsSorted(acks), many+1)
		}
		l.Close(context.Background())
	})
}

// Beyond the hard limit we stop reading, and go on without loss when the
// handler does.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 4 << 20
		many := inboxBytes/size + 20 // some are on their way through paho
		b := &mqtttest.Broker{}
		l := dial(t, over(b))
		release := make(chan struct{})
		got := 0
		if err := l.Subscribe(context.Background(), func(m Message) { <-release; got += len(m.Payload) }, "#"); err != nil {
			t.Fatal(err)
		}
		payload := strings.Repeat("x", size)
		var sent int
		all := make(chan struct{})
		go func() {
			defer close(all)
			for range many {
				if b.Send("a", payload, false) == nil {
					sent++
				}
			}
		}()
		synctest.Wait()
		if sent == many {
			t.Error("the flood was taken whole, without limit")
		}
		close(release)
		<-all
		synctest.Wait()
		if got != many*size {
			t.Errorf("got %d bytes, want %d", got, many*size)
		}
		l.Close(context.Background())
	})
}

// A handler that hangs can not keep Close from returning.
func TestHangingHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &mqtttest.Broker{}
		l := dial(t, over(b))
		release := make(chan struct{})
		if err := l.Subscribe(context.Background(), func(Message) { <-release }, "#"); err != nil {
			t.Fatal(err)
		}
		b.Send("a", "1", false)
		b.Send("a", "2", false)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		l.Close(ctx)
		close(release)
	})
}

// Retained messages are told from live ones, and overlapping filters hand a
// message to each handler once.
func TestRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &mqtttest.Broker{}
		l := dial(t, over(b))
		var got []string
		note := func(name string) func(Message) {
			return func(m Message) { got = append(got, fmt.Sprint(name, m.Topic, string(m.Payload), m.Retained)) }
		}
		l.Subscribe(context.Background(), note("1 "), "a/+", "a/b")
		l.Subscribe(context.Background(), note("2 "), "#")
		b.Send("a/b", "x", true)
		b.Send("c", "", false)
		synctest.Wait()
		if want := []string{"1 a/bxtrue", "2 a/bxtrue", "2 cfalse"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		l.Close(context.Background())
	})
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a", "a/b", false}, {"a/b", "a", false},
		{"a/+", "a/b", true}, {"a/+", "a/", true}, {"a/+", "a", false}, {"a/+", "a/b/c", false},
		{"+/+", "/a", true}, {"#", "a/b", true}, {"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/#", "b", false},
		{"a/+/c", "a/b/c", true}, {"#", "$SYS/x", false}, {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true},
	} {
		if got := matches(c.filter, c.topic); got != c.want {
			t.Errorf("%q matches %q: got %t", c.filter, c.topic, got)
		}
	}
}

// What a broker would answer by hanging up is refused here.
func TestBadTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := dial(t, over(&mqtttest.Broker{}))
		for _, topic := range []string{"", "a/+", "#", "a\x00", "\xff"} {
			if err := l.Publish(context.Background(), Message{Topic: topic}); err == nil {
				t.Errorf("published to %q", topic)
			}
		}
		l.Close(context.Background())
	})
}
