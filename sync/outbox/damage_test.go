package outbox

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scanpost/sync/event"
)

// some is an outbox file with some of everything in it.
func some(t testing.TB, events int) (dir string, file []byte) {
	t.Helper()
	dir = t.TempDir()
	o := open(t, dir, options)
	gatherWrites(t, o, events)
	if err := o.Confirm("board", o.Epoch(), uint64(events/4)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Trim(time.Now().Add(time.Hour), []string{"board"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.TrimRight(file, "\x00") // what it may still grow into
	return dir, append(file, make([]byte, 4096-len(file)%4096)...)
}

// use does everything with what may be a damaged outbox, and returns the first
// error. Only events that pass their hash may come out of it.
func use(t testing.TB, dir string) (first error) {
	t.Helper()
	note := func(err error) {
		if err == nil {
			return
		}
		if strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000 {
			t.Errorf("not one sentence: %q", err)
		}
		if first == nil {
			first = err
		}
	}
	o, err := Open(dir, options)
	if err != nil {
		note(err)
		return first
	}
	note(o.Read(1, 1<<30, func(seq uint64, b []byte) error {
		if e, err := event.Parse(b); err != nil || e.Seq != seq {
			t.Errorf("number %d: got %.300q (%v)", seq, b, err)
		}
		return nil
	}))
	o.Stats()
	_, _, err = o.Head()
	note(err)
	note(o.Verify(nil))
	_, err = o.Prove(o.Stats().Last/2 + 1)
	note(err)
	for i := range 3 {
		_, err = o.Write(parcel(i))
		note(err)
	}
	note(o.Confirm("board", o.Epoch(), o.Stats().Last))
	_, err = o.Trim(time.Now().Add(time.Hour), []string{"board"})
	note(err)
	note(o.Close())
	return first
}

// However bits flip in the file, the outbox does not panic, hand out bytes
// that were not written, or hang.
func TestFlippedBits(t *testing.T) {
	dir, file := some(t, 3000)
	path := filepath.Join(dir, fileName)
	size, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	unnoticed := 0
	for round := range rounds {
		random := rand.New(rand.NewPCG(7, uint64(round)))
		bad := bytes.Clone(file)
		for range 1 + random.IntN(20) {
			at := random.IntN(len(bad))
			if random.IntN(2) == 0 { // headers are few and matter most
				at = at&^4095 + random.IntN(64)
			}
			if at < len(bad) {
				bad[at] ^= 1 << random.IntN(8)
			}
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size.Size()); err != nil {
			t.Fatal(err)
		}
		if use(t, dir) == nil {
			unnoticed++ // on a free page, or the older of the two first ones
		}
	}
	t.Logf("%d of %d damaged files had nothing to object to", unnoticed, rounds)
}

// A branch that leads back to itself, a page in use among the free ones, a
// file cut off: what would end bbolt badly is found before bbolt sees it.
func TestExamine(t *testing.T) {
	dir, file := some(t, 3000)
	path := filepath.Join(dir, fileName)
	page := func(b []byte, flags uint16) int {
		for at := 2 * 4096; at+4096 <= len(b); at += 4096 {
			if host.Uint64(b[at:]) == uint64(at/4096) && host.Uint16(b[at+8:]) == flags && host.Uint16(b[at+10:]) > 3 {
				return at
			}
		}
		t.Fatalf("no page of kind %d", flags)
		return 0
	}
	for name, c := range map[string]struct {
		spoil func(b []byte) []byte
		want  string
	}{
		"branches that lead back to themselves": {func(b []byte) []byte {
			for at := 2 * 4096; at+4096 <= len(b); at += 4096 {
				if host.Uint16(b[at+8:]) == branchPage && host.Uint64(b[at:]) == uint64(at/4096) {
					for i := range int(host.Uint16(b[at+10:])) {
						host.PutUint64(b[at+pageHeader+i*elementLen+8:], uint64(at/4096))
					}
				}
			}
			return b
		}, "used twice"},
		"pages in use among the free ones": {func(b []byte) []byte {
			at := page(b, freePage)
			host.PutUint64(b[at+pageHeader:], host.Uint64(b[at+pageHeader+8:]))
			return b
		}, "free"},
		"a list of free pages longer than the file": {func(b []byte) []byte {
			at := page(b, freePage)
			host.PutUint16(b[at+10:], 0xFFFF)
			host.PutUint64(b[at+16:], 1<<40)
			return b
		}, "free pages"},
		"cut off":                       {func(b []byte) []byte { return b[:len(b)/2] }, "cut off"},
		"cut off within the first page": {func(b []byte) []byte { return b[:100] }, "damaged"},
		"nothing but zeros":             {func(b []byte) []byte { return make([]byte, len(b)) }, "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, c.spoil(bytes.Clone(file)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, options)
			oneSentence(t, err, path, c.want)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want it to be damage", err)
			}
		})
	}
}

// An event whose bytes changed on the disk is named, what comes before it is
// read, and so is what comes after it.
func TestDamagedEvent(t *testing.T) {
	dir, file := some(t, 400)
	at := bytes.Index(file, []byte("-00000000000000000250"))
	file[at+5] ^= 4
	if err := os.WriteFile(filepath.Join(dir, fileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	var got []uint64
	read := func(from uint64) error {
		got = got[:0]
		return o.Read(from, 1000, func(seq uint64, _ []byte) error { got = append(got, seq); return nil })
	}
	var damaged *DamagedError
	if err := read(1); !errors.As(err, &damaged) || damaged.Seq != 250 || len(got) != 149 || got[0] != 101 {
		t.Errorf("got %v and %v, want 101 to 249 and 250 damaged", got, err)
	}
	if err := read(250); !errors.As(err, &damaged) || damaged.Seq != 250 || len(got) != 0 {
		t.Errorf("got %v and %v", got, err)
	}
	if err := read(251); err != nil || len(got) != 150 {
		t.Errorf("got %v and %v, want 251 to 400", got, err)
	}
	if err := o.Verify(nil); !errors.As(err, &damaged) || damaged.Seq != 250 {
		t.Errorf("verify: got %v", err)
	}
	if n := write(t, o, 1); n.Seq != 401 {
		t.Errorf("got number %d, want 401", n.Seq)
	}
}

// When a page of events is hurt, a reader that steps over what is named as
// damaged gets everything else: also what is whole on that page.
func TestDamagedPage(t *testing.T) {
	for name, c := range map[string]struct {
		zeros           int
		atLeast, atMost int // lost
	}{
		"only its header": {64, 0, 0},
		"all of the page": {4096, 1, 8},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := some(t, 400)
			at := bytes.Index(file, []byte("-00000000000000000250")) &^ 4095
			clear(file[at:][:c.zeros])
			if err := overwrite(filepath.Join(dir, fileName), file); err != nil {
				t.Fatal(err)
			}
			o, err := Open(dir, options)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			got, lost := 0, 0
			for next := uint64(1); next <= 400; {
				err := o.Read(next, 1000, func(seq uint64, _ []byte) error { got++; next = seq + 1; return nil })
				var damaged *DamagedError
				if errors.As(err, &damaged) {
					lost++
					next = damaged.Seq + 1
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if got+lost != 300 || lost < c.atLeast || lost > c.atMost {
				t.Errorf("got %d events and %d lost of 300, want %d to %d lost", got, lost, c.atLeast, c.atMost)
			}
		})
	}
}
