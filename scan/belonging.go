package scan

import "strings"

// This file is what belongs together: identifiers that are one unit's, and
// units that are inside another.

// Linked says that identifiers are one unit's, or takes that back.
type Linked struct {
	IDs        []string // the keys that are one unit, two or more, of different kinds
	How        string   // "scanned" one after another, on one "label" or in one read of it, by a "manifest"
	Checkpoint string
	Device     string
	Operator   string
	Instead    []string // keys that one of IDs was linked with until now, as the operator was told
	Undo       string   // id of the link that is taken back; IDs are then that link's
}

// Packed says what went into a unit or came out of it, or takes that back.
type Packed struct {
	Container  string
	Contents   []string // keys; empty for AllOut and Close, and for PutIn where filling begins
	Action     Action
	Checkpoint string
	Device     string
	Operator   string
	Undo       string // id of the event that is taken back; all else is then as in that event
}

// Action is what was done with a container.
type Action string

// The actions. A scan of the container counts for what is inside from when it
// is closed until it is taken out, put into another, or all is taken out.
const (
	PutIn   Action = "add"
	TakeOut Action = "remove"
	AllOut  Action = "all-out"
	Close   Action = "close"
)

// Kind implements [Entry].
func (*Linked) Kind() string { return "unit.linked" }

// Kind implements [Entry].
func (*Packed) Kind() string { return "unit.packed" }

// KeyKind is what sort of identifier a unit key is: its scheme, or "carrier"
// for every carrier's number. A unit has at most one of each kind, so that two
// parcels never become one.
func KeyKind(key string) string {
	scheme, _, ok := strings.Cut(key, ":")
	switch _, known := keyRank[scheme]; {
	case !ok:
		return "code"
	case known:
		return scheme
	}
	return "carrier"
}

// keyRank is which identifier of a unit is its key: the lowest.
var keyRank = map[string]int{
	"sscc": 1, "carrier": 2, "sgtin": 3, "plate": 4, "grai": 5, "giai": 6, "order": 7, "tote": 8, "gtin": 9, "code": 10,
}

// KeyKinds are the kinds that a link may join, by rank. An article number is
// none of them.
func KeyKinds() []string {
	return []string{"sscc", "carrier", "sgtin", "plate", "grai", "giai", "order", "tote", "code"}
}

// before reports whether an identifier goes before another as a unit's key.
func before(a, b string) bool {
	ra, rb := keyRank[KeyKind(a)], keyRank[KeyKind(b)]
	return ra < rb || ra == rb && a < b
}

// reusable reports whether a container of this kind is filled again and again,
// such as a tote. A pallet's SSCC is of one load.
func reusable(key string) bool {
	switch KeyKind(key) {
	case "grai", "giai", "tote", "code":
		return true
	}
	return false
}
