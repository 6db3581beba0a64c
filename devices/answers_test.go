package devices

import (
	"fmt"
	"testing"
	"testing/synctest"

	"scanpost/devices/port"
	"scanpost/scan"
)

// Saved, then told: while Scan runs nothing of its answer is on the wire;
// after it, the acknowledgement goes first and then the signal. Without a
// saved scan nothing that means good is ever written.
func TestSavedThenTold(t *testing.T) {
	for _, outcome := range []scan.Outcome{
		scan.Saved, scan.SavedOffline, scan.SavedNotVerifiable, scan.SavedDouble, scan.SavedPreviousMissing,
		scan.SavedWrongCheckpoint, scan.CommandDone, scan.Unreadable, scan.NotSaved, "",
	} {
		want := "<x> B"
		switch {
		case outcome == scan.NotSaved || outcome == "":
			want = "B"
		case outcome.Good():
			want = "<x> G"
		}
		synctest.Test(t, func(t *testing.T) {
			p := newFakePort()
			b := newBench(t, "serial:x", testProfile())
			b.opens(p)
			saved := make(chan struct{})
			b.Scan = func(scan.Sighting) scan.Told {
				<-saved
				return scan.Told{Outcome: outcome}
			}
			b.start()
			p.in <- []byte("!x")
			synctest.Wait() // everybody else has done what they could
			if s := p.wrote(); s != "" {
				t.Errorf("%q: before Scan returned the device was told %q", outcome, s)
			}
			close(saved)
			synctest.Wait()
			if got := p.wrote(); got != want {
				t.Errorf("%q: wrote %q, want %q", outcome, got, want)
			}
			b.end()
		})
	}
}

// A reply that is due at once does not wait for anything.
func TestReplyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		b.start()
		p.in <- []byte("?alive")
		synctest.Wait()
		if got := p.wrote(); got != "alive" {
			t.Errorf("wrote %q", got)
		}
		b.end()
	})
}

// A device that takes nothing stops neither reading nor scanning. What waits
// is dropped with what was given up, and counted; a good signal from before
// never sounds after a scan that was not saved.
func TestDeviceTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		gate := make(chan struct{})
		p.stuck = func() { <-gate }
		b := newBench(t, "serial:x", testProfile())
		b.opens(p)
		b.start()
		for i := range 100 {
			p.in <- fmt.Appendf(nil, "!%d", i)
		}
		synctest.Wait()
		if got := b.Counts().Sightings; got != 100 {
			t.Errorf("%d sightings while the device takes nothing", got)
		}
		gate <- struct{}{}
		synctest.Wait()
		// The first acknowledgement hung; 64 waited behind it and one signal;
		// the rest found no room.
		if got := b.Counts().Lost; got != 101 {
			t.Errorf("lost %d, want 101", got)
		}
		if got := b.logs.with("takes no answer"); len(got) != 1 {
			t.Errorf("logged %q", got)
		}
		b.end()
	})
}

// Of the signals only the newest waits, and none is an answer too.
func TestNewestSignal(t *testing.T) {
	a := newAnswers()
	a.signal([]byte("G"))
	a.reply([]byte("ack 1"))
	a.signal([]byte("B"))
	a.reply([]byte("ack 2"))
	for _, want := range []string{"ack 1", "ack 2", "B", ""} {
		if got, _ := a.next(); string(got.bytes) != want {
			t.Errorf("got %q, want %q", got.bytes, want)
		}
	}
	a.signal([]byte("G"))
	a.signal(nil) // not saved, by a device that has no bad signal
	if got, _ := a.next(); got.bytes != nil {
		t.Errorf("got %q", got.bytes)
	}
}

// What HID reports overrun is counted, and no code is glued over the hole.
func TestReportsOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		hid := testProfile()
		hid.Port.Type = "hid"
		b := newBench(t, "hid:05e0:1300", hid)
		b.opens(p)
		record, free := b.Scan, make(chan struct{})
		b.Scan = func(s scan.Sighting) scan.Told {
			<-free
			return record(s)
		}
		b.start()
		p.in <- []byte("!first")
		synctest.Wait()
		for range reportQueue {
			p.in <- []byte("a")
		}
		p.in <- []byte("lost")
		p.in <- []byte("lost")
		synctest.Wait()
		free <- struct{}{} // the queue is taken, and there is room again
		synctest.Wait()
		p.in <- []byte("!second")
		free <- struct{}{}
		want(t, b.codes, "first", "second")
		synctest.Wait()
		c := b.Counts()
		if c.Dropped != 2 || c.Faults["reports lost"] != 1 {
			t.Errorf("got %+v", c)
		}
		b.end()
	})
}

var _ port.Port = (*fakePort)(nil)
