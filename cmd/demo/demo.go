// Package demo is a whole warehouse in one process: a broker, a board, four
// stations with simulated scanners on real pseudo terminals, and parcels that
// move through them, some of them with a radio tag that a portal reads. It breaks things on purpose, keeps the truth about what
// it broke, and holds against it what can be seen from outside.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"scanpost/scan"
)

// Options are the demo's flags.
type Options struct {
	Duration time.Duration // zero: until stopped; else at least 40 s at speed 1
	Speed    float64       // 1 is a real floor's pace; up to 4
	Seed     uint64
	Check    bool // return ErrFailed if the report has problems
	JSON     bool
	Board    string // where the board listens; 127.0.0.1:8080 unless given
	Out      io.Writer
	Log      *slog.Logger
	Version  string
	Built    func(Site) // called once everything runs; may be nil
}

// Site is where a running demo can be looked at.
type Site struct {
	Board   string
	Screens []string
}

// window is how much is planned at a time when there is no end.
const window = 10 * time.Minute

// least is the shortest demo that holds every kind of fault.
const least = 50 * time.Second

// Run runs the demo for its duration, or until the context ends, and reports.
func Run(ctx context.Context, o Options) error {
	if o.Board == "" {
		o.Board = "127.0.0.1:8080"
	}
	if o.Speed <= 0 || o.Speed > 4 {
		return fmt.Errorf("--speed %g: want more than 0 and at most 4", o.Speed)
	}
	if shortest := time.Duration(float64(least) / o.Speed); o.Duration != 0 && o.Duration < shortest {
		return fmt.Errorf("--duration %s: want at least %s at this speed, so that the last fault can still be found", o.Duration, shortest)
	}
	found := newFindings()
	inner, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(errors.New("the demo is over"))
	stopBuild := context.AfterFunc(ctx, func() { stop(context.Cause(ctx)) })
	w, err := build(inner, o, found)
	if w != nil {
		defer w.close()
		defer stop(errors.New("the demo is over"))
	}
	if err != nil {
		return err
	}
	stopBuild() // from here on the demo ends in order: it still reports
	w.welcome()
	if o.Built != nil {
		o.Built(Site{Board: w.board, Screens: w.screens})
	}

	p := &player{warehouse: w, start: time.Now()}
	found.restart(p.start)
	err = p.play(ctx)
	if err != nil {
		return err
	}
	complete := p.settle(ctx)
	report := found.report(o, p, time.Since(p.start))
	if !complete && !o.Check {
		report.Problems = nil // stopped in the middle: what is not found yet says nothing
	}
	if err := w.stored(inner, report); err != nil {
		return err
	}
	if complete {
		if err := w.checkLinks(inner, p.linked, report); err != nil {
			return err
		}
	}
	if err := report.write(o.Out, o.JSON); err != nil {
		return err
	}
	if o.Check && len(report.Problems) > 0 {
		return fmt.Errorf("%w: %d problems", ErrFailed, len(report.Problems))
	}
	return nil
}

func (w *warehouse) welcome() {
	if w.o.JSON {
		return
	}
	fmt.Fprintf(w.o.Out, "The board:    %s\n", w.board)
	for i, s := range w.screens {
		fmt.Fprintf(w.o.Out, "%-13s %s\n", scan.Place(places[i])+":", s)
	}
	fmt.Fprintf(w.o.Out, "%s is a portal as well: about every second parcel has a radio tag that is read there as it passes, and the others are scanned by hand.\n", scan.Place(places[portalPlace]))
	fmt.Fprintf(w.o.Out, "Seed %d. ", w.o.Seed)
	if w.o.Duration == 0 {
		fmt.Fprintln(w.o.Out, "Ctrl-C ends the demo.")
	} else {
		fmt.Fprintf(w.o.Out, "It ends by itself after %s.\n", w.o.Duration)
	}
}

// player makes the planned things happen when they are due.
type player struct {
	*warehouse
	start   time.Time
	parcels int
	faults  []Fault
	tags    []tagged
	linked  []parcel
	whole   bool // every plan was played to its end
}

