package uplink

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/broker"
	"scanpost/sync/event"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

// embedded runs the embedded broker until the test ends.
func embedded(t testing.TB) (addr string) {
	t.Helper()
	b, err := broker.Listen(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return b.Addr()
}

// mosquitto runs the real thing until the test ends.
func mosquitto(t testing.TB) (addr string) {
	t.Helper()
	program, err := exec.LookPath("/usr/sbin/mosquitto")
	if err != nil {
		t.Skip("no /usr/sbin/mosquitto on this machine: not tested against it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	// Its default drops messages for a subscriber beyond 1000.
	os.WriteFile(config, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_type error\n"), 0o600)
	cmd := exec.Command(program, "-c", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return addr
}

// subscriber collects what arrives under a filter.
type subscriber struct {
	mu      sync.Mutex
	got     []mqtt.Message
	changed chan struct{}
}

func subscribe(t testing.TB, addr string, filters ...string) *subscriber {
	t.Helper()
	s := &subscriber{changed: make(chan struct{}, 1)}
	// For a broker that is just starting.
	ready := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		mqtt.Keep(ctx, mqtt.Options{URL: "mqtt://" + addr, ClientID: "subscriber", Again: time.Millisecond}, func(ctx context.Context, l *mqtt.Link) error {
			ready <- l.Subscribe(ctx, func(m mqtt.Message) {
				s.mu.Lock()
				s.got = append(s.got, m)
				s.mu.Unlock()
				nudge(s.changed)
			}, filters...)
			select {
			case <-l.Done():
				t.Errorf("the subscriber was disconnected: %v", l.Err())
				return l.Err()
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nil)
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-ended })
	return s
}

// wait returns when the condition holds for what has arrived.
func (s *subscriber) wait(cond func(got []mqtt.Message) bool) []mqtt.Message {
	for {
		s.mu.Lock()
		got := slices.Clone(s.got)
		s.mu.Unlock()
		if cond(got) {
			return got
		}
		<-s.changed
	}
}

// relay stands between an uplink and a broker, and cuts connections after a
// random number of bytes: in the middle of a packet, before an
// acknowledgement, while connecting. It does so until it has cut often enough.
type relay struct {
	to     string
	mu     sync.Mutex
	random *rand.Rand
	cuts   int // left to make
	open   map[net.Conn]bool
	all    sync.WaitGroup
}

func hostile(t testing.TB, to string, seed uint64, cuts int) (addr string, r *relay) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r = &relay{to: to, random: rand.New(rand.NewPCG(seed, 2)), cuts: cuts, open: map[net.Conn]bool{}}
	r.all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.all.Go(func() { r.carry(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); r.cutAll(); r.all.Wait() })
	return l.Addr().String(), r
}

func (r *relay) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	r.open[near], r.open[far] = true, true
	up, down := int64(1<<62), int64(1<<62)
	switch kind := r.random.IntN(3); {
	case r.cuts == 0:
	case kind == 0: // acknowledgements are four bytes each
		down = r.random.Int64N(400)
	default:
		up = r.random.Int64N(30_000)
	}
	r.mu.Unlock()

	var ways sync.WaitGroup
	pass := func(to, from net.Conn, most int64) {
		n, _ := io.CopyN(to, from, most)
		r.mu.Lock()
		if n == most && r.cuts > 0 {
			r.cuts--
		}
		r.mu.Unlock()
		near.Close()
		far.Close()
	}
	ways.Go(func() { pass(far, near, up) })
	ways.Go(func() { pass(near, far, down) })
	ways.Wait()
	r.mu.Lock()
	delete(r.open, near)
	delete(r.open, far)
	r.mu.Unlock()
}

func (r *relay) cutAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.Close()
	}
}

// start runs an uplink until the test ends, or is told to stop.
func start(t testing.TB, addr string, o Options) (stop func()) {
	t.Helper()
	o.Site, o.Station = station.Site, station.Station
	o.Link.URL, o.Link.Again = "mqtt://"+addr, time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- New(o).Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// ledger checks what a subscriber sees of a stream: a number always comes with
// the same bytes. It returns what it has, by number.
func ledger(t testing.TB, got []mqtt.Message) map[uint64]string {
	t.Helper()
	held := map[uint64]string{}
	for _, m := range got {
		e, err := event.Parse(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if had, ok := held[e.Seq]; ok && had != string(m.Payload) {
			t.Fatalf("%d came as %s and as %s", e.Seq, had, m.Payload)
		}
		held[e.Seq] = string(m.Payload)
	}
	return held
}

// Over a line that is cut again and again, everything written arrives at a
// subscriber at least once, with the bytes that are on disk, while
// the outbox is being written. The real outbox, the real broker.
func TestHostileLine(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const many = 600
	box := openOutbox(t, t.TempDir())
	addr := embedded(t)
	s := subscribe(t, addr, station.Evt())
	through, line := hostile(t, addr, seed, 40)
	var writing sync.WaitGroup
	start(t, through, Options{Outbox: box})
	for w := range 3 {
		writing.Go(func() {
			for i := range many / 3 {
				if _, err := box.Write(&scan.Scan{Checkpoint: "pack", Raw: fmt.Sprint(w, "-", i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	got := s.wait(func(got []mqtt.Message) bool { return len(ledgerSeqs(got)) == many })
	held := ledger(t, got)
	if err := box.Read(1, many, func(seq uint64, b []byte) error {
		if held[seq] != string(b) {
			t.Errorf("%d arrived as %s, on disk is %s", seq, held[seq], b)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	line.mu.Lock()
	defer line.mu.Unlock()
	t.Logf("%d cuts left, %d messages for %d events", line.cuts, len(got), many)
	if line.cuts == 40 {
		t.Error("the line was never cut")
	}
}

func ledgerSeqs(got []mqtt.Message) map[string]bool {
	seqs := map[string]bool{}
	for _, m := range got {
		seqs[string(m.Payload)] = true
	}
	return seqs
}

func openOutbox(t testing.TB, dir string) *outbox.Outbox {
	t.Helper()
	signer, err := proof.LoadOrMakeSigner(dir, station.Origin())
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox.Open(dir, outbox.Options{Site: station.Site, Station: station.Station, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Verify(nil); err != nil {
			t.Error(err)
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return box
}

// The whole contract, against the embedded broker and against mosquitto:
// birth, head and receipts are retained, events arrive, a replay is answered,
// receipts trim, a station that is gone shows as gone, one that signed off as
// signed off, and a second run goes on where the first ended.
func TestContract(t *testing.T) {
	for name, broker := range map[string]func(testing.TB) string{"embedded": embedded, "mosquitto": mosquitto} {
		t.Run(name, func(t *testing.T) {
			addr := broker(t)
			box := openOutbox(t, t.TempDir())
			write := func(n int) {
				for range n {
					if _, err := box.Write(&scan.Scan{Checkpoint: "pack", Raw: "x"}); err != nil {
						t.Fatal(err)
					}
				}
			}
			write(300)
			evts := subscribe(t, addr, station.Evt())
			through, line := hostile(t, addr, 1, 0)
			stop := start(t, through, Options{Outbox: box, TrimEvery: 10 * time.Millisecond})
			evts.wait(func(got []mqtt.Message) bool { return len(got) >= 300 })

			link, err := mqtt.Dial(t.Context(), mqtt.Options{URL: "mqtt://" + addr, ClientID: "board"})
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close(context.Background())
			say := func(topic string, payload []byte, retained bool) {
				t.Helper()
				if err := link.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: payload, Retained: retained}); err != nil {
					t.Fatal(err)
				}
			}
			board := &subscriber{changed: make(chan struct{}, 1)}
			if err := link.Subscribe(t.Context(), func(m mqtt.Message) {
				board.mu.Lock()
				board.got = append(board.got, m)
				board.mu.Unlock()
				nudge(board.changed)
			}, event.Filter("ham1", "state"), event.Filter("ham1", "head"), event.Filter("ham1", "res/board")); err != nil {
				t.Fatal(err)
			}
			is := func(topic string, what func(payload string) bool) func([]mqtt.Message) bool {
				return func(got []mqtt.Message) bool {
					return slices.ContainsFunc(got, func(m mqtt.Message) bool { return m.Topic == topic && what(string(m.Payload)) })
				}
			}
			state := func(cond func(event.State) bool) func([]mqtt.Message) bool {
				return is(station.State(), func(p string) bool {
					s, err := event.ParseState([]byte(p))
					return err == nil && cond(s)
				})
			}
			// To one that came later, birth and head are there.
			got := board.wait(state(func(s event.State) bool { return s.Online && s.Epoch == box.Epoch() }))
			first, _ := event.ParseState([]byte(got[slices.IndexFunc(got, func(m mqtt.Message) bool { return m.Topic == station.State() })].Payload))
			board.wait(is(station.Head(), func(p string) bool { return strings.Contains(p, box.Epoch()+"\n300\n") }))

			say(station.Req(), event.Request{ID: "1", From: "board", Replay: [][2]uint64{{11, 20}}}.JSON(), false)
			got = board.wait(is(station.Res("board"), func(p string) bool { _, err := event.ParseEnd([]byte(p)); return err == nil }))
			var answer []uint64
			for _, m := range got {
				if e, err := event.Parse(m.Payload); m.Topic == station.Res("board") && err == nil {
					answer = append(answer, e.Seq)
				}
			}
			equal(t, "replay", answer, between(11, 20))

			say(station.Ack("board"), event.Ack{Epoch: box.Epoch(), Upto: 250}.JSON(), true)
			say(station.Req(), event.Request{ID: "2", From: "board", Replay: [][2]uint64{{1, 1}}}.JSON(), false)
			for trimmed := false; !trimmed; { // the receipt is taken by the first answer that says so
				board.wait(is(station.Res("board"), func(p string) bool {
					e, err := event.ParseEnd([]byte(p))
					if err == nil && e.ID != "1" {
						trimmed = e.First == 251 && e.Sent == 0
					}
					return err == nil && e.ID != "1"
				}))
				if !trimmed {
					board.mu.Lock()
					board.got = nil
					board.mu.Unlock()
					say(station.Req(), event.Request{ID: "2", From: "board", Replay: [][2]uint64{{1, 1}}}.JSON(), false)
				}
			}

			line.cutAll() // the cable: the broker speaks the will, and the station comes back
			board.wait(state(func(s event.State) bool { return !s.Online && !s.SignedOff && s.Session == first.Session }))
			board.wait(state(func(s event.State) bool { return s.Online && s.Session != first.Session }))

			write(1)
			stop()
			board.wait(state(func(s event.State) bool { return !s.Online && s.SignedOff && s.Last == 301 }))
			evts.wait(func(got []mqtt.Message) bool {
				return strings.Contains(string(got[len(got)-1].Payload), "-00000000000000000301")
			})

			evts.mu.Lock()
			evts.got = nil
			evts.mu.Unlock()
			write(2)
			stop = start(t, addr, Options{Outbox: box})
			got = evts.wait(func(got []mqtt.Message) bool { return len(got) == 2 })
			if e, err := event.Parse(got[0].Payload); err != nil || e.Seq != 302 {
				t.Errorf("the second run begins with %d (%v), want 302", e.Seq, err)
			}
			stop()
		})
	}
}

// BenchmarkDrain is how fast a backlog leaves through the embedded broker.
func BenchmarkDrain(b *testing.B) {
	addr := embedded(b)
	box := newBox(uint64(b.N))
	all := make(chan struct{})
	box.moved = func(seq uint64) {
		if seq == uint64(b.N) {
			close(all)
		}
	}
	b.ResetTimer()
	stop := start(b, addr, Options{Outbox: box})
	<-all
	b.StopTimer()
	stop()
}

// BenchmarkFloor is the same number of messages with the same window, and
// nothing but the link.
func BenchmarkFloor(b *testing.B) {
	link, err := mqtt.Dial(b.Context(), mqtt.Options{URL: "mqtt://" + embedded(b), ClientID: "floor"})
	if err != nil {
		b.Fatal(err)
	}
	defer link.Close(context.Background())
	var window []*mqtt.Pending
	collect := func() {
		<-window[0].Done()
		if err := window[0].Err(); err != nil {
			b.Fatal(err)
		}
		window = window[1:]
	}
	b.ResetTimer()
	for i := range b.N {
		p, err := link.Send(mqtt.Message{Topic: station.Evt(), Payload: []byte(bytesOf(uint64(i)))})
		if err != nil {
			b.Fatal(err)
		}
		if window = append(window, p); len(window) == 64 {
			collect()
		}
	}
	for len(window) > 0 {
		collect()
	}
}
