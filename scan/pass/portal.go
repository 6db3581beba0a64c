package pass

import (
	"errors"
	"fmt"
	"time"
)

// Portal is a place that tags pass, and how to judge what its reader hears.
// Where a field is zero, the default in its comment holds. All portals of one
// hall are neighbours: a tag that two of them hear has passed one.
type Portal struct {
	Name         string
	Gap          time.Duration // silence that ends a pass, at least: 600 ms
	GapMax       time.Duration // and at most, however slow the reader: 2 s
	Dwell        time.Duration // a pass that lasts longer is parked: 10 s, as fits a conveyor; 30 s fits a packing table
	Rearm        time.Duration // silence before the same tag may pass again: 5 s, or 7 s with SingleTarget, since a session may remember for 5; negative: none. A gate that opens ends it
	Absent       time.Duration // silence after which a parked tag is gone: 60 s
	Cycle        time.Duration // one turn through all antennas: measured, where a tag is heard by several
	Threshold    int           // dBm that one read of a pass should reach: -65; -80 with SingleTarget, where a tag answers as soon as it can, which is far away
	Offsets      []int         // dB added to what each antenna hears, to make them comparable; the first is of antenna 1
	Learn        bool          // learn each antenna's threshold from the passes: their 10th percentile less 3 dB
	SingleTarget bool          // Gen2 sessions S1 to S3 with a single target: a tag answers once
	MinReads     int           // of a pass with a strong read: 3, or 1 with SingleTarget
	Line         [2]int        // two antennas in the order of travel; none: no direction
	Gate         bool          // a gate tells when a parcel is there, and there is no pass without it, unless it is lost
	Lead         int           // dB by which a neighbour must have heard a tag better than a portal whose gate was open: 6
}

const (
	many       = 10                     // reads that make a pass, however weak they are, if the reader has time for so many
	rise       = 10                     // dB by which a tag of the background must be heard better to pass
	linger     = 500 * time.Millisecond // how much longer than its gap a pass waits for what its neighbours hear
	day        = 24 * time.Hour         // how long the background is remembered
	apart      = 6                      // dB within which two portals heard a tag equally well
	crowd      = 20                     // tags that share a reader so that its time is short
	lowest     = -127                   // dBm, below everything
	longestEPC = 62                     // bytes: as many words as the protocol control word can count
)

// Defaults is a portal of which nothing is said.
func Defaults() Portal { return Portal{}.withDefaults() }

// withDefaults fills in what is zero.
func (p Portal) withDefaults() Portal {
	fill(&p.Gap, 600*time.Millisecond)
	fill(&p.GapMax, 2*time.Second)
	fill(&p.Dwell, 10*time.Second)
	fill(&p.Absent, 60*time.Second)
	fill(&p.Lead, 6)
	if p.SingleTarget {
		fill(&p.MinReads, 1)
		fill(&p.Threshold, -80)
		fill(&p.Rearm, 7*time.Second)
	}
	fill(&p.Rearm, 5*time.Second)
	fill(&p.Threshold, -65)
	fill(&p.MinReads, 3)
	p.Rearm = max(p.Rearm, 0)
	p.GapMax = max(p.GapMax, p.Gap)
	return p
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check reports all mistakes at once.
func (p *Portal) check() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("portal %q: %w", p.Name, fmt.Errorf(format, args...)))
	}
	if p.Name == "" {
		wrong("it has no name")
	}
	for name, d := range map[string]time.Duration{"gap": p.Gap, "gap_max": p.GapMax, "dwell": p.Dwell, "absent": p.Absent, "cycle": p.Cycle} {
		if d < 0 || d > day {
			wrong("%s %v, want up to a day", name, d)
		}
	}
	if full := p.withDefaults(); full.Dwell <= full.GapMax {
		wrong("dwell %v is not longer than the longest gap %v, so every pass would be parked", full.Dwell, full.GapMax)
	}
	if p.Threshold > 0 || p.Threshold < -120 {
		wrong("threshold %d dBm, want -120 to -1", p.Threshold)
	}
	if p.MinReads < 0 || p.Lead < 0 {
		wrong("min_reads %d, lead %d: neither can be negative", p.MinReads, p.Lead)
	}
	if p.SingleTarget && p.MinReads > 1 {
		wrong("min_reads %d with a single target: a tag answers once there and would never pass. Use session S0, a dual target, or min_reads 1", p.MinReads)
	}
	if p.Line != [2]int{} && (p.Line[0] < 1 || p.Line[1] < 1 || p.Line[0] == p.Line[1]) {
		wrong("line %v, want two different antennas, counted from 1", p.Line)
	}
	return errors.Join(errs...)
}

