package proof

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"scanpost/sync/event"
)

const origin = "scanpost/v1/ham1/pack-07"

func head() event.Head {
	return event.Head{
		Site: "ham1", Station: "pack-07", Epoch: "01JDC4X0M6Q3V9T2", Seq: 1042, Root: RecordHash([]byte("x")),
		At: time.Date(2026, 11, 21, 10, 15, 30, 123e6, time.UTC),
	}
}

func signer(t *testing.T, dir, name string) *Signer {
	t.Helper()
	s, err := LoadOrMakeSigner(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A head that was signed opens with the station's key, also after a restart,
// and with no other; changed by one bit it opens with none.
func TestSignedHead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "if absent")
	first := signer(t, dir, origin)
	again := signer(t, dir, origin)
	if first.VerifierKey() != again.VerifierKey() {
		t.Fatalf("the key changed from %s to %s", first.VerifierKey(), again.VerifierKey())
	}
	msg, err := first.Sign(head())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Open(msg, again.VerifierKey()); err != nil || got != head() {
		t.Errorf("got %+v and %v, want %+v", got, err, head())
	}
	if _, err := Open(msg, signer(t, t.TempDir(), origin).VerifierKey()); err == nil {
		t.Error("another station's key opened it")
	}
	for i := range msg {
		bad := bytes.Clone(msg)
		bad[i] ^= 1
		if h, err := Open(bad, first.VerifierKey()); err == nil && h != head() {
			t.Errorf("with byte %d changed it was read as %+v", i, h)
		}
	}
	for _, bad := range [][]byte{nil, []byte("\n"), bytes.Repeat([]byte("a\n"), 1<<20), []byte(head().Text())} {
		if h, err := Open(bad, first.VerifierKey()); err == nil {
			t.Errorf("%.40q was read as %+v", bad, h)
		}
	}
}

// A station signs for itself only.
func TestForeignOrigin(t *testing.T) {
	other := signer(t, t.TempDir(), "scanpost/v1/ham1/pack-08")
	if _, err := other.Sign(head()); err == nil {
		t.Error("pack-08 signed for pack-07")
	}
	// Someone who goes round our signer with a key of their own gets no further.
	text, err := other.signer.Sign([]byte(head().Text()))
	if err != nil {
		t.Fatal(err)
	}
	forged := append([]byte(head().Text()+"\n— scanpost/v1/ham1/pack-08 "), text...)
	if h, err := Open(forged, other.VerifierKey()); err == nil {
		t.Errorf("read as %+v", h)
	}
}

// Every way in which the key file can be wrong has its sentence, and what the
// disk did to it can be told from what a person did.
func TestKeyFile(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, file string)
		want  string
	}{
		"can be read by others": {func(t *testing.T, file string) { try(t, os.Chmod(file, 0o640)) }, "chmod 600"},
		"is empty":              {func(t *testing.T, file string) { try(t, os.Truncate(file, 0)) }, "is damaged"},
		"is cut off":            {func(t *testing.T, file string) { try(t, os.Truncate(file, 50)) }, "is damaged"},
		"has a letter changed": {func(t *testing.T, file string) {
			b, err := os.ReadFile(file)
			try(t, err)
			b[len(b)-10] ^= 1
			try(t, os.WriteFile(file, b, 0o600))
		}, "is damaged"},
		"is nothing but zeros":  {func(t *testing.T, file string) { try(t, os.WriteFile(file, make([]byte, 4096), 0o600)) }, "is damaged"},
		"is a folder":           {func(t *testing.T, file string) { try(t, os.Remove(file)); try(t, os.Mkdir(file, 0o700)) }, "is not a file"},
		"is of another station": {func(t *testing.T, file string) { try(t, os.Remove(file)); signer(t, filepath.Dir(file), origin+"0") }, "belongs to " + origin + "0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			signer(t, dir, origin)
			c.spoil(t, filepath.Join(dir, keyFile))
			_, err := LoadOrMakeSigner(dir, origin)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one sentence with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "PRIVATE") {
				t.Errorf("the key is in the message: %v", err)
			}
			if damaged := c.want == "is damaged"; errors.Is(err, ErrDamaged) != damaged {
				t.Errorf("%v: that it is ErrDamaged is %t, want %t", err, !damaged, damaged)
			}
		})
	}
}

// The key is its owner's alone, and nothing else is left in the folder.
func TestKeyMode(t *testing.T) {
	dir := t.TempDir()
	signer(t, dir, origin)
	files, err := os.ReadDir(dir)
	try(t, err)
	info, err := files[0].Info()
	try(t, err)
	if len(files) != 1 || files[0].Name() != keyFile || info.Mode() != 0o600 {
		t.Errorf("got %v", files)
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored is a tree's hashes in memory.
type stored []Hash

func (s stored) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

// The edge stores what tlog stores, has the root that tlog has, can be loaded
// at any size, and every event can be proven against its root.
func TestEdgeIsTlog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 0, 70).Draw(t, "events")
		var hashes stored
		edge := new(Edge)
		for i, b := range events {
			seq := uint64(i + 1)
			want, err := tlog.StoredHashes(int64(i), b, hashes)
			if err != nil {
				t.Fatal(err)
			}
			before := edge.Clone()
			got := edge.Append(nil, RecordHash(b))
			if len(got) != Count(seq) || len(got) != len(want) || before.Len() != seq-1 {
				t.Fatalf("event %d: got %d hashes, want %d", seq, len(got), len(want))
			}
			for k := range got {
				if got[k] != want[k] {
					t.Fatalf("event %d: hash %d differs", seq, k)
				}
				if at, kk := Place(int64(len(hashes) + k)); at != seq || kk != k {
					t.Fatalf("stored hash %d: got place %d, %d, want %d, %d", len(hashes)+k, at, kk, seq, k)
				}
			}
			hashes = append(hashes, got...)
		}
		n := uint64(len(events))
		root, err := TreeHash(n, hashes)
		if err != nil || root != edge.Root() {
			t.Fatalf("got root %v, want %v and %v", edge.Root(), root, err)
		}
		loaded, err := LoadEdge(n, hashes)
		if err != nil || loaded.Root() != root || loaded.Len() != n {
			t.Fatalf("loaded: got root %v and %v, want %v", loaded.Root(), err, root)
		}
		for i, b := range events {
			seq := uint64(i + 1)
			p, err := ProveRecord(n, seq, hashes)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckRecord(p, n, root, seq, b); err != nil {
				t.Fatalf("event %d: %v", seq, err)
			}
			if err := CheckRecord(p, n, root, seq, append(b, '!')); err == nil {
				t.Fatalf("event %d was proven with other bytes", seq)
			}
		}
	})
}
