package devices

import (
	"testing"

	"scanpost/devices/wire"
)

// Every decoder of bar codes can be told what its device sends in place of
// GS1's separator, and is told so by a wrong value.
func TestSeparatorOption(t *testing.T) {
	for _, name := range Decoders() {
		if _, err := NewDecoder(name, map[string]any{"aim_id": true}); err != nil {
			continue // it reads tags, or the option is not its own
		}
		if _, err := NewDecoder(name, map[string]any{"aim_id": true, "gs": "|"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := NewDecoder(name, map[string]any{"aim_id": true, "gs": "A"}); err == nil {
			t.Errorf("%s: a letter is taken for a separator", name)
		}
	}
}

// An LF can be what a scanner sends for the separator if it ends no line.
func TestSeparatorLF(t *testing.T) {
	d, err := NewDecoder("lines", map[string]any{"aim_id": true, "end": "\r", "gs": "\n"})
	if err != nil {
		t.Fatal(err)
	}
	var out wire.Output
	d.Decode([]byte("]C110LOT7\n00106141410000001238\r]C04711\r"), &out)
	if len(out.Sightings) != 2 || out.Sightings[0].Code != "10LOT7\x1d00106141410000001238" || out.Sightings[1].Code != "4711" {
		t.Errorf("%+v", out.Sightings)
	}
	const want = `decoder lines: option "gs" must not hold what ends a line, as "\n" does`
	if _, err := NewDecoder("lines", map[string]any{"end": "\n", "gs": "\n"}); err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}
