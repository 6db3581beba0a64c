package sim

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NewlandOptions are how a simulated Newland scanner is set up.
type NewlandOptions struct {
	Suffix string
	AIM    bool // AIM prefix switched on, by barcode
	Engine bool // an older one, with text and binary commands in place of those of settings
	Asleep bool // an engine that takes nothing before it was woken with "?"
	Drowsy bool // an engine that answers the first "?" only when it is asked again
}

// NewlandState is what the host has made of it.
type NewlandState struct {
	Reading         bool              // the host has pulled its trigger
	Settings, Saved map[string]string // by tag and sub-tag: "GRBENA"
	Sounds          []string          // "good": its own, when it reads
	Texts           []string          // text commands of an engine that it took
	Zones           map[uint16]byte   // bytes of an engine's flags, by address
	Awake           bool
	Ignored         []byte // what it did not understand
}

// Newland is a simulated Newland scanner on RS-232 or CDC.
type Newland struct {
	*talker[NewlandState]
	p *newlandSim
}

// NewNewland plugs one in under the name link.
func NewNewland(link string, o NewlandOptions) (*Newland, error) {
	p := newNewland(o)
	t, err := newTalker(link, p)
	return &Newland{t, p}, err
}

// Scan pulls the trigger at a code, if the scanner reads now.
func (n *Newland) Scan(aim, code string) error {
	return n.do(func(time.Time) ([][]byte, error) { return n.p.scan(aim, code) })
}

// Set sets it up as its barcodes do, for good: tag and sub-tag, such as "GRBENA",
// and a value.
func (n *Newland) Set(name, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.p.is.Settings[name], n.p.is.Saved[name] = value, value
}

// Present holds a code before it, for the host to trigger.
func (n *Newland) Present(aim, code string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.p.before = []string{aim, code}
}

// newlandSim is the protocol.
type newlandSim struct {
	o      NewlandOptions
	is     NewlandState
	before []string
	part   []byte // of a command that has not ended
	stirs  bool   // drowsy, it has heard the first "?"
}

// newlandSetting is one that it knows: what it comes with, and its range.
type newlandSetting struct{ comes, least, most int }

// The order is that in which it lists a tag's settings.
var (
	newlandNames    = []string{"C11ENA", "C11MIN", "C11MAX", "GRBENA", "GRBDUR", "GRBFRQ", "GRBVLL", "GRLENA", "PWBENA", "SCNMOD", "ILLSCN", "AMLENA"}
	newlandSettings = map[string]newlandSetting{
		"C11ENA": {0, 0, 1}, "C11MIN": {4, 1, 127}, "C11MAX": {127, 1, 127}, "GRBENA": {1, 0, 1}, "GRBDUR": {80, 20, 300}, "GRBFRQ": {2730, 20, 20000},
		"GRBVLL": {20, 1, 20}, "GRLENA": {1, 0, 1}, "PWBENA": {1, 0, 1}, "SCNMOD": {0, 0, 7}, "ILLSCN": {1, 0, 2}, "AMLENA": {1, 0, 2},
	}
)

func newNewland(o NewlandOptions) *newlandSim {
	n := &newlandSim{o: o, is: NewlandState{Saved: map[string]string{}, Zones: map[uint16]byte{}}}
	for name, s := range newlandSettings {
		n.is.Saved[name] = strconv.Itoa(s.comes)
	}
	return n
}

func (n *newlandSim) state() NewlandState {
	s := n.is
	s.Settings, s.Saved, s.Zones = maps.Clone(s.Settings), maps.Clone(s.Saved), maps.Clone(s.Zones)
	s.Sounds, s.Texts, s.Ignored = slices.Clone(s.Sounds), slices.Clone(s.Texts), slices.Clone(s.Ignored)
	return s
}

func (n *newlandSim) powerOn(time.Time) {
	n.is.Settings = maps.Clone(n.is.Saved)
	n.is.Reading, n.is.Awake, n.part, n.stirs = false, !n.o.Asleep, nil, false
}

