package e2e

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

var (
	soakFor  = flag.Duration("soak", 30*time.Second, "for how long TestSoak makes trouble")
	soakSeed = flag.Uint64("seed", 0, "the seed of TestSoak's troubles; 0 draws one")
)

// Stations, the board and the broker are killed, stopped, cut off, slowed down
// and filled up at random. In the end the board holds every scan whose good
// signal an operator heard, every number once and with the bytes that the
// station has, without a hole; and the heads that the board kept are those of
// the bytes it holds.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %v", seed, *soakFor)
	s := newSite(t, rand.New(rand.NewPCG(seed, 0)))
	s.run(*soakFor)
	s.calm()
	s.compare()
	t.Logf("troubles: %v", s.done)
	for _, p := range s.posts {
		t.Logf("%s: %d scans confirmed, %d more tried in vain", p.name, len(p.saved), p.tried-len(p.saved))
	}
}

// site is a small warehouse whose parts can be hurt.
type site struct {
	t      *testing.T
	random *rand.Rand
	broker func() *program
	board  func() *program
	posts  []*post
	relays []*line
	data   string // of the board

	brokerNow, boardNow *program
	done                map[string]int
	address             string
}

// post is one station with its operator.
type post struct {
	name    string
	start   func() *program
	now     *program
	scanner *sim.Scanner
	data    string
	small   string // its own small disk; empty if we may not mount one
	saved   map[string]bool
	tried   int
}

func newSite(t *testing.T, random *rand.Rand) *site {
	s := &site{t: t, random: random, done: map[string]int{}, data: filepath.Join(t.TempDir(), "board"), address: freePort(t)}
	if _, err := os.Stat("/usr/sbin/mosquitto"); err == nil && random.IntN(2) == 0 {
		s.broker = func() *program { return mosquitto(t, s.address) }
		t.Log("broker: mosquitto, without persistence")
	} else {
		s.broker = func() *program { return embedded(t, s.address) }
		t.Log("broker: embedded")
	}
	s.brokerNow = s.broker()
	cable := func() *line {
		l := newLine(t, s.address)
		s.relays = append(s.relays, l)
		return l
	}
	boardConfig := write(t, filepath.Join(t.TempDir(), "board.toml"), fmt.Sprintf(
		"[station]\nsite = \"ham1\"\ndata = %q\n[board]\nlisten = %q\n[mqtt]\nurl = \"mqtt://%s\"\n[[journey]]\nname = \"out\"\nsteps = [ { at = \"receive\" }, { at = \"pack\" } ]\n", s.data, freePort(t), cable().addr()))
	s.board = func() *program { return scanpost(t, boardConfig) }
	s.boardNow = s.board()
	for _, name := range []string{"pack-01", "pack-02", "dock-1"} {
		dir := t.TempDir()
		p := &post{name: name, data: filepath.Join(dir, "data"), saved: map[string]bool{}, scanner: plug(t, filepath.Join(dir, "scanner"))}
		if os.Geteuid() == 0 {
			p.small = disk(t, 0, "size=256m")
			p.data = filepath.Join(p.small, "data")
		}
		config := write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf(`[station]
site = "ham1"
name = %q
checkpoint = "pack"
data = %q
[[device]]
name = "hand"
profile = "honeywell-serial"
port = %q
[mqtt]
url = "mqtt://%s"
`, name, p.data, p.scanner.Address(), cable().addr()))
		p.start = func() *program { return scanpost(t, config) }
		p.now = p.start()
		s.posts = append(s.posts, p)
	}
	return s
}

// run lets operators scan and makes trouble.
func (s *site) run(long time.Duration) {
	ctx, stop := context.WithTimeout(s.t.Context(), long)
	defer stop()
	var all sync.WaitGroup
	for _, p := range s.posts {
		all.Go(func() { p.operate(ctx, s.t) })
	}
	for ctx.Err() == nil {
		s.trouble(ctx)
		pause(ctx, time.Duration(200+s.random.IntN(2500))*time.Millisecond)
	}
	all.Wait()
}

