package brokers_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/cmd/e2e/brokers"
	"scanpost/sync/uplink"
)

func isEvent(p *brokers.Packet) bool  { return !p.Ack && strings.HasSuffix(p.Topic, "/evt") }
func isAnswer(p *brokers.Packet) bool { return !p.Ack && strings.Contains(p.Topic, "/res/") }

// A broker that is restarted and has forgotten everything, with scans that it
// acknowledged while nobody listened, costs nothing: what it took with it is
// noticed, asked for and comes.
func TestBrokerForgets(t *testing.T) {
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		line := brokers.NewRelay(t, broker.Addrs, nil)
		s, b := newStation(t, "pack-07"), newBoard(t)
		s.run(line.Addr)
		stop := b.run(line.Addr)
		s.scan(200)
		b.same(s)

		stop() // nobody listens any more, and the broker says yes all the same
		last := s.scan(200)
		brokers.Wait(t, "the broker acknowledges all", func() bool { return s.box.Published() >= last })
		broker.Stop()
		broker.Forget()
		s.scan(50)
		broker.Start()
		b.run(line.Addr)
		s.scan(50)
		b.same(s)
		b.figures(s, "")
	})
}

// A broker that is killed again and again in the middle of a stream loses
// nothing for good, whatever it had acknowledged.
func TestBrokerIsKilled(t *testing.T) {
	each(t, brokers.Config{Kept: true}, func(t *testing.T, broker *brokers.Broker) {
		line := brokers.NewRelay(t, broker.Addrs, nil)
		s, b := newStation(t, "pack-07"), newBoard(t)
		s.run(line.Addr)
		b.run(line.Addr)
		for round := range 3 {
			last := s.scan(300)
			// In the middle of them.
			brokers.Wait(t, "some are acknowledged", func() bool { return s.box.Published() > last-300+uint64(50*round) })
			broker.Kill()
			s.scan(50)
			broker.Start()
		}
		b.same(s)
		b.figures(s, ", %d connections", line.Conns())
	})
}

// A line that ends after each message, before or behind its acknowledgement,
// is slow and nothing worse.
func TestCutAfterEveryMessage(t *testing.T) {
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 1))
		conn, first := 0, uint16(0) // the first event of a connection, by its packet id
		line := brokers.NewRelay(t, broker.Addrs, func(p *brokers.Packet) brokers.Fate {
			switch {
			case p.Up && isEvent(p) && p.Conn != conn:
				conn, first = p.Conn, p.ID
				if random.IntN(3) == 0 {
					return brokers.PassThenCut
				}
			case !p.Up && p.Ack && p.Conn == conn && p.ID == first:
				return brokers.PassThenCut
			}
			return brokers.Pass
		})
		s, b := newStation(t, "pack-07"), newBoard(t)
		b.run(broker.Nodes[0].Addr)
		s.run(line.Addr)
		s.scan(15)
		brokers.Wait(t, "the broker acknowledges all", func() bool { return s.box.Published() == 15 })
		line.Judge(nil)
		b.same(s)
		b.figures(s, ", %d connections", line.Conns())
		if line.Conns() < 20 {
			t.Errorf("the line was cut only %d times", line.Conns())
		}
	})
}

// A broker that takes everything and acknowledges nothing makes the station
// repeat itself, and forget nothing.
func TestNeverAcknowledges(t *testing.T) {
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		line := brokers.NewRelay(t, broker.Addrs, func(p *brokers.Packet) brokers.Fate {
			if !p.Up && p.Ack {
				return brokers.Drop
			}
			return brokers.Pass
		})
		s, b := newStation(t, "pack-07"), newBoard(t)
		b.run(broker.Nodes[0].Addr)
		s.scan(150)
		s.run(line.Addr, func(o *uplink.Options) { o.AckWait = 300 * time.Millisecond })
		brokers.Wait(t, "the station has tried five times", func() bool { return line.Conns() >= 5 })
		if p := s.box.Published(); p != 0 {
			t.Errorf("nothing was acknowledged, and the cursor is at %d", p)
		}
		s.scan(50)
		line.Judge(nil)
		b.same(s)
		b.figures(s, ", %d connections", line.Conns())
	})
}

// Messages that come late, twice and out of order, on both sides of the
// broker, answers and receipts too, come to the same in the end.
func TestLateTwiceOutOfOrder(t *testing.T) {
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 1))
		late, twice := 0, 0
		judge := func(p *brokers.Packet) brokers.Fate {
			if p.Ack {
				return brokers.Pass
			}
			switch random.IntN(5) {
			case 0:
				late++
				return brokers.Late
			case 1:
				twice++
				return brokers.Twice
			}
			return brokers.Pass
		}
		up, down := brokers.NewRelay(t, broker.Addrs, judge), brokers.NewRelay(t, broker.Addrs, nil)
		down.Judge(func(p *brokers.Packet) (f brokers.Fate) { up.Do(func() { f = judge(p) }); return f })
		s, b := newStation(t, "pack-07"), newBoard(t)
		s.run(up.Addr)
		stop := b.run(down.Addr)
		for range 10 {
			s.scan(40)
		}
		b.same(s)
		stop() // and once more with answers
		last := s.scan(100)
		brokers.Wait(t, "the broker acknowledges all", func() bool { return s.box.Published() >= last })
		b.run(down.Addr)
		b.same(s)
		up.Do(func() { b.figures(s, ", %d late, %d twice", late, twice) })
		if order := b.came(); slices.IsSorted(order) {
			t.Error("everything came in order: the line was not hostile")
		}
	})
}

