package pass_test

import (
	"fmt"
	"iter"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan/pass"
)

var start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// truth is a pass as it really was: crossings with less than Rearm between
// them are one.
type truth struct {
	sim.Crossing
	found bool
}

type key struct{ portal, epc string }

func truths(w *sim.World) map[key][]*truth {
	all := map[key][]*truth{}
	for _, c := range w.Crossings() {
		k := key{c.Gantry, string(c.EPC)}
		if n := len(all[k]); n > 0 && c.Enter-all[k][n-1].Exit < 5*time.Second {
			before := all[k][n-1]
			before.Exit, before.Reads = c.Exit, before.Reads+c.Reads
			before.Way = 0
			continue
		}
		all[k] = append(all[k], &truth{Crossing: c})
	}
	return all
}

// find is the pass that an event tells of. A tag is heard half again as far
// away as it is under the gantry.
func find(all []*truth, p *pass.Pass) *truth {
	for _, c := range all {
		margin := (c.Exit-c.Enter)*2/3 + time.Second
		if !c.found && !start.Add(c.Enter-margin).After(p.Last) && !start.Add(c.Exit+margin).Before(p.First) {
			return c
		}
	}
	return nil
}

// outcome is what came of a storm.
type outcome struct {
	reads, passes, counted, missed, recorded, wrong int
	directed, decided, backwards                    int
	grouped, misplaced                              int // with a gate: in another parcel's opening
}

// replay is what a hall is told while a world's time goes by.
func replay(world *sim.World, portals []pass.Portal, start time.Time) iter.Seq2[time.Time, func(*pass.Hall, time.Time)] {
	return func(yield func(time.Time, func(*pass.Hall, time.Time)) bool) {
		var heard sim.Instant
		move := func(hall *pass.Hall, now time.Time) {
			portal := portals[heard.Gantry].Name
			if tag := &heard.Tag; tag.EPC != nil {
				hall.Hear(&pass.Read{Portal: portal, EPC: tag.EPC, PC: tag.PC, HasPC: true, Antenna: tag.Antenna, RSSI: tag.RSSI, HasRSSI: true}, now)
			} else {
				hall.Gate(portal, heard.Open, now)
			}
		}
		for {
			var ok bool
			if heard, ok = world.Next(); !ok || !yield(start.Add(heard.At), move) {
				return
			}
		}
	}
}

// reads are all that a hall has heard.
func reads(h *pass.Hall) (n uint64) {
	for _, c := range h.Counters() {
		n += c.Reads
	}
	return n
}

// storm lets a condition's traffic pass and compares what was told with what was.
func storm(t testing.TB, c condition, seed uint64) outcome {
	made := newTraffic(seed)
	c.make(made, c.passes)
	hall, err := pass.NewHall(made.portals)
	if err != nil {
		t.Fatal(err)
	}
	world := sim.NewWorld(made.Scene)
	var o outcome
	var told []pass.Event
	var last time.Time
	hall.Sweep(start) // a minute before anything comes
	for now, move := range replay(world, made.portals, start) {
		move(hall, now)
		hall.Sweep(now)
		told = append(told, hall.Events()...)
		last = now
	}
	o.reads = int(reads(hall))
	hall.Sweep(last.Add(time.Hour))
	told = append(told, hall.Events()...)
	o.judge(t, world, told, c)
	return o
}

func (o *outcome) judge(t testing.TB, world *sim.World, told []pass.Event, c condition) {
	all := truths(world)
	for _, e := range told {
		if e.Kind != pass.Passed && e.Kind != pass.Parked {
			continue
		}
		o.recorded++
		p := &e.Pass
		really := find(all[key{p.Portal, string(p.EPC)}], p)
		if really == nil {
			o.wrong++
			trouble(t, "%v, but it did not: %+v\n%s", e.Kind, *p, show(all, p.EPC))
			continue
		}
		really.found = true
		if p.Group != 0 {
			o.grouped++
			middle := start.Add((really.Enter + really.Exit) / 2)
			if late := middle.Sub(time.UnixMilli(p.Group)); late < 0 || late > 600*time.Millisecond {
				o.misplaced++ // its middle is 0.13 to 0.29 s after it has reached the photo-eye
			}
		}
		if e.Kind == pass.Parked || really.Way == 0 {
			continue
		}
		o.directed++
		if p.Direction != pass.Unknown {
			o.decided++
			if (p.Direction == pass.Forward) != (really.Way == 1) {
				o.backwards++
				trouble(t, "the other way: %+v\n%s", *p, show(all, p.EPC))
			}
		}
	}
	for _, list := range all {
		for _, really := range list {
			o.passes++
			if really.Reads < c.reads {
				continue
			}
			o.counted++
			if !really.found {
				o.missed++
				trouble(t, "missed:%s", show(all, really.EPC))
			}
		}
	}
}

