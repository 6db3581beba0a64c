package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"scanpost/cmd/config"
	"scanpost/cmd/machine"
	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/mqtt"
)

// warehouse is five machines in one process: an office with broker and
// board, and four stations. Each has a configuration file, a data folder, a
// scanner on a pseudo terminal and a cable to the broker of its own, and runs
// through the same code as scanpost run. The station of label reads radio tags
// as well.
type warehouse struct {
	o        Options
	dir      string
	scanners []scanner
	reader   *sim.Mercury // of the portal
	field    *field       // and what it hears
	cables   []*relay
	screens  []string
	board    string
	found    *findings

	running sync.WaitGroup
	failed  chan error // the first machine that ended
}

// build starts everything and returns when every station has been heard.
func build(ctx context.Context, o Options, found *findings) (*warehouse, error) {
	dir, err := os.MkdirTemp("", "scanpost-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	w := &warehouse{o: o, dir: dir, found: found, failed: make(chan error, 1)}
	office, err := w.run(ctx, "office", w.office(), nil)
	if err != nil {
		return w, err
	}
	w.board = "http://" + office.Board
	// Before the stations, whose first event is that their scanner is there.
	if err := w.listen(ctx, office.Broker); err != nil {
		return w, err
	}
	if w.reader, w.field, err = newPortal(filepath.Join(dir, "portal.tty")); err != nil {
		return w, err
	}
	for i, place := range places {
		scanner, err := benches[i].plug(filepath.Join(dir, place+".tty"))
		if err != nil {
			return w, err
		}
		w.scanners = append(w.scanners, scanner)
		cable, err := newRelay(office.Broker)
		if err != nil {
			return w, err
		}
		w.cables = append(w.cables, cable)
		w.running.Go(func() { cable.run(ctx) })
		name := stationAt(place)
		info, err := w.run(ctx, name, w.station(i), func(t scan.Told) { found.heardTold(name, t) })
		if err != nil {
			return w, err
		}
		w.screens = append(w.screens, "http://"+info.Screen)
	}
	return w, w.awaitStations(ctx)
}

// close removes what the demo made, once everything has ended.
func (w *warehouse) close() {
	for _, s := range w.scanners {
		s.Close()
	}
	if w.reader != nil {
		w.reader.Close()
	}
	w.running.Wait()
	os.RemoveAll(w.dir)
}

// run starts one machine from the text of its configuration.
func (w *warehouse) run(ctx context.Context, name, text string, told func(scan.Told)) (machine.Info, error) {
	file := filepath.Join(w.dir, name+".toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return machine.Info{}, err
	}
	cfg, err := config.Load(file)
	if err != nil {
		return machine.Info{}, err
	}
	ready := make(chan machine.Info, 1)
	w.running.Go(func() {
		err := machine.Run(ctx, cfg, machine.Options{Log: w.o.Log.With("machine", name), Version: w.o.Version, Goodbye: ctx,
			Ready: func(i machine.Info) { ready <- i }, Told: told})
		if ctx.Err() == nil {
			select {
			case w.failed <- fmt.Errorf("%s: %w", name, err):
			default:
			}
		}
	})
	select {
	case info := <-ready:
		return info, nil
	case err := <-w.failed:
		return machine.Info{}, err
	case <-ctx.Done():
		return machine.Info{}, context.Cause(ctx)
	}
}

// scaled is a duration of the demo's rules at its speed.
func (w *warehouse) scaled(d time.Duration) string {
	return time.Duration(float64(d) / w.o.Speed).String()
}

func (w *warehouse) rules() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[rules]\nmargin = %q\ntransit = %q\nsilent_after = %q\nhead_every = %q\n\n",
		w.scaled(3*time.Second), w.scaled(5*time.Second), w.scaled(10*time.Second), w.scaled(2*time.Second))
	fmt.Fprintf(&b, "[[journey]]\nname = \"outbound\"\nsteps = [")
	for i, place := range places {
		if i == 0 {
			fmt.Fprintf(&b, "{ at = %q }", place)
		} else {
			fmt.Fprintf(&b, ", { at = %q, within = %q }", place, w.scaled(legLimit))
		}
	}
	b.WriteString("]\n\n")
	for _, place := range places {
		fmt.Fprintf(&b, "[[neighbour]]\nname = %q\ncheckpoints = [%q]\n\n", stationAt(place), place)
	}
	return b.String()
}

