package cutdisk

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

const size = 64 * sector

// client is QEMU's side of the protocol.
type client struct {
	t *testing.T
	c net.Conn
}

func serve(t *testing.T) (*Disk, *client, string) {
	t.Helper()
	dir := t.TempDir()
	image, socket := filepath.Join(dir, "disk"), filepath.Join(dir, "s")
	if err := os.WriteFile(image, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Serve(image, socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	c, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	n := &client{t, c}
	n.read(18)
	n.write([]byte{0, 0, 0, 3})
	n.write([]byte("IHAVEOPT"), be.AppendUint32(nil, optionGo), be.AppendUint32(nil, 6), make([]byte, 6))
	info := n.read(20 + 12)
	if got := be.Uint64(info[22:]); got != size {
		t.Errorf("the disk says that it has %d bytes", got)
	}
	n.read(20)
	return d, n, image
}

func (n *client) read(count int) []byte {
	n.t.Helper()
	b := make([]byte, count)
	if _, err := io.ReadFull(n.c, b); err != nil {
		n.t.Fatal(err)
	}
	return b
}

func (n *client) write(parts ...[]byte) {
	n.t.Helper()
	if _, err := n.c.Write(bytes.Join(parts, nil)); err != nil {
		n.t.Fatal(err)
	}
}

// ask sends a request.
func (n *client) ask(flags, command uint16, at, count int, data []byte) {
	n.t.Helper()
	b := be.AppendUint32(nil, requestMagic)
	b = be.AppendUint16(be.AppendUint16(b, flags), command)
	b = append(b, "name-of-"...)
	b = be.AppendUint32(be.AppendUint64(b, uint64(at)), uint32(count))
	n.write(b, data)
}

// do sends a request and returns the status and what came with it.
func (n *client) do(flags, command uint16, at, count int, data []byte) (status uint32, got []byte) {
	n.t.Helper()
	n.ask(flags, command, at, count, data)
	reply := n.read(16)
	if string(reply[8:]) != "name-of-" {
		n.t.Fatalf("reply % x", reply)
	}
	if status = be.Uint32(reply[4:]); status == 0 && command == cmdRead {
		got = n.read(count)
	}
	return status, got
}

func block(b byte) []byte { return bytes.Repeat([]byte{b}, sector) }

// What was flushed survives the cut, what was not does not; before the cut both
// are read back.
func TestCut(t *testing.T) {
	for fact, c := range map[string]struct {
		flags   uint16
		flush   bool
		survive float64
		want    byte
	}{
		"flushed":                    {0, true, 0, 'x'},
		"written past the cache":     {1, false, 0, 'x'},
		"only written":               {0, false, 0, 0},
		"only written, and survived": {0, false, 1, 'x'},
	} {
		t.Run(fact, func(t *testing.T) {
			d, n, image := serve(t)
			n.do(c.flags, cmdWrite, 2*sector, sector, block('x'))
			if _, got := n.do(0, cmdRead, sector, 3*sector, nil); !bytes.Equal(got, bytes.Join([][]byte{block(0), block('x'), block(0)}, nil)) {
				t.Error("what was written is not what is read")
			}
			if c.flush {
				n.do(0, cmdFlush, 0, 0, nil)
			}
			if err := d.Cut(c.survive, 1); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(image)
			if err != nil || b[2*sector] != c.want || b[3*sector-1] != c.want {
				t.Errorf("on the disk is %q, want %q, %v", b[2*sector], c.want, err)
			}
			n.write(be.AppendUint32(nil, requestMagic), make([]byte, 20), be.AppendUint32(nil, sector))
			if _, err := n.c.Read(make([]byte, 1)); err == nil {
				t.Error("a disk without power answers")
			}
		})
	}
}

// A random part survives, the same for the same seed.
func TestSurvivors(t *testing.T) {
	var images [][]byte
	for _, seed := range []uint64{7, 7, 8} {
		d, n, image := serve(t)
		for i := range 32 {
			n.do(0, cmdWrite, i*sector, sector, block('x'))
		}
		if err := d.Cut(0.5, seed); err != nil {
			t.Fatal(err)
		}
		if lost := d.Count().Lost; lost < 4 || lost > 28 {
			t.Errorf("%d of 32 sectors are lost", lost)
		}
		b, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, b)
	}
	if !bytes.Equal(images[0], images[1]) || bytes.Equal(images[0], images[2]) {
		t.Error("the seed does not decide what survives")
	}
}

// What the drive writes as a whole survives as a whole, or not at all.
func TestWhole(t *testing.T) {
	d, n, image := serve(t)
	d.Whole(8 * sector)
	for i := range 64 {
		n.do(0, cmdWrite, i*sector, sector, block('x'))
	}
	if err := d.Cut(0.5, 7); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		part := b[i*8*sector:][:8*sector]
		if got := bytes.Count(part, []byte("x")); got != 0 && got != len(part) {
			t.Errorf("of block %d %d of %d bytes survived", i, got, len(part))
		}
	}
	if lost := d.Count().Lost; lost == 0 || lost == 64 {
		t.Errorf("%d of 64 sectors are lost", lost)
	}
}

// A cut that waits for a request happens within it: it is not answered, what was
// flushed before survives, and what it was to flush does not.
func TestCutAt(t *testing.T) {
	for fact, c := range map[string]struct {
		n       int
		command uint16
	}{
		"within a write": {2, cmdWrite},
		"within a flush": {3, cmdFlush},
	} {
		t.Run(fact, func(t *testing.T) {
			d, n, image := serve(t)
			n.do(0, cmdWrite, 0, sector, block('x'))
			n.do(0, cmdFlush, 0, 0, nil)
			gone := d.CutAt(c.n, 0, 1)
			for range c.n - 1 {
				n.do(0, cmdWrite, sector, sector, block('y'))
			}
			if c.command == cmdWrite {
				n.ask(0, cmdWrite, 2*sector, sector, block('z'))
			} else {
				n.ask(0, cmdFlush, 0, 0, nil)
			}
			<-gone
			if _, err := n.c.Read(make([]byte, 1)); err == nil {
				t.Error("the request is answered")
			}
			b, err := os.ReadFile(image)
			if err != nil || b[0] != 'x' || b[sector] != 0 || b[2*sector] != 0 {
				t.Errorf("on the disk is %q %q %q, %v", b[0], b[sector], b[2*sector], err)
			}
			if got := d.Count(); got.Unflushed == 0 || got.Lost != got.Unflushed {
				t.Errorf("it counts %+v; what was not flushed is lost", got)
			}
		})
	}
}

// A request beyond the disk, or for a part of a sector, is refused, and the next
// one is served.
func TestBadRequests(t *testing.T) {
	_, n, _ := serve(t)
	for _, c := range [][2]int{{size, sector}, {-sector, sector}, {0, 100}, {100, sector}, {0, size + sector}} {
		if status, _ := n.do(0, cmdRead, c[0], c[1], nil); status != invalid {
			t.Errorf("at %d, %d bytes: status %d", c[0], c[1], status)
		}
	}
	if status, _ := n.do(0, 99, 0, 0, nil); status != invalid {
		t.Errorf("an unknown command: status %d", status)
	}
	if status, _ := n.do(0, cmdRead, 0, sector, nil); status != 0 {
		t.Errorf("afterwards: status %d", status)
	}
}
