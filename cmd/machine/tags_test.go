package machine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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

// However often the program is killed, and wherever between the end of a pass,
// its saving and the file that keeps it, each pass is one scan.
func TestOneScanPerPass(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := &dock{t: r, dir: t.TempDir(), now: time.Now().Truncate(time.Millisecond)}
		d.text = fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"dock-01\"\ncheckpoint = \"label\"\ndata = %q\n", d.dir) + reader
		d.open()
		want := map[string]int{}
		var old map[string][]byte
		r.Repeat(map[string]func(*rapid.T){
			"a parcel passes": func(*rapid.T) {
				epc := fmt.Sprintf("3114257BF4499602%02X000000", len(want)+1)
				d.hear(10, 1, epc)
				want[sscc(epc)]++
			},
			"time": func(r *rapid.T) {
				d.pass(time.Duration(rapid.IntRange(1, 20).Draw(r, "tenths")) * 100 * time.Millisecond)
			},
			"the file is as it was": func(*rapid.T) { old = d.files() },
			"the disk is full":      func(*rapid.T) { d.book.full = true },
			"there is room":         func(*rapid.T) { d.book.full = false },
			"killed": func(r *rapid.T) {
				if rapid.Bool().Draw(r, "before the file was written") && old != nil && d.settled(old) {
					d.restore(old)
				}
				d.crash()
				d.open()
				old = nil
			},
			"stopped": func(*rapid.T) {
				d.s.tags.turn(d.now, true)
				d.crash()
				d.open()
				old = nil
			},
		})
		d.book.full = false
		d.pass(20 * time.Second)
		got := map[string]int{}
		for _, s := range d.saved() {
			unit, _, _ := strings.Cut(s, " ")
			got[unit]++
		}
		d.crash()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			r.Fatalf("scans %v, want %v", got, want)
		}
	})
}

// files are those that keep the passes.
func (d *dock) files() map[string][]byte {
	found := map[string][]byte{}
	names, _ := filepath.Glob(filepath.Join(d.dir, "passes-*.json"))
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			d.t.Fatal(err)
		}
		found[name] = b
	}
	return found
}

// settled reports whether the files of before still name all that is unsaved:
// then a kill may have come before they were written anew.
func (d *dock) settled(old map[string][]byte) bool {
	now := d.files()
	d.restore(old)
	var before, after kept
	k := &keeper{dir: d.dir}
	_, _ = k.read(&before)
	d.restore(now)
	_, _ = k.read(&after)
	names := map[string]bool{}
	for _, e := range append(before.Open, before.Ended...) {
		names[passName(&e.Pass)] = true
	}
	for _, e := range append(after.Open, after.Ended...) {
		if !names[passName(&e.Pass)] {
			return false
		}
	}
	return true
}

func (d *dock) restore(files map[string][]byte) {
	for name, b := range files {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

// What the disk refuses is told once, is tried again in silence, and is saved
// when there is room: in the order in which it passed, and once.
func TestRefusedPasses(t *testing.T) {
	d := newDock(t, reader)
	d.book.full = true
	d.hear(5, 1, parcel)
	d.pass(5 * time.Second)
	d.hear(5, 1, other)
	d.pass(5 * time.Second)
	if want := []string{"not-saved label", "not-saved label"}; !slices.Equal(d.told, want) {
		t.Errorf("told %q, want %q", d.told, want)
	}
	if n := strings.Count(d.log.String(), "a scan is not saved"); n != 2 {
		t.Errorf("logged %d times, want twice:\n%s", n, d.log.String())
	}
	if d.s.health() == nil {
		t.Error("nobody is told that it is not well")
	}
	d.want()
	d.book.full = false
	d.pass(2 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
	if d.book.entries != 2 || d.s.lastFailure() != nil {
		t.Errorf("%d were written, and the last failure is still %v", d.book.entries, d.s.lastFailure())
	}
	d.pass(10 * time.Second)
	d.crash()
	d.open()
	d.pass(10 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
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

const gated = reader + "[[portal]]\nat = \"label\"\ngate = { device = \"portal\", input = 2, open = \"off\", empty = \"noread\" }\n"

// A gate that a reader's input tells of opens and closes the portal: tags of
// one opening share a group, what is heard outside of one passes not, and an
// opening without a tag is a parcel that was not read.
func TestGateOfAnInput(t *testing.T) {
	d := newDock(t, gated)
	input := func(n int, value string) {
		d.served[0].Facts([]wire.Fact{{Name: "temperature", Value: "31"}, {Name: fmt.Sprint("gpi ", n), Value: value}}, d.now)
	}
	input(2, "on") // the beam is there: closed
	d.hear(10, 1, parcel)
	d.pass(15 * time.Second)
	d.want()

	input(2, "off")
	d.hear(5, 1, parcel, other)
	input(1, "on") // is not the gate
	d.pass(300 * time.Millisecond)
	input(2, "on")
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
	groups := map[int64]int{}
	if err := d.s.history(1, d.s.outbox.Stats().Last, func(ev scan.Event) {
		if s, is := ev.Entry.(*scan.Scan); is {
			groups[s.Pass.Group]++
		}
	}); err != nil || len(groups) != 1 || groups[0] != 0 {
		t.Errorf("groups %v (%v), want one for both", groups, err)
	}

	d.pass(20 * time.Second)
	input(2, "off")
	d.pass(500 * time.Millisecond)
	input(2, "on")
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label", "noread label portal")
}

// Where nobody knows how the gate is, parcels pass all the same: before it was
// told, and after its reader has gone.
func TestGateThatIsLost(t *testing.T) {
	d := newDock(t, gated)
	d.hear(5, 1, parcel)
	d.pass(3 * time.Second)
	d.want(sscc(parcel) + " label")
	d.served[0].Facts([]wire.Fact{{Name: "gpi 2", Value: "off"}}, d.now) // it is open, and then
	d.served[0].State(false, "tcp:127.0.0.1:1", "unplugged")
	d.pass(3 * time.Second)
	d.hear(5, 1, other)
	d.pass(3 * time.Second)
	d.want(sscc(parcel)+" label", sscc(other)+" label")
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

// The file that keeps the passes is read as it was written last, also when the
// power went in the middle of the next writing, or the disk gave garbage back.
func TestKeeper(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := &keeper{dir: t.TempDir()}
		if rapid.Bool().Draw(r, "reserved") {
			k.reserve()
		}
		var last string
		for n := range rapid.IntRange(0, 6).Draw(r, "writes") {
			last = fmt.Sprint(n, strings.Repeat("<x>", rapid.IntRange(0, 200).Draw(r, "long")))
			if err := k.write(last); err != nil {
				r.Fatal(err)
			}
		}
		if rapid.Bool().Draw(r, "cut") {
			next := k.file(k.number + 1)
			b, _ := os.ReadFile(next)
			fresh := fmt.Appendf(nil, `{"number":%d,"sum":"00000000","kept":"%s"}`, k.number+1, strings.Repeat("y", 300))
			cut := rapid.IntRange(0, len(fresh)).Draw(r, "at")
			if err := os.WriteFile(next, append(fresh[:cut:cut], b[min(cut, len(b)):]...), 0o600); err != nil {
				r.Fatal(err)
			}
		}
		var got string
		again := &keeper{dir: k.dir}
		found, err := again.read(&got)
		if err != nil || found != (last != "") || got != last || again.number != k.number {
			r.Fatalf("read %q (%t, %v, number %d), want %q, number %d", got, found, err, again.number, last, k.number)
		}
	})
}
