package downlink

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
)

// held is what the ledger holds of a station, by number.
func held(t *testing.T, r *rig, s *fakeStation) map[uint64]string {
	t.Helper()
	got := map[uint64]string{}
	err := r.ledger.Read(s.name, s.epoch, 1, ledger.MaxSeq, func(seq uint64, b []byte) error {
		got[seq] = string(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func complete(t *testing.T, r *rig, s *fakeStation) {
	t.Helper()
	want := map[uint64]string{}
	for i, b := range s.log {
		want[uint64(i+1)] = string(b)
	}
	if got := held(t, r, s); !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: the ledger holds %d events %v, the station has %d (holes %v)", s.name, len(got), slices.Sorted(maps.Keys(got)), len(want), r.ledger.Stream(s.name, s.epoch).Holes)
	}
	for n := range want {
		if times := r.floor.seen[key(s.name, s.epoch, n)]; times != 1 {
			t.Errorf("%s: the floor saw event %d %d times, want once", s.name, n, times)
		}
	}
}

// However messages are lost, doubled and held back on the way, and however
// often the connection breaks, in the end everything is here, was told once,
// and is confirmed; and no head was told before its events.
func TestHostileDelivery(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.random = rand.New(rand.NewPCG(seed, seed))
				steps := rand.New(rand.NewPCG(seed, 7))
				a, b := r.station("pack-01"), r.station("dock-2")
				r.hostile = true
				r.connect()
				for range 60 {
					for _, s := range []*fakeStation{a, b} {
						s.scans(steps.IntN(12))
						if steps.IntN(3) > 0 {
							s.sayHead()
						}
					}
					pass(time.Duration(steps.IntN(1500)) * time.Millisecond)
					switch steps.IntN(20) {
					case 0:
						r.disconnect()
						a.scans(steps.IntN(30)) // to nobody
						r.connect()
					case 1:
						r.disconnect()
						before := r.floor.seen
						r.restart()
						for k := range before {
							if r.floor.seen[k] != 1 {
								t.Errorf("after a restart the floor has %s %d times", k, r.floor.seen[k])
							}
						}
						r.connect()
					}
				}
				for range 600 { // the stations fall silent but for heads and births
					a.sayHead()
					b.sayHead()
					a.sayBirth()
					b.sayBirth()
					pass(2 * time.Second)
					if r.ledger.Stream("pack-01", a.epoch).Upto == uint64(len(a.log)) && r.ledger.Stream("dock-2", b.epoch).Upto == uint64(len(b.log)) {
						break
					}
				}
				r.hostile = false
				a.sayHead()
				b.sayHead()
				pass(2 * time.Second)
				for _, s := range []*fakeStation{a, b} {
					complete(t, r, s)
					n := uint64(len(s.log))
					if got := r.acks[s.name]; got.Epoch != s.epoch || got.Upto != n || len(got.Missing) != 0 {
						t.Errorf("%s: last receipt %+v, want everything up to %d", s.name, got, n)
					}
					if got, want := r.floor.known[s.name+" "+s.epoch], [3]uint64{1, n, n}; got != want {
						t.Errorf("%s: the floor knows %v, want %v", s.name, got, want)
					}
					if want := fmt.Sprintf("%s %d offset=0s live=true", s.name, n); !slices.Contains(r.floor.coverages(), want) {
						t.Errorf("%s: the last head was not told", s.name)
					}
				}
				if lost := r.floor.lostNumbers(); len(lost) > 0 {
					t.Errorf("given up although the stations have them: %v", lost)
				}
				r.disconnect()
			})
		})
	}
}

// bubble runs a test with a rig whose air is kind.
func bubble(t *testing.T, change func(*Options), do func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		do(t, r)
		if r.stop != nil {
			r.disconnect()
		}
	})
}

func replays(r *rig) [][][2]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all [][][2]uint64
	for _, q := range r.requests {
		if len(q.Replay) > 0 {
			all = append(all, q.Replay)
		}
	}
	return all
}

