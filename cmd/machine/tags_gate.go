package machine

import (
	"strconv"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices/wire"
	"scanpost/scan/pass"
)

// gate is a photo-eye on an input of a tag reader, and what went through it.
type gate struct {
	device string
	fact   string // by which the device tells of the input
	open   string // its value while a parcel is there
	noRead bool

	group int64     // of the pass that was recorded last
	last  time.Time // when that was heard last
}

func newGate(c *config.Gate) *gate {
	return &gate{device: c.Device, fact: "gpi " + strconv.Itoa(c.Input), open: c.Open, noRead: c.NoRead}
}

// passed notes a recorded pass.
func (g *gate) passed(p *pass.Pass) {
	g.group = p.Group
	if p.Last.After(g.last) {
		g.last = p.Last
	}
}

// unread reports whether an opening that is complete stands for a parcel whose
// tag was not read. One during which the gate was lost says nothing, nor does
// one in which a tag was heard that had come before.
func (g *gate) unread(p *pass.Pass) bool {
	return g.noRead && p.Reason == "" && g.group != p.Group && g.last.Before(p.First)
}

// signals opens and closes the gates that a device tells of.
func (t *tags) signals(device string, facts []wire.Fact, at time.Time) {
	for portal, g := range t.gates {
		for _, f := range facts {
			if g.device == device && g.fact == f.Name {
				t.happens(func() { t.hall.Gate(portal, f.Value == g.open, at) })
			}
		}
	}
}

// gatesLost says that a device tells of no gate any more.
func (t *tags) gatesLost(device string, at time.Time) {
	for portal, g := range t.gates {
		if g.device == device {
			t.happens(func() { t.hall.GateLost(portal, at) })
		}
	}
}
