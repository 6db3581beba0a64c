package machine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices"
	"scanpost/scan"
	"scanpost/scan/screen"
	"scanpost/sync/downlink"
	"scanpost/sync/event"
	"scanpost/sync/outbox"
	"scanpost/sync/uplink"
)

// freshWait bounds how long an operator waits for a neighbour's word.
const freshWait = 200 * time.Millisecond

// bytesPerScan is what a scan takes on disk with its hashes and indexes,
// rounded up from a measurement (docs/performance.md).
const bytesPerScan = 1200

// station is the machine as a station: its devices, its life of a scan, its
// screen.
type station struct {
	*voice
	life    *scan.Station
	devices []*devices.Device
	screen  *screen.Screen
	tags    *tags
	pages   *pages
	log     *slog.Logger
	room    *room
	clock   clockState
	known   uint64 // its own events from here on were known before it scanned
	metrics http.Handler
	version string

	mu      sync.Mutex
	unsaved error // why the last scan was not saved
	state   []event.Device
	change  func() // says that the devices changed
}

func (m *machine) openStation(own *embedded) (*station, error) {
	c := m.cfg
	log := m.Log.With("station", c.Station.Name)
	var s *station
	err := despite(m.data(), log, func() error {
		v, err := m.openVoice(c.Station.Name, m.data(), c.Station.Name, log)
		if err != nil {
			return err
		}
		s = &station{voice: v, log: log, room: &room{dir: c.Station.Data, perScan: bytesPerScan, fill: func() outbox.Fill { return v.outbox.Fill(time.Now()) }}}
		if err = m.wireStation(s, own); err != nil {
			s.close()
		}
		return err
	})
	return s, err
}

func (m *machine) wireStation(s *station, own *embedded) error {
	c := m.cfg
	checkpoints := []string{}
	for _, d := range c.Devices {
		s.state = append(s.state, event.Device{Name: d.Name, Checkpoint: d.Checkpoint, Profile: d.Profile.Name, Port: d.Port})
		for _, place := range d.Places() {
			if !slices.Contains(checkpoints, place) {
				checkpoints = append(checkpoints, place)
			}
		}
	}
	err := m.connect(s.voice, own, uplink.Options{Checkpoints: checkpoints, Devices: s.devicesNow, Clock: s.clockNow, Required: c.Station.Consumers},
		downlink.Options{})
	if err != nil {
		return err
	}
	s.change = func() {}
	if s.up != nil {
		s.change = s.up.Changed
	}
	if s.known, err = s.begin(); err != nil {
		return err
	}
	// This station serves its checkpoints whether or not anybody hears it.
	s.floor.Birth(s.name, checkpoints, nil, "self", m.Version, true, false, m.started)

	id, cards := c.Identifier(), openCards(c.Station, s.log)
	s.life = &scan.Station{
		Site: c.Station.Site, Name: s.name, Floor: s.floor, Book: s.outbox, Repeat: c.Station.Repeat, Now: time.Now,
		Identify: func(x scan.Sighting) scan.Identity { return identify(id, cards, x) },
		Links:    c.Links,
		Link:     s.linkNow, Fresh: s.fresh, Clock: s.clock.now,
		Tell: func(t scan.Told) { m.tell(s, t) },
		Failed: func(device, what string, err error) {
			if !s.tags.told(device) {
				s.log.Error("a scan is not saved", "device", device, "err", err)
			}
			s.saved(err)
			s.look(err)
		},
	}
	if c.Screen != nil {
		if s.pages, err = m.pages("screen", c.Screen.Listen); err != nil {
			return err
		}
		m.info.Screen = s.pages.addr()
		s.screen = screen.New(screen.Options{Station: s.name, Checkpoint: c.Station.Checkpoint, Link: s.linkNow, Seen: func() {}, Now: time.Now, Log: s.log})
	}
	if s.tags, err = m.openTags(s); err != nil {
		return err
	}
	for i := range c.Devices {
		s.devices = append(s.devices, m.device(s, &c.Devices[i]))
	}
	m.metrics.station(s)
	s.metrics, s.version = m.metrics.handler(), m.Version
	return nil
}

func (s *station) close() {
	s.pages.close()
	s.voice.close()
}

func (s *station) parts() []part {
	parts := []part{{name: "the connection to the broker", run: s.talk, beside: true}, {name: "the detector", run: func(ctx context.Context) error {
		return every(ctx, 5*time.Second, func(now time.Time) { s.floor.Sweep(now) })
	}},
		{name: "what waits for a scan", run: func(ctx context.Context) error {
			return every(ctx, time.Second, s.life.Sweep)
		}},
		{name: "the outbox", run: s.endure}, {name: "the outbox's limits", run: s.watchLimits},
		{name: "the passes", run: s.tags.run},
		{name: "what is on disk", run: func(ctx context.Context) error {
			if err := s.remember(ctx, s.known); err != nil {
				s.log.Error("what is on disk can not be read: the checkpoint before can not be checked", "err", err)
			}
			return nil
		}}}
	for _, d := range s.devices {
		parts = append(parts, part{name: "device " + d.Name, run: func(ctx context.Context) error {
			if err := d.Run(ctx); err != nil && ctx.Err() == nil {
				// No waiting would cure it, and the others go on.
				s.log.Error("a device is out", "device", d.Name, "err", err)
				s.attached(d.Name, false, "", err.Error())
			}
			return nil
		}})
	}
	if s.screen != nil {
		mux := http.NewServeMux()
		mux.Handle("/", s.screen)
		mux.Handle("GET /metrics", s.metrics)
		mux.Handle("GET /api/v1/proof/{id}", s.proofs())
		mux.Handle("GET /healthz", healthz(s.health, s.version))
		parts = append(parts, part{name: "the screen", run: s.screen.Run, beside: true},
			part{name: "the screen's pages", run: func(ctx context.Context) error { return s.pages.serve(ctx, mux, s.log) }, beside: true})
	}
	return parts
}

