package broker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/sync/broker"
	"scanpost/sync/mqtt"
)

// start runs a broker until the test ends, and returns its URL.
func start(t testing.TB, o broker.Options) string {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	b, err := broker.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "mqtt://" + b.Addr()
}

func dial(t testing.TB, url, id string) *mqtt.Link {
	t.Helper()
	l, err := mqtt.Dial(t.Context(), mqtt.Options{URL: url, ClientID: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(context.Background()) })
	return l
}

// publish sends n numbered messages in a window of 64, as the uplink does.
func publish(ctx context.Context, l *mqtt.Link, topic string, n int) error {
	var window []*mqtt.Pending
	for i := range n {
		p, err := l.Send(mqtt.Message{Topic: topic, Payload: fmt.Append(nil, i)})
		if err != nil {
			return err
		}
		window = append(window, p)
		if len(window) < 64 && i < n-1 {
			continue
		}
		for _, p := range window {
			select {
			case <-p.Done():
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if err := p.Err(); err != nil {
				return err
			}
		}
		window = window[:0]
	}
	return nil
}

// Twenty thousand messages to a subscriber that is much slower arrive all, and
// in order: the publisher has to wait instead.
func TestSlowSubscriber(t *testing.T) {
	const many = 20_000
	url := start(t, broker.Options{Behind: 1000})
	slow, fast := dial(t, url, "slow"), dial(t, url, "fast")
	var got []string
	all, work := make(chan struct{}), make(chan struct{})
	err := slow.Subscribe(t.Context(), func(m mqtt.Message) {
		if len(got)%100 == 0 {
			<-work
		}
		if got = append(got, string(m.Payload)); len(got) == many {
			close(all)
		}
	}, "a/#")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		if err := publish(t.Context(), fast, "a/b", many); err != nil {
			t.Error(err)
		}
	})
	for range many / 100 {
		work <- struct{}{}
	}
	done.Wait()
	<-all
	for i, payload := range got {
		if payload != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, payload)
		}
	}
}

