package main

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"scanpost/devices"
	"scanpost/devices/wire"
	"scanpost/scan/identity/epc"
	"scanpost/scan/pass"
)

// tagField is what tag readers hear and what becomes of it, for a person who
// aims antennas: the passes are made by the rules of the station, and nothing
// is recorded. The readers call it from their goroutines.
type tagField struct {
	say     func(at time.Time, who, text string)
	ours    epc.Prefixes
	foreign map[string]string // what becomes of tags that are not GS1's, by portal
	gates   []gateInput

	mu      sync.Mutex
	hall    *pass.Hall
	readers []*readerView
	portals []*portalView
	tags    map[tagPlace]*tagView
	swept   time.Time // strays were told last, and tags that are gone forgotten
}

// tagPlace is one tag at one portal.
type tagPlace struct{ portal, epc string }

// readerView is one reader.
type readerView struct {
	*devices.Device
	field    *tagField
	portals  []string       // that it hears for
	antennas map[int]string // portal by antenna

	// Under the field's lock.
	attached bool
	trouble  string // why it is not there
	is       devices.Inventory
	facts    map[string]string // temperature and antennas
	reads    uint64
	pace     pace
}

// portalView is one portal, and the antennas that it was heard by.
type portalView struct {
	pass.Portal
	pace     pace
	antennas map[int]*antennaView
	told     pass.Strays
	gate     string // "open", "closed"; empty: it has none, or nobody knows
}

type antennaView struct{ pace pace }

// tagView is one tag at one portal since it came.
type tagView struct {
	name     string // its unit, or its EPC
	foreign  string // why it is none of ours, or empty
	card     bool   // of 125 kHz
	blank    bool   // it names nothing
	note     string // what was odd about a read
	since    time.Time
	reads    uint64
	pace     pace
	last     strength
	best     strength
	antennas []strength // the best of each
	way      string     // in which it passed last
}

// strength is how well an antenna heard a tag.
type strength struct {
	antenna, rssi   int
	known, relative bool
	at              time.Time
}

const (
	mostTags     = 20_000 // as many as the hall keeps
	mostAntennas = 64     // of one portal; further ones are counted with the portal only
	mostFacts    = 64
)

func newTagField(w *watching, now time.Time, say func(at time.Time, who, text string)) (*tagField, error) {
	hall, err := pass.NewHall(w.portals)
	if err != nil {
		return nil, err
	}
	f := &tagField{say: say, ours: w.ours, foreign: w.foreign, gates: w.gates, hall: hall, tags: map[tagPlace]*tagView{}, swept: now}
	for i := range w.devices {
		if d := &w.devices[i]; d.tags {
			f.readers = append(f.readers, &readerView{Device: d.Device, field: f, antennas: d.antennas, portals: d.places, facts: map[string]string{}})
		}
	}
	for _, p := range w.portals {
		if slices.ContainsFunc(f.readers, func(r *readerView) bool { return slices.Contains(r.portals, p.Name) }) {
			f.portals = append(f.portals, &portalView{Portal: p, antennas: map[int]*antennaView{}})
		}
	}
	for _, g := range f.gates { // until its reader tells
		f.hall.GateLost(g.portal, now)
	}
	return f, nil
}

