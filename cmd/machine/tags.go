package machine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices"
	"scanpost/devices/wire"
	"scanpost/scan"
	"scanpost/scan/identity"
	"scanpost/scan/identity/command"
	"scanpost/scan/identity/epc"
	"scanpost/scan/pass"
)

// tags makes scans of the tags that a station's readers hear:
//
//	reads, hundreds a second -> passes -> one scan for each, when it has ended
//
// Readers hand their reads over and go on; one goroutine settles the passes and
// waits for the disk. Passes that are under way, or have ended and are not
// saved yet, are kept in a small file, one write for each change, so that
// neither a power cut nor a full disk costs one; single reads are never stored.
type tags struct {
	*station
	goodbye context.Context
	foreign map[string]string // what becomes of tags that are not GS1's, by portal
	ours    epc.Prefixes
	gates   map[string]*gate // by portal
	keeper  *keeper
	kept    string // what the file has
	turned  uint64 // the hall's turn when it was written

	mu     sync.Mutex // Hear is called by the readers' goroutines
	hall   *pass.Hall
	events []pass.Event
	reader map[string]string // the device that heard last, by portal
	wake   chan struct{}

	ended []ended   // passes that the disk has not taken yet, the oldest first
	retry time.Time // when those that it refused are tried again

	trying sync.Mutex
	again  string // the device whose refused pass is being tried again
}

// ended is a pass that is to be scanned, or an opening that nothing passed.
type ended struct {
	pass.Pass
	Device  string
	empty   bool
	refused bool // by the disk, and the operator was told
}

// openTags prepares the portals and brings back the passes that were under way
// when the program ended, before any reader is heard.
func (m *machine) openTags(s *station) (*tags, error) {
	t := &tags{
		station: s, goodbye: m.Goodbye, foreign: map[string]string{}, gates: map[string]*gate{}, reader: map[string]string{},
		keeper: &keeper{dir: m.cfg.Station.Data}, wake: make(chan struct{}, 1), ours: m.cfg.Identifier().Prefixes,
	}
	portals := Portals(m.cfg)
	for _, p := range m.cfg.Portals {
		t.foreign[p.At] = p.Foreign
		if p.Gate != nil {
			t.gates[p.At] = newGate(p.Gate)
		}
	}
	for i := range portals {
		portals[i].Gate = t.gates[portals[i].Name] != nil
	}
	var err error
	if t.hall, err = pass.NewHall(portals); err != nil {
		return nil, err
	}
	now := time.Now()
	t.hall.Sweep(now)
	for portal := range t.gates {
		t.hall.GateLost(portal, now) // until it is told
	}
	t.recover(now)
	if slices.ContainsFunc(m.cfg.Devices, func(d config.Device) bool { return d.Tags }) {
		t.keeper.reserve()
	}
	return t, nil
}

// serve listens to a device for tags, and for what tells of gates.
func (t *tags) serve(c *config.Device, d *devices.Device) {
	d.Heard = t.heard(c)
	if c.Tags { // a barcode scanner at the same place says nothing of the tags there
		d.Began = func(at time.Time) {
			t.happens(func() {
				for _, place := range c.Places() {
					t.hall.Started(place, at)
				}
			})
		}
	}
	d.Facts = func(facts []wire.Fact, at time.Time) {
		t.signals(c.Name, facts, at)
	}
	state := d.State
	d.State = func(attached bool, port, reason string) {
		if !attached {
			t.gatesLost(c.Name, time.Now())
		}
		state(attached, port, reason)
	}
}

// heard takes what a reader heard.
func (t *tags) heard(d *config.Device) func([]wire.Read, time.Time) {
	return func(reads []wire.Read, at time.Time) {
		t.happens(func() {
			for i := range reads {
				r := &reads[i]
				place := d.Checkpoint
				if elsewhere, is := d.Antennas[r.Antenna]; is {
					place = elsewhere
				}
				if t.reader[place] != d.Name {
					t.reader[place] = d.Name
				}
				t.hall.Hear(&pass.Read{
					Portal: place, EPC: r.EPC, PC: r.PC, HasPC: r.HasPC, Antenna: r.Antenna,
					RSSI: r.RSSI, HasRSSI: r.HasRSSI, Relative: r.Relative, Count: r.Count,
				}, at)
			}
		})
	}
}