// A subscriber that acknowledges nothing, or reads nothing, is disconnected,
// and whoever publishes to it goes on.
func TestStuckSubscriber(t *testing.T) {
	for name, c := range map[string]struct {
		behind int
		read   bool
		want   string
	}{
		"acknowledges nothing": {50, true, "takes no more messages"},
		"reads nothing":        {8192, false, "reads nothing any more"},
	} {
		t.Run(name, func(t *testing.T) {
			var log lines
			url := start(t, broker.Options{Behind: c.behind, Stuck: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "mqtt://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.Write([]byte("\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05stuck"))
			conn.Write([]byte("\x82\x06\x00\x01\x00\x01#\x01"))
			if _, err := io.ReadFull(conn, make([]byte, 9)); err != nil { // CONNACK and SUBACK
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if c.read {
					io.Copy(io.Discard, conn)
				}
			}()
			fast := dial(t, url, "fast")
			payload := make([]byte, 60_000)
			for range 500 {
				if err := fast.Publish(t.Context(), mqtt.Message{Topic: "a", Payload: payload}); err != nil {
					t.Fatal(err)
				}
			}
			<-ended
			if s := log.String(); !strings.Contains(s, c.want) || !strings.Contains(s, "device=stuck") {
				t.Errorf("logged %q", s)
			}
		})
	}
}

// Retained messages are handed to whoever subscribes later, the newest of each
// topic; an empty one deletes.
func TestRetained(t *testing.T) {
	url := start(t, broker.Options{})
	l := dial(t, url, "one")
	for _, m := range []mqtt.Message{
		{Topic: "s/a", Payload: []byte("old"), Retained: true},
		{Topic: "s/a", Payload: []byte("new"), Retained: true},
		{Topic: "s/b", Payload: []byte("gone"), Retained: true},
		{Topic: "s/b", Retained: true},
		{Topic: "s/c", Payload: []byte("live")},
		{Topic: "x"}, // the one before is handed out by now
	} {
		if err := l.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan mqtt.Message, 10)
	later := dial(t, url, "two")
	if err := later.Subscribe(t.Context(), func(m mqtt.Message) { got <- m }, "s/+"); err != nil {
		t.Fatal(err)
	}
	if m := <-got; m.Topic != "s/a" || string(m.Payload) != "new" || !m.Retained {
		t.Errorf("got %+v", m)
	}
	l.Publish(t.Context(), mqtt.Message{Topic: "s/end"})
	if m := <-got; m.Topic != "s/end" || m.Retained {
		t.Errorf("got %+v", m)
	}
}

// raw is a client that speaks in bytes.
type raw struct {
	t *testing.T
	net.Conn
}

// connect says CONNECT with the flags, in MQTT 3.1.1 or 5, as client "raw".
func connect(t *testing.T, url string, version, flags byte) raw {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "mqtt://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := raw{t, conn}
	body := "\x00\x04MQTT" + string([]byte{version, flags}) + "\x00\x3c"
	if version == 5 {
		body += "\x05\x11\x00\x00\x0e\x10" // the session lasts for an hour
	}
	r.say(0x10, body+"\x00\x03raw")
	if kind, _ := r.hear(); kind != 0x20 {
		t.Fatalf("got %#x, want CONNACK", kind)
	}
	return r
}

func (r raw) say(kind byte, body string) {
	r.t.Helper()
	if _, err := r.Write(append([]byte{kind, byte(len(body))}, body...)); err != nil {
		r.t.Fatal(err)
	}
}

// hear reads the next packet.
func (r raw) hear() (kind byte, body string) {
	r.t.Helper()
	b := make([]byte, 2)
	if _, err := io.ReadFull(r, b); err != nil {
		r.t.Fatal(err)
	}
	kind, b = b[0], make([]byte, b[1]) // none here is longer than 127 bytes
	if _, err := io.ReadFull(r, b); err != nil {
		r.t.Fatal(err)
	}
	return kind, string(b)
}

func (r raw) want(what string, kind byte, body string) {
	r.t.Helper()
	if k, b := r.hear(); k != kind || b != body {
		r.t.Fatalf("%s: got %#x %q, want %#x %q", what, k, b, kind, body)
	}
}

// A client numbers its packets without regard to the broker's: what it
// subscribes and unsubscribes under the number of a message that is on its way
// to it is done, and the message waits for its own acknowledgement, also when
// the client is gone meanwhile.
func TestNumbersOfBothEnds(t *testing.T) {
	for version, name := range map[byte]string{4: "MQTT 3.1.1", 5: "MQTT 5"} {
		t.Run(name, func(t *testing.T) {
			none := "" // properties, in MQTT 5
			if version == 5 {
				none = "\x00"
			}
			url := start(t, broker.Options{})
			other := dial(t, url, "other")
			publish := func(topic, payload string, retained bool) {
				t.Helper()
				if err := other.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: []byte(payload), Retained: retained}); err != nil {
					t.Fatal(err)
				}
			}
			publish("s", "first", true)
			publish("x", "", false) // the first is handed out by now, and comes only once

			r := connect(t, url, version, 0) // a lasting session
			r.say(0x82, "\x00\x01"+none+"\x00\x01s\x01")
			r.want("SUBACK", 0x90, "\x00\x01"+none+"\x01")
			r.want("the retained message", 0x33, "\x00\x01s\x00\x01"+none+"first")
			r.say(0x82, "\x00\x01"+none+"\x00\x01t\x01\x00\x01u\x00")
			r.want("SUBACK while a message is in flight", 0x90, "\x00\x01"+none+"\x01\x00")
			publish("t", "second", false)
			r.want("what was subscribed", 0x32, "\x00\x01t\x00\x02"+none+"second")
			r.say(0xa2, "\x00\x02"+none+"\x00\x01t")
			answer := "\x00\x02"
			if version == 5 {
				answer += "\x00\x00" // no properties, and success
			}
			r.want("UNSUBACK while a message is in flight", 0xb0, answer)
			publish("t", "nobody hears it", false)
			publish("u", "third", false)
			r.want("what is still subscribed", 0x30, "\x00\x01u"+none+"third")

			r.say(0x82, "\x00\x02"+none+"\x00\x01v\x01") // and it hangs up with the answer under way
			r.Close()
			r = connect(t, url, version, 0)
			resent := []string{}
			for range 2 {
				kind, body := r.hear()
				if kind&0xfe != 0x3a { // QoS 1, a duplicate
					t.Errorf("got %#x %q", kind, body)
				}
				resent = append(resent, body)
			}
			slices.Sort(resent)
			if want := []string{"\x00\x01s\x00\x01" + none + "first", "\x00\x01t\x00\x02" + none + "second"}; !slices.Equal(resent, want) {
				t.Errorf("sent again is %q, want %q", resent, want)
			}
			r.say(0x82, "\x00\x01"+none+"\x00\x01w\x01")
			r.want("SUBACK", 0x90, "\x00\x01"+none+"\x01")
			r.say(0x40, "\x00\x01")
			r.say(0xc0, "")
			r.want("PINGRESP", 0xd0, "")
			r.Close()
			r = connect(t, url, version, 0)
			r.want("what is not acknowledged yet", 0x3a, "\x00\x01t\x00\x02"+none+"second")
			r.say(0xc0, "")
			r.want("PINGRESP", 0xd0, "")

			r.say(0x82, "\x00\x00"+none+"\x00\x01w\x01")
			if n, err := io.Copy(io.Discard, r); version == 4 && (n > 0 || err != nil) {
				t.Errorf("a subscription without a number is answered with %d bytes (%v), want the end", n, err)
			}
		})
	}
}

