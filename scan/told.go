package scan

import "time"

// Outcome is what the operator hears and sees: design section 7.
type Outcome string

// The nine outcomes.
const (
	Saved                Outcome = "saved"
	SavedOffline         Outcome = "saved-offline"
	SavedDouble          Outcome = "saved-double"
	SavedPreviousMissing Outcome = "saved-previous-missing"
	SavedNotVerifiable   Outcome = "saved-not-verifiable"
	SavedWrongCheckpoint Outcome = "saved-wrong-checkpoint"
	Unreadable           Outcome = "not-understood"
	NotSaved             Outcome = "not-saved"
	CommandDone          Outcome = "command-done"
)

// Passing is no outcome yet: a tag is in the field of a portal, and will be a
// scan when it has left. It is shown at once and makes no sound.
const Passing Outcome = "passing"

// Good reports whether a scanner should give its good signal: the scan is on
// disk and the operator may go on without a look at the screen. A double is
// good, or an operator who scanned again because no signal came would never
// get one.
func (o Outcome) Good() bool {
	switch o {
	case Saved, SavedOffline, SavedDouble, SavedNotVerifiable, CommandDone:
		return true
	}
	return false
}

// Told is what the operator was told about one sighting, and why.
type Told struct {
	Outcome    Outcome
	At         time.Time
	Number     Number // of the recorded event; zero if nothing was recorded
	Unit       string // empty if not understood
	Code       string // the bytes as read
	Device     string
	Checkpoint string
	Operator   string
	Missing    []string // checkpoints not seen (previous missing) or not checkable (not verifiable)
	Belongs    string   // where it belongs (wrong checkpoint)
	Earlier    *Earlier // the scan it repeats (double)
	Why        string   // a sentence: what the command did, why nothing was saved, why not understood, what the scan did besides
	Linked     []string // the identifiers that are one parcel by this scan
	Held       *Held    // it was held: it is to be put aside
	Training   bool     // nothing of this counts
	Notice     bool     // it is about a scan that was told before, and none itself
	Waiting    int      // scans kept here and not yet sent (saved offline)
	Repeat     bool     // the same reading again: nothing new was recorded, the signal is repeated
}

// Earlier is an earlier scan of the same unit at the same checkpoint.
type Earlier struct {
	At       time.Time
	Station  string
	Operator string
}
