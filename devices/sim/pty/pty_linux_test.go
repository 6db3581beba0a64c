package pty

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"
)

// What a line has room for is written, even by one whose time is long over; what
// it has none for is not waited for.
func TestWriteWithin(t *testing.T) {
	p, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const late = -time.Hour
	var wrote []byte
	for n := byte(0); ; n++ {
		piece := bytes.Repeat([]byte{n}, 100)
		if err = p.Write(piece, late); err != nil {
			break
		}
		wrote = append(wrote, piece...)
	}
	if len(wrote) < 1000 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes, then %v", len(wrote), err)
	}
	port, err := os.OpenFile(p.Path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	got := make([]byte, 0, len(wrote))
	for b := make([]byte, 4096); len(got) < len(wrote); {
		n, err := port.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b[:n]...)
	}
	if !bytes.HasPrefix(got, wrote) { // of the last piece a part may have had room
		t.Error("what is read is not what was written")
	}
}