// operate scans parcels, each until its good signal is heard or the operator
// has had enough of it.
func (p *post) operate(ctx context.Context, t *testing.T) {
	for n := 1; ctx.Err() == nil; n++ {
		code := fmt.Sprintf("%s-%05d", strings.ToUpper(p.name), n)
		p.tried++
		for range 40 {
			heard := len(p.scanner.Heard())
			if err := p.scanner.Scan("", code); err != nil {
				t.Error(err)
				return
			}
			within, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
			_, err := p.scanner.WaitHeard(within, func(all []byte) bool { return bytes.Contains(all[min(heard, len(all)):], beep) })
			cancel()
			if err == nil {
				p.saved[code] = true
				pause(ctx, time.Duration(rand.IntN(200))*time.Millisecond) // the next parcel
				break
			}
			if ctx.Err() != nil {
				return
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// trouble hurts something, for a while or for good.
func (s *site) trouble(ctx context.Context) {
	p := s.posts[s.random.IntN(len(s.posts))]
	relay := s.relays[s.random.IntN(len(s.relays))]
	long := time.Duration(s.random.IntN(3000)) * time.Millisecond
	kinds := []string{"station killed", "station stopped and started", "board killed", "broker killed", "cable cut", "line slow", "line silent", "every message cuts the line", "station frozen", "board frozen"}
	if p.small != "" {
		kinds = append(kinds, "disk full")
	}
	what := kinds[s.random.IntN(len(kinds))]
	s.done[what]++
	switch what {
	case "station killed":
		p.now.kill()
		pause(ctx, long)
		p.now = p.start()
	case "station stopped and started":
		p.now.stop()
		p.now = p.start()
	case "board killed":
		s.boardNow.kill()
		pause(ctx, long)
		s.boardNow = s.board()
	case "broker killed":
		s.brokerNow.kill()
		pause(ctx, long)
		s.brokerNow = s.broker()
	case "cable cut":
		relay.mode(cutLine)
		pause(ctx, long)
		relay.mode(openLine)
	case "line slow":
		relay.mode(slowLine)
		pause(ctx, long)
		relay.mode(openLine)
	case "line silent":
		relay.mode(silentLine)
		pause(ctx, long)
		relay.mode(cutLine) // what it swallowed is gone
		relay.mode(openLine)
	case "every message cuts the line":
		relay.mode(brittleLine)
		pause(ctx, long)
		relay.mode(openLine)
	case "station frozen":
		freeze(ctx, p.now, long)
	case "board frozen":
		freeze(ctx, s.boardNow, long)
	case "disk full":
		name := filepath.Join(p.small, "full")
		fill(s.t, name)
		pause(ctx, long)
		if err := os.Remove(name); err != nil {
			s.t.Error(err)
		}
	}
}

func freeze(ctx context.Context, p *program, long time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	pause(ctx, long)
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
}

// calm mends everything and waits until the board has confirmed all that the
// stations say they hold.
func (s *site) calm() {
	s.t.Helper()
	for _, r := range s.relays {
		r.mode(openLine)
	}
	for _, p := range s.posts {
		if p.small != "" {
			_ = os.Remove(filepath.Join(p.small, "full"))
		}
	}
	type word struct {
		head event.Head
		ack  event.Ack
	}
	var mu sync.Mutex
	words := map[string]word{}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	go mqtt.Keep(ctx, mqtt.Options{URL: "mqtt://" + s.address, ClientID: "judge", Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, l *mqtt.Link) error {
		err := l.Subscribe(ctx, func(m mqtt.Message) {
			_, name, leaf, _, ok := event.Split(m.Topic)
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			w := words[name]
			switch leaf {
			case "head":
				text, _, _ := bytes.Cut(m.Payload, []byte("\n\n"))
				if h, err := event.ParseHead(string(text) + "\n"); err == nil && !m.Retained {
					w.head = h
				}
			case "ack":
				if a, err := event.ParseAck(m.Payload); err == nil {
					w.ack = a
				}
			}
			words[name] = w
		}, event.Filter("ham1", "head"), event.Filter("ham1", "ack/board"))
		if err != nil {
			return err
		}
		<-l.Done()
		return l.Err()
	}, func(bool, error) {})
	deadline := time.Now().Add(2 * patience)
	for {
		mu.Lock()
		agreed := true
		for _, p := range s.posts {
			w := words[p.name]
			agreed = agreed && w.head.Seq > 0 && w.ack.Epoch == w.head.Epoch && w.ack.Upto == w.head.Seq && len(w.ack.Missing) == 0
		}
		have := maps.Clone(words)
		mu.Unlock()
		if agreed {
			return
		}
		if time.Now().After(deadline) {
			for name, w := range have {
				s.t.Errorf("%s: the head says %s up to %d, the board has confirmed %s up to %d without %v", name, w.head.Epoch, w.head.Seq, w.ack.Epoch, w.ack.Upto, w.ack.Missing)
			}
			s.t.Fatal("the board has not caught up")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// compare holds what the board has against what the stations have, and against
// what the operators heard.
func (s *site) compare() {
	t := s.t
	s.boardNow.stop()
	l, err := ledger.Open(filepath.Join(s.data, "board"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, p := range s.posts {
		p.now.stop()
		box, err := outbox.Open(p.data, outbox.Options{})
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		if err := box.Verify(nil); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		held := box.Stats()
		if past := box.Pasts(); len(past) > 0 || held.First != 1 {
			t.Errorf("%s: it began a new log, or forgot: first %d, %d older ones", p.name, held.First, len(past))
		}
		codes := map[string]int{}
		edge := new(proof.Edge)
		var next uint64 = 1
		if err := l.Read(p.name, held.Epoch, 1, held.Last, func(seq uint64, b []byte) error {
			if seq != next {
				t.Errorf("%s: the board has no number %d", p.name, next)
			}
			next = seq + 1
			edge.Append(nil, proof.RecordHash(b))
			ev, err := event.Parse(b)
			if err != nil {
				return err
			}
			if x, ok := ev.Entry.(*scan.Scan); ok && x.Verdict != scan.Double {
				codes[x.Raw]++
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if next != held.Last+1 {
			t.Errorf("%s: the board has numbers up to %d, the station up to %d", p.name, next-1, held.Last)
		}
		head, _, err := box.Head()
		if err != nil || head.Seq != edge.Len() || head.Root != edge.Root() {
			t.Errorf("%s: what the board holds is not what the station's head says (%v)", p.name, err)
		}
		for code := range p.saved {
			if codes[code] != 1 {
				t.Errorf("%s: %s was confirmed to its operator, and the board has it %d times", p.name, code, codes[code])
			}
		}
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			if codes[code] > 1 {
				t.Errorf("%s: the board has %s %d times", p.name, code, codes[code])
			}
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		for _, st := range l.Streams() {
			if st.Station == p.name && st.Epoch != held.Epoch {
				t.Errorf("%s: the board knows another log of it, %s", p.name, st.Epoch)
			}
		}
	}
}

// line is a cable to the broker that can misbehave.
type line struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	how   lineMode
	conns map[net.Conn]bool
}

type lineMode int

const (
	openLine    lineMode = iota
	cutLine              // connections break, and none is made
	slowLine             // 2 KB a second and half a second late
	silentLine           // takes everything and passes nothing on
	brittleLine          // breaks after the first piece in either direction
)

func newLine(t *testing.T, target string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &line{listener: l, target: target, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); r.mode(cutLine) })
	go func() {
		for {
			near, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go r.carry(near)
			}
		}
	}()
	return r
}

func (r *line) addr() string { return r.listener.Addr().String() }

func (r *line) mode(how lineMode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.how = how
	if how == cutLine {
		for c := range r.conns {
			c.Close()
		}
	}
}

func (r *line) now() lineMode {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.how
}

func (r *line) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	cut := r.how == cutLine
	r.conns[near], r.conns[far] = true, true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.conns, near)
		delete(r.conns, far)
		r.mu.Unlock()
	}()
	if cut {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { r.pump(far, near); far.Close(); near.Close() })
	both.Go(func() { r.pump(near, far); far.Close(); near.Close() })
	both.Wait()
}

func (r *line) pump(to io.Writer, from io.Reader) {
	buf := make([]byte, 1024)
	pieces := 0
	for {
		n, err := from.Read(buf)
		if n > 0 {
			pieces++
			switch r.now() {
			case silentLine:
				continue
			case slowLine:
				time.Sleep(500 * time.Millisecond)
			case brittleLine:
				if pieces > 3 {
					return
				}
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
