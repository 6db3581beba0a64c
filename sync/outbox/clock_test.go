package outbox

import (
	"reflect"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
)

// bench is a wall clock that can be set beside one that can not.
type bench struct{ now reading }

func newBench() *bench {
	return &bench{reading{wall: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}}
}

func (b *bench) pass(d time.Duration) { b.now.wall = b.now.wall.Add(d); b.now.mono += d }
func (b *bench) set(d time.Duration)  { b.now.wall = b.now.wall.Add(d) }

func openAt(t *testing.T, dir string, b *bench) *Outbox {
	t.Helper()
	o := open(t, dir, options)
	o.reading = func() reading { return b.now }
	return o
}

func headTime(t *testing.T, o *Outbox) time.Time {
	t.Helper()
	h, _, err := o.Head()
	if err != nil {
		t.Fatal(err)
	}
	return h.At
}

// lastEntry is what the newest event says, and when.
func lastEntry(t *testing.T, o *Outbox) (e scan.Event) {
	t.Helper()
	err := o.Read(o.Stats().Last, 1, func(_ uint64, b []byte) (err error) { e, err = event.Parse(b); return err })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// While the clock creeps back time stands still, for events and for heads.
func TestCreepIsHeld(t *testing.T) {
	b := newBench()
	o := openAt(t, t.TempDir(), b)
	start := b.now.wall
	b.pass(5 * time.Second)
	if at := headTime(t, o); !at.Equal(start.Add(5 * time.Second)) {
		t.Fatalf("got head at %v", at)
	}
	b.set(-1500 * time.Millisecond)
	if n := write(t, o, 1); !n.At.Equal(start.Add(5 * time.Second)) {
		t.Errorf("got event at %v, want it held at the head's time", n.At)
	}
	b.pass(time.Second)
	if at := headTime(t, o); !at.Equal(start.Add(5 * time.Second)) {
		t.Errorf("got head at %v, want it held", at)
	}
	b.pass(time.Second)
	if n := write(t, o, 2); !n.At.Equal(start.Add(5500 * time.Millisecond)) {
		t.Errorf("got event at %v, want the clock's time again", n.At)
	}
	if n := o.Stats().Last; n != 2 {
		t.Errorf("got %d events, want no clock.stepped among 2", n)
	}
}

// A clock that was set is an event before whatever bears its time, written in
// the same transaction, and time goes on from there.
func TestStepIsAnEvent(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -time.Hour, "forward": time.Hour, "forward by seconds": 2001 * time.Millisecond} {
		for _, what := range []string{"event", "head"} {
			t.Run(name+" before "+what, func(t *testing.T) {
				b := newBench()
				o := openAt(t, t.TempDir(), b)
				write(t, o, 1)
				was := b.now.wall
				b.pass(3 * time.Second)
				b.set(step)
				var at time.Time
				if what == "head" {
					at = headTime(t, o)
				} else {
					commits := o.commits
					n := write(t, o, 2)
					if at = n.At; n.Seq != 3 || o.commits != commits+1 {
						t.Errorf("got number %d in %d commits, want 3 in 1", n.Seq, o.commits-commits)
					}
				}
				if want := was.Add(3*time.Second + step); !at.Equal(want) {
					t.Errorf("got %v, want the new clock's %v", at, want)
				}
				var got scan.Event
				err := o.Read(2, 1, func(_ uint64, e []byte) (err error) { got, err = event.Parse(e); return err })
				want := &scan.ClockStep{Old: was, New: was.Add(3*time.Second + step), Elapsed: 3 * time.Second}
				if err != nil || !reflect.DeepEqual(got.Entry, want) || !got.At.Equal(want.New) {
					t.Errorf("got %+v %+v and %v, want %+v", got, got.Entry, err, want)
				}
			})
		}
	}
}

// Many small steps back are a large one.
func TestCreepsAddUp(t *testing.T) {
	b := newBench()
	o := openAt(t, t.TempDir(), b)
	write(t, o, 1)
	b.set(-1500 * time.Millisecond)
	write(t, o, 2)
	b.set(-1500 * time.Millisecond)
	if n := write(t, o, 3); n.Seq != 4 || !n.At.Equal(b.now.wall) {
		t.Errorf("got %+v, want number 4 at %v", n, b.now.wall)
	}
}

// No event is dated before an earlier head, even if the process died right
// after the head and the clock was set back meanwhile; what is later is.
func TestHeadIsRemembered(t *testing.T) {
	for name, crash := range map[string]bool{"closed": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := newBench()
			o := openAt(t, dir, b)
			write(t, o, 1)
			b.pass(10 * time.Second)
			said := headTime(t, o)
			if crash {
				// What a killed process leaves: files as they are, locks gone.
				crashed(t, o)
			} else if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			b = newBench()
			b.pass(said.Sub(b.now.wall) - time.Second)
			o = openAt(t, dir, b)
			if n := write(t, o, 2); n.Seq != 2 || n.At.Before(said) {
				t.Errorf("got %+v after a head of %v", n, said)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			b.set(-time.Minute)
			o = openAt(t, dir, b)
			n := write(t, o, 3)
			if e := lastEntry(t, o); n.Seq != 4 || !n.At.Equal(b.now.wall) || e.Seq != 4 {
				t.Errorf("got %+v, want number 4, after a clock.stepped, at %v", n, b.now.wall)
			}
		})
	}
}

// crashed leaves the outbox as a killed process does.
func crashed(t *testing.T, o *Outbox) {
	t.Helper()
	err := o.alone(func() error {
		o.line.Lock()
		o.line.closed = true
		o.line.Unlock()
		close(o.quit)
		return o.closeFile()
	})
	o.kept.Wait()
	if err != nil {
		t.Fatal(err)
	}
}

// A step whose commit failed is still a step at the next one.
func TestStepSurvivesAFailedCommit(t *testing.T) {
	var c clock
	b := newBench()
	c.read(b.now)
	b.set(time.Hour)
	lost := c
	if _, step := lost.read(b.now); step == nil {
		t.Fatal("no step")
	}
	b.pass(time.Second)
	if _, step := c.read(b.now); step == nil || step.Elapsed != time.Second {
		t.Errorf("got %+v, want a step", step)
	}
}