// A hole is asked for when it has stood still for the reorder time, and not
// before; also one at the tail, which only a head tells of.
func TestHoleIsAskedFor(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		s.scans(2)
		s.write(nil) // 3 is lost
		s.scans(1)
		s.write(nil) // 5 too
		s.sayHead()
		pass(999 * time.Millisecond)
		if got := replays(r); got != nil {
			t.Errorf("asked for %v within the reorder time", got)
		}
		if got := r.floor.coverages(); len(got) != 0 {
			t.Errorf("told heads %v, want none", got)
		}
		pass(2 * time.Second) // a number may have been known for up to twice the reorder time
		if got, want := slices.Concat(replays(r)...), [][2]uint64{{3, 3}, {5, 5}}; !reflect.DeepEqual(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
		complete(t, r, s)
		if got, want := r.floor.coverages(), []string{"pack-01 5 offset=0s live=false"}; !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
	})
}

// A backlog that follows what is new fills the hole from below. It is on its
// way, so it is not asked for.
func TestBacklogIsNotAskedFor(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		var backlog [][]byte
		for range 200 {
			backlog = append(backlog, s.write(nil))
		}
		for i, b := range backlog {
			if i%10 == 0 {
				s.scans(1)
				s.sayHead()
			}
			s.publish(b)
			pass(300 * time.Millisecond)
		}
		complete(t, r, s)
		if got := replays(r); got != nil {
			t.Errorf("asked for %v", got)
		}
	})
}

// What a birth says is on its way is not asked for, however slowly it comes, as
// long as some of it comes. When nothing does, it is.
func TestAnnouncedBacklog(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		var backlog [][]byte
		for range 10 {
			backlog = append(backlog, s.write(nil))
		}
		birth := s.birth()
		birth.Backlog = [][2]uint64{{1, 10}}
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: birth.JSON()})
		s.scans(1)
		s.sayHead()
		for _, b := range backlog[:5] {
			pass(20 * time.Second)
			s.publish(b)
		}
		if got := replays(r); got != nil {
			t.Errorf("asked for %v", got)
		}
		pass(40 * time.Second)
		if got, want := replays(r), [][][2]uint64{{{6, 10}}}; !reflect.DeepEqual(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
		complete(t, r, s)
	})
}

// A log that ended by damage is not given up while the station says that it
// holds some of it: what is missing is asked for by its epoch, and lost is what
// the station declares.
func TestPastIsStillToBeHad(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		s.sayBirth()
		s.scans(3)
		s.sayHead()
		old, log := s.epoch, [][]byte{s.write(nil), s.write(nil), s.write(nil)} // 4, 5, 6: not sent
		s.deaf = true
		s.epoch, s.session, s.log = "FEDCBA9876543210", "s2", nil
		birth := s.birth()
		birth.Pasts = []event.Past{{Epoch: old, First: 1, Last: 6}}
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: birth.JSON()})
		pass(5 * time.Second)
		if got := r.floor.lostNumbers(); got != nil {
			t.Errorf("lost: %v, want nothing yet", got)
		}
		r.mu.Lock()
		asked := r.requests[len(r.requests)-1]
		r.mu.Unlock()
		if asked.Epoch != old || !reflect.DeepEqual(asked.Replay, [][2]uint64{{4, 6}}) {
			t.Errorf("asked for %+v, want 4 to 6 of the old log", asked)
		}
		s.publish(log[0])
		s.publish(log[2])
		s.publish(s.write(&scan.Loss{Epoch: old, From: 5, To: 5, Reason: "damaged"}))
		s.sayHead()
		pass(5 * time.Second)
		if got, want := r.floor.lostNumbers(), []string{key(s.name, old, 5)}; !slices.Equal(got, want) {
			t.Errorf("lost: %v, want %v", got, want)
		}
		if mark := r.ledger.Marks(s.name, old); mark.Upto != 6 || mark.Held != 5 {
			t.Errorf("of the old log %+v is held, want all but 5", mark)
		}
	})
}