// trouble says what went wrong, for those who look for the cause.
func trouble(t testing.TB, format string, args ...any) {
	if os.Getenv("SCANPOST_STORM_TROUBLE") != "" {
		t.Logf(format, args...)
	}
}

func show(all map[key][]*truth, epc []byte) string {
	var b strings.Builder
	for k, list := range all {
		if k.epc == string(epc) {
			for _, c := range list {
				fmt.Fprintf(&b, " %s: %v to %v, way %d, %d reads, found %v;", k.portal, start.Add(c.Enter).Format("15:04:05.0"), start.Add(c.Exit).Format("15:04:05.0"), c.Way, c.Reads, c.found)
			}
		}
	}
	return b.String()
}

// What passes is told once, with its direction, and nothing else is: in each
// condition to the part that its floor says, and to two more cases, since the
// traffic is small. With -v it prints the table of docs/performance.md; with
// SCANPOST_STORM_SEEDS=8, as there, over eight times the full traffic.
func TestStorms(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("SCANPOST_STORM_SEEDS"))
	part := 1
	if seeds == 0 {
		seeds, part = 1, 3
	}
	if testing.Short() {
		part = 10
	}
	var total outcome
	t.Log("| condition | passes | read often enough | reads | recorded | recall | precision | direction known | and right |")
	for _, c := range conditions {
		var o outcome
		c.passes /= part
		for seed := range seeds {
			o.add(storm(t, c, uint64(seed)+1))
		}
		total.add(o)
		t.Log(o.row(c.name))
		if o.grouped > 0 {
			t.Logf("%s: %s in their own parcel's opening", c.name, percent(o.misplaced, o.grouped))
			o.atLeast(t, c.name+": in another parcel's opening", o.misplaced, o.grouped, 94) // parcels of different speeds may touch and share one
		}
		o.atLeast(t, c.name+": missed", o.missed, o.counted, c.floor.recall)
		o.atLeast(t, c.name+": wrong", o.wrong, o.recorded, c.floor.precision)
		o.atLeast(t, c.name+": the other way", o.backwards, o.decided, c.floor.direction)
	}
	t.Log(total.row("all"))
	if total.passes < 10_000 && !testing.Short() {
		t.Errorf("%d passes, want at least 10000", total.passes)
	}
}

func (o *outcome) atLeast(t *testing.T, what string, bad, of int, floor float64) {
	if most := int((100-floor)/100*float64(of)) + 2; floor > 0 && bad > most {
		t.Errorf("%s: %d of %d, want at most %d", what, bad, of, most)
	}
}

func (o *outcome) add(p outcome) {
	o.reads += p.reads
	o.passes += p.passes
	o.counted += p.counted
	o.missed += p.missed
	o.recorded += p.recorded
	o.wrong += p.wrong
	o.directed += p.directed
	o.decided += p.decided
	o.backwards += p.backwards
	o.grouped += p.grouped
	o.misplaced += p.misplaced
}

func (o *outcome) row(name string) string {
	known, right := "", ""
	if o.decided > 0 {
		known, right = percent(o.directed-o.decided, o.directed), percent(o.backwards, o.decided)
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %s | %s | %s | %s |", name, o.passes, o.counted, o.reads, o.recorded,
		percent(o.missed, o.counted), percent(o.wrong, o.recorded), known, right)
}

// percent is what is not bad, rounded down: 100 % means all.
func percent(bad, of int) string {
	return fmt.Sprintf("%.2f %%", math.Floor(1e4*float64(of-bad)/float64(max(of, 1)))/100)
}
