package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

// Raw is an event as it came. Site and station are those of its topic.
type Raw struct {
	Site, Station string
	Bytes         []byte
	Arrived       time.Time
}

// Heard is an event that is held here.
type Heard struct {
	scan.Event
	Arrived time.Time // when it first came
}

// Refused is a message that was not stored, and why.
type Refused struct {
	Raw    Raw
	Number scan.Number // zero if it could not be read
	Why    error       // wraps ErrSource, ErrConflict or ErrUnreadable
}

// Why a message is refused.
var (
	ErrUnreadable = errors.New("not an event")
	ErrSource     = errors.New("the event names another source than its topic")
	ErrConflict   = errors.New("another event has this number already")
)

// Store takes a batch in: one transaction, synced when it returns. Fresh are
// those that were not here before, in the batch's order. With an error nothing
// was stored, and the batch may be given again.
func (l *Ledger) Store(batch []Raw) (fresh []Heard, refused []Refused, err error) {
	read := make([]Heard, 0, len(batch))
	raws := make([]Raw, 0, len(batch))
	for _, raw := range batch {
		ev, err := event.Parse(raw.Bytes)
		switch {
		case err != nil:
			refused = append(refused, Refused{Raw: raw, Why: fmt.Errorf("%w: %w", ErrUnreadable, err)})
		case ev.Seq < 1 || ev.Seq > MaxSeq || !(streamID{raw.Station, ev.Epoch}).valid():
			refused = append(refused, Refused{raw, ev.Number, fmt.Errorf("%w: number %d of %q", ErrUnreadable, ev.Seq, ev.Epoch)})
		case ev.Site != raw.Site || ev.Station != raw.Station:
			refused = append(refused, Refused{raw, ev.Number,
				fmt.Errorf("%w: /%s/%s on the topic of /%s/%s", ErrSource, ev.Site, ev.Station, raw.Site, raw.Station)})
		default:
			read, raws = append(read, Heard{ev, raw.Arrived}), append(raws, raw)
		}
	}
	if len(read) == 0 {
		return nil, refused, nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	var conflicts []Refused
	changed := map[streamID]*stream{}
	err = l.update(func(tx *bolt.Tx) error {
		var err error
		if fresh, conflicts, err = l.insert(tx, read, raws, changed); err != nil {
			return err
		}
		if len(fresh) == 0 {
			return errNothing
		}
		for id, s := range changed {
			if err := tx.Bucket(bucketStreams).Put(id.key(), s.encode()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return nil, refused, err
	}
	l.mu.Lock()
	for id, s := range changed {
		l.streams[id] = s
	}
	l.mu.Unlock()
	return fresh, append(refused, conflicts...), nil
}

// insert puts in what is not there yet. The streams it changes are clones.
func (l *Ledger) insert(tx *bolt.Tx, read []Heard, raws []Raw, changed map[streamID]*stream) (fresh []Heard, conflicts []Refused, err error) {
	var id streamID
	var b *bolt.Bucket
	var key [8]byte
	for i, h := range read {
		if next := (streamID{h.Station, h.Epoch}); next != id || b == nil {
			id = next
			if b, err = tx.Bucket(bucketEvents).CreateBucketIfNotExists(id.key()); err != nil {
				return nil, nil, err
			}
			b.FillPercent = 0.9 // numbers mostly come in order, so pages fill from the end
		}
		binary.BigEndian.PutUint64(key[:], h.Seq)
		s := changed[id]
		if old := b.Get(key[:]); old != nil {
			_, stored, ok := openEvent(old)
			if !ok {
				return nil, nil, fmt.Errorf("%w: event %s of %s", ErrDamaged, event.ID(h.Number), h.Station)
			}
			if !bytes.Equal(stored, raws[i].Bytes) {
				conflicts = append(conflicts, Refused{raws[i], h.Number, fmt.Errorf("%w: %s of %s", ErrConflict, event.ID(h.Number), h.Station)})
				continue
			}
			// In the file and not in the ranges: a commit that reported
			// failure and yet had reached the file. It was told to nobody.
			if s == nil && l.get(id).have.has(h.Seq) || s != nil && s.have.has(h.Seq) {
				continue
			}
		} else if err := b.Put(bytes.Clone(key[:]), sealEvent(h.Arrived, raws[i].Bytes)); err != nil {
			return nil, nil, err
		}
		if s == nil {
			s = l.get(id).clone()
			changed[id] = s
		}
		s.hold(h.Seq, h.At)
		fresh = append(fresh, h)
	}
	return fresh, conflicts, nil
}

// Events on disk are the arrival, the bytes as they came, and a checksum:
// bbolt has none, and a flipped bit would otherwise be passed on as evidence.

func sealEvent(arrived time.Time, b []byte) []byte {
	v := make([]byte, 0, 8+len(b)+4)
	v = binary.BigEndian.AppendUint64(v, uint64(arrived.UnixNano()))
	return seal(append(v, b...))
}

func openEvent(v []byte) (arrived time.Time, b []byte, ok bool) {
	if v, ok = unseal(v); !ok || len(v) < 8 {
		return time.Time{}, nil, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(v))).UTC(), v[8:], true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts a checksum behind b.
func seal(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// unseal takes it off again, and is not ok if it does not fit.
func unseal(b []byte) ([]byte, bool) {
	n := len(b) - 4
	if n < 0 || binary.BigEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, false
	}
	return b[:n], true
}

func cutKey(k []byte) (streamID, bool) {
	station, epoch, ok := strings.Cut(string(k), "/")
	return streamID{station, epoch}, ok && (streamID{station, epoch}).valid()
}

// unixMilli and fromMilli keep the zero time zero.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
