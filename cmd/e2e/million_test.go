package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"scanpost/sync/event"
)

// The benchmarks of a station with a long past:
//
//	SCANPOST_BENCH_MILLION=1 go test ./cmd/e2e -run '^$' -bench Backlog -benchtime 1x -timeout 9m
//
// Without the variable the past is of 20,000 events. SCANPOST_BENCH_DIR names a
// folder on a real disk, if the temporary one is in memory.

// BenchmarkBacklogDrain is design section 9, rows 4 and 6: how fast the past
// leaves, what that does to scans that are made meanwhile, and the memory it
// takes. The floor is taken before and after.
func BenchmarkBacklogDrain(b *testing.B) {
	p := newPast(b)
	broker := freePort(b)
	mosquittoWith(b, broker, "allow_anonymous true\nmax_inflight_messages 0")
	before, echoBefore := p.floors(broker)

	r := p.receiver(p.epoch, p.n)
	p.subscribe(broker, r, event.Filter("ham1", "evt"))
	hand := p.hand()
	program := p.station(broker, hand)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	peaks := watch(ctx, program.cmd.Process.Pid)
	p.untilSaved(hand, "FIRST")
	o := p.operate(ctx, hand, "LIVE")
	p.until(r.all, "the past has arrived")
	stop()
	most := peaks()
	arriving := o.took(toSaved)
	wait(b, "what was scanned meanwhile has arrived", func() bool { return len(o.took(r.toSubscriber)) == len(arriving) })
	// The same operator with nothing left to drain: what a scan takes anyway.
	alone, enough := context.WithTimeout(b.Context(), 2*time.Second)
	defer enough()
	quiet := p.operate(alone, hand, "ALONE").took(toSaved)
	program.stop()
	after, echoAfter := p.floors(broker)

	b.ReportMetric(0, "ns/op")
	b.ReportMetric(before, "floor-before/s")
	b.ReportMetric(after, "floor-after/s")
	b.ReportMetric(r.rate(), "events/s")
	b.ReportMetric(2*r.rate()/(before+after), "ratio")
	b.ReportMetric(2*r.rate()/(echoBefore+echoAfter), "ratio-to-echo")
	report(b, o.took(r.toSubscriber), "saved-to-subscriber")
	report(b, arriving, "scan-to-saved")
	report(b, quiet, "scan-to-saved-alone")
	reportMemory(b, most, "resident")
}

// BenchmarkBacklogStart is design section 9, row 7: from the start of the
// program to the good signal of the first scan, with the past in the outbox;
// also after the power went.
func BenchmarkBacklogStart(b *testing.B) {
	p := newPast(b)
	hand := p.hand()
	var stopped, killed []time.Duration
	for i := range 10 {
		began := time.Now()
		program := p.station("127.0.0.1:1", hand)
		took := p.untilSaved(hand, fmt.Sprint("FIRST", i)).Sub(began)
		if i%2 == 0 {
			stopped = append(stopped, took) // the one before was killed, but for the first
			program.stop()
		} else {
			killed = append(killed, took)
			program.kill()
		}
	}
	b.ReportMetric(0, "ns/op")
	slices.Sort(stopped)
	slices.Sort(killed)
	report(b, killed, "after-stop")
	report(b, stopped, "after-kill")
}

// BenchmarkBacklogRescue is a station whose file lost both of its first pages:
// when it scans again, when everything is brought over and has left, and what
// scans wait meanwhile.
func BenchmarkBacklogRescue(b *testing.B) {
	p := newPast(b)
	broker := freePort(b)
	mosquittoWith(b, broker, "allow_anonymous true\nmax_inflight_messages 0")
	r := p.receiver(p.epoch, p.n)
	p.subscribe(broker, r, event.Filter("ham1", "evt"))
	f, err := os.OpenFile(filepath.Join(p.data, "outbox.db"), os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 2*os.Getpagesize()), 0); err != nil {
		b.Fatal(err)
	}
	f.Close()
	syscall.Sync()

	hand := p.hand()
	began := time.Now()
	program := p.station(broker, hand)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	peaks := watch(ctx, program.cmd.Process.Pid)
	first := p.untilSaved(hand, "FIRST").Sub(began)
	during, enough := context.WithCancel(ctx)
	o := p.operate(during, hand, "LIVE")
	wait(b, "the old file is gone through", func() bool { return len(program.said("gone through")) > 0 })
	over := time.Since(began)
	enough()
	scans := o.took(toSaved)
	p.until(r.all, "what was brought over has arrived")
	left := time.Since(began)
	stop()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(first.Seconds()*1000, "first-scan-ms")
	b.ReportMetric(over.Seconds(), "brought-over-s")
	b.ReportMetric(left.Seconds(), "arrived-s")
	report(b, scans, "scan-to-saved")
	reportMemory(b, peaks(), "resident")
	if b.Failed() {
		io.Copy(os.Stderr, strings.NewReader(program.out.String()))
	}
}
