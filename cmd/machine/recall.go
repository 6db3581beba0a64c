package machine

import (
	"hash/maphash"
	"slices"
	"sync"

	"scanpost/scan"
	"scanpost/sync/event"
)

// recall finds in a station's own log what it scanned under an identifier. A
// station with a million scans on disk that all units were held for would take
// a gigabyte; this takes four bytes for each identifier of a scan, and reads
// the scans from disk when somebody asks. Scans that are made while it runs are
// not here: the floor has seen them.
type recall struct {
	seed maphash.Seed

	mu     sync.Mutex
	parts  []*recallPart // the newest part of the log, then all before it from the oldest on; the last is being filled
	newest int           // how many are of the newest part
	places map[string]bool
	keys   [][]byte
}

// recallPart is a stretch of a log. An entry is 20 bits of an identifier's hash
// and, below them, how far behind the first number of the stretch the scan is;
// sorted when the stretch is complete. Of a million scans one is read that is
// another's.
type recallPart struct {
	log     recallLog
	first   uint64
	entries []uint32
}

// recallLog is a log that events can be read from by their number.
type recallLog interface {
	Read(from uint64, most int, fn func(seq uint64, b []byte) error) error
}

const (
	recallSpan = 1 << 12 // numbers of a stretch
	// recallMost bounds how many scans are read for one identifier, the newest.
	// One that so many scans have is a test label, or names no unit.
	recallMost = 256
)

func newRecall() *recall { return &recall{seed: maphash.MakeSeed(), places: map[string]bool{}} }

// add takes note of an event, if it is a scan. Otherwise, and for the first
// scan at a place, which tells that the station serves it, the answer is false:
// the floor has to know of it itself.
func (r *recall) add(log recallLog, seq uint64, b []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	place, keys, ok := event.Keys(b, r.keys[:0])
	r.keys = keys[:0]
	if !ok || !r.places[string(place)] {
		r.places[string(place)] = r.places[string(place)] || ok
		return false
	}
	var p *recallPart
	if n := len(r.parts); n > 0 {
		p = r.parts[n-1]
	}
	if p == nil || p.log != log || seq < p.first || seq-p.first >= recallSpan {
		if p != nil {
			p.entries = slices.Clone(p.entries) // without the room to grow
			slices.Sort(p.entries)
		}
		p = &recallPart{log: log, first: seq, entries: make([]uint32, 0, recallSpan)}
		r.parts = append(r.parts, p)
	}
	for _, k := range keys {
		p.entries = append(p.entries, r.entry(k)|uint32(seq-p.first))
	}
	return true
}

// older says that what is added from now on is older than what was.
func (r *recall) older() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest = len(r.parts)
}

// entry is an identifier's place among the entries.
func (r *recall) entry(id []byte) uint32 {
	return uint32(maphash.Bytes(r.seed, id)) &^ (recallSpan - 1)
}

// scans are the newest scans of an identifier that were added.
func (r *recall) scans(id string) (all []scan.Event) {
	type place struct {
		log recallLog
		seq uint64
	}
	var found []place
	r.mu.Lock()
	from := r.entry([]byte(id))
	for i := range r.parts {
		if i < r.newest {
			i = r.newest - 1 - i
		} else {
			i = len(r.parts) - 1 - (i - r.newest)
		}
		p, sorted := r.parts[i], i < len(r.parts)-1
		at, before := 0, len(found)
		if sorted {
			at, _ = slices.BinarySearch(p.entries, from)
		}
		for _, e := range p.entries[at:] {
			if e&^(recallSpan-1) == from {
				found = append(found, place{p.log, p.first + uint64(e&(recallSpan-1))})
			} else if sorted {
				break
			}
		}
		slices.Reverse(found[before:])
		if len(found) >= recallMost {
			break
		}
	}
	r.mu.Unlock()
	for _, f := range found[:min(len(found), recallMost)] {
		// What can not be read any more, or was trimmed, is not known any more.
		_ = f.log.Read(f.seq, 1, func(seq uint64, b []byte) error {
			ev, err := event.Parse(b)
			s, ok := ev.Entry.(*scan.Scan)
			if err == nil && ok && seq == f.seq && (s.Unit == id || slices.Contains(s.IDs, id)) {
				all = append(all, ev)
			}
			return nil
		})
	}
	return all
}
