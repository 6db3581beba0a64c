// Package scan is the heart of Scanpost: what a sighting is, what becomes of
// it, and what it means for the parcel when a scan that should be there is not.
//
// Everything else points here, and nothing here points back: the package
// knows no device, no disk, no network and no clock. Time comes in as an
// argument. Read station.go first: it is the life of one scan on one page.
package scan

import "time"

// Sighting is one device having seen one code: what was read, and by whom.
type Sighting struct {
	Code       string    // the bytes read, without framing and AIM identifier; hostile until shown as text
	AIM        string    // AIM symbology identifier such as "]C1"; empty if the device sent none
	Symbology  string    // the field's name for it, such as "gs1-128"; empty if unknown
	Device     string    // the device's name in the configuration
	Checkpoint string    // where the device stands
	At         time.Time // when its last byte was taken from the wire
	NoRead     bool      // the reader reported that it could not read; Code is its text
	Note       string    // what the decoder found odd, such as "unterminated"; empty if nothing
	Pass       *Pass     // for a radio tag, whose EPC is Code: how it passed; else nil
}

// Pass is a radio tag that came into a portal's field and left it: many reads,
// and one scan.
type Pass struct {
	First, Last time.Time
	Reads       int
	Antenna     int    // the one that heard it best, from 1; 0 if the reader does not tell
	RSSI        int    // dBm, the strongest; 0 if the reader does not tell
	Direction   string // "forward", "backward", or empty if that is not certain
	PC          uint16 // the tag's protocol control word; 0 if the reader does not tell
	Reason      string // what was odd: "parked", "recovered", "crowded"; else empty
	Group       int64  // tags of one checkpoint that share it went through one opening of its gate, so they are one parcel's; 0 without a gate
}

// Identity is what a code turned out to be.
type Identity struct {
	Unit    string   // canonical key, such as "sscc:106141410000001238"
	IDs     []string // every key the code carries, the unit's own first
	Fault   string   // why it is not understood, for people; empty if it is
	Command *Command // set if the code is a command card of this site
}

// Command is what a command card asks for.
type Command struct {
	Do  string // "sign-on", "sign-off", "undo", "seen", "hold", and the others that card.go knows
	Arg string // the operator's sign for "sign-on", the reason for "exception"; else empty
}

// Number is an event's place in its station's log. Seq counts from 1 without
// holes within an epoch; an epoch is made with the log file and never reused.
type Number struct {
	Epoch string    // 16 characters of Crockford's base 32
	Seq   uint64    // 1, 2, 3, …
	At    time.Time // UTC, to the millisecond; never before an earlier event or head of the epoch
}

// Event is one numbered line of a station's log.
type Event struct {
	Number
	Site, Station string
	Entry         Entry
}

// Entry is what an event says: one of the types in this file, as a pointer.
type Entry interface {
	// Kind is the event's type between "scanpost." and ".v1".
	Kind() string
}

// Verdict is what the station made of a scan from local knowledge. It is part
// of the recorded scan, since it is what the operator was told.
type Verdict string

// The verdicts of design section 4.
const (
	OK              Verdict = "ok"
	Double          Verdict = "double"
	PreviousMissing Verdict = "previous-missing"
	NotVerifiable   Verdict = "not-verifiable"
	WrongCheckpoint Verdict = "wrong-checkpoint"
	NotUnderstood   Verdict = "not-understood"
)

// Clock says how far a station's wall clock can be trusted.
type Clock struct {
	Synced    bool // the kernel reports the clock as disciplined
	OffsetMin int  // local time less UTC, in minutes
}

// Scan is a recorded checkpoint scan.
type Scan struct {
	Checkpoint string
	Verdict    Verdict
	Unit       string
	IDs        []string
	Raw        string // the bytes as read
	AIM        string
	Symbology  string
	Device     string
	Operator   string
	Missing    []string // the checkpoints the verdict names, if any
	Note       string   // what was odd about the reading, such as "unterminated"
	Pass       *Pass    // of a radio tag; else nil
	Clock      Clock
	Training   bool   // a rehearsal: Unit is empty, IDs says what was scanned, and it is no scan of anything
	Held       bool   // the unit was held, and the operator was told
	Mark       Mark   // set: no scan, but a word on the scan Of; else empty
	Of         string // id of the scan that a mark is about
	Reason     string // of an exception
}

// Mark is an operator's word on the unit that was scanned last.
type Mark string

// The marks. A unit is held until it is released; wherever it is scanned
// meanwhile, the operator is told. An exception says what is amiss with it.
const (
	Hold      Mark = "hold"
	Release   Mark = "release"
	Exception Mark = "exception"
)

// Void takes back an earlier scan of the same station.
type Void struct {
	Scan     string // id of the event taken back
	Unit     string // its unit
	Operator string
	Device   string
	Reason   string
}

// NoRead is a reader's report that something passed unread.
type NoRead struct {
	Checkpoint string
	Device     string
	Raw        string
}

// Session is an operator signing on or off at a device.
type Session struct {
	Open     bool
	Operator string
	Device   string
}

// Attachment is a device that came or went.
type Attachment struct {
	Attached bool
	Device   string
	Port     string
	Reason   string // why it went, for people
	Inventory
}

// Inventory is who a device is, as far as it tells. It is noted with a device
// that came, as soon as it is known.
type Inventory struct {
	Model    string   `json:"model,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	Firmware string   `json:"firmware,omitempty"`
	Mode     string   `json:"mode,omitempty"`   // "cdc", "hid pos": the same scanner is another device in each
	USB      string   `json:"usb,omitempty"`    // "05e0:1701"
	Socket   string   `json:"socket,omitempty"` // "1-2": which socket of which hub
	Drift    []string `json:"drift,omitempty"`  // settings that are not as they should be, a sentence each
	// What it says of its health: its temperature when this was told, such as
	// "31 °C", and what is amiss, such as "antenna 2: gone".
	Temperature string   `json:"temperature,omitempty"`
	Trouble     []string `json:"trouble,omitempty"`
}

// ClockStep is a wall clock that jumped by more than two seconds.
type ClockStep struct {
	Old, New time.Time
	Elapsed  time.Duration // what the monotonic clock says passed between them
}

// Loss is a station declaring numbers of an epoch that it can no longer give.
type Loss struct {
	Epoch    string // the epoch the numbers belong to
	From, To uint64 // first and last number lost
	Reason   string
}

// Kind implements [Entry].
func (*Scan) Kind() string { return "scan.recorded" }

// Kind implements [Entry].
func (*Void) Kind() string { return "scan.voided" }

// Kind implements [Entry].
func (*NoRead) Kind() string { return "noread" }

// Kind implements [Entry].
func (s *Session) Kind() string {
	if s.Open {
		return "session.opened"
	}
	return "session.closed"
}

// Kind implements [Entry].
func (a *Attachment) Kind() string {
	if a.Attached {
		return "device.attached"
	}
	return "device.detached"
}

// Kind implements [Entry].
func (*ClockStep) Kind() string { return "clock.stepped" }

// Kind implements [Entry].
func (*Loss) Kind() string { return "loss.declared" }
