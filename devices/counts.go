package devices

import (
	"errors"
	"maps"
	"sync"

	"scanpost/devices/wire"
)

// Counters are numbers since the start of Run.
type Counters struct {
	Read       uint64            // bytes taken from the wire
	Sightings  uint64            // handed to Scan
	Reads      uint64            // tags heard, by the readers' own count
	Faults     map[string]uint64 // by reason, such as "checksum"
	Reconnects uint64            // times it came back after an unplug
	Repeats    uint64            // codes sent once more by the device, which were on disk
	Lost       uint64            // answers and signals that the device did not take
	Dropped    uint64            // HID reports that came faster than scans were saved
}

// Reasons for a fault besides those of package wire.
var (
	errCut     = errors.New("cut by unplug")                 // bytes of a code whose end never came
	errReports = errors.New("reports lost")                  // the queue was full, so the code has a hole
	errEarly   = errors.New("sent before the port was open") // and not to be trusted
	errOther   = errors.New("other")
)

var reasons = []error{wire.ErrTooLong, wire.ErrShort, wire.ErrChecksum, wire.ErrNoise, wire.ErrRollover, wire.ErrUnmapped,
	wire.ErrUnasked, wire.ErrHardware, wire.ErrGap, wire.ErrTag, wire.ErrStart, wire.ErrParity, errCut, errReports, errEarly}

// ReasonOf is the name under which a fault is counted.
func ReasonOf(fault error) string {
	for _, r := range reasons {
		if errors.Is(fault, r) {
			return r.Error()
		}
	}
	return errOther.Error()
}

// counts is written by the device's goroutines and read by the board's.
type counts struct {
	mu sync.Mutex
	c  Counters
}

func (c *counts) add(fn func(*Counters)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.c)
}

// fault counts one and reports whether it is the first for its reason.
func (c *counts) fault(reason string) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c.Faults == nil {
		c.c.Faults = map[string]uint64{}
	}
	c.c.Faults[reason]++
	return c.c.Faults[reason] == 1
}

// Counts is a copy of the counters. It may be called at any time.
func (d *Device) Counts() Counters {
	d.counts.mu.Lock()
	defer d.counts.mu.Unlock()
	c := d.counts.c
	c.Faults = maps.Clone(c.Faults)
	return c
}
