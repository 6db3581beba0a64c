package port

import (
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scanpost/devices/sim/pty"
)

// cook makes the line as the kernel hands it out after a plug-in.
func cook(t *testing.T, node string) {
	t.Helper()
	f, err := os.OpenFile(node, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mode, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err == nil {
		mode.Iflag, mode.Lflag = unix.ICRNL|unix.IXON, unix.ICANON|unix.ECHO|unix.ISIG|unix.IEXTEN
		err = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A code that came before the line was ours is skipped and counted, never
// handed out with its end changed and the next code glued to it. If the line
// was raw all the time nothing was changed, and nothing is skipped.
func TestEarly(t *testing.T) {
	for fact, c := range map[string]struct {
		cooked  bool
		want    string
		skipped int
	}{
		"cooked": {true, "]C0LATE\r\n", len("]C0EARLY\r\n")},
		"raw":    {false, "]C0EARLY\r\n]C0LATE\r\n", 0},
	} {
		t.Run(fact, func(t *testing.T) {
			pair, err := pty.New("")
			if err != nil {
				t.Fatal(err)
			}
			defer pair.Close()
			if c.cooked {
				cook(t, pair.Path)
			}
			pair.Master.WriteString("]C0EARLY\r\n")
			if c.cooked { // the echo says that it is through
				if _, err := io.ReadFull(pair.Master, make([]byte, c.skipped)); err != nil {
					t.Fatal(err)
				}
			}
			p, err := Open(t.Context(), "serial:"+pair.Path, Settings{})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			pair.Master.WriteString("]C0LATE\r\n")
			got := make([]byte, len(c.want))
			if _, err := io.ReadFull(p, got); err != nil || string(got) != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if n := p.(*serialPort).Skipped(); n != c.skipped {
				t.Errorf("skipped %d bytes, want %d", n, c.skipped)
			}
		})
	}
}
