package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"scanpost/scan"
)

// maxList bounds every list in a message from elsewhere.
const maxList = 1000

// State is a station's retained word about itself: the birth while it is
// connected, and the will that the broker publishes when it is not. Both carry
// the session they belong to, so that a late will of an earlier connection can
// be told from the present one's.
type State struct {
	Online      bool     `json:"online"`
	SignedOff   bool     `json:"signed_off,omitempty"` // the station said goodbye itself
	Session     string   `json:"session"`              // random, one per connection
	Epoch       string   `json:"epoch,omitempty"`
	First       uint64   `json:"first,omitempty"` // oldest number still held
	Last        uint64   `json:"last,omitempty"`  // newest number given
	Checkpoints []string `json:"checkpoints,omitempty"`
	Devices     []Device `json:"devices,omitempty"`
	Version     string   `json:"version,omitempty"`
	Key         string   `json:"key,omitempty"`   // verifier key of its heads
	Depth       int      `json:"depth,omitempty"` // events not yet acknowledged by the broker
	Clock       Clock    `json:"clock,omitzero"`
	// Backlog are numbers that are on their way behind what is new: they are
	// not missing, and need not be asked for.
	Backlog [][2]uint64 `json:"backlog,omitempty"`
	// Pasts are older logs, ended by damage, of which the station still holds
	// what it could save. It can be asked for by their epochs.
	Pasts []Past `json:"pasts,omitempty"`
	// Unconfirmed are consumers that have to confirm what is sent and have not
	// done so for long: for them everything is kept.
	Unconfirmed []string  `json:"unconfirmed,omitempty"`
	Since       time.Time `json:"since,omitzero"` // when the session began
	At          time.Time `json:"at,omitzero"`
}

