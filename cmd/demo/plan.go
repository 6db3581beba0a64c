package demo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// The demo's own clock is a Duration since the start, before it is divided by
// the speed. The figures below are for speed 1 and leave room on both sides
// of the detector's own (transit 5 s, margin 3 s, a head every 2 s).
const (
	legLimit   = 13500 * time.Millisecond // a parcel that needs longer for a leg is overdue
	legLeast   = 6500 * time.Millisecond  // the walk between two stations takes this ...
	legSpread  = 1500 * time.Millisecond  // ... to this much more
	every      = time.Second              // a parcel comes in
	outageTime = 14 * time.Second         // a station's network is down
	unplugTime = 3 * time.Second          // a scanner is out
	resumeTime = 1500 * time.Millisecond  // after it is back, until the next label is read
	settleTime = 30 * time.Second         // after the last parcel came in, until the last fault can be known
)

// places are the four stations' checkpoints, in the order of the journey.
var places = []string{"receive", "pack", "label", "load"}

// The kinds of fault that are injected.
const (
	faultSkip       = "skipped scan"
	faultDouble     = "double scan"
	faultStall      = "stalled parcel"
	faultOutage     = "network down"
	faultUnplug     = "scanner unplugged"
	faultUnreadable = "unreadable label"
	faultUnread     = "tag not read" // it passed the portal, and no reader could have known
)

// Fault is one thing that goes wrong, and the truth about it.
type Fault struct {
	Kind  string        `json:"kind"`
	At    time.Duration `json:"at"`              // when it happens
	Place string        `json:"place"`           // the checkpoint it happens at
	Unit  string        `json:"unit,omitempty"`  // the parcel it happens to
	Until time.Duration `json:"until,omitempty"` // outage, unplugged scanner: when it is over
	Known time.Duration `json:"known"`           // when there is enough evidence for anybody to know

	// Warnable: a skip that can be known while the parcel is at the next station.
	Warnable bool `json:"warnable,omitempty"`
}

// act is one thing that happens at one station at one time.
type act struct {
	at    time.Duration
	place int
	do    string // "scan", "garbage", "cut", "mend", "unplug", "plug"
	code  string // what is on the label
	unit  string
}

// passing is a parcel at a checkpoint.
type passing struct{ unit, place string }

// Plan is what is going to happen, and the truth that the findings are held
// against. It is a function of seed, window and nothing else.
type Plan struct {
	Parcels int
	Faults  []Fault
	parcels []parcel
	acts    []act
	linked  []parcel                  // whose two labels are scanned one after the other
	tags    []tagged                  // what comes into the portal's field
	scanned map[passing]time.Duration // when a parcel is scanned for the first time at a place
}

// makePlan fills the time from start to end with parcels and faults. The last
// parcel is through, and the last fault can be known, before end.
func makePlan(seed uint64, start, end time.Duration, first int) *Plan {
	p := &Plan{scanned: map[passing]time.Duration{}}
	r, tags := rand.New(rand.NewPCG(seed, 0x5ca9)), rand.New(rand.NewPCG(seed, 0x7a95))
	lastIn := end - settleTime
	for at := start + time.Second; at < lastIn; at += every - every/8 + time.Duration(r.Int64N(int64(every/4))) {
		p.Parcels++
		p.parcel(r, tags, first+p.Parcels, at)
	}
	p.surroundings(tags, start, end, first)
	p.outage(r, start, lastIn)
	p.unplugged(r, start, lastIn)
	p.links()
	for i := range p.Faults {
		p.Faults[i].Known = p.known(&p.Faults[i])
	}
	slices.SortStableFunc(p.acts, func(a, b act) int { return cmp.Compare(a.at, b.at) })
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return p
}