// play plays until the duration is over or the context ends.
func (p *player) play(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	end := time.Duration(float64(p.o.Duration) * p.o.Speed)
	for from, round := time.Duration(0), uint64(0); ; round++ {
		to := end
		if end == 0 {
			to = from + window
		}
		plan := makePlan(p.o.Seed+round, from, to, p.parcels)
		p.parcels += plan.Parcels
		p.field.put(plan, p.o.Seed+round, p.start, p.o.Speed)
		next := 0
		for _, a := range plan.acts {
			timer.Reset(time.Until(p.start.Add(time.Duration(float64(a.at) / p.o.Speed))))
			select {
			case <-timer.C:
			case err := <-p.failed:
				return err
			case <-ctx.Done():
				p.faults = append(p.faults, plan.Faults[:next]...)
				p.tags = append(p.tags, plan.tagsBy(time.Duration(float64(time.Since(p.start))*p.o.Speed))...)
				return nil
			}
			if err := p.do(a); err != nil {
				return fmt.Errorf("%s at %s: %w", a.do, places[a.place], err)
			}
			for next < len(plan.Faults) && plan.Faults[next].At <= a.at {
				p.say(&plan.Faults[next])
				next++
			}
		}
		p.faults = append(p.faults, plan.Faults...)
		p.tags = append(p.tags, plan.tags...)
		p.linked = append(p.linked, plan.linked...)
		if end != 0 {
			p.whole = true
			return nil
		}
		from = to
	}
}

func (p *player) say(f *Fault) {
	if p.o.JSON {
		return
	}
	at := time.Duration(float64(f.At) / p.o.Speed).Round(100 * time.Millisecond)
	fmt.Fprintf(p.o.Out, "%7s  %s at %s %s\n", at, f.Kind, scan.Place(f.Place), f.Unit)
}

// settle waits until everything is found and has arrived, or until it is
// clear that it will not be. It reports whether the plan was played whole.
func (p *player) settle(ctx context.Context) bool {
	if !p.whole {
		return false
	}
	var last time.Duration
	for i := range p.faults {
		last = max(last, p.faults[i].Known)
	}
	patience := time.NewTimer(time.Until(p.start.Add(time.Duration(float64(last)/p.o.Speed) + 20*time.Second)))
	defer patience.Stop()
	for !p.found.complete(p.faults) {
		select {
		case <-p.found.changed:
		case <-patience.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	timer := time.NewTimer(time.Until(p.start.Add(p.o.Duration)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

// restart sets the moment from which the findings' times count.
func (f *findings) restart(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.start = at
}

// complete reports whether there is nothing left to wait for.
func (f *findings) complete(faults []Fault) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range faults {
		if _, found := f.found(&faults[i]); !found {
			return false
		}
	}
	for id := range f.saved {
		if _, here := f.arrived[id]; !here {
			return false
		}
	}
	return true
}

// stored holds the board's own word against the report: it must have stored
// what it was sent.
func (w *warehouse) stored(ctx context.Context, r *Report) error {
	stations, err := w.stations(ctx)
	if err != nil {
		return err
	}
	if r.Problems == nil {
		return nil
	}
	for _, s := range stations {
		if s.Backlog != 0 {
			r.Problems = append(r.Problems, fmt.Sprintf("the board lacks %d of the %d events of %s", s.Backlog, s.Last, s.Name))
		}
	}
	return nil
}

// stations asks the board for its stations.
func (w *warehouse) stations(ctx context.Context) ([]scan.StationView, error) {
	var answer struct{ Stations []scan.StationView }
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.board+"/api/v1/stations", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the board for its stations: %w", err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("ask the board for its stations: %w", err)
	}
	return answer.Stations, nil
}

// screenAddress is where a station's screen listens: the four ports from 7071
// on, or any free one where the board has any free one.
func screenAddress(board string, i int) string {
	host, port, err := net.SplitHostPort(board)
	if err != nil || port == "0" {
		return net.JoinHostPort(host, "0")
	}
	return net.JoinHostPort(host, strconv.Itoa(7071+i))
}
