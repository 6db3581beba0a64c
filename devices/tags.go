package devices

import (
	"errors"
	"fmt"
	"time"
)

// errHungUp is a conversation that we ended, since it could not go on.
var (
	errHungUp = errors.New("hung up, to begin anew")
	errLater  = fmt.Errorf("not to be had now: %w", errHungUp)
)

// later is how long a device is left alone that is not to be had now.
const later = 5 * time.Second

// open lets a session begin.
func (c *connection) open() {
	if c.session == nil {
		return
	}
	c.out.Reset()
	c.session.Open(&c.out)
	c.handOver()
}

// began says that the device begins, or begins anew.
func (c *connection) began() {
	if c.Began != nil {
		c.Began(c.Now())
	}
}

// heard hands over the tags that were heard.
func (c *connection) heard() {
	n := 0
	for i := range c.out.Reads {
		n += max(1, c.out.Reads[i].Count)
	}
	c.counts.add(func(c *Counters) { c.Reads += uint64(n) })
	if c.Heard != nil {
		c.Heard(c.out.Reads, c.last.at)
	}
}

// farewell is how long a reader may take to be stopped.
const farewell = time.Second

// goodbye stops a session's reader, so that it does not go on radiating for
// nobody, and lets a reader with one client at a time know that we are gone.
func (c *connection) goodbye(ended <-chan struct{}) {
	if c.session == nil {
		return
	}
	c.out.Reset()
	c.session.Close(&c.out)
	for _, b := range c.out.Replies {
		c.lost(c.answers.reply(b))
	}
	c.answers.finish()
	patience := time.NewTimer(farewell)
	defer patience.Stop()
	select {
	case <-ended:
		if p, ok := c.port.(interface{ Drain(limit time.Duration) }); ok {
			p.Drain(farewell)
		}
	case <-patience.C:
	}
}
