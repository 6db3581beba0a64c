package scan

import (
	"fmt"
	"strconv"
)

// ScanID is an event's id: its epoch, a dash, its number in twenty digits.
func ScanID(n Number) string { return fmt.Sprintf("%s-%020d", n.Epoch, n.Seq) }

// CutID takes an event's id apart.
func CutID(id string) (epoch string, seq uint64, ok bool) {
	if len(id) != 37 || id[16] != '-' {
		return "", 0, false
	}
	seq, err := strconv.ParseUint(id[17:], 10, 64)
	return id[:16], seq, err == nil && seq > 0
}