// reader is the reader of that name, or nil.
func (f *tagField) reader(name string) *readerView {
	for _, r := range f.readers {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// began is told when a reader begins: what stands in its field was there before.
func (r *readerView) began(at time.Time) {
	r.field.mu.Lock()
	defer r.field.mu.Unlock()
	for _, name := range r.portals {
		r.field.hall.Started(name, at)
	}
}

func (r *readerView) state(attached bool, trouble string) {
	r.field.mu.Lock()
	defer r.field.mu.Unlock()
	r.attached, r.trouble = attached, trouble
	if !attached {
		r.loseGates(time.Now())
	}
}

// loseGates is told when nobody knows how the gates are that a reader tells of.
func (r *readerView) loseGates(at time.Time) {
	for _, g := range r.field.gates {
		if g.device == r.Name {
			r.field.hall.GateLost(g.portal, at)
			r.field.gateIs(g.portal, "")
		}
	}
	r.field.tell(at)
}

func (f *tagField) gateIs(portal, is string) {
	if p := f.portal(portal); p != nil {
		p.gate = is
	}
}

func (r *readerView) known(i devices.Inventory) {
	r.field.mu.Lock()
	defer r.field.mu.Unlock()
	r.is = i
}

// told takes what the reader tells about itself.
func (r *readerView) told(facts []wire.Fact, at time.Time) {
	f := r.field
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fact := range facts {
		for _, g := range f.gates {
			if g.device == r.Name && g.fact == fact.Name {
				open := fact.Value == g.open
				f.hall.Gate(g.portal, open, at)
				f.gateIs(g.portal, map[bool]string{true: "open", false: "closed"}[open])
			}
		}
		about := fact.Name == "temperature" || strings.HasPrefix(fact.Name, "antenna") || strings.HasPrefix(fact.Name, "gpi ")
		was, before := r.facts[fact.Name]
		if !about || before && was == fact.Value || !before && len(r.facts) >= mostFacts {
			continue
		}
		r.facts[fact.Name] = fact.Value
		f.say(at, r.Name, fact.Name+": "+fact.Value)
	}
	f.tell(at)
}

// heard takes the tags that a reader heard.
func (r *readerView) heard(reads []wire.Read, at time.Time) {
	f := r.field
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range reads {
		x := &reads[i]
		place := cmp.Or(r.antennas[x.Antenna], r.Checkpoint)
		f.hall.Hear(&pass.Read{
			Portal: place, EPC: x.EPC, PC: x.PC, HasPC: x.HasPC, Antenna: x.Antenna,
			RSSI: x.RSSI, HasRSSI: x.HasRSSI, Relative: x.Relative, Count: x.Count,
		}, at)
		n := max(1, x.Count)
		r.reads += uint64(n)
		r.pace.add(at, n)
		if p := f.portal(place); p != nil {
			p.pace.add(at, n)
			p.antenna(x.Antenna).add(at, n)
		}
		f.follow(place, x, at, n)
	}
	f.tell(at)
}

func (f *tagField) portal(name string) *portalView {
	for _, p := range f.portals {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// antenna is the pace of an antenna, or one that nobody looks at.
func (p *portalView) antenna(number int) *pace {
	a := p.antennas[number]
	if a == nil {
		a = &antennaView{}
		if number > 0 && len(p.antennas) < mostAntennas {
			p.antennas[number] = a
		}
	}
	return &a.pace
}

// follow keeps how a tag is heard.
func (f *tagField) follow(place string, x *wire.Read, at time.Time, n int) {
	t := f.tags[tagPlace{place, string(x.EPC)}]
	if t == nil {
		if len(x.EPC) == 0 || len(f.tags) >= mostTags {
			return
		}
		t = &tagView{since: at}
		f.nameOf(t, x)
		f.tags[tagPlace{place, string(x.EPC)}] = t
	}
	if !t.card {
		t.note = cmp.Or(x.Note, t.note)
	}
	t.reads += uint64(n)
	t.pace.add(at, n)
	t.last = strength{x.Antenna, x.RSSI, x.HasRSSI, x.Relative, at}
	if t.last.above(t.best) {
		t.best = t.last
	}
	for i := range t.antennas {
		if a := &t.antennas[i]; a.antenna == x.Antenna {
			if t.last.above(*a) {
				*a = t.last
			}
			a.at = at
			return
		}
	}
	if x.Antenna > 0 && len(t.antennas) < mostAntennas {
		t.antennas = append(t.antennas, t.last)
	}
}

// above reports whether a read was stronger, or as strong.
func (s strength) above(o strength) bool {
	return o.at.IsZero() || s.known && (!o.known || s.rssi >= o.rssi)
}

// nameOf says what a tag is, as a station would.
func (f *tagField) nameOf(t *tagView, x *wire.Read) {
	if b := x.EPC; len(b) == 5 { // no EPC has so few: a card, with the number that is printed on it
		t.card = true
		t.name = fmt.Sprintf("code:%X (%010d)", b, binary.BigEndian.Uint32(b[1:]))
		t.foreign = "it is a card"
		return
	}
	pc := epc.PC(0)
	if x.HasPC {
		pc = epc.PC(x.PC)
	}
	key, code := epc.Key(x.EPC, pc, f.ours)
	t.name = key
	switch {
	case code == "":
	case code == epc.Foreign:
		t.foreign = "its company prefix is none of the site's"
	default:
		t.name, t.foreign = fmt.Sprintf("EPC %X", x.EPC), "it is no tag of GS1"
	}
	if key == "" {
		t.foreign, t.blank = "it names nothing", true
	}
}

// ignored reports whether a station records nothing of a tag: by default it
// does of cards, and not of tags that are not GS1's.
func (f *tagField) ignored(place string, t *tagView) bool {
	switch rule := f.foreign[place]; {
	case t.foreign == "" || t.blank || rule == "record":
		return t.blank
	default:
		return rule == "ignore" || !t.card
	}
}

// straysEvery is how often strays are told, since a neighbour's may be many.
const straysEvery = 5 * time.Second

// sweep does what is due, and tells of it.
func (f *tagField) sweep(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hall.Sweep(now)
	f.tell(now)
	if since := now.Sub(f.swept); since >= straysEvery || since < 0 {
		f.swept = now
		f.tellStrays(now)
		f.forget(f.hall.Tags(now))
	}
}

// sweepEvery is how late a person hears that a pass has ended.
const sweepEvery = 100 * time.Millisecond

// run sweeps until all has ended.
func (f *tagField) run(ended <-chan struct{}) {
	again := time.NewTicker(sweepEvery)
	defer again.Stop()
	for {
		select {
		case now := <-again.C:
			f.sweep(now)
		case <-ended:
			return
		}
	}
}

// end lets everything that goes on come to its end: nothing more is heard.
func (f *tagField) end(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hall.Sweep(now.Add(time.Hour))
	f.tell(now)
	f.tellStrays(now)
}

// forget drops the tags that the hall has forgotten.
func (f *tagField) forget(known []pass.Tag) {
	there := make(map[tagPlace]bool, len(known))
	for i := range known {
		if known[i].State != "away" {
			there[tagPlace{known[i].Portal, string(known[i].EPC)}] = true
		}
	}
	for place := range f.tags {
		if !there[place] {
			delete(f.tags, place)
		}
	}
}
