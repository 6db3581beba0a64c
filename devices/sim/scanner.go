// Package sim is the other end of the wire: simulated devices on real pseudo
// terminals, for the demo and for tests. To the agent they are devices like
// any other, opened by an address, so what runs against them runs on site.
package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"scanpost/devices/sim/pty"
)

// Framing is how a line scanner wraps a code: the prefix, its AIM identifier
// if it is set up to send one, the code, the suffix.
type Framing struct {
	Prefix, Suffix string
	AIM            bool
}

// Scanner is a barcode scanner that sends one code per line.
type Scanner struct {
	framing Framing
	link    string

	mu      sync.Mutex
	pair    *pty.Pair // nil while unplugged
	heard   []byte
	changed chan struct{} // closed when heard grows
	ears    sync.WaitGroup
}

// NewScanner plugs a scanner in under the name link, which stays its name from
// one Replug to the next.
func NewScanner(link string, f Framing) (*Scanner, error) {
	s := &Scanner{framing: f, link: link, changed: make(chan struct{})}
	return s, s.Replug()
}

// Address is what stands in the configuration of the agent.
func (s *Scanner) Address() string { return "serial:" + s.link }

// Scan sends a code as the scanner would after a pull of its trigger. The AIM
// identifier, such as "]C1", is sent only if the framing says so.
func (s *Scanner) Scan(aim, code string) error {
	if !s.framing.AIM {
		aim = ""
	}
	return s.Garbage([]byte(s.framing.Prefix + aim + code + s.framing.Suffix))
}

// Garbage sends bytes as they are: noise, half a code, another protocol.
func (s *Scanner) Garbage(b []byte) error {
	s.mu.Lock()
	pair := s.pair
	s.mu.Unlock()
	if pair == nil {
		return fmt.Errorf("simulated scanner %s is unplugged", s.link)
	}
	// An agent that does not read fills the kernel's buffer; a scanner does
	// not wait for that either.
	if err := pair.Master.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	_, err := pair.Master.Write(b)
	return err
}

// Unplug pulls the cable. What was sent and not yet read is lost.
func (s *Scanner) Unplug() error {
	s.mu.Lock()
	pair := s.pair
	s.pair = nil
	s.mu.Unlock()
	if pair == nil {
		return nil
	}
	err := pair.Close()
	s.ears.Wait()
	return err
}

// Replug puts the cable back in. It is the same name, and another terminal.
func (s *Scanner) Replug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pair != nil {
		return nil
	}
	pair, err := pty.New(s.link)
	if err != nil {
		return err
	}
	s.pair = pair
	s.ears.Go(func() { s.listen(pair) })
	return nil
}

// Close unplugs it for good.
func (s *Scanner) Close() error { return s.Unplug() }

// Baud is the rate the agent has set.
func (s *Scanner) Baud() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pair == nil {
		return 0, fmt.Errorf("simulated scanner %s is unplugged", s.link)
	}
	return s.pair.Baud()
}

// listen collects what the agent writes until the pair is closed.
func (s *Scanner) listen(pair *pty.Pair) {
	b := make([]byte, 4096)
	for {
		n, err := pair.Master.Read(b)
		if n > 0 {
			s.mu.Lock()
			s.heard = append(s.heard, b[:n]...)
			close(s.changed)
			s.changed = make(chan struct{})
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// Heard is everything the agent has written back so far, over all plug-ins.
func (s *Scanner) Heard() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heard)
}

// WaitHeard waits until what was heard satisfies enough, and returns it.
func (s *Scanner) WaitHeard(ctx context.Context, enough func(heard []byte) bool) ([]byte, error) {
	for {
		s.mu.Lock()
		heard, changed := slices.Clone(s.heard), s.changed
		s.mu.Unlock()
		if enough(heard) {
			return heard, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return heard, fmt.Errorf("simulated scanner heard only %q: %w", heard, context.Cause(ctx))
		}
	}
}
