package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// Everything that was told as stored is there after kill -9.
func TestSurvivesKill(t *testing.T) {
	if dir := os.Getenv("LEDGER_TEST_DIR"); dir != "" {
		l := mustOpen(t, dir)
		for n := uint64(1); ; n++ {
			store(t, l, scanned("pack-01", epochA, n), scanned("pack-02", epochA, 2*n))
			fmt.Println("stored", n)
		}
	}
	dir := t.TempDir()
	last := uint64(0)
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSurvivesKill$")
		cmd.Env = append(os.Environ(), "LEDGER_TEST_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 40 && lines.Scan(); n++ {
			var got uint64
			if _, err := fmt.Sscanf(lines.Text(), "stored %d", &got); err != nil {
				t.Fatalf("child said %q", lines.Text())
			}
			last = max(last, got)
		}
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it managed to say before it died
			var got uint64
			if _, err := fmt.Sscanf(lines.Text(), "stored %d", &got); err == nil {
				last = max(last, got)
			}
		}
		_ = cmd.Wait()
		l := mustOpen(t, dir)
		consistent(t, l)
		if got := l.Stream("pack-01", epochA); got.Upto < last || last == 0 {
			t.Errorf("held to %d, told %d", got.Upto, last)
		}
		if got := l.Stream("pack-02", epochA); got.Last < 2*last || len(got.Holes) != int(got.Last/2) {
			t.Errorf("every other number: last %d with %d holes, told %d", got.Last, len(got.Holes), 2*last)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// sentence checks that an error is one line with the path and a next step.
func sentence(t *testing.T, err error, want error, path, step string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if s := err.Error(); !strings.Contains(s, path) || !strings.Contains(s, step) || strings.Contains(s, "\n") || strings.Count(s, path) > 1 && !strings.Contains(step, path) {
		t.Errorf("got %q, want one sentence with %q and %q", s, path, step)
	}
}

// A second agent on the same folder is told who has it.
func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	opened(t, dir)
	_, err := Open(dir, logger())
	sentence(t, err, ErrInUse, filepath.Join(dir, "ledger.db"), fmt.Sprintf("(process %d)", os.Getpid()))
}

// A full disk refuses the batch and nothing else: what is held can be read,
// and the same batch is taken once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	mustOpen(t, dir).Close()
	l, err := open(dir, logger(), 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	for ; n < 1000; n++ {
		if _, _, err = l.Store([]Raw{scanned("pack-01", epochA, n+1)}); err != nil {
			break
		}
	}
	sentence(t, err, ErrNoSpace, path, "free some space")
	if got := l.Stream("pack-01", epochA); got.Upto != n || got.Last != n {
		t.Errorf("held to %d of %d, want %d", got.Upto, got.Last, n)
	}
	if got := len(contents(t, l)); got != int(n) {
		t.Errorf("%d events can be read, want %d", got, n)
	}
	l.Close()
	l = opened(t, dir)
	store(t, l, scanned("pack-01", epochA, n+1))
	if got := l.Stream("pack-01", epochA); got.Upto != n+1 {
		t.Errorf("with room again held to %d, want %d", got.Upto, n+1)
	}
}