// portal is a Portal at work.
type portal struct {
	Portal
	counters Counters
	strays   Strays
	started  time.Duration // its reader began to hear
	heard    time.Duration // its last read
	pace     time.Duration // between two reads of any tag, lately
	interval time.Duration // between two reads of one tag, lately
	turn     time.Duration // between two turns of one antenna, lately
	present  int           // tags that are or were just in its field
	learned  []lesson      // by antenna - 1
	gate
}

// follow moves a mean towards a sample, by one part in so many.
func follow(mean *time.Duration, sample time.Duration, weight time.Duration) {
	if *mean == 0 {
		*mean = sample
		return
	}
	*mean += (sample - *mean) / weight
}

// observe learns from a read how fast the reader is.
func (p *portal) observe(now time.Duration, count int) {
	if d := (now - p.heard) / time.Duration(count); d < time.Second && p.counters.Reads > 0 {
		follow(&p.pace, d, 32)
	}
	p.heard = now
	p.counters.Reads += uint64(count)
}

// load is how long a tag waits from one read to the next, since all that are
// present share the reader's time.
func (p *portal) load() time.Duration { return time.Duration(p.present) * p.pace }

// many is how many reads make a pass of any strength: ten, or where many tags
// share the reader, as many as it can get of each in two seconds.
func (p *portal) many() int {
	if load := p.load(); p.present >= crowd && load*many > 2*time.Second {
		return int(2 * time.Second / load)
	}
	return many
}

// calibrated is what an antenna heard, comparable to the others.
func (p *portal) calibrated(antenna, rssi int) int {
	if antenna >= 1 && antenna <= len(p.Offsets) {
		rssi += p.Offsets[antenna-1]
	}
	return max(lowest, min(rssi, -lowest))
}

// threshold is what a strong read is at an antenna.
func (p *portal) threshold(antenna int) int {
	if p.Learn && antenna >= 1 && antenna <= len(p.learned) && p.learned[antenna-1].known {
		return p.learned[antenna-1].threshold
	}
	return p.Threshold
}

// lesson is what the passes of an antenna were like: how many had which peak.
type lesson struct {
	peaks     [128]uint16 // by -dBm
	passes    int
	known     bool
	threshold int
}

const (
	antennas  = 64  // more are not told apart when learning
	lessons   = 50  // passes before they count
	memory    = 500 // passes after which the older ones count half
	different = 20  // dB by which what is learned may differ from what is configured
)

// learn takes in the peak of a pass. The list of passes is cut off at the
// threshold itself, but three decibels below its tenth part, where hardly any
// are: it does not climb by its own doing.
func (p *portal) learn(antenna, peak int) {
	if !p.Learn || antenna < 1 || antenna > antennas {
		return
	}
	for len(p.learned) < antenna {
		p.learned = append(p.learned, lesson{})
	}
	l := &p.learned[antenna-1]
	l.peaks[max(0, min(-peak, len(l.peaks)-1))]++
	if l.passes++; l.passes >= memory {
		l.passes = 0
		for i := range l.peaks {
			l.peaks[i] /= 2
			l.passes += int(l.peaks[i])
		}
	}
	if !l.known && l.passes < lessons {
		return
	}
	l.known = true
	for i, below := len(l.peaks)-1, 0; i >= 0; i-- {
		if below += int(l.peaks[i]); below*10 >= l.passes {
			l.threshold = max(p.Threshold-different, min(-i-3, p.Threshold+different))
			return
		}
	}
}
