package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// HoneywellOptions are how a simulated Honeywell scanner is set up.
type HoneywellOptions struct {
	Suffix   string
	AIM      bool              // an AIM identifier is its prefix
	Settings map[string]string // stored, where not as from the factory: "DECHDR": "1"
	Lacks    []string          // names of settings and commands that this model does not have
	Text     string            // what it answers to REVINF before the mark
	ACK      bool              // it waits for 06 after each code, and sends it again after 15
	Cordless string            // the name of the scanner behind a base with host ACK: it waits for an escape sequence
	Patience time.Duration     // how long it waits; 0: two seconds, behind a base ten
	Repeats  int               // how often it sends a code again when nobody answers, before it gives up
}

// HoneywellState is what the host has made of it.
type HoneywellState struct {
	Settings, Saved              map[string]string // in RAM, and in flash
	Commands                     []string          // menu commands, as they came
	Signals                      []string          // "beep", "trigger on", "trigger off"; behind a base "double good", "error", "green", …
	Sent                         []string          // codes, with their repeats
	Accepted, Rejected, Unheeded []string          // codes that were answered well, answered with an error, or never
	Waiting, Triggered           bool
	Ignored                      []byte // what it did not understand, or not now
}

// Honeywell is a simulated Honeywell scanner on RS-232 or USB serial.
type Honeywell struct {
	*talker[HoneywellState]
	p *honeywell
}

// NewHoneywell plugs one in under the name link.
func NewHoneywell(link string, o HoneywellOptions) (*Honeywell, error) {
	p := newHoneywell(o)
	t, err := newTalker(link, p)
	return &Honeywell{t, p}, err
}

// Scan pulls the trigger at a code, if the scanner reads now.
func (h *Honeywell) Scan(aim, code string) error {
	return h.do(func(now time.Time) ([][]byte, error) { return h.p.scan(aim, code, now) })
}

// CutFrames breaks the next codes off in the middle.
func (h *Honeywell) CutFrames(n int) { h.spoilNext(func(p *honeywell) { p.cut = n }) }

// WrongLengths puts a wrong length into the next message headers.
func (h *Honeywell) WrongLengths(n int) { h.spoilNext(func(p *honeywell) { p.wrongLength = n }) }

// WrongTags makes it answer the next commands as if they had been others.
func (h *Honeywell) WrongTags(n int) { h.spoilNext(func(p *honeywell) { p.wrongTag = n }) }

func (h *Honeywell) spoilNext(change func(*honeywell)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h.p)
}

// honeywell is the protocol.
type honeywell struct {
	o    HoneywellOptions
	is   HoneywellState
	part []byte // of a command that has not ended

	waiting                    *honeywellCode
	cut, wrongLength, wrongTag int
}

// honeywellCode is a code that nobody has answered yet.
type honeywellCode struct {
	aim, code string
	tries     int
	late      time.Time
}

// honeywellSetting is what a model can be set to.
type honeywellSetting struct {
	name, factory string
	low, high     int
}

// Those of the models that the fact sheet names, in the order in which a query
// for all of a tag tells them.
var honeywellSettings = []honeywellSetting{
	{"CBRENA", "1", 0, 1}, {"CBRSSX", "0", 0, 1}, {"CBRCK2", "0", 0, 1}, {"CBRCCT", "1", 0, 1}, {"CBRMIN", "2", 2, 60}, {"CBRMAX", "60", 2, 60}, {"CBRDFT", "", 0, -1},
	{"DECHDR", "0", 0, 1}, {"SCNAIM", "2", 0, 2}, {"SCNLED", "1", 0, 1}, {"TRGMOD", "0", 0, 9}, {"232BAD", "9", 0, 9},
}

func newHoneywell(o HoneywellOptions) *honeywell {
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
		if o.Cordless != "" {
			o.Patience = 10 * time.Second
		}
	}
	h := &honeywell{o: o}
	h.factory()
	maps.Copy(h.is.Saved, o.Settings)
	return h
}

func (h *honeywell) factory() {
	h.is.Saved = map[string]string{}
	for _, s := range honeywellSettings {
		if !slices.Contains(h.o.Lacks, s.name) {
			h.is.Saved[s.name] = s.factory
		}
	}
	h.is.Settings = maps.Clone(h.is.Saved)
}

func (h *honeywell) state() HoneywellState {
	s := h.is
	s.Settings, s.Saved, s.Commands, s.Signals = maps.Clone(s.Settings), maps.Clone(s.Saved), slices.Clone(s.Commands), slices.Clone(s.Signals)
	s.Sent, s.Accepted, s.Rejected, s.Unheeded = slices.Clone(s.Sent), slices.Clone(s.Accepted), slices.Clone(s.Rejected), slices.Clone(s.Unheeded)
	s.Ignored, s.Waiting = slices.Clone(s.Ignored), h.waiting != nil
	return s
}

// powerOn is after a moment without power: what was only in RAM is gone.
func (h *honeywell) powerOn(time.Time) {
	h.is.Settings, h.is.Triggered = maps.Clone(h.is.Saved), false
	h.part, h.waiting = nil, nil
}

func (h *honeywell) due() time.Time {
	if h.waiting == nil {
		return time.Time{}
	}
	return h.waiting.late
}

