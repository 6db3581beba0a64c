package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// DatalogicOptions are how a simulated Datalogic scanner is set up.
type DatalogicOptions struct {
	Suffix                  string
	LabelIDs                map[string]string // label id by AIM identifier, such as "]E0": "F"; nil: none are sent
	Model, Serial, Firmware string
	Failed                  string        // the part whose health is FAIL, by its letter; empty: all are well
	Reset                   time.Duration // how long it ignores commands after R
	Patience                time.Duration // how long it waits for ACK, where it does; 0: a second
	Repeats                 int           // how often it then sends the label again
	HardNotOnFile           bool          // F disables it too, as the PowerScan's manual says
}

// DatalogicState is what the host has made of it.
type DatalogicState struct {
	Enabled, InService, Paused, Waiting, Green, Red bool
	Sounds                                          []string          // "good", "not on file", "error", "bell", "short high", …
	Messages                                        []string          // for its display
	Settings, Saved                                 map[string]string // by their tags
	Resets                                          int
	Ignored                                         []byte // what it did not understand, or not now
	Erased                                          bool   // a change of label ids has set it back, interface included: it is no serial scanner any more
}

// Datalogic is a simulated Datalogic scanner on RS-232 or USB-COM.
type Datalogic struct {
	*talker[DatalogicState]
	p *datalogicSim
}

// NewDatalogic plugs one in under the name link.
func NewDatalogic(link string, o DatalogicOptions) (*Datalogic, error) {
	p := newDatalogic(o)
	t, err := newTalker(link, p)
	return &Datalogic{t, p}, err
}

// Scan pulls the trigger at a code, if the scanner reads now.
func (d *Datalogic) Scan(aim, code string) error {
	return d.do(func(now time.Time) ([][]byte, error) { return d.p.scan(aim, code, now) })
}

// Key presses a key of its display: "<", "=" or ">".
func (d *Datalogic) Key(key string) error {
	return d.do(func(now time.Time) ([][]byte, error) { return d.p.scan("]E4", key, now) })
}

// Disable leaves it as a host does that crashed between D and E.
func (d *Datalogic) Disable() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.p.is.Enabled = false
}

// Set sets it up as its barcodes do, for good: a tag, such as "R2AE", and a value.
func (d *Datalogic) Set(tag, value string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.p.is.Settings[tag], d.p.is.Saved[tag] = value, value
}

// Present holds a code before it, for the host to trigger.
func (d *Datalogic) Present(aim, code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.p.before = []string{aim, code}
}

// datalogicSim is the protocol.
type datalogicSim struct {
	o      DatalogicOptions
	is     DatalogicState
	before []string // the code in front of it: AIM identifier, text
	part   []byte   // of a command that has not ended
	deafTo time.Time
	label  []byte // sent, and not acknowledged
	late   time.Time
	tries  int
	queue  [][]byte // read while the host had paused it
}

// The settings that it knows, as they come from the factory: AIM identifiers,
// those of GS1-128 alone, ACK/NAK (00 off, 01 labels, 02 commands, 03 both).
func datalogicDefaults() map[string]string {
	return map[string]string{"AIEN": "00", "U8AI": "00", "R2AE": "00"}
}

func newDatalogic(o DatalogicOptions) *datalogicSim {
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	return &datalogicSim{o: o, is: DatalogicState{Saved: datalogicDefaults()}}
}

func (d *datalogicSim) state() DatalogicState {
	s := d.is
	s.Sounds, s.Messages, s.Ignored = slices.Clone(s.Sounds), slices.Clone(s.Messages), slices.Clone(s.Ignored)
	s.Settings, s.Saved = maps.Clone(s.Settings), maps.Clone(s.Saved)
	s.Waiting = d.label != nil
	return s
}

func (d *datalogicSim) powerOn(time.Time) {
	d.is.Settings = maps.Clone(d.is.Saved)
	d.is.Enabled, d.is.InService, d.is.Paused = true, false, false
	d.is.Green, d.is.Red = false, false
	d.part, d.label, d.queue, d.deafTo, d.late = nil, nil, nil, time.Time{}, time.Time{}
}

