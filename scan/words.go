package scan

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Place writes a checkpoint's name for people: "dock-2" is "Dock 2".
func Place(checkpoint string) string {
	first, size := utf8.DecodeRuneInString(checkpoint)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(checkpoint[size:], "-", " ")
}

// Span writes a length of time as the floor says it: minutes to two hours,
// then hours.
func Span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		if m := int(d/time.Minute) % 60; m != 0 {
			return fmt.Sprintf("%d h %02d", int(d/time.Hour), m)
		}
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

// list writes names as a sentence does: "a", "a and b", "a, b and c".
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func isare(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return list(names) + " are"
}
