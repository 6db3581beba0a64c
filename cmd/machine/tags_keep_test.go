package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
