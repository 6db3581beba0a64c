package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// LLRPOptions say what a simulated portal reader is like.
type LLRPOptions struct {
	Tags     Tags
	Round    time.Duration // from one inventory of all antennas to the next; 50 ms if it is 0
	Antennas int           // ports; 4 if it is 0
	Inputs   int           // 2 if it is 0
	Maker    uint32        // enterprise number; Impinj's if it is 0
	Model    uint32        // 2001002 if it is 0
	Firmware string
	MAC      [8]byte
	NoRegion bool          // it was never told where it is
	Fixed    bool          // its region does not hop
	Long     bool          // every EPC as EPCData, also those of 96 bits
	Only11   bool          // it understands LLRP 1.1 only
	Second   time.Duration // what it takes for a second of keep-alives; a second if it is 0
}

// LLRPFaults are what a simulated reader does wrong until it is told otherwise,
// or so many times.
type LLRPFaults struct {
	Refuse       int    // hosts that are told of another client
	NoGreeting   bool   // it does not say whether it takes a host
	NoKeepalive  bool   // though it was told to
	Silent       bool   // it says nothing at all, and keeps the connection
	EmptyReports bool   // a report without a tag in each round
	Custom       bool   // a maker's parameter in each tag
	UnknownTV    int    // tags with a short parameter that nobody knows
	BadCRC       int    // tags whose checksum is wrong
	FailAdd      uint16 // status of every ADD_ROSPEC
	Mute         int    // answers that are not given
	Cut          bool   // it hangs up in the middle of its next report
	Misfit       bool   // its next report has a length that does not fit
}

// LLRPState is what a reader is like, and what hosts have made it do.
type LLRPState struct {
	Connected  bool
	Hosts      int           // that were taken as its client, one after the other
	Turned     int           // hosts that were turned away
	Goodbyes   int           // hosts that closed the connection as they should
	ROSpec     string        // "none", "disabled", "inactive", "active"
	Keepalive  time.Duration // 0: none
	Acks       int           // keep-alives that were acknowledged
	Events     []int         // that the host wants to hear of
	Inputs     []int         // that it has switched on
	Antennas   []int         // of the ROSpec; 0 is all
	Session    int           // of the ROSpec; -1 the reader's own
	Population int
	Transit    int
	Power      int // index; -1 the reader's own
	Mode       int // -1 the reader's own
	Search     int // Impinj's; -1 the reader's own
	Extensions bool
	Tags       int      // reported
	Asked      []int    // message types, in their order, without acknowledgements
	Errors     []string // what it did not take
}

// LLRPReader is a portal reader on a TCP port, which has one client at a time.
// What was set up outlives the connection, as it does in real ones: a ROSpec
// that nobody has stopped goes on.
type LLRPReader struct {
	mu       sync.Mutex
	device   *llrp
	address  string
	listener net.Listener
	client   net.Conn // nil while it has none
	ghost    bool     // it holds a client that is gone
	gone     chan struct{}
	kick     chan struct{}
	changed  chan struct{}
	busy     sync.WaitGroup
}

// NewLLRP switches a reader on, at tcp:HOST:PORT, where port 0 is one of the
// kernel's choice.
func NewLLRP(address string, o LLRPOptions) (*LLRPReader, error) {
	host, network := strings.CutPrefix(address, "tcp:")
	if !network {
		return nil, fmt.Errorf("a simulated portal reader is at tcp:HOST:PORT, not %q", address)
	}
	r := &LLRPReader{device: newLLRP(o), address: host, kick: make(chan struct{}, 1), changed: make(chan struct{})}
	return r, r.Replug()
}

// Address is what stands in the configuration of the agent.
func (r *LLRPReader) Address() string { return "tcp:" + r.address }

// State is what the reader is like now.
func (r *LLRPReader) State() LLRPState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state()
}

func (r *LLRPReader) state() LLRPState {
	s := r.device.state()
	s.Connected = r.client != nil
	return s
}

// Wait waits until the state is as it should be, and returns it.
func (r *LLRPReader) Wait(ctx context.Context, enough func(LLRPState) bool) (LLRPState, error) {
	for {
		r.mu.Lock()
		state, changed := r.state(), r.changed
		r.mu.Unlock()
		if enough(state) {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, fmt.Errorf("simulated reader is only %+v: %w", state, context.Cause(ctx))
		}
	}
}

// Misbehave changes what the reader does wrong.
func (r *LLRPReader) Misbehave(change func(*LLRPFaults)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.device.faults)
}

// SetAntenna screws an antenna on or off.
func (r *LLRPReader) SetAntenna(antenna int, connected bool) error {
	return r.do(func() [][]byte { return r.device.setAntenna(antenna, connected) })
}

// SetInput switches an input: a light barrier, a gate.
func (r *LLRPReader) SetInput(input int, on bool) error {
	return r.do(func() [][]byte { return r.device.setInput(input, on) })
}

// EndROSpec ends the ROSpec as a stop trigger would.
func (r *LLRPReader) EndROSpec() error { return r.do(func() [][]byte { return r.device.endROSpec() }) }

// LoseROSpec ends it without a word, and DeleteROSpec takes it away, as the
// reader's own web page may.
func (r *LLRPReader) LoseROSpec() error {
	return r.do(func() [][]byte { r.device.endROSpec(); return nil })
}

