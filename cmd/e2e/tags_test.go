package e2e

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/ledger"
)

// field is what stands before the antennas of a simulated reader.
type field struct {
	mu   sync.Mutex
	tags []sim.Tag
}

func (f *field) put(tags ...sim.Tag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tags = tags
}

func (f *field) now(time.Time) []sim.Tag {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tags
}

func tag(t *testing.T, epc string, antenna, rssi int) sim.Tag {
	t.Helper()
	b, err := hex.DecodeString(epc)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Tag{EPC: b, Antenna: antenna, RSSI: rssi}
}

// tagged are the scans of radio tags that have arrived: unit, checkpoint, and
// why they are odd.
func (tr *tracking) tagged(t *testing.T) (list []string) {
	t.Helper()
	err := tr.ledger.Each(func(h ledger.Heard) error {
		s, is := h.Entry.(*scan.Scan)
		if !is || s.Pass == nil {
			return nil
		}
		if s.Pass.Reads < 3 || s.Pass.Last.Before(s.Pass.First) || s.Symbology != "epc" && s.Symbology != "em4100" {
			t.Errorf("pass %+v of %+v", *s.Pass, *s)
		}
		list = append(list, strings.TrimSpace(fmt.Sprint(s.Unit, " ", s.Checkpoint, " ", s.Pass.Reason)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A parcel that passes a portal is read hundreds of times and is one scan, with
// the key that its label has; what is no tag of GS1 is none; a parcel that stood
// in the field when the power went is one scan all the same.
func TestTags(t *testing.T) {
	broker := freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	dir := t.TempDir()
	var f field
	reader, err := sim.NewMercury(filepath.Join(dir, "portal.tty"), sim.MercuryOptions{Rate: 200, Tags: f.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	file := write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf(`
[station]
site = "ham1"
name = "label-01"
checkpoint = "label"
data = %q
consumers = ["tracking"]

[[device]]
name = "portal"
profile = "thingmagic-nano-serial"
port = %q
options = { region = "eu3", antennas = [1, 2] }
antennas = { 2 = "load" }

[mqtt]
url = "mqtt://%s"
`, filepath.Join(dir, "data"), reader.Address(), broker))
	p := scanpost(t, file)

	const first, second = "3114257BF4499602D2000000", "3114257BF4499602D3000000"
	f.put(tag(t, first, 1, -50), tag(t, "E2806894000040012345ABCD", 1, -50))
	wait(t, "the reader reads", func() bool { return reader.State().Told > 50 })
	f.put()
	want := []string{"sscc:106141412345678908 label"}
	wait(t, "the pass arrives", func() bool { return fmt.Sprint(tr.tagged(t)) == fmt.Sprint(want) })

	f.put(tag(t, second, 2, -48))
	before := reader.State().Told
	wait(t, "the reader reads again", func() bool { return reader.State().Told > before+50 })
	p.kill()
	f.put()
	scanpost(t, file)
	wait(t, "the pass arrives that was under way", func() bool { return len(tr.tagged(t)) == 2 })
	if got := tr.tagged(t)[1]; !strings.HasPrefix(got, "sscc:") || !strings.HasSuffix(got, " load recovered") {
		t.Errorf("got %q, want one at load, recovered", got)
	}
}
