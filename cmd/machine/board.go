package machine

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"scanpost/scan"
	webboard "scanpost/scan/board"
	"scanpost/sync/downlink"
	"scanpost/sync/uplink"
)

// boardName is the name that is reserved for the board.
const boardName = "board"

// board is the machine as a board: it hears every station, judges, shows, and
// says what it found as a station of its own.
type board struct {
	*voice
	board *webboard.Board
	pages *pages
	log   *slog.Logger

	mu     sync.Mutex
	said   map[string]string // by gap: what was last said of it, so that a restart says nothing twice
	unsaid []scan.GapChange  // what could not be written yet, in its order
	fail   error             // why it could not
}

func (m *machine) openBoard(own *embedded) (*board, error) {
	log := m.Log.With("station", boardName)
	folder := m.data(boardName)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("make the board's folder: %w (look at [station] data)", err)
	}
	var b *board
	err := despite(folder, log, func() error {
		v, err := m.openVoice(boardName, folder, "", log)
		if err != nil {
			return err
		}
		b = &board{voice: v, log: log, said: map[string]string{}}
		if err = m.wireBoard(b, own); err != nil {
			b.close()
		}
		return err
	})
	return b, err
}

func (m *machine) wireBoard(b *board, own *embedded) error {
	var err error
	if b.pages, err = m.pages("board", m.cfg.Board.Listen); err != nil {
		return err
	}
	m.info.Board = b.pages.addr()
	if err := m.connect(b.voice, own, uplink.Options{Required: others(m.cfg.Station.Consumers)}, downlink.Options{Consumer: boardName}); err != nil {
		return err
	}
	// What was said of each gap, and decided, is in the board's own log; of one
	// that was damaged, what could be rescued.
	last := map[string]scan.Gap{}
	note := func(ev scan.Event) {
		if g, ok := ev.Entry.(*scan.GapChange); ok {
			last[g.Gap.ID] = g.Gap
		}
	}
	if err := b.rescue(context.Background(), note); err != nil {
		return err
	}
	stats := b.outbox.Stats()
	if err := b.history(stats.First, stats.Last, note); err != nil {
		return err
	}
	for id, g := range last {
		b.said[id] = saying(&g)
		if d, decided := decisionOf(&g); decided {
			b.floor.Restore(d)
		}
	}
	if err := b.down.Load(); err != nil {
		return err
	}
	close(b.loaded)
	b.judge(m.started)
	m.metrics.board(b)
	b.board = webboard.New(webboard.Options{Site: m.cfg.Station.Site, Source: b, Now: time.Now, Log: b.log, Version: m.Version,
		Metrics: m.metrics.handler(), Health: b.health, Keys: keys{b}})
	return nil
}

// others are the consumers that the board's own log waits for: not itself.
func others(consumers []string) []string {
	return slices.DeleteFunc(slices.Clone(consumers), func(c string) bool { return c == boardName })
}

func (b *board) close() {
	b.pages.close()
	b.voice.close()
}

func (b *board) parts() []part {
	return []part{
		{name: "the board's connection to the broker", run: b.talk},
		{name: "the detector", run: func(ctx context.Context) error { return every(ctx, time.Second/4, b.judge) }},
		{name: "the outbox", run: b.endure},
		{name: "the board", run: b.board.Run},
		{name: "the board's pages", run: func(ctx context.Context) error { return b.pages.serve(ctx, b.board, b.log) }},
	}
}

// judge lets the floor judge, and writes what changed into the board's log,
// from where it reaches everybody. It holds the board's lock throughout, so
// that what a person decides and what the floor finds are said in the order
// in which they happened. What can not be written waits for the next time.
func (b *board) judge(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sayAll(now)
}

// sayAll is judge for who holds the lock.
func (b *board) sayAll(now time.Time) {
	b.unsaid = append(b.unsaid, b.floor.Sweep(now)...)
	for len(b.unsaid) > 0 {
		if err := b.say(&b.unsaid[0]); err != nil {
			if b.fail == nil {
				b.log.Error("gaps can not be recorded: they are shown, and sent when they can", "err", err)
			}
			b.fail = err
			b.look(err)
			return
		}
		b.unsaid = b.unsaid[1:]
	}
	b.fail, b.unsaid = nil, nil
}

func (b *board) say(c *scan.GapChange) error {
	now := saying(&c.Gap)
	before, known := b.said[c.Gap.ID]
	if before == now || !known && c.Change == "closed" {
		return nil
	}
	if _, err := b.outbox.Write(c); err != nil {
		return err
	}
	b.said[c.Gap.ID] = now
	return nil
}

// saying is what there is to say about a gap: two equal ones say nothing new.
func saying(g *scan.Gap) string {
	return fmt.Sprint(g.Kind, g.State, g.ClosedAs, g.By, slices.Sorted(slices.Values(g.WaitingFor)))
}

func decisionOf(g *scan.Gap) (scan.Decision, bool) {
	d := scan.Decision{Gap: g.ID, By: g.By, Reason: g.Cause, At: g.ClosedAt}
	switch {
	case g.State == scan.Closed && g.ClosedAs == scan.ClosedResolved:
		d.Do = "resolve"
	case g.State == scan.Closed && g.ClosedAs == scan.ClosedWaived:
		d.Do = "waive"
	default:
		return scan.Decision{}, false
	}
	return d, true
}

// Decide saves a person's decision, and only then shows it.
func (b *board) Decide(d scan.Decision) (scan.Gap, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if d.At.IsZero() {
		d.At = now
	}
	b.sayAll(now) // what happened before it
	if b.fail != nil {
		return scan.Gap{}, fmt.Errorf("the decision can not be saved: %w", b.fail)
	}
	change, err := b.floor.Decide(d, now)
	if err != nil {
		return scan.Gap{}, err
	}
	b.sayAll(now)
	if b.fail != nil {
		undo := "reopen"
		if d.Do == "reopen" {
			undo = "resolve"
		}
		b.floor.Decide(scan.Decision{Gap: d.Gap, Do: undo, By: d.By, At: now}, now)
		return scan.Gap{}, fmt.Errorf("the decision is not saved: %w", b.fail)
	}
	return change.Gap, nil
}

// health says why the board can not be relied on.
func (b *board) health() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return fmt.Errorf("gaps can not be recorded: %w", b.fail)
	}
	if l := b.link(); !l.Online {
		return fmt.Errorf("the board hears nobody: %s", l.Why)
	}
	return nil
}

func (b *board) Summary(now time.Time) scan.Summary                   { return b.floor.Summary(now) }
func (b *board) Gaps(f scan.GapFilter) []scan.Gap                     { return b.floor.Gaps(f) }
func (b *board) Gap(id string) (scan.Gap, bool)                       { return b.floor.Gap(id) }
func (b *board) Unit(key string, now time.Time) (scan.UnitView, bool) { return b.floor.Unit(key, now) }
func (b *board) Find(part string, most int) []string                  { return b.floor.Find(part, most) }
func (b *board) Stations(now time.Time) []scan.StationView            { return b.floor.Stations(now) }
func (b *board) Changed() <-chan struct{}                             { return b.floor.Changed() }