// parcel sends one parcel through the stations. About one in four has a
// fault of its own; the first ones take turns, so that a short demo shows
// every kind. About every second one carries a radio tag beside its label.
func (p *Plan) parcel(r, tags *rand.Rand, n int, at time.Duration) {
	fault, where := "", 1+r.IntN(2)
	kinds := []string{faultSkip, faultDouble, faultStall, faultUnreadable}
	switch {
	case n%5 == 3:
		fault = kinds[(n/5)%len(kinds)]
	case n%20 == 6:
		fault, where = faultUnread, portalPlace
	}
	one := newParcel(n)
	if has := tags.IntN(2) == 0; fault == faultUnread || has && !(where == portalPlace && (fault == faultSkip || fault == faultUnreadable)) {
		one.epc = tagOf(one.unit)
	}
	p.parcels = append(p.parcels, one)
	unit, code := one.unit, one.code
	for place := range places {
		if place > 0 {
			at += legLeast + time.Duration(r.Int64N(int64(legSpread)))
		}
		if place == where {
			switch fault {
			case faultSkip:
				p.Faults = append(p.Faults, Fault{Kind: fault, At: at, Place: places[place], Unit: unit})
				continue
			case faultUnread:
				p.Faults = append(p.Faults, Fault{Kind: fault, At: at, Place: places[place], Unit: unit})
				p.tags = append(p.tags, tagged{what: tagUnread, unit: unit, epc: one.epc, at: at - passTime})
				continue
			case faultStall:
				p.Faults = append(p.Faults, Fault{Kind: fault, At: p.scanned[passing{unit, places[place-1]}], Place: places[place], Unit: unit})
				return
			case faultUnreadable:
				p.Faults = append(p.Faults, Fault{Kind: fault, At: at, Place: places[place], Unit: unit})
				p.acts = append(p.acts, act{at: at, place: place, do: "scan", code: smudge(code), unit: unit})
				at += 1500 * time.Millisecond
			case faultDouble: // of a parcel with a tag: somebody scans its label as well
				again := at + 2*time.Second
				p.Faults = append(p.Faults, Fault{Kind: fault, At: again, Place: places[place], Unit: unit})
				p.acts = append(p.acts, act{at: again, place: place, do: "scan", code: code, unit: unit})
			}
		}
		if place == portalPlace && one.epc != nil {
			p.tags = append(p.tags, tagged{what: tagPasses, unit: unit, epc: one.epc, at: at - passTime})
		} else {
			p.acts = append(p.acts, act{at: at, place: place, do: "scan", code: code, unit: unit})
		}
		p.scanned[passing{unit, places[place]}] = at
	}
}

// outage takes the network away from one station, which goes on scanning.
func (p *Plan) outage(r *rand.Rand, start, lastIn time.Duration) {
	at := start + 12*time.Second + time.Duration(r.Int64N(int64(2*time.Second)))
	if at > lastIn {
		return
	}
	place := 1
	p.Faults = append(p.Faults, Fault{Kind: faultOutage, At: at, Place: places[place], Until: at + outageTime})
	p.acts = append(p.acts, act{at: at, place: place, do: "cut"}, act{at: at + outageTime, place: place, do: "mend"})
}

// unplugged pulls the cable of one scanner. Parcels that come meanwhile wait
// in front of the bench until it is back.
func (p *Plan) unplugged(r *rand.Rand, start, lastIn time.Duration) {
	at := start + 20*time.Second + time.Duration(r.Int64N(int64(2*time.Second)))
	if at > lastIn+legLeast {
		return
	}
	place, until := portalPlace, at+unplugTime // its tag reader reads on
	p.Faults = append(p.Faults, Fault{Kind: faultUnplug, At: at, Place: places[place], Until: until})
	// From a moment before, so that no label is half through the cable.
	free := until + resumeTime
	waits := map[string]time.Duration{} // by unit: when it would have been scanned
	for _, a := range p.acts {
		if t, waiting := waits[a.unit]; a.place == place && a.at >= at-200*time.Millisecond && a.at < free && (!waiting || a.at < t) {
			waits[a.unit] = a.at
		}
	}
	for unit, t := range waits {
		p.delay(unit, t, free+(t-at)/4-t)
	}
	p.acts = append(p.acts, act{at: at, place: place, do: "unplug"}, act{at: until, place: place, do: "plug"})
}

// delay moves everything that happens to a unit from a time on.
func (p *Plan) delay(unit string, from, by time.Duration) {
	for i := range p.acts {
		if a := &p.acts[i]; a.unit == unit && a.at >= from {
			a.at += by
		}
	}
	for key, at := range p.scanned {
		if key.unit == unit && at >= from {
			p.scanned[key] = at + by
		}
	}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Unit == unit && f.At >= from {
			f.At += by
		}
	}
}

// known is the first moment at which the evidence for a fault exists
// anywhere: nobody could say it earlier.
func (p *Plan) known(f *Fault) time.Duration {
	switch f.Kind {
	case faultSkip, faultUnread:
		// When it is seen further on, and both stations can be heard.
		for i := slices.Index(places, f.Place) + 1; i < len(places); i++ {
			if at, seen := p.scanned[passing{f.Unit, places[i]}]; seen {
				known := max(p.heard(places[i], at), p.heard(f.Place, at))
				f.Warnable = known == at
				return known
			}
		}
	case faultStall:
		return p.heard(f.Place, p.scanned[passing{f.Unit, before(f.Place)}]+legLimit)
	case faultDouble, faultUnreadable, faultUnplug:
		return p.heard(f.Place, f.At)
	}
	return f.At
}

// heard is when something that a station knows at a time can be known
// elsewhere: at once, or when its network is back.
func (p *Plan) heard(place string, at time.Duration) time.Duration {
	for _, f := range p.Faults {
		if f.Kind == faultOutage && f.Place == place && at >= f.At && at < f.Until {
			return f.Until
		}
	}
	return at
}

func before(place string) string { return places[slices.Index(places, place)-1] }
