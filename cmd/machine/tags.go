package machine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices/wire"
	"scanpost/scan"
	"scanpost/scan/identity"
	"scanpost/scan/identity/epc"
	"scanpost/scan/pass"
)

// tags makes scans of the tags that a station's readers hear:
//
//	reads, hundreds a second -> passes -> one scan for each, when it has ended
//
// Readers hand their reads over and go on; one goroutine settles the passes and
// waits for the disk. Passes that are under way are kept in a small file, one
// write for each, so that a power cut costs none; single reads are never stored.
type tags struct {
	*station
	file    string
	goodbye context.Context
	foreign map[string]bool // portals that record tags which are not GS1's
	ours    epc.Prefixes

	mu     sync.Mutex // Hear is called by the readers' goroutines
	hall   *pass.Hall
	events []pass.Event
	reader map[string]string // the device that heard last, by portal
	wake   chan struct{}

	unsaved []scan.Sighting // passes that the disk has not taken yet
}

// openTags prepares the portals, or returns nil if no device is a tag reader.
func (m *machine) openTags(s *station) (*tags, error) {
	t := &tags{
		station: s, file: filepath.Join(m.cfg.Station.Data, "passes.json"), goodbye: m.Goodbye,
		foreign: map[string]bool{}, reader: map[string]string{}, wake: make(chan struct{}, 1),
	}
	portals := map[string]pass.Portal{}
	for _, d := range m.cfg.Devices {
		portals[d.Checkpoint] = pass.Portal{Name: d.Checkpoint}
		for _, place := range d.Antennas {
			portals[place] = pass.Portal{Name: place}
		}
	}
	for _, p := range m.cfg.Portals {
		portals[p.At] = pass.Portal{
			Name: p.At, Gap: p.Gap, Dwell: p.Dwell, Rearm: p.Rearm, Absent: p.Absent, Threshold: p.Threshold,
			MinReads: p.Reads, SingleTarget: p.SingleTarget, Line: p.Line,
		}
		t.foreign[p.At] = p.Record
		t.ours = append(t.ours, p.Prefixes...)
	}
	var list []pass.Portal
	for _, place := range slices.Sorted(maps.Keys(portals)) {
		list = append(list, portals[place])
	}
	hall, err := pass.NewHall(list)
	if err != nil {
		return nil, err
	}
	t.hall = hall
	return t, nil
}

// heard takes what a reader heard.
func (t *tags) heard(d *config.Device) func([]wire.Read, time.Time) {
	return func(reads []wire.Read, at time.Time) {
		t.mu.Lock()
		for i := range reads {
			r := &reads[i]
			place := d.Checkpoint
			if elsewhere, is := d.Antennas[r.Antenna]; is {
				place = elsewhere
			}
			t.reader[place] = d.Name
			t.hall.Hear(&pass.Read{
				Portal: place, EPC: r.EPC, PC: r.PC, HasPC: r.HasPC, Antenna: r.Antenna,
				RSSI: r.RSSI, HasRSSI: r.HasRSSI, Relative: r.Relative, Count: r.Count,
			}, at)
		}
		t.take()
		t.mu.Unlock()
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// take moves the hall's events to where the other goroutine finds them.
func (t *tags) take() {
	for _, e := range t.hall.Events() {
		e.Pass.EPC = append([]byte(nil), e.Pass.EPC...)
		t.events = append(t.events, e)
	}
}

// run settles passes until the context ends.
func (t *tags) run(ctx context.Context) error {
	t.recover()
	kept := ""
	for {
		t.mu.Lock()
		next := t.hall.Sweep(time.Now())
		t.take()
		events, open := t.events, t.hall.Open()
		t.events = nil
		t.mu.Unlock()
		for _, e := range events {
			t.settle(&e)
		}
		t.again()
		kept = t.keep(open, kept)
		if len(t.unsaved) > 0 {
			next = time.Now().Add(time.Second)
		}
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
			return nil // what is under way is in the file
		}
	}
}

// settle makes of an event what the operator and the book are to hear.
func (t *tags) settle(e *pass.Event) {
	p := &e.Pass
	_, code := epc.Key(p.EPC, epc.PC(p.PC), t.ours)
	if code != "" && !t.foreign[p.Portal] {
		return
	}
	t.mu.Lock()
	device := t.reader[p.Portal]
	t.mu.Unlock()
	s := scan.Sighting{
		Code: string(p.EPC), Symbology: "epc", Device: device, Checkpoint: p.Portal, At: time.Now(),
		Pass: &scan.Pass{First: p.First, Last: p.Last, Reads: p.Reads, Antenna: p.Antenna, Direction: p.Direction.String(), PC: p.PC, Reason: p.Reason},
	}
	if p.HasRSSI {
		s.Pass.RSSI = p.RSSI
	}
	switch e.Kind {
	case pass.Confirmed:
		if t.screen != nil {
			id := t.life.Identify(s)
			t.screen.Tell(scan.Told{Outcome: scan.Passing, At: s.At, Unit: id.Unit, Code: s.Code, Device: device, Checkpoint: p.Portal})
		}
	case pass.Passed, pass.Parked:
		t.unsaved = append(t.unsaved, s)
	}
}

// again scans the passes that wait, until the disk does not take one.
func (t *tags) again() {
	for len(t.unsaved) > 0 {
		if told := t.life.Scan(t.goodbye, t.unsaved[0]); told.Outcome == scan.NotSaved {
			return
		}
		t.unsaved = t.unsaved[1:]
	}
	t.unsaved = nil
}

// keep writes the passes that are under way, if they are others than before.
func (t *tags) keep(open []pass.Pass, before string) string {
	which := ""
	for i := range open {
		which += open[i].Portal + "\x00" + string(open[i].EPC) + "\x00"
	}
	if which == before {
		return before
	}
	data, err := json.Marshal(open)
	if err == nil {
		err = writeWhole(t.file, data)
	}
	if err != nil {
		t.log.Warn("passes under way are not kept on disk", "err", err)
		return before
	}
	return which
}

// recover brings back the passes that were under way when the program ended.
func (t *tags) recover() {
	data, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var open []pass.Pass
	if err == nil {
		err = json.Unmarshal(data, &open)
	}
	if err != nil {
		t.log.Warn("passes that were under way can not be read", "err", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hall.Recover(open, time.Now())
	t.take()
}

// writeWhole puts a file in place, all of it or as it was.
func writeWhole(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".passes-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// identify says what a sighting is: a code or a tag.
func identify(id *identity.Identifier, x scan.Sighting) scan.Identity {
	if x.Pass != nil {
		return id.IdentifyEPC([]byte(x.Code), epc.PC(x.Pass.PC)).Identity()
	}
	return id.Identify(x.Code, x.AIM).Identity()
}
