package outbox

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// Progress is how far [Outbox.Verify] has come.
type Progress struct{ Done, Total uint64 }

// Verify checks every event's bytes against its hashes and number, every hash
// of the tree against the leaves, and the root against the one that heads are
// made with. It returns the first thing that is wrong. Writing goes on
// meanwhile.
func (o *Outbox) Verify(progress func(Progress)) error {
	var root proof.Hash
	var total uint64
	if err := o.alone(func() error { root, total = o.edge.Root(), o.edge.Len(); return nil }); err != nil {
		return err
	}
	tree := new(proof.Edge)
	for tree.Len() < total {
		if progress != nil {
			progress(Progress{tree.Len(), total})
		}
		err := o.view(func(tx *bbolt.Tx) error {
			for range chunkEvents {
				if tree.Len() == total {
					break
				}
				if err := o.verifyOne(tx, tree); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return o.explain("verify the outbox", err)
		}
	}
	if tree.Root() != root {
		return o.explain("verify the outbox", fmt.Errorf("%w: the root over events 1 to %d is not the one of the heads", ErrDamaged, total))
	}
	if progress != nil {
		progress(Progress{total, total})
	}
	return nil
}

// verifyOne checks the event after those in tree.
func (o *Outbox) verifyOne(tx *bbolt.Tx, tree *proof.Edge) error {
	seq := tree.Len() + 1
	stored, err := storedHashes(tx, seq)
	if err != nil {
		return err
	}
	if v := tx.Bucket(eventsBucket).Get(key(seq)); v != nil {
		r, err := parseRecord(v)
		if err != nil {
			return err
		}
		if !r.intact() {
			return &DamagedError{Path: o.path, Seq: seq}
		}
		e, err := event.Parse(r.event)
		if err != nil {
			return fmt.Errorf("event %d: %w", seq, err)
		}
		if e.Seq != seq || e.Epoch != o.epoch || e.Site != o.site || e.Station != o.station {
			return fmt.Errorf("event %d: %w: its bytes say it is %s of %s/%s", seq, ErrDamaged, event.ID(e.Number), e.Site, e.Station)
		}
	}
	for i, h := range tree.Append(nil, proof.Hash(stored[:proof.HashSize])) {
		if !bytes.Equal(h[:], stored[i*proof.HashSize:][:proof.HashSize]) {
			return fmt.Errorf("event %d: %w: hash %d of the tree is not that of its leaves", seq, ErrDamaged, i)
		}
	}
	return nil
}