// The operating system's errors become sentences too.
func TestSentences(t *testing.T) {
	l := &Ledger{path: "/data/ledger.db", log: logger()}
	for _, c := range []struct {
		name string
		err  error
		step string
	}{
		{"folder of another user", &os.PathError{Op: "open", Path: "/data/ledger.db", Err: syscall.EACCES}, "let user id"},
		{"read-only disk", &os.PathError{Op: "open", Path: "/data/ledger.db", Err: syscall.EROFS}, "let user id"},
		{"full disk", &os.PathError{Op: "write", Path: "/data/ledger.db", Err: syscall.ENOSPC}, "free some space"},
		{"failing disk", &os.PathError{Op: "write", Path: "/data/ledger.db", Err: syscall.EIO}, "look at the disk"},
	} {
		t.Run(c.name, func(t *testing.T) { sentence(t, l.trouble("write", c.err), nil, "/data/ledger.db", c.step) })
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(file, logger())
	sentence(t, err, nil, filepath.Join(file, "ledger.db"), "must be a folder")
}

// After a failed write whose outcome is not known nothing more is claimed.
func TestFailedWriteIsFinal(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	defer l.Close()
	err := l.guard("write", func() error { return syscall.EIO })
	if _, _, again := l.Store([]Raw{scanned("pack-01", epochA, 1)}); !errors.Is(again, syscall.EIO) || again.Error() != err.Error() {
		t.Errorf("store after %v: got %v, want the same", err, again)
	}
}

// An event that reached the file in a commit that reported failure was told to
// nobody, so it is new when it comes again.
func TestReachedTheFileAfterAll(t *testing.T) {
	l := opened(t, t.TempDir())
	raw := scanned("pack-01", epochA, 1)
	err := l.update(func(tx *bolt.Tx) error {
		b, err := tx.Bucket(bucketEvents).CreateBucketIfNotExists(streamID{"pack-01", epochA}.key())
		if err != nil {
			return err
		}
		return b.Put([]byte{0, 0, 0, 0, 0, 0, 0, 1}, sealEvent(start, raw.Bytes))
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0} {
		if fresh, refused, err := l.Store([]Raw{raw}); err != nil || len(fresh) != want || len(refused) > 0 {
			t.Errorf("time %d: fresh %v, refused %v, %v, want %d fresh", i+1, fresh, refused, err, want)
		}
	}
}

// What is late goes with the next commit, once.
func TestLate(t *testing.T) {
	l := opened(t, t.TempDir())
	l.Exists("pack-02", epochA, 1, 5)
	l.SaveHead(Head{Station: "pack-03", Epoch: epochA, Seq: 1, Arrived: start})
	if len(l.late) != 2 {
		t.Errorf("late: %v, want two streams", l.late)
	}
	store(t, l, scanned("pack-01", epochA, 1))
	if len(l.late) != 0 {
		t.Errorf("late after a commit: %v", l.late)
	}
}

// A damaged file is said to be damaged, wherever the damage is, or it does
// not matter; it is never a panic.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir)
	var batch []Raw
	for n := uint64(1); n <= 300; n++ {
		batch = append(batch, scanned("pack-01", epochA, n))
	}
	store(t, l, batch...)
	store(t, l, scanned("pack-01", epochA, 400))
	l.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	const pageSize = 4096
	random := rand.New(rand.NewPCG(1, 2))
	try := func(name string, b []byte, must bool) {
		dir := filepath.Join(t.TempDir(), "d")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "ledger.db")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, logger())
		if err == nil {
			defer l.Close()
			err = l.Each(func(Heard) error { return nil })
			if _, _, serr := l.Store([]Raw{scanned("pack-01", epochA, 301), scanned("pack-01", epochA, 5)}); err == nil {
				err = serr
			}
		}
		if err != nil {
			sentence(t, err, ErrDamaged, path, "move it away")
		} else if must {
			t.Errorf("%s: not noticed", name)
		}
	}
	for _, size := range []int{1, 100, pageSize, 2 * pageSize, 3*pageSize + 5, len(whole) / 2} {
		try(fmt.Sprintf("cut to %d", size), whole[:size], true)
	}
	try("somebody's text", []byte(strings.Repeat("this is not a ledger\n", 1000)), true)
	for p := 0; p < len(whole)/pageSize; p++ {
		for _, how := range []string{"zeroed", "ones", "random"} {
			b := append([]byte(nil), whole...)
			for i := p * pageSize; i < (p+1)*pageSize; i++ {
				switch how {
				case "zeroed":
					b[i] = 0
				case "ones":
					b[i] = 0xff
				case "random":
					b[i] = byte(random.Uint32())
				}
			}
			try(fmt.Sprintf("page %d %s", p, how), b, false)
		}
	}
	at := strings.Index(string(whole), `"order:pack-01-77"`)
	b := append([]byte(nil), whole...)
	b[at+3] ^= 1
	try("one bit of an event", b, true)
}
