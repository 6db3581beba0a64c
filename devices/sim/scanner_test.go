package sim

import (
	"bytes"
	"path/filepath"
	"testing"

	"scanpost/devices/port"
)

// The scanner is a serial device like any other: framed codes come out, what
// the host writes is heard, and after a replug it is back under its name.
func TestScanner(t *testing.T) {
	s, err := NewScanner(filepath.Join(t.TempDir(), "hand"), Framing{Prefix: "\x02", AIM: true, Suffix: "\r"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		p, err := port.Open(t.Context(), s.Address(), port.Settings{Baud: 19200})
		if err != nil {
			t.Fatal(err)
		}
		if baud, err := s.Baud(); baud != 19200 {
			t.Errorf("baud %d, %v", baud, err)
		}
		if err := s.Scan("]E0", "4006381333931"); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for b := make([]byte, 100); len(got) < 18; {
			n, err := p.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b[:n]...)
		}
		if want := "\x02]E04006381333931\r"; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := p.Write([]byte("\x07")); err != nil {
			t.Fatal(err)
		}
		before := len(s.Heard())
		if _, err := s.WaitHeard(t.Context(), func(b []byte) bool { return len(b) >= max(before, 1) && bytes.HasSuffix(b, []byte{7}) }); err != nil {
			t.Error(err)
		}
		if err := s.Unplug(); err != nil {
			t.Fatal(err)
		}
		if err := s.Garbage([]byte("x")); err == nil {
			t.Error("an unplugged scanner sends")
		}
		if _, err := p.Read(make([]byte, 1)); err == nil {
			t.Error("an unplugged port reads")
		}
		p.Close()
		if err := s.Replug(); err != nil {
			t.Fatal(err)
		}
	}
}
