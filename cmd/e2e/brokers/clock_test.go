package brokers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"scanpost/cmd/e2e/brokers"
	"scanpost/scan"
	"scanpost/sync/uplink"
)

// wrongClock is a machine's wall clock, which somebody sets. Its times carry no
// monotonic reading: the harder case, in which only a step back is noticed.
type wrongClock struct {
	mu   sync.Mutex
	off  time.Duration
	zone *time.Location
}

func (c *wrongClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(c.off).In(c.zone)
}

func (c *wrongClock) set(off time.Duration, zone string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off, c.zone = off, time.FixedZone(zone, len(zone)*1800)
}

// A station that boots in 1970, is set right, and stepped by two hours in both
// directions and into another time zone, over a line that drops a third of
// everything: no scan is refused, order is the order of scanning, and the board
// never claims to have heard a moment of which it lacks a scan.
func TestClocks(t *testing.T) {
	broker := brokers.Run(t, "embedded broker", brokers.Config{})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	line := brokers.NewRelay(t, broker.Addrs, nil)
	clock := &wrongClock{zone: time.UTC}
	clock.set(-time.Since(time.Unix(30, 0)), "UTC")
	s, b := newStationAt(t, "pack-07", clock.now), newBoard(t)
	b.run(line.Addr)
	b.listens(s, broker.Nodes[0].Addr)
	s.run(broker.Nodes[0].Addr, func(o *uplink.Options) { o.Now = clock.now })

	heard := func() time.Time {
		for _, v := range b.floor.Stations(time.Now()) {
			if v.Name == "pack-07" {
				return v.HeardTo
			}
		}
		return time.Time{}
	}
	var saved []time.Time // by the board's clock, in the order of scanning
	var codes []string
	honest := func(when string) {
		t.Helper()
		upto := heard() // before looking, for more may come meanwhile
		have := b.codes("pack-07")
		for i, at := range saved {
			if !at.After(upto) && !slices.Contains(have, codes[i]) {
				t.Errorf("%s: the board says it has heard everything up to %v, and lacks %s of %v", when, upto, codes[i], at)
			}
		}
		if ahead := time.Until(upto); ahead > 0 {
			t.Errorf("%s: the board says it has heard the future, %v ahead", when, ahead)
		}
	}
	for i, step := range []struct {
		name string
		off  time.Duration
		zone string
	}{
		{"in 1970", -time.Since(time.Unix(60, 0)), "UTC"}, {"set right", 0, "UTC"}, {"two hours ahead", 2 * time.Hour, "UTC"},
		{"right again", 0, "UTC"}, {"another time zone", 0, "Kyiv"}, {"two hours behind", -2 * time.Hour, "UTC"}, {"right at last", 0, "UTC"},
	} {
		clock.set(step.off, step.zone)
		th := &thief{random: rand.New(rand.NewPCG(seed, uint64(i))), arrived: map[uint64]bool{}, dropped: map[uint64]bool{}, answers: 3, tail: 1 << 60}
		heads := 0
		line.Judge(func(p *brokers.Packet) brokers.Fate {
			if !p.Up && p.Topic == s.topics.Head() {
				heads++
			}
			return th.judge(p)
		})
		for n := range 12 {
			code := fmt.Sprintf("%s-%d", step.name, n)
			if _, err := s.box.Write(&scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "code:" + code, Raw: code, Device: "hand"}); err != nil {
				t.Fatalf("%s: a scan is refused: %v", step.name, err)
			}
			codes, saved = append(codes, code), append(saved, time.Now())
			before := 0
			line.Do(func() { before = heads })
			brokers.Wait(t, "two more heads", func() (more bool) { line.Do(func() { more = heads >= before+2 }); return more })
			honest(step.name)
		}
		line.Judge(nil)
		last := saved[len(saved)-1]
		brokers.Wait(t, step.name+": the board has heard the last scan", func() bool { honest(step.name); return heard().After(last) })
	}
	b.same(s)
	if got := b.codes("pack-07")[1:]; !slices.Equal(got, codes) { // the first was before
		t.Errorf("the order of the ledger is %v", got)
	}
	b.figures(s, "")
}
