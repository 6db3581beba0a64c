package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/ledger"
)

// portalReader plugs in an LLRP reader that hears what stands in a field.
func portalReader(t *testing.T, f *field) *sim.LLRPReader {
	t.Helper()
	reader, err := sim.NewLLRP("tcp:127.0.0.1:0", sim.LLRPOptions{Tags: f.now, Firmware: "5.14.0", MAC: [8]byte{0, 22, 37, 1, 2, 3, 4, 5}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

// tagStation is a configuration with a reader at label.
func tagStation(data, broker, device, more string) string {
	return fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"label-01\"\ncheckpoint = \"label\"\ndata = %q\nconsumers = [\"tracking\"]\n%s\n%s\n[mqtt]\nurl = \"mqtt://%s\"\n",
		data, device, more, broker)
}

// reading waits until a reader has been started so many times, and reads.
func reading(t *testing.T, r *sim.LLRPReader, starts int) {
	t.Helper()
	const startROSpec = 22
	wait(t, "the reader reads", func() bool {
		s := r.State()
		n := 0
		for _, kind := range s.Asked {
			if kind == startROSpec {
				n++
			}
		}
		return s.Connected && s.ROSpec == "active" && n >= starts
	})
}

// sscc96 is the EPC of the nth parcel of these tests.
func sscc96(n int) string { return fmt.Sprintf("3114257BF449%04X00000000", n) }

// Who a tag reader is, how warm it is and what is amiss with it stands on the
// board's page of its station, and goes away there when it is mended.
func TestReadersAreKnown(t *testing.T) {
	var f field
	dir, address := t.TempDir(), freePort(t)
	module, err := sim.NewMercury(filepath.Join(dir, "bench.tty"), sim.MercuryOptions{Rate: 200, Tags: f.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { module.Close() })
	portal := portalReader(t, &f)
	p := scanpost(t, write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf(`
[station]
site = "ham1"
name = "label-01"
checkpoint = "label"
data = %q

[[device]]
name = "bench"
profile = "thingmagic-nano-serial"
port = %q
options = { region = "eu3" }

[[device]]
name = "portal"
profile = "impinj-speedway-r420-llrp"
port = %q
checkpoint = "load"
options = { antennas = [1, 2] }

[broker]
listen = %q
[board]
listen = %q
[[journey]]
name = "outbound"
steps = [ { at = "label" }, { at = "load" } ]
`, filepath.Join(dir, "data"), module.Address(), portal.Address(), freePort(t), address)))
	page := func(parts ...string) func() bool {
		return func() bool {
			got := get("http://" + address + "/stations/label-01")
			return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(got, p) })
		}
	}
	wait(t, "the board knows both", page("Nano, firmware 01.09.00.02", "Speedway R420, firmware 5.14.0, serial number 0016250102030405"))
	if err := portal.SetAntenna(2, false); err != nil {
		t.Fatal(err)
	}
	wait(t, "an antenna's cable is off", page("antenna 2: gone"))
	if err := portal.SetAntenna(2, true); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is on again", func() bool { return page("Speedway R420")() && !page("antenna 2: gone")() })
	if err := module.Hot(1 << 20); err != nil { // it is not cool again
		t.Fatal(err)
	}
	if err := module.LoseRegion(); err != nil { // it begins anew, and complains
		t.Fatal(err)
	}
	wait(t, "the module is too hot", page("temperature: ", "0504"))
	if got := len(p.said("device known")); got > 6 {
		t.Errorf("the devices were told as known %d times", got)
	}
}