// A station that does not answer is asked again, later each time; when it
// comes back, at once; and while it is known to be away, not at all.
func TestBackoff(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.deaf = true
		r.connect()
		s.write(nil)
		s.scans(1)
		pass(3 * time.Minute)
		var got []time.Duration
		for _, q := range r.requests {
			got = append(got, q.at)
		}
		want := []time.Duration{1, 12, 24, 38, 56, 82, 124}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(got, want) {
			t.Errorf("asked at %v, want %v", got, want)
		}
		if got := r.d.Counts().Unanswered; got != uint64(len(want)) {
			t.Errorf("%d unanswered, want %d", got, len(want))
		}
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: s.birth().Will().JSON()})
		pass(10 * time.Minute)
		if got := len(r.requests); got != len(want) {
			t.Errorf("asked %d times while it was away", got-len(want))
		}
		s.deaf, s.session = false, "s2"
		s.sayBirth()
		pass(2 * time.Second)
		complete(t, r, s)
	})
}

// A request that may have been lost with its connection is sent again on the
// next, without waiting for an answer that can not come.
func TestNewConnectionAsksAgain(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.deaf = true
		r.connect()
		s.write(nil)
		s.scans(1)
		pass(1500 * time.Millisecond)
		r.disconnect()
		r.connect()
		pass(1500 * time.Millisecond)
		if got, want := replays(r), [][][2]uint64{{{1, 1}}, {{1, 1}}}; !reflect.DeepEqual(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
	})
}

// An answer that takes long on a slow line is not asked for again.
func TestSlowAnswer(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.deaf = true
		r.connect()
		for range 5 {
			s.write(nil)
		}
		s.scans(1)
		pass(1500 * time.Millisecond)
		for _, b := range s.log[:5] {
			pass(8 * time.Second)
			r.deliver(mqtt.Message{Topic: s.topics().Res("board"), Payload: b})
		}
		pass(time.Minute)
		complete(t, r, s)
		if got, want := replays(r), [][][2]uint64{{{1, 5}}}; !reflect.DeepEqual(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
	})
}

// A request stays within its bounds, and the next follows at once.
func TestRequestsAreBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		for range 300 {
			s.write(nil)
			s.scans(1)
		}
		for range 25_000 {
			s.write(nil)
		}
		s.sayHead()
		pass(3 * time.Second)
		complete(t, r, s)
		got := replays(r)
		for _, ranges := range got {
			n := uint64(0)
			for _, one := range ranges {
				n += one[1] - one[0] + 1
			}
			if len(ranges) > maxRanges || n > maxReplay {
				t.Errorf("asked for %d ranges, %d events at once", len(ranges), n)
			}
		}
		if len(got) < 5 {
			t.Errorf("%d requests, want at least 5", len(got))
		}
	})
}

// What the station no longer holds is lost, whether the end of a replay, a
// birth or the station's own declaration says so.
func TestLost(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		for range 4 {
			s.write(nil)
		}
		s.first = 3 // 1 and 2 were trimmed, and the birth was not heard
		s.scans(1)
		pass(2 * time.Second)
		want := []string{key(s.name, s.epoch, 1), key(s.name, s.epoch, 2)}
		if got := r.floor.lostNumbers(); !slices.Equal(got, want) {
			t.Errorf("lost by the end of the replay: %v, want %v", got, want)
		}
		s.write(nil) // 6 is lost for good
		s.publish(s.write(&scan.Loss{Epoch: s.epoch, From: 6, To: 6, Reason: "damaged"}))
		s.sayHead()
		pass(100 * time.Millisecond)
		want = append(want, key(s.name, s.epoch, 6))
		if got := r.floor.lostNumbers(); !slices.Equal(got, want) {
			t.Errorf("lost by declaration: %v, want %v", got, want)
		}
		if got, want := r.floor.coverages(), []string{"pack-01 7 offset=0s live=true"}; !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
		pass(2 * time.Second)
		if got, want := r.acks[s.name], (event.Ack{Epoch: s.epoch, Upto: 7, Missing: [][2]uint64{{1, 2}, {6, 6}}}); got.Upto != want.Upto || !slices.Equal(got.Missing, want.Missing) {
			t.Errorf("receipt %+v, want %+v", got, want)
		}
		r.disconnect()
		r.restart()
		if got := r.floor.lostNumbers(); !slices.Equal(got, want) {
			t.Errorf("lost after a restart: %v, want %v", got, want)
		}
	})
}

