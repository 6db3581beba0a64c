package pass_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan/pass"
)

// traffic makes the items of a scene.
type traffic struct {
	sim.Scene
	random  *rand.Rand
	portals []pass.Portal
	now     time.Duration
	epcs    uint64
}

func newTraffic(seed uint64) *traffic {
	return &traffic{Scene: sim.Scene{Seed: seed, Missed: 0.2}, random: rand.New(rand.NewPCG(seed, 99)), now: time.Minute}
}

// gantry puts up a reader and its portal.
func (t *traffic) gantry(g sim.Gantry, p pass.Portal) *traffic {
	p.Name = g.Name
	p.Gate = g.Beam
	p.SingleTarget = g.Single
	t.Gantries = append(t.Gantries, g)
	t.portals = append(t.portals, p)
	return t
}

// between is a number from low to high, and after a time from low to high
// seconds later.
func (t *traffic) between(low, high float64) float64 { return low + t.random.Float64()*(high-low) }

func (t *traffic) after(low, high float64) time.Duration {
	t.now += time.Duration(t.between(low, high) * float64(time.Second))
	return t.now
}

// epc is an EPC that nobody had before.
func (t *traffic) epc() []byte {
	t.epcs++
	b := make([]byte, 12)
	b[0] = 0x30
	binary.BigEndian.PutUint64(b[4:], t.epcs)
	return b
}

// item puts a tag on a path.
func (t *traffic) item(epc []byte, body bool, path ...sim.Point) {
	gain := max(-4, min(t.random.NormFloat64()*2, 4))
	t.Items = append(t.Items, sim.Item{EPC: epc, PC: 0x3000, Path: path, Gain: gain, Body: body})
}

