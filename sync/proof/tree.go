package proof

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the tree.
type Hash = tlog.Hash

// HashSize is the size of a [Hash] in bytes.
const HashSize = tlog.HashSize

// HashReader finds stored hashes by their index.
type HashReader = tlog.HashReader

// HashReaderFunc is a function that is a [HashReader].
type HashReaderFunc = tlog.HashReaderFunc

// RecordProof shows that an event is in a tree.
type RecordProof = tlog.RecordProof

// RecordHash is the leaf hash of an event's stored bytes.
func RecordHash(b []byte) Hash { return tlog.RecordHash(b) }

// StoredHashes returns the hashes to keep for event seq (from 1), with earlier
// ones read from r. [Edge.Append] does the same without reading.
func StoredHashes(seq uint64, b []byte, r HashReader) ([]Hash, error) {
	return tlog.StoredHashes(int64(seq)-1, b, r)
}

// TreeHash is the root over events 1 to n, from stored hashes.
func TreeHash(n uint64, r HashReader) (Hash, error) { return tlog.TreeHash(int64(n), r) }

// Place says with which event the stored hash of an index was written, and as
// which of that event's hashes.
func Place(index int64) (seq uint64, k int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return uint64(n+1) << level, level
}

// Count is the number of hashes that are stored with event seq.
func Count(seq uint64) int { return 1 + bits.TrailingZeros64(seq) }

// ProveRecord proves that event seq is in the tree over events 1 to n.
func ProveRecord(n, seq uint64, r HashReader) (RecordProof, error) {
	return tlog.ProveRecord(int64(n), int64(seq)-1, r)
}

// CheckRecord checks the proof that b is event seq of the tree with the root
// over events 1 to n.
func CheckRecord(p RecordProof, n uint64, root Hash, seq uint64, b []byte) error {
	return tlog.CheckRecord(p, int64(n), root, int64(seq)-1, RecordHash(b))
}

// Edge is the right edge of a tree that grows: the roots of its complete
// subtrees, at most one per power of two. With it an event is added and the
// root is known without reading anything. Use [Edge.Clone] before changes that
// may have to be taken back.
type Edge struct {
	n      uint64
	hashes []Hash // largest subtree first
}

// LoadEdge reads the edge of the tree over events 1 to n.
func LoadEdge(n uint64, r HashReader) (*Edge, error) {
	e := &Edge{n: n}
	var indexes []int64
	for lo, left := uint64(0), n; left > 0; {
		level := bits.Len64(left) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(lo>>level)))
		lo += 1 << level
		left -= 1 << level
	}
	if len(indexes) == 0 {
		return e, nil
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(indexes) {
		return nil, fmt.Errorf("read %d hashes, want %d", len(hashes), len(indexes))
	}
	e.hashes = append(e.hashes, hashes...)
	return e, nil
}

// Len is the number of events in the tree.
func (e *Edge) Len() uint64 { return e.n }

// Clone is a copy of e that can be changed on its own.
func (e *Edge) Clone() *Edge {
	c := new(Edge)
	c.CopyFrom(e)
	return c
}

// CopyFrom makes e equal to other, reusing its memory.
func (e *Edge) CopyFrom(other *Edge) {
	e.n = other.n
	e.hashes = append(e.hashes[:0], other.hashes...)
}

// Append adds the next event by its leaf hash, and appends to dst the hashes
// to be stored with it: the leaf, then the root of each subtree it completes.
func (e *Edge) Append(dst []Hash, leaf Hash) []Hash {
	dst = append(dst, leaf)
	h := leaf
	for n := e.n; n&1 != 0; n >>= 1 {
		last := len(e.hashes) - 1
		h = tlog.NodeHash(e.hashes[last], h)
		e.hashes = e.hashes[:last]
		dst = append(dst, h)
	}
	e.hashes = append(e.hashes, h)
	e.n++
	return dst
}

// Root is the root hash of the tree.
func (e *Edge) Root() Hash {
	if len(e.hashes) == 0 {
		root, _ := tlog.TreeHash(0, nil) // of the empty tree: reads nothing, can not fail
		return root
	}
	h := e.hashes[len(e.hashes)-1]
	for i := len(e.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.hashes[i], h)
	}
	return h
}
