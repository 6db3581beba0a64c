package machine

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices/port"
	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/mqtt"
)

// bench is a broker and a subscriber that notes when each code arrives.
type bench struct {
	b      *testing.B
	broker string
	dir    string

	mu      sync.Mutex
	arrived map[int]time.Time
	more    chan struct{}
}

func newBench(b *testing.B) *bench {
	b.Helper()
	dir, err := os.MkdirTemp(os.Getenv("SCANPOST_BENCH_DIR"), "scanpost-bench-") // a real disk, where /tmp is not one
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	x := &bench{b: b, dir: dir, arrived: map[int]time.Time{}, more: make(chan struct{}, 1)}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		b.Skip("skipped: the floor needs mosquitto (apt-get install mosquitto)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	x.broker = l.Addr().String()
	l.Close()
	host, p, _ := net.SplitHostPort(x.broker)
	conf := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(conf, []byte("listener "+p+" "+host+"\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, "-c", conf)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var link *mqtt.Link
	for range 200 {
		if link, err = mqtt.Dial(b.Context(), mqtt.Options{URL: "mqtt://" + x.broker, ClientID: "bench-sub"}); err == nil {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { link.Close(context.Background()) })
	if err := link.Subscribe(b.Context(), x.got, "floor", "scanpost/v1/bench/+/evt"); err != nil {
		b.Fatal(err)
	}
	return x
}

// got notes a message of either kind: a bare code, or an event that holds it.
func (x *bench) got(m mqtt.Message) {
	now := time.Now()
	text := string(m.Payload)
	if m.Topic != "floor" || strings.HasPrefix(text, "{") {
		ev, err := event.Parse(m.Payload)
		s, ok := ev.Entry.(*scan.Scan)
		if err != nil || !ok {
			return
		}
		text = s.Raw
	}
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(text), "PARCEL-"))
	if err != nil {
		return
	}
	x.mu.Lock()
	x.arrived[n] = now
	x.mu.Unlock()
	select {
	case x.more <- struct{}{}:
	default:
	}
}

// all waits until n codes have arrived, and forgets them.
func (x *bench) all(n int) map[int]time.Time {
	x.b.Helper()
	patience := time.After(2 * time.Minute)
	for {
		x.mu.Lock()
		if len(x.arrived) >= n {
			out := x.arrived
			x.arrived = map[int]time.Time{}
			x.mu.Unlock()
			return out
		}
		have := len(x.arrived)
		x.mu.Unlock()
		select {
		case <-x.more:
		case <-patience:
			x.b.Fatalf("%d of %d arrived", have, n)
		}
	}
}

// station runs a station with some scanners, and returns when they are read.
func (x *bench) station(devices int) []*sim.Scanner {
	x.b.Helper()
	text := fmt.Sprintf("[station]\nsite = \"bench\"\nname = \"pack-01\"\ncheckpoint = \"pack\"\ndata = %q\n[mqtt]\nurl = \"mqtt://%s\"\n", filepath.Join(x.dir, "data"), x.broker)
	var scanners []*sim.Scanner
	for i := range devices {
		s, err := sim.NewScanner(filepath.Join(x.dir, fmt.Sprint("scanner", i)), sim.Framing{Suffix: "\r"})
		if err != nil {
			x.b.Fatal(err)
		}
		x.b.Cleanup(func() { s.Close() })
		scanners = append(scanners, s)
		text += fmt.Sprintf("[[device]]\nname = \"hand-%d\"\nprofile = \"generic-serial\"\nport = %q\n", i, s.Address())
	}
	cfg, err := config.Parse("bench.toml", []byte(text))
	if err != nil {
		x.b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- Run(ctx, cfg, Options{Log: slog.New(slog.DiscardHandler), Version: "bench", Ready: func(Info) { close(ready) }})
	}()
	x.b.Cleanup(func() { cancel(); <-ended })
	select {
	case <-ready:
	case err := <-ended:
		x.b.Fatal(err)
	}
	for i, s := range scanners { // until each is read, and the way to the subscriber is open
		if err := s.Scan("", fmt.Sprintf("PARCEL-%d", 1_000_000+i)); err != nil {
			x.b.Fatal(err)
		}
	}
	x.all(devices)
	return scanners
}

// BenchmarkWireToSubscriber is design section 9, row 2: from the last byte of
// a code on the wire to its message at a subscriber, 200 scans a second, each
// synced to disk. The floor is a loop that reads such a terminal and publishes
// what it read, without a disk. The synced floor appends what it read to a
// file and syncs it twice before it publishes, as a bbolt commit does: what a
// disk costs anybody at this pace.
func BenchmarkWireToSubscriber(b *testing.B) {
	x := newBench(b)
	loops := map[string]*sim.Scanner{"floor": x.bare("floor", false), "synced-floor": x.bare("synced-floor", true), "": x.station(1)[0]}
	n := min(max(b.N, 600), 2400) // five milliseconds each, three times
	took := map[string][]time.Duration{}
	for round := range 4 { // in turns, so that a slow moment of the machine hits all
		for i, name := range []string{"floor", "synced-floor", ""} {
			took[name] = append(took[name], x.paced(loops[name], 10_000*(3*round+i+1), n/4)...)
		}
	}
	for name := range took {
		slices.Sort(took[name])
	}
	floor, synced, ours := took["floor"], took["synced-floor"], took[""]
	b.ReportMetric(0, "ns/op")
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", .5}, {"p99", .99}} {
		f, o := floor[int(float64(len(floor)-1)*q.at)], ours[int(float64(len(ours)-1)*q.at)]
		s := synced[int(float64(len(synced)-1)*q.at)]
		b.ReportMetric(float64(f.Microseconds()), q.name+"-floor-µs")
		b.ReportMetric(float64(s.Microseconds()), q.name+"-synced-floor-µs")
		b.ReportMetric(float64(o)/float64(s), q.name+"-ratio-to-synced")
		b.ReportMetric(float64(o.Microseconds()), q.name+"-µs")
		b.ReportMetric(float64(o)/float64(f), q.name+"-ratio")
	}
}

// paced sends codes 200 times a second and returns how long each took.
func (x *bench) paced(s *sim.Scanner, first, n int) []time.Duration {
	sent := map[int]time.Time{}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		sent[first+i] = time.Now()
		if err := s.Scan("", fmt.Sprintf("PARCEL-%d", first+i)); err != nil {
			x.b.Fatal(err)
		}
	}
	var took []time.Duration
	for code, at := range x.all(n) {
		took = append(took, at.Sub(sent[code]))
	}
	return took
}

