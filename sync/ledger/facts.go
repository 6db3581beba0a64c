package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Head is a station's signed statement as it came, with what is needed to
// believe it again after a restart.
type Head struct {
	Station string        `json:"station"`
	Epoch   string        `json:"epoch"`
	Seq     uint64        `json:"seq"`
	At      time.Time     `json:"at"`      // station's clock
	Arrived time.Time     `json:"arrived"` // ours
	Offset  time.Duration `json:"offset"`  // the station's clock less ours, when it arrived
	Note    []byte        `json:"note"`
}

// SaveHead keeps a head if it is the newest of its stream. It goes to disk
// with the next commit: the next head is two seconds away.
func (l *Ledger) SaveHead(h Head) {
	id := streamID{h.Station, h.Epoch}
	if !id.valid() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.heads[id]; ok && (h.Seq < old.Seq || h.Seq == old.Seq && h.Arrived.Before(old.Arrived)) {
		return
	}
	h.Note = slices.Clone(h.Note)
	h.At, h.Arrived = h.At.Round(0).UTC(), h.Arrived.Round(0).UTC()
	l.heads[id] = h
	l.late[id] = struct{}{}
}

// Heads are the newest heads, one of each stream, in the order they came.
func (l *Ledger) Heads() []Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Head, 0, len(l.heads))
	for _, h := range l.heads {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Head) int {
		if c := a.Arrived.Compare(b.Arrived); c != 0 {
			return c
		}
		return strings.Compare(a.Station+"/"+a.Epoch, b.Station+"/"+b.Epoch)
	})
	return all
}

func writeHead(tx *bolt.Tx, h Head) error {
	b, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("head of %s: %w: %w", h.Station, err, errRefused)
	}
	return tx.Bucket(bucketHeads).Put(streamID{h.Station, h.Epoch}.key(), seal(b))
}

func (l *Ledger) loadHeads(tx *bolt.Tx) error {
	return tx.Bucket(bucketHeads).ForEach(func(k, v []byte) error {
		id, ok := cutKey(k)
		b, whole := unseal(v)
		var h Head
		if !ok || !whole || json.Unmarshal(b, &h) != nil {
			return fmt.Errorf("%w: head %.100q", ErrDamaged, k)
		}
		l.heads[id] = h
		return nil
	})
}

// PinKey returns the key that a station's heads are believed with: the first
// that was given for it, on disk before it is used.
func (l *Ledger) PinKey(station, verifierKey string) (pinned string, err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if pinned, err = l.pinned(station); err != nil || pinned != "" || verifierKey == "" {
		return pinned, err
	}
	err = l.update(func(tx *bolt.Tx) error {
		return put(tx.Bucket(bucketPins), station, []byte(verifierKey))
	})
	if err != nil {
		return "", err
	}
	return verifierKey, nil
}

func (l *Ledger) pinned(station string) (key string, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		b, err := get(tx.Bucket(bucketPins), station)
		key = string(b)
		return err
	})
	return key, err
}

// Unpin forgets a station's key. It is a person's decision, for a station
// that was set up anew.
func (l *Ledger) Unpin(station string) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.update(func(tx *bolt.Tx) error { return tx.Bucket(bucketPins).Delete([]byte(station)) })
}

// Put keeps a small named fact, on disk when it returns.
func (l *Ledger) Put(bucket, key string, value []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.update(func(tx *bolt.Tx) error {
		if bucket == "" {
			return fmt.Errorf("put %q: the bucket needs a name: %w", key, errRefused)
		}
		b, err := tx.Bucket(bucketFacts).CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return put(b, key, value)
	})
}

// Get returns a fact, or nil if there is none.
func (l *Ledger) Get(bucket, key string) (value []byte, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFacts).Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		value, err = get(b, key)
		return err
	})
	return value, err
}

// Delete forgets a fact.
func (l *Ledger) Delete(bucket, key string) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.update(func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketFacts).Bucket([]byte(bucket)); b != nil {
			return b.Delete([]byte(key))
		}
		return nil
	})
}

// EachIn calls fn with every fact of a bucket, by key. What fn gets is its
// own, and fn may call the ledger.
func (l *Ledger) EachIn(bucket string, fn func(key string, value []byte) error) error {
	type fact struct {
		key   string
		value []byte
	}
	var facts []fact
	err := l.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFacts).Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			value, ok := unseal(v)
			if !ok {
				return fmt.Errorf("%w: %s %.100q", ErrDamaged, bucket, k)
			}
			facts = append(facts, fact{string(k), slices.Clone(value)})
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, f := range facts {
		if err := fn(f.key, f.value); err != nil {
			return err
		}
	}
	return nil
}

func put(b *bolt.Bucket, key string, value []byte) error {
	if key == "" || len(key) > bolt.MaxKeySize {
		return fmt.Errorf("put %.40q: a key has 1 to %d bytes: %w", key, bolt.MaxKeySize, errRefused)
	}
	return b.Put([]byte(key), seal(slices.Clone(value)))
}

func get(b *bolt.Bucket, key string) ([]byte, error) {
	v := b.Get([]byte(key))
	if v == nil {
		return nil, nil
	}
	value, ok := unseal(v)
	if !ok {
		return nil, fmt.Errorf("%w: %.100q", ErrDamaged, key)
	}
	return slices.Clone(value), nil
}
