package scan

import (
	"cmp"
	"strings"
	"time"
)

// The types in this file are what board and screen show: copies, made under
// the floor's lock, that the reader may keep. Their JSON is the board's.

// Summary is the floor in numbers.
type Summary struct {
	At          time.Time           `json:"at"`
	Site        string              `json:"site"`
	Units       int                 `json:"units"`   // units with at least one scan
	Missing     int                 `json:"missing"` // gaps about units, by state
	Unknown     int                 `json:"unknown"`
	ClosedToday int                 `json:"closed_today"`
	FoundLate   int                 `json:"found_late_today"`
	Checkpoints []CheckpointSummary `json:"checkpoints"` // in the order of the journey
}

// CheckpointSummary is one checkpoint in numbers.
type CheckpointSummary struct {
	Name     string    `json:"name"`
	Seen     int       `json:"seen"`    // units scanned here
	OnTheWay int       `json:"waiting"` // units whose next required step is here
	Missing  int       `json:"missing"`
	Unknown  int       `json:"unknown"`
	Stations int       `json:"stations"`          // stations that serve it
	Heard    int       `json:"heard"`             // of them, heard within the silence limit
	HeardTo  time.Time `json:"heard_to,omitzero"` // the earliest heard-up-to of its stations; zero if one was never heard
}

// StationView is one station as the observer knows it.
type StationView struct {
	Name        string       `json:"name"`
	Checkpoints []string     `json:"checkpoints"`
	Online      bool         `json:"online"`            // the broker holds a connection of it
	Silent      bool         `json:"silent"`            // no head for longer than the silence limit, or gone
	SignedOff   bool         `json:"signed_off"`        // it said goodbye itself
	HeardTo     time.Time    `json:"heard_to,omitzero"` // observer's clock; zero if never
	Heard       []Stretch    `json:"heard"`             // the stretches of time for which all its scans are known here, oldest first
	HeadAt      time.Time    `json:"head_at,omitzero"`  // arrival of its newest head
	Epoch       string       `json:"epoch"`
	Last        uint64       `json:"last"`    // newest number it is known to have given
	Stored      uint64       `json:"stored"`  // numbers held here without a hole, from the first
	Backlog     uint64       `json:"backlog"` // numbers given and not yet here
	Scans       int          `json:"scans"`   // scans held here
	LastScan    time.Time    `json:"last_scan,omitzero"`
	Rate        int          `json:"rate"`      // scans in the last five minutes
	ClockOff    string       `json:"clock_off"` // its clock less ours, such as "+12ms"; empty if unknown
	Version     string       `json:"version"`
	Devices     []DeviceView `json:"devices"`
	Waiting     int          `json:"units_waiting"` // gaps that wait for it
}

// Stretch is a stretch of time on the observer's clock.
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// DeviceView is one device of a station.
type DeviceView struct {
	Name     string    `json:"name"`
	Attached bool      `json:"attached"`
	Port     string    `json:"port"`
	Since    time.Time `json:"since,omitzero"`
	Reason   string    `json:"reason"`
	Faults   int       `json:"faults"` // unreadable sightings of it held here
	Inventory
}

// UnitView is one unit's plan beside what is known.
type UnitView struct {
	Key     string     `json:"key"`
	IDs     []string   `json:"ids"`
	Journey string     `json:"journey"`
	Steps   []StepView `json:"steps"`
	Gaps    []Gap      `json:"gaps"`
	Held    *Held      `json:"held,omitempty"`

	Links    []TieView  `json:"links,omitempty"`    // what made these identifiers one unit, oldest first, also what was taken back
	Packing  []PackView `json:"packing,omitempty"`  // its ways into containers and out of them, oldest first, also what was taken back
	Inside   string     `json:"inside,omitempty"`   // the container it is in now
	Contents []string   `json:"contents,omitempty"` // what is in it now
}