// tell lets everybody hear what an operator was told: it is saved by now.
func (m *machine) tell(s *station, t scan.Told) {
	if t.Outcome == scan.NotSaved {
		if s.tags.told(t.Device) {
			return
		}
		t.Why = plainly(s.lastFailure())
	}
	if t.Number.Seq != 0 {
		s.room.scanned(t.At)
		s.saved(nil)
	}
	if s.screen != nil {
		s.screen.Tell(t)
	}
	if !t.Notice {
		m.metrics.told(t)
	}
	if m.Told != nil {
		m.Told(t)
	}
}

// device makes one configured device of the station.
func (m *machine) device(s *station, c *config.Device) *devices.Device {
	d := &devices.Device{
		Name: c.Name, Checkpoint: c.Checkpoint, Address: c.Port, Profile: c.Profile, Now: time.Now,
		Log:     s.log, // it names itself
		Scan:    func(x scan.Sighting) scan.Told { return s.life.Scan(m.Goodbye, x) },
		ScanAll: func(all []scan.Sighting) []scan.Told { return s.life.ScanAll(m.Goodbye, all) },
		State:   func(attached bool, port, reason string) { s.attached(c.Name, attached, port, reason) },
		Known:   func(i devices.Inventory) { s.inventory(c.Name, i) },
	}
	s.tags.serve(c, d)
	return d
}

// attached notes that a device came or went, and lets the birth say so.
func (s *station) attached(name string, attached bool, port, reason string) {
	s.mu.Lock()
	for i := range s.state {
		if d := &s.state[i]; d.Name == name {
			d.Attached, d.Reason, d.Since = attached, reason, time.Now()
			if port != "" {
				d.Port = port
			}
		}
	}
	s.mu.Unlock()
	if err := s.life.Note(&scan.Attachment{Attached: attached, Device: name, Port: port, Reason: reason}); err != nil {
		s.log.Warn("a device came or went, and it is not recorded", "device", name, "err", err)
	}
	s.change()
}

// inventory notes who a device is: which unit of which model, and whether it
// is set up as it should be.
func (s *station) inventory(name string, i devices.Inventory) {
	known := scan.Inventory{Model: i.Model, Serial: i.Serial, Firmware: i.Firmware, Mode: i.Mode, USB: i.USB, Socket: i.Socket,
		Temperature: i.Temperature, Trouble: i.Trouble}
	for _, d := range i.Drift {
		known.Drift = append(known.Drift, d.String())
	}
	if known.Model+known.Serial+known.Firmware+known.USB+known.Temperature == "" && len(known.Drift)+len(known.Trouble) == 0 {
		return // a mode alone is in the configuration
	}
	s.mu.Lock()
	note := scan.Attachment{Attached: true, Device: name, Inventory: known}
	for at := range s.state {
		if d := &s.state[at]; d.Name == name {
			d.Inventory, note.Port, note.Attached, note.Reason = known, d.Port, d.Attached, d.Reason
		}
	}
	s.mu.Unlock()
	s.log.Info("device known", "device", name, "model", known.Model, "serial", known.Serial, "firmware", known.Firmware)
	if err := s.life.Note(&note); err != nil {
		s.log.Warn("who a device is, is not recorded", "device", name, "err", err)
	}
	s.change()
}

// drift is how many settings of a device are not as they should be.
func (s *station) drift(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.state {
		if d.Name == name {
			return len(d.Drift)
		}
	}
	return 0
}

// saved notes what became of the last scan.
func (s *station) saved(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaved = err
}

func (s *station) lastFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsaved
}

// plainly says to an operator why a scan is not saved. The log has the rest.
func plainly(err error) string {
	switch {
	case errors.Is(err, outbox.ErrLimit):
		return "Too much waits to be confirmed: call whoever looks after this machine"
	case errors.Is(err, syscall.ENOSPC):
		return "The disk is full: call whoever looks after this machine"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "The disk can not be written: call whoever looks after this machine"
	}
	return "The disk is not in order: call whoever looks after this machine"
}

// health says why parcels can not be scanned here. A broker that is away is
// no such reason: scanpost_broker_connected tells of it.
func (s *station) health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved != nil {
		return fmt.Errorf("the last scan was not saved: %w", s.unsaved)
	}
	for _, d := range s.state {
		if !d.Attached {
			return fmt.Errorf("device %s is not there: %s", d.Name, cmp.Or(d.Reason, "not looked for yet"))
		}
	}
	return nil
}

func (s *station) devicesNow() []event.Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]event.Device{}, s.state...)
}

func (s *station) clockNow() event.Clock {
	c := s.clock.now()
	return event.Clock{Synced: c.Synced, OffsetMin: c.OffsetMin}
}

func (s *station) linkNow() scan.LinkView {
	l := s.link()
	l.Space = s.room.left(time.Now())
	return l
}

// fresh asks neighbours for a head and waits until all have said one, or for
// as long as an operator can be kept waiting.
func (s *station) fresh(ctx context.Context, stations []string) {
	since := time.Now()
	for _, name := range stations {
		s.down.AskHead(name)
	}
	timer := time.NewTimer(freshWait)
	defer timer.Stop()
	for {
		changed := s.floor.Changed()
		if s.floor.HeardSince(stations, since) {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
