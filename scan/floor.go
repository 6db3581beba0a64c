package scan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	alias      map[string]*unit // every other identifier of a unit
	gaps       map[string]*Gap
	decided    map[string]Decision
	due        waiters // units whose limit runs out, on the observer's clock
	touched    map[*unit]struct{}
	changes    []GapChange
	now        time.Time // the newest time we were told of
	read       time.Time // the newest of them that was a clock reading
	remembered bool      // everything Self said is here
	changed    chan struct{}
	seenAt     map[string]int // units with a valid scan, by checkpoint
	onTheWay   map[string]int // units whose next required step it is
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
	lastScan    time.Time
	recent      []time.Time // arrivals of its scans in the last minutes
	silentGap   string
}

type unit struct {
	key     string
	ids     []string
	journey *Journey
	seen    []sighted
	gaps    map[int]string // every gap it ever had, by step
	passed  uint64         // steps with a valid scan, one bit each
	next    int            // the step it is on the way to, plus one; zero if none
}

// sighted is a scan of a unit as the floor remembers it.
type sighted struct {
	station *station
	number  Number
	scan    *Scan
	void    bool
}

func (s *sighted) at() time.Time {
	return s.station.observed(s.number.Epoch, s.number.Seq, s.number.At)
}

// NewFloor makes an empty floor that judges by the given rules.
func NewFloor(r Rules) *Floor {
	f := &Floor{
		rules:    r.withDefaults(),
		stations: map[string]*station{},
		serving:  map[string][]*station{},
		units:    map[string]*unit{},
		alias:    map[string]*unit{},
		gaps:     map[string]*Gap{},
		decided:  map[string]Decision{},
		touched:  map[*unit]struct{}{},
		now:      r.Started,
		changed:  make(chan struct{}),
		seenAt:   map[string]int{},
		onTheWay: map[string]int{},
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
// may have been made where a station stood before.
func (f *Floor) serve(s *station, checkpoints []string) {
	for _, c := range checkpoints {
		if c == "" || slices.Contains(s.checkpoints, c) {
			continue
		}
		s.checkpoints = append(s.checkpoints, c)
		f.serving[c] = append(f.serving[c], s)
	}
}

// Observe takes in an event that is stored here: a neighbour's, or the
// station's own. Order does not matter and repeats are harmless.
func (f *Floor) Observe(ev Event, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
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
	case *NoRead:
		st.unreadables++
		f.device(s, e.Device).Faults++
	case *Attachment:
		d := f.device(s, e.Device)
		if !d.Since.After(ev.At) {
			d.Attached, d.Port, d.Reason, d.Since = e.Attached, e.Port, e.Reason, ev.At
		}
	case *ClockStep:
		f.stepped(s, st, ev, e)
	}
	// A *Loss says nothing here: whoever holds the log knows which of the
	// numbers are really not there, and says so with Lost.
	f.change()
}

func (f *Floor) device(s *station, name string) *DeviceView {
	d := s.devices[name]
	if d == nil {
		d = &DeviceView{Name: name, Attached: true}
		s.devices[name] = d
	}
	return d
}

func (f *Floor) scanned(s *station, st *stream, ev Event, e *Scan, arrived time.Time) {
	if e.Verdict == NotUnderstood {
		st.unreadables++
		f.device(s, e.Device).Faults++
		return
	}
	f.serve(s, []string{e.Checkpoint})
	u := f.unit(e.Unit, e.IDs)
	known := false
	for i := range u.seen {
		if n := u.seen[i].number; n.Epoch == ev.Epoch && n.Seq == ev.Seq && u.seen[i].station == s {
			if u.seen[i].scan.Checkpoint != "" {
				return
			}
			// Taken back before it arrived: now we know what it was.
			u.seen[i].number, u.seen[i].scan = ev.Number, e
			known = true
		}
	}
	if !known {
		u.seen = append(u.seen, sighted{station: s, number: ev.Number, scan: e})
	}
	st.scans++
	if ev.At.After(s.lastScan) {
		s.lastScan = ev.At
	}
	s.recent = append(s.recent, arrived)
	if len(s.recent) > 4096 {
		s.recent = append(s.recent[:0], s.recent[2048:]...)
	}
	f.touch(u)
}

// unit finds the unit behind a key, or makes it.
func (f *Floor) unit(key string, ids []string) *unit {
	u := f.units[key]
	if u == nil {
		u = f.alias[key]
	}
	if u == nil {
		u = &unit{key: key}
		if Tracked(key) && len(f.rules.Journeys) > 0 {
			u.journey = &f.rules.Journeys[0]
		}
		f.units[key] = u
	}
	for _, id := range ids {
		if id == u.key || !Tracked(id) || !Tracked(u.key) || slices.Contains(u.ids, id) {
			continue
		}
		v := f.units[id]
		if v == nil {
			v = f.alias[id]
		}
		if v != nil && v != u {
			f.join(u, v)
			continue
		}
		u.ids = append(u.ids, id)
		f.alias[id] = u
	}
	return u
}

// join makes one unit of two that turned out to be the same.
func (f *Floor) join(u, v *unit) {
	if v.journey != nil {
		f.count(v, make([][]*sighted, len(v.journey.Steps)))
	}
	for _, id := range v.gaps {
		if g := f.gaps[id]; g.State != Closed {
			f.shut(g, ClosedArrived, "", f.now)
		}
	}
	u.seen = append(u.seen, v.seen...)
	for _, id := range append(v.ids, v.key) {
		if id != u.key && !slices.Contains(u.ids, id) {
			u.ids = append(u.ids, id)
		}
		f.alias[id] = u
	}
	delete(f.units, v.key)
	delete(f.touched, v)
	v.journey, v.seen = nil, nil // who still waits for it finds nothing to judge
	f.touch(u)
}

func (f *Floor) voided(s *station, v *Void) {
	u := f.units[v.Unit]
	if u == nil {
		// The scan it takes back may still be on its way: remember the unit.
		u = f.unit(v.Unit, nil)
	}
	found := false
	for i := range u.seen {
		if u.seen[i].station == s && ScanID(u.seen[i].number) == v.Scan {
			u.seen[i].void, found = true, true
		}
	}
	if !found {
		f.later(u, s, v)
	}
	f.touch(u)
}

// later keeps a void whose scan has not arrived: a sighting without a scan.
func (f *Floor) later(u *unit, s *station, v *Void) {
	for i := range u.seen {
		if u.seen[i].station == s && u.seen[i].void && ScanID(u.seen[i].number) == v.Scan {
			return
		}
	}
	epoch, seq, ok := CutID(v.Scan)
	if !ok {
		return
	}
	u.seen = append(u.seen, sighted{station: s, number: Number{Epoch: epoch, Seq: seq}, scan: &Scan{Unit: v.Unit}, void: true})
}

func (f *Floor) stepped(s *station, st *stream, ev Event, e *ClockStep) {
	by := e.New.Sub(e.Old) - e.Elapsed
	for _, j := range s.jumps {
		if j.stream == st && j.seq == ev.Seq {
			return
		}
	}
	s.jumps = append(s.jumps, jump{stream: st, seq: ev.Seq, by: by})
	if s.name != f.rules.Self { // our own clock is the one that times are compared on
		s.clock.step(by, false)
	}
	f.reconsider(s)
}

// Birth takes in what a station says of itself when it comes, changes or goes.
func (f *Floor) Birth(name string, checkpoints []string, devices []DeviceView, session, version string, online, signedOff bool, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	if !online && session != "" && s.session != "" && session != s.session {
		return // the death of a connection that has been replaced
	}
	s.online, s.signedOff, s.stateAt = online, signedOff, arrived
	if online {
		s.session, s.version = session, version
		f.serve(s, checkpoints)
		for _, d := range devices {
			have := f.device(s, d.Name)
			if !have.Since.After(d.Since) {
				d.Faults = have.Faults
				*have = d
			}
		}
	}
	f.change()
}

// HeadArrived takes in the time a live head states and when it came. Heads
// that a broker kept say nothing about delays and must not be given here.
func (f *Floor) HeadArrived(name string, at, arrived time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	founded := s.clock.founded()
	before, sampled := s.clock.offset()
	s.clock.sample(at, arrived)
	if now, _ := s.clock.offset(); !founded || !sampled && (now-before).Abs() > clockJump {
		f.rejudge(s)
	}
	if arrived.After(s.headAt) {
		s.headAt = arrived
	}
	f.change()
}

// rejudge looks again at every unit that a station has seen: the times of its
// sightings have moved.
func (f *Floor) rejudge(s *station) {
	for _, u := range f.units {
		for i := range u.seen {
			if u.seen[i].station == s {
				f.touch(u)
				break
			}
		}
	}
}

// Covered takes in a head all of whose events are stored here. For a head
// that was kept (live false), offset is the clock estimate of the time it was
// live, from the ledger; for a live one the present estimate is used.
func (f *Floor) Covered(name, epoch string, seq uint64, at, arrived time.Time, offset time.Duration, live bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(arrived)
	s := f.station(name)
	st := s.stream(epoch)
	st.meet(arrived)
	if !live && s.clock.n == 0 { // until a live head comes, the ledger knows best
		s.clock.guess, s.clock.vague = offset, false
		for _, j := range s.jumps {
			if j.stream == st && j.seq > seq || j.stream != st && j.stream.met.After(st.met) {
				s.clock.guess += j.by
			}
		}
	}
	if seq < st.covered {
		return
	}
	st.covered = seq
	if live {
		known := false
		if offset, known = s.clock.offset(); !known {
			return
		}
	}
	before := s.heardTo()
	for i := range s.losses {
		if l := &s.losses[i]; l.epoch == epoch && l.toN <= seq && l.till.IsZero() && l.resumed.IsZero() {
			l.resumed = at.Add(-offset)
		}
	}
	f.hear(s, epoch, seq, at.Add(-offset-f.rules.Margin))
	if heard := s.heardTo(); heard.After(before) {
		s.waiting.ready(heard, f.touch)
		f.change()
	}
}

// Known takes in which numbers a station has given and which are held here.
func (f *Floor) Known(name, epoch string, first, last, stored uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.station(name).stream(epoch)
	st.first, st.last, st.upto = first, max(st.last, last), stored
	f.change()
}

// Lost takes in numbers that will never be filled, with the times of the
// events before and after them; zero where there is none.
func (f *Floor) Lost(name, epoch string, from, to uint64, after, till time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost(f.station(name), epoch, from, to, after, till)
	f.change()
}

func (f *Floor) lost(s *station, epoch string, from, to uint64, after, till time.Time) {
	for _, l := range s.losses {
		if l.epoch == epoch && l.fromN == from && l.toN == to {
			return
		}
	}
	s.losses = append(s.losses, lost{epoch: epoch, fromN: from, toN: to, after: after, till: till, since: f.now})
	f.reconsider(s)
}

// Offset is the present estimate of a station's clock less ours.
func (f *Floor) Offset(name string) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.stations[name]; s != nil {
		return s.clock.offset()
	}
	return 0, false
}

