package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/mqtt"
	"scanpost/sync/outbox"
)

// This file is what the benchmarks of a long past are made of: the past, a
// subscriber, an operator, and a look at the program's memory.

// past is a data folder full of events that never left.
type past struct {
	b      *testing.B
	dir    string
	data   string
	n      int
	epoch  string
	sample [][]byte // of its events, as stored
}

func newPast(b *testing.B) *past {
	b.Helper()
	n := 20_000
	if os.Getenv("SCANPOST_BENCH_MILLION") != "" {
		n = 1_000_000
	}
	dir, err := os.MkdirTemp(os.Getenv("SCANPOST_BENCH_DIR"), "scanpost-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	p := &past{b: b, dir: dir, data: filepath.Join(dir, "data"), n: n}
	box, err := outbox.Open(p.data, outbox.Options{Site: "ham1", Station: "pack-07", NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	p.epoch = box.Epoch()
	batch := make([]scan.Entry, 0, 256)
	for i := range n {
		code := fmt.Sprintf("00%018d", 340123450000000000+i)
		unit := "sscc:" + code[2:]
		batch = append(batch, &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: unit, IDs: []string{unit}, Raw: code,
			AIM: "]C1", Symbology: "gs1-128", Device: "hand", Clock: scan.Clock{Synced: true, OffsetMin: 60}})
		if len(batch) == cap(batch) || i == n-1 {
			if _, errs := box.WriteAll(batch); errs[0] != nil {
				b.Fatal(errs[0])
			}
			batch = batch[:0]
		}
	}
	err = box.Read(1, 100_000, func(_ uint64, e []byte) error { p.sample = append(p.sample, bytes.Clone(e)); return nil })
	if err != nil {
		b.Fatal(err)
	}
	if err := box.Close(); err != nil {
		b.Fatal(err)
	}
	syscall.Sync() // or the disk is still busy with it when time is taken
	return p
}

// station starts the program on the folder.
func (p *past) station(broker string, hand *sim.Scanner) *program {
	p.b.Helper()
	config := write(p.b, filepath.Join(p.dir, "station.toml"), station(p.data)+device("hand", hand.Address())+fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n", broker))
	return scanpost(p.b, config)
}

func (p *past) hand() *sim.Scanner {
	p.b.Helper()
	return plug(p.b, filepath.Join(p.dir, fmt.Sprint("scanner", time.Now().UnixNano())))
}

// receiver is a subscriber that notes what it gets of the past, and when what
// is scanned now comes.
type receiver struct {
	epoch string
	mu    sync.Mutex
	seen  []bool // of the past, by number
	count int
	first time.Time
	last  time.Time
	live  map[string]time.Time
	all   chan struct{} // closed when all of the past has come
}

func (p *past) receiver(epoch string, n int) *receiver {
	return &receiver{epoch: epoch, seen: make([]bool, n+1), live: map[string]time.Time{}, all: make(chan struct{})}
}

func (p *past) subscribe(broker string, r *receiver, filter string) (leave func()) {
	p.b.Helper()
	link, err := mqtt.Dial(p.b.Context(), mqtt.Options{URL: "mqtt://" + broker, ClientID: "bench-" + strconv.Itoa(int(time.Now().UnixNano()))})
	if err != nil {
		p.b.Fatal(err)
	}
	leave = sync.OnceFunc(func() { link.Close(context.Background()) })
	p.b.Cleanup(leave)
	if err := link.Subscribe(p.b.Context(), r.got, filter); err != nil {
		p.b.Fatal(err)
	}
	return leave
}

// got is quick, so that it is the broker and the two clients that are measured.
func (r *receiver) got(m mqtt.Message) {
	now := time.Now()
	const id = len(`{"specversion":"1.0","id":"`)
	b := m.Payload
	if len(b) < id+37 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if string(b[id:id+16]) == r.epoch {
		if seq, err := strconv.Atoi(string(b[id+17 : id+37])); err == nil && seq < len(r.seen) {
			if r.count == 0 {
				r.first = now
			}
			if !r.seen[seq] {
				r.seen[seq] = true
				r.last = now
				if r.count++; r.count == len(r.seen)-1 {
					close(r.all)
				}
			}
			return
		}
	}
	if _, code, found := bytes.Cut(b, []byte(`"unit":"code:`)); found {
		if code, _, found := bytes.Cut(code, []byte(`"`)); found && r.live[string(code)].IsZero() {
			r.live[string(code)] = now
		}
	}
}

// rate is how many a second came, from the first to the last.
func (r *receiver) rate() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return float64(r.count-1) / r.last.Sub(r.first).Seconds()
}

// floors is the same bytes with the same window, from paho over the broker to
// paho, and nothing else; and the same with a publisher that hears what it
// publishes, as every station does that hears all others: MQTT 3.1.1 knows no
// way to except one's own.
func (p *past) floors(broker string) (plain, echoed float64) {
	p.b.Helper()
	rounds := max(1, p.n/4/len(p.sample))
	for range rounds {
		plain += p.floor(broker, false) / float64(rounds)
		echoed += p.floor(broker, true) / float64(rounds)
	}
	return plain, echoed
}

func (p *past) floor(broker string, echo bool) float64 {
	p.b.Helper()
	r := p.receiver(p.epoch, len(p.sample))
	defer p.subscribe(broker, r, "floor")()
	link, err := mqtt.Dial(p.b.Context(), mqtt.Options{URL: "mqtt://" + broker, ClientID: "bench-floor"})
	if err != nil {
		p.b.Fatal(err)
	}
	defer link.Close(context.Background())
	if echo {
		if err := link.Subscribe(p.b.Context(), func(mqtt.Message) {}, "floor"); err != nil {
			p.b.Fatal(err)
		}
	}
	var window []*mqtt.Pending
	for _, e := range p.sample {
		pending, err := link.Send(mqtt.Message{Topic: "floor", Payload: e})
		if err != nil {
			p.b.Fatal(err)
		}
		if window = append(window, pending); len(window) == 64 {
			<-window[0].Done()
			window = window[1:]
		}
	}
	p.until(r.all, "the floor has arrived")
	return r.rate()
}

func (p *past) until(done <-chan struct{}, what string) {
	p.b.Helper()
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		p.b.Fatal("waited in vain: " + what)
	}
}

// trip is one live scan.
type trip struct{ scanned, saved time.Time }

// operator scans 20 times a second, or as soon as the scan before is answered,
// until the context ends.
type operator struct {
	trips map[string]trip
	ended chan struct{}
}

func (p *past) operate(ctx context.Context, hand *sim.Scanner, prefix string) *operator {
	o := &operator{trips: map[string]trip{}, ended: make(chan struct{})}
	go func() {
		defer close(o.ended)
		tick := time.NewTicker(time.Second / 20)
		defer tick.Stop()
		for n := 0; ; n++ {
			code := fmt.Sprintf("%s-%06d", prefix, n)
			t, err := scanOnce(ctx, hand, code, time.Minute)
			if err != nil {
				if ctx.Err() == nil {
					p.b.Error(err)
				}
				return
			}
			o.trips[code] = t
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return o
}

// scanOnce scans and waits for the good signal.
func scanOnce(ctx context.Context, hand *sim.Scanner, code string, patience time.Duration) (t trip, err error) {
	before := beeps(hand)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t.scanned = time.Now()
	if err := hand.Scan("", code); err != nil {
		return t, err
	}
	_, err = hand.WaitHeard(ctx, func(heard []byte) bool { return bytes.Count(heard, beep) > before })
	t.saved = time.Now()
	return t, err
}

// untilSaved is the first scan of a program that was just started: an operator
// who pulls the trigger until the scanner says good.
func (p *past) untilSaved(hand *sim.Scanner, prefix string) time.Time {
	p.b.Helper()
	for n := range 30_000 {
		if t, err := scanOnce(p.b.Context(), hand, fmt.Sprintf("%s-%d", prefix, n), 2*time.Millisecond); err == nil {
			return t.saved
		}
	}
	p.b.Fatal("no scan is saved")
	return time.Time{}
}

// took are durations of the trips, ascending.
func (o *operator) took(of func(code string, t trip) (time.Duration, bool)) []time.Duration {
	<-o.ended
	var all []time.Duration
	for code, t := range o.trips {
		if d, ok := of(code, t); ok {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	return all
}

func toSaved(_ string, t trip) (time.Duration, bool) { return t.saved.Sub(t.scanned), true }

// toSubscriber is how long after it was saved a scan was at a subscriber.
func (r *receiver) toSubscriber(code string, t trip) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.live[code]
	return max(0, at.Sub(t.saved)), !at.IsZero()
}

// report prints percentiles in milliseconds.
func report(b *testing.B, d []time.Duration, name string) {
	if len(d) == 0 {
		b.Error("no figures for " + name)
		return
	}
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", .5}, {"p95", .95}, {"p99", .99}, {"max", 1}} {
		b.ReportMetric(float64(d[int(float64(len(d)-1)*q.at)].Microseconds())/1000, name+"-"+q.name+"-ms")
	}
}

// memory is what a process has in memory, in bytes: what it has allocated, and
// pages of files: of the program itself and its libraries, and of its database
// files. The kernel takes the pages of files back when it needs room.
type memory struct{ allocated, program, files int64 }

func memoryOf(pid int) (m memory) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return m
	}
	defer f.Close()
	database, rss := false, int64(0)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch {
		case strings.Contains(key, " "): // the line of the next mapping
			database = strings.HasSuffix(lines.Text(), ".db")
		case key == "Rss" && database:
			m.files += kb << 10
		case key == "Rss":
			rss = kb << 10
		case key == "Anonymous" && !database:
			m.allocated += kb << 10
			m.program += rss - kb<<10
		}
	}
	return m
}

// watch samples a process's memory until the context ends and gives the peaks.
func watch(ctx context.Context, pid int) (peaks func() memory) {
	done := make(chan memory, 1)
	go func() {
		var most memory
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			m := memoryOf(pid)
			if m.allocated+m.program > most.allocated+most.program {
				most.allocated, most.program = m.allocated, m.program
			}
			most.files = max(most.files, m.files)
			select {
			case <-tick.C:
			case <-ctx.Done():
				done <- most
				return
			}
		}
	}()
	return func() memory { return <-done }
}

func reportMemory(b *testing.B, m memory, name string) {
	b.ReportMetric(float64(m.allocated+m.program)/(1<<20), name+"-MiB")
	b.ReportMetric(float64(m.allocated)/(1<<20), name+"-allocated-MiB")
	b.ReportMetric(float64(m.files)/(1<<20), name+"-file-pages-MiB")
}
