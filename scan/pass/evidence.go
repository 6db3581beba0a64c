package pass

import (
	"math"
	"time"
)

// cloud is when something was heard, weighted by how well.
type cloud struct{ w, wt float64 }

func (c *cloud) add(t, weight float64) {
	c.w += weight
	c.wt += weight * t
}

// center is the mean time; there is one if anything was heard.
func (c *cloud) center() float64 { return c.wt / c.w }

// amplitude is how much a read weighs: 10^(dBm/20).
func amplitude(level int) float64 { return amplitudes[level-lowest] }

var amplitudes = func() (a [1 - 2*lowest]float64) {
	for i := range a {
		a[i] = math.Pow(10, float64(i+lowest)/20)
	}
	return a
}()

// peak is an antenna's strongest read, and when the ones around it were.
// The tag was nearest to the antenna some time between those two.
type peak struct {
	level              int
	before, at, behind float64
	last               float64
}

func (p *peak) see(level int, t float64, first bool) {
	switch {
	case first:
		*p = peak{level: level, at: t, before: math.Inf(-1), behind: math.Inf(1)}
	case level > p.level:
		p.level, p.before, p.at, p.behind = level, p.last, t, math.Inf(1)
	default:
		p.behind = min(p.behind, t)
	}
	p.last = t
}

const (
	clearly = 0.150 // seconds between two antennas' times that mean something
	alike   = 12    // dB within which both must have heard a tag
)

// before compares when two antennas heard a tag: Forward if this one did
// clearly before the other. Where reads are few the mean times can deceive, so
// both must have heard it about as well at their best, since a tag that one of
// them missed while it was near tells nothing. And the first must have heard
// it fade, or the other one not yet so well, by the time of the other's best.
func (w *way) before(o *way, measured bool) Direction {
	if w.reads < 2 || o.reads < 2 {
		return Unknown
	}
	direction, first, second := Forward, w, o
	apart := o.center() - w.center()
	if apart < 0 {
		direction, first, second = Backward, o, w
	}
	if math.Abs(apart) <= clearly {
		return Unknown
	}
	a, b := &first.peak, &second.peak
	if measured {
		faded, rising := a.behind <= b.at, b.before >= a.at
		few := min(w.reads, o.reads) < 4
		if max(a.level-b.level, b.level-a.level) > alike || !faded && !rising || few && !(faded && rising) {
			return Unknown
		}
	}
	return direction
}

// middle is the mean time of all reads, weighted by how well they were heard.
func (s *session) middle() float64 {
	var all cloud
	for i := range s.ways {
		all.w += s.ways[i].w
		all.wt += s.ways[i].wt
	}
	if all.w == 0 {
		return s.first.Seconds()
	}
	return s.first.Seconds() + all.center()
}

// standing is what a session has to say for itself before its neighbours.
type standing struct {
	score  float64 // dB
	ranked bool    // it rests on dBm, not on the number of reads alone
	gate   bool    // the portal's gate was open
	center float64 // when it was, in seconds
	number uint64
	valid  bool
}

// enough reads: more of them only tell that a tag stood still.
const enough = 64

func (s *session) standing() standing {
	st := standing{gate: s.opening != nil, number: s.number, valid: true, ranked: s.measured, center: s.middle()}
	st.score = 2 * math.Log2(float64(min(s.reads, enough)))
	if st.ranked {
		st.score += float64(s.best.level)
	}
	return st
}

// yields reports whether a tag did not pass here, since it passed there. Two
// portals that heard it about equally well, at different times, were passed
// one after the other.
func (s standing) yields(to standing, window time.Duration, lead int) bool {
	if !to.valid {
		return false
	}
	if s.ranked != to.ranked { // no common measure
		return to.ranked
	}
	ahead := to.score - s.score
	switch {
	case to.gate && !s.gate:
		ahead += float64(lead)
	case s.gate && !to.gate:
		ahead -= float64(lead)
	}
	if math.Abs(to.center-s.center) > window.Seconds() && ahead <= apart {
		return false
	}
	return ahead > 0 || ahead == 0 && to.number < s.number
}
