package scan

import (
	"testing"
	"time"
)

// Lengths of time are said as the floor says them, and nothing is rounded up.
func TestSpanText(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": -time.Second, "119 s": 2*time.Minute - 1, "2 min": 2 * time.Minute, "65 min": 65 * time.Minute, "119 min": 2*time.Hour - 1,
		"2 h": 2 * time.Hour, "2 h 31": 2*time.Hour + 31*time.Minute, "19 days": 19 * 24 * time.Hour, "47 h 59": 48*time.Hour - 1,
	} {
		if got := SpanText(d); got != want {
			t.Errorf("SpanText(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestPlaceAndList(t *testing.T) {
	for name, want := range map[string]string{"pack": "Pack", "dock-2": "Dock 2", "": "", "Überlauf-a": "Überlauf a"} {
		if got := Place(name); got != want {
			t.Errorf("Place(%q) = %q, want %q", name, got, want)
		}
	}
	if got := List([]string{"a", "b", "c"}); got != "a, b and c" {
		t.Errorf("List = %q", got)
	}
}
