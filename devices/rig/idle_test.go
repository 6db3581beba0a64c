//go:build linux

package rig

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// With scanners on serial ports and nothing to do the program wakes less than
// twenty times a second, all its threads together. HID devices cost more, and it
// is not ours: their library has a thread for each, and wakes all of them when
// one of its transfers runs out, which each does every five seconds. Looking
// for what is not plugged in costs a little.
//
// What it takes of the processor is told and not judged: here each instruction
// costs some ten times what it does on a real one, and a wake-up more. Beside
// it stands a program that does nothing but wake as often.
func TestIdle(t *testing.T) {
	for _, c := range []struct {
		fact             string
		devices, plugged int
		limit            float64
	}{
		{"serial scanners", 3, 3, 20},
		{"eight, five of them HID", 8, 8, 70},
		{"eight, two of them not plugged in", 8, 6, 500},
	} {
		t.Run(c.fact, func(t *testing.T) { idle(t, modes[:c.devices], c.plugged, c.limit) })
	}
}

func idle(t *testing.T, modes []mode, plugged int, limit float64) {
	var devices []device
	for i, m := range modes {
		if i < plugged {
			m.unit().plug(t, fmt.Sprintf("%d-%d", i/4*2+1, i%4+1))
		}
		devices = append(devices, device{m.name, "pack", m.profile, m.port})
	}
	a := run(t, devices...)
	for _, d := range devices[:plugged] {
		a.attached(d.name)
	}
	// At rest once its questions to the devices are asked and answered.
	last, since := a.watched().switches, time.Now()
	within(10*time.Second, func() bool {
		if time.Since(since) < time.Second {
			return false
		}
		now := a.watched().switches
		rest := now-last < uint64(limit)
		last, since = now, time.Now()
		return rest
	})
	span := 20 * time.Second
	if plugged < len(devices) {
		span = 5 * time.Second
	}
	before, begin := a.watched(), time.Now()
	time.Sleep(span) // the time is what is measured here
	after, took := a.watched(), time.Since(begin)
	wakes := float64(after.switches-before.switches) / took.Seconds()
	share := func(cpu time.Duration) float64 { return 100 * cpu.Seconds() / took.Seconds() }
	loop := idleLoop(t, min(wakes, limit), span/2) * 2
	t.Logf("idle with %d of %d devices plugged in: %.1f wake-ups a second of %d threads, %.2f %% of the emulated processor; a loop that only wakes as often: %.2f %%",
		plugged, len(devices), wakes, after.threads, share(after.cpu-before.cpu), share(loop))
	if wakes >= limit {
		t.Errorf("%.1f wake-ups a second, want less than %.0f", wakes, limit)
	}
}

// idleLoop is what a program takes of the processor in this time that only
// wakes so many times a second.
func idleLoop(t *testing.T, wakes float64, span time.Duration) time.Duration {
	pid, err := guest.Spawn("/tmp/idle", "/data/bin/inguest.test", "-wakes", fmt.Sprint(wakes))
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Signal(pid, int(syscall.SIGKILL))
	loop := &agent{pid: pid}
	wait(t, "the loop runs", func() bool { return strings.Contains(guest.Sh("cat /tmp/idle"), "begun") })
	before := loop.watched().cpu
	time.Sleep(span)
	return loop.watched().cpu - before
}