// HeardSince reports whether a live head of every named station has come
// after a time.
func (f *Floor) HeardSince(names []string, since time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if s := f.stations[name]; s == nil || !s.headAt.After(since) {
			return false
		}
	}
	return true
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

// tick takes in the time. Where the observer's own wall clock has jumped
// (which the monotonic part of two readings tells), everything that is kept
// on that clock moves with it: a clock that was set back must not leave us
// with stations heard up to the future.
func (f *Floor) tick(now time.Time) {
	if real(now) {
		if !f.read.IsZero() {
			elapsed := now.Sub(f.read)
			if by := now.Round(0).Sub(f.read.Round(0)) - elapsed; by.Abs() > clockJump {
				f.jumped(by)
			}
		}
		if f.read.IsZero() || now.Sub(f.read) > 0 {
			f.read = now
		}
	}
	if now.After(f.now) {
		f.now = now
	}
}

// clockJump is how far a wall clock may creep from the monotonic one.
const clockJump = 2 * time.Second

// real reports whether a time is a reading of this process's clock.
func real(t time.Time) bool { return t != t.Round(0) }

// jumped moves what is kept on the observer's clock by a jump of that clock.
func (f *Floor) jumped(by time.Duration) {
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Round(0).Add(by)
		}
	}
	move(&f.now)
	move(&f.rules.Started)
	for _, s := range f.stations {
		for i := range s.spans {
			move(&s.spans[i].from)
			move(&s.spans[i].to)
		}
		for i := range s.losses {
			move(&s.losses[i].resumed)
		}
		move(&s.headAt)
		move(&s.stateAt)
		if s.name != f.rules.Self {
			s.clock.step(-by, true)
		}
		f.reconsider(s)
	}
	f.due = nil
	for _, u := range f.units {
		f.touch(u)
	}
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

