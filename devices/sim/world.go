package sim

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Scene is a piece of a warehouse with radio tags in it: who goes where, and
// which readers listen. It is pure and its own truth: what it says was heard
// follows from seed and paths, and so does what really passed.
type Scene struct {
	Seed     uint64
	Gantries []Gantry
	Items    []Item
	Fading   float64 // dB by which echoes lift or lower what is heard, at most; 0: 6
	Missed   float64 // part of the answers that collide or are not understood
}

// Gantry is a reader with its antennas above a lane. Lanes run along x.
type Gantry struct {
	Name     string
	X, Y     float64       // metres
	Antennas []float64     // metres along the lane, from X; none: one, at X
	Rate     float64       // answers a second that the reader can take; 0: 500
	Turn     time.Duration // how long an antenna has its turn; 0: 100 ms
	Session  int           // Gen2 S0 to S3
	Single   bool          // single target: a tag that has answered is silent as long as its session remembers
	Power    float64       // dB more than usual, with which it hears that much better
	Beam     bool          // a photo-eye at X
}

// Item is a tag, on something that moves. It is nowhere before the first and
// after the last point of its path.
type Item struct {
	EPC  []byte
	PC   uint16
	Path []Point
	Gain float64 // dB: how it lies
	Body bool    // it stands for the parcel that breaks the photo-eye's beam
}

// Point is a place at a time.
type Point struct {
	At   time.Duration
	X, Y float64 // metres
}

// Crossing is the truth: an item was in the lane under a gantry.
type Crossing struct {
	Gantry      string
	EPC         []byte
	Enter, Exit time.Duration
	Way         int // 1 along x, -1 against it, 0 if it went back where it came from, or did not leave
	Reads       int // that a reader got, up to two seconds before and after
}

// Instant is something that a gantry noticed: a tag, or its photo-eye.
type Instant struct {
	At     time.Duration
	Gantry int  // in the scene's order
	Tag    Tag  // without EPC: the beam
	Open   bool // the beam is broken: a parcel is there
}

// World is a scene while its time goes by.
type World struct {
	scene   Scene
	readers []*reader
	items   []*thing // by the time at which they come
	come    int
	here    []*thing
	beams   []Instant
}

// zone is how far along the lane, in metres, an item is under a gantry, and
// lane how far beside it.
const (
	zone = 1.2
	lane = 0.5
)

// NewWorld begins at time zero.
func NewWorld(s Scene) *World {
	if s.Fading == 0 {
		s.Fading = 6
	}
	w := &World{scene: s}
	for i := range s.Items {
		w.items = append(w.items, &thing{Item: &s.Items[i], number: uint64(i)})
	}
	slices.SortStableFunc(w.items, func(a, b *thing) int { return cmp.Compare(a.from(), b.from()) })
	for i := range s.Gantries {
		w.readers = append(w.readers, newReader(w, i))
		if s.Gantries[i].Beam {
			w.beam(i)
		}
		for _, t := range w.items {
			t.truth = append(t.truth, crossings(t.Item, &s.Gantries[i]))
		}
	}
	slices.SortStableFunc(w.beams, func(a, b Instant) int { return cmp.Compare(a.At, b.At) })
	return w
}

// Next is what is noticed next, until the last item has gone. The tag is good
// until the call after it.
func (w *World) Next() (Instant, bool) {
	for {
		first := w.readers[0]
		for _, r := range w.readers {
			if r.now < first.now {
				first = r
			}
		}
		if len(w.beams) > 0 && w.beams[0].At <= first.now {
			beam := w.beams[0]
			w.beams = w.beams[1:]
			return beam, true
		}
		w.meet(first.now)
		if w.come == len(w.items) && len(w.here) == 0 {
			return Instant{}, false
		}
		if heard, ok := first.slot(); ok {
			return heard, true
		}
	}
}

// meet keeps the items that are there.
func (w *World) meet(now time.Duration) {
	for w.come < len(w.items) && w.items[w.come].from() <= now {
		w.here = append(w.here, w.items[w.come])
		w.come++
	}
	w.here = slices.DeleteFunc(w.here, func(t *thing) bool { return t.to()+time.Second < now })
}

// Crossings are what really happened, item by item.
func (w *World) Crossings() (all []Crossing) {
	for _, t := range w.items {
		for _, c := range t.truth {
			all = append(all, c...)
		}
	}
	return all
}

