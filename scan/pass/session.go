package pass

import "time"

type state uint8

const (
	candidate  state = iota // heard, and not yet believed
	confirmed               // a pass that goes on
	held                    // a pass that has ended, and waits for what its neighbours hear
	muted                   // a pass that is recorded: the same tag is no new one yet
	parked                  // recorded, and still there
	background              // stands in the field and was never recorded
	away                    // was background and is gone
	states
)

// open reports whether a session is a pass that is not recorded yet.
func (s state) open() bool { return s == confirmed || s == held }

var words = [states]string{"candidate", "confirmed", "ended", "muted", "parked", "background", "away"}

// tag is an EPC that some portal of the hall hears.
type tag struct {
	epc      string
	sessions *session // at most one per portal, chained by sibling
}

// session is one tag at one portal. Its size does not grow.
type session struct {
	evidence
	ground
	portal  *portal
	tag     *tag
	sibling *session
	number  uint64 // sessions are numbered as they begin
	state   state
	heard   time.Duration // last, whether that counted for the pass or not
	muted   time.Duration // since when

	deadline time.Duration // something is due if nothing more is heard
	timer    time.Duration // the timers look at it: never later
	place    int           // among the timers

	prev, next *session // in the list of its state
}

// ground is what is known of a tag that stands in the field.
type ground struct {
	known   bool          // it is of the background, also while it is a candidate again
	ranked  bool          // level is known
	level   int           // calibrated dBm: the strongest read of the times before
	highest int           // and of this one
	since   time.Duration // this one began
	back    time.Duration // it came back after it was away
	came    bool          // and that it did
}

// evidence is what was heard of a pass so far.
type evidence struct {
	start       time.Time     // the clock's word for first
	first, last time.Duration // reads
	reads       int
	best        reading // the strongest
	trend       float64 // strength lately
	measured    bool    // some reads came with dBm
	strong      bool    // and one of them reached its antenna's threshold
	pc          uint16
	ways        [4]way
	antenna     int // that heard it last
	shown       bool
	recovered   bool
	crowded     bool
	opening     *opening // of the gate, in which it was confirmed
	group       int64    // that opening's number, of a recovered pass
	rival       standing // the best neighbour that was recorded meanwhile
}

// reading is a read's strength.
type reading struct {
	level    int // calibrated
	rssi     int // as the reader gave it
	antenna  int
	known    bool
	relative bool
}

// way is what one antenna heard. A fifth antenna counts for the pass, and is
// not told apart.
type way struct {
	antenna int // 0: free
	turn    time.Duration
	reads   int
	peak    peak
	cloud
}

// add takes in a read.
func (s *session) add(r *Read, level int, now time.Duration) {
	count, p := r.count(), s.portal
	if s.reads == 0 {
		s.first = now
		s.ways[0].antenna, s.ways[1].antenna = p.Line[0], p.Line[1]
	}
	s.last = now
	s.reads += count
	if r.HasPC {
		s.pc = r.PC
	}
	if r.HasRSSI && (!s.best.known || s.best.relative && !r.Relative || s.best.relative == r.Relative && level > s.best.level) {
		s.best = reading{level, r.RSSI, r.Antenna, true, r.Relative}
	}
	weight := float64(count)
	if r.measured() {
		s.measured = true
		s.trend += (float64(level) - s.trend) / min(4, float64(s.reads))
		s.strong = s.strong || level >= p.threshold(r.Antenna)
		weight *= amplitude(level)
	}
	if w := s.way(r.Antenna); w != nil {
		if w.reads > 0 && r.Antenna != s.antenna && now-w.turn < 2*time.Second {
			follow(&p.turn, now-w.turn, 16)
		}
		if w.reads == 0 || r.Antenna != s.antenna {
			w.turn = now
		}
		w.peak.see(level, (now - s.first).Seconds(), w.reads == 0)
		w.antenna = r.Antenna
		w.reads += count
		w.cloud.add((now - s.first).Seconds(), weight)
	}
	s.antenna = r.Antenna
}

// way is what an antenna heard, nil if there is no room for one more.
func (e *evidence) way(antenna int) *way {
	for i := range e.ways {
		if w := &e.ways[i]; w.antenna == antenna || w.antenna == 0 {
			return w
		}
	}
	return nil
}

// believed is the confirm rule. Without dBm the number of reads has to do.
func (s *session) believed() bool {
	if s.portal.gated() && s.portal.opening == nil {
		return false
	}
	return s.reads >= s.portal.MinReads && (!s.weak() || s.reads >= s.portal.many())
}

// weak reports whether the tag was never heard as one that passes is.
func (s *session) weak() bool { return s.measured && !s.strong }

// near reports whether the tag is still about as near as it ever was.
func (s *session) near() bool { return s.measured && s.trend > float64(s.best.level)-apart }

// patience is how long the tag may be unheard and still be there.
func (s *session) patience() time.Duration {
	p := s.portal
	// The tag's own mean interval between reads, with two of the portal's in
	// front of it, since it has few itself.
	mean := (2*p.interval + s.last - s.first) / time.Duration(1+max(s.reads, 1))
	least, most := p.Gap, p.GapMax
	if s.state == candidate { // of a few reads nothing is known yet
		mean = max(mean, p.load())
		least, most = p.GapMax, max(p.Dwell, p.GapMax)
	}
	patience := min(max(least, sure*mean/1000, 3*max(p.Cycle, p.turn)), most)
	if s.state == confirmed && s.weak() {
		patience = max(patience, p.Rearm) // this may have been its coming only
	}
	return patience
}

// sure is a thousand times ln(1/δ) for δ = 1 %.
const sure = 4605

// direction compares when the two antennas of the line heard it.
func (s *session) direction() Direction {
	if s.portal.Line[0] == 0 || s.recovered {
		return Unknown
	}
	return s.ways[0].before(&s.ways[1], s.measured)
}

// strongest is the antenna that heard it best.
func (e *evidence) strongest() int {
	if e.best.known {
		return e.best.antenna
	}
	most := way{}
	for _, w := range e.ways {
		if w.reads > most.reads {
			most = w
		}
	}
	return most.antenna
}

// pass says what is known of it.
func (s *session) pass() Pass {
	p := Pass{
		Portal: s.portal.Name, EPC: []byte(s.tag.epc), PC: s.pc,
		First: s.start, Last: s.start.Add(s.last - s.first), Reads: s.reads,
		Antenna: s.strongest(), RSSI: s.best.rssi, HasRSSI: s.best.known, Relative: s.best.relative,
		Group: s.group,
	}
	if s.opening != nil {
		p.Group = s.opening.id
	}
	switch {
	case s.recovered:
		p.Reason = ReasonRecovered
	case s.crowded:
		p.Reason = ReasonCrowded
	}
	return p
}

func (r *Read) count() int { return max(1, min(r.Count, 1<<16)) }

// measured reports whether the read came with a strength that means the same
// everywhere.
func (r *Read) measured() bool { return r.HasRSSI && !r.Relative }
