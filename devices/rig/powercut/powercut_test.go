//go:build linux

package powercut

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices/rig/cutdisk"
)

var (
	guestDir = flag.String("guest", "", "what run.sh has made: kernel, initrd, and what is on its disk; without it nothing is tested")
	cuts     = flag.Int("cuts", 0, "how often the power is cut; 0 is not at all")
	control  = flag.Int("control", 0, "cuts with a disk that is not told to flush, where scans have to be lost; 0 is none")
	only     = flag.String("kind", "", "cut only when this goes on, such as trimming")
	seedFlag = flag.Uint64("seed", 0, "decides what is cut and how; 0 takes another each time")
)

// kind is what goes on when the power is cut.
type kind int

const (
	scanning kind = iota // scans, sent at once
	offline              // scans, and the cable to the broker is out
	starting             // the program starts
	booting              // the file system recovers from the cut before
	stopping             // the program was told to end
	first                // a station starts for the first time
	rescuing             // the file was damaged, and what it holds is brought over
	trimming             // events that are confirmed are let go of
)

var kinds = []string{"scanning", "scanning offline", "starting", "booting", "stopping", "first start", "rescuing", "trimming"}

func (k kind) String() string { return kinds[k] }

// spread is how many requests a disk sees while this goes on, or in a while of
// it: the cut comes with one of them.
func (k kind) spread() int {
	return map[kind]int{scanning: 30, offline: 30, starting: 15, booting: 20, stopping: 12, first: 40, rescuing: 60, trimming: 100}[k]
}

// rounds are the kinds of so many cuts: of each twenty one at the minute's
// trimming, which has to be waited for, and none in the last nineteen or fewer.
func rounds(cuts int, r *rand.Rand) (all []kind) {
	for len(all) < cuts {
		deck := []kind{scanning, scanning, starting, first, rescuing, offline, stopping, scanning, booting, scanning}
		if cuts-len(all) >= 20 {
			deck = append(deck, scanning, scanning, scanning, scanning, starting, rescuing, offline, stopping, scanning, trimming)
		}
		if *only != "" {
			deck = []kind{kind(slices.Index(kinds, *only))}
		}
		r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		all = append(all, deck[:min(len(deck), cuts-len(all))]...)
	}
	return all
}

// tally is what came of the cuts of one kind.
type tally struct {
	cuts, signals int
	caught        int // cuts that met something that was not flushed
	unflushed     int // sectors of it
	dropped       int // of these
}

// Whenever the power is cut, every scan whose good signal was given is there
// when it is back; numbers have no hole, none was ever given twice, the outbox
// verifies, and the program starts by itself.
func TestPowerCut(t *testing.T) {
	if *guestDir == "" || *cuts == 0 {
		t.Skip("not asked for: make powercut")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64() >> 1
	}
	t.Logf("seed %d", seed)
	p := &series{machine: newMachine(t, newHub(t)), usual: 3 * time.Second, boots: 10 * time.Second}
	tallies := make([]tally, len(kinds))
	for n, k := range rounds(*cuts, rand.New(rand.NewPCG(seed, 0))) {
		before, begin := p.signals(), time.Now()
		did := p.round(n+1, k, rand.New(rand.NewPCG(seed, uint64(n)+1)))
		all := &tallies[k]
		all.cuts++
		all.signals += p.signals() - before
		all.unflushed += did.Unflushed
		all.dropped += did.Lost
		if did.Unflushed > 0 {
			all.caught++
		}
		t.Logf("cut %d of %d: %v, %d good signals; %d sectors written, %d flushes, %d of %d unflushed sectors dropped; %.1f s",
			n+1, *cuts, k, p.signals()-before, did.Written, did.Flushes, did.Lost, did.Unflushed, time.Since(begin).Seconds())
		if t.Failed() {
			return
		}
	}
	p.last()
	for k, all := range tallies {
		t.Logf("%-16s %4d cuts, %6d good signals, %4d cuts met unflushed data, %6d of %6d such sectors dropped", kind(k), all.cuts, all.signals, all.caught, all.dropped, all.unflushed)
	}
	p.hub.mu.Lock()
	t.Logf("%d times the file system had to be checked at boot; %d cuts waited for a trimming and met it", p.checked, p.met)
	t.Logf("%d signed heads agree with the events seen; %d stations, %d logs; %d numbers declared lost that had never been given", p.hub.heads, p.life+1, len(p.hub.logs), p.hub.never)
	p.hub.mu.Unlock()
	slices.Sort(p.starts)
	t.Logf("from the program's start to its birth with all scanners: half within %.1f s, all within %.1f s (%d starts)",
		p.starts[len(p.starts)/2].Seconds(), p.starts[len(p.starts)-1].Seconds(), len(p.starts))
	if p.signals() < *cuts {
		t.Errorf("%d cuts, and only %d good signals: this shows nothing", *cuts, p.signals())
	}
}

