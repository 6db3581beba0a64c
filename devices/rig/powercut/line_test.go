//go:build linux

package powercut

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// scanners is how many there are: ttyS1 and on.
const scanners = 3

// goodSignal is what a Zebra on RS-232 with ACK/NAK waits for, and what the
// program sends it once the scan is on disk.
const goodSignal = 0x06

// line is a scanner at a serial line of the guest. It has no clock and no
// second try: a line of this kind loses nothing, so each code is answered once
// and in order, or the power is gone.
type line struct {
	n        int
	path     string
	listener *net.UnixListener

	mu      sync.Mutex
	conn    net.Conn            // while the power is on
	out     []string            // sent, and not answered
	good    map[string][]string // codes that were answered, by station
	strange []byte              // what came and was no answer
	changed chan struct{}
	heard   sync.WaitGroup
	sent    int
}

func newLine(n int, path string) (*line, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	s := &line{n: n, path: path, listener: l, good: map[string][]string{}, changed: make(chan struct{})}
	s.heard.Add(1)
	go s.accept()
	return s, nil
}

func (l *line) close() {
	l.listener.Close()
	l.heard.Wait()
	os.Remove(l.path)
}

// accept takes the guest's side of the line, once for each boot.
func (l *line) accept() {
	defer l.heard.Done()
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.conn, l.out = conn, nil
		l.tell()
		l.mu.Unlock()
		l.listen(conn)
	}
}

// listen takes the signals, to the last one that had left the guest.
func (l *line) listen(conn net.Conn) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conn = nil
		l.tell()
		conn.Close()
	}()
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		l.mu.Lock()
		for _, c := range b[:n] {
			if c != goodSignal || len(l.out) == 0 {
				l.strange = append(l.strange, c)
				continue
			}
			station, _, _ := strings.Cut(l.out[0], ".")
			l.good[station] = append(l.good[station], l.out[0])
			l.out = l.out[1:]
		}
		l.tell()
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (l *line) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// off waits until the line is dead, after the power was cut.
func (l *line) off() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.conn != nil {
		changed := l.changed
		l.mu.Unlock()
		<-changed
		l.mu.Lock()
	}
}

// scan reads codes that no scanner ever read before, each as soon as the ones
// before it are answered: mostly one, at times a few at once, with short pauses.
func (l *line) scan(station string, cut int, r *rand.Rand) (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			l.mu.Lock()
			conn, changed, waits := l.conn, l.changed, len(l.out) > 0
			l.mu.Unlock()
			switch {
			case conn == nil:
				return
			case waits:
				select {
				case <-changed:
				case <-quit:
					return
				}
				continue
			}
			select {
			case <-time.After(time.Duration(r.IntN(15)) * time.Millisecond):
			case <-quit:
				return
			}
			if err := l.send(conn, station, cut, max(1, r.IntN(8)-3)); err != nil {
				return
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}

func (l *line) send(conn net.Conn, station string, cut, count int) error {
	var b strings.Builder
	l.mu.Lock()
	for range count {
		l.sent++
		code := fmt.Sprintf("%s.%d.%d.%d", station, cut, l.n, l.sent)
		l.out = append(l.out, code)
		b.WriteString("]C0" + code + "\r\n")
	}
	l.mu.Unlock()
	_, err := io.WriteString(conn, b.String())
	return err
}

// told are the codes of a station that had their good signal.
func (l *line) told(station string) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.strange) > 0 {
		return nil, fmt.Errorf("scanner %d heard % x, which is no answer to anything", l.n, l.strange)
	}
	return l.good[station], nil
}

// waiting is how many codes have no answer yet.
func (l *line) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.out)
}
