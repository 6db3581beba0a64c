package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
)

// A station whose broker is away, and whose outbox is then damaged, scans again
// at once; when the broker is back, everything that can still be read has
// arrived under the number it had, and what is gone is named, and nothing else.
func TestRescue(t *testing.T) {
	address, dir := freePort(t), t.TempDir()
	scanner := plug(t, filepath.Join(dir, "scanner"))
	data := filepath.Join(dir, "data")
	config := write(t, filepath.Join(dir, "station.toml"), station(data)+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n", address))
	p := scanpost(t, config)
	var codes []string
	for n := range 60 {
		codes = append(codes, fmt.Sprintf("BEFORE-%02d", n))
		saves(t, scanner, codes[n])
	}
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	// Both first pages and one with events: nothing can open this file.
	path := filepath.Join(data, "outbox.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[:2*4096])
	page := slices.Index(b[2*4096:], '{')/4096*4096 + 2*4096
	clear(b[page : page+4096])
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	f.Close()

	p = scanpost(t, config)
	saves(t, scanner, "AFTER")
	embedded(t, address)
	tracker := newTracking(t, address)
	var old, now ledger.Stream
	wait(t, "both logs have arrived", func() bool {
		streams := tracker.ledger.Streams()
		if len(streams) != 2 {
			return false
		}
		old, now = streams[0], streams[1]
		if old.Held < now.Held {
			old, now = now, old
		}
		have := tracker.codes()
		return old.Upto == old.Last && now.Upto == now.Last && slices.Contains(have, "AFTER")
	})
	lost := map[uint64]bool{}
	for _, r := range old.Lost {
		for n := r[0]; n <= r[1]; n++ {
			lost[n] = true
		}
	}
	// The first number is the scanner's coming.
	have := tracker.codes()
	for i, code := range codes {
		if slices.Contains(have, code) == lost[uint64(i+2)] {
			t.Errorf("%s is number %d: arrived %v, declared lost %v", code, i+2, slices.Contains(have, code), lost[uint64(i+2)])
		}
	}
	if len(lost) == 0 || len(lost) > 10 {
		t.Errorf("%d are lost, want those of a page", len(lost))
	}
	if err := tracker.ledger.Each(func(h ledger.Heard) error {
		if l, ok := h.Entry.(*scan.Loss); ok && (l.Epoch != old.Epoch || h.Epoch != now.Epoch) {
			t.Errorf("%s declares a loss in %s", event.ID(h.Number), l.Epoch)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if got := p.said("an old log was gone through"); len(got) != 1 {
		t.Errorf("of the rescue the log says %q", got)
	}
	calm(t, p, 8)
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
}

// A folder that was copied to another machine, and runs there under the same
// name, gives no number twice: the copy begins a log of its own, and what it
// brought along stays what it was.
func TestCopiedStation(t *testing.T) {
	address, dir := freePort(t), t.TempDir()
	embedded(t, address)
	tracker := newTracking(t, address)
	var scanners []string
	run := func(data, name string) (*program, func(string)) {
		scanner := plug(t, filepath.Join(dir, name))
		scanners = append(scanners, name)
		config := write(t, filepath.Join(dir, name+".toml"), station(data)+device("hand", scanner.Address())+
			fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\nclient_id = %q\n", address, name))
		return scanpost(t, config), func(code string) { saves(t, scanner, code) }
	}
	first := filepath.Join(dir, "first")
	p, scanFirst := run(first, "original")
	scanFirst("ONE")
	scanFirst("TWO")
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	second := filepath.Join(dir, "second")
	if err := os.CopyFS(second, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(second, "station.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	original, scanFirst := run(first, "original-2")
	copied, scanSecond := run(second, "copy")
	scanFirst("THREE")
	scanSecond("THREE OF THE COPY")
	wait(t, "all have arrived", func() bool {
		have := tracker.codes()
		return slices.Contains(have, "THREE") && slices.Contains(have, "THREE OF THE COPY")
	})
	if n := len(tracker.ledger.Streams()); n != 2 {
		t.Errorf("%d logs are known, want two", n)
	}
	if c := tracker.down.Counts(); c.Conflicts != 0 {
		t.Errorf("%d numbers were given twice", c.Conflicts)
	}
	have := tracker.codes()
	slices.Sort(have)
	if want := []string{"ONE", "THREE", "THREE OF THE COPY", "TWO"}; !slices.Equal(have, want) {
		t.Errorf("arrived: %q, want %q", have, want)
	}
	wait(t, "both say that they are two", func() bool {
		return len(original.said("two machines with one name?")) == 1 || len(copied.said("two machines with one name?")) == 1
	})
	if got := copied.said("the outbox is a copy and was set aside"); len(got) != 1 {
		t.Errorf("the copy says %q", got)
	}
}

// A machine that goes on from an old image of its whole disk can not know it by
// itself. The broker remembers: before anything is sent under a number that was
// given before, the station begins a new log, and what was scanned meanwhile
// gets numbers of its own.
func TestOldImage(t *testing.T) {
	address, dir := freePort(t), t.TempDir()
	embedded(t, address)
	tracker := newTracking(t, address)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	data := filepath.Join(dir, "data")
	cable := newLine(t, address)
	config := write(t, filepath.Join(dir, "station.toml"), station(data)+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n", cable.addr()))
	arrived := func(codes ...string) {
		t.Helper()
		wait(t, fmt.Sprintf("%q have arrived", codes), func() bool {
			have := tracker.codes()
			return !slices.ContainsFunc(codes, func(c string) bool { return !slices.Contains(have, c) })
		})
	}
	stop := func(p *program) {
		t.Helper()
		if got := p.stop(); got != 0 {
			t.Errorf("stopped with status %d", got)
		}
	}
	p := scanpost(t, config)
	saves(t, scanner, "ONE")
	arrived("ONE")
	stop(p)
	image := map[string][]byte{}
	for _, name := range []string{"outbox.db", "outbox.lock", "ledger.db"} {
		b, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		image[name] = b
	}
	p = scanpost(t, config)
	saves(t, scanner, "TWO")
	saves(t, scanner, "THREE")
	arrived("TWO", "THREE")
	stop(p)
	for name, b := range image { // in place: the same files of the same machine
		if err := os.WriteFile(filepath.Join(data, name), b, 0); err != nil {
			t.Fatal(err)
		}
	}
	cable.mode(cutLine)
	p = scanpost(t, config)
	saves(t, scanner, "SCANNED ON THE OLD IMAGE")
	cable.mode(openLine)
	arrived("SCANNED ON THE OLD IMAGE")
	saves(t, scanner, "AND ON")
	arrived("AND ON")
	if c := tracker.down.Counts(); c.Conflicts != 0 {
		t.Errorf("%d numbers were given twice", c.Conflicts)
	}
	have := tracker.codes()
	slices.Sort(have)
	if want := []string{"AND ON", "ONE", "SCANNED ON THE OLD IMAGE", "THREE", "TWO"}; !slices.Equal(have, want) {
		t.Errorf("arrived: %q, want %q", have, want)
	}
	if got := p.said("old image of the disk"); len(got) == 0 {
		t.Errorf("it says nothing of it")
	}
	stop(p)
}