func (d *datalogicSim) reset(now time.Time) {
	d.powerOn(now)
	d.is.Resets++
	d.deafTo = now.Add(d.o.Reset)
}

func (d *datalogicSim) due() time.Time { return d.late }

// tick is the end of its patience.
func (d *datalogicSim) tick(now time.Time) [][]byte {
	switch {
	case d.label == nil || now.Before(d.late):
		return nil
	case d.tries < d.o.Repeats:
		return d.transmit(d.label, d.tries+1, now)
	}
	d.sound("error")
	d.label, d.late = nil, time.Time{}
	return nil
}

// waits reports whether it waits for the host to acknowledge each label.
func (d *datalogicSim) waits() bool {
	mode := d.is.Settings["R2AE"]
	return mode == "01" || mode == "03"
}

func (d *datalogicSim) scan(aim, code string, now time.Time) ([][]byte, error) {
	switch {
	case d.is.Erased:
		return nil, fmt.Errorf("its interface is set back: %w", ErrNotReading)
	case !d.is.Enabled, d.is.InService, d.label != nil, now.Before(d.deafTo):
		return nil, ErrNotReading
	}
	id := d.o.LabelIDs[aim]
	if d.is.Settings["AIEN"] == "01" || aim == "]C1" && d.is.Settings["U8AI"] == "01" {
		id = aim
	}
	label := []byte(id + code + d.o.Suffix)
	if d.is.Paused {
		d.queue = append(d.queue, label)
		return nil, nil
	}
	return d.transmit(label, 0, now), nil
}

func (d *datalogicSim) transmit(label []byte, tries int, now time.Time) [][]byte {
	if d.waits() {
		d.label, d.tries, d.late = label, tries, now.Add(d.o.Patience)
	}
	return [][]byte{label}
}

func (d *datalogicSim) sound(s string) { d.is.Sounds = append(d.is.Sounds, s) }

// hear takes what the host wrote, byte by byte.
func (d *datalogicSim) hear(b []byte, now time.Time) (say [][]byte) {
	for _, one := range b {
		if now.Before(d.deafTo) || d.is.Erased {
			d.is.Ignored = append(d.is.Ignored, one)
			continue
		}
		say = append(say, d.byte(one, now)...)
	}
	return say
}

func (d *datalogicSim) byte(one byte, now time.Time) [][]byte {
	if len(d.part) == 0 {
		return d.single(one, now)
	}
	d.part = append(d.part, one)
	switch whole := string(d.part); {
	case whole == "\x1b\r": // no sequence at all
	case d.part[0] == 0x1b:
		if len(d.part) < 4 {
			return nil
		}
		d.escape(whole)
	case one != '\r':
		return nil
	case d.part[0] == 0x12:
		d.is.Messages = append(d.is.Messages, whole[1:len(whole)-1])
	default:
		d.part = nil
		return d.service(whole[1:len(whole)-1], now)
	}
	d.part = nil
	return nil
}

// single is a command of one byte, or the beginning of a longer one.
func (d *datalogicSim) single(one byte, now time.Time) [][]byte {
	switch one {
	case 0x06, 0x15:
		return d.handshake(one, now)
	case '$', 0x1b, 0x12:
		d.part = []byte{one}
		return nil
	case '\r':
		return nil
	case 'i', 'h', 's':
		return [][]byte{d.tells(one)}
	}
	switch one {
	case 'E':
		d.is.Enabled = true
	case 'D':
		d.is.Enabled = false
	case 'R':
		d.reset(now)
		return nil
	case 0x01:
		d.sound("good")
	case 'B':
		if d.is.Enabled {
			d.sound("good")
		}
	case 0x07:
		d.sound("bell")
	case 'F':
		d.sound("not on file")
		d.is.Enabled = d.is.Enabled && !d.o.HardNotOnFile
	case 'T':
		if d.before != nil {
			if say, err := d.scan(d.before[0], d.before[1], now); err == nil {
				return append(d.taken(0x06), say...)
			}
		}
	case 'X':
	case 0x13:
		d.is.Paused = true
	case 0x11:
		d.is.Paused = false
		say := d.taken(0x06)
		for _, label := range d.queue {
			say = append(say, d.transmit(label, 0, now)...)
		}
		d.queue = nil
		return say
	default:
		d.is.Ignored = append(d.is.Ignored, one)
		return d.taken(0x15)
	}
	return d.taken(0x06)
}

