package scan

import "time"

// This file keeps the floor honest when the observer's own wall clock jumps.

// tick takes in the time. Where the observer's own wall clock has jumped
// (which the monotonic part of two readings tells), everything that is kept
// on that clock moves with it: a clock that was set back must not leave us
// with stations heard up to the future.
func (f *Floor) tick(now time.Time) {
	if real(now) {
		if !f.read.IsZero() {
			elapsed := now.Sub(f.read)
			if by := now.Round(0).Sub(f.read.Round(0)) - elapsed; by.Abs() > clockJump {
				f.jumped(by)
			}
		}
		if f.read.IsZero() || now.Sub(f.read) > 0 {
			f.read = now
		}
	}
	if now.After(f.now) {
		f.now = now
	}
}

// clockJump is how far a wall clock may creep from the monotonic one.
const clockJump = 2 * time.Second

// real reports whether a time is a reading of this process's clock.
func real(t time.Time) bool { return t != t.Round(0) }

// jumped moves what is kept on the observer's clock by a jump of that clock.
func (f *Floor) jumped(by time.Duration) {
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Round(0).Add(by)
		}
	}
	move(&f.now)
	move(&f.rules.Started)
	for _, s := range f.stations {
		for i := range s.spans {
			move(&s.spans[i].from)
			move(&s.spans[i].to)
		}
		for i := range s.losses {
			move(&s.losses[i].resumed)
		}
		move(&s.headAt)
		move(&s.stateAt)
		if s.name != f.rules.Self {
			s.clock.step(-by, true)
		}
		f.reconsider(s)
	}
	f.due = nil
	f.recast()
	for _, u := range f.units {
		f.touch(u)
	}
}