// tick is the end of its patience.
func (h *honeywell) tick(now time.Time) [][]byte {
	w := h.waiting
	if w == nil || now.Before(w.late) {
		return nil
	}
	if w.tries < h.o.Repeats {
		w.tries++
		return h.transmit(w, now)
	}
	h.is.Unheeded = append(h.is.Unheeded, w.code)
	h.waiting = nil
	h.signal("error")
	return nil
}

func (h *honeywell) signal(s string) { h.is.Signals = append(h.is.Signals, s) }

func (h *honeywell) scan(aim, code string, now time.Time) ([][]byte, error) {
	if h.waiting != nil {
		return nil, fmt.Errorf("it waits for the host: %w", ErrNotReading)
	}
	c := &honeywellCode{aim: aim, code: code}
	if h.o.ACK || h.o.Cordless != "" {
		h.waiting = c
	}
	return h.transmit(c, now), nil
}

// honeywellIDs are the maker's ids of the commonest symbologies.
var honeywellIDs = map[string]byte{
	"]C1": 'I', "]C0": 'j', "]E0": 'd', "]E4": 'D', "]A0": 'b', "]I0": 'e', "]Q1": 's', "]Q3": 's', "]d1": 'w', "]d2": 'w', "]L0": 'r', "]e0": 'y',
}

// transmit sends a code, with the message header if that is on.
func (h *honeywell) transmit(c *honeywellCode, now time.Time) [][]byte {
	h.is.Sent = append(h.is.Sent, c.code)
	c.late = now.Add(h.o.Patience)
	text := c.code
	if h.o.AIM {
		text = c.aim + text
	}
	b := []byte(text + h.o.Suffix)
	if h.is.Settings["DECHDR"] == "1" {
		b = h.header(c.aim, text+"\r")
	}
	if h.cut > 0 {
		h.cut--
		b = b[:len(b)/2]
	}
	return [][]byte{b}
}

func (h *honeywell) header(aim, data string) []byte {
	id, known := honeywellIDs[aim]
	if !known || len(aim) != 3 {
		id, aim = '?', "]X0"
	}
	payload := fmt.Sprintf("MSGGET%04d%c%s\x1d%s", len(data), id, aim[1:], data)
	n := len(payload)
	if h.wrongLength > 0 {
		h.wrongLength--
		n++
	}
	return append([]byte{0x16, 0xFE, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), '\r'}, payload...)
}

// hear takes what the host wrote, byte by byte.
func (h *honeywell) hear(b []byte, now time.Time) (say [][]byte) {
	for _, one := range b {
		say = append(say, h.byte(one, now)...)
	}
	return say
}

func (h *honeywell) byte(one byte, now time.Time) [][]byte {
	h.part = append(h.part, one)
	p := string(h.part)
	switch {
	case p == "\x06" || p == "\x15":
		h.part = nil
		return h.handshake(one, now)
	case h.o.Cordless != "" && (p[0] == 0x1B || p[0] >= '0' && p[0] <= '9'):
		return h.escape(p)
	case strings.HasPrefix(p, "\x16M\r"):
		if one == '.' || one == '!' {
			h.part = nil
			return h.menu(p[3:])
		}
		return nil
	case strings.HasPrefix("\x16M\r", p):
		return nil
	case p == "\x16\x07\r":
		h.signal("beep")
	case p == "\x16T\r" || p == "\x16U\r":
		h.is.Triggered = p[1] == 'T'
		h.signal(map[bool]string{true: "trigger on", false: "trigger off"}[h.is.Triggered])
	case p == "\x16\x07" || p == "\x16T" || p == "\x16U":
		return nil
	default:
		h.is.Ignored = append(h.is.Ignored, p...)
	}
	h.part = nil
	return nil
}

// handshake is ACK or NAK for the code that was sent last.
func (h *honeywell) handshake(one byte, now time.Time) [][]byte {
	switch {
	case h.waiting == nil || !h.o.ACK:
		h.is.Ignored = append(h.is.Ignored, one)
	case one == 0x15:
		return h.transmit(h.waiting, now)
	default:
		h.is.Accepted = append(h.is.Accepted, h.waiting.code)
		h.waiting = nil
	}
	return nil
}

var honeywellSignals = map[byte]string{
	'1': "green", '2': "green 2 s", '3': "green 5 s", '4': "low", '5': "medium", '6': "high", '7': "double good", '8': "error",
}

// escape is a sequence for the scanner behind a base: ESC, what to do, a comma;
// before it perhaps the number of the group it is for, of which this is 0.
func (h *honeywell) escape(p string) [][]byte {
	group, rest, begun := strings.Cut(p, "\x1b")
	if len(group) <= 1 && (!begun || len(rest) < 2) {
		return nil
	}
	h.part = nil
	signal, known := "", false
	if len(rest) == 2 && rest[1] == ',' {
		signal, known = honeywellSignals[rest[0]]
	}
	if !known || group != "" && group != "0" {
		h.is.Ignored = append(h.is.Ignored, p...)
		return nil
	}
	h.signal(signal)
	if w := h.waiting; w != nil {
		h.waiting = nil
		if signal == "error" {
			h.is.Rejected = append(h.is.Rejected, w.code)
		} else {
			h.is.Accepted = append(h.is.Accepted, w.code)
		}
	}
	return nil
}
