package scan

import (
	"strings"
	"time"
)

// Journey is the checkpoints that a kind of unit should pass, in order.
type Journey struct {
	Name  string
	Steps []Step
}

// Step is one checkpoint of a journey.
type Step struct {
	At       string        // the checkpoint
	Within   time.Duration // longest time since the step before; zero if there is no limit
	Transit  time.Duration // least time a unit needs to get here from the step before; zero takes the rules' default
	Optional bool          // nothing depends on it
}

// step returns the position of a checkpoint in the journey, or -1.
func (j *Journey) step(checkpoint string) int {
	for i := range j.Steps {
		if j.Steps[i].At == checkpoint {
			return i
		}
	}
	return -1
}

// next returns the first required step after i, or -1.
func (j *Journey) next(i int) int {
	for i++; i < len(j.Steps); i++ {
		if !j.Steps[i].Optional {
			return i
		}
	}
	return -1
}

// Tracked reports whether a unit key names one thing that moves. A GTIN
// without a serial number names a kind of article: it is seen many times and
// passes nothing.
func Tracked(unit string) bool {
	return unit != "" && !strings.HasPrefix(unit, "gtin:")
}

// Neighbour is a line of the site's station list.
type Neighbour struct {
	Name        string
	Checkpoints []string
	Retired     bool // taken out of service by a person: nothing waits for it any more
}

// Rules are what an observer judges by.
type Rules struct {
	Site        string
	Self        string // the observing station, which knows its own scans without being told; empty on a board
	Journeys    []Journey
	Neighbours  []Neighbour
	Margin      time.Duration           // kept off every covered time, for what the clock estimate can not see; 3 s unless set
	Transit     time.Duration           // least time between two checkpoints; 5 s unless set
	SilentAfter time.Duration           // a station unheard for longer is silent; 10 s unless set
	Lookback    time.Duration           // how far back a unit that was never seen before may have been scanned; 24 h unless set
	Started     time.Time               // when the observer began to listen
	Recall      func(id string) []Event // scans of an identifier by Self that were not fed; nil if all are
}

func (r Rules) withDefaults() Rules {
	for _, d := range []struct {
		value *time.Duration
		unset time.Duration
	}{
		{&r.Margin, 3 * time.Second},
		{&r.Transit, 5 * time.Second},
		{&r.SilentAfter, 10 * time.Second},
		{&r.Lookback, 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	return r
}
