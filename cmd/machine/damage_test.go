package machine

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scanpost/cmd/config"
	"scanpost/sync/proof"
)

// openDespite opens what a station keeps in a folder, as a start does, and
// returns its verifier key and what the log says.
func openDespite(t *testing.T, folder, name string) (key, said string, err error) {
	t.Helper()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	m := &machine{Options: Options{Log: logger}, cfg: &config.Config{Station: config.Station{Site: "ham1", Name: name, Data: folder}}}
	err = despite(folder, logger, func() error {
		v, err := m.openVoice(name, folder, name, logger)
		if err == nil {
			key = v.key
			v.close()
		}
		return err
	})
	return key, log.String(), err
}

// A key that can not be read does not keep a station from scanning: it is set
// aside as it was, a new one is made, and the log says once what that means.
func TestDamagedKey(t *testing.T) {
	for name, bytes := range map[string]string{
		"empty":        "",
		"zeros":        strings.Repeat("\x00", 180),
		"cut off":      "PRIVATE+KEY+scanpost/v1/ham1/pack-07+",
		"another file": "hello\n",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			before, said, err := openDespite(t, folder, "pack-07")
			if err != nil || said != "" {
				t.Fatalf("%v, and the log says %q", err, said)
			}
			file := filepath.Join(folder, "station.key")
			if err := os.WriteFile(file, []byte(bytes), 0o600); err != nil {
				t.Fatal(err)
			}
			after, said, err := openDespite(t, folder, "pack-07")
			if err != nil || after == "" || after == before {
				t.Fatalf("opened with %v and the key %q, before it was %q", err, after, before)
			}
			aside, err := filepath.Glob(filepath.Join(folder, "station.damaged-*.key"))
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside is %q (%v), want one file", aside, err)
			}
			if b, err := os.ReadFile(aside[0]); err != nil || string(b) != bytes {
				t.Errorf("set aside is %q (%v), want %q", b, err, bytes)
			}
			if strings.Count(said, "\n") != 1 || !strings.Contains(said, "level=ERROR") || !strings.Contains(said, aside[0]) ||
				!strings.Contains(said, "receivers hold it for a person's decision") || !strings.Contains(said, `err="the station's key is damaged: `) ||
				strings.Contains(said, "move it away") || strings.Contains(said, "PRIVATE") {
				t.Errorf("the log says %q", said)
			}
			again, said, err := openDespite(t, folder, "pack-07")
			if err != nil || again != after || said != "" {
				t.Errorf("the next start has the key %q (%v), and says %q", again, err, said)
			}
		})
	}
}

// All three files at once are no reason not to scan.
func TestEverythingDamaged(t *testing.T) {
	folder := t.TempDir()
	if _, _, err := openDespite(t, folder, "pack-07"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"station.key", "outbox.db", "ledger.db"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.Repeat("nonsense", 4096)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, said, err := openDespite(t, folder, "pack-07")
	if err != nil || strings.Count(said, "\n") != 3 || strings.Count(said, "set aside") != 3 {
		t.Errorf("got %v, and the log says %q, want three errors", err, said)
	}
}

// What a person did to a key is theirs to undo: the start ends with a sentence,
// and the file stays as it is.
func TestKeyThatIsNotDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(folder string) error
		want  string
	}{
		"others can read it": {func(folder string) error { return os.Chmod(filepath.Join(folder, "station.key"), 0o640) }, "chmod 600"},
		"others can read it, and it is empty": {func(folder string) error {
			file := filepath.Join(folder, "station.key")
			return errors.Join(os.Truncate(file, 0), os.Chmod(file, 0o644))
		}, "chmod 600"},
		"it is another station's": {func(folder string) error {
			if err := os.Remove(filepath.Join(folder, "station.key")); err != nil {
				return err
			}
			_, err := proof.LoadOrMakeSigner(folder, "scanpost/v1/ham1/pack-08")
			return err
		}, "belongs to scanpost/v1/ham1/pack-08"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if _, _, err := openDespite(t, folder, "pack-07"); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(folder); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, "station.key")
			before, _ := os.ReadFile(file)
			_, said, err := openDespite(t, folder, "pack-07")
			if err == nil || !strings.Contains(err.Error(), c.want) || said != "" {
				t.Errorf("got %v, want %q; the log says %q", err, c.want, said)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
				t.Errorf("the key was %q, is %q (%v)", before, after, err)
			}
		})
	}
}
