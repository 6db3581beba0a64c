package port

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.bug.st/serial"
)

// serialPort lets the library open the port and set the line, and moves the
// bytes itself, through a second descriptor of the same port in the runtime's
// poller. With the library's own Read and Write
//
//   - a Write after Close goes to whatever file has the number by then,
//   - a Write to a device that takes nothing never returns, Close or not,
//   - a Close races with a Read in between,
//   - a Read panics if the descriptor is 1024 or higher.
//
// The poller's descriptor has none of these: deadlines work, Close ends what
// waits, and no thread is spent on waiting.
type serialPort struct {
	f       *os.File
	line    serial.Port // never read from, never written to
	baud    int
	skipped int
	found   Found // zero for a plain serial port
	closed  atomic.Bool
	drained atomic.Bool // all that was written has left
	once    sync.Once
}

// openSerial opens node, which may be a link; a is what the user asked for.
func openSerial(a Address, node string, s Settings) (Port, error) {
	mode, err := s.mode()
	if err != nil {
		return nil, fail(ErrConfig, a, err.Error(), err)
	}
	f, skipped, err := openLine(a, node)
	if err != nil {
		return nil, err
	}
	line, err := serial.Open(node, mode)
	if err != nil {
		f.Close()
		return nil, lineError(a, node, err)
	}
	return &serialPort{f: f, line: line, baud: mode.BaudRate, skipped: skipped}, nil
}

// openLine opens the node for us alone, and raw. Ours comes first: once the
// library has opened it the port is exclusive.
func openLine(a Address, node string) (f *os.File, skipped int, err error) {
	if f, err = openNode(node); err != nil {
		return nil, 0, nodeError(a, node, err)
	}
	// Exclusive use does not hold against root, the lock does. It is taken
	// before the line is set, so that a port in use keeps its settings.
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, 0, fail(ErrBusy, a, node+" is in use by another process; stop the other scanpost (systemctl status scanpost), or whatever else reads it", err)
	}
	spoiled, err := makeRaw(f)
	if err == nil && spoiled {
		skipped, err = skip(f)
	}
	if err != nil {
		f.Close()
		return nil, 0, fail(ErrNotFound, a, node+" is no working serial port; \"scanpost devices\" lists those that are", err)
	}
	return f, skipped, nil
}

// Skipped is how many bytes the device had sent before the line was ours. They
// are not handed out: see skip.
func (p *serialPort) Skipped() int { return p.skipped }

// Found is the USB device the port belongs to.
func (p *serialPort) Found() Found { return p.found }

func (p *serialPort) Read(b []byte) (int, error) {
	n, err := p.f.Read(b)
	if n > 0 {
		return n, nil
	}
	// After a hang-up the kernel answers end of file or EIO, then and for ever.
	return 0, p.gone(err)
}

func (p *serialPort) Write(b []byte) (int, error) {
	// The line itself takes ten bits per byte.
	onTheLine := time.Duration(len(b)) * 10 * time.Second / time.Duration(p.baud)
	if err := p.f.SetWriteDeadline(time.Now().Add(writeLimit + onTheLine)); err != nil {
		return 0, p.gone(err)
	}
	p.drained.Store(false)
	n, err := p.f.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, ErrStuck
	}
	if err != nil {
		return n, p.gone(err)
	}
	return n, nil
}

// Drain waits until what was written has left, so that Close does not drop it:
// a reader has to hear that it should stop.
func (p *serialPort) Drain(limit time.Duration) {
	within(limit, func() {
		if p.line.Drain() == nil {
			p.drained.Store(true)
		}
	})
}

// gone tells our own Close from a pulled cable; the operating system does not.
func (p *serialPort) gone(err error) error {
	if p.closed.Load() || errors.Is(err, os.ErrClosed) {
		return ErrClosed
	}
	return &openError{"unplugged", ErrUnplugged, err}
}

// Close is to be called at once after an unplug too: while a descriptor is
// open the kernel keeps the name, and the device comes back as ttyUSB1.
func (p *serialPort) Close() error {
	var err error
	p.once.Do(func() {
		p.closed.Store(true)
		// What the device has not taken is dropped, else the kernel waits for
		// it up to 30 s in the last close.
		if !p.drained.Load() {
			p.line.ResetOutputBuffer()
		}
		err = p.f.Close()
		within(closeLimit, func() { p.line.Close() })
	})
	return err
}

// within runs fn and waits for it no longer than the limit. It is for vendor
// calls that a driver may hang in; everything of ours ends without it.
func within(limit time.Duration, fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// nodeError says why a device node does not open.
func nodeError(a Address, node string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), isGone(err):
		return fail(ErrNotFound, a, "there is no port "+node+"; is the cable in? \"scanpost devices\" lists what is plugged in", err)
	case errors.Is(err, fs.ErrPermission):
		group := groupOf(node, "dialout")
		return fail(ErrPermission, a, "this user may not open "+node+"; add the user to group "+group+
			" (sudo usermod -aG "+group+" USER) and start scanpost again", err)
	case isBusy(err):
		return fail(ErrBusy, a, node+" is in use by another program; stop that program, often ModemManager, brltty or a terminal", err)
	}
	return fail(ErrNotFound, a, node+" does not open: "+err.Error()+"; \"scanpost devices\" lists what is plugged in", err)
}

// lineError says why the library did not take an open port.
func lineError(a Address, node string, err error) error {
	var e *serial.PortError
	if errors.As(err, &e) {
		switch e.Code() {
		case serial.PortBusy:
			return nodeError(a, node, errBusy)
		case serial.PermissionDenied:
			return nodeError(a, node, fs.ErrPermission)
		case serial.InvalidSerialPort:
			return fail(ErrNotFound, a, node+" is no working serial port; \"scanpost devices\" lists those that are", err)
		case serial.InvalidSpeed, serial.InvalidDataBits, serial.InvalidParity, serial.InvalidStopBits:
			return fail(ErrMode, a, node+" does not take these line settings ("+err.Error()+"); see the device's manual and its profile", err)
		}
	}
	return nodeError(a, node, err) // the library has no Unwrap, but a bare errno comes through
}
