package machine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/devices"
	"scanpost/devices/wire"
	"scanpost/scan"
	"scanpost/scan/identity"
	"scanpost/scan/pass"
)

// Tags of the tests: two parcels, a pallet's, a tag that is not GS1's, a blank
// one, and a card of 125 kHz.
const (
	parcel, other = "3114257BF4499602D2000000", "3114257BF4499602D3000000"
	alien, blank  = "E2806894000040012345ABCD", "000000000000000000000000"
	card          = "3C00CE754C"
)

// dock is a station whose readers a test plays, on a clock that it moves.
type dock struct {
	t interface {
		Helper()
		Fatal(...any)
		Fatalf(string, ...any)
		Errorf(string, ...any)
	}
	dir    string
	text   string
	cfg    *config.Config
	s      *station
	served []*devices.Device
	now    time.Time
	book   *refusing
	told   []string
	log    strings.Builder
}

// refusing is an outbox whose disk is full when it is told so.
type refusing struct {
	scan.Book
	full    bool
	entries int
}

var errFull = errors.New("the disk is full")

func (r *refusing) WriteAll(entries []scan.Entry) ([]scan.Number, []error) {
	if r.full {
		return make([]scan.Number, len(entries)), slices.Repeat([]error{errFull}, len(entries))
	}
	r.entries += len(entries)
	return r.Book.WriteAll(entries)
}

func newDock(t *testing.T, devices string) *dock {
	d := &dock{t: t, dir: t.TempDir(), now: time.Now().Truncate(time.Millisecond)}
	d.text = fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"dock-01\"\ncheckpoint = \"label\"\ndata = %q\n", d.dir) + devices
	d.open()
	t.Cleanup(func() { d.s.close() })
	return d
}

const reader = "[[device]]\nname = \"portal\"\nprofile = \"generic-llrp\"\nport = \"tcp:127.0.0.1:1\"\nantennas = { 2 = \"load\" }\n"

// open starts the station, as far as it has no device that runs.
func (d *dock) open() {
	d.t.Helper()
	var err error
	if d.cfg, err = config.Parse(filepath.Join(d.dir, "station.toml"), []byte(d.text)); err != nil {
		d.t.Fatal(err)
	}
	m := &machine{Options: Options{Log: slog.New(slog.NewTextHandler(&d.log, nil)), Goodbye: context.Background(), Told: func(t scan.Told) {
		d.told = append(d.told, strings.TrimSpace(fmt.Sprint(t.Outcome, " ", t.Checkpoint, " ", t.Unit)))
	}}, cfg: d.cfg, started: d.now, metrics: newMetrics()}
	if d.s, err = m.openStation(nil); err != nil {
		d.t.Fatal(err)
	}
	d.book = &refusing{Book: d.s.life.Book}
	d.s.life.Book = d.book
	d.served = d.s.devices
}

// crash ends the station at once: what is on disk is all that is left.
func (d *dock) crash() { d.s.close() }

// pass lets time go by.
func (d *dock) pass(after time.Duration) {
	for end := d.now.Add(after); d.now.Before(end); {
		d.now = d.now.Add(min(100*time.Millisecond, end.Sub(d.now)))
		d.s.tags.turn(d.now, false)
	}
}

// hear lets the first device hear tags so many times, 20 ms apart.
func (d *dock) hear(times, antenna int, epcs ...string) {
	d.t.Helper()
	for range times {
		d.now = d.now.Add(20 * time.Millisecond)
		var reads []wire.Read
		for _, e := range epcs {
			b, err := hex.DecodeString(e)
			if err != nil {
				d.t.Fatal(err)
			}
			reads = append(reads, wire.Read{EPC: b, Antenna: antenna, RSSI: -50, HasRSSI: len(b) > 5, Count: 1})
		}
		d.served[0].Heard(reads, d.now)
		d.s.tags.turn(d.now, false)
	}
}