// When a client id connects again, the old connection's will is out before the
// new one is accepted, and the new one is not deaf; also when many come at
// once.
func TestTakeover(t *testing.T) {
	url := start(t, broker.Options{})
	watcher := dial(t, url, "watcher")
	wills := make(chan string, 1000)
	if err := watcher.Subscribe(t.Context(), func(m mqtt.Message) { wills <- string(m.Payload) }, "will"); err != nil {
		t.Fatal(err)
	}
	connect := func(n int) *mqtt.Link {
		l, err := mqtt.Dial(t.Context(), mqtt.Options{
			URL: url, ClientID: "same",
			Will: &mqtt.Message{Topic: "will", Payload: fmt.Append(nil, n)},
		})
		if err != nil {
			return nil
		}
		return l
	}
	heard := make(chan string, 1000)
	listen := func(l *mqtt.Link) error {
		return l.Subscribe(t.Context(), func(m mqtt.Message) { heard <- string(m.Payload) }, "to/same")
	}
	var before *mqtt.Link
	for round := range 100 {
		l := connect(round)
		if l == nil {
			t.Fatal("not accepted")
		}
		if before != nil {
			if w := <-wills; w != fmt.Sprint(round-1) {
				t.Fatalf("round %d: got the will of %s", round, w)
			}
			<-before.Done()
			before.Close(context.Background())
		}
		if err := listen(l); err != nil {
			t.Fatal(err)
		}
		if err := watcher.Publish(t.Context(), mqtt.Message{Topic: "to/same", Payload: fmt.Append(nil, round)}); err != nil {
			t.Fatal(err)
		}
		if h := <-heard; h != fmt.Sprint(round) {
			t.Fatalf("round %d: heard %s", round, h)
		}
		before = l
	}
	before.Close(context.Background())

	for round := range 20 { // many at once: one stays, and hears
		links := make([]*mqtt.Link, 8)
		var all sync.WaitGroup
		for i := range links {
			all.Go(func() { links[i] = connect(1000 + i) })
		}
		all.Wait()
		last := connect(2000)
		if last == nil {
			t.Fatal("the last is not accepted")
		}
		if err := listen(last); err != nil {
			t.Fatal(err)
		}
		if err := watcher.Publish(t.Context(), mqtt.Message{Topic: "to/same", Payload: fmt.Append(nil, "many", round)}); err != nil {
			t.Fatal(err)
		}
		if h := <-heard; h != fmt.Sprint("many", round) {
			t.Fatalf("heard %s", h)
		}
		for _, l := range append(links, last) {
			if l != nil {
				l.Close(context.Background())
			}
		}
	}
}