func (w *warehouse) office() string {
	return fmt.Sprintf("[station]\nsite = \"demo\"\ndata = %q\n\n[broker]\nlisten = \"127.0.0.1:0\"\n\n[board]\nlisten = %q\n\n%s",
		filepath.Join(w.dir, "office"), w.o.Board, w.rules())
}

func (w *warehouse) station(i int) string {
	place, portal := places[i], ""
	if i == portalPlace {
		portal = w.portal()
	}
	return fmt.Sprintf("[station]\nsite = \"demo\"\nname = %q\ncheckpoint = %q\ndata = %q\nrepeat = %q\n\n"+
		"[[device]]\nname = \"hand\"\nprofile = %q\nport = %q\n\n%s[mqtt]\nurl = \"mqtt://%s\"\n\n[screen]\nlisten = %q\n\n%s",
		stationAt(place), place, filepath.Join(w.dir, place), w.scaled(500*time.Millisecond),
		benches[i].profile, w.scanners[i].Address(), portal, w.cables[i].addr(), screenAddress(w.o.Board, i), w.rules())
}

// portal is the tag reader of label.
func (w *warehouse) portal() string {
	return fmt.Sprintf("[[device]]\nname = \"portal\"\nprofile = %q\nport = %q\noptions = { region = \"eu3\", antennas = [1, 2] }\n\n"+
		"[[portal]]\nat = %q\ngap = %q\ndwell = %q\nline = [1, 2]\n\n[[link]]\nat = %q\nwithin = \"5s\"\n\n",
		portalProfile, w.reader.Address(), places[portalPlace], gapAt(w.o.Speed), dwellAt(w.o.Speed), places[portalPlace])
}

// listen receives what a tracking system would.
func (w *warehouse) listen(ctx context.Context, broker string) error {
	link, err := mqtt.Dial(ctx, mqtt.Options{URL: "mqtt://" + broker, ClientID: "tracking", Log: w.o.Log})
	if err != nil {
		return err
	}
	if err := link.Subscribe(ctx, func(m mqtt.Message) { w.found.received(m.Topic, m.Payload) }, "scanpost/v1/demo/+/evt"); err != nil {
		return err
	}
	w.running.Go(func() {
		select {
		case <-ctx.Done():
		case <-link.Done():
		}
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		link.Close(bye)
	})
	return nil
}

// awaitStations waits until the board has heard every station and its
// devices.
func (w *warehouse) awaitStations(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	for {
		stations, err := w.stations(ctx)
		if err != nil {
			return err
		}
		heard := 0
		for _, s := range stations {
			want := 1
			if s.Name == stationAt(places[portalPlace]) {
				want = 2
			}
			attached := !slices.ContainsFunc(s.Devices, func(d scan.DeviceView) bool { return !d.Attached })
			if s.Online && !s.Silent && !s.HeardTo.IsZero() && len(s.Devices) == want && attached {
				heard++
			}
		}
		if heard == len(places) {
			return nil
		}
		select {
		case <-tick.C:
		case err := <-w.failed:
			return err
		case <-patience.C:
			return fmt.Errorf("after 30 s the board has heard %d of %d stations: %+v", heard, len(places), stations)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// do makes one thing happen.
func (w *warehouse) do(a act) error {
	switch a.do {
	case "scan":
		aim, code := scan.CutAIM(a.code)
		return w.scanners[a.place].Scan(aim, code)
	case "cut":
		w.cables[a.place].Cut()
	case "mend":
		w.cables[a.place].Mend()
	case "unplug":
		return w.scanners[a.place].Unplug()
	case "plug":
		return w.scanners[a.place].Replug()
	default:
		return errors.New("the demo has no act " + a.do)
	}
	return nil
}