// Decide takes in a person's word on a gap.
func (f *Floor) Decide(d Decision, now time.Time) (GapChange, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gaps[d.Gap]
	if g == nil {
		return GapChange{}, ErrNoGap
	}
	reason := strings.TrimSpace(d.Reason)
	switch d.Do {
	case "resolve", "waive":
		if g.State == Closed {
			return GapChange{}, fmt.Errorf("%w: it is closed already, as %s", ErrDecided, g.ClosedAs)
		}
		if d.Do == "waive" && reason == "" {
			return GapChange{}, fmt.Errorf("%w: say in a few words why nothing needs to be done", ErrReason)
		}
		f.decided[d.Gap] = d
		closed := ClosedResolved
		if d.Do == "waive" {
			closed = ClosedWaived
		}
		f.shut(g, closed, d.By, d.At)
		if reason != "" {
			g.Cause = reason
		}
	case "reopen":
		if g.State != Closed || f.decided[d.Gap].Gap == "" {
			return GapChange{}, fmt.Errorf("%w: only what a person closed can be opened again", ErrDecided)
		}
		delete(f.decided, d.Gap)
		g.State, g.ClosedAs, g.By, g.ClosedAt = Unknown, "", "", time.Time{}
		if u := f.units[g.Unit]; u != nil {
			f.touch(u)
		}
		f.settle(now)
	default:
		return GapChange{}, fmt.Errorf("no such decision: %q (resolve, waive or reopen)", d.Do)
	}
	f.change()
	return GapChange{Change: changeOf(g), Gap: *g}, nil
}

// What Decide says no with.
var (
	ErrNoGap   = errors.New("there is no such gap")
	ErrDecided = errors.New("that decision does not fit")
	ErrReason  = errors.New("a reason is needed")
)

func changeOf(g *Gap) string {
	if g.State == Closed {
		return "closed"
	}
	return "updated"
}

// sorted returns the stations by name.
func (f *Floor) sorted() []*station {
	names := slices.Sorted(maps.Keys(f.stations))
	all := make([]*station, len(names))
	for i, n := range names {
		all[i] = f.stations[n]
	}
	return all
}
