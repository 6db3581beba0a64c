package scan

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Floor is what one observer knows of the warehouse floor: which stations
// there are and how far each has been heard, which unit was seen where, and
// which scans are not there. Board and stations run the same one. It is fed
// with every event, birth and head in any order and any number of times, and
// is safe for concurrent use.
//
// What it holds is a function of what it was fed: gaps are found by looking
// at a unit again whenever something that could change its judgement has
// changed, never by remembering an opinion.
type Floor struct {
	rules Rules

	mu         sync.Mutex
	stations   map[string]*station
	serving    map[string][]*station // by checkpoint
	units      map[string]*unit
	alias      map[string]*unit   // every other identifier of a unit
	knots      map[string]*knot   // what identifiers are tied with
	moves      map[string][]*move // by identifier of what was moved
	boxes      map[string]*box    // by identifier of the container
	undone     map[ref]undoing    // links and packings that were taken back
	tying      []*station         // stations that said what belongs together
	gaps       map[string]*Gap
	decided    map[string]Decision
	due        waiters // units whose limit runs out, on the observer's clock
	touched    map[*unit]struct{}
	changes    []GapChange
	now        time.Time // the newest time we were told of
	read       time.Time // the newest of them that was a clock reading
	remembered bool      // everything Self said is here
	changed    chan struct{}
	seenAt     map[string]int      // units with a valid scan, by checkpoint
	onTheWay   map[string]int      // units whose next required step it is
	recalled   map[string]struct{} // identifiers whose scans on disk were taken in
}

type station struct {
	name        string
	checkpoints []string
	retired     bool
	online      bool
	signedOff   bool
	session     string
	version     string
	stateAt     time.Time // arrival of its newest birth or will
	headAt      time.Time // arrival of its newest live head
	devices     map[string]*DeviceView
	clock       clock
	jumps       []jump
	spans       []span
	losses      []lost
	streams     map[string]*stream
	newest      *stream
	waiting     waiters // units that wait for it to be heard up to a time
	behind      []*unit // and for what it said before a scan of them
	lastScan    time.Time
	recent      []time.Time // arrivals of its scans in the last minutes
	silentGap   string
}

// NewFloor makes an empty floor that judges by the given rules.
func NewFloor(r Rules) *Floor {
	f := &Floor{
		rules:    r.withDefaults(),
		stations: map[string]*station{},
		serving:  map[string][]*station{},
		units:    map[string]*unit{},
		alias:    map[string]*unit{},
		knots:    map[string]*knot{},
		moves:    map[string][]*move{},
		boxes:    map[string]*box{},
		undone:   map[ref]undoing{},
		gaps:     map[string]*Gap{},
		decided:  map[string]Decision{},
		touched:  map[*unit]struct{}{},
		now:      r.Started,
		changed:  make(chan struct{}),
		seenAt:   map[string]int{},
		onTheWay: map[string]int{},
		recalled: map[string]struct{}{},
	}
	for _, n := range r.Neighbours {
		s := f.station(n.Name)
		s.retired = n.Retired
		f.serve(s, n.Checkpoints)
	}
	return f
}

func (f *Floor) station(name string) *station {
	s := f.stations[name]
	if s == nil {
		s = &station{name: name, devices: map[string]*DeviceView{}, streams: map[string]*stream{}, clock: clock{vague: name != f.rules.Self}}
		f.stations[name] = s
	}
	return s
}

func (s *station) stream(epoch string) *stream {
	st := s.streams[epoch]
	if st == nil {
		st = &stream{epoch: epoch}
		s.streams[epoch] = st
		s.newest = st
	}
	return st
}

func (st *stream) meet(at time.Time) {
	if st.met.IsZero() || at.Before(st.met) {
		st.met = at
	}
}

// serve notes that a station serves checkpoints. It only ever adds: a scan
// may have been made where a station stood before. What was judged without it
// is looked at again.
func (f *Floor) serve(s *station, checkpoints []string) {
	for _, c := range checkpoints {
		if c == "" || slices.Contains(s.checkpoints, c) {
			continue
		}
		s.checkpoints = append(s.checkpoints, c)
		f.serving[c] = append(f.serving[c], s)
		for _, u := range f.units {
			f.touch(u)
		}
	}
}

// Observe takes in an event that is stored here: a neighbour's, or the
// station's own. Order does not matter and repeats are harmless.
func (f *Floor) Observe(ev Event, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.observe(ev, arrived)
	f.change()
}

func (f *Floor) observe(ev Event, arrived time.Time) {
	f.tick(arrived)
	s := f.station(ev.Station)
	st := s.stream(ev.Epoch)
	st.meet(arrived)
	if st.lowest == 0 || ev.Seq < st.lowest {
		st.lowest, st.lowestAt = ev.Seq, ev.At
	}
	st.highest = max(st.highest, ev.Seq)
	switch e := ev.Entry.(type) {
	case *Scan:
		f.scanned(s, st, ev, e, arrived)
	case *Void:
		f.voided(s, e)
	case *Linked:
		f.linked(s, ev, e)
	case *Packed:
		f.packed(s, ev, e)
	case *NoRead:
		st.unreadables++
		f.device(s, e.Device).Faults++
	case *Attachment:
		d := f.device(s, e.Device)
		if !d.Since.After(ev.At) {
			if d.Attached != e.Attached || d.Since.IsZero() {
				d.Since = ev.At
			}
			d.Attached, d.Port, d.Reason = e.Attached, e.Port, e.Reason
			if e.Model+e.Serial+e.Firmware+e.USB+e.Temperature != "" || len(e.Drift)+len(e.Trouble) > 0 {
				d.Inventory = e.Inventory // and else it is as it was known before
			}
		}
	case *ClockStep:
		f.stepped(s, st, ev, e)
	}
	// A *Loss says nothing here: whoever holds the log knows which of the
	// numbers are really not there, and says so with Lost.
}

func (f *Floor) device(s *station, name string) *DeviceView {
	d := s.devices[name]
	if d == nil {
		d = &DeviceView{Name: name, Attached: true}
		s.devices[name] = d
	}
	return d
}

// Changed returns a channel that is closed when something changes.
func (f *Floor) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

func (f *Floor) change() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Remembered says that everything this station ever said itself has been fed.
// Until then its own scans are not known well enough to miss one.
func (f *Floor) Remembered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remembered = true
	f.change()
}

func (f *Floor) touch(u *unit) { f.touched[u] = struct{}{} }

// sorted returns the stations by name.
func (f *Floor) sorted() []*station {
	names := slices.Sorted(maps.Keys(f.stations))
	all := make([]*station, len(names))
	for i, n := range names {
		all[i] = f.stations[n]
	}
	return all
}
