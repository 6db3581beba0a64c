package port

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/karalabe/hid"
)

// hidHandle is an open device of the library. Tests put a fake here, since
// there is no HID device without hardware.
type hidHandle interface {
	ReadTimeout(b []byte, milliseconds int) (int, error)
	Write(b []byte) (int, error)
	SendFeatureReport(b []byte) (int, error)
	Close() error
}

// hidLibrary opens interfaces by the kernel's name for them, such as "1-2:1.0".
type hidLibrary interface {
	supported() bool
	open(path string) (hidHandle, error)
}

// hidWait is how long one call of the library waits for a report. Never 0,
// which makes a loop spin; long enough that eight idle devices wake the machine
// eight times a second; and not for ever, since the reader is told to stop
// between two calls. It runs on the wall clock: a clock that is set back
// stretches it, and with it nothing but the stop.
const hidWait = 1000 // milliseconds

// hidPort keeps the library's handle from being freed while a call is inside
// it. Whoever leaves the handle last after Close closes it: usually the reading
// goroutine, within hidWait; a Write that hangs in the driver keeps it open,
// which is better than memory in use by C being freed.
type hidPort struct {
	handle hidHandle
	node   *os.File // holds the lock on the device
	buf    []byte   // reports longer than the caller's buffer would be cut without a sign

	found    Found
	shielded bool // a keyboard: see Close

	mu     sync.Mutex
	failed bool // Read has said so
	inside int  // calls that are in the handle
	stuck  bool // a Write was given up and is still in there
	closed bool
	freed  chan struct{} // closed when the handle is
}

func newHID(h hidHandle, node *os.File) *hidPort {
	return &hidPort{handle: h, node: node, buf: make([]byte, ReportSize), freed: make(chan struct{})}
}

func (p *hidPort) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.inside++
	return nil
}

func (p *hidPort) leave() {
	p.mu.Lock()
	p.inside--
	last := p.closed && p.inside == 0 && !(p.shielded && !p.failed)
	p.mu.Unlock()
	if last {
		within(closeLimit, p.free)
	}
}

// free gives the device back to the kernel's driver, which asks it for its
// names: one that is mute takes the kernel ten seconds and more.
func (p *hidPort) free() {
	p.handle.Close()
	if p.node != nil {
		p.node.Close()
	}
	close(p.freed)
}

func (p *hidPort) Read(b []byte) (int, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.leave()
	for {
		n, err := p.handle.ReadTimeout(p.buf, hidWait)
		p.mu.Lock()
		closed := p.closed
		p.failed = p.failed || err != nil
		p.mu.Unlock()
		switch {
		case closed:
			return 0, ErrClosed
		case err != nil:
			// The library has one text for every failure, an unplug included.
			return 0, &openError{"unplugged", ErrUnplugged, err}
		case n > len(b):
			return copy(b, p.buf[:n]), io.ErrShortBuffer
		case n > 0:
			return copy(b, p.buf[:n]), nil
		}
	}
}

// Found is the device.
func (p *hidPort) Found() Found { return p.found }

// Write sends one report; its first byte is the report id, 0 for none.
func (p *hidPort) Write(b []byte) (int, error) { return p.send(b, p.handle.Write) }

// WriteFeature sends a feature report.
func (p *hidPort) WriteFeature(b []byte) (int, error) { return p.send(b, p.handle.SendFeatureReport) }

func (p *hidPort) send(b []byte, write func([]byte) (int, error)) (int, error) {
	p.mu.Lock()
	stuck := p.stuck
	p.mu.Unlock()
	if stuck {
		return 0, ErrStuck
	}
	if err := p.enter(); err != nil {
		return 0, err
	}
	var n int
	var err error
	report := slices.Clone(b) // outlives this call if the device is stuck
	done := make(chan struct{})
	go func() {
		defer p.leave()
		n, err = write(report)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stuck = false
		close(done)
	}()
	timer := time.NewTimer(writeLimit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-done:
	default:
		p.stuck = true
		return 0, ErrStuck
	}
	switch {
	case err == nil:
		return n, nil
	case p.closed:
		return 0, ErrClosed
	}
	// Whether the cable is out is for Read to say: a device also refuses
	// reports that it does not know.
	return 0, &openError{"the device refused a report", ErrStuck, err}
}

