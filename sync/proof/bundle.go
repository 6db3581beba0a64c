package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"scanpost/sync/event"
)

// Bundle shows to anyone who trusts a station's key that events are in its log,
// with nothing else at hand: no network, no broker, no board.
//
//	{"format": "scanpost/proof/v1",
//	 "key":    the station's verifier key, as its births say it,
//	 "head":   a signed note: so many events, this root, up to this time,
//	 "events": [{"seq": 1042, "event": the published bytes in base64,
//	             "path": the hashes that lead from them to the root}]}
//
// What it proves: the station's key signed a log in which these bytes stand at
// this number. What it does not: that the key in the bundle is the station's.
// For that it has to be compared with the one that receivers hold.
type Bundle struct {
	Format string  `json:"format"`
	Key    string  `json:"key"`
	Head   string  `json:"head"`
	Events []Shown `json:"events"`
}

// Shown is one event of a bundle.
type Shown struct {
	Seq   uint64   `json:"seq"`
	Event []byte   `json:"event"`
	Path  [][]byte `json:"path"`
}

const bundleFormat = "scanpost/proof/v1"

// NewBundle is a bundle without events.
func NewBundle(key string, head []byte) *Bundle {
	return &Bundle{Format: bundleFormat, Key: key, Head: string(head)}
}

// Add shows an event.
func (b *Bundle) Add(seq uint64, event []byte, path RecordProof) {
	s := Shown{Seq: seq, Event: bytes.Clone(event), Path: make([][]byte, len(path))}
	for i, h := range path {
		s.Path[i] = bytes.Clone(h[:])
	}
	b.Events = append(b.Events, s)
}

// errBundle begins the sentence about a file that proves nothing.
var errBundle = errors.New("this is no proof")

// ParseBundle reads a bundle. Whether it proves anything, [Bundle.Check] says.
func ParseBundle(data []byte) (*Bundle, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // a proof says nothing that is not proven
	var b Bundle
	if err := d.Decode(&b); err != nil {
		return nil, fmt.Errorf("%w: %w", errBundle, err)
	}
	if b.Format != bundleFormat {
		return nil, fmt.Errorf("%w: its format is %.40q, want %q", errBundle, b.Format, bundleFormat)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: something stands behind it", errBundle)
	}
	return &b, nil
}

// Check verifies the signature and the path of every event, with the key given
// or, if that is empty, the bundle's own. It returns the head and the events in
// the bundle's order.
func (b *Bundle) Check(key string) (event.Head, error) {
	if key == "" {
		key = b.Key
	}
	head, err := Open([]byte(b.Head), key)
	if err != nil {
		return event.Head{}, fmt.Errorf("%w: %w", errBundle, err)
	}
	if len(b.Events) == 0 {
		return head, fmt.Errorf("%w: it shows no event", errBundle)
	}
	for _, s := range b.Events {
		if err := s.check(head); err != nil {
			return head, fmt.Errorf("%w: event %d: %w", errBundle, s.Seq, err)
		}
	}
	return head, nil
}

func (s *Shown) check(head event.Head) error {
	if s.Seq < 1 || s.Seq > head.Seq {
		return fmt.Errorf("the log of the head holds 1 to %d", head.Seq)
	}
	path := make(RecordProof, len(s.Path))
	for i, h := range s.Path {
		if len(h) != HashSize {
			return fmt.Errorf("hash %d of its path has %d bytes, want %d", i+1, len(h), HashSize)
		}
		path[i] = Hash(h)
	}
	if err := CheckRecord(path, head.Seq, head.Root, s.Seq, s.Event); err != nil {
		return errors.New("its bytes are not those of the signed log")
	}
	e, err := event.Parse(s.Event)
	if err != nil {
		return err
	}
	if e.Seq != s.Seq || e.Epoch != head.Epoch || e.Site != head.Site || e.Station != head.Station {
		return fmt.Errorf("its bytes say it is %s of %s/%s", event.ID(e.Number), e.Site, e.Station)
	}
	return nil
}