// TieView is one link of a unit's identifiers.
type TieView struct {
	ID        string    `json:"id"`
	IDs       []string  `json:"ids"`
	How       string    `json:"how"`
	Said      SaidView  `json:"said"`
	Instead   []string  `json:"instead,omitempty"`   // what the operator was told that one of them was linked with until then
	Overruled bool      `json:"overruled,omitempty"` // a newer link gives one of them to another unit
	Undone    *SaidView `json:"undone,omitempty"`
}

// PackView is one thing that was done with a unit and a container.
type PackView struct {
	ID        string    `json:"id"`
	Container string    `json:"container"`
	Action    Action    `json:"action"`
	Said      SaidView  `json:"said"`
	Undone    *SaidView `json:"undone,omitempty"`
}

// SaidView is who said something, where and when.
type SaidView struct {
	Station    string    `json:"station"`
	At         time.Time `json:"at"` // the station's clock
	Checkpoint string    `json:"checkpoint,omitempty"`
	Device     string    `json:"device,omitempty"`
	Operator   string    `json:"operator,omitempty"`
}

func (s SaidView) compare(id string, t SaidView, other string) int {
	return cmp.Or(s.At.Compare(t.At), strings.Compare(id, other))
}

// Held is a unit that somebody has asked to be kept.
type Held struct {
	Unit   string   `json:"unit"` // the one that is held: that which was asked for, or one inside it
	Said   SaidView `json:"said"`
	Reason string   `json:"reason,omitempty"` // of the newest exception, if there is one
}

// MarkView is an operator's word on a scan.
type MarkView struct {
	Mark   Mark     `json:"mark"`
	Reason string   `json:"reason,omitempty"`
	Said   SaidView `json:"said"`
}

// StepView is one step of the plan, or a scan outside of it.
type StepView struct {
	Checkpoint string        `json:"checkpoint"`
	Planned    bool          `json:"planned"` // false: scanned there although the plan does not say so
	Optional   bool          `json:"optional"`
	Within     time.Duration `json:"within"`       // limit since the step before; zero if none
	Due        time.Time     `json:"due,omitzero"` // zero if unknown
	Scans      []ScanView    `json:"scans"`
	Gap        *Gap          `json:"gap"` // the open gap here, if any
}

// ScanView is one scan with its evidence.
type ScanView struct {
	ID        string    `json:"id"`
	Station   string    `json:"station"`
	Epoch     string    `json:"epoch"`
	Seq       uint64    `json:"seq"`
	At        time.Time `json:"at"` // the station's clock
	Device    string    `json:"device"`
	Operator  string    `json:"operator"`
	Verdict   Verdict   `json:"verdict"` // what the operator was told
	Missing   []string  `json:"missing,omitempty"`
	Raw       string    `json:"-"`
	AIM       string    `json:"aim"`
	Symbology string    `json:"symbology"`
	Synced    bool      `json:"clock_synced"`
	Voided    bool      `json:"voided"`

	As       string     `json:"as,omitempty"`       // the identifier it came under, if that is not the unit's key
	Inferred string     `json:"inferred,omitempty"` // the container that was scanned while the unit was inside; empty for a scan of the unit itself
	Held     bool       `json:"held,omitempty"`     // the operator was told that it is held
	Marks    []MarkView `json:"marks,omitempty"`    // what the operator said of it afterwards
}

// GapFilter chooses gaps; an empty field chooses all.
type GapFilter struct {
	State      GapState // empty: all that are open
	Kind       GapKind
	Checkpoint string
	Station    string // the gap's own station or one it waits for
	Query      string // any part of the unit's key or of its other identifiers
}

// LinkView is the truth about a station's connection, for the operator.
type LinkView struct {
	Online  bool          `json:"online"`
	Waiting int           `json:"waiting"` // events saved here and not yet acknowledged by the broker
	Space   time.Duration `json:"space"`   // how long the disk lasts at the present rate; zero if unknown
	Why     string        `json:"why"`     // why it is offline, for people
}
