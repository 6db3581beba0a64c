package sim

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TSLSetup is how a hand-held reader with TSL's ASCII 2.0 comes out of its box.
type TSLSetup struct {
	Tags    Tags
	Battery int           // percent
	Round   time.Duration // how long an inventory takes; 0 is 5 ms
}

// TSLState is what a host has made of it.
type TSLState struct {
	Options  map[string]string // of .iv, by their letters
	Rounds   int               // inventories that were asked for
	Heard    int               // tags told
	Asked    int               // times that the battery was asked for
	Refused  []string          // commands that it did not take
	Sleeping bool
}

// TSL is such a reader on a pseudo terminal.
type TSL struct {
	*talker[TSLState]
	wire *tslWire
}

// NewTSL plugs a reader in under the name link.
func NewTSL(link string, setup TSLSetup) (*TSL, error) {
	if setup.Round == 0 {
		setup.Round = 5 * time.Millisecond
	}
	w := &tslWire{setup: setup}
	t, err := newTalker(link, w)
	return &TSL{t, w}, err
}

// Pull pulls its trigger: an inventory that nobody asked for.
func (s *TSL) Pull() error {
	return s.do(func(now time.Time) ([][]byte, error) { return s.wire.inventory(".iv", now), nil })
}

// Scan reads a barcode, as after a pull of the other trigger; an empty one is a
// pull that finds none.
func (s *TSL) Scan(code string) error {
	lines := []string{"CS: .bc", "ER: 006", "ME: No barcode found"}
	if code != "" {
		code = strings.NewReplacer("\x1B", "\x1B\x1B", "\r", "\x1B\r", "\n", "\x1B\n").Replace(code)
		lines = []string{"CS: .bc", "BC: " + code, "OK: "}
	}
	return s.do(func(time.Time) ([][]byte, error) { return s.wire.block(lines...), nil })
}

// Stray puts bytes FF and 00 into the next blocks.
func (s *TSL) Stray(n int) { s.tell(func() { s.wire.stray = n }) }

// OmitEmpty leaves the empty line out at the end of the next blocks.
func (s *TSL) OmitEmpty(n int) { s.tell(func() { s.wire.omit = n }) }

// Sleep lets it sleep, or wakes it: it forgets what it was told.
func (s *TSL) Sleep(asleep bool) {
	s.tell(func() {
		s.wire.is.Sleeping, s.wire.is.Options, s.wire.ends = asleep, map[string]string{}, time.Time{}
	})
}

func (s *TSL) tell(what func()) {
	_ = s.do(func(time.Time) ([][]byte, error) { what(); return nil, nil }) // it sends nothing, so nothing fails
}

type tslWire struct {
	setup TSLSetup
	is    TSLState
	in    []byte
	ends  time.Time // of the inventory under way
	stray int
	omit  int
}

func (w *tslWire) powerOn(time.Time) {
	w.in, w.ends, w.is.Options = nil, time.Time{}, map[string]string{}
}

func (w *tslWire) due() time.Time       { return w.ends }
func (w *tslWire) hurry() time.Duration { return 20 * time.Millisecond }

func (w *tslWire) state() TSLState {
	is := w.is
	is.Options = map[string]string{}
	for k, v := range w.is.Options {
		is.Options[k] = v
	}
	is.Refused = append([]string(nil), w.is.Refused...)
	return is
}

func (w *tslWire) hear(b []byte, now time.Time) (say [][]byte) {
	if w.is.Sleeping {
		return nil
	}
	w.in = append(w.in, b...)
	for {
		at := bytes.IndexAny(w.in, "\r\n")
		if at < 0 {
			return say
		}
		line := strings.TrimSpace(string(w.in[:at]))
		w.in = w.in[at+1:]
		if line != "" {
			say = append(say, w.obey(line, now)...)
		}
	}
}

// obey does what a command says.
func (w *tslWire) obey(line string, now time.Time) [][]byte {
	words := strings.Fields(line)
	refuse := func(code, text string) [][]byte {
		w.is.Refused = append(w.is.Refused, line)
		return w.block("CS: "+line, "ER: "+code, "ME: "+text)
	}
	switch words[0] {
	case ".bl":
		w.is.Asked++
		return w.block("CS: "+line, fmt.Sprintf("BP: %d%%", w.setup.Battery), "OK: ")
	case ".iv":
		act := true
		for i := 1; i < len(words); i++ {
			switch words[i] {
			case "-x":
				w.is.Options = map[string]string{}
			case "-n":
				act = false
			default:
				if i+1 == len(words) || words[i][0] != '-' {
					return refuse("001", "Syntax error")
				}
				if watts, err := strconv.Atoi(words[i+1]); words[i] == "-o" && (err != nil || watts < 10 || watts > 29) {
					return refuse("002", "Parameter out of range")
				}
				w.is.Options[words[i][1:]] = words[i+1]
				i++
			}
		}
		if !act {
			return w.block("CS: "+line, "OK: ")
		}
		w.is.Rounds++
		w.ends = now.Add(w.setup.Round)
		return nil
	}
	return refuse("001", "Unknown command")
}

func (w *tslWire) tick(now time.Time) [][]byte {
	if w.ends.IsZero() || now.Before(w.ends) {
		return nil
	}
	w.ends = time.Time{}
	return w.inventory(".iv", now)
}

// inventory tells what is heard now, as it was told to.
func (w *tslWire) inventory(command string, now time.Time) [][]byte {
	lines := []string{"CS: " + command}
	if w.setup.Tags != nil {
		for _, t := range w.setup.Tags(now) {
			lines = append(lines, fmt.Sprintf("EP: %X", t.EPC))
			if w.is.Options["r"] == "on" {
				lines = append(lines, fmt.Sprintf("RI: %d", t.RSSI))
			}
			if w.is.Options["e"] == "on" {
				lines = append(lines, fmt.Sprintf("PC: %04X", t.pc()))
			}
			w.is.Heard++
		}
	}
	if len(lines) == 1 {
		return w.block(append(lines, "ER: 005", "ME: No transponders found")...)
	}
	return w.block(append(lines, "OK: ")...)
}

// block is lines, and the empty one that ends them.
func (w *tslWire) block(lines ...string) (say [][]byte) {
	for i, line := range lines {
		if w.stray > 0 && i == 1 {
			w.stray--
			line = line[:2] + "\xFF\x00" + line[2:]
		}
		say = append(say, []byte(line+"\r\n"))
	}
	if w.omit > 0 {
		w.omit--
		return say
	}
	return append(say, []byte("\r\n"))
}
