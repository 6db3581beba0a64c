package content

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// [0-9] in a no-read or ignored text stands for one digit, the whole content
// has to match, and everything else in such a text stands for itself.
func TestAnyDigit(t *testing.T) {
	r, err := New(Options{AIMID: true, Max: 100, NoRead: []string{"ERR[0-9][0-9]", "?", "#"}, Ignore: []string{"ER,LON,[0-9][0-9]", "[0-8]"}})
	if err != nil {
		t.Fatal(err)
	}
	for read, want := range map[string]string{
		"ERR00": "no-read", "ERR42": "no-read", "ERR99": "no-read", "]A0ERR07": "no-read", "?": "no-read", "#": "no-read",
		"ERR1": "code", "ERR100": "code", "ERRXY": "code", "XERR12": "code", "err12": "code", "ERR[0-9][0-9]": "code", "7": "code", "x": "code",
		"ER,LON,05": "nothing", "[0-8]": "nothing", "ER,LON,5": "code",
	} {
		var out wire.Output
		r.Report([]byte(read), wire.Sighting{}, &out)
		got := "nothing"
		for _, s := range out.Sightings {
			got = map[bool]string{true: "no-read", false: "code"}[s.NoRead]
		}
		if got != want || len(out.Faults) > 0 {
			t.Errorf("%q is %s, want %s (faults %v)", read, got, want, out.Faults)
		}
	}
}

// A text with so many digits open that its list would be long is refused, and
// each option is named.
func TestTooManyDigits(t *testing.T) {
	_, err := New(Options{Max: 1, NoRead: []string{strings.Repeat("[0-9]", 4)}, Ignore: []string{strings.Repeat("[0-9]", 300), ""}})
	want := []string{
		`option "noread" must hold [0-9] at most 3 times, not as in "[0-9][0-9][0-9][0-9]"`,
		fmt.Sprintf("option %q must hold [0-9] at most 3 times, not as in %q", "ignore", strings.Repeat("[0-9]", 300)),
	}
	if err == nil || !slices.Equal(strings.Split(err.Error(), "\n"), want) {
		t.Errorf("got %v\nwant %q", err, want)
	}
}
