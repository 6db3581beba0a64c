package outbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"scanpost/scan"
	"scanpost/sync/event"
)

// TestMain lets the test binary be another process: a station that writes
// until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SCANPOST_TEST_STATION"); dir != "" {
		station(dir)
	}
	os.Exit(m.Run())
}

// station prints the number of each parcel once it is told that it is saved.
func station(dir string) {
	o, err := Open(dir, Options{Site: "ham1", Station: "pack-07"})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("open", o.Stats().Last)
	var out sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				n, err := o.Write(parcel(w*1_000_000 + i))
				out.Lock()
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println("saved", n.Seq, w*1_000_000+i)
				out.Unlock()
				if i%7 == 0 {
					o.SetPublished(n.Seq / 2)
				}
				if i%50 == 49 && w == 0 {
					if err := errors.Join(o.Confirm("board", o.Epoch(), n.Seq/2), trim(o)); err != nil {
						fmt.Println("error", err)
						os.Exit(1)
					}
				}
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
	os.Exit(1)
}

func trim(o *Outbox) error {
	_, err := o.Trim(event.Milli(o.reading().wall), []string{"board"})
	return err
}

// start runs a station as a process of its own.
func start(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SCANPOST_TEST_STATION="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// Killed at any moment, a station has every parcel that it said was saved,
// under the number it said, without a hole.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	saved := map[uint64]int{}
	for range rounds {
		cmd, out := start(t, dir)
		killAfter := rand.IntN(120)
		for n := 0; out.Scan(); n++ {
			var seq uint64
			var i int
			if _, err := fmt.Sscanf(out.Text(), "saved %d %d", &seq, &i); err == nil {
				if was, ok := saved[seq]; ok {
					t.Fatalf("number %d was given to parcel %d and to %d", seq, was, i)
				}
				saved[seq] = i
			} else if strings.HasPrefix(out.Text(), "error") {
				t.Fatal(out.Text())
			}
			if n == killAfter {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		verifyKilled(t, dir, saved)
	}
	if len(saved) == 0 {
		t.Error("nothing was ever saved")
	}
	t.Logf("%d parcels saved over %d kills", len(saved), rounds)
}

func verifyKilled(t *testing.T, dir string, saved map[uint64]int) {
	t.Helper()
	o := open(t, dir, options)
	defer o.Close()
	check(t, o)
	if err := o.Verify(nil); err != nil {
		t.Fatal(err)
	}
	s := o.Stats()
	first, events := all(t, o)
	if len(events) > 0 && first != s.First || s.First+uint64(len(events)) != s.Last+1 {
		t.Fatalf("got %d events from %d, want %d to %d", len(events), first, s.First, s.Last)
	}
	for seq, i := range saved {
		if seq > s.Last {
			t.Fatalf("parcel %d was saved as %d, the last is %d", i, seq, s.Last)
		}
		if seq < s.First {
			continue // confirmed and trimmed
		}
		e, err := event.Parse(events[seq-first])
		if err != nil || e.Seq != seq || e.Entry.(*scan.Scan).Unit != parcel(i).Unit {
			t.Fatalf("number %d: got %s, want parcel %d (%v)", seq, events[seq-first], i, err)
		}
	}
}

// A second process is told who is there, at once, and does no harm.
func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	cmd, out := start(t, dir)
	if !out.Scan() || out.Text() != "open 0" {
		t.Fatalf("got %q", out.Text())
	}
	_, err := Open(dir, options)
	if want := "process id " + strconv.Itoa(cmd.Process.Pid); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want one with %q", err, want)
	}
	if _, err := SetAside(dir, newBench().now.wall, ErrDamaged); !errors.Is(err, ErrInUse) {
		t.Errorf("set aside: got %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for out.Scan() {
	}
	_ = cmd.Wait()
	open(t, dir, options)
}

// oneSentence is a message that can be shown to a person.
func oneSentence(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, w := range append(want, "open the outbox") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want it to say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") || len(err.Error()) > 600 {
		t.Errorf("not one sentence: %q", err)
	}
}

// Whatever is in the way of an outbox is said in one sentence, with the path.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Run("the folder is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "data")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(file, options)
		oneSentence(t, err, file, "is a file")
		_, err = Open(filepath.Join(file, "deeper"), options)
		oneSentence(t, err, file)
	})
	t.Run("the outbox is a folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, fileName), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, options)
		oneSentence(t, err, dir, "is not a file")
	})
	t.Run("no outbox and no name to make one", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Open(dir, Options{})
		oneSentence(t, err, dir, "no outbox")
		if _, err := os.Stat(filepath.Join(dir, fileName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("one was made (%v)", err)
		}
	})
	t.Run("another station's outbox", func(t *testing.T) {
		dir := t.TempDir()
		if err := open(t, dir, options).Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{Site: "ham1", Station: "pack-08"})
		oneSentence(t, err, dir, "ham1/pack-07", "ham1/pack-08")
	})
	t.Run("names that can not stand in topics", func(t *testing.T) {
		_, err := Open(t.TempDir(), Options{Site: "ham1", Station: "Pack 7"})
		oneSentence(t, err, "Pack 7")
	})
	t.Run("a text file", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("hello ", 5000)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, options)
		oneSentence(t, err, dir, "is damaged", "sets such a file aside")
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
		aside, err := SetAside(dir, newBench().now.wall, ErrDamaged)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(aside); err != nil || !strings.HasPrefix(string(b), "hello") {
			t.Errorf("got %.20q and %v in %s", b, err, aside)
		}
		write(t, open(t, dir, options), 1)
	})
	t.Run("a start that was cut short", func(t *testing.T) {
		dir := t.TempDir()
		db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		_, err = Open(dir, Options{})
		oneSentence(t, err, dir, "no outbox")
		write(t, open(t, dir, options), 1)
	})
}