// A photo-eye on a reader's input says which tags are one parcel's. Outside of
// its openings nothing passes, and an opening without a tag is a parcel that
// could not be read.
func TestPhotoEye(t *testing.T) {
	broker, screen := freePort(t), freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	var f field
	reader, dir := portalReader(t, &f), t.TempDir()
	p := scanpost(t, write(t, filepath.Join(dir, "station.toml"), tagStation(filepath.Join(dir, "data"), broker,
		fmt.Sprintf("[[device]]\nname = \"portal\"\nprofile = \"impinj-r700-llrp\"\nport = %q\n", reader.Address()),
		fmt.Sprintf("[[portal]]\nat = \"label\"\ngate = { device = \"portal\", input = 1, empty = \"noread\" }\n[screen]\nlisten = %q\n", screen))))
	reading(t, reader, 1)
	if got := reader.State().Inputs; !slices.Contains(got, 1) {
		t.Fatalf("the reader's inputs are %v, want 1 switched on for the gate", got)
	}
	eye := func(open bool) {
		t.Helper()
		if err := reader.SetInput(1, open); err != nil {
			t.Fatal(err)
		}
	}
	heard := func(tags ...sim.Tag) {
		t.Helper()
		f.put(tags...)
		before := reader.State().Tags
		if _, err := reader.Wait(t.Context(), func(s sim.LLRPState) bool { return s.Tags >= before+8*len(tags) }); err != nil {
			t.Fatal(err)
		}
		f.put()
	}
	heard(tag(t, sscc96(9), 1, -50)) // and the eye is shut
	wait(t, "it is a stray", func() bool {
		return strings.Contains(get("http://"+screen+"/metrics"), `scanpost_portal_strays_total{portal="label",reason="shut",station="label-01"} 1`)
	})
	eye(true)
	heard(tag(t, sscc96(1), 1, -50), tag(t, sscc96(2), 1, -55))
	eye(false)
	noReads := func() (n int) {
		tr.ledger.Each(func(h ledger.Heard) error {
			if e, is := h.Entry.(*scan.NoRead); is && e.Checkpoint == "label" && e.Device == "portal" {
				n++
			}
			return nil
		})
		return n
	}
	wait(t, "both tags of the parcel arrive", func() bool { return len(tr.tagged(t)) == 2 })
	eye(true)
	<-time.After(300 * time.Millisecond) // a parcel takes its time
	eye(false)
	wait(t, "a parcel without a tag is told", func() bool { return noReads() == 1 })
	groups := map[int64][]string{}
	tr.ledger.Each(func(h ledger.Heard) error {
		if s, is := h.Entry.(*scan.Scan); is {
			groups[s.Pass.Group] = append(groups[s.Pass.Group], s.Unit)
		}
		return nil
	})
	if len(groups) != 1 || groups[0] != nil {
		t.Errorf("groups %v, want one with both", groups)
	}

	// Its network cable is out, and with it the photo-eye: what comes when the
	// reader is back and the eye works is one parcel again.
	reader.Close()
	wait(t, "the reader is gone", func() bool { return len(p.said("device gone")) > 0 })
	if err := reader.Replug(); err != nil {
		t.Fatal(err)
	}
	reading(t, reader, 2)
	eye(true)
	heard(tag(t, sscc96(3), 1, -50))
	eye(false)
	wait(t, "the parcel after it arrives", func() bool { return len(tr.tagged(t)) == 3 })
	if got := noReads(); got != 1 {
		t.Errorf("%d parcels could not be read, want one", got)
	}
}

// A card of 125 kHz that lies at a reader is shown at once, and is one scan
// when it has gone, by the number in it.
func TestCard(t *testing.T) {
	broker, screen := freePort(t), freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	var f field
	dir := t.TempDir()
	for i, id12 := range []bool{false, true} {
		f.put()
		reader, err := sim.NewLF(filepath.Join(dir, fmt.Sprint("card", i, ".tty")), sim.LFSetup{Tags: f.now, ID12: id12})
		if err != nil {
			t.Fatal(err)
		}
		profile := map[bool]string{false: "rdm6300-serial", true: "id-12la-serial"}[id12]
		p := scanpost(t, write(t, filepath.Join(dir, "station.toml"), tagStation(filepath.Join(dir, "data"), broker,
			fmt.Sprintf("[[device]]\nname = \"badge\"\nprofile = %q\nport = %q\n", profile, reader.Address()), fmt.Sprintf("[screen]\nlisten = %q\n", screen))))
		wait(t, "the reader is there", func() bool { return len(p.said("device attached")) == 1 })
		f.put(tag(t, "3C00CE754C", 0, 0))
		wait(t, "the card is shown", func() bool {
			return strings.Contains(get("http://"+screen+"/"), "<h1>Passing</h1>")
		})
		if n := len(tr.tagged(t)); n != i {
			t.Errorf("%d scans while it lies there, want %d", n, i)
		}
		f.put()
		wait(t, "the card is a scan", func() bool { return len(tr.tagged(t)) == i+1 })
		if got := tr.tagged(t)[i]; got != "code:3C00CE754C label" {
			t.Errorf("got %q", got)
		}
		if got := p.stop(); got != 0 {
			t.Errorf("stopped with status %d", got)
		}
		reader.Close()
	}
}

// A tag that was shown as passing and turns out to stand there goes from the
// operator's screen.
func TestPassingIsTakenBack(t *testing.T) {
	broker, screen := freePort(t), freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	var f field
	reader, dir := portalReader(t, &f), t.TempDir()
	scanpost(t, write(t, filepath.Join(dir, "station.toml"), tagStation(filepath.Join(dir, "data"), broker,
		fmt.Sprintf("[[device]]\nname = \"portal\"\nprofile = \"impinj-r700-llrp\"\nport = %q\n", reader.Address()),
		fmt.Sprintf("[[portal]]\nat = \"label\"\ndwell = \"3s\"\n[screen]\nlisten = %q\n", screen))))
	f.put(tag(t, sscc96(1), 1, -50))
	shows := func(words string) func() bool {
		return func() bool { return strings.Contains(get("http://"+screen+"/"), "<h1>"+words+"</h1>") }
	}
	wait(t, "the pallet is shown", shows("Passing"))
	wait(t, "it is not any more", shows("Scan a parcel"))
	if got := tr.tagged(t); len(got) > 0 {
		t.Errorf("recorded %q, though it has stood there from the beginning", got)
	}
	if status("http://"+screen+"/healthz") != http.StatusOK {
		t.Error("the station is not well")
	}
}

