//go:build linux

package rig

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is one configured device, and which unit and socket it means. By
// socket: whatever sits there; else the unit follows its serial number.
type place struct {
	device
	socket   string
	bySocket bool
	holds    bool // what is scanned before the port is open is not lost
}

// lane is some units that are pulled and put back without regard to others.
type lane struct {
	name   string
	places []place
	units  []*unit
	spare  string // a socket that no configuration names
	random *rand.Rand

	at    []string             // where each unit is plugged in; empty: nowhere
	codes int                  // scanned so far
	log   map[string][]reading // by device, in order
	back  []time.Duration
}

// reading is a code that was scanned. One that was under way when the cable was
// pulled may be lost. It may not come twice, or elsewhere, and in part only with
// a mark that says so.
type reading struct {
	code string
	must bool
}

const (
	roundsBefore = 40  // until everything has been in use
	roundsAll    = 200 // in all
)

// In two hundred rounds scanners are pulled, put back, exchanged and pulled
// again at any moment, identical ones among them, and scan all the while. No
// scan that a device held is lost, none is booked at another checkpoint, the
// console sees none, and the program takes no more of the machine than before.
func TestRounds(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	lanes := newLanes(t, seed)
	var devices []device
	for _, l := range lanes {
		for _, p := range l.places {
			devices = append(devices, p.device)
		}
	}
	console := listen(t)
	a := run(t, devices...)
	for _, l := range lanes {
		for i := range l.units {
			l.plug(t, i, l.places[i].socket)
		}
	}
	for _, d := range devices {
		a.attached(d.name)
	}
	rounds := func(name string, n int) usage {
		t.Run(name, func(t *testing.T) {
			for _, l := range lanes {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					for range n / len(lanes) {
						l.round(t, a)
					}
				})
			}
		})
		if t.Failed() {
			t.FailNow()
		}
		for _, d := range devices {
			a.attached(d.name)
		}
		return a.usage()
	}
	before := rounds("warm", roundsBefore)
	after := rounds("on", roundsAll-roundsBefore)
	for _, l := range lanes {
		l.check(t, a)
	}
	compareUsage(t, a, before, after)
	if s := console.text(); s != "" {
		t.Errorf("the console got %q", s)
	}
	var back []time.Duration
	for _, l := range lanes {
		back = append(back, l.back...)
	}
	slices.Sort(back)
	if n := len(back); n > 0 {
		t.Logf("back after being plugged in, as the broker heard it, %d times: half within %v, nine of ten within %v, the slowest %v",
			n, back[n/2].Round(time.Millisecond), back[n*9/10].Round(time.Millisecond), back[n-1].Round(time.Millisecond))
		if slowest := back[n-1]; slowest > 20*time.Second {
			t.Errorf("a device came back after %v only", slowest)
		}
	}
}

func newLanes(t *testing.T, seed uint64) []*lane {
	typing := slowKeyboard(t)
	lanes := []*lane{
		{ // two of a kind that only their sockets tell apart
			name: "twins", spare: "1-3",
			units: []*unit{cdc(0x05E0, 0x1701, ""), cdc(0x05E0, 0x1701, "")},
			places: []place{
				{device{"left", "pack", "zebra-ds2208-cdc", "usb:05e0:1701@1-1"}, "1-1", true, false},
				{device{"right", "weigh", "zebra-ds2208-cdc", "usb:05e0:1701@1-2"}, "1-2", true, false},
			},
		},
		{ // two of a kind with serial numbers
			name: "numbered", spare: "3-3",
			units: []*unit{keyboard(0x0C2E, 0x0B61, "K1"), keyboard(0x0C2E, 0x0B61, "K2")},
			places: []place{
				{device{"first", "label", typing, "hid:0c2e:0b61/K1"}, "3-1", false, true},
				{device{"second", "load", typing, "hid:0c2e:0b61/K2"}, "3-2", false, true},
			},
		},
		{
			name: "adapters", spare: "5-3",
			units: []*unit{ftdi("FT1"), ftdi("FT2")},
			places: []place{
				{device{"line-1", "stage", "generic-serial", "usb:0403:6001/FT1"}, "5-1", false, false},
				{device{"line-2", "receive", "generic-serial", "usb:0403:6001/FT2"}, "5-2", false, false},
			},
		},
		{ // one of a kind each
			name: "scanners", spare: "7-5",
			units: []*unit{pos("zebra", 0x05E0, 0x2100, ""), pos("honeywell", 0x0C2E, 0x1007, "H1"), oem(0x05E0, 0x1300, "", false), ssi(0x05E0, 0x1702, "S1")},
			places: []place{
				{device{"tunnel", "stage", "zebra-ds2208-hid-pos", "hid:05e0:2100"}, "7-1", false, true},
				{device{"desk", "pack", "honeywell-1900-hid-pos", "hid:0c2e:1007/H1"}, "7-2", false, true},
				{device{"till", "label", "zebra-oem-hand-held", "hid:05e0:1300"}, "7-3", false, true},
				{device{"belt", "weigh", "zebra-ssi-cdc", "usb:05e0:1702/S1"}, "7-4", false, false},
			},
		},
	}
	for i, l := range lanes {
		l.random = rand.New(rand.NewPCG(seed, uint64(i)))
		l.at, l.log = make([]string, len(l.units)), map[string][]reading{}
	}
	return lanes
}

