package demo

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/devices/sim"
)

// The conveyor at label runs under two antennas. What the reader hears of a
// tag there rises and falls as the tag comes and goes, with fading.
const (
	conveyor = 1.5 // metres a second on the demo's clock
	ahead    = 3.0 // metres before and behind the antennas that a tag is followed
)

var antennas = []float64{-0.6, 0.6}

// field is what stands and moves before the portal's reader.
//
// The reader is a program, and on a busy machine it comes late. The field then
// stands still as long and catches up, so that no tag rushes past a reader that
// was not there to look: what passes is a matter of the plan and not of the load.
type field struct {
	mu     sync.Mutex
	start  time.Time
	world  sim.Tags
	strays []stray
	past   time.Duration // the field's time
	looked time.Time
	unseen time.Duration   // the longest time between two looks
	echoes map[string]bool // strays that have answered
}

// stray is one answer of a tag that is not there.
type stray struct {
	at  time.Duration
	tag sim.Tag
}

const (
	pace     = 50 * time.Millisecond // the most that happens between two looks
	prompt   = 15 * time.Millisecond // a look that comes later finds no echo: it was over, and could not be told often enough to pass for a parcel
	hopeless = 5 * time.Second       // so far behind nothing is caught up
)

// newPortal plugs in the portal's reader.
func newPortal(link string) (*sim.Mercury, *field, error) {
	f := &field{echoes: map[string]bool{}}
	m, err := sim.NewMercury(link, sim.MercuryOptions{Hardware: 0x18, Ports: 4, MostPower: 3150, Tags: f.tags})
	if err != nil {
		return nil, nil, fmt.Errorf("plug in the portal's reader: %w", err)
	}
	return m, f, nil
}

// put lets a plan's tags come, at the demo's speed.
func (f *field) put(p *Plan, seed uint64, start time.Time, speed float64) {
	scene, strays := p.scene(seed, speed)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.start.IsZero() {
		f.start, f.looked = start, start
	}
	f.world, f.strays = sim.NewWorld(scene).Tags(0, time.Time{}), strays
}

// account is how many strays have been heard, and the longest time in which
// the reader was not there to look.
func (f *field) account() (strays int, unseen time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.echoes), f.unseen
}

// tags is what the reader hears now.
func (f *field) tags(now time.Time) []sim.Tag {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.world == nil {
		return nil
	}
	before, late := f.past, now.Sub(f.looked)
	f.looked, f.unseen = now, max(f.unseen, late)
	f.past = min(now.Sub(f.start), max(before+pace, now.Sub(f.start)-hopeless))
	heard := f.world(time.Time{}.Add(f.past))
	for len(f.strays) > 0 && f.strays[0].at <= f.past {
		if s := &f.strays[0]; late < prompt && s.at > before {
			heard = append(heard, s.tag)
			f.echoes[string(s.tag.EPC)] = true
		}
		f.strays = f.strays[1:]
	}
	return heard
}

// scene is the plan's tags as they move, and the moments at which strays answer.
func (p *Plan) scene(seed uint64, speed float64) (scene sim.Scene, strays []stray) {
	at := func(t time.Duration) time.Duration { return time.Duration(float64(t) / speed) }
	const way = time.Duration(ahead / conveyor * float64(time.Second))
	scene = sim.Scene{Seed: seed, Gantries: []sim.Gantry{{Name: places[portalPlace], Antennas: antennas}}}
	for i, t := range p.tags {
		item := sim.Item{EPC: t.epc, Gain: float64(i%7) - 4} // dB: how the label lies
		switch t.what {
		case tagStray:
			tag := sim.Tag{EPC: t.epc, Antenna: 1 + i%2, RSSI: t.level}
			strays = append(strays, stray{at(t.at), tag})
			if t.also != 0 {
				strays = append(strays, stray{at(t.also), tag})
			}
			continue
		case tagStands:
			const beside, faint = 1.8, -0.8 // metres, dB: the best that is heard of it is -66 dBm
			item.Gain = faint
			item.Path = []sim.Point{{At: at(t.at), Y: beside}, {At: at(t.until), Y: beside}}
		case tagParks:
			item.Path = []sim.Point{{At: at(t.at - way), X: -ahead}, {At: at(t.at)}, {At: at(t.until)}, {At: at(t.until + way), X: ahead}}
		case tagUnread:
			item.Gain = -60
			fallthrough
		default:
			item.Path = []sim.Point{{At: at(t.at - way), X: -ahead}, {At: at(t.at + way), X: ahead}}
		}
		scene.Items = append(scene.Items, item)
	}
	slices.SortStableFunc(strays, func(a, b stray) int { return int(a.at - b.at) })
	return scene, strays
}
