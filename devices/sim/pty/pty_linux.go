package pty

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Pair is one pseudo terminal.
type Pair struct {
	Master *os.File // the device's end
	Path   string   // of the port's end, for port.Open

	link string
	node string
	hold int
}

// New makes a pair. If link is not empty, a symbolic link of that name to the
// port's end is made, or replaced; it goes when the pair is closed.
func New(link string) (*Pair, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/ptmx: %w (is devpts mounted?)", err)
	}
	p := &Pair{hold: -1}
	p.node, p.hold, err = slave(fd)
	p.Master = os.NewFile(uintptr(fd), "/dev/ptmx")
	p.Path = p.node
	if err == nil && link != "" {
		// Made beside and renamed: there is no moment at which a link of a
		// former pair is gone but this one's is not there yet.
		beside := fmt.Sprintf("%s.%d", link, fd)
		if err = os.Symlink(p.node, beside); err == nil {
			err = os.Rename(beside, link)
		}
		p.Path, p.link = link, link
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pseudo terminal: %w", err), p.Close())
	}
	return p, nil
}

// slave unlocks the port's end, makes it raw and keeps it open.
func slave(master int) (node string, hold int, err error) {
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return "", -1, err
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return "", -1, err
	}
	node = fmt.Sprintf("/dev/pts/%d", n)
	hold, err = unix.Open(node, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return node, -1, err
	}
	t, err := unix.IoctlGetTermios(hold, unix.TCGETS)
	if err != nil {
		return node, hold, err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0 // else the line is cooked and echoes
	return node, hold, unix.IoctlSetTermios(hold, unix.TCSETS, t)
}

// Baud is the rate that the program under test has set last.
func (p *Pair) Baud() (int, error) {
	t, err := unix.IoctlGetTermios(p.hold, unix.TCGETS2)
	if err != nil {
		return 0, err
	}
	return int(t.Ospeed), nil
}

// Write gives the line what it takes within a time. What it has room for goes at
// once, however long our own goroutine had to wait for its turn: the time is for
// a line that is full.
func (p *Pair) Write(b []byte, within time.Duration) error {
	raw, err := p.Master.SyscallConn()
	if err != nil {
		return err
	}
	if err := p.Master.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	n := 0
	if err := raw.Write(func(fd uintptr) bool {
		n, err = unix.Write(int(fd), b)
		return true
	}); err != nil {
		return err
	}
	if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
		return err
	}
	if n = max(n, 0); n == len(b) {
		return nil
	}
	if err := p.Master.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err = p.Master.Write(b[n:])
	return err
}

// Close is the unplug: the link goes, then the port's end gets a hang-up. What
// was written and not yet read is lost, as it is with a real cable.
func (p *Pair) Close() error {
	if p.link != "" {
		// Only our own: another pair may have taken the name over.
		if to, err := os.Readlink(p.link); err == nil && to == p.node {
			os.Remove(p.link)
		}
		p.link = ""
	}
	if p.hold >= 0 {
		unix.Close(p.hold)
		p.hold = -1
	}
	return p.Master.Close()
}
