//go:build linux

package inguest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/port/porttest"
)

var (
	host  = flag.String("host", "", "address of the test on the host; without it all tests are skipped")
	wakes = flag.Float64("wakes", 0, "do nothing but wake so many times a second, for comparison")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *wakes > 0 {
		fmt.Println("begun")
		for range time.Tick(time.Duration(float64(time.Second) / *wakes)) {
		}
	}
	if *host == "" {
		fmt.Println("rig: skipped, since this is not the guest (make rig runs it there)")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// remote is a device in the host's hands.
type remote struct {
	t       *testing.T
	mu      sync.Mutex
	conn    net.Conn
	in      *json.Decoder
	address string
}

// plug has a device plugged in.
func plug(t *testing.T, kind string) *remote {
	conn, err := net.Dial("tcp", *host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := &remote{t: t, conn: conn, in: json.NewDecoder(conn)}
	r.address = r.do(Request{Do: "plug", Kind: kind}).Address
	return r
}

func (r *remote) do(q Request) Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var a Answer
	if err := errors.Join(json.NewEncoder(r.conn).Encode(q), r.in.Decode(&a)); err != nil {
		a.Error = err.Error()
	}
	if a.Error != "" {
		r.t.Errorf("%s: %s", q.Do, a.Error)
	}
	return a
}

// open opens the device's port, as soon as the kernel is done with it.
func (r *remote) open() (port.Port, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p, err := port.Open(r.t.Context(), r.address, port.Settings{})
		if !errors.Is(err, port.ErrNotFound) || time.Now().After(end) {
			return p, err
		}
	}
}

// Ports keep their contract over the kernel's own drivers as they do over
// pseudo terminals and fakes.
func TestPorts(t *testing.T) {
	for _, kind := range []string{"acm", "ftdi", "hid"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			porttest.Run(t, func(t *testing.T) *porttest.Wire {
				r := plug(t, kind)
				return &porttest.Wire{
					Reports: kind == "hid",
					Open:    r.open,
					Send:    func(b []byte) { r.do(Request{Do: "send", Data: b}) },
					Heard:   func(n int) ([]byte, error) { return r.do(Request{Do: "heard", N: n}).Data, nil },
					Unplug:  func() { r.do(Request{Do: "pull"}) },
					Deaf:    func() { r.do(Request{Do: "deaf"}) },
				}
			})
		})
	}
}

// A port may be closed at any moment of a stream, by another goroutine than the
// one that reads: what was read before is whole, and nothing falls over. With
// HID the library is in C, and would use memory that was freed.
func TestCloseInStream(t *testing.T) {
	for _, kind := range []string{"acm", "ftdi", "hid"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := plug(t, kind)
			for round := range 25 {
				p, err := r.open()
				if err != nil {
					t.Fatal(err)
				}
				var all sync.WaitGroup
				some := make(chan struct{})
				all.Go(func() {
					buf := make([]byte, port.ReportSize)
					for n := 0; ; n++ {
						got, err := p.Read(buf)
						if err != nil {
							if !errors.Is(err, port.ErrClosed) {
								t.Errorf("round %d: Read ended with %v", round, err)
							}
							return
						}
						for _, b := range buf[:got] {
							if b != 'x' {
								t.Errorf("round %d: read % x", round, buf[:got])
								return
							}
						}
						if n == round%5 {
							close(some)
						}
					}
				})
				for sent := false; !sent; {
					select {
					case <-some:
						sent = true
					default:
						r.do(Request{Do: "send", Data: []byte("xxxxxxxx")})
					}
				}
				p.Close()
				all.Wait()
			}
		})
	}
}
