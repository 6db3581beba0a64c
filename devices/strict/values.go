package strict

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Duration is a time span written as text, such as "30s". It is more than
// nothing; for one that may be nothing use [Span].
type Duration time.Duration

// D is the plain time span.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String implements fmt.Stringer.
func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) text() string { return d.String() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	read, err := readSpan(text)
	if err == nil && read == 0 {
		err = fmt.Errorf("%q must be more than nothing", text)
	}
	if err == nil {
		*d = Duration(read)
	}
	return err
}

// Span is a [Duration] that may also be "0s".
type Span time.Duration

// D is the plain time span.
func (s Span) D() time.Duration { return time.Duration(s) }

// String implements fmt.Stringer.
func (s Span) String() string { return time.Duration(s).String() }

func (s Span) text() string { return s.String() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	read, err := readSpan(text)
	if err == nil {
		*s = Span(read)
	}
	return err
}

func readSpan(text []byte) (time.Duration, error) {
	read, err := time.ParseDuration(string(text))
	if err != nil {
		return 0, fmt.Errorf(`%q is not a time span such as "30s", "5m" or "4h"`, text)
	}
	if read < 0 {
		return 0, fmt.Errorf("%q must not be negative", text)
	}
	return read, nil
}

// DidYouMean is ` (did you mean "site"?)` if one of the known words is a
// slip away from the word, and empty otherwise.
func DidYouMean(word string, known []string) string {
	near := Near(word, known)
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", near[0])
}

// Near returns the known words that someone who wrote word may have meant,
// nearest first. Longer words forgive more slips.
func Near(word string, known []string) []string {
	if len(word) > 100 {
		return nil
	}
	type near struct {
		word     string
		distance int
	}
	var found []near
	for _, k := range known {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d <= max(1, min(len(word), len(k))/3) {
			found = append(found, near{k, d})
		} else if len(word) >= 3 && (strings.HasPrefix(k, word) || strings.HasPrefix(word, k) && len(k) >= 3) {
			found = append(found, near{k, len(k) + len(word)})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.word, b.word)
	})
	words := make([]string, len(found))
	for i, f := range found {
		words[i] = f.word
	}
	return words
}

// distance counts the letters to change, add, drop or swap to make b of a.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := above[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
