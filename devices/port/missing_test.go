package port

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A device that is not there is looked for again only when something was
// plugged in, out or exchanged, and for some seconds after: drivers take their
// time.
func TestMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree(t)
		tr.plugACM("1-1", "0c2e:0b6a", "", "ttyACM0")
		looks := 0
		look := func() {
			t.Helper()
			time.Sleep(fresh + 1)
			_, err := tr.unless(parse(t, "usb:05e0:1701"), Settings{}, func(a Address, _ Settings) (Port, error) {
				looks++
				return nil, fail(ErrNotFound, a, "it is not plugged in", nil)
			})
			if !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
		}
		want := func(n int, when string) {
			t.Helper()
			if looks != n {
				t.Errorf("%s: looked %d times, want %d", when, looks, n)
			}
		}
		look()
		look()
		want(2, "at first")
		time.Sleep(settling + 1)
		look()
		look()
		want(2, "when nothing has changed for long")
		tr.plugACM("1-2", "0c2e:0b6a", "", "ttyACM1")
		look()
		look()
		want(4, "something was plugged in")
		time.Sleep(settling + 1)
		look()
		want(4, "settled again")
		tr.file("sys/devices/pci0000:00/usb1/1-2/devnum", "77\n")
		look()
		want(5, "what sits in a socket was exchanged")
		tr.must(os.Remove(filepath.Join(tr.root, "sys/class/tty/ttyACM1/device")))
		tr.must(os.RemoveAll(filepath.Join(tr.root, "sys/class/tty/ttyACM1")))
		look()
		want(6, "a port went")
	})
}