// DeleteROSpec takes the ROSpec away without a word.
func (r *LLRPReader) DeleteROSpec() error {
	return r.do(func() [][]byte {
		r.device.spec, r.device.now.ROSpec = nil, "none"
		r.device.specState()
		return nil
	})
}

// Exception has the reader tell of trouble, and Overflow of lost reports.
func (r *LLRPReader) Exception(text string) error {
	return r.do(func() [][]byte { return [][]byte{r.device.event(llrpTLV(252, llrp16(len(text)), []byte(text)))} })
}

// Overflow has the reader tell of lost reports.
func (r *LLRPReader) Overflow() error {
	return r.do(func() [][]byte { return [][]byte{r.device.event(llrpTLV(251))} })
}

// Garbage sends bytes as they are.
func (r *LLRPReader) Garbage(b []byte) error { return r.do(func() [][]byte { return [][]byte{b} }) }

// Drop hangs up on the host, who may come back.
func (r *LLRPReader) Drop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drop()
}

// Haunt takes the host's connection away so that the reader does not notice:
// it holds on to a client that is gone, and turns others away, until Lay or
// until enough keep-alives stay unanswered.
func (r *LLRPReader) Haunt() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.drop()
	r.ghost = true
	return err
}

// Lay ends that.
func (r *LLRPReader) Lay() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ghost = false
}

// PowerCycle takes the power away and gives it back: all that it was told is
// gone, and so is the connection.
func (r *LLRPReader) PowerCycle() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.device.powerOn()
	r.ghost = false
	return r.drop()
}

func (r *LLRPReader) drop() error {
	client := r.client
	if client == nil {
		return nil
	}
	r.client = nil
	r.tell()
	return client.Close()
}

// tell wakes who waits for the state or for the clock.
func (r *LLRPReader) tell() {
	close(r.changed)
	r.changed = make(chan struct{})
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

func (r *LLRPReader) do(what func() [][]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.send(what())
}

// send writes what the reader says.
func (r *LLRPReader) send(say [][]byte) error {
	defer r.tell()
	for _, b := range say {
		if r.client == nil {
			return ErrNobody
		}
		if r.device.faults.Silent || b == nil {
			continue
		}
		if err := r.client.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
			return err
		}
		if _, err := r.client.Write(b); err != nil {
			return err // what the host has said before it went is still heard
		}
	}
	if r.device.hangup {
		r.device.hangup = false
		return r.drop()
	}
	return nil
}

// Unplug pulls the network cable: nobody answers at the address.
func (r *LLRPReader) Unplug() error {
	r.mu.Lock()
	listener := r.listener
	r.listener = nil
	var err error
	if listener != nil {
		close(r.gone)
		err = errors.Join(listener.Close(), r.drop())
	}
	r.mu.Unlock()
	r.busy.Wait()
	return err
}

// Replug puts it back in, at the same address.
func (r *LLRPReader) Replug() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		return err
	}
	r.address, r.listener, r.gone = listener.Addr().String(), listener, make(chan struct{})
	gone := r.gone
	r.busy.Go(func() { r.accept(listener) })
	r.busy.Go(func() { r.clock(gone) })
	return nil
}

// Close unplugs it for good.
func (r *LLRPReader) Close() error { return r.Unplug() }

// accept takes a host as the client, or turns it away with the reason.
func (r *LLRPReader) accept(listener net.Listener) {
	for {
		host, err := listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		switch d := r.device; {
		case r.listener != listener:
			host.Close()
		case r.client != nil || r.ghost || d.faults.Refuse > 0:
			d.faults.Refuse = max(0, d.faults.Refuse-1)
			d.now.Turned++
			_, _ = host.Write(d.greeting(2)) // it may be gone already
			host.Close()
			if r.client != nil {
				_ = r.send([][]byte{d.greeting(4)})
			}
			r.tell()
		default:
			r.client = host
			d.taken(time.Now())
			r.busy.Go(func() { r.listen(host) })
			if !d.faults.NoGreeting {
				_ = r.send([][]byte{d.greeting(0)})
			}
			r.tell()
		}
		r.mu.Unlock()
	}
}

// listen hears the host until one of the two hangs up.
func (r *LLRPReader) listen(host net.Conn) {
	b := make([]byte, 4096)
	for {
		n, err := host.Read(b)
		r.mu.Lock()
		if n > 0 && r.client == host {
			_ = r.send(r.device.hear(slices.Clone(b[:n]), time.Now())) // the next Read tells if it has gone
		}
		if err != nil && r.client == host {
			r.client = nil
			r.tell()
		}
		r.mu.Unlock()
		if err != nil {
			host.Close()
			return
		}
	}
}

// clock lets the reader do what is due, until it is unplugged.
func (r *LLRPReader) clock(gone chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r.mu.Lock()
		now := time.Now()
		if due := r.device.due(); due.IsZero() {
			timer.Reset(time.Hour)
		} else if due.After(now) {
			timer.Reset(due.Sub(now))
		} else {
			say := r.device.tick(now)
			if r.client != nil {
				_ = r.send(say)
			} else if r.device.hangup { // the ghost has not acknowledged for too long
				r.ghost, r.device.hangup = false, false
				r.tell()
			}
			r.mu.Unlock()
			continue
		}
		r.mu.Unlock()
		select {
		case <-timer.C:
		case <-r.kick:
		case <-gone:
			return
		}
	}
}
