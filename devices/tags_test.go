package devices

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/devices/profile"
	"scanpost/devices/wire"
)

// clockSession is a session that tells of each silence.
type clockSession struct{ silences chan string }

func (s *clockSession) Open(*wire.Output)                 {}
func (s *clockSession) Close(*wire.Output)                {}
func (s *clockSession) Silence(*wire.Output)              { s.silences <- "silence" }
func (s *clockSession) Decode(b []byte, out *wire.Output) { s.silences <- string(b) }

// Silence is a session's clock: it is told once for each quiet time since the
// opening or the last arrival, and not once more when something arrives.
func TestSilenceIsAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		quiet := testProfile()
		quiet.Quiet = time.Second
		b := newBench(t, "serial:x", quiet)
		b.opens(p)
		s := &clockSession{make(chan string, 100)}
		b.newDecoder = func(string, map[string]any) (wire.Decoder, error) { return s, nil }
		b.start()
		synctest.Wait()
		pass(100 * time.Millisecond)
		p.in <- []byte("first")
		pass(2500 * time.Millisecond)
		p.in <- []byte("second")
		pass(900 * time.Millisecond)
		p.in <- []byte("third")
		pass(1100 * time.Millisecond)
		p.in <- []byte("fourth")
		want(t, s.silences, "first", "silence", "silence", "second", "third", "silence", "fourth")
		b.end()
	})
}

// factSession tells each line it reads as facts, "name=value" with commas
// between them, and "^" as a restart.
type factSession struct{ clockSession }

func (*factSession) Silence(*wire.Output) {}
func (*factSession) Decode(b []byte, out *wire.Output) {
	if string(b) == "^" {
		out.Restarted = true
		return
	}
	var facts []wire.Fact
	for _, f := range strings.Split(string(b), ",") {
		name, value, _ := strings.Cut(f, "=")
		facts = append(facts, wire.Fact{Name: name, Value: value})
	}
	out.Answer(wire.Answer{Facts: facts})
}

// A tag reader is told of once it has said who it is, in however many answers;
// again when something is amiss or is well again, and not after each restart,
// nor when it only becomes warmer.
func TestReaderIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		p := testProfile()
		p.Facts = profile.Facts{Model: "model", Firmware: "firmware"}
		p.Options = map[string]any{"antennas": []any{int64(1), int64(2)}}
		k := newTalk(t, p, first, second)
		k.newDecoder = func(string, map[string]any) (wire.Decoder, error) { return &factSession{}, nil }
		k.Known = func(i Inventory) {
			k.known <- fmt.Sprintf("%s %s, %s %q", i.Model, i.Firmware, i.Temperature, i.Trouble)
		}
		k.start()
		k.says("model=M,firmware=1")
		pass(100 * time.Millisecond)
		k.says("antenna 1=connected,antenna 2=gone,antenna 3=gone,antennas=4,temperature=31 °C")
		pass(time.Second)
		want(t, k.known, `M 1, 31 °C ["antenna 2: gone"]`)
		k.says("temperature=32 °C")
		k.says("antenna 1=gone")
		pass(2 * time.Second)
		want(t, k.known, `M 1, 32 °C ["antenna 1: gone" "antenna 2: gone"]`)
		k.says("antenna 1=connected")
		k.says("antenna 2=connected")
		k.says("temperature=33 °C")
		pass(2 * time.Second)
		want(t, k.known, `M 1, 33 °C []`)
		pass(10 * time.Second)
		k.says("^")
		k.says("model=M,firmware=1")
		k.says("temperature=34 °C")
		pass(10 * time.Second)
		close(first.gone)
		pass(3 * time.Second)
		k.port = second
		k.says("model=M,firmware=1,temperature=35 °C")
		pass(10 * time.Second)
		k.says("temperature=too hot (0504)")
		pass(2 * time.Second)
		k.says("temperature=61 °C")
		pass(2 * time.Second)
		want(t, k.known, `M 1,  ["temperature: too hot (0504)"]`, `M 1, 61 °C ["temperature: too hot (0504)"]`)
		k.end()
	})
}