// way is 4 m before x to 4 m behind it, or back.
func way(at time.Duration, x, y, speed float64) []sim.Point {
	far := 4.0
	if speed < 0 {
		far, speed = -far, -speed
	}
	return []sim.Point{{At: at, X: x - far, Y: y}, {At: at + seconds(8/speed), X: x + far, Y: y}}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// pallet moves some tags on one path, each in its own place on it.
func (t *traffic) pallet(n int, path []sim.Point) {
	for range n {
		dx, dy := t.between(-0.5, 0.5), t.between(-0.3, 0.3)
		moved := make([]sim.Point, len(path))
		for i, p := range path {
			moved[i] = sim.Point{At: p.At, X: p.X + dx, Y: p.Y + dy}
		}
		t.item(t.epc(), false, moved...)
	}
}

// either is 1 or -1.
func (t *traffic) either() float64 { return float64(t.random.IntN(2)*2 - 1) }

// condition is a kind of traffic, with the least that is to come of it.
type condition struct {
	name   string
	reads  int // that a pass must have got to be counted
	passes int
	make   func(t *traffic, passes int)
	floor  floor
}

// floor is in percent; 0 is not asked.
type floor struct{ recall, precision, direction float64 }

var (
	counted  = floor{99.9, 99.9, 0}
	directed = floor{99.9, 99.9, 99.5}
)

var line = pass.Portal{Line: [2]int{1, 2}}

func two(name string) sim.Gantry {
	return sim.Gantry{Name: name, Antennas: []float64{-0.5, 0.5}}
}

var conditions = []condition{
	{"one parcel at a time, 0.5 to 2 m/s", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a"}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.between(.5, 2))...)
		}
	}, counted},
	{"fast conveyor, 3 to 4 m/s", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a"}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(.4, 1), 0, t.between(-.2, .2), t.between(3, 4))...)
		}
	}, counted},
	{"both ways, two antennas 1 m apart", 3, 1000, func(t *traffic, n int) {
		t.gantry(two("a"), line)
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, directed},
	{"the same with ±10 dB fading, 60 % missed", 3, 1000, func(t *traffic, n int) {
		t.gantry(two("a"), line)
		t.Fading, t.Missed = 10, 0.6
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, directed},
	{"the same at 25 answers/s", 3, 1000, func(t *traffic, n int) {
		g := two("a")
		g.Rate = 25
		t.gantry(g, line)
		t.Fading, t.Missed = 10, 0.6
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, directed},
	{"totes of 20 tags, both ways", 3, 2000, func(t *traffic, n int) {
		t.gantry(two("a"), line)
		for range n / 20 {
			t.pallet(20, way(t.after(2, 6), 0, 0, t.either()*t.between(.5, 2)))
		}
	}, directed},
	{"pallets of 100 tags, 1000 answers/s", 3, 2000, func(t *traffic, n int) {
		g := two("a")
		g.Rate = 1000
		t.gantry(g, line)
		for range n / 100 {
			t.pallet(100, way(t.after(8, 12), 0, 0, t.either()*t.between(.6, 1.5)))
		}
	}, directed},
	{"pallets of 400 tags, 1000 answers/s", 3, 4000, func(t *traffic, n int) {
		g := two("a")
		g.Rate = 1000
		t.gantry(g, line)
		for range n / 400 {
			t.pallet(400, way(t.after(12, 20), 0, 0, t.either()*t.between(.6, 1.2)))
		}
	}, directed},
	{"pallets of 400 tags on a serial line, 250/s", 3, 4000, func(t *traffic, n int) {
		g := two("a")
		g.Rate = 250
		t.gantry(g, line)
		for range n / 400 {
			t.pallet(400, way(t.after(12, 20), 0, 0, t.either()*t.between(.6, 1.2)))
		}
	}, floor{99.5, 99.9, 97}},
	{"four antennas, 300 ms each", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a", Antennas: []float64{-.3, -.1, .1, .3}, Turn: 300 * time.Millisecond}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.between(.5, 2))...)
		}
	}, counted},
	{"slow, 0.1 to 0.3 m/s, dwell 60 s", 3, 500, func(t *traffic, n int) {
		p := line
		p.Dwell = time.Minute
		t.gantry(two("a"), p)
		for range n {
			t.item(t.epc(), true, way(t.after(2, 10), 0, t.between(-.2, .2), t.either()*t.between(.1, .3))...)
		}
	}, directed},
	{"three lanes 1.5 m apart", 3, 1500, func(t *traffic, n int) {
		for i, name := range []string{"a", "b", "c"} {
			t.gantry(sim.Gantry{Name: name, Y: 1.5 * float64(i)}, pass.Portal{})
		}
		for range n {
			t.item(t.epc(), true, way(t.after(.5, 2), 0, 1.5*float64(t.random.IntN(3))+t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, counted},
	{"three dock doors 3 m apart, 14 dB more power, totes of 20", 3, 2000, func(t *traffic, n int) {
		for i, name := range []string{"a", "b", "c"} {
			g := two(name)
			g.Y, g.Power, g.Rate = 3*float64(i), 14, 1000
			p := line
			p.Dwell = 30 * time.Second
			t.gantry(g, p)
		}
		for range n / 20 {
			t.pallet(20, way(t.after(2, 8), 0, 3*float64(t.random.IntN(3)), t.either()*t.between(.7, 2)))
		}
	}, directed},
	{"two portals in a row, 3 m apart", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a"}, pass.Portal{})
		t.gantry(sim.Gantry{Name: "b", X: 3}, pass.Portal{})
		for range n / 2 {
			at, speed, y := t.after(1, 3), t.between(.5, 2), t.between(-.2, .2)
			t.item(t.epc(), true, sim.Point{At: at, X: -4, Y: y}, sim.Point{At: at + seconds(11/speed), X: 7, Y: y})
		}
	}, counted},
	{"60 tags parked in the field, parcels between them", 3, 1000, func(t *traffic, n int) {
		t.gantry(two("a"), line)
		end := seconds(60 + float64(n)*2)
		for range 60 {
			x, y := t.between(-2, 2), t.either()*t.between(.6, 2)
			t.item(t.epc(), false, sim.Point{X: x, Y: y}, sim.Point{At: end, X: x, Y: y})
		}
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, floor{99.9, 99.7, 99.5}},
	{"pallets that are put down in the field and taken away", 3, 1000, func(t *traffic, n int) {
		t.gantry(two("a"), line)
		for range n / 10 {
			at, speed, rest := t.after(40, 80), t.between(.5, 1.5), t.between(20, 60)
			there := at + seconds(4/speed)
			t.pallet(5, []sim.Point{{At: at, X: -4}, {At: there}, {At: there + seconds(rest)}, {At: there + seconds(rest+4/speed), X: 4}})
			for range 5 {
				t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
			}
		}
	}, directed},
	{"through, shortly back, and again later", 3, 1500, func(t *traffic, n int) {
		p := line
		p.Dwell = 30 * time.Second
		t.gantry(two("a"), p)
		for range n / 2 {
			epc, at, speed := t.epc(), t.after(1, 3), t.between(.8, 2)
			y := t.between(-.2, .2)
			leg := seconds(1.5 / speed)
			t.item(epc, true, sim.Point{At: at, X: -4, Y: y}, sim.Point{At: at + seconds(5.5/speed), X: 1.5, Y: y},
				sim.Point{At: at + seconds(5.5/speed) + leg, Y: y}, sim.Point{At: at + seconds(9.5/speed) + leg, X: 4, Y: y})
			t.item(epc, true, way(at+seconds(9.5/speed)+leg+seconds(t.between(12, 30)), 0, y, -speed)...)
		}
	}, directed},
	{"S1, single target", 1, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a", Session: 1, Single: true}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.between(.5, 2))...)
		}
	}, counted},
	{"S2, single target", 1, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a", Session: 2, Single: true}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.between(.5, 2))...)
		}
	}, counted},
	{"three lanes 1.5 m apart, all S2, single target", 1, 1000, func(t *traffic, n int) {
		for i, name := range []string{"a", "b", "c"} {
			t.gantry(sim.Gantry{Name: name, Y: 1.5 * float64(i), Session: 2, Single: true}, pass.Portal{})
		}
		for range n {
			t.item(t.epc(), true, way(t.after(.5, 2), 0, 1.5*float64(t.random.IntN(3))+t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, floor{99.5, 92, 0}},
	{"photo-eye, parcels close together", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a", Beam: true}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(.8, 1.5), 0, t.between(-.2, .2), 1)...)
		}
	}, counted},
	{"photo-eye on one of two lanes 1.5 m apart", 3, 1000, func(t *traffic, n int) {
		t.gantry(sim.Gantry{Name: "a", Beam: true}, pass.Portal{})
		t.gantry(sim.Gantry{Name: "b", Y: 1.5}, pass.Portal{})
		for range n {
			t.item(t.epc(), true, way(t.after(1, 2), 0, 1.5*float64(t.random.IntN(2))+t.between(-.2, .2), t.between(.7, 1.5))...)
		}
	}, floor{99.9, 99.4, 0}},
	{"all at once: three doors, pallets of 30 out and back, 40 parked tags, ±8 dB, 40 % missed", 3, 3000, func(t *traffic, n int) {
		for i, name := range []string{"a", "b", "c"} {
			g := two(name)
			g.Y, g.Power, g.Rate = 3*float64(i), 10, 1000
			p := line
			p.Dwell = 30 * time.Second
			t.gantry(g, p)
		}
		t.Fading, t.Missed = 8, 0.4
		end := seconds(60 + float64(n)/6)
		for range 40 {
			x, y := t.between(-3, 3), t.between(-1, 7)
			for math.Abs(math.Remainder(y, 3)) < 0.6 {
				y = t.between(-1, 7)
			}
			t.item(t.epc(), false, sim.Point{X: x, Y: y}, sim.Point{At: end, X: x, Y: y})
		}
		for range n / 60 {
			at, door, speed := t.after(6, 14), 3*float64(t.random.IntN(3)), t.either()*t.between(.8, 2)
			first := len(t.Items)
			t.pallet(30, way(at, 0, door, speed))
			later := at + seconds(t.between(30, 90))
			for _, i := range t.Items[first:] {
				t.item(i.EPC, false, way(later, 0, door, -speed)...)
			}
		}
	}, directed},
	{"learned thresholds", 3, 1500, func(t *traffic, n int) {
		p := line
		p.Learn = true
		t.gantry(two("a"), p)
		for range n {
			t.item(t.epc(), true, way(t.after(1, 3), 0, t.between(-.2, .2), t.either()*t.between(.5, 2))...)
		}
	}, directed},
}