func (n *newlandSim) due() time.Time            { return time.Time{} }
func (n *newlandSim) tick(time.Time) [][]byte   { return nil }
func (n *newlandSim) ignore(b []byte) [][]byte  { n.is.Ignored = append(n.is.Ignored, b...); return nil }
func (n *newlandSim) trigger(on bool) [][]byte  { n.is.Reading = on; return n.read() }
func (n *newlandSim) known(name string) bool    { _, is := newlandSettings[name]; return is }
func (n *newlandSim) inTag(tag string) []string { return namesIn(newlandNames, tag) }

func namesIn(names []string, tag string) (in []string) {
	for _, name := range names {
		if strings.HasPrefix(name, tag) {
			in = append(in, name)
		}
	}
	return in
}

func (n *newlandSim) scan(aim, code string) ([][]byte, error) {
	if !n.is.Awake {
		return nil, ErrNotReading
	}
	if !n.o.AIM {
		aim = ""
	}
	if n.is.Settings["GRBENA"] == "1" {
		n.is.Sounds = append(n.is.Sounds, "good")
	}
	return [][]byte{[]byte(aim + code + n.o.Suffix)}, nil
}

// read is what follows a trigger by the host.
func (n *newlandSim) read() [][]byte {
	if !n.is.Reading || n.before == nil {
		return nil
	}
	n.is.Reading = false
	say, _ := n.scan(n.before[0], n.before[1])
	return say
}

// hear takes what the host wrote. A command may come in any pieces.
func (n *newlandSim) hear(b []byte, _ time.Time) (say [][]byte) {
	n.part = append(n.part, b...)
	for len(n.part) > 0 {
		used, answers := n.command(n.part)
		if used == 0 {
			return say
		}
		n.part = n.part[used:]
		say = append(say, answers...)
	}
	return say
}

// command takes one command; used is 0 if it has not ended yet.
func (n *newlandSim) command(b []byte) (used int, say [][]byte) {
	switch {
	case n.o.Engine && b[0] == '?' && n.o.Drowsy && !n.stirs:
		n.stirs = true
		return 1, nil
	case n.o.Engine && b[0] == '?':
		n.is.Awake = true
		if n.o.Drowsy {
			return 1, [][]byte{[]byte("!!")}
		}
		return 1, [][]byte{[]byte("!")}
	case !n.is.Awake:
		return 1, n.ignore(b[:1])
	case n.o.Engine:
		return n.engine(b)
	case b[0] == 0x01:
		if len(b) < 3 {
			return 0, nil
		}
		switch string(b[:3]) {
		case "\x01T\x04":
			return 3, n.trigger(true)
		case "\x01P\x04":
			return 3, n.trigger(false)
		}
	case b[0] == '~':
		end := bytes.Index(b, []byte(";\x03"))
		if end < 0 {
			return 0, nil
		}
		if line := string(b[:end+1]); strings.HasPrefix(line, "~\x010000@") || strings.HasPrefix(line, "~\x010000#") {
			return end + 2, [][]byte{[]byte("\x02" + line[1:7] + n.settings(line[6] == '@', line[7:]) + "\x03")}
		}
	}
	return 1, n.ignore(b[:1])
}

// settings does what a command of settings says, "C11ENA1,MIN12;", and says what
// came of each.
func (n *newlandSim) settings(permanent bool, line string) string {
	var told strings.Builder
	for group := range strings.SplitSeq(strings.TrimSuffix(line, ";"), ";") {
		tag, rest := group[:min(3, len(group))], group[min(3, len(group)):]
		told.WriteString(tag)
		for i, item := range strings.Split(rest, ",") {
			if i > 0 {
				told.WriteByte(',')
			}
			told.WriteString(n.setting(permanent, tag, item))
		}
		told.WriteByte(';')
	}
	return told.String()
}