// series is one cut after the other, on one machine.
type series struct {
	*machine
	life    int             // of stations before this one
	before  int             // good signals of those
	pending bool            // a damaged file may not have been gone through to its end
	usual   time.Duration   // from the program's start to its birth
	boots   time.Duration   // from power to the guest's answer
	starts  []time.Duration // all of the former
	checked int             // file systems that the check at boot had to mend
	met     int             // cuts that a trimming was met for
	oldest  uint64          // the oldest number held when last looked at
	log     string          // of this log
}

func (p *series) signals() int { return p.before + p.told() }

// round is one boot and one cut.
func (p *series) round(n int, k kind, r *rand.Rand) cutdisk.Count {
	p.t.Helper()
	flush := []time.Duration{0, 2, 5, 20, 50}[r.IntN(5)] * time.Millisecond
	d := doom{k: k, survive: []float64{0.5, 0.5, 0.5, 0, 0.9}[r.IntN(5)], seed: r.Uint64(), share: r.Float64()}
	whole := []int{512, 4096}[r.IntN(2)]
	if r.IntN(3) > 0 {
		d.request = 1 + r.IntN(k.spread())
	}
	if k == booting {
		p.interrupted(n, flush, whole, d)
		return p.end(n, d)
	}
	p.up(n, flush)
	p.disk.Whole(whole)
	switch {
	case p.pending:
		p.rescued(n)
	case k == first || k == rescuing || k == trimming || r.IntN(2) == 0:
		p.check(n)
	}
	switch k {
	case first:
		p.life, p.before = p.life+1, p.signals()
		p.station, p.epoch = fmt.Sprintf("s%d", p.life), ""
	case rescuing:
		p.damage()
	}
	p.start()
	if k == starting || k == first || k == rescuing {
		p.wait(d, p.usual)
		return p.end(n, d)
	}
	p.ready()
	if k == offline {
		if err := p.guest.QMP.SetLink("nic1", false); err != nil {
			p.t.Fatal(err)
		}
	}
	stop := p.scan(n, r)
	if k == trimming {
		p.untilTrimmed()
	} else {
		time.Sleep(100*time.Millisecond + time.Duration(r.IntN(2400))*time.Millisecond)
	}
	if k == stopping {
		p.stop(false)
	}
	p.wait(d, 400*time.Millisecond)
	c := p.end(n, d)
	stop()
	return c
}

// doom is what a cut is going to be.
type doom struct {
	k       kind
	request int     // it comes with this request to the disk; 0 for at a moment
	share   float64 // of the time that there is, for that moment
	survive float64 // so much of what was not flushed
	seed    uint64
}

// wait is until the moment of the cut, or the disk's own cut. Something that
// takes this long is going on.
func (p *series) wait(d doom, long time.Duration) {
	if d.request == 0 {
		time.Sleep(time.Duration(d.share * float64(long)))
		return
	}
	select {
	case <-p.disk.CutAt(d.request, d.survive, d.seed):
	case <-time.After(2 * long):
	}
}

// interrupted is a boot that the cut comes into.
func (p *series) interrupted(n int, flush time.Duration, whole int, d doom) {
	if err := p.serve(flush); err != nil {
		p.t.Fatal(err)
	}
	p.disk.Whole(whole)
	var cut sync.WaitGroup
	cut.Go(func() {
		p.wait(d, p.boots)
		p.disk.Cut(d.survive, d.seed)
	})
	// Whether it comes up without its disk does not matter.
	if err := p.power(""); err != nil {
		p.t.Logf("cut %d: %v", n, err)
	}
	cut.Wait()
}

func (p *series) end(n int, d doom) cutdisk.Count {
	p.t.Helper()
	c := p.cut(d.survive, d.seed)
	p.judge(n)
	return c
}