// book is what the outbox holds of tags: unit, checkpoint and reason, and no-reads.
func (d *dock) saved() (list []string) {
	d.t.Helper()
	err := d.s.history(1, d.s.outbox.Stats().Last, func(ev scan.Event) {
		switch e := ev.Entry.(type) {
		case *scan.Scan:
			list = append(list, strings.TrimSpace(fmt.Sprint(e.Unit, " ", e.Checkpoint, " ", e.Pass.Reason)))
			if e.Device != "portal" {
				d.t.Errorf("%s was read by %q", e.Unit, e.Device)
			}
		case *scan.NoRead:
			list = append(list, "noread "+e.Checkpoint+" "+e.Device)
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *dock) want(want ...string) {
	d.t.Helper()
	if got := d.saved(); !slices.Equal(got, want) {
		d.t.Fatalf("recorded\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func sscc(epc string) string {
	b, _ := hex.DecodeString(epc)
	s := sighting(&pass.Pass{EPC: b}, "")
	return identify(identity.Identifier{}, nil, s).Unit
}

// A tag that passes is one scan at its antenna's checkpoint. What names nothing
// is none, and what is not GS1's only where the site says so.
func TestPassesBecomeScans(t *testing.T) {
	for rule, want := range map[string][]string{
		"":                    {sscc(parcel) + " label", "code:3C00CE754C label"},
		`foreign = "ignore"`:  {sscc(parcel) + " label"},
		`foreign = "record"`:  {sscc(parcel) + " label", sscc(alien) + " label", "code:3C00CE754C label"},
		`prefixes = "400000"`: {"code:3C00CE754C label"},
	} {
		t.Run(rule, func(t *testing.T) {
			d := newDock(t, reader+"[[portal]]\nat = \"label\"\n"+rule+"\n")
			d.hear(10, 1, parcel, alien, blank, card)
			d.pass(3 * time.Second)
			d.want(want...)
			d.hear(10, 2, parcel)
			d.pass(3 * time.Second)
			if strings.HasPrefix(rule, "prefixes") {
				return
			}
			d.want(append(want, sscc(parcel)+" load")...)
		})
	}
	if got, want := sscc(alien), "code:urn:epc:raw:96.xE2806894000040012345ABCD"; got != want {
		t.Errorf("a tag that is not GS1's is %q, want %q", got, want)
	}
}

// A tag that passes two checkpoints of one reader is a scan at each, also when
// both end in the same moment.
func TestTwoCheckpointsAtOnce(t *testing.T) {
	d := newDock(t, reader)
	d.hear(10, 1, parcel)
	d.pass(1200 * time.Millisecond)
	d.hear(10, 2, parcel)
	d.now = d.now.Add(time.Minute) // and nobody looked meanwhile
	d.pass(time.Second)
	d.want(sscc(parcel)+" label", sscc(parcel)+" load")
}

// Passes that end together share a transaction.
func TestPassesShareATransaction(t *testing.T) {
	d := newDock(t, reader)
	var pallet []string
	for i := range 60 {
		pallet = append(pallet, fmt.Sprintf("3114257BF4499602%02X000000", i))
	}
	d.hear(10, 1, pallet...)
	batches := 0
	d.s.life.Book = counting{d.s.life.Book, &batches}
	d.now = d.now.Add(30 * time.Second)
	d.pass(time.Second)
	if got := len(d.saved()); got != len(pallet) || batches != 1 {
		t.Errorf("%d scans in %d transactions, want %d in one", got, batches, len(pallet))
	}
}

type counting struct {
	scan.Book
	n *int
}

func (c counting) WriteAll(entries []scan.Entry) ([]scan.Number, []error) {
	*c.n++
	return c.Book.WriteAll(entries)
}

// What stands in the field when a reader begins to hear was not brought there,
// also after it has restarted; a barcode scanner's cable says nothing of tags.
func TestReaderBegins(t *testing.T) {
	for name, c := range map[string]struct {
		device int
		want   []string
	}{"the reader": {0, nil}, "the scanner beside it": {1, []string{sscc(parcel) + " load parked"}}} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t, reader+"[[device]]\nname = \"hand\"\nprofile = \"zebra-ds2208-cdc\"\nport = \"serial:/dev/null\"\ncheckpoint = \"load\"\n")
			d.pass(time.Minute)
			if began := d.served[c.device].Began; began != nil {
				began(d.now)
			}
			d.hear(700, 2, parcel)
			d.want(c.want...)
		})
	}
}