// Past is an older log in a birth.
type Past struct {
	Epoch string `json:"epoch"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Clock says how far the station's wall clock can be trusted.
type Clock struct {
	Synced    bool `json:"synced"`
	OffsetMin int  `json:"offset_min"`
}

// Device is one configured device in a birth.
type Device struct {
	Name       string    `json:"name"`
	Checkpoint string    `json:"checkpoint,omitempty"`
	Profile    string    `json:"profile,omitempty"`
	Port       string    `json:"port,omitempty"`
	Attached   bool      `json:"attached"`
	Since      time.Time `json:"since,omitzero"`
	Reason     string    `json:"reason,omitempty"` // why it went
	scan.Inventory
}

// Will is what the broker says when the connection of s breaks.
func (s State) Will() State {
	return State{Session: s.Session, Epoch: s.Epoch}
}

// JSON is s on the wire.
func (s State) JSON() []byte {
	s.Since, s.At = milliOrZero(s.Since), milliOrZero(s.At)
	s.Devices = append([]Device(nil), s.Devices...)
	for i := range s.Devices {
		s.Devices[i].Since = milliOrZero(s.Devices[i].Since)
	}
	return mustJSON(s)
}

// ParseState reads a birth or a will.
func ParseState(b []byte) (State, error) {
	var s State
	if err := parse(b, &s); err != nil {
		return State{}, fmt.Errorf("state: %w", err)
	}
	switch {
	case s.Session == "" || len(s.Session) > 64:
		return State{}, errors.New("state: it names no session")
	case s.Epoch != "" && !validEpoch(s.Epoch), s.Epoch == "" && s.Online:
		return State{}, fmt.Errorf("state: epoch %.40q is none", s.Epoch)
	case len(s.Unconfirmed) > maxList || len(s.Backlog) > maxList || len(s.Pasts) > maxList:
		return State{}, errors.New("state: too many ranges or older logs")
	case len(s.Checkpoints) > maxList || len(s.Devices) > maxList:
		return State{}, errors.New("state: too many checkpoints or devices")
	case s.First > s.Last+1 && s.Last+1 != 0:
		return State{}, fmt.Errorf("state: first number %d lies above the last, %d", s.First, s.Last)
	}
	s.Depth = max(0, s.Depth)
	s.Since, s.At = milliOrZero(s.Since), milliOrZero(s.At)
	for i := range s.Devices {
		s.Devices[i].Since = milliOrZero(s.Devices[i].Since)
	}
	return s, nil
}

// Request asks a station for something.
type Request struct {
	ID       string      `json:"id"`               // comes back in the answer
	From     string      `json:"from,omitempty"`   // where the answer goes: res/<from>; if empty, res/<id>
	Replay   [][2]uint64 `json:"replay,omitempty"` // ranges of numbers, both ends included
	Epoch    string      `json:"epoch,omitempty"`  // of the numbers; if empty, the present one
	Head     bool        `json:"head,omitempty"`   // a fresh head, at once
	Identify string      `json:"identify,omitempty"`
}

// Requester is the last part of the topic the answer goes to.
func (r Request) Requester() string {
	if r.From != "" {
		return r.From
	}
	return r.ID
}

// JSON is r on the wire.
func (r Request) JSON() []byte { return mustJSON(r) }

// ParseRequest reads a request. Its requester is a valid name: it becomes part
// of a topic.
func ParseRequest(b []byte) (Request, error) {
	var r Request
	if err := parse(b, &r); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	switch {
	case len(r.ID) > 64 || len(r.Identify) > 100:
		return Request{}, errors.New("request: id or device is too long")
	case !ValidName(r.Requester()):
		return Request{}, fmt.Errorf("request: %.60q can not name the requester", r.Requester())
	case r.Epoch != "" && !validEpoch(r.Epoch):
		return Request{}, fmt.Errorf("request: epoch %.40q is none", r.Epoch)
	}
	if err := checkRanges(r.Replay); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return r, nil
}

// End ends the answer to a replay request. It stands on the same topic as the
// replayed events and is told from them by End, which no event has.
type End struct {
	ID    string `json:"id"`
	End   bool   `json:"end"`
	Epoch string `json:"epoch"`
	First uint64 `json:"first"` // the oldest number still held
	Last  uint64 `json:"last"`  // the newest number given
	Sent  uint64 `json:"sent"`  // how many events the answer held
}

// JSON is e on the wire.
func (e End) JSON() []byte { e.End = true; return mustJSON(e) }

// ParseEnd reads an end marker; anything else is an error.
func ParseEnd(b []byte) (End, error) {
	var e End
	if err := parse(b, &e); err != nil {
		return End{}, fmt.Errorf("end of replay: %w", err)
	}
	if !e.End || !validEpoch(e.Epoch) || len(e.ID) > 64 {
		return End{}, errors.New("not the end of a replay")
	}
	return e, nil
}

// Ack is a consumer's receipt: everything up to Upto is stored there, but for
// what is missing.
type Ack struct {
	Epoch   string      `json:"epoch"`
	Upto    uint64      `json:"upto"`
	Missing [][2]uint64 `json:"missing"`
	At      time.Time   `json:"at"`
}

// JSON is a on the wire.
func (a Ack) JSON() []byte {
	if a.Missing == nil {
		a.Missing = [][2]uint64{}
	}
	a.At = Milli(a.At)
	return mustJSON(a)
}

// ParseAck reads a receipt.
func ParseAck(b []byte) (Ack, error) {
	var a Ack
	if err := parse(b, &a); err != nil {
		return Ack{}, fmt.Errorf("receipt: %w", err)
	}
	if !validEpoch(a.Epoch) {
		return Ack{}, fmt.Errorf("receipt: epoch %.40q is none", a.Epoch)
	}
	if err := checkRanges(a.Missing); err != nil {
		return Ack{}, fmt.Errorf("receipt: %w", err)
	}
	if len(a.Missing) == 0 {
		a.Missing = nil
	}
	a.At = Milli(a.At)
	return a, nil
}

func checkRanges(ranges [][2]uint64) error {
	if len(ranges) > maxList {
		return fmt.Errorf("%d ranges, at most %d are taken", len(ranges), maxList)
	}
	for _, r := range ranges {
		if r[0] < 1 || r[0] > r[1] {
			return fmt.Errorf("range %d to %d is none", r[0], r[1])
		}
	}
	return nil
}

func parse(b []byte, into any) error {
	if len(b) > MaxSize {
		return ErrTooLarge
	}
	return json.Unmarshal(b, into)
}

// mustJSON can not fail: the types hold only text, numbers and times that were
// made sayable.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("event: " + err.Error())
	}
	return b
}

func milliOrZero(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return Milli(t)
}
