package demo

import (
	"math/rand/v2"
	"slices"
	"time"
)

// What a radio tag does in the portal's field. All but the first two are
// things that a portal has to live with and that are no passing parcels.
const (
	tagPasses  = "passes"  // on its parcel, along the conveyor
	tagParks   = "parks"   // a pallet stops under the antennas for a while, and goes on
	tagUnread  = "unread"  // on its parcel, and never answers: it lies against metal
	tagStands  = "stands"  // a pallet beside the conveyor, all the time, faintly heard
	tagStray   = "stray"   // on another lane: an echo brings an answer or two
	tagForeign = "foreign" // along the conveyor, with a number that its chip's maker gave it
)

// tagged is one radio tag that comes into the portal's field, and so the truth
// that the portal's word is held against.
type tagged struct {
	what  string
	unit  string // empty: foreign
	epc   []byte
	at    time.Duration // when it is under the antennas; parks: when it stops there; stray: when it answers
	until time.Duration // parks, stands: when it moves on
	also  time.Duration // stray: when it answers once more; zero: it does not
	level int           // stray: how well it is heard, in dBm
}

// portalPlace is the place with the tag reader: label.
const portalPlace = 2

// Times of the portal, on the demo's clock.
const (
	passTime  = 2700 * time.Millisecond // from under the antennas until a pass is over and known to be: 1.7 s and a gap
	passGap   = time.Second             // silence that ends a pass
	dwellTime = 6 * time.Second         // a pass that lasts longer is parked
	parkTime  = 13 * time.Second        // the pallet stops for so long
)

// gapAt is the silence that ends a pass at a speed. It is not shorter than a
// program may be kept waiting by a busy machine.
func gapAt(speed float64) time.Duration {
	return max(800*time.Millisecond, time.Duration(float64(passGap)/speed))
}

// dwellAt is how long a pass may last at a speed. As short as the highest would
// have it, it would be no longer than a reader with many tags takes to come back
// to one of them.
func dwellAt(speed float64) time.Duration {
	return max(2500*time.Millisecond, time.Duration(float64(dwellTime)/speed))
}

// Numbers of the SSCCs that no parcel has.
const (
	palletNumbers = 700_000_000
	strayNumbers  = 800_000_000
	standingOne   = 900_000_001
)

// surroundings are the tags that are there besides the parcels.
func (p *Plan) surroundings(r *rand.Rand, start, end time.Duration, first int) {
	unit, _ := label(standingOne)
	p.tags = append(p.tags, tagged{what: tagStands, unit: unit, epc: tagOf(unit), at: start, until: end})
	p.pallet(r, start, palletNumbers+first)
	within := func(span time.Duration) time.Duration { return time.Duration(r.Int64N(int64(span))) }
	for at, n := start+2*time.Second, strayNumbers+first; at < end-5*time.Second; at, n = at+2*time.Second+within(2*time.Second), n+1 {
		unit, _ := label(n)
		stray := tagged{what: tagStray, unit: unit, epc: tagOf(unit), at: at, level: -66 - r.IntN(5)}
		if r.IntN(2) == 0 {
			stray.also = at + 100*time.Millisecond + within(200*time.Millisecond)
		}
		p.tags = append(p.tags, stray)
	}
	for at := start + 7*time.Second + within(3*time.Second); at < end-10*time.Second; at += 15*time.Second + within(5*time.Second) {
		epc := []byte{0xE2, 0x80, 0x68, 0x94, 0, 0, 0x40, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
		p.tags = append(p.tags, tagged{what: tagForeign, epc: epc, at: at})
	}
	slices.SortStableFunc(p.tags, func(a, b tagged) int { return int(a.at - b.at) })
}

// pallet sends one through the stations that has to wait at label, under the
// antennas. It is one scan there, however long it waits.
func (p *Plan) pallet(r *rand.Rand, start time.Duration, n int) {
	one := newParcel(n)
	one.epc = tagOf(one.unit)
	p.parcels = append(p.parcels, one)
	receive := start + 3*time.Second + time.Duration(r.Int64N(int64(time.Second)))
	pack := receive + legLeast
	stops := pack + 3*time.Second
	known := stops - 1700*time.Millisecond + dwellTime
	load := stops + parkTime + 3500*time.Millisecond
	for i, at := range []time.Duration{receive, pack, known, load} {
		p.scanned[passing{one.unit, places[i]}] = at
		if i != portalPlace {
			p.acts = append(p.acts, act{at: at, place: i, do: "scan", code: one.code, unit: one.unit})
		}
	}
	p.tags = append(p.tags, tagged{what: tagParks, unit: one.unit, epc: one.epc, at: stops, until: stops + parkTime})
}

// tagsBy are the tags that must have been recorded by a time, if they pass.
func (p *Plan) tagsBy(now time.Duration) (some []tagged) {
	for _, t := range p.tags {
		if max(t.at+passTime, t.until)+time.Second < now || t.what == tagStands {
			some = append(some, t)
		}
	}
	return some
}
