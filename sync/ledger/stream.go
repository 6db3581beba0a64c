package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// MaxSeq is the largest number that is believed. No log gets there by
// counting, and below it no sum of two numbers overflows.
const MaxSeq = 1 << 62

// Stream is what is held of one epoch of one station's log. Every number from
// 1 to Last is held, lost or in a hole.
type Stream struct {
	Station, Epoch string
	First          uint64      // the oldest number the station says it still has; 1 until it says
	Upto           uint64      // from 1 to here every number is held or lost
	Last           uint64      // the highest number known to exist
	Held           uint64      // how many events are here
	Holes          [][2]uint64 // not here, and still to be had
	Lost           [][2]uint64 // not here, and never to be had
	LastAt         time.Time   // time of the highest event held, station's clock
}

// stream is a Stream's memory. Published ones are never changed: writers
// clone, and put the clone in place after the commit.
type stream struct {
	first, last uint64
	upto        uint64
	count       uint64
	lastAt      time.Time
	have, lost  ranges
}

func (s *stream) clone() *stream {
	c := *s
	c.have, c.lost = slices.Clone(s.have), slices.Clone(s.lost)
	return &c
}

// hold notes that number n is here.
func (s *stream) hold(n uint64, at time.Time) {
	if k := len(s.have); k == 0 || n > s.have[k-1][1] {
		s.lastAt = at
	}
	s.have = s.have.add(n, n)
	s.lost = s.lost.remove(n, n)
	s.count++
	s.last = max(s.last, n)
	s.advance()
}

// lose notes that what is not here of [from, to] never will be, and returns
// what that adds to the lost.
func (s *stream) lose(from, to uint64) [][2]uint64 {
	s.last = max(s.last, to)
	more := s.holes(from, to, math.MaxInt)
	for _, r := range more {
		s.lost = s.lost.add(r[0], r[1])
	}
	s.advance()
	return more
}

// advance moves the high-water mark over what is held or lost.
func (s *stream) advance() {
	for {
		end, ok := s.have.end(s.upto + 1)
		if !ok {
			if end, ok = s.lost.end(s.upto + 1); !ok {
				return
			}
		}
		s.upto = end
	}
}

// holes lists what is neither held nor lost in [from, to], at most max ranges.
func (s *stream) holes(from, to uint64, most int) [][2]uint64 {
	var found [][2]uint64
	for n := max(from, s.upto+1); n <= to && len(found) < most; {
		if end, ok := s.have.end(n); ok {
			n = end + 1
		} else if end, ok := s.lost.end(n); ok {
			n = end + 1
		} else {
			end := min(s.have.next(n, to+1), s.lost.next(n, to+1)) - 1
			found = append(found, [2]uint64{n, end})
			n = end + 1
		}
	}
	return found
}

func (s *stream) public(id streamID) Stream {
	return Stream{
		Station: id.station, Epoch: id.epoch,
		First: max(1, s.first), Upto: s.upto, Last: s.last, Held: s.count, LastAt: s.lastAt,
		Holes: s.holes(1, s.last, math.MaxInt), Lost: slices.Clone(s.lost),
	}
}

// Streams lists every epoch of every station, by station, then epoch.
func (l *Ledger) Streams() []Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Stream, 0, len(l.streams))
	for id, s := range l.streams {
		all = append(all, s.public(id))
	}
	slices.SortFunc(all, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), cmp.Compare(a.Epoch, b.Epoch))
	})
	return all
}

// Stream is one of them; it is empty if nothing is known.
func (l *Ledger) Stream(station, epoch string) Stream {
	id := streamID{station, epoch}
	return l.get(id).public(id)
}

// Marks is a Stream without its lists: cheap whatever the holes.
func (l *Ledger) Marks(station, epoch string) Stream {
	s := l.get(streamID{station, epoch})
	return Stream{Station: station, Epoch: epoch, First: max(1, s.first), Upto: s.upto, Last: s.last, Held: s.count, LastAt: s.lastAt}
}

// Holes lists the lowest holes of a stream, at most a number of them.
func (l *Ledger) Holes(station, epoch string, most int) [][2]uint64 {
	s := l.get(streamID{station, epoch})
	return s.holes(1, s.last, most)
}