// An event that the station counts and never sends is lost in the end; its
// neighbours are not.
func TestUnreadableAtTheStation(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.bad = 3
		r.connect()
		for range 5 {
			s.write(nil)
		}
		s.scans(1)
		s.sayHead()
		pass(time.Minute)
		if got, want := r.floor.lostNumbers(), []string{key(s.name, s.epoch, 3)}; !slices.Equal(got, want) {
			t.Errorf("lost: %v, want %v", got, want)
		}
		if got, want := slices.Concat(replays(r)...), [][2]uint64{{1, 5}, {3, 3}, {3, 3}, {3, 3}}; !slices.Equal(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
		if got, want := r.floor.coverages(), []string{"pack-01 6 offset=0s live=false"}; !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
	})
}

// A birth with a new epoch ends the old log: what is missing of it is lost,
// the new one is heard from its beginning, and receipts are for the new one.
func TestNewEpoch(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.deaf = true
		r.connect()
		s.scans(3)
		s.write(nil)
		s.sayHead() // 4 is never seen
		pass(5 * time.Second)
		old := s.epoch
		s.epoch, s.session, s.log, s.deaf = "FEDCBA9876543210", "s2", nil, false
		s.sayBirth()
		s.scans(2)
		s.sayHead()
		pass(time.Second)
		if got, want := r.floor.lostNumbers(), []string{key(s.name, old, 4)}; !slices.Equal(got, want) {
			t.Errorf("lost: %v, want %v", got, want)
		}
		complete(t, r, s)
		if got, want := r.floor.coverages(), []string{"pack-01 4 offset=0s live=false", "pack-01 2 offset=0s live=true"}; !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
		pass(time.Second)
		if got := r.acks[s.name]; got.Epoch != s.epoch || got.Upto != 2 {
			t.Errorf("receipt %+v, want the new epoch up to 2", got)
		}
	})
}

// A head counts only with the key of the first birth; what is wrong with it is
// logged once and counted every time.
func TestHeadsAreVerified(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		s.scans(1)
		intruder := r.station("pack-01") // same name, another key
		r.stations[s.name] = s
		intruder.log = s.log
		intruder.sayBirth()
		for range 3 {
			intruder.sayHead()
		}
		good := s.makeHead()
		for _, b := range [][]byte{[]byte("junk"), append(slices.Clone(good[:len(good)-8]), "AAAAAA=\n"...), nil} {
			r.deliver(mqtt.Message{Topic: s.topics().Head(), Payload: b})
		}
		elsewhere := r.station("pack-02")
		r.deliver(mqtt.Message{Topic: s.topics().Head(), Payload: elsewhere.makeHead()})
		pass(time.Second)
		if got := r.floor.coverages(); len(got) > 0 || len(r.floor.heads) > 0 {
			t.Errorf("believed %v, arrivals %v", got, r.floor.heads)
		}
		if got := r.d.Counts().BadHeads; got != 7 {
			t.Errorf("%d bad heads counted, want 7", got)
		}
		for _, line := range []string{"head of a station not believed", "station has another key than before: its heads are not believed until somebody decides (was it set up anew? the board's page of the station asks, or scanpost trust)"} {
			if got := r.logs.count(line); got != 1 {
				t.Errorf("%q was logged %d times, want once", line, got)
			}
		}
		s.sayHead()
		pass(time.Second)
		if got, want := r.floor.coverages(), []string{"pack-01 1 offset=0s live=true"}; !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
	})
}