// Tags is what a gantry hears at a moment, for a simulated reader that does
// its own asking.
func (w *World) Tags(gantry int, start time.Time) Tags {
	return func(now time.Time) (heard []Tag) {
		at := now.Sub(start)
		r := w.readers[gantry]
		for _, t := range w.items {
			for a := range r.antennas {
				unmoved := *t // who walks the path here does not disturb who walks it there
				if rssi, ok := r.hears(&unmoved, a, at); ok && rssi > faintest {
					heard = append(heard, Tag{EPC: t.EPC, PC: t.PC, Antenna: a + 1, RSSI: int(math.Round(rssi))})
				}
			}
		}
		return heard
	}
}

// thing is an item while time goes by.
type thing struct {
	*Item
	number uint64
	leg    int              // of the path, where it was last
	truth  [][]Crossing     // by gantry
	silent [4]time.Duration // by session: until then it does not answer a single target
}

func (t *thing) from() time.Duration { return t.Path[0].At }
func (t *thing) to() time.Duration   { return t.Path[len(t.Path)-1].At }

// where is the item's place, if it is anywhere.
func (i *Item) where(at time.Duration, leg *int) (x, y float64, ok bool) {
	p := i.Path
	if at < p[0].At || at > p[len(p)-1].At {
		return 0, 0, false
	}
	for *leg > 0 && p[*leg].At > at {
		*leg--
	}
	for *leg < len(p)-2 && p[*leg+1].At <= at {
		*leg++
	}
	if len(p) == 1 {
		return p[0].X, p[0].Y, true
	}
	a, b := p[*leg], p[*leg+1]
	part := 0.0
	if b.At > a.At {
		part = float64(at-a.At) / float64(b.At-a.At)
	}
	return a.X + part*(b.X-a.X), a.Y + part*(b.Y-a.Y), true
}

// under reports the times at which an item is within so far of a gantry.
func under(i *Item, g *Gantry, along float64, each func(from, to time.Duration, x0, x1 float64)) {
	for n := 1; n < len(i.Path); n++ {
		a, b := i.Path[n-1], i.Path[n]
		if math.Abs(a.Y-g.Y) > lane || math.Abs(b.Y-g.Y) > lane {
			continue
		}
		from, to := 0.0, 1.0 // of the leg
		if d := b.X - a.X; d != 0 {
			p, q := (g.X-along-a.X)/d, (g.X+along-a.X)/d
			from, to = max(from, min(p, q)), min(to, max(p, q))
		} else if math.Abs(a.X-g.X) > along {
			continue
		}
		if from < to {
			span := float64(b.At - a.At)
			each(a.At+time.Duration(from*span), a.At+time.Duration(to*span), a.X+from*(b.X-a.X), a.X+to*(b.X-a.X))
		}
	}
}

func crossings(i *Item, g *Gantry) (all []Crossing) {
	entered := 0.0
	under(i, g, zone, func(from, to time.Duration, x0, x1 float64) {
		if n := len(all); n == 0 || from > all[n-1].Exit+time.Microsecond {
			all = append(all, Crossing{Gantry: g.Name, EPC: i.EPC, Enter: from})
			entered = x0
		}
		c := &all[len(all)-1]
		c.Exit, c.Way = to, 0
		switch {
		case x1-entered > zone:
			c.Way = 1
		case entered-x1 > zone:
			c.Way = -1
		}
	})
	return all
}

// beam finds out when a photo-eye is dark: parcels are 40 cm long.
func (w *World) beam(gantry int) {
	type span struct{ from, to time.Duration }
	var dark []span
	for _, t := range w.items {
		if t.Body {
			under(t.Item, &w.scene.Gantries[gantry], 0.2, func(from, to time.Duration, _, _ float64) { dark = append(dark, span{from, to}) })
		}
	}
	slices.SortFunc(dark, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for n := 0; n < len(dark); {
		s := dark[n]
		for n++; n < len(dark) && dark[n].from <= s.to; n++ {
			s.to = max(s.to, dark[n].to)
		}
		w.beams = append(w.beams, Instant{At: s.from, Gantry: gantry, Open: true}, Instant{At: s.to, Gantry: gantry})
	}
}