// Only who is on the list comes in, by password or by its hash.
func TestUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	os.WriteFile(file, []byte("# stations\npack-07:plain: secret\n\nboard:"+broker.HashPassword("hashed")+"\n"), 0o600)
	users, err := broker.ReadUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	url := start(t, broker.Options{Users: users})
	for _, c := range []struct {
		user, password string
		want           bool
	}{
		{"pack-07", "plain: secret", true}, {"board", "hashed", true},
		{"pack-07", "wrong", false}, {"board", "wrong", false}, {"board", users["board"], false},
		{"nobody", "", false}, {"", "", false}, {"nobody", "hashed", false},
	} {
		l, err := mqtt.Dial(t.Context(), mqtt.Options{URL: url, ClientID: "x", User: c.user, Password: c.password})
		if err == nil {
			l.Close(context.Background())
		}
		if c.want != (err == nil) || err != nil && !errors.Is(err, mqtt.ErrRefused) {
			t.Errorf("%q with %q: got %v", c.user, c.password, err)
		}
	}
}

func TestBadUsers(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "holds no users",
		"# nobody\n":              "holds no users",
		"a\n":                     ":1: want user:password",
		"a:b\n:c\n":               ":2: want user:password",
		"a:b\na:c\n":              "a is there twice",
		"a:pbkdf2-sha256$9$x$y\n": "is damaged",
	} {
		file := filepath.Join(t.TempDir(), "users")
		os.WriteFile(file, []byte(text), 0o600)
		if _, err := broker.ReadUsers(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// A port that is taken is told in one sentence.
func TestPortInUse(t *testing.T) {
	url := start(t, broker.Options{})
	where := strings.TrimPrefix(url, "mqtt://")
	err := broker.Run(t.Context(), broker.Options{Listen: where})
	if err == nil || !strings.Contains(err.Error(), where+": another program has this port") {
		t.Errorf("got %v", err)
	}
}

// Stopping ends every connection, also one that never said anything, and says
// nothing that looks like trouble.
func TestStop(t *testing.T) {
	var log lines
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string), make(chan error)
	go func() {
		ended <- broker.Run(ctx, broker.Options{
			Listen: "127.0.0.1:0", Ready: func(addr string) { ready <- addr },
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		})
	}()
	addr := <-ready
	l := dial(t, "mqtt://"+addr, "a")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-l.Done()
	var got []string
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(line, "level=")
		got = append(got, strings.TrimSpace(line))
	}
	if want := []string{`INFO msg="broker listens" port=` + addr}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
}

type lines struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.String()
}

// Retained messages may come and go while others subscribe to all of them:
// what a subscriber gets is always one that was published.
func TestRetainedWhileSubscribing(t *testing.T) {
	url := start(t, broker.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dial := func(name string) *mqtt.Link {
		l, err := mqtt.Dial(ctx, mqtt.Options{URL: url, ClientID: name, Will: &mqtt.Message{Topic: "s/" + name + "/state", Payload: []byte("s/" + name + "/state"), Retained: true}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for round := range 30 {
				name := fmt.Sprintf("w%d-%d", w, round)
				l := dial(name)
				for _, leaf := range []string{"state", "head"} {
					topic := "s/" + name + "/" + leaf
					if err := l.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte(topic), Retained: true}); err != nil {
						t.Error(err)
					}
				}
				if round%3 == 0 {
					if err := l.Publish(ctx, mqtt.Message{Topic: "s/" + name + "/head", Retained: true}); err != nil {
						t.Error(err)
					}
				}
				l.Close(ctx)
			}
		})
		all.Go(func() {
			for round := range 30 {
				l := dial(fmt.Sprintf("r%d-%d", w, round))
				err := l.Subscribe(ctx, func(m mqtt.Message) {
					if len(m.Payload) > 0 && string(m.Payload) != m.Topic {
						t.Errorf("%s came on %s", m.Payload, m.Topic)
					}
				}, "s/+/state", "s/+/head", "#")
				if err != nil {
					t.Error(err)
				}
				l.Close(ctx)
			}
		})
	}
	all.Wait()
}
