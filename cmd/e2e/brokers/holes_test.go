package brokers_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"scanpost/cmd/e2e/brokers"
	"scanpost/sync/event"
)

// thief drops messages on their way to the board, and remembers which: its
// list is the truth that the board's hole list has to equal.
type thief struct {
	random    *rand.Rand
	arrived   map[uint64]bool // have come to the board
	dropped   map[uint64]bool // were dropped at least once
	tail      uint64          // from here on all events are dropped
	answers   int             // one in so many answers passes; 0 for none
	withdrawn bool            // drops nothing any more
}

func (th *thief) judge(p *brokers.Packet) brokers.Fate {
	if p.Up || p.Ack || !isEvent(p) && !isAnswer(p) {
		return brokers.Pass
	}
	e, err := event.Parse(p.Payload)
	if err != nil {
		return brokers.Pass // the end of an answer: to be told that all was sent, and have nothing, is the worse lie
	}
	drop := th.random.IntN(3) == 0 || e.Seq >= th.tail
	if isAnswer(p) {
		drop = th.answers == 0 || th.random.IntN(th.answers) != 0
	}
	if drop && !th.withdrawn {
		th.dropped[e.Seq] = true
		return brokers.Drop
	}
	th.arrived[e.Seq] = true
	if th.random.IntN(8) == 0 {
		return brokers.Twice
	}
	return brokers.Pass
}

// missing is the truth, in ranges.
func (th *thief) missing() (ranges [][2]uint64) {
	for _, seq := range slices.Sorted(maps.Keys(th.dropped)) {
		if th.arrived[seq] {
			continue
		}
		if n := len(ranges); n > 0 && ranges[n-1][1] == seq-1 {
			ranges[n-1][1] = seq
		} else {
			ranges = append(ranges, [2]uint64{seq, seq})
		}
	}
	return ranges
}

// What the board says it lacks is exactly what was taken, at the end of the log
// too, while answers are taken as well; nothing of it is given up; and when
// nothing is taken any more, all of it comes.
func TestHolesAreWhatWasTaken(t *testing.T) {
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		th := &thief{random: rand.New(rand.NewPCG(seed, 1)), arrived: map[uint64]bool{}, dropped: map[uint64]bool{}, answers: 4, tail: 1 << 60}
		line := brokers.NewRelay(t, broker.Addrs, nil)
		s, b := newStation(t, "pack-07"), newBoard(t)
		b.run(line.Addr)
		b.listens(s, broker.Nodes[0].Addr)
		line.Judge(th.judge)
		s.run(broker.Nodes[0].Addr)
		for range 9 {
			s.scan(40)
		}
		line.Do(func() { th.tail = s.box.Stats().Last + 1 })
		last := s.scan(5)
		equal := func() (same bool) {
			line.Do(func() {
				held := b.ledger.Stream("pack-07", s.box.Epoch())
				same = held.Last == last && slices.Equal(held.Holes, th.missing())
			})
			return same
		}
		asked := func() uint64 { return b.down.Counts().Requests - b.before.Requests }
		brokers.Wait(t, "the board has asked", func() bool { return asked() >= 1 })
		line.Do(func() { th.answers = 0 }) // from here on nothing changes but by a mistake
		before := asked()
		brokers.Wait(t, "the board lacks what was taken", equal)
		brokers.Wait(t, "the board has asked twice more", func() bool { return asked() >= before+2 })
		if !equal() {
			t.Errorf("the board lacks %v, taken were %v", b.ledger.Stream("pack-07", s.box.Epoch()).Holes, th.missing())
		}
		if n := b.down.Counts().Lost; n != 0 {
			t.Errorf("%d were given up while the station still had them", n)
		}
		taken := len(th.missing())
		if taken < 10 {
			t.Errorf("only %v were taken: the line was not hostile", th.missing())
		}
		line.Do(func() { th.withdrawn = true })
		b.same(s)
		b.figures(s, ", %d were dropped at least once, in %d holes", len(th.dropped), taken)
	})
}
