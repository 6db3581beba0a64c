// Package port is one contract for every wire: serial, USB HID, TCP, and a
// recorded trace. Whoever reads a device need not know which it is.
//
// The contract, which the suite in porttest holds for each of them:
//
//   - Read waits for at least one byte, or for one whole HID report, or returns
//     an error; never 0, nil. It is written down because both vendor libraries
//     return 0, nil on a timeout, after which bufio gives up.
//   - Close may be called from anywhere and ends a waiting Read. After it Read
//     and Write say ErrClosed. A cable pulled out is ErrUnplugged, and our own
//     Close is not.
//   - Write is bounded: a device that takes nothing costs a second and
//     ErrStuck, never a stuck program. It never reaches a descriptor that is
//     closed, which may be another file's by then.
//   - Every failure to open is one sentence: what, where, and the next step.
//
// This package is the only importer of go.bug.st/serial and karalabe/hid.
// Neither library is ever asked for a list of ports: the one resets the line
// settings of ports in use, the other opens strangers. What is plugged in is
// read from sysfs.
package port

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Port is an open wire to one device. One goroutine reads and one writes at a
// time; Close may come from any.
type Port interface {
	// Read waits for at least one byte (a stream) or one whole report (HID).
	// For reports p should have room for ReportSize bytes.
	Read(p []byte) (int, error)
	// Write sends all of p or returns an error, within about a second.
	Write(p []byte) (int, error)
	// Close ends a waiting Read. Closing again does nothing.
	Close() error
}

// Features is what a port for HID reports has besides.
type Features interface {
	// WriteFeature sends a feature report; its first byte is the report id.
	WriteFeature(p []byte) (int, error)
}

// Located is a port that knows which device it was opened on.
type Located interface{ Found() Found }

// ReportSize is room for the longest HID report.
const ReportSize = 4096

// What callers branch on. Errors of this package wrap them.
var (
	ErrUnplugged   = errors.New("unplugged")                                  // the cable was pulled, the peer hung up
	ErrClosed      = errors.New("port closed")                                // by our own Close
	ErrStuck       = errors.New("the device takes nothing")                   // a Write that was given up
	ErrEnd         = errors.New("end of the trace")                           // a replay has played all; not an unplug
	ErrNotFound    = errors.New("no such port")                               // open: not plugged in, nobody answers
	ErrPermission  = errors.New("no permission")                              // open
	ErrBusy        = errors.New("in use by another program")                  // open
	ErrAmbiguous   = errors.New("more than one device matches")               // open
	ErrMode        = errors.New("the port does not take these line settings") // open
	ErrConfig      = errors.New("mistake in the configuration")               // address, settings, trace file: trying again can not help
	ErrUnsupported = errors.New("not in this build")                          // HID without cgo: trying again can not help
)

// Limits on waiting. Constants, since nothing on site calls for others.
const (
	writeLimit = time.Second     // per Write, besides the time the bytes need on the line
	closeLimit = 3 * time.Second // how long Close waits for a library or driver that hangs; more than hidWait
	dialLimit  = 5 * time.Second // tcp
)

// Open opens a port by its address. Settings count for serial lines only.
func Open(ctx context.Context, address string, s Settings) (Port, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	return here.open(ctx, a, s)
}

// List tells what is plugged in.
func List() ([]Found, error) { return here.list() }

// HIDSupported reports whether this build can read HID devices: it can not if
// it was built without cgo, which cross-compiling switches off silently.
func HIDSupported() bool { return here.hid.supported() }

// machine is where ports are looked for; tests have a sysfs tree of their own.
type machine struct {
	sys string // "/sys"
	dev string // "/dev"
	hid hidLibrary

	mu      sync.Mutex
	missing map[string]missing
	seen    string    // what was around when somebody looked last
	looked  time.Time // when that was
}

var here = &machine{sys: "/sys", dev: "/dev", hid: karalabe{}}

func (m *machine) open(ctx context.Context, a Address, s Settings) (Port, error) {
	switch a.Scheme {
	case Serial:
		return openSerial(a, a.Path, s)
	case USB:
		return m.unless(a, s, m.openUSB)
	case HID:
		return m.unless(a, s, m.openHID)
	case TCP:
		return openTCP(ctx, a)
	default:
		return openReplay(a)
	}
}

// openError is one sentence for people that wraps a sentinel for the caller
// and the cause for the curious.
type openError struct {
	sentence string
	kind     error
	cause    error
}

func (e *openError) Error() string { return e.sentence }

func (e *openError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

func fail(kind error, address Address, sentence string, cause error) error {
	return &openError{address.String() + ": " + sentence, kind, cause}
}
