package scan

import "time"

// Gap is a scan that should be there and is not, or a reason why one cannot
// be known. Its JSON is the board's and the wire's.
type Gap struct {
	ID         string    `json:"id"` // made from content: the same gap has the same id after a restart
	Kind       GapKind   `json:"kind"`
	State      GapState  `json:"state"`
	Unit       string    `json:"unit"`       // empty for a gap about a station
	Checkpoint string    `json:"checkpoint"` // where the scan should be; empty for a whole station
	Station    string    `json:"station"`    // the station it is about (silent station, lost messages), else where the unit was last seen
	Device     string    `json:"device,omitempty"`
	WaitingFor []string  `json:"waiting_for"`        // stations not heard far enough; never null
	Since      time.Time `json:"since"`              // when the scan was due, or the later scan was made
	Due        time.Time `json:"due,omitzero"`       // the step's limit; zero if it has none
	From       time.Time `json:"from,omitzero"`      // the stretch of time in which it should have been scanned ...
	To         time.Time `json:"to,omitzero"`        // ... and for which every station there must be heard
	Stations   int       `json:"stations,omitempty"` // how many stations serve the checkpoint
	Known      time.Time `json:"known"`              // when the present state could first be known here
	Cause      string    `json:"cause"`
	NextStep   string    `json:"next_step"`
	ClosedAs   string    `json:"closed_as"`
	ClosedAt   time.Time `json:"closed_at,omitzero"`
	By         string    `json:"by,omitempty"` // who decided, if a person did
}

// GapKind is one of the six kinds of design section 6.
type GapKind string

// The kinds that are found so far.
const (
	Skipped       GapKind = "skipped"
	Overdue       GapKind = "overdue"
	SilentStation GapKind = "silent-station"
	LostMessages  GapKind = "lost-messages"
)

// GapState is what is known about a gap.
type GapState string

// The states. Missing rests on complete evidence; unknown names what it
// waits for in WaitingFor, or says in Cause why it can never be known.
const (
	Missing GapState = "missing"
	Unknown GapState = "unknown"
	Late    GapState = "late"
	Closed  GapState = "closed"
)

// How a gap was closed.
const (
	ClosedFoundLate = "found-late" // scanned there after all, after it was due
	ClosedArrived   = "arrived"    // had been scanned in time; only its message was late
	ClosedBack      = "back"       // the station or device is heard again
	ClosedResolved  = "resolved"   // by a person
	ClosedWaived    = "waived"     // by a person, with a reason
	ClosedVoided    = "voided"     // the later scan it rested on was taken back
	ClosedSeenAgain = "seen-again" // overdue, and then seen again where it was: the limit runs anew
	ClosedBelongs   = "belongs"    // it turned out to be another unit's identifier, or a container: what it belongs to is followed
)

// GapChange is a gap that opened, changed or closed; it becomes one event of
// the board.
type GapChange struct {
	Change string // "opened", "updated" or "closed"
	Gap    Gap
}

// Kind implements [Entry].
func (g *GapChange) Kind() string { return "gap." + g.Change }

// Decision is a person's word on a gap.
type Decision struct {
	Gap    string    `json:"gap"`
	Do     string    `json:"do"` // "resolve", "waive" or "reopen"
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}