// However often the program is killed while parcels pass, each of them is one
// scan.
func TestKilledWhileParcelsPass(t *testing.T) {
	broker := freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	var f field
	reader, dir := portalReader(t, &f), t.TempDir()
	config := write(t, filepath.Join(dir, "station.toml"), tagStation(filepath.Join(dir, "data"), broker,
		fmt.Sprintf("[[device]]\nname = \"portal\"\nprofile = \"impinj-r700-llrp\"\nport = %q\n", reader.Address()), ""))
	random := rand.New(rand.NewPCG(7, 7))
	p := scanpost(t, config)
	for n := range 12 {
		reading(t, reader, n+1)
		f.put(tag(t, sscc96(n), 1, -50))
		before := reader.State().Tags
		if _, err := reader.Wait(t.Context(), func(s sim.LLRPState) bool { return s.Tags >= before+12 }); err != nil {
			t.Fatal(err)
		}
		// From the middle of the pass to some time after it was saved.
		cut := time.After(time.Duration(random.IntN(1600)) * time.Millisecond)
		<-time.After(100 * time.Millisecond)
		f.put()
		<-cut
		p.kill()
		p = scanpost(t, config)
	}
	wait(t, "every parcel has arrived", func() bool {
		return len(slices.Compact(slices.Sorted(slices.Values(unitsOf(tr.tagged(t)))))) == 12
	})
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	wait(t, "everything has arrived", func() bool { return len(tr.tagged(t)) >= 12 })
	if got := tr.tagged(t); len(got) != 12 {
		t.Errorf("%d scans of 12 parcels:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func unitsOf(tagged []string) (units []string) {
	for _, s := range tagged {
		unit, _, _ := strings.Cut(s, " ")
		units = append(units, unit)
	}
	return units
}

// Passes that a full disk does not take are told as not saved, and are saved
// when there is room: while the program runs, and after it was stopped, or
// killed, on the full disk.
func TestPassesOnAFullDisk(t *testing.T) {
	small := disk(t, 0, "size=3m")
	address, screen, dir := freePort(t), freePort(t), t.TempDir()
	embedded(t, address)
	tr := newTracking(t, address)
	var f field
	reader, data := portalReader(t, &f), filepath.Join(small, "data")
	config := write(t, filepath.Join(dir, "station.toml"), tagStation(data, address,
		fmt.Sprintf("[[device]]\nname = \"portal\"\nprofile = \"impinj-r700-llrp\"\nport = %q\n", reader.Address()), fmt.Sprintf("[screen]\nlisten = %q\n", screen)))
	p := scanpost(t, config)
	next, starts := 0, 1
	passes := func(n int) {
		t.Helper()
		reading(t, reader, starts)
		var tags []sim.Tag
		for range n {
			tags = append(tags, tag(t, sscc96(next), 1, -50))
			next++
		}
		f.put(tags...)
		before := reader.State().Tags
		if _, err := reader.Wait(t.Context(), func(s sim.LLRPState) bool { return s.Tags >= before+8*n }); err != nil {
			t.Fatal(err)
		}
		f.put()
	}
	arrived := func() {
		t.Helper()
		wait(t, "all parcels have arrived", func() bool { return len(tr.tagged(t)) >= next })
		if got := unitsOf(tr.tagged(t)); len(got) != next || len(slices.Compact(slices.Sorted(slices.Values(got)))) != next {
			t.Errorf("%d parcels are %d scans: %q", next, len(got), got)
		}
	}
	passes(3)
	arrived()
	for _, end := range []func(){func() {}, func() { p.stop() }, func() { p.kill() }} {
		fill(t, filepath.Join(small, "filler"))
		refused := 0
		for refused == 0 { // pages that are free in the file are used up first
			passes(20)
			saved := len(tr.tagged(t))
			wait(t, "the parcels are saved, or not", func() bool {
				refused = told("http://"+screen, "not-saved")
				return refused > 0 || len(tr.tagged(t)) == saved+20
			})
		}
		passes(5)
		wait(t, "all of them are told", func() bool { return told("http://"+screen, "not-saved") >= refused+5 })
		if page := get("http://" + screen + "/"); !strings.Contains(page, "STOP.") || !strings.Contains(page, "The disk is full") {
			t.Error("the screen does not say so")
		}
		end()
		if err := os.Remove(filepath.Join(small, "filler")); err != nil {
			t.Fatal(err)
		}
		if p.cmd.ProcessState != nil {
			p = scanpost(t, config)
			starts++
			wait(t, "the screen is there", func() bool { return status("http://"+screen+"/") == http.StatusOK })
		}
		arrived()
	}
	if got := len(p.said("a scan is not saved")); got > 0 {
		t.Errorf("with room again %d were not saved", got)
	}
}
