package devices

import (
	"slices"
	"time"

	"scanpost/devices/profile"
	"scanpost/devices/wire"
)

// dialogue is what the station says to a device of its own accord: the
// profile's commands one by one, each answered before the next; then what is
// not set as it should be is set right, where the profile says so, and asked
// for once more. Later, when nothing has been heard for long, it asks again
// whether the device is there at all: a scanner behind an adapter can be
// pulled, and a USB endpoint can stall, without a sign.
//
// It is pure: time comes in as an argument. One goroutine uses it.
type dialogue struct {
	profile *profile.Profile

	queue    []profile.Command // still to be sent
	asked    *profile.Command  // sent, and its answer is waited for
	askedAt  time.Time
	tries    int
	due      time.Time // the answer is late then, or the pause is over
	begun    time.Time
	over     bool
	repaired []string // settings that were sent

	facts    map[string]string
	before   map[string]string // as they were told first, before anything was set right
	refused  []string          // commands that it did not take, and its words
	answered bool              // it has answered since it was opened
	heard    time.Time         // when it last sent anything
	probing  bool              // asked is only to hear whether it is there
	mute     bool              // it answered before, and does not any more
}

func newDialogue(p *profile.Profile, now time.Time) *dialogue {
	d := &dialogue{profile: p, heard: now}
	d.restart(now)
	return d
}

// restart begins anew: the device has forgotten what it was told.
func (d *dialogue) restart(now time.Time) {
	d.queue, d.asked, d.over, d.begun, d.due, d.probing = slices.Clone(d.profile.Commands), nil, false, now, now, false
	d.facts, d.before, d.refused, d.repaired = map[string]string{}, map[string]string{}, nil, nil
}

// restless is how long a device is left in peace before it is set up again.
const restless = 5 * time.Second

// restarted is told by the decoder, perhaps with every line. It reports
// whether that is news.
func (d *dialogue) restarted(now time.Time) bool {
	if !d.over || now.Sub(d.begun) < restless {
		return false
	}
	d.restart(now)
	return true
}

// next returns what to send now; or nil and when to ask again, the zero time
// if only the device can bring it forward. Finished is true once, when all
// has been said and answered.
func (d *dialogue) next(now time.Time) (send *profile.Command, at time.Time, finished bool) {
	if d.asked != nil {
		if now.Before(d.due) {
			return nil, d.due, false
		}
		if d.tries < d.asked.Tries {
			return d.send(d.asked, now), time.Time{}, false
		}
		d.noAnswer()
		if d.mute {
			return nil, time.Time{}, false
		}
	}
	switch {
	case now.Before(d.due):
		return nil, d.due, false
	case len(d.queue) > 0:
		c := d.queue[0]
		d.queue = d.queue[1:]
		d.tries = 0
		return d.send(&c, now), time.Time{}, false
	case !d.over && d.repair():
		return d.next(now)
	case !d.over:
		d.over = true
		return nil, d.probeAt(), true
	}
	probe := d.probeAt()
	switch {
	case probe.IsZero() || now.Before(probe):
		return nil, probe, false
	case !d.answered:
		d.restart(now) // perhaps it has power by now
	default:
		d.probing = true
		d.queue = append(d.queue, d.probe())
	}
	return d.next(now)
}

func (d *dialogue) send(c *profile.Command, now time.Time) *profile.Command {
	d.tries++
	d.due = now.Add(c.Gap)
	if c.Answer {
		d.asked, d.askedAt, d.due = c, now, now.Add(c.Wait)
	}
	return c
}

// answer is what the device said. It is for the command that is waited for.
func (d *dialogue) answer(a wire.Answer, now time.Time) {
	d.answered = true
	for _, f := range a.Facts {
		d.facts[f.Name] = f.Value
		if _, known := d.before[f.Name]; !known {
			d.before[f.Name] = f.Value
		}
	}
	if d.asked == nil {
		return
	}
	if a.Refused != "" {
		d.refused = append(d.refused, d.asked.Say+": "+a.Refused)
	}
	d.due = now.Add(d.asked.Gap)
	d.asked, d.probing = nil, false
}

func (d *dialogue) noAnswer() {
	if d.probing {
		d.mute = true
	} else {
		d.refused = append(d.refused, d.asked.Say+": no answer")
	}
	d.asked, d.probing = nil, false
}

// repair queues what sets the wrong settings right, once, and the questions
// that show whether it helped.
func (d *dialogue) repair() bool {
	if d.repaired != nil {
		return false
	}
	d.repaired = []string{}
	for _, s := range d.profile.Settings {
		if is, told := d.facts[s.Name]; told && is != s.Want && s.Repair {
			d.repaired = append(d.repaired, s.Name)
			d.queue = append(d.queue, profile.Command{Say: "set " + s.Say, Bytes: s.Set, Answer: true, Wait: time.Second, Tries: 2})
		}
	}
	if len(d.repaired) == 0 {
		return false
	}
	for _, c := range d.profile.Commands {
		if c.When == "ask" {
			d.queue = append(d.queue, c)
		}
	}
	return true
}

// probeAt is when to ask whether it is there; zero if it can not be asked.
func (d *dialogue) probeAt() time.Time {
	switch {
	case d.profile.Alive == 0:
		return time.Time{}
	case !d.answered:
		return d.begun.Add(d.profile.Alive)
	}
	return d.heard.Add(d.profile.Alive)
}

func (d *dialogue) probe() profile.Command {
	i := slices.IndexFunc(d.profile.Commands, func(c profile.Command) bool { return c.When == "ask" && c.Answer })
	return d.profile.Commands[i] // profiles are refused without one
}