// round does one thing to the units of a lane, and waits until all that are
// configured are back and have been heard.
func (l *lane) round(t *testing.T, a *agent) {
	if l.random.IntN(2) == 0 {
		for i := range l.units {
			l.scan(i, 1+l.random.IntN(3), true)
		}
		l.heard(t, a)
	}
	i := l.random.IntN(len(l.units))
	home := l.at[i]
	calm := true
	switch l.random.IntN(6) {
	case 0, 1: // pulled and put back, now or later
		l.pull(t, a, i, l.random.IntN(2) == 0)
		l.plug(t, i, home)
	case 2: // exchanged
		sockets := slices.Clone(l.at)
		for u := range l.units {
			l.pull(t, a, u, l.random.IntN(2) == 0)
		}
		l.random.Shuffle(len(sockets), func(i, j int) { sockets[i], sockets[j] = sockets[j], sockets[i] })
		for _, u := range l.random.Perm(len(l.units)) {
			l.plug(t, u, sockets[u])
		}
	case 3: // put into another socket
		l.pull(t, a, i, true)
		l.plug(t, i, l.spare)
		l.settle(t, a)
		l.scan(i, 2, true)
		l.heard(t, a)
		l.pull(t, a, i, true)
		l.plug(t, i, home)
	case 4: // a loose cable
		calm = false
		for range 1 + l.random.IntN(3) {
			l.pull(t, a, i, false)
			l.plug(t, i, home)
			time.Sleep(time.Duration(l.random.IntN(700)) * time.Millisecond)
		}
	case 5: // pulled in the middle of a scan
		l.scan(i, 1, false)
		time.Sleep(time.Duration(l.random.IntN(30)) * time.Millisecond)
		l.pull(t, a, i, l.random.IntN(2) == 0)
		l.plug(t, i, home)
	}
	// A scanner is used as soon as its lamp is on.
	if p := l.placeOf(i); p != nil && l.random.IntN(2) == 0 {
		l.scan(i, 1, p.holds)
		calm = false
	}
	begin := time.Now()
	l.settle(t, a)
	if calm {
		l.back = append(l.back, time.Since(begin))
	}
	for i := range l.units {
		l.scan(i, 1, true)
	}
	l.heard(t, a)
}

// placeOf is the configured device that a unit is now; nil if it is none.
func (l *lane) placeOf(unit int) *place {
	for i := range l.places {
		p := &l.places[i]
		if p.bySocket && p.socket == l.at[unit] || !p.bySocket && i == unit && l.at[unit] != "" {
			return p
		}
	}
	return nil
}

func (l *lane) scan(unit, n int, must bool) {
	if !l.units[unit].isReady() {
		return // and so does the person who holds it: it has no aiming light yet
	}
	for range n {
		l.codes++
		code := fmt.Sprintf("%s-%04d", strings.ToUpper(l.name[:1]), l.codes)
		if p := l.placeOf(unit); p != nil {
			l.log[p.name] = append(l.log[p.name], reading{code, must})
		}
		l.units[unit].scan(code)
	}
}

// pull takes a unit out. Whoever waits does so until the program has noticed.
func (l *lane) pull(t *testing.T, a *agent, unit int, waits bool) {
	p := l.placeOf(unit)
	l.units[unit].pull()
	l.at[unit] = ""
	if p != nil && waits {
		a.detached(p.name, "unplugged")
	}
}

func (l *lane) plug(t *testing.T, unit int, socket string) {
	l.units[unit].plug(t, socket)
	l.at[unit] = socket
}

// settle waits until the program has opened what is plugged in now, and has
// nothing else to say of it.
func (l *lane) settle(t *testing.T, a *agent) {
	for i, u := range l.units {
		p := l.placeOf(i)
		if p == nil {
			continue
		}
		select {
		case <-u.opened:
		case <-time.After(patience):
			t.Fatalf("%s was not opened again", p.name)
		}
	}
	// What the program had to say of earlier plug-ins is in its outbox by now,
	// since it says so before it opens the next.
	last := uint64(a.metric("scanpost_outbox_last"))
	wait(t, "all that is in the outbox has arrived", func() bool { return hub.seq(a.name) >= last })
	for i, u := range l.units {
		if p := l.placeOf(i); p != nil {
			a.attached(p.name)
			wait(t, p.name+" reads codes", u.isReady)
		}
	}
}

