//go:build linux

package rig

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"scanpost/firmware-configs"
	"scanpost/scan"
)

// device is one [[device]] of a configuration.
type device struct{ name, checkpoint, profile, port string }

// agent is the program, running in the guest as a station of its own.
type agent struct {
	t    testing.TB
	name string // of the station
	pid  int
	dir  string // in the guest
}

var agents int

// profile puts a profile into the guest with one line of it changed, and returns
// what stands for it in a configuration.
func profile(t testing.TB, name, line, instead string) string {
	t.Helper()
	b, err := firmware.Files.ReadFile(name + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(b, []byte("\n"+line), []byte("\n"+instead), 1)
	if bytes.Equal(b, changed) {
		t.Fatalf("the profile %s has no line %q", name, line)
	}
	file := "/data/" + name + ".toml"
	if err := guest.Put(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// slowKeyboard is the profile of a keyboard that may pause within a code. On a
// busy machine it is the emulator that pauses, for longer than any scanner.
func slowKeyboard(t testing.TB) string {
	return profile(t, "generic-hid-keyboard", `quiet = "500ms"`, `quiet = "30s"`)
}

// run starts the program with these devices.
func run(t testing.TB, devices ...device) *agent {
	t.Helper()
	agents++
	a := &agent{t: t, name: fmt.Sprintf("s%d", agents)}
	a.dir = "/data/" + a.name
	var b strings.Builder
	fmt.Fprintf(&b, "[station]\nsite = \"rig\"\nname = %q\ncheckpoint = \"pack\"\ndata = %q\n", a.name, a.dir)
	fmt.Fprintf(&b, "[mqtt]\nurl = %q\n[screen]\nlisten = \"127.0.0.1:7070\"\n", hub.url)
	for _, d := range devices {
		fmt.Fprintf(&b, "[[device]]\nname = %q\ncheckpoint = %q\nprofile = %q\nport = %q\n", d.name, d.checkpoint, d.profile, d.port)
	}
	guest.Sh("mkdir -p " + a.dir)
	if err := guest.Put(a.dir+"/station.toml", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	a.start()
	t.Cleanup(func() {
		a.stop()
		if t.Failed() {
			t.Logf("the program wrote:\n%s\nthe kernel:\n%s", a.log(), guest.Sh("dmesg | tail -300"))
		}
		for _, bad := range []string{"panic:", "goroutine ", "SIGSEGV", "DATA RACE"} {
			if strings.Contains(a.log(), bad) {
				t.Errorf("the program wrote %q:\n%s", bad, a.log())
			}
		}
	})
	return a
}

func (a *agent) start() {
	a.t.Helper()
	pid, err := guest.Spawn(a.dir+"/log", "/data/bin/scanpost", "run", "-c", a.dir+"/station.toml")
	if err != nil {
		a.t.Fatal(err)
	}
	a.pid = pid
	wait(a.t, "the program's pages answer", func() bool { return a.metric("go_goroutines") > 0 || !a.alive() })
	if !a.alive() {
		a.t.Fatalf("the program ended:\n%s", a.log())
	}
}

func (a *agent) alive() bool {
	alive, err := guest.Signal(a.pid, 0)
	return alive && err == nil
}

// stop asks the program to end, which it does at once and in order.
func (a *agent) stop() {
	a.t.Helper()
	if !a.alive() {
		return
	}
	guest.Signal(a.pid, int(syscall.SIGTERM))
	if !within(patience, func() bool { return !a.alive() }) {
		a.t.Errorf("the program does not end")
		a.kill()
		return
	}
	if status, err := guest.Wait(a.pid); status != 0 || err != nil {
		a.t.Errorf("the program ended with status %d, %v:\n%s", status, err, a.log())
	}
}

// kill ends the program as a crash would.
func (a *agent) kill() {
	guest.Signal(a.pid, int(syscall.SIGKILL))
	guest.Wait(a.pid)
}

func (a *agent) log() string {
	b, _ := guest.Get(a.dir + "/log")
	return string(b)
}

// metric is a figure of the program's own, 0 if it has none of the name.
func (a *agent) metric(name string) float64 {
	page, _ := guest.Page("http://127.0.0.1:7070/metrics")
	for line := range strings.Lines(string(page)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return f
		}
	}
	return 0
}

// usage is what the program takes of the machine.
type usage struct {
	descriptors, goroutines, threads, kilobytes int
	switches                                    uint64        // of all its threads, each of its own accord
	cpu                                         time.Duration // of all its threads
}

// usage asks the program itself too.
func (a *agent) usage() usage {
	u := a.watched()
	u.goroutines = int(a.metric("go_goroutines"))
	return u
}

// watched is what can be seen from outside, without a word to the program.
func (a *agent) watched() (u usage) {
	// The first line is how many descriptors there are, then /proc/PID/stat,
	// then the status of each thread.
	out := guest.Sh(fmt.Sprintf("cd /proc/%d && ls fd | grep -c . && cat stat task/*/status", a.pid))
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Scan()
	u.descriptors, _ = strconv.Atoi(lines.Text())
	lines.Scan()
	if f := strings.Fields(lines.Text()); len(f) > 14 {
		user, _ := strconv.Atoi(f[13])
		system, _ := strconv.Atoi(f[14])
		u.cpu = time.Duration(user+system) * time.Second / 100
	}
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseUint(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			u.kilobytes = int(n)
		case "voluntary_ctxt_switches:":
			u.switches += n
			u.threads++
		}
	}
	return u
}

// attached waits until devices are there, by the program's own word.
func (a *agent) attached(devices ...string) {
	a.t.Helper()
	for _, d := range devices {
		hub.heard(a.t, a.name, d+" is attached", func([]scan.Event) bool {
			attached, _, _, _ := hub.last(a.name, d)
			return attached
		})
	}
}

// detached waits until the program says that a device is not there, and why.
func (a *agent) detached(device, reason string) {
	a.t.Helper()
	hub.heard(a.t, a.name, device+" is gone: "+reason, func([]scan.Event) bool {
		attached, why, _, n := hub.last(a.name, device)
		return n > 0 && !attached && why == reason
	})
}

// arrived waits until as many scans have arrived, and compares all there are
// with what was scanned. Devices are compared each for itself: what came at the
// same time from two has no order.
func (a *agent) arrived(want ...scanned) {
	a.t.Helper()
	hub.heard(a.t, a.name, fmt.Sprintf("%d scans; there are %d", len(want), len(hub.scans(a.name))), func([]scan.Event) bool { return len(hub.scans(a.name)) >= len(want) })
	a.compare(want)
}

func (a *agent) compare(want []scanned) {
	a.t.Helper()
	got := byDevice(hub.scans(a.name))
	for d, w := range byDevice(want) {
		for i := range got[d] { // whole all the same
			got[d][i].Code = strings.TrimSuffix(got[d][i].Code, doubtful)
		}
		if !slices.Equal(got[d], w) {
			a.t.Errorf("%s:\ngot  %q\nwant %q", d, got[d], w)
		}
		delete(got, d)
	}
	for d, g := range got {
		a.t.Errorf("%s: got %q, and nothing was scanned there", d, g)
	}
}

func byDevice(all []scanned) map[string][]scanned {
	m := map[string][]scanned{}
	for _, s := range all {
		m[s.Device] = append(m[s.Device], s)
	}
	return m
}