// A head that came before the birth waits for the key. One that the broker
// kept is no measure of the clock: it counts once a live one has been heard,
// and after a restart with the estimate of before.
func TestKeptHeads(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		s.ahead = time.Hour
		s.scans(1) // to nobody
		kept := s.makeHead()
		pass(10 * time.Minute)
		r.stations = map[string]*fakeStation{}
		r.connect()
		r.stations[s.name] = s
		r.deliver(mqtt.Message{Topic: s.topics().Head(), Payload: kept, Retained: true})
		s.sayBirth()
		pass(3 * time.Second)
		complete(t, r, s)
		if got := r.floor.coverages(); len(got) > 0 || len(r.floor.heads) > 0 {
			t.Errorf("told kept heads %v, arrivals %v", got, r.floor.heads)
		}
		arrived := time.Since(began)
		s.sayHead()
		pass(time.Second)
		want := []string{"pack-01 1 offset=1h0m0s live=false", "pack-01 1 offset=1h0m0s live=true"}
		if got := r.floor.coverages(); !slices.Equal(got, want) {
			t.Errorf("told heads %v, want %v", got, want)
		}
		if got := r.floor.heads[s.name]; !slices.Equal(got, []time.Duration{arrived}) {
			t.Errorf("live heads arrived at %v, want %v", got, arrived)
		}
		r.disconnect()
		r.restart()
		if got, want := r.floor.coverages(), []string{"pack-01 1 offset=1h0m0s live=false"}; !slices.Equal(got, want) {
			t.Errorf("told heads after a restart %v, want %v", got, want)
		}
		s.makeHead()
		r.connect()
		if got, want := r.floor.coverages(), "pack-01 1 offset=1h0m0s live=false"; len(got) != 2 || got[1] != want {
			t.Errorf("told heads after a reconnect %v, want twice %v", got, want)
		}
		// Once the clock has stepped the estimate is of another clock.
		r.disconnect()
		s.write(&scan.ClockStep{Old: s.now(), New: s.now().Add(-time.Hour)})
		s.ahead = 0
		s.makeHead()
		r.restart()
		r.connect()
		pass(5 * time.Second)
		complete(t, r, s)
		if got := r.floor.coverages(); len(got) != 1 {
			t.Errorf("told heads after a step %v, want only the one of before", got)
		}
	})
}

// The will of a connection that was replaced does not take the station away;
// the will of the present one, and one that the broker kept, do.
func TestWills(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		first := s.birth()
		s.session = "s2"
		s.sayBirth()
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: first.Will().JSON()})
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: s.birth().Will().JSON()})
		bye := s.birth().Will()
		bye.Session, bye.SignedOff = "s3", true
		r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: bye.JSON(), Retained: true})
		pass(time.Second)
		want := []string{
			"pack-01 [pack] s1 online=true signedOff=false",
			"pack-01 [pack] s2 online=true signedOff=false",
			"pack-01 [] s2 online=false signedOff=false",
			"pack-01 []  online=false signedOff=true",
		}
		if got := r.floor.births; !slices.Equal(got, want) {
			t.Errorf("births\n%q, want\n%q", got, want)
		}
		r.disconnect()
		r.restart()
		want = []string{"pack-01 [pack]  online=true signedOff=false"}
		if got := r.floor.births; !slices.Equal(got, want) {
			t.Errorf("after a restart\n%q, want\n%q", got, want)
		}
	})
}

// Receipts go out for 50 events, after a second, at once to a station that
// came back, and again on every connection; without a consumer, never.
func TestReceipts(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect() // for the retained birth
		count := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.ackCount != want {
				t.Errorf("%s: %d receipts, want %d", when, r.ackCount, want)
			}
		}
		count(1, "connected")
		s.scans(1)
		count(1, "one event")
		pass(time.Second)
		count(2, "a second later")
		for range 60 {
			s.scans(1)
			synctest.Wait()
		}
		count(3, "60 events")
		s.session = "s2"
		s.sayBirth()
		count(4, "a new session of the station")
		pass(time.Minute)
		count(4, "nothing new")
		r.disconnect()
		r.connect()
		count(5, "connected again")
		if got := r.acks[s.name]; got.Upto != 61 || len(got.Missing) != 0 {
			t.Errorf("receipt %+v, want up to 61", got)
		}
	})
	bubble(t, func(o *Options) { o.Self, o.Consumer = "pack-02", "" }, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		s.scans(100)
		pass(time.Minute)
		if r.ackCount != 0 {
			t.Errorf("%d receipts without a consumer", r.ackCount)
		}
		complete(t, r, s)
	})
}