// heard waits until every reading that must arrive has.
func (l *lane) heard(t *testing.T, a *agent) {
	for _, p := range l.places {
		log := l.log[p.name]
		for len(log) > 0 && !log[len(log)-1].must {
			log = log[:len(log)-1]
		}
		if len(log) == 0 {
			continue
		}
		want := log[len(log)-1].code
		if !within(patience, func() bool {
			return slices.ContainsFunc(hub.scans(a.name), func(s scanned) bool { return s.is(p, want) })
		}) {
			l.check(t, a)
			t.Fatalf("waited in vain: %s from %s", want, p.name)
		}
	}
}

// check compares what arrived with what was scanned.
func (l *lane) check(t *testing.T, a *agent) {
	got := byDevice(hub.scans(a.name))
	for _, p := range l.places {
		arrived := got[p.name]
		lost := 0
		for _, r := range l.log[p.name] {
			switch {
			case len(arrived) > 0 && arrived[0].is(p, r.code):
				arrived = arrived[1:]
			case len(arrived) > 0 && !r.must && arrived[0].isPartOf(r.code):
				arrived = arrived[1:]
			case r.must:
				t.Errorf("%s: %s is lost, or not in its turn; next are %q", p.name, r.code, arrived[:min(3, len(arrived))])
				return
			default:
				lost++
			}
		}
		if len(arrived) > 0 {
			t.Errorf("%s: %q arrived, and nobody scanned that there", p.name, arrived)
		}
		t.Logf("%s: %d scans, %d of them under way when the cable was pulled and lost with it", p.name, len(l.log[p.name]), lost)
	}
}

// doubtful marks a keyboard's first code after its opening: the kernel's driver
// had the keys until then, so it may lack its beginning.
const doubtful = " (perhaps without its beginning)"

// is reports whether it is this code from this place, whole.
func (s scanned) is(p place, code string) bool {
	return s == scanned{p.name, p.checkpoint, code} || s == scanned{p.name, p.checkpoint, code + doubtful}
}

// isPartOf reports whether it is the beginning of a code, and marked as one that
// does not end as it should.
func (s scanned) isPartOf(code string) bool {
	if part, marked := strings.CutSuffix(s.Code, doubtful); marked {
		return strings.HasSuffix(code, part)
	}
	part, marked := strings.CutSuffix(s.Code, " (unterminated)")
	return marked && strings.HasPrefix(code, part)
}

// compareUsage fails if the program takes more than it did when all of it had
// been used. What it needs for a moment only it gives back.
func compareUsage(t *testing.T, a *agent, before, after usage) {
	t.Helper()
	var more []string
	grown := func() bool {
		more = nil
		for _, c := range []struct {
			what                 string
			before, after, allow int
		}{
			{"file descriptors", before.descriptors, after.descriptors, 0},
			{"goroutines", before.goroutines, after.goroutines, 0},
			{"threads", before.threads, after.threads, 4},
			{"kilobytes of memory", before.kilobytes, after.kilobytes, before.kilobytes / 4},
		} {
			if c.after > c.before+c.allow {
				more = append(more, fmt.Sprintf("%d %s, and before it were %d", c.after, c.what, c.before))
			}
		}
		return more != nil
	}
	within(10*time.Second, func() bool {
		if !grown() {
			return true
		}
		after = a.usage()
		return false
	})
	t.Logf("before %+v\nafter  %+v", before, after)
	for _, m := range more {
		t.Error(m)
	}
}

// console is what is typed at the guest's console, as a shell there would get
// it.
type console struct {
	pid   int
	once  sync.Once
	known int
}

const consoleFile = "/tmp/console"

func listen(t *testing.T) *console {
	t.Helper()
	guest.Sh("rm -f " + consoleFile)
	// Raw, so that a text without Enter is seen too.
	pid, err := guest.Spawn(consoleFile, "/bin/sh", "-c", "stty -F /dev/tty1 raw -echo; exec cat </dev/tty1")
	if err != nil {
		t.Fatal(err)
	}
	c := &console{pid: pid}
	t.Cleanup(c.end)
	return c
}

func (c *console) end() { c.once.Do(func() { guest.Signal(c.pid, 9) }) }

// text is what was typed since the last forget, without ends of lines: they may
// come later than the rest.
func (c *console) text() string {
	b, _ := guest.Get(consoleFile)
	return strings.Trim(string(b[c.known:]), "\r\n")
}

func (c *console) forget() {
	b, _ := guest.Get(consoleFile)
	c.known = len(b)
}
