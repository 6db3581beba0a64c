package event

import "strings"

// Role is what a user of the broker may be; one user can be several.
type Role int

// Roles.
const (
	Station  Role = iota // the station of the user's name
	Board                // the board
	Consumer             // a tracking system: reads all, asks, confirms under its name
	Orders               // the order system: says which units to expect
)

// Rule lets a user write to topics, or read them.
type Rule struct {
	Write  bool
	Filter string // with + for one level
}

// Rules are the topics that a user may use at a site, and with what is not in
// them nobody can speak as somebody else: a station's events, births, heads and
// answers are written by that station alone, and a receipt by its consumer.
// Anyone may ask a station for a replay, and reads the answers to itself.
func Rules(site, name string, role Role) []Rule {
	own := Topics{site, name}
	every := func(leaf string) string { return Filter(site, leaf) }
	speak := func(t Topics) []Rule {
		return []Rule{{true, t.Evt()}, {true, t.State()}, {true, t.Head()}, {true, t.Res("+")}, {false, t.Req()}, {false, t.Ack("+")}}
	}
	listen := []Rule{{false, every("evt")}, {false, every("state")}, {false, every("head")}, {false, every("res/" + name)}, {true, every("req")}}
	switch role {
	case Station:
		return append(append(speak(own), listen...), Rule{false, Expect(site)})
	case Board:
		board := append(speak(Topics{site, boardName}), listen...)
		return append(board, Rule{false, every("res/" + boardName)}, Rule{true, every("ack/" + boardName)}, Rule{false, Expect(site)})
	case Consumer:
		return append(listen, Rule{true, every("ack/" + name)})
	case Orders:
		return []Rule{{true, Expect(site)}}
	}
	return nil
}

// boardName is the station name that is reserved for the board.
const boardName = "board"

// Allows reports whether a rule covers a topic that is written, or a filter
// that is subscribed to. A filter is covered only as a whole.
func (r Rule) Allows(write bool, topic string) bool {
	if r.Write != write {
		return false
	}
	rule, asked := strings.Split(r.Filter, "/"), strings.Split(topic, "/")
	if len(rule) != len(asked) {
		return false
	}
	for i, level := range rule {
		switch {
		case asked[i] == "#" || asked[i] == "+" && level != "+":
			return false
		case level != "+" && level != asked[i]:
			return false
		}
	}
	return true
}
