// Package machine runs one machine's role: the configuration's sections
// become a broker, a station and a board, wired to each other and started in
// the order in which they need each other. Run is what scanpost run does, and
// what the demo does five times.
package machine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan"
	"scanpost/sync/broker"
)

// Options are what a machine needs beside its configuration.
type Options struct {
	Log     *slog.Logger
	Version string
	Goodbye context.Context // cancelled by a second Ctrl-C: what is not sent by now waits on disk
	Ready   func(Info)      // called once, when everything listens and scanning works; may be nil
	Told    func(scan.Told) // hears what the operators are told; may be nil
}

// Info says where a running machine can be reached; empty where it has no
// such role.
type Info struct {
	Broker, Board, Screen string // host:port
}

// Run runs the machine until the context ends or something it can not do
// without fails. Scanning is never one of the things that another's failure
// stops: broker and board are waited for, not depended on.
func Run(ctx context.Context, cfg *config.Config, o Options) error {
	if o.Goodbye == nil {
		o.Goodbye = context.Background()
	}
	var err error
	for again := true; again; {
		m := &machine{Options: o, cfg: cfg, started: time.Now()}
		err = m.run(ctx)
		// A file that breaks while we run is as little a reason to stop as one
		// that is found broken at start.
		var damaged *damagedError
		again = errors.As(err, &damaged) && ctx.Err() == nil
		if again {
			if err := setAside(damaged.folder, damaged.log, damaged.err); err != nil {
				return err
			}
			o.Ready = nil // called once
		}
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return nil
	}
	return err
}

type machine struct {
	Options
	cfg     *config.Config
	started time.Time
	info    Info
	metrics *metrics
}

// part is something that runs until it is told to stop.
type part struct {
	name   string
	run    func(context.Context) error
	beside bool // not a station's: a station goes on without it
}

func (m *machine) run(ctx context.Context) error {
	var parts []part
	closers := []func(){}
	defer func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}()
	m.metrics = newMetrics()

	var brokerUp *embedded
	if m.cfg.Broker != nil {
		b, err := m.openBroker(ctx)
		if err != nil {
			return err
		}
		brokerUp = b
		m.info.Broker = b.addr
		closers = append(closers, b.stop)
		parts = append(parts, part{"broker", b.wait, true})
	}
	if m.cfg.Board != nil {
		b, err := m.openBoard(brokerUp)
		if err != nil {
			return err
		}
		closers = append(closers, b.close)
		for _, p := range b.parts() {
			p.beside = true
			parts = append(parts, p)
		}
	}
	if len(m.cfg.Devices) > 0 {
		s, err := m.openStation(brokerUp)
		if err != nil {
			return err
		}
		closers = append(closers, s.close)
		parts = append(parts, s.parts()...)
	}
	if m.Ready != nil {
		m.Ready(m.info)
	}
	m.Log.Info("running", "site", m.cfg.Station.Site, "station", m.cfg.Station.Name, "board", m.info.Board, "screen", m.info.Screen, "broker", m.info.Broker)
	return m.together(ctx, parts)
}

// together runs parts until the context ends or one fails, and waits for all.
// Where there is scanning to be done, nothing else's failure ends it.
func (m *machine) together(ctx context.Context, parts []part) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for _, p := range parts {
		all.Go(func() {
			err := p.run(ctx)
			var damaged *damagedError // begins anew, all together
			switch {
			case err == nil || ctx.Err() != nil:
			case p.beside && len(m.cfg.Devices) > 0 && !errors.As(err, &damaged):
				m.Log.Error("a part of this machine has failed; scanning goes on", "reason", p.name, "err", err)
			default:
				stop(fmt.Errorf("%s: %w", p.name, err))
			}
		})
	}
	<-ctx.Done()
	all.Wait()
	return context.Cause(ctx)
}

// embedded is the machine's own broker. It stops after everything that talks
// to it has said goodbye.
type embedded struct {
	addr string
	stop func()
	done chan struct{}
	err  error
}

func (m *machine) openBroker(ctx context.Context) (*embedded, error) {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b := &embedded{done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		defer close(b.done)
		b.err = broker.Run(run, broker.Options{Listen: m.cfg.Broker.Listen, Users: m.cfg.Broker.Users, Log: m.Log,
			Ready: func(addr string) { ready <- addr }})
	}()
	b.stop = func() { cancel(); <-b.done }
	select {
	case b.addr = <-ready:
		return b, nil
	case <-b.done:
		cancel()
		return nil, b.err
	}
}

func (b *embedded) wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return nil
	}
}

// data is a folder under the machine's data folder.
func (m *machine) data(parts ...string) string {
	return filepath.Join(append([]string{m.cfg.Station.Data}, parts...)...)
}

// rules are what this machine judges by, as self (empty for the board).
func (m *machine) rules(self string) scan.Rules {
	c := m.cfg
	return scan.Rules{Site: c.Station.Site, Self: self, Journeys: c.Journeys, Neighbours: c.Neighbours, Margin: c.Rules.Margin,
		Transit: c.Rules.Transit, SilentAfter: c.Rules.SilentAfter, Started: m.started}
}
