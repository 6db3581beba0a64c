package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"scanpost/cmd/config"
)

// The key file and the reasons for exceptions come as they are written, the
// file's name made whole.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "command.key"), "\n# ham1\n0123456789abcdef\nfedcba9876543210\nrevoked KFTR\n", 0o640)
	c, err := config.Parse(filepath.Join(dir, "station.toml"), []byte("[station]\nsite = \"ham1\"\ncommand_key_file = \"command.key\"\n[broker]\n[commands]\nexceptions = [\"DAMAGED\", \"NO-LABEL\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if k := c.Station.Commands; len(k.Keys) != 2 || string(k.Keys[0]) != "0123456789abcdef" || string(k.Keys[1]) != "fedcba9876543210" || !slices.Equal(k.Revoked, []string{"KFTR"}) {
		t.Errorf("keys and revoked cards %q", k)
	}
	if want := filepath.Join(dir, "command.key"); c.Station.CommandFile != want {
		t.Errorf("the file is %q, want %q", c.Station.CommandFile, want)
	}
	if !slices.Equal(c.Exceptions, []string{"DAMAGED", "NO-LABEL"}) {
		t.Errorf("exceptions %q", c.Exceptions)
	}
	// The same file, looked at again while the station runs.
	if again, err := config.ReadCommands(c.Station.CommandFile); err != nil || !slices.EqualFunc(again.Keys, c.Station.Commands.Keys, slices.Equal) || !slices.Equal(again.Revoked, c.Station.Commands.Revoked) {
		t.Errorf("read again it is %q, %v", again, err)
	}
}

// What is wrong with a key file is told with its line, counted as an editor
// does, and without the key.
func TestReadCommandsRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "command.key")
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{"\n\n0123456789abcdef\nrevoked 17\n", 0o600, `command.key, line 4: "17" is no card's number; write the 4 letters that stand on the card and in the list printed with it`},
		{"0123456789abcdef", 0o604, "command.key can be read by everybody on this machine; say chmod 600 command.key"},
		{" \n", 0o600, "command.key is empty"},
	} {
		os.Remove(file)
		write(t, file, c.text, c.mode)
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if got, err := config.ReadCommands(file); err == nil || err.Error() != c.want || got.Keys != nil {
			t.Errorf("%q: %v, %v\nwant %s", c.text, got, err, c.want)
		}
	}
	if _, err := config.ReadCommands(file + "-not"); err == nil || err.Error() != "command.key-not can not be read: no such file or directory" {
		t.Errorf("without a file: %v", err)
	}
}
