package outbox

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// A record is what is stored of an event:
//
//	{"specversion":…}  H0 H1 …  time  k
//	│                  │        │     └─ number of hashes, one byte
//	│                  │        └─ milliseconds since 1970, 8 bytes: for trimming, without reading JSON
//	│                  └─ leaf, then the subtrees it completes, 32 bytes each
//	└─ the event, exactly as published
type record struct {
	event  []byte
	hashes []byte
	at     time.Time
}

func appendTrailer(b []byte, hashes []proof.Hash, at time.Time) []byte {
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMilli()))
	return append(b, byte(len(hashes)))
}

func parseRecord(v []byte) (record, error) {
	if len(v) < 1+8+proof.HashSize || len(v) > event.MaxSize+1+8+65*proof.HashSize {
		return record{}, fmt.Errorf("%w: a record of %d bytes", ErrDamaged, len(v))
	}
	k := int(v[len(v)-1])
	end := len(v) - 1 - 8
	start := end - k*proof.HashSize
	if k < 1 || start < 0 {
		return record{}, fmt.Errorf("%w: a record of %d bytes with %d hashes", ErrDamaged, len(v), k)
	}
	ms := int64(binary.BigEndian.Uint64(v[end:]))
	return record{event: v[:start], hashes: v[start:end], at: time.UnixMilli(ms).UTC()}, nil
}

// intact reports whether the event's bytes are those that were hashed.
func (r record) intact() bool {
	return proof.RecordHash(r.event) == proof.Hash(r.hashes[:proof.HashSize])
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func seqOf(k []byte) uint64 {
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// storedHashes are the hashes that were stored with an event, whether it is
// still here or was trimmed.
func storedHashes(tx *bbolt.Tx, seq uint64) ([]byte, error) {
	k := key(seq)
	hashes := tx.Bucket(hashesBucket).Get(k)
	if hashes == nil {
		r, err := parseRecord(tx.Bucket(eventsBucket).Get(k))
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", seq, err)
		}
		hashes = r.hashes
	}
	if len(hashes) != proof.Count(seq)*proof.HashSize {
		return nil, fmt.Errorf("event %d: %w: %d bytes of hashes, want %d of 32", seq, ErrDamaged, len(hashes), proof.Count(seq))
	}
	return hashes, nil
}

// hashReader reads the tree from a transaction.
func hashReader(tx *bbolt.Tx) proof.HashReader {
	return proof.HashReaderFunc(func(indexes []int64) ([]proof.Hash, error) {
		out := make([]proof.Hash, 0, len(indexes))
		for _, x := range indexes {
			seq, k := proof.Place(x)
			hashes, err := storedHashes(tx, seq)
			if err != nil {
				return nil, err
			}
			out = append(out, proof.Hash(hashes[k*proof.HashSize:][:proof.HashSize]))
		}
		return out, nil
	})
}

var markKey = []byte("mark")

const receiptPrefix = "confirmed/"

// putState writes the mark, newest number and time and the published cursor,
// and the receipts if they are given.
func putState(tx *bbolt.Tx, epoch string, s state, receipts map[string]uint64) error {
	b := tx.Bucket(stateBucket)
	if err := b.Put(markKey, appendMark(make([]byte, 0, markSize), epoch, s)); err != nil {
		return err
	}
	for consumer, upto := range receipts {
		if err := b.Put([]byte(receiptPrefix+consumer), key(upto)); err != nil {
			return err
		}
	}
	return nil
}

func getState(tx *bbolt.Tx) (state, error) {
	s := state{confirmed: map[string]uint64{}}
	b := tx.Bucket(stateBucket)
	if mark := b.Get(markKey); mark != nil {
		if len(mark) < 24 {
			return s, fmt.Errorf("%w: a mark of %d bytes", ErrDamaged, len(mark))
		}
		s.last = binary.BigEndian.Uint64(mark)
		s.lastAt = time.UnixMilli(int64(binary.BigEndian.Uint64(mark[8:]))).UTC()
		s.published = binary.BigEndian.Uint64(mark[16:])
	}
	c := b.Cursor()
	for k, v := c.Seek([]byte(receiptPrefix)); len(k) > len(receiptPrefix) && string(k[:len(receiptPrefix)]) == receiptPrefix; k, v = c.Next() {
		if name := string(k[len(receiptPrefix):]); event.ValidName(name) {
			s.confirmed[name] = seqOf(v)
		}
	}
	s.first = s.last + 1
	if k, _ := tx.Bucket(eventsBucket).Cursor().First(); k != nil {
		s.first = seqOf(k)
	}
	if s.published > s.last || s.first < 1 || s.first > s.last+1 {
		return s, fmt.Errorf("%w: first %d, last %d, published %d", ErrDamaged, s.first, s.last, s.published)
	}
	return s, nil
}
