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
	beside bool // scanning goes on without it
}

// run opens what the configuration names, the station first, and lets each
// role run as soon as it is open.
func (m *machine) run(ctx context.Context) error {
	m.metrics = newMetrics()
	g := newGroup(ctx, m)
	if err := m.open(ctx, g); err != nil {
		g.stop(err)
	} else {
		if m.Ready != nil {
			m.Ready(m.info)
		}
		m.Log.Info("running", "site", m.cfg.Station.Site, "station", m.cfg.Station.Name, "board", m.info.Board, "screen", m.info.Screen, "broker", m.info.Broker)
	}
	return g.wait()
}

func (m *machine) open(ctx context.Context, g *group) error {
	scans := len(m.cfg.Devices) > 0
	// Where there is scanning to be done, broker and board are no reason not to.
	unlessScanning := func(what string, err error) error {
		if err != nil && scans {
			m.Log.Error(what+" is out; scanning goes on", "err", err)
			return nil
		}
		return err
	}
	m.watchCertificates(g)
	var own *embedded
	if m.cfg.Broker != nil {
		b, err := m.openBroker(ctx)
		if err := unlessScanning("the broker", err); err != nil {
			return err
		}
		if b != nil {
			own, m.info.Broker = b, b.addr
			g.after(b.stop)
		}
		g.run(part{"broker", func(ctx context.Context) error { return m.keepBroker(ctx, b) }, true})
	}
	if scans {
		s, err := m.openStation(own)
		if err != nil {
			return err
		}
		g.after(s.close)
		g.run(s.parts()...)
	}
	if m.cfg.Board != nil {
		b, err := m.openBoard(own)
		if err := unlessScanning("the board", err); err != nil {
			return err
		}
		if b != nil {
			g.after(b.close)
			for _, p := range b.parts() {
				p.beside = true
				g.run(p)
			}
		}
	}
	return nil
}

// group is the parts that run, and what is to be closed when all have ended.
type group struct {
	m       *machine
	ctx     context.Context
	stop    context.CancelCauseFunc
	all     sync.WaitGroup
	closers []func()
}

func newGroup(ctx context.Context, m *machine) *group {
	g := &group{m: m}
	g.ctx, g.stop = context.WithCancelCause(ctx)
	return g
}

// after says what to close when all parts have ended, the last first.
func (g *group) after(f func()) { g.closers = append(g.closers, f) }

// run starts parts. A part that fails ends all; but where there is scanning
// to be done, only one that scanning needs does.
func (g *group) run(parts ...part) {
	for _, p := range parts {
		g.all.Go(func() {
			err := p.run(g.ctx)
			var damaged *damagedError // begins anew, all together
			switch {
			case err == nil || g.ctx.Err() != nil:
			case p.beside && len(g.m.cfg.Devices) > 0 && !errors.As(err, &damaged):
				g.m.Log.Error("a part of this machine has failed; scanning goes on", "reason", p.name, "err", err)
			default:
				g.stop(fmt.Errorf("%s: %w", p.name, err))
			}
		})
	}
}

// wait waits until the context ends or a part has failed, and closes.
func (g *group) wait() error {
	<-g.ctx.Done()
	g.all.Wait()
	for i := len(g.closers) - 1; i >= 0; i-- {
		g.closers[i]()
	}
	return context.Cause(g.ctx)
}

// keepBroker keeps the embedded broker running. On a machine that scans it
// begins anew when it has failed, or when its port is free at last; on another
// its failure is the machine's.
func (m *machine) keepBroker(ctx context.Context, b *embedded) error {
	for {
		if b != nil {
			err := b.wait(ctx)
			if err == nil || ctx.Err() != nil || len(m.cfg.Devices) == 0 {
				return err
			}
			m.Log.Error("the broker has failed and begins anew; scanning goes on", "err", err)
		}
		if !again(ctx) {
			return nil
		}
		var err error
		if b, err = m.openBroker(ctx); err == nil {
			defer b.stop()
		}
	}
}

// again waits a moment before something is tried again; false means that the
// context has ended.
func again(ctx context.Context) bool {
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
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
		b.err = broker.Run(run, broker.Options{Listen: m.cfg.Broker.Listen, Users: m.cfg.Broker.Users, May: m.cfg.BrokerRules(), TLS: m.cfg.Broker.TLS(), Log: m.Log,
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