// What is scanned now goes first, though an hour of scans waits: each new scan
// is at the board while much of the backlog is still to come, and both keep
// their order.
func TestBacklogOfAnHour(t *testing.T) {
	const hour, now = 5000, 25
	each(t, brokers.Config{}, func(t *testing.T, broker *brokers.Broker) {
		s, b := newStation(t, "pack-07"), newBoard(t)
		b.run(broker.Nodes[0].Addr)
		b.listens(s, broker.Nodes[0].Addr)
		hour := s.scan(hour)
		s.run(broker.Nodes[0].Addr, func(o *uplink.Options) { o.Pace = 1000 })
		var before []int // how much of the backlog was still to come when it was scanned
		for range now {
			brokers.Wait(t, "the backlog moves", func() bool { return len(b.came()) > 1 })
			before = append(before, int(hour)+len(before)-len(b.came()))
			seq := s.scan(1)
			brokers.Wait(t, "the new scan is there", func() bool { return slices.Contains(b.came(), seq) })
		}
		b.same(s)
		b.figures(s, "")
		var old, live []uint64
		behind := []int{} // how much of the backlog came after each new scan
		for at, seq := range b.came() {
			if seq <= hour {
				old = append(old, seq)
				continue
			}
			live = append(live, seq)
			left := 0
			for _, later := range b.came()[at:] {
				if later <= hour {
					left++
				}
			}
			behind = append(behind, left)
		}
		if !slices.IsSorted(old) || !slices.IsSorted(live) || len(live) != now {
			t.Errorf("of the backlog %d came, in order: %t; of the new ones %v", len(old), slices.IsSorted(old), live)
		}
		// On a slow machine the backlog may be through before the last is scanned.
		for i := range behind {
			if before[i] > int(hour)/4 && behind[i] == 0 {
				t.Errorf("new scan %d came behind the backlog, of which %d were to come when it was made", i, before[i])
			}
		}
		if behind[0] < int(hour)/2 {
			t.Errorf("the first new scan came when %d of the backlog were to come", behind[0])
		}
		t.Logf("figures: so much of the backlog was still to come when each new scan came: %v", behind)
	})
}

// As fast as it goes, a backlog passes the limits of every broker's queues as
// it is set up here, without a hole, or the holes are noticed and filled.
func TestBacklogAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		config brokers.Config
	}{{"as recommended", brokers.Config{}}, {"as it comes", brokers.Config{Defaults: true}}} {
		t.Run(c.name, func(t *testing.T) {
			each(t, c.config, func(t *testing.T, broker *brokers.Broker) {
				// The board reads nothing until everything is out: a slow disk,
				// a page that is being made.
				held := make(chan struct{})
				slow := brokers.NewRelay(t, broker.Addrs, nil)
				release := sync.OnceFunc(func() { close(held) })
				t.Cleanup(release)
				s, b := newStation(t, "pack-07"), newBoard(t)
				b.run(slow.Addr)
				b.listens(s, broker.Nodes[0].Addr)
				events, answers := 0, 0
				slow.Judge(func(p *brokers.Packet) brokers.Fate {
					if !p.Up && isEvent(p) {
						<-held
						events++
					}
					if !p.Up && isAnswer(p) {
						answers++
					}
					return brokers.Pass
				})
				last := s.scan(12_000)
				s.run(broker.Nodes[0].Addr)
				brokers.Wait(t, "the broker acknowledges all", func() bool { return s.box.Published() == last })
				release()
				b.same(s)
				conns := slow.Conns()
				slow.Do(func() {
					b.figures(s, ", %d came by themselves, %d as answers, %d connections", events, answers, conns)
				})
			})
		})
	}
}

// An event that a broker refuses for its size is kept aside and told, and holds
// up nothing; the largest event there is passes every broker that has no limit
// of its own set.
func TestTooLarge(t *testing.T) {
	for name, c := range map[string]brokers.Config{"limit of 8 KiB": {MaxEvent: 8 << 10}, "no limit": {}} {
		t.Run(name, func(t *testing.T) {
			each(t, c, func(t *testing.T, broker *brokers.Broker) {
				line := brokers.NewRelay(t, broker.Addrs, nil)
				s, b := newStation(t, "pack-07"), newBoard(t)
				b.run(line.Addr)
				s.run(line.Addr)
				s.scan(20)
				large := s.large(45 << 10) // 61 KiB as an event, which may have 64
				s.scan(20)
				if broker.Limits() {
					brokers.Wait(t, "it is kept aside", func() bool { return slices.Equal(s.quarantined(), []uint64{large}) })
					brokers.Wait(t, "its loss is declared", func() bool { return s.box.Stats().Last == large+20+1 })
				}
				b.same(s)
				b.figures(s, ", %d connections, limited %t", line.Conns(), broker.Limits())
			})
		})
	}
}