// happens lets the hall hear of something, and wakes the other goroutine.
func (t *tags) happens(what func()) {
	t.mu.Lock()
	what()
	t.take()
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// take moves the hall's events to where the other goroutine finds them.
func (t *tags) take() {
	for _, e := range t.hall.Events() {
		e.Pass.EPC = slices.Clone(e.Pass.EPC)
		t.events = append(t.events, e)
	}
}

// run settles passes until the context ends.
func (t *tags) run(ctx context.Context) error {
	for {
		next := t.turn(time.Now(), false)
		var due <-chan time.Time
		var timer *time.Timer
		if !next.IsZero() {
			timer = time.NewTimer(max(time.Until(next), 10*time.Millisecond))
			due = timer.C
		}
		select {
		case <-t.wake:
		case <-due:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			t.turn(time.Now(), true) // what is under way then is in the file
			return nil
		}
	}
}

// turn settles what has happened by now, and says when something is due next.
func (t *tags) turn(now time.Time, last bool) (next time.Time) {
	t.mu.Lock()
	next = t.hall.Sweep(now)
	t.take()
	events, turn, waited := t.events, t.hall.Turn(), len(t.ended)
	t.events = nil
	var open []pass.Pass
	others := last || turn != t.turned || len(events) > 0 || waited > 0
	if others {
		open = t.hall.Open()
	}
	t.mu.Unlock()
	for i := range events {
		t.settle(&events[i])
	}
	t.save(now)
	if others {
		t.keep(open, last)
		t.turned = turn
	}
	if len(t.ended) > 0 && (next.IsZero() || t.retry.Before(next)) {
		next = t.retry
	}
	return next
}

// settle makes of an event what the operator and the book are to hear.
func (t *tags) settle(e *pass.Event) {
	p := &e.Pass
	if e.Kind == pass.Complete {
		if g := t.gates[p.Portal]; g.unread(p) {
			t.ended = append(t.ended, ended{Pass: *p, Device: g.device, empty: true})
		}
		return
	}
	if !t.recorded(p) {
		return
	}
	t.mu.Lock()
	device := t.reader[p.Portal]
	t.mu.Unlock()
	switch e.Kind {
	case pass.Confirmed:
		if t.screen != nil {
			s := sighting(p, device)
			t.screen.Tell(scan.Told{Outcome: scan.Passing, At: s.At, Unit: t.life.Identify(s).Unit, Code: s.Code, Device: device, Checkpoint: p.Portal})
		}
	case pass.Dropped:
		if t.screen != nil {
			t.screen.Withdraw(string(p.EPC), p.Portal)
		}
	case pass.Passed, pass.Parked:
		t.ended = append(t.ended, ended{Pass: *p, Device: device})
		if g := t.gates[p.Portal]; g != nil {
			g.passed(p)
		}
	}
}

// recorded reports whether the site wants to know of a tag. A tag that names
// nothing is never recorded. What is not GS1's is recorded where the portal
// says so; a card of 125 kHz, unless it says otherwise: nobody carries one past
// an antenna by accident, since it is heard from a hand's breadth.
func (t *tags) recorded(p *pass.Pass) bool {
	foreign := t.foreign[p.Portal]
	if isCard(p.EPC) {
		return foreign != "ignore"
	}
	key, code := epc.Key(p.EPC, epc.PC(p.PC), t.ours)
	return key != "" && (code == "" || foreign == "record")
}

// sighting is a pass as a station takes it.
func sighting(p *pass.Pass, device string) scan.Sighting {
	s := scan.Sighting{
		Code: string(p.EPC), Symbology: "epc", Device: device, Checkpoint: p.Portal, At: time.Now(),
		Pass: &scan.Pass{First: p.First, Last: p.Last, Reads: p.Reads, Antenna: p.Antenna, Direction: p.Direction.String(), PC: p.PC, Reason: p.Reason, Group: p.Group},
	}
	if isCard(p.EPC) {
		s.Symbology = "em4100"
	}
	if p.HasRSSI && !p.Relative {
		s.Pass.RSSI = p.RSSI
	}
	return s
}

// isCard reports whether a tag is a card of 125 kHz: five bytes, which no EPC
// can have. Its key is all of them in hex, such as code:3C00CE754C. The ten
// digits that are printed on it, 0013530444, are the last four in decimal, and
// may be another card's too.
func isCard(id []byte) bool { return len(id) == 5 }

// identify says what a sighting is: a code or a tag.
func identify(id identity.Identifier, cards *cards, x scan.Sighting) scan.Identity {
	if x.Pass != nil {
		if tag := []byte(x.Code); isCard(tag) {
			key := identity.TextKey(fmt.Sprintf("%X", tag))
			return scan.Identity{Unit: key, IDs: []string{key}}
		}
		return id.IdentifyEPC([]byte(x.Code), epc.PC(x.Pass.PC)).Identity()
	}
	if command.Is(x.Code) {
		id.Commands = cards.now()
	}
	return id.Identify(x.Code, x.AIM).Identity()
}