// Missing lists what is not here, holes and lost alike: the lowest ranges up
// to the highest number known, at most a number of them.
func (l *Ledger) Missing(station, epoch string, most int) [][2]uint64 {
	s := l.get(streamID{station, epoch})
	bare := stream{have: s.have}
	return bare.holes(1, s.last, most)
}

var nothing = &stream{}

func (l *Ledger) get(id streamID) *stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.streams[id]; s != nil {
		return s
	}
	return nothing
}

// Exists notes, from a birth, a head or the end of a replay, that the station
// has given the numbers up to last and still holds those from first (zero: not
// said). What is not here below first is lost, and returned. It goes to disk
// with the next commit, since the next birth or head says it again.
func (l *Ledger) Exists(station, epoch string, first, last uint64) (lost [][2]uint64) {
	id := streamID{station, epoch}
	if last > MaxSeq || first > last+1 || !id.valid() {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	s := l.get(id)
	if known := s != nothing; known && first <= s.first && last <= s.last {
		return nil
	}
	s = s.clone()
	s.last = max(s.last, last)
	if first > s.first {
		s.first = first
		lost = s.lose(1, first-1)
	}
	l.mu.Lock()
	l.streams[id] = s
	l.late[id] = struct{}{}
	l.mu.Unlock()
	return lost
}

// GiveUp notes that what is not here of [from, to] will never be, and returns
// what that adds to the lost. An event that comes nevertheless is stored.
func (l *Ledger) GiveUp(station, epoch string, from, to uint64) (lost [][2]uint64, err error) {
	id := streamID{station, epoch}
	if from < 1 || from > to || to > MaxSeq || !id.valid() {
		return nil, fmt.Errorf("give up %d to %d of %s: no such numbers: %w", from, to, id.key(), errRefused)
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	before := l.get(id)
	s := before.clone()
	if lost = s.lose(from, to); len(lost) == 0 && s.last == before.last {
		return nil, nil
	}
	err = l.update(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketStreams).Put(id.key(), s.encode())
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.streams[id] = s
	l.mu.Unlock()
	return lost, nil
}

// valid keeps keys apart: neither part is empty, too long or holds the slash.
func (id streamID) valid() bool {
	for _, part := range []string{id.station, id.epoch} {
		if part == "" || len(part) > 64 {
			return false
		}
		for i := range len(part) {
			if part[i] == '/' {
				return false
			}
		}
	}
	return true
}

// encode is the stream on disk: a version, the marks, then the ranges as
// distances, which keeps a long list short.
func (s *stream) encode() []byte {
	b := []byte{1}
	for _, n := range []uint64{s.first, s.last, s.count} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, unixMilli(s.lastAt))
	for _, r := range []ranges{s.have, s.lost} {
		b = binary.AppendUvarint(b, uint64(len(r)))
		at := uint64(0)
		for _, one := range r {
			b = binary.AppendUvarint(b, one[0]-at)
			b = binary.AppendUvarint(b, one[1]-one[0])
			at = one[1]
		}
	}
	return seal(b)
}

func decodeStream(b []byte) (*stream, error) {
	b, ok := unseal(b)
	if !ok || len(b) == 0 || b[0] != 1 {
		return nil, ErrDamaged
	}
	b = b[1:]
	uvarint := func() uint64 {
		n, size := binary.Uvarint(b)
		b = b[max(0, size):]
		return n
	}
	s := &stream{first: uvarint(), last: uvarint(), count: uvarint()}
	ms, size := binary.Varint(b)
	b = b[max(0, size):]
	s.lastAt = fromMilli(ms)
	for _, r := range []*ranges{&s.have, &s.lost} {
		at := uint64(0)
		for n := uvarint(); n > 0 && len(b) > 0; n-- {
			from := at + uvarint()
			at = from + uvarint()
			*r = append(*r, [2]uint64{from, at})
		}
	}
	s.advance()
	return s, nil
}

func (l *Ledger) loadStreams(tx *bolt.Tx) error {
	return tx.Bucket(bucketStreams).ForEach(func(k, v []byte) error {
		id, ok := cutKey(k)
		s, err := decodeStream(v)
		if !ok || err != nil {
			return fmt.Errorf("%w: stream %.100q", ErrDamaged, k)
		}
		l.streams[id] = s
		return nil
	})
}
