package machine

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scanpost/cmd/config"
	"scanpost/scan"
	"scanpost/scan/identity/command"
)

// A change of the key file holds from the next card on. While the file is gone
// or has a mistake in it, what was known before holds, and that is told once.
func TestCardsFollowTheirFile(t *testing.T) {
	const key, next = "0123456789abcdef", "fedcba9876543210"
	file := filepath.Join(t.TempDir(), "command.key")
	put := func(text string) {
		t.Helper()
		// Moved into place, as an editor does: it is never read half written.
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	put(key)
	site, err := config.ReadCommands(file)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := openCards(config.Station{Commands: site, CommandFile: file}, slog.New(slog.NewTextHandler(&log, nil)))
	of := func(key string) string {
		t.Helper()
		code, err := command.Site{Keys: [][]byte{[]byte(key)}}.Make(scan.Command{Do: "undo"}, "KFTR")
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	for _, step := range []struct {
		is         string
		do         func()
		first, two string // what cards of the two keys are told; empty: obeyed
		warnings   int
	}{
		{"as at start", func() {}, "", "a command card of another site", 0},
		{"a new key beside the old", func() { put(next + "\n" + key) }, "", "", 0},
		{"the card is revoked", func() { put(next + "\n" + key + "\nrevoked KFTR") }, "a revoked command card: KFTR", "a revoked command card: KFTR", 0},
		{"a mistake in the file", func() { put(next + "\nrevoked NONE") }, "a revoked command card: KFTR", "a revoked command card: KFTR", 1},
		{"the new key alone", func() { put(next) }, "a command card of another site", "", 1},
		{"no file", func() { os.Remove(file) }, "a command card of another site", "", 2},
		{"everybody may read it", func() { put(key); os.Chmod(file, 0o644) }, "a command card of another site", "", 3},
		{"all is right again", func() { put(key) }, "", "a command card of another site", 3},
	} {
		step.do()
		for range 3 {
			for i, want := range []string{step.first, step.two} {
				_, err := c.now().Parse(of([]string{key, next}[i]))
				got := ""
				if err != nil {
					got = err.Error()
				}
				if got != want {
					t.Errorf("%s: card of key %d: %q, want %q", step.is, i+1, got, want)
				}
			}
		}
		if n := strings.Count(log.String(), "the command key file can not be read"); n != step.warnings {
			t.Errorf("%s: %d warnings, want %d:\n%s", step.is, n, step.warnings, log.String())
		}
	}
	if strings.Contains(log.String(), key) || strings.Contains(log.String(), next) {
		t.Errorf("the log tells a key:\n%s", log.String())
	}
}
