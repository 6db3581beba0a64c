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
// which makes a loop spin. It is long, since each call costs an idle machine
// some eight changes of threads; and not longer, since the library can not be
// called off: a handle that was closed is given back, and can be opened again,
// when the call returns. It runs on the wall clock, so a clock that is set back
// stretches it, and nothing but the giving back waits for it.
const hidWait = 2000 // milliseconds

// hidPort keeps the library's handle from being freed while a call is inside
// it. One goroutine does nothing but take reports from the library, which keeps
// thirty and then drops the oldest without a sign. Whoever leaves the handle
// last after Close gives it back: that goroutine, or a Write that hangs in the
// driver, which keeps it open and is better than memory in use by C being freed.
type hidPort struct {
	handle hidHandle
	node   *os.File // holds the lock on the device

	found    Found
	shielded bool         // a keyboard: see Close
	packet   int          // bytes of one packet of the endpoint; 0 if not known
	lengths  map[byte]int // of reports, by their number

	reports chan []byte
	done    chan struct{} // closed by Close
	broken  chan struct{} // closed when the library has said that the device is gone
	err     error         // what it said

	mu     sync.Mutex
	failed bool // broken
	inside int  // calls that are in the handle
	stuck  bool // a Write was given up and is still in there
	closed bool
	freed  chan struct{} // closed when the handle is
}

func newHID(h hidHandle, node *os.File) *hidPort { return newHIDOn(h, node, thing{}) }

func newHIDOn(h hidHandle, node *os.File, t thing) *hidPort {
	p := &hidPort{
		handle: h, node: node, inside: 1, packet: t.packet, lengths: t.reports,
		reports: make(chan []byte, 64), done: make(chan struct{}), broken: make(chan struct{}), freed: make(chan struct{}),
	}
	go p.pump()
	return p
}

// pump takes reports from the library until Close, or until the device is gone.
// Close waits for its end, within bounds.
func (p *hidPort) pump() {
	defer p.leave()
	var part []byte
	buf := make([]byte, ReportSize) // a buffer that is too short cuts reports without a sign
	for {
		n, err := p.handle.ReadTimeout(buf, hidWait)
		p.mu.Lock()
		closed := p.closed
		p.failed = p.failed || err != nil
		p.mu.Unlock()
		switch {
		case closed:
			return
		case err != nil:
			p.err = err
			close(p.broken)
			return
		case n > 0:
			if part = append(part, buf[:n]...); p.partial(part, n) {
				continue
			}
			report := part
			part = nil
			select {
			case p.reports <- report:
			case <-p.done:
				return
			}
		}
	}
}

// partial reports whether more of a report must follow: one that is longer than
// the endpoint's packets comes in as many pieces.
func (p *hidPort) partial(part []byte, last int) bool {
	if p.packet == 0 || last != p.packet || len(part) >= ReportSize {
		return false
	}
	want, known := p.lengths[part[0]]
	if !known {
		want = p.lengths[0]
	}
	return len(part) < want
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
	select {
	case <-p.done:
		return 0, ErrClosed
	default:
	}
	select {
	case r := <-p.reports:
		return give(b, r)
	case <-p.done:
		return 0, ErrClosed
	case <-p.broken:
	}
	select { // what came before the cable was pulled
	case r := <-p.reports:
		return give(b, r)
	default:
		// The library has one text for every failure, an unplug included.
		return 0, &openError{"unplugged", ErrUnplugged, p.err}
	}
}

func give(b, report []byte) (int, error) {
	if len(report) > len(b) {
		return copy(b, report), io.ErrShortBuffer
	}
	return copy(b, report), nil
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
	close(p.done)
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
	// The device can not be opened again before the handle is gone. It is not
	// waited for any longer: whoever stops the program is in a hurry.
	within(closeLimit, func() { <-p.freed })
	return nil
}

// openHID finds the device in sysfs, so that strangers are never opened, and
// only then asks the library for exactly this interface.
func (m *machine) openHID(a Address, s Settings) (Port, error) {
	if !m.hid.supported() {
		return nil, noHID(a)
	}
	if _, err := os.Stat(filepath.Join(m.dev, "bus/usb")); err != nil {
		return nil, fail(ErrNotFound, a, "this machine shows no USB ("+m.dev+"/bus/usb is missing); in a container, bind that folder into it", err)
	}
	all := speaking(m.hids(), s.Usage)
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
	p := newHIDOn(h, node, t)
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
