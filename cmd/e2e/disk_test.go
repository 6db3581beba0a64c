package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scanpost/scan"
	"scanpost/sync/ledger"
)

// disk makes a small disk of its own, or skips the test.
func disk(t *testing.T, flags uintptr, size string) string {
	t.Helper()
	dir := open(t)
	if err := syscall.Mount("none", dir, "tmpfs", flags, size); err != nil {
		t.Skipf("skipped: mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no room on a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}

// codes are what a tracking system has of a site, in no order.
func (tr *tracking) codes() []string {
	var have []string
	tr.ledger.Each(func(h ledger.Heard) error {
		if s, ok := h.Entry.(*scan.Scan); ok {
			have = append(have, s.Raw)
		}
		return nil
	})
	return have
}

// A full disk stops the operator and nothing else: no good signal for what is
// not saved, what was saved before stays, and with room again scanning works
// by itself, without a hole in the numbers.
func TestFullDisk(t *testing.T) {
	small := disk(t, 0, "size=3m")
	address, screen, dir := freePort(t), freePort(t), t.TempDir()
	embedded(t, address)
	tracker := newTracking(t, address)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	data := filepath.Join(small, "data")
	config := write(t, filepath.Join(dir, "station.toml"), station(data)+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n[screen]\nlisten = %q\n", address, screen))
	p := scanpost(t, config)

	refusals := func() int { return told("http://"+screen, "not-saved") }
	var saved, refused []string
	scanOne := func(code string) (ok bool) {
		t.Helper()
		before, stops := beeps(scanner), refusals()
		if err := scanner.Scan("", code); err != nil {
			t.Fatal(err)
		}
		wait(t, code+" is answered", func() bool {
			ok = beeps(scanner) > before
			return ok || refusals() > stops
		})
		if ok {
			saved = append(saved, code)
		} else {
			refused = append(refused, code)
		}
		return ok
	}
	wait(t, "the screen is there", func() bool { return status("http://"+screen+"/healthz") == http.StatusOK })
	for n := range 5 {
		if !scanOne(fmt.Sprintf("BEFORE-%d", n)) {
			t.Fatal("not saved on an empty disk")
		}
	}
	fill(t, filepath.Join(small, "filler"))
	for n := 0; len(refused) < 3; n++ { // pages that are free in the file are used up first
		scanOne(fmt.Sprintf("FULL-%03d", n))
		if n == 500 {
			t.Fatal("a full disk is never noticed")
		}
	}
	page := get("http://" + screen + "/")
	for _, want := range []string{"STOP.", "KEEP THE PARCEL HERE.", "Not saved.", "The disk is full"} {
		if !strings.Contains(page, want) {
			t.Errorf("the screen lacks %q:\n%s", want, page[strings.Index(page, "<main"):])
		}
	}
	if got := get("http://" + screen + "/healthz"); status("http://"+screen+"/healthz") != http.StatusServiceUnavailable || !strings.Contains(got, "the disk is full, make room on it") {
		t.Errorf("/healthz says %q", got)
	}

	// A start on a full disk goes on with what there is: it can not save, and
	// says so.
	firstSays, firstRefused := p.said("a scan is not saved"), len(refused)
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	calm(t, p, firstRefused+8)
	p = scanpost(t, config)
	wait(t, "the screen is there", func() bool {
		return status("http://"+screen+"/") == http.StatusOK && len(p.said("device attached")) == 1
	})
	for n := 0; len(refused) < firstRefused+2; n++ {
		scanOne(fmt.Sprintf("FULL-AGAIN-%03d", n))
	}

	if err := os.Remove(filepath.Join(small, "filler")); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		if !scanOne(fmt.Sprintf("AFTER-%d", n)) {
			t.Errorf("not saved though there is room again")
		}
	}
	if got := status("http://" + screen + "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz: %d with room again", got)
	}
	if page := get("http://" + screen + "/"); !strings.Contains(page, "STOP.") {
		t.Error("the stop went away though nobody has seen it")
	}
	resp, err := http.Post("http://"+screen+"/seen", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if page := get("http://" + screen + "/"); strings.Contains(page, "STOP.") {
		t.Error("the stop stays though somebody has seen it")
	}
	wait(t, "everything that was confirmed has arrived", func() bool { return tracker.lacks(saved) == "" })
	for _, code := range refused {
		if slices.Contains(tracker.codes(), code) {
			t.Errorf("%s arrived, and the operator was told that it is not saved", code)
		}
	}
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	// After the last word of the program: as many beeps as saved scans, and
	// nothing else.
	if got := scanner.Heard(); !bytes.Equal(got, bytes.Repeat(beep, len(saved))) {
		t.Errorf("the scanner heard %d times good and %d bytes, want %d times and nothing else", beeps(scanner), len(got), len(saved))
	}
	if got := append(firstSays, p.said("a scan is not saved")...); len(got) != len(refused) || !strings.Contains(got[0], "the disk is full, make room on it") {
		t.Errorf("%d scans were refused, and the log says %q", len(refused), got)
	}
	calm(t, p, len(refused)-firstRefused+8)
	if out, err := exec.Command(p.cmd.Path, "outbox", "verify", "--data", data).CombinedOutput(); err != nil {
		t.Errorf("the outbox is not whole: %s", out)
	}
}

// spoil overwrites a file in place.
func spoil(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	garbage := make([]byte, 64<<10)
	rand.Read(garbage)
	if _, err := f.WriteAt(garbage, 0); err != nil {
		t.Fatal(err)
	}
}

// flip changes a text wherever it stands in a file, if it still does.
func flip(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(text), []byte(strings.ToLower(text))), 0); err != nil {
		t.Fatal(err)
	}
}

// Scanning never stops for a damaged file: it is set aside, whether it is
// found at start or breaks while the program runs, and a new one is begun.
func TestDamagedFiles(t *testing.T) {
	address, dir := freePort(t), t.TempDir()
	embedded(t, address)
	tracker := newTracking(t, address)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	data := filepath.Join(dir, "data")
	config := write(t, filepath.Join(dir, "station.toml"), station(data)+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n", address))
	p := scanpost(t, config)
	var saved []string
	save := func(code string) {
		t.Helper()
		saves(t, scanner, code)
		saved = append(saved, code)
	}
	arrived := func(epochs int) {
		t.Helper()
		wait(t, "everything that was confirmed has arrived", func() bool {
			have := tracker.codes()
			return len(tracker.ledger.Streams()) == epochs && !slices.ContainsFunc(saved, func(code string) bool { return !slices.Contains(have, code) })
		})
	}
	// aside are the files of a kind that were set aside, each named in the log.
	aside := func(kind string, want int) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(data, kind+".damaged-*.db"))
		if err != nil || len(files) != want {
			t.Fatalf("%d files of the %s were set aside (%v), want %d", len(files), kind, err, want)
		}
		newest := files[len(files)-1]
		if says := p.said(newest); len(says) != 1 || !strings.Contains(says[0], "level=ERROR") {
			t.Errorf("of %s the log says %q, want one error", newest, says)
		}
		calm(t, p, 12)
	}
	save("BEFORE")
	arrived(1)

	// One event: the others are not touched, and its loss is declared once.
	losses := func() (n int) {
		tracker.ledger.Each(func(h ledger.Heard) error {
			if _, ok := h.Entry.(*scan.Loss); ok {
				n++
			}
			return nil
		})
		return n
	}
	for _, code := range []string{"AFTER-A-DAMAGED-EVENT", "AND-ONCE-MORE"} {
		if got := p.stop(); got != 0 {
			t.Errorf("stopped with status %d", got)
		}
		flip(t, filepath.Join(data, "outbox.db"), "QkVGT1JF") // BEFORE, as its event has it
		p = scanpost(t, config)
		save(code)
		arrived(1)
		if got := p.said("events are damaged on this disk"); len(got) != 1 || !strings.Contains(got[0], "seq=2 count=1") {
			t.Errorf("of one damaged event the log says %q", got)
		}
		if got := losses(); got != 1 {
			t.Errorf("%d losses were declared, want one", got)
		}
		calm(t, p, 8)
	}

	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	spoil(t, filepath.Join(data, "outbox.db"))
	p = scanpost(t, config)
	save("AFTER-A-DAMAGED-OUTBOX")
	aside("outbox", 1)
	arrived(2)

	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	spoil(t, filepath.Join(data, "ledger.db"))
	p = scanpost(t, config)
	save("AFTER-A-DAMAGED-LEDGER")
	aside("ledger", 1)
	arrived(2)

	// Under the running program. A scan or two may not be saved meanwhile, and
	// then gets no good signal; the operator scans it again.
	spoil(t, filepath.Join(data, "outbox.db"))
	(&bench{t: t, scanner: scanner}).scan("WHILE-IT-BREAKS", nil)
	saved = append(saved, "WHILE-IT-BREAKS")
	aside("outbox", 2)
	arrived(3)
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
}
