package event

import (
	"crypto/rand"
	"strings"

	"scanpost/scan"
)

// ID is an event's id: the epoch, a dash, 20 digits.
func ID(n scan.Number) string {
	b := make([]byte, 0, len(n.Epoch)+21)
	b = append(b, n.Epoch...)
	b = append(b, '-')
	return string(appendSeq(b, n.Seq))
}

// ParseID takes an id apart; ok is false for what [ID] would not write.
func ParseID(id string) (epoch string, seq uint64, ok bool) {
	if len(id) != epochLen+21 || id[epochLen] != '-' || !validEpoch(id[:epochLen]) {
		return "", 0, false
	}
	seq, ok = parseSeq(id[epochLen+1:])
	if !ok {
		return "", 0, false
	}
	return id[:epochLen], seq, true
}

// parseSeq reads exactly 20 digits of a number from 1 up.
func parseSeq(s string) (uint64, bool) {
	if len(s) != 20 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, n > 0
}

const (
	epochLen  = 16
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// NewEpoch makes the name of a new log: 80 random bits in Crockford's base 32,
// so that a wiped or restored disk can never continue an old log's numbers.
func NewEpoch() string {
	var random [epochLen]byte
	rand.Read(random[:]) // never fails: the program ends if the kernel has no randomness
	for i, b := range random {
		random[i] = crockford[b&31]
	}
	return string(random[:])
}

// ValidEpoch reports whether s can name an epoch: 16 characters of Crockford's base 32.
func ValidEpoch(s string) bool { return validEpoch(s) }

func validEpoch(s string) bool {
	if len(s) != epochLen {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(crockford, s[i]) < 0 {
			return false
		}
	}
	return true
}

// ValidName reports whether s can name a site, a station or a consumer: 1 to
// 40 of a-z, 0-9 and the dash. Names stand in topics, where a plus or a slash
// would change who may read what.
func ValidName(s string) bool {
	if len(s) < 1 || len(s) > 40 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

const root = "scanpost/v1/"

// Topics are the topics of one station.
type Topics struct{ Site, Station string }

// Evt is where the station publishes its numbered events.
func (t Topics) Evt() string { return t.topic("evt") }

// State is where its birth is retained, or its will.
func (t Topics) State() string { return t.topic("state") }

// Head is where its newest signed head is retained.
func (t Topics) Head() string { return t.topic("head") }

// Req is where the station takes requests.
func (t Topics) Req() string { return t.topic("req") }

// Res is where it answers the requester.
func (t Topics) Res(requester string) string { return t.topic("res/" + requester) }

// Ack is where a consumer's newest receipt is retained.
func (t Topics) Ack(consumer string) string { return t.topic("ack/" + consumer) }

func (t Topics) topic(leaf string) string { return root + t.Site + "/" + t.Station + "/" + leaf }

// Origin is the first line of the station's heads, and the name of its key.
func (t Topics) Origin() string { return root + t.Site + "/" + t.Station }

// Filter subscribes to one leaf ("evt", "state", "head", "res/<requester>") of
// every station of a site.
func Filter(site, leaf string) string { return root + site + "/+/" + leaf }

// Expect is where a site's order system announces units.
func Expect(site string) string { return root + site + "/expect" }

// Split takes one of this package's topics apart. The leaf is "evt", "state",
// "head", "req", "res" or "ack", and rest is the requester of "res" and the
// consumer of "ack". For a site's "expect" the station is empty. It is not ok
// for anything else.
func Split(topic string) (site, station, leaf, rest string, ok bool) {
	tail, ok := strings.CutPrefix(topic, root)
	if !ok || len(topic) > 256 {
		return "", "", "", "", false
	}
	site, tail, _ = strings.Cut(tail, "/")
	if ValidName(site) && tail == "expect" {
		return site, "", "expect", "", true
	}
	station, tail, _ = strings.Cut(tail, "/")
	leaf, rest, more := strings.Cut(tail, "/")
	if !ValidName(site) || !ValidName(station) {
		return "", "", "", "", false
	}
	switch leaf {
	case "evt", "state", "head", "req":
		ok = !more
	case "res", "ack":
		ok = ValidName(rest)
	default:
		ok = false
	}
	if !ok {
		return "", "", "", "", false
	}
	return site, station, leaf, rest, true
}

// splitSource takes a CloudEvents source "/site/station" apart.
func splitSource(source string) (site, station string, ok bool) {
	tail, ok := strings.CutPrefix(source, "/")
	if !ok {
		return "", "", false
	}
	site, station, ok = strings.Cut(tail, "/")
	return site, station, ok && ValidName(site) && ValidName(station)
}
