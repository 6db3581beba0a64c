package devices

import (
	"errors"
	"time"

	"scanpost/devices/wire"
)

// errMute is a device that answered before and does not any more: a stalled
// USB endpoint, or a scanner that was pulled from behind its adapter. Opening
// it anew heals the first.
var errMute = errors.New("does not answer")

// talk says to the device what is due.
func (c *connection) talk() {
	now := time.Now()
	for {
		command, at, finished := c.dialogue.next(now)
		switch {
		case command != nil:
			c.lost(c.answers.send(outgoing{command.Bytes, command.Feature}))
			continue
		case finished && c.session == nil:
			c.tellInventory()
		case finished:
			c.tellSoon()
		}
		c.overdue(now)
		if at.IsZero() {
			if c.dialogue.mute {
				c.talking.Reset(0)
			}
			return
		}
		c.talking.Reset(at.Sub(now))
		return
	}
}

// hear brings an answer to what it answers: what was asked first.
func (c *connection) hear(a wire.Answer) {
	for _, f := range a.Facts {
		if f.Name == "temperature" && !wellSaid(f.Value) {
			c.heat = f.Value // it goes on with pauses, and soon tells again how warm it is
		}
	}
	if c.Facts != nil && len(a.Facts) > 0 {
		c.Facts(a.Facts, c.Now())
	}
	forSignal := len(c.signals) > 0 && (c.dialogue.asked == nil || c.signals[0].Before(c.dialogue.askedAt))
	if !forSignal {
		c.dialogue.answer(a, time.Now())
		if c.dialogue.over && len(a.Facts) > 0 {
			c.tellSoon() // a reader that leads the conversation tells it when it likes
		}
		return
	}
	c.signals = c.signals[1:]
	if a.Refused != "" {
		c.Log.Debug("signal refused", "port", c.Address, "reason", a.Refused)
		c.lost(1)
	}
}

// signalled is how long a device may take to answer a signal.
const signalled = 2 * time.Second

// signal gives a good or bad sign to the device; none if there is none.
func (c *connection) signal(b []byte) {
	c.answers.signal(b)
	if c.Profile.Feedback.Answered && len(b) > 0 {
		c.overdue(time.Now())
		c.signals = append(c.signals, time.Now())
	}
}

// overdue counts the signals that a device has not answered as lost.
func (c *connection) overdue(now time.Time) {
	for len(c.signals) > 0 && now.Sub(c.signals[0]) > signalled {
		c.signals = c.signals[1:]
		c.lost(1)
	}
}

// soon is how long a reader has to tell all of itself, since it does so in
// several answers, and again after each restart.
const soon = time.Second

// tellSoon tells who the device is when it has had time to say it all.
func (c *connection) tellSoon() {
	if c.session == nil {
		c.tellInventory()
		return
	}
	if !c.telling {
		c.telling = true
		c.tell.Reset(soon)
	}
}

// tellInventory tells who the device is, if that is news.
func (c *connection) tellInventory() {
	i := c.inventory()
	if c.inventoryTold != nil && i.Equal(*c.inventoryTold) {
		return
	}
	c.inventoryTold = &i
	for _, d := range i.Drift {
		c.Log.Warn("setting is not as the profile needs it", "port", c.Address, "reason", d.String())
	}
	for _, r := range i.Refused {
		c.Log.Warn("device did not take a command", "port", c.Address, "reason", r)
	}
	if c.Known != nil {
		c.Known(i)
	}
}

// Seen is one thing that passed between the station and a device.
type Seen struct {
	At       time.Time
	ToDevice bool
	Bytes    []byte       // nil if it was a silence
	Output   *wire.Output // what came out of it; it is reused, so copy what you keep
}

func (c *connection) watch(s Seen) {
	if c.Watch != nil {
		c.Watch(s)
	}
}

// drain takes what the reader still hands over, until its last.
func (c *connection) drain() {
	for a := range c.arrivals {
		if a.err != nil {
			return
		}
	}
}
