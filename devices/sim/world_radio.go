package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// What a tag sends back falls with the fourth power of the distance, and with
// the antenna's beam to the side. It is -45 dBm at one metre under the antenna.
const (
	atOneMetre = -45.0
	height     = 0.7   // metres of the antennas above the tags
	sharpness  = 3.0   // of the beam: cos^3, both ways together
	faintest   = -72.0 // dBm at which half of the answers are understood
	inaudible  = faintest - 8
	steepness  = 1.2                    // dB in which that falls off
	echo       = 0.08                   // metres after which the echoes are others: half a wave's length
	hop        = 400 * time.Millisecond // and time: the frequency is another
)

// reader is a gantry at work: antenna by antenna, round by round, answer by
// answer.
type reader struct {
	*Gantry
	w        *World
	index    int
	antennas []float64
	random   *rand.Rand
	now      time.Duration
	antenna  int
	until    time.Duration // the antenna's turn
	round    []*thing      // that have not been asked yet
	slotTime time.Duration
}

func newReader(w *World, index int) *reader {
	g := &w.scene.Gantries[index]
	r := &reader{Gantry: g, w: w, index: index, antennas: g.Antennas, random: rand.New(rand.NewPCG(w.scene.Seed, uint64(index)))}
	if len(r.antennas) == 0 {
		r.antennas = []float64{0}
	}
	rate, turn := g.Rate, g.Turn
	if rate == 0 {
		rate = 500
	}
	if turn == 0 {
		turn = 100 * time.Millisecond
	}
	r.slotTime, r.Turn = time.Duration(float64(time.Second)/rate), turn
	r.until = turn
	return r
}

// slot asks the next tag of the round, or begins one.
func (r *reader) slot() (Instant, bool) {
	if r.now >= r.until {
		r.antenna = (r.antenna + 1) % len(r.antennas)
		r.until = r.now + r.Turn
		r.round = r.round[:0] // without power a round is lost
	}
	if len(r.round) == 0 {
		r.begin()
		r.now += 3 * time.Millisecond
		return Instant{}, false
	}
	last := len(r.round) - 1
	t := r.round[last]
	r.round = r.round[:last]
	rssi, ok := r.hears(t, r.antenna, r.now)
	if !ok || r.asleep(t) || r.random.Float64() >= (1-r.w.scene.Missed)/(1+math.Exp((faintest-rssi)/steepness)) {
		r.now += r.slotTime * 2 / 5
		return Instant{}, false
	}
	r.remember(t)
	at := r.now
	r.now += r.slotTime
	r.credit(t, at)
	return Instant{At: at, Gantry: r.index, Tag: Tag{EPC: t.EPC, PC: t.PC, Antenna: r.antenna + 1, RSSI: int(math.Round(rssi))}}, true
}

// begin finds who answers in this round, in any order.
func (r *reader) begin() {
	for _, t := range r.w.here {
		rssi, ok := r.hears(t, r.antenna, r.now)
		if !ok || rssi < inaudible {
			continue
		}
		if !r.asleep(t) {
			r.round = append(r.round, t)
		} else if until := &t.silent[r.Session]; r.Session > 1 { // under power it does not forget
			*until = max(*until, r.now+2*time.Second)
		}
	}
	r.random.Shuffle(len(r.round), func(i, j int) { r.round[i], r.round[j] = r.round[j], r.round[i] })
}

// asleep reports whether a tag does not answer, since it has.
func (r *reader) asleep(t *thing) bool {
	return r.Single && r.Session > 0 && r.now < t.silent[r.Session]
}

// remember is the tag's flag, which keeps it from answering again.
func (r *reader) remember(t *thing) {
	switch r.Session {
	case 1:
		t.silent[1] = r.now + 500*time.Millisecond + time.Duration(r.random.Int64N(int64(4500*time.Millisecond)))
	case 2, 3:
		t.silent[r.Session] = r.now + 2*time.Second + time.Duration(r.random.Int64N(int64(18*time.Second)))
	}
}

// hears is how strong a tag's answer is at an antenna.
func (r *reader) hears(t *thing, antenna int, at time.Duration) (rssi float64, ok bool) {
	x, y, ok := t.where(at, &t.leg)
	if !ok {
		return 0, false
	}
	dx, dy := x-r.X-r.antennas[antenna], y-r.Y
	if math.Abs(dx) > 8 || math.Abs(dy) > 8 {
		return 0, false
	}
	d := math.Sqrt(dx*dx + dy*dy + height*height)
	rssi = atOneMetre + r.Power + t.Gain - 40*math.Log10(d) + 10*sharpness*math.Log10(height/d)
	cell := uint64(int64(math.Floor(x/echo)))<<32 ^ uint64(int64(math.Floor(y/echo)))&0xffffffff
	noise := mix(r.w.scene.Seed ^ mix(t.number^mix(uint64(r.index*64+antenna)^mix(cell^mix(uint64(at/hop))))))
	// The sum of two dice: from -1 to 1, mostly little.
	fade := float64(noise>>40)/(1<<24) + float64(noise&0xffffff)/(1<<24) - 1
	return rssi + fade*r.w.scene.Fading, true
}

// mix is a hash of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// credit counts a read for the crossing that it belongs to.
func (r *reader) credit(t *thing, at time.Duration) {
	const beside = 2 * time.Second
	var nearest *Crossing
	least := beside
	for i := range t.truth[r.index] {
		c := &t.truth[r.index][i]
		if away := max(c.Enter-at, at-c.Exit); away <= least {
			nearest, least = c, max(away, 0)
		}
	}
	if nearest != nil {
		nearest.Reads++
	}
}
