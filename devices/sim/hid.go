package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Simulated HID scanners are pure: they turn a code into reports, take the
// reports of the host (its number first, if it has one) and say which they
// answer with. Whoever has them plugs them into a bus.

// hid is what they share: the state a host changes while others look at it.
type hid[S any] struct {
	mu      sync.Mutex
	now     S // slices in it only grow, so a copy stays as it was
	changed chan struct{}
	trouble Trouble
}

// State is what the device is like now, and what the host has made it do.
func (h *hid[S]) State() S {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// Wait waits until the state is as it should be, and returns it.
func (h *hid[S]) Wait(ctx context.Context, enough func(S) bool) (S, error) {
	for {
		h.mu.Lock()
		if h.changed == nil {
			h.changed = make(chan struct{})
		}
		state, changed := h.now, h.changed
		h.mu.Unlock()
		if enough(state) {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, fmt.Errorf("simulated device is only %+v: %w", state, context.Cause(ctx))
		}
	}
}

// lock is held while the host or a code does something to the device.
func (h *hid[S]) lock() (unlock func()) {
	h.mu.Lock()
	return func() {
		if h.changed != nil {
			close(h.changed)
			h.changed = nil
		}
		h.mu.Unlock()
	}
}

// Trouble is what can go wrong with a code on its way.
type Trouble int

// The troubles there are.
const (
	LostMiddle  Trouble = iota + 1 // the second report is lost; of two the first
	LostEnd                        // the last report is lost
	Stale                          // only the last report comes: the code was read before the host came
	WrongLength                    // the first report says that it holds more than it has room for
	CutReport                      // the first report is a byte short
)

// Spoil makes something go wrong with the next code.
func (h *hid[S]) Spoil(t Trouble) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trouble = t
}

// spoiled applies the trouble, once. Length is where a report has its own.
func (h *hid[S]) spoiled(reports [][]byte, length int) [][]byte {
	t := h.trouble
	h.trouble = 0
	if len(reports) == 0 {
		return reports
	}
	last := len(reports) - 1
	switch t {
	case LostMiddle:
		at := min(1, last)
		if last == 1 {
			at = 0
		}
		reports = slices.Delete(reports, at, at+1)
	case LostEnd:
		reports = reports[:last]
	case Stale:
		reports = reports[last:]
	case WrongLength:
		reports[0][length] = 0xFF
	case CutReport:
		reports[0] = reports[0][:len(reports[0])-1]
	}
	return reports
}
