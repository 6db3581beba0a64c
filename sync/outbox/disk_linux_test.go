package outbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that can not be written says so in one sentence.
func TestOpenOnABadDisk(t *testing.T) {
	t.Run("a read-only disk", func(t *testing.T) {
		dir := mount(t, "size=1m")
		if err := open(t, dir, options).Close(); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, options)
		oneSentence(t, err, dir, "read-only")
		_, err = Open(filepath.Join(dir, "new"), options)
		oneSentence(t, err, dir, "read-only")
	})
	t.Run("a full disk", func(t *testing.T) {
		dir := mount(t, "size=64k")
		fill(t, dir, 0)
		_, err := Open(dir, options)
		oneSentence(t, err, dir, "the disk is full")
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("got %v, want ENOSPC", err)
		}
		empty(t, dir)
		write(t, open(t, dir, options), 1)
	})
}

// mount makes a small disk.
func mount(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, size); err != nil {
		t.Skipf("needs a disk that can be filled: mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves the given number of pages free.
func fill(t *testing.T, dir string, pages int64) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, (int64(s.Bavail)-pages)*s.Bsize)
	if err := os.WriteFile(filepath.Join(dir, "ballast"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
}

// On a full disk a scan is refused, nothing earlier is hurt, reading and heads
// go on, and when there is room again so does writing, without a hole. An
// outbox opens on a full disk, to send what it has.
func TestDiskFull(t *testing.T) {
	dir := mount(t, "size=2m")
	o := open(t, dir, Options{Site: "ham1", Station: "pack-07"})
	want := uint64(0)
	for i := range 20 {
		want = write(t, o, i).Seq
	}
	for round := range 3 {
		fill(t, dir, int64(3*round))
		failed := 0
		for i := range 200 {
			n, err := o.Write(parcel(i))
			if err == nil {
				if want++; n.Seq != want {
					t.Fatalf("got number %d, want %d", n.Seq, want)
				}
				continue
			}
			failed++
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full") {
				t.Fatalf("got %v", err)
			}
		}
		if failed == 0 {
			t.Fatal("the disk was never full")
		}
		if _, events := all(t, o); uint64(len(events)) != want {
			t.Errorf("got %d events, want %d", len(events), want)
		}
		if h, _, err := o.Head(); err != nil || h.Seq != want {
			t.Errorf("got head %+v and %v, want number %d", h, err, want)
		}
		if round == 1 {
			crashed(t, o)
			o = open(t, dir, Options{Site: "ham1", Station: "pack-07"})
			if last := o.Stats().Last; last != want {
				t.Fatalf("reopened: got last %d, want %d", last, want)
			}
		}
		empty(t, dir)
		if n := write(t, o, 0); n.Seq != want+1 {
			t.Fatalf("with room again: got number %d, want %d", n.Seq, want+1)
		}
		want++
		if err := o.Verify(nil); err != nil {
			t.Fatal(err)
		}
		check(t, o)
	}
}
