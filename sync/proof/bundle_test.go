package proof

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"scanpost/scan"
	"scanpost/sync/event"
)

// logged is a signed log of some events, and how to show one of them.
func logged(t testing.TB, n int) (s *Signer, head []byte, events [][]byte, path func(seq uint64) RecordProof) {
	t.Helper()
	s, err := LoadOrMakeSigner(t.TempDir(), "scanpost/v1/ham1/pack-07")
	if err != nil {
		t.Fatal(err)
	}
	const epoch = "01JDC4X0M6Q3V9T2"
	edge, stored := new(Edge), map[int64]Hash{}
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range n {
		seq := uint64(i + 1)
		b := event.Append(nil, &scan.Event{Number: scan.Number{Epoch: epoch, Seq: seq, At: at}, Site: "ham1", Station: "pack-07",
			Entry: &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "order:1", Raw: "1"}})
		for k, h := range edge.Append(nil, RecordHash(b)) {
			for x := int64(0); ; x++ { // the place of a hash is found, not computed: other code does that
				if q, l := Place(x); q == seq && l == k {
					stored[x] = h
					break
				}
			}
		}
		events = append(events, b)
	}
	head, err = s.Sign(event.Head{Site: "ham1", Station: "pack-07", Epoch: epoch, Seq: uint64(n), Root: edge.Root(), At: at})
	if err != nil {
		t.Fatal(err)
	}
	return s, head, events, func(seq uint64) RecordProof {
		p, err := ProveRecord(uint64(n), seq, HashReaderFunc(func(indexes []int64) (out []Hash, err error) {
			for _, x := range indexes {
				out = append(out, stored[x])
			}
			return out, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

// A bundle proves the events it shows, with its own key and with the right one
// given; changed in any byte that matters it proves nothing.
func TestBundle(t *testing.T) {
	s, head, events, path := logged(t, 13)
	b := NewBundle(s.VerifierKey(), head)
	for _, seq := range []uint64{1, 7, 13} {
		b.Add(seq, events[seq-1], path(seq))
	}
	file, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", s.VerifierKey()} {
		got, err := ParseBundle(file)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := got.Check(key); err != nil || h.Seq != 13 || string(got.Events[1].Event) != string(events[6]) {
			t.Errorf("key %q: %+v, %v", key, h, err)
		}
	}
	other, _, _, _ := logged(t, 1)
	if _, err := b.Check(other.VerifierKey()); err == nil {
		t.Error("another key proves it too")
	}
	for what, spoil := range map[string]func(*Bundle){
		"another event in its place":  func(b *Bundle) { b.Events[0].Event = events[1] },
		"a changed byte":              func(b *Bundle) { b.Events[0].Event[30] ^= 1 },
		"another number":              func(b *Bundle) { b.Events[0].Seq = 2 },
		"a number beyond the log":     func(b *Bundle) { b.Events[0].Seq = 14 },
		"number nought":               func(b *Bundle) { b.Events[0].Seq = 0 },
		"a hash of the path":          func(b *Bundle) { b.Events[2].Path[0][0] ^= 1 },
		"a short path":                func(b *Bundle) { b.Events[2].Path = b.Events[2].Path[1:] },
		"a short hash":                func(b *Bundle) { b.Events[2].Path[0] = b.Events[2].Path[0][:31] },
		"the head":                    func(b *Bundle) { b.Head = strings.Replace(b.Head, "\n13\n", "\n14\n", 1) },
		"no event":                    func(b *Bundle) { b.Events = nil },
		"the key of somebody else":    func(b *Bundle) { b.Key = other.VerifierKey() },
		"a key that is none":          func(b *Bundle) { b.Key = "key" },
		"an event that is none of it": func(b *Bundle) { b.Events[0].Event = []byte("{}") },
	} {
		spoiled, err := ParseBundle(file)
		if err != nil {
			t.Fatal(err)
		}
		spoil(spoiled)
		if _, err := spoiled.Check(""); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// Whatever stands in a file, reading it ends in a proof or in one sentence.
func FuzzBundle(f *testing.F) {
	s, head, events, path := logged(f, 5)
	b := NewBundle(s.VerifierKey(), head)
	b.Add(3, events[2], path(3))
	file, _ := json.Marshal(b)
	f.Add(file)
	f.Add([]byte(`{"format":"scanpost/proof/v1","key":"","head":"","events":[{}]}`))
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		bad := append([]byte(nil), file...)
		bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBundle(data)
		if err != nil {
			return
		}
		if _, err := b.Check(s.VerifierKey()); err == nil {
			for _, e := range b.Events {
				if string(e.Event) != string(events[e.Seq-1]) {
					t.Errorf("%d: %s is proven", e.Seq, e.Event)
				}
			}
		}
	})
}