// Our own events come back from the broker and are not heard; nor are the
// board's, nor other sites'. A station's word under another's name is refused.
func TestWhoIsHeard(t *testing.T) {
	bubble(t, func(o *Options) { o.Self, o.Consumer = "pack-01", "" }, func(t *testing.T, r *rig) {
		self, board, other := r.station("pack-01"), r.station("board"), r.station("pack-02")
		r.connect()
		self.scans(2)
		self.sayHead()
		board.scans(2)
		board.sayHead()
		for range 2 {
			r.deliver(mqtt.Message{Topic: other.topics().Evt(), Payload: self.write(nil)})
		}
		one := other.write(nil)
		other.publish(one)
		conflict := append(slices.Clone(one), ' ')
		other.publish(conflict)
		other.publish(conflict)
		other.publish([]byte("{}"))
		r.deliver(mqtt.Message{Topic: other.topics().State(), Payload: []byte("{}")})
		r.deliver(mqtt.Message{Topic: other.topics().Res("pack-01"), Payload: []byte("{}")})
		pass(time.Second)
		complete(t, r, other)
		if got := len(r.floor.seen); got != 1 {
			t.Errorf("the floor saw %v, want one event of pack-02", r.floor.seen)
		}
		got := r.d.Counts()
		want := Counts{Events: 1, Unreadable: 3, WrongSource: 2, Conflicts: 2}
		if got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		if got := r.logs.count("event of another station not taken"); got != 3 {
			t.Errorf("refusals logged %d times, want once for each of three reasons", got)
		}
	})
}

// A fresh head can be asked for twice a second, and only with a connection.
func TestAskHead(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		if r.d.AskHead(s.name) {
			t.Error("asked without a connection")
		}
		r.connect()
		s.scans(1)
		got := []bool{r.d.AskHead(s.name), r.d.AskHead(s.name), r.d.AskHead("pack-02")}
		pass(headEvery)
		got = append(got, r.d.AskHead(s.name), r.d.AskHead("no/name"))
		if want := []bool{true, false, true, true, false}; !slices.Equal(got, want) {
			t.Errorf("asked %v, want %v", got, want)
		}
		synctest.Wait()
		if got := len(r.floor.heads[s.name]); got != 2 {
			t.Errorf("%d heads came, want 2", got)
		}
	})
}

// While the disk refuses, nothing is told and nothing confirmed, the numbers
// are known to be missing, and the log says it once. When there is room again
// they are asked for.
func TestDiskRefuses(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		var full atomic.Bool
		r.d.storing = func(raws []ledger.Raw) ([]ledger.Heard, []ledger.Refused, error) {
			if full.Load() {
				return nil, nil, ledger.ErrNoSpace
			}
			return r.ledger.Store(raws)
		}
		r.connect()
		s.scans(1)
		pass(2 * time.Second)
		full.Store(true)
		s.scans(3)
		pass(time.Minute)
		if got := len(r.floor.seen); got != 1 {
			t.Errorf("the floor was told of %v", r.floor.seen)
		}
		if got := r.acks[s.name].Upto; got != 1 {
			t.Errorf("confirmed up to %d, want 1", got)
		}
		if got, want := r.floor.known[s.name+" "+s.epoch], [3]uint64{1, 4, 1}; got != want {
			t.Errorf("the floor knows %v, want %v", got, want)
		}
		if got := r.logs.count("events of other stations can not be stored"); got != 1 {
			t.Errorf("logged %d times, want once", got)
		}
		full.Store(false)
		pass(time.Minute)
		complete(t, r, s)
		if got := r.acks[s.name].Upto; got != 4 {
			t.Errorf("confirmed up to %d, want 4", got)
		}
	})
}

// A ledger that is gone for good stops nothing else: births and heads are
// heard, and nothing is claimed.
func TestLedgerGone(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		r.ledger.Close()
		s.scans(3)
		s.sayHead()
		s.session = "s2"
		s.sayBirth()
		pass(time.Minute)
		if len(r.floor.seen) != 0 || len(r.floor.coverages()) != 0 {
			t.Errorf("told of %v, heads %v", r.floor.seen, r.floor.covered)
		}
		if len(r.floor.heads[s.name]) != 1 || len(r.floor.births) != 2 {
			t.Errorf("heads arrived %v, births %v, want one and two", r.floor.heads, r.floor.births)
		}
	})
}
