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

// SpanText writes a length of time as the floor says it: seconds to two
// minutes, minutes to two hours, then hours, then days. What has only begun
// does not count.
func SpanText(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		if m := d / time.Minute % 60; m != 0 {
			return fmt.Sprintf("%d h %02d", d/time.Hour, m)
		}
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// KeyText writes a unit key short enough for a sentence: "SSCC …01238", "UPS
// …56784", "tote 5". A code that is nothing but its text is that text.
func KeyText(key string) string {
	scheme, number, ok := strings.Cut(key, ":")
	if !ok {
		scheme, number = "code", key
	}
	if runes := []rune(number); len(runes) > 9 {
		number = "…" + string(runes[len(runes)-5:])
	}
	switch KeyKind(key) {
	case "code":
		return number
	case "tote", "order", "plate":
		return scheme + " " + number
	}
	return strings.ToUpper(scheme) + " " + number
}

func keysText(keys []string) string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = KeyText(key)
	}
	return List(names)
}

// List writes names as a sentence does: "a", "a and b", "a, b and c".
func List(names []string) string {
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
	return List(names) + " are"
}