// Close gives the device back, except a keyboard that still works. With it the
// kernel's own driver would come back, and from then on whatever is scanned
// would be typed into the console, a root shell perhaps. So its handle lives
// until the program ends, and after that the kernel leaves the device alone:
// what it types goes nowhere until it is plugged in anew. A second Open in this
// process waits until then, too.
func (p *hidPort) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	if p.shielded && !p.failed {
		p.mu.Unlock()
		return nil
	}
	last := p.inside == 0
	p.mu.Unlock()
	if last {
		within(closeLimit, p.free)
		return nil
	}
	// The device can not be opened again before the handle is gone.
	within(closeLimit, func() { <-p.freed })
	return nil
}

// openHID finds the device in sysfs, so that strangers are never opened, and
// only then asks the library for exactly this interface.
func (m *machine) openHID(a Address, usage string) (Port, error) {
	if !m.hid.supported() {
		return nil, noHID(a)
	}
	if _, err := os.Stat(filepath.Join(m.dev, "bus/usb")); err != nil {
		return nil, fail(ErrNotFound, a, "this machine shows no USB ("+m.dev+"/bus/usb is missing); in a container, bind that folder into it", err)
	}
	all := speaking(m.hids(), usage)
	t, err := m.pick(a, all)
	if err != nil {
		return nil, err
	}
	node, err := openNode(t.node)
	if err != nil {
		return nil, hidNodeError(a, t.node, err)
	}
	if err := lockFile(node); err != nil {
		node.Close()
		return nil, fail(ErrBusy, a, t.node+" is in use by another process; stop the other scanpost (systemctl status scanpost), or whatever else reads it", err)
	}
	h, err := m.hid.open(t.path)
	// A socket's name does not tell who sits in it: what came in its place
	// meanwhile has another number.
	now, still := readUSB(filepath.Join(m.sys, "bus/usb/devices", t.socket))
	switch {
	case !still || now.number != t.number:
		if err == nil {
			h.Close()
		}
		node.Close()
		return nil, fail(ErrNotFound, a, "it left while it was being opened; is the cable loose?", fs.ErrNotExist)
	case err != nil:
		node.Close()
		return nil, fail(ErrBusy, a, t.node+" does not open though this user may; is another program reading the scanner?", err)
	}
	p := newHID(h, node)
	p.found, p.shielded = m.found(HID, t, all), t.usage == "keyboard"
	return p, nil
}

func noHID(a Address) error {
	return fail(ErrUnsupported, a, "this build can not read HID devices: it was built without cgo; install the release for this machine, or build with CGO_ENABLED=1", nil)
}

// hidNodeError says why a USB node does not open. Rules for hidraw, which most
// guides show, do nothing here: the library goes through the USB node.
func hidNodeError(a Address, node string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fail(ErrPermission, a, fmt.Sprintf(`this user may not open %s; put SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="%04x", MODE="0660", GROUP="scanpost" into /etc/udev/rules.d/99-scanpost.rules and plug the device in again`, node, a.Vendor), err)
	}
	return fail(ErrNotFound, a, node+" does not open: "+err.Error()+"; is the cable in?", err)
}

// karalabe is the library itself.
type karalabe struct{}

func (karalabe) supported() bool { return hid.Supported() }

func (karalabe) open(path string) (hidHandle, error) {
	// Not by Enumerate: it asks every device with these numbers for its names,
	// and one that is mute costs nine seconds in which no other opens or closes.
	return hid.DeviceInfo{Path: path}.Open()
}