// setting does one, "ENA1" or "ENA*", or all of the tag for "*".
func (n *newlandSim) setting(permanent bool, tag, item string) string {
	const asks = "*&^"
	if len(item) == 1 && strings.Contains(asks, item) {
		var all []string
		for _, name := range n.inTag(tag) {
			all = append(all, name[3:]+n.about(name, item)+"\x06")
		}
		if all == nil {
			return item + "\x05"
		}
		return strings.Join(all, ",")
	}
	if len(item) < 3 || !n.known(tag+item[:3]) {
		return item + "\x05"
	}
	name, value := tag+item[:3], item[3:]
	if len(value) == 1 && strings.Contains(asks, value) {
		return item[:3] + n.about(name, value) + "\x06"
	}
	limits := newlandSettings[name]
	if number, err := strconv.Atoi(value); err != nil || number < limits.least || number > limits.most {
		return item + "\x15"
	}
	n.is.Settings[name] = value
	if permanent {
		n.is.Saved[name] = value
	}
	return item + "\x06"
}

// about answers a question: the current value, the one it came with, the range.
func (n *newlandSim) about(name, ask string) string {
	s := newlandSettings[name]
	switch ask {
	case "*":
		return n.is.Settings[name]
	case "&":
		return strconv.Itoa(s.comes)
	default:
		return strconv.Itoa(s.least) + "-" + strconv.Itoa(s.most)
	}
}

// engine takes one command of an older engine.
func (n *newlandSim) engine(b []byte) (used int, say [][]byte) {
	switch {
	case b[0] == 0x1b:
		if len(b) < 2 {
			return 0, nil
		}
		if b[1] == '1' || b[1] == '0' {
			return 2, append([][]byte{{0x06}}, n.trigger(b[1] == '1')...)
		}
	case b[0] == 'N' || b[0] == 'n':
		end := bytes.IndexByte(b, ';')
		if end < 0 {
			return 0, nil
		}
		if text := strings.ToUpper(string(b[:end])); strings.HasPrefix(text, "NLS") {
			return end + 1, [][]byte{{n.text(text[3:])}}
		}
	case b[0] == '~':
		if len(b) < 4 {
			return 0, nil
		}
		if length := 4 + 2 + int(b[3]) + 2; b[1] == 0x00 {
			if len(b) < length {
				return 0, nil
			}
			return length, [][]byte{n.binary(b[2:length-2], b[length-2:length])}
		}
	}
	return 1, n.ignore(b[:1])
}

// text takes a text command: seven digits. Before the first that enables
// commands it takes none.
func (n *newlandSim) text(digits string) byte {
	const enable = "0006010"
	known := []string{enable, "0302000", "0302010", "0001000"}
	if !slices.Contains(known, digits) || digits != enable && !slices.Contains(n.is.Texts, enable) {
		return 0x15
	}
	n.is.Texts = append(n.is.Texts, digits)
	return 0x06
}

// binary takes type, length, address and data: 07 reads, 08 writes, 09 saves.
func (n *newlandSim) binary(b, sum []byte) []byte {
	answer := func(kind byte, data ...byte) []byte {
		body := append([]byte{kind, byte(len(data))}, data...)
		return append(append([]byte{0x02, 0x00}, body...), crc1021(body)...)
	}
	if !bytes.Equal(sum, crc1021(b)) {
		return answer(0x01, 0x00)
	}
	address, data := uint16(b[2])<<8|uint16(b[3]), b[4:]
	switch {
	case b[0] == 0x07 && len(data) == 1:
		var zones []byte
		for i := range data[0] {
			zones = append(zones, n.is.Zones[address+uint16(i)])
		}
		return answer(0x00, zones...)
	case b[0] == 0x08:
		for i, one := range data {
			n.is.Zones[address+uint16(i)] = one
		}
		return answer(0x00, 0x00)
	case b[0] == 0x09:
		return answer(0x00, 0x00)
	}
	return answer(0x03, 0x00)
}

// crc1021 is the checksum of binary frames, by the long division that its name
// stands for: the message as a number of bits, sixteen of them appended.
func crc1021(b []byte) []byte {
	rest := uint32(0)
	for _, one := range append(slices.Clone(b), 0, 0) {
		for bit := 7; bit >= 0; bit-- {
			if rest = rest<<1 | uint32(one>>bit&1); rest&0x10000 != 0 {
				rest ^= 0x11021
			}
		}
	}
	return []byte{byte(rest >> 8), byte(rest)}
}
