package outbox

import (
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
)

// reading is what the two clocks say at one moment.
type reading struct {
	wall time.Time
	mono time.Duration // since some moment that does not matter
}

// readings makes readings of now. Where its times carry no monotonic reading,
// the wall clock has to vouch for itself, and only a step back is noticed.
func readings(now func() time.Time) func() reading {
	base := now()
	return func() reading {
		t := now()
		return reading{wall: t.Round(0), mono: t.Sub(base)}
	}
}

// clock dates events and heads: never before an earlier one, unless the wall
// clock really was set, which is then an event of its own.
type clock struct {
	last time.Time // of the newest event or head
	seen reading   // when last looked at; zero at the start
}

// creep is how far a clock may go astray without it being called a step.
// Within it, time stands still until the clock has caught up.
const creep = 2 * time.Second

// read dates what happens now. If the clock stepped, the step has to be
// written before anything that bears the new time. The caller keeps the
// changed clock only if what was dated is kept too.
func (c *clock) read(now reading) (at time.Time, step *scan.ClockStep) {
	wall := event.Milli(now.wall)
	if !c.seen.wall.IsZero() {
		elapsed := now.mono - c.seen.mono
		astray := now.wall.Sub(c.seen.wall) - elapsed
		if astray > creep || astray < -creep {
			step = &scan.ClockStep{Old: event.Milli(c.seen.wall), New: wall, Elapsed: elapsed}
		} else if c.last.Sub(wall) > creep { // many small ones
			step = &scan.ClockStep{Old: c.last, New: wall, Elapsed: elapsed}
		}
	} else if c.last.Sub(wall) > creep {
		// Set back while we were not running. How long that was, nobody knows.
		step = &scan.ClockStep{Old: c.last, New: wall}
	}
	c.seen = now
	if step != nil || wall.After(c.last) {
		return wall, step
	}
	return c.last, nil
}
