package downlink

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/scan"
	"scanpost/sync/mqtt"
)

// listener is the real floor.
func (r *rig) realFloor() *scan.Floor {
	f := scan.NewFloor(scan.Rules{Site: "ham1", Started: time.Now(), Neighbours: []scan.Neighbour{{Name: "pack-01", Checkpoints: []string{"pack"}}}})
	r.d.o.Floor = f
	return f
}

// A head that the broker kept is older than the step of its station's
// clock, and this observer had no estimate then.
func TestKeptHeadFromBeforeAClockStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		f := r.realFloor()
		s := r.station("pack-01")
		s.ahead = time.Hour // its battery is empty
		s.write(nil)
		s.makeHead()
		r.connect() // it is away; the broker keeps birth and head
		pass(2 * time.Second)
		step := s.write(&scan.ClockStep{Old: s.now(), New: s.now().Add(-time.Hour)})
		s.ahead = 0 // it is back, with the right time
		s.sayHead()
		s.publish(step)
		pass(3 * time.Second)
		if h := f.Stations(time.Now())[0].HeardTo; h.After(time.Now()) {
			t.Errorf("heard up to %v from now", time.Until(h))
		}
		_ = r.stop()
	})
}

// A station's disk forgot what it had synced (a card that lies, a restored
// image), and gives numbers a second time. What was refused is neither
// confirmed nor covered.
func TestNumbersGivenTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.station("pack-01")
		r.connect()
		s.scans(3)
		s.sayHead()
		pass(2 * time.Second)
		s.mu.Lock()
		s.log = s.log[:1]
		s.mu.Unlock()
		for _, unit := range []string{"order:x", "order:y"} {
			s.publish(s.write(&scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: unit}))
		}
		s.sayHead()
		pass(3 * time.Second)
		if got := r.floor.lostNumbers(); len(got) != 2 {
			t.Errorf("the floor is told of the loss of %q", got)
		}
		if a := r.acks["pack-01"]; a.Upto >= 2 {
			t.Errorf("confirmed up to %d, and 2 as it is now is not here", a.Upto)
		}
		_ = r.stop()
	})
}

// A station that was moved to another checkpoint may still hold scans of
// the one before, also after our restart.
func TestMovedStation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.station("pack-01")
		say := func(checkpoints ...string) {
			b := s.birth()
			b.Checkpoints = checkpoints
			r.deliver(mqtt.Message{Topic: s.topics().State(), Payload: b.JSON()})
			pass(time.Second)
		}
		r.connect()
		say("pack")
		say("label")
		r.disconnect()
		r.restart()
		r.floor.mu.Lock()
		defer r.floor.mu.Unlock()
		if want := "pack-01 [pack label]  online=true signedOff=false"; !slices.Contains(r.floor.births, want) {
			t.Errorf("told of %q after the restart, want %q", r.floor.births, want)
		}
	})
}

// A link that is stuck keeps AskHead, and so the scan that asks, waiting.
type stuckLink struct {
	*fakeLink
	release chan struct{}
}

func (l stuckLink) send(m mqtt.Message) error {
	<-l.release
	return nil
}

func TestAskHeadDoesNotWaitForTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		l := stuckLink{&fakeLink{r: r, done: make(chan struct{})}, make(chan struct{})}
		r.d.mu.Lock()
		r.d.asking = l
		r.d.mu.Unlock()
		time.AfterFunc(10*time.Second, func() { close(l.release) }) // writeWait
		began := time.Now()
		r.d.AskHead("pack-01")
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		<-l.release
	})
}