// up boots, and the file system is there.
func (p *series) up(n int, flush time.Duration) {
	p.t.Helper()
	if err := p.boot(flush, ""); err != nil && n == 1 {
		p.t.Skipf("the guest does not boot: %v\n%s", err, p.console())
	} else if err != nil {
		p.t.Fatalf("boot %d: %v\n%s", n, err, p.console())
	}
	if !p.mounted() {
		// A torn block of ext4's own journal: the kernel leaves it to the check
		// that every system runs at boot, which needs nobody's answer.
		p.t.Logf("boot %d: the file system is checked: %s", n, p.console())
		p.cut(1, 0)
		p.fsck(n)
		p.checked++
		if err := p.boot(flush, ""); err != nil {
			p.t.Fatalf("boot %d: %v\n%s", n, err, p.console())
		}
	}
	if !p.mounted() {
		p.t.Fatalf("boot %d: the file system does not come up after the cut:\n%s", n, p.console())
	}
	p.boots = p.guest.Boot
}

// ready notes how long it took.
func (p *series) ready() {
	p.t.Helper()
	p.usual = p.machine.ready()
	p.starts = append(p.starts, p.usual)
}

// check is the sentence above the test.
func (p *series) check(n int) {
	p.t.Helper()
	f, err := p.look()
	if errors.Is(err, errNone) && p.told() == 0 && p.epoch == "" {
		return // the power went before a station that is new had its file
	}
	if err != nil {
		p.t.Fatalf("before cut %d: %v\n%s", n, err, p.console())
	}
	if len(f.missing) > 0 {
		p.t.Fatalf("before cut %d: %d scans are lost whose good signal was given: %q\n%s", n, len(f.missing), f.missing, p.console())
	}
	if p.oldest > 0 && f.epoch == p.log && f.first > p.oldest {
		p.t.Logf("trimmed since last looked at: %d to %d, of %d that were confirmed", p.oldest, f.first-1, p.hub.confirmed(f.epoch))
	}
	p.oldest, p.log = f.first, f.epoch
	p.judge(n)
}

func (p *series) judge(n int) {
	p.t.Helper()
	if wrong := p.hub.told(); len(wrong) > 0 {
		p.t.Fatalf("up to cut %d: %s\n%s", n, strings.Join(wrong, "\n"), p.console())
	}
}

// damage makes the file one that bbolt can not open: both its first pages are
// gone, and not a byte of an event.
func (p *series) damage() {
	p.t.Helper()
	out := p.guest.Sh("test -s " + p.folder() + "/outbox.db || exit 0; busybox dd if=/dev/zero of=" + p.folder() + "/outbox.db bs=4096 count=2 conv=notrunc 2>/dev/null && busybox sync && echo damaged")
	switch out {
	case "": // a station that is new and has no file yet
	case "damaged\n":
		p.pending, p.epoch = true, ""
	default:
		p.t.Fatalf("the file could not be damaged: %s", out)
	}
}

// gone is what the program says when it has been through a file.
const gone = "an old log was gone through"

// rescued lets the program come to the end of a rescue that a cut has
// interrupted, if it has not been there before.
func (p *series) rescued(n int) {
	p.t.Helper()
	p.epoch = ""
	if f, err := p.look(); err != nil || len(f.missing) > 0 {
		p.epoch = ""
		p.start()
		p.ready()
		for end := time.Now().Add(patience); !strings.Contains(p.console(), gone); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				p.t.Fatalf("before cut %d: the damaged file is not brought over:\n%s", n, p.console())
			}
		}
		p.stop(true)
	}
	p.pending = false
	p.check(n)
}

// untilTrimmed waits until the minute's trimming has begun: what is to be
// written between two flushes is then far more than a few scans.
func (p *series) untilTrimmed() {
	time.Sleep(time.Until(p.started.Add(time.Minute - time.Second)))
	count, most := p.disk.Count(), 0
	for end := p.started.Add(time.Minute + 4*time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		now := p.disk.Count()
		if most = max(most, now.Written-count.Written); most > 150 {
			p.met++
			return
		}
		if now.Flushes > count.Flushes {
			count = now
		}
	}
	p.t.Logf("the trimming was not met: at most %d sectors were written at once", most)
}

// last looks at what is there after the last cut, lets the program run once
// more, and looks again after it has ended in order.
func (p *series) last() {
	p.t.Helper()
	p.up(*cuts+1, 0)
	if p.pending {
		p.rescued(*cuts + 1)
	}
	p.check(*cuts + 1)
	p.start()
	p.ready()
	stop := p.scan(*cuts+1, rand.New(rand.NewPCG(0, 0)))
	time.Sleep(time.Second)
	stop()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		waiting := 0
		for _, l := range p.lines {
			waiting += l.waiting()
		}
		if waiting == 0 {
			break
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d scans have no good signal\n%s", waiting, p.console())
		}
	}
	p.stop(true)
	p.check(*cuts + 1)
}
