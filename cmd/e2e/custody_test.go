package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/downlink"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
)

// beep is the good signal of the Honeywell profile.
var beep = []byte{0x16, 0x07, 0x0d}

// tracking is a tracking system: a ledger that hears a site over MQTT, asks
// for what it lacks and confirms what it has.
type tracking struct {
	ledger *ledger.Ledger
	down   *downlink.Downlink
}

func newTracking(t *testing.T, broker string) *tracking {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	l, err := ledger.Open(t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	floor := scan.NewFloor(scan.Rules{Site: "ham1", Started: time.Now()})
	d, err := downlink.New(downlink.Options{Site: "ham1", Self: "tracking", Consumer: "tracking", Ledger: l, Floor: floor, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		mqtt.Keep(ctx, mqtt.Options{URL: "mqtt://" + broker, ClientID: "tracking", Log: log}, d.Session, func(bool, error) {})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		l.Close()
	})
	return &tracking{l, d}
}

// bench is a station's scanner as an operator uses it: a code is scanned
// again until the scanner says that it is saved.
type bench struct {
	t       *testing.T
	scanner *sim.Scanner
	saved   []string
}

func (b *bench) scan(code string, meanwhile func()) {
	b.t.Helper()
	for try := 0; ; try++ {
		heard := len(b.scanner.Heard())
		if err := b.scanner.Scan("", code); err != nil {
			b.t.Fatal(err)
		}
		if try == 0 && meanwhile != nil {
			meanwhile()
		}
		ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Second)
		_, err := b.scanner.WaitHeard(ctx, func(all []byte) bool { return bytes.Contains(all[heard:], beep) })
		cancel()
		if err == nil {
			b.saved = append(b.saved, code)
			return
		}
		if try == 20 {
			b.t.Fatalf("%s was scanned %d times and never saved", code, try)
		}
	}
}

// Every code whose good signal was given arrives, numbers are contiguous, and
// nothing has two contents, whatever happens to broker, program and cable in
// the middle of it.
func TestCustody(t *testing.T) {
	for name, broker := range map[string]func(*testing.T, string) *program{"mosquitto": mosquitto, "embedded broker": embedded} {
		t.Run(name, func(t *testing.T) {
			address := freePort(t)
			brokerNow := broker(t, address)
			tracker := newTracking(t, address)
			scanner, err := sim.NewScanner(filepath.Join(t.TempDir(), "scanner"), sim.Framing{Suffix: "\r"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { scanner.Close() })
			dir := t.TempDir()
			config := write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf(`[station]
site = "ham1"
name = "pack-07"
checkpoint = "pack"
data = %q
[[device]]
name = "hand"
profile = "honeywell-serial"
port = %q
[mqtt]
url = "mqtt://%s"
`, filepath.Join(dir, "data"), scanner.Address(), address))
			station := scanpost(t, config)
			b := &bench{t: t, scanner: scanner}

			for n := range 120 {
				var meanwhile func()
				switch n {
				case 20, 75: // the broker dies and comes back
					meanwhile = brokerNow.kill
				case 30, 90:
					brokerNow = broker(t, address)
				case 40, 82: // the program dies while a code is on its way
					meanwhile = func() { station.kill(); station = scanpost(t, config) }
				case 55, 95: // the cable is pulled and put back
					meanwhile = func() {
						if err := scanner.Unplug(); err != nil {
							t.Fatal(err)
						}
						if err := scanner.Replug(); err != nil {
							t.Fatal(err)
						}
					}
				}
				b.scan(fmt.Sprintf("PARCEL-%04d", n), meanwhile)
			}
			wait(t, "everything has arrived", func() bool { return tracker.lacks(b.saved) == "" })
			if code := station.stop(); code != 0 {
				t.Errorf("stopped with status %d, want 0", code)
			}
			if c := tracker.down.Counts(); c.Conflicts+c.Unreadable+c.WrongSource+c.BadHeads+c.Lost != 0 {
				t.Errorf("counts %+v: want no conflict, nothing unreadable, nothing lost", c)
			}
		})
	}
}

// lacks says what is missing from the ledger: "" if every saved code is here
// and every stream is whole.
func (tr *tracking) lacks(saved []string) string {
	var have []string
	tr.ledger.Each(func(h ledger.Heard) error {
		if s, ok := h.Entry.(*scan.Scan); ok {
			have = append(have, s.Raw)
		}
		return nil
	})
	for _, code := range saved {
		if !slices.Contains(have, code) {
			return code
		}
	}
	streams := tr.ledger.Streams()
	for _, s := range streams {
		if s.First != 1 || s.Upto != s.Last || len(s.Holes) != 0 {
			return fmt.Sprintf("stream %+v", s)
		}
	}
	if len(streams) != 1 {
		return fmt.Sprintf("%d streams", len(streams))
	}
	return ""
}