// bare runs a floor's loop on a terminal of its own.
func (x *bench) bare(name string, synced bool) *sim.Scanner {
	x.b.Helper()
	line, err := sim.NewScanner(filepath.Join(x.dir, name), sim.Framing{Suffix: "\r"})
	if err != nil {
		x.b.Fatal(err)
	}
	p, err := port.Open(x.b.Context(), line.Address(), port.Settings{Baud: 9600})
	if err != nil {
		x.b.Fatal(err)
	}
	link, err := mqtt.Dial(x.b.Context(), mqtt.Options{URL: "mqtt://" + x.broker, ClientID: "bench-" + name})
	if err != nil {
		x.b.Fatal(err)
	}
	file, err := os.Create(filepath.Join(x.dir, name+".log"))
	if err != nil {
		x.b.Fatal(err)
	}
	var reading sync.WaitGroup
	x.b.Cleanup(func() { p.Close(); reading.Wait(); link.Close(context.Background()); line.Close(); file.Close() })
	reading.Go(func() {
		buf := make([]byte, 4096)
		var code []byte
		for {
			n, err := p.Read(buf)
			if err != nil {
				return
			}
			for _, c := range buf[:n] {
				if c != '\r' {
					code = append(code, c)
					continue
				}
				if synced {
					for range 2 {
						file.Write(code)
						syscall.Fdatasync(int(file.Fd()))
					}
				}
				if _, err := link.Send(mqtt.Message{Topic: "floor", Payload: slices.Clone(code)}); err != nil {
					return
				}
				code = code[:0]
			}
		}
	})
	return line
}

// BenchmarkSustained is design section 9, row 3: scans through one station,
// end to end, as fast as they go, from one scanner and from eight. The floor
// publishes events of the same size over the same broker, without a disk. The
// echo floor's publisher hears what it publishes, as every station does that
// hears all others: MQTT 3.1.1 knows no way to except one's own.
func BenchmarkSustained(b *testing.B) {
	for _, devices := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("scanners=%d", devices), func(b *testing.B) {
			x := newBench(b)
			scanners := x.station(devices)
			n := max(b.N, 20_000)
			floor, echoed := x.publish(n, false), x.publish(n, true)
			start := time.Now()
			var all sync.WaitGroup
			for i, s := range scanners {
				all.Go(func() {
					for code := i; code < n; code += devices {
						if s.Scan("", fmt.Sprintf("PARCEL-%d", code)) != nil {
							return
						}
					}
				})
			}
			all.Wait()
			x.all(n)
			ours := float64(n) / time.Since(start).Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(floor, "floor/s")
			b.ReportMetric(ours, "scans/s")
			b.ReportMetric(ours/floor, "ratio")
			b.ReportMetric(echoed, "echo-floor/s")
			b.ReportMetric(ours/echoed, "ratio-to-echo")
		})
	}
}

// publish is the floor: events per second, paho to broker to paho, with the
// uplink's window.
func (x *bench) publish(n int, echo bool) float64 {
	link, err := mqtt.Dial(x.b.Context(), mqtt.Options{URL: "mqtt://" + x.broker, ClientID: "bench-floor"})
	if err != nil {
		x.b.Fatal(err)
	}
	defer link.Close(context.Background())
	if echo {
		if err := link.Subscribe(x.b.Context(), func(mqtt.Message) {}, "floor"); err != nil {
			x.b.Fatal(err)
		}
	}
	start := time.Now()
	var window []*mqtt.Pending
	for i := range n {
		ev := scan.Event{Number: scan.Number{Epoch: "0123456789ABCDEF", Seq: uint64(i + 1), At: start}, Site: "bench", Station: "pack-01",
			Entry: &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: fmt.Sprintf("code:PARCEL-%d", i), IDs: []string{fmt.Sprintf("code:PARCEL-%d", i)}, Raw: fmt.Sprintf("PARCEL-%d", i), Device: "hand-0"}}
		p, err := link.Send(mqtt.Message{Topic: "floor", Payload: event.Append(nil, &ev)})
		if err != nil {
			x.b.Fatal(err)
		}
		if window = append(window, p); len(window) == 64 {
			<-window[0].Done()
			window = window[1:]
		}
	}
	x.all(n)
	return float64(n) / time.Since(start).Seconds()
}