// taken is what it answers to a command, where it is set to.
func (d *datalogicSim) taken(answer byte) [][]byte {
	if mode := d.is.Settings["R2AE"]; mode == "02" || mode == "03" {
		return [][]byte{{answer}}
	}
	return nil
}

func (d *datalogicSim) handshake(one byte, now time.Time) [][]byte {
	switch {
	case d.label == nil:
		d.is.Ignored = append(d.is.Ignored, one)
	case one == 0x15:
		return d.transmit(d.label, d.tries, now)
	default:
		d.label, d.late = nil, time.Time{}
	}
	return nil
}

// tells is the answer to i, h and s.
func (d *datalogicSim) tells(question byte) []byte {
	var fields []string
	switch question {
	case 'i':
		fields = []string{"M" + d.o.Model, "S" + d.o.Serial, "A" + d.o.Firmware}
	case 'h':
		for _, part := range []string{"m", "h"} {
			health := "OK"
			if part == d.o.Failed {
				health = "FAIL"
			}
			fields = append(fields, part+health)
		}
	case 's':
		fields = []string{"P12", fmt.Sprintf("R%d", d.is.Resets)}
	}
	var b bytes.Buffer
	b.WriteByte(0x01)
	for _, f := range fields {
		b.WriteString("\x02" + f + "\x03")
	}
	b.WriteByte(0x04)
	return b.Bytes()
}

// escape is a sequence of light or sound.
func (d *datalogicSim) escape(sequence string) {
	sounds := map[string]string{
		"[0q": "short high", "[1q": "short low", "[2q": "long low", "[3q": "good", "[4q": "bad transmit", "[0r": "find me",
	}
	switch s := sequence[1:]; s {
	case "[5q": // a pause between two of them
	case "[6q", "[7q":
		d.is.Green = s == "[6q"
	case "[8q", "[9q":
		d.is.Red = s == "[8q"
	default:
		if sound, known := sounds[s]; known {
			d.sound(sound)
		}
	}
}

// service is a line of service mode, "$" and CR taken off.
func (d *datalogicSim) service(line string, now time.Time) [][]byte {
	if line == "P,AE,P" || line == "P,Ae,P" {
		*d = datalogicSim{o: d.o, is: DatalogicState{Saved: datalogicDefaults(), Settings: datalogicDefaults(), Erased: true, Resets: d.is.Resets}}
		return nil
	}
	var told []string
	for _, command := range strings.Split(line, ",") {
		switch tag := strings.TrimPrefix(command, "c"); {
		case command == "S":
			d.is.InService = true
			told = append(told, ">")
		case !d.is.InService:
			told = append(told, "#")
		case command == "Ar":
			d.is.Saved = maps.Clone(d.is.Settings)
			d.reset(now)
			told = append(told, ">")
		case command == "As":
			d.is.Saved = maps.Clone(d.is.Settings)
			return [][]byte{{0x06}}
		case tag != command:
			if value, known := d.is.Settings[tag]; known {
				return [][]byte{[]byte(value + "\r")}
			}
			return [][]byte{{0x07}}
		default:
			return [][]byte{{d.write(command)}}
		}
	}
	return [][]byte{[]byte("$" + strings.Join(told, ",") + "\r")}
}

// write sets a setting: "CAIEN01".
func (d *datalogicSim) write(command string) byte {
	if len(command) < 5 || command[0] != 'C' {
		return 0x18
	}
	tag, value := command[1:5], command[5:]
	if _, known := d.is.Settings[tag]; !known {
		return 0x07
	}
	if len(value) != 2 || value[0] != '0' || value[1] < '0' || value[1] > '3' || tag != "R2AE" && value[1] > '1' {
		return 0x15
	}
	d.is.Settings[tag] = value
	return 0x06
}
