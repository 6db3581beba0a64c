// Package pass makes one pass of what a reader of radio tags hears hundreds of
// times a second, twice as often for the pallet next door.
//
//	        confirm rule           silent for the gap, or the gate shut
//	candidate ------> confirmed -----------------> muted ------> forgotten
//	   |                  |      recorded: Passed       silent for Rearm
//	   | silent           | stays longer than Dwell
//	   v                  v
//	 stray             parked, recorded once: Parked, then muted until Absent
//	(counted only)
//
// There is one session per portal and tag. It is shown as soon as it is
// confirmed and recorded when it has ended, since only then its evidence is
// whole: how often the tag was read, when first and last, where best, and in
// which direction it went. Single reads are never stored.
//
//   - A tag is confirmed by three reads of which one is strong enough, or by ten
//     of any strength; fewer, where so many tags share the reader that it has no
//     time for ten. In sessions S1 to S3 with a single target a tag answers once,
//     mostly from afar, and there one read has to do.
//   - The gap that ends a pass follows the reader: the more tags share its time,
//     the longer each is left unheard (SMURF, VLDB 2006). A mean interval of m
//     between two reads asks for a patience of m·ln(1/δ), which is the paper's
//     w* = ln(1/δ)/p in time instead of read cycles, since readers do not tell
//     their cycles. A candidate is given more patience than a pass, for nobody
//     waits for it.
//   - One tag heard at two portals passed one of them: the one that heard it
//     better, unless both heard it about equally well at different times. The
//     other's reads are strays. Its own gate speaks for a portal.
//   - The direction is that of the mean times at two antennas, weighted by
//     strength, and is said only where the strongest reads do not contradict it.
//   - What stands in the field is background and stays silent, until it is heard
//     10 dB better than ever before. That holds for a day, gentler after it was
//     away.
//
// The package is pure: time comes in as an argument, and everything that is
// due by then happens first, in the order in which it was due. So the same
// reads give the same passes in the same order, however often Sweep is called.
// One goroutine at a time uses a Hall.
package pass

import "time"

// Read is a tag, heard by a portal's reader once, or as often as it says.
type Read struct {
	Portal   string
	EPC      []byte // copied if it is kept
	PC       uint16 // the tag's protocol control word
	HasPC    bool
	Antenna  int // from 1; 0 if the reader does not tell
	RSSI     int // dBm; or a number of the reader's own, if Relative, which only ranks
	HasRSSI  bool
	Relative bool
	Count    int // reads that this stands for; 0 is 1
}

// Pass is a tag that came into a portal's field and left it.
type Pass struct {
	Portal      string
	EPC         []byte
	PC          uint16    // 0 if the reader does not tell
	First, Last time.Time // First as the clock said it, Last that many seconds later
	Reads       int
	Antenna     int // the one that heard it best, from 1; 0 if the reader does not tell
	RSSI        int // of the strongest read, as the reader gave it
	HasRSSI     bool
	Relative    bool // RSSI only ranks
	Direction   Direction
	Reason      string // what was odd: one of the reasons below, or empty
	Group       int64  // the gate's opening in Unix milliseconds: tags of one parcel share it; 0 without a gate
}

// Reasons of a pass.
const (
	ReasonParked     = "parked"     // it stays in the field
	ReasonRecovered  = "recovered"  // it was open when the program ended; not all of its reads are known
	ReasonCrowded    = "crowded"    // it was ended early, since there were too many others
	ReasonCrossRead  = "cross_read" // of a dropped one: it passed at another portal
	ReasonNext       = "next"       // of a dropped one: it is of the next parcel before the gate
	ReasonLost       = "gate_lost"  // of a complete opening: nobody knows when the gate closed
	ReasonBackground = "background" // of a dropped one: it has stood there since the reader began
)

// Direction is the way a tag went, where two antennas stand in a row.
type Direction int

// Directions. Unknown is said rather than guessed.
const (
	Unknown Direction = iota
	Forward
	Backward
)

// String is "forward", "backward", or empty.
func (d Direction) String() string {
	return [...]string{"", "forward", "backward"}[d]
}

// Kind is what happened to a pass.
type Kind int

// What happens to passes. Passed and Parked are to be recorded, one of them
// and once per pass; the others are for those who look on.
const (
	Confirmed Kind = iota // it is one: show it. Its figures are those so far
	Dropped               // what was shown is none after all: take it off
	Passed                // it has ended: record it. Not every one was shown before
	Parked                // it does not end: record it. Nothing more comes until it was away
	Complete              // all passes of a gate's opening were told: Group, First, Last, and in Reads how many
)

// String is a word for logs.
func (k Kind) String() string {
	return [...]string{"confirmed", "dropped", "passed", "parked", "complete"}[k]
}

// Event is something that happened to a pass.
type Event struct {
	Kind Kind
	Pass Pass
}
