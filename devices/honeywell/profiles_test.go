package honeywell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/profile"
)

// What a profile asks, its decoder knows the reply to: else the reply would be
// taken for a code. What it sends is one of the sheet's commands.
func TestProfilesKnowTheirReplies(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"\x16M\rREVINF.", "\x16M\rDECHDR1!", "\x16M\rDECHDR?!", "\x16\x07\r", "\x1b1,", "\x1b7,", "\x1b8,", "\x06"}
	proved := 0
	for _, p := range all {
		if p.Decoder != "honeywell" {
			continue
		}
		sent := [][]byte{p.Feedback.Good, p.Feedback.Bad}
		if ack, is := p.Options["ack"].(string); is {
			sent = append(sent, []byte(ack))
		}
		for _, c := range p.Commands {
			sent = append(sent, c.Bytes)
		}
		for _, s := range p.Settings {
			sent = append(sent, s.Set)
		}
		for _, b := range sent {
			if len(b) > 0 && !slices.Contains(known, string(b)) {
				t.Errorf("%s sends %q, which is not on the sheet", p.Name, b)
			}
			menu, is := strings.CutPrefix(string(b), "\x16M\r")
			if is && !strings.Contains(fmt.Sprint(p.Options["replies"]), menu[:6]) {
				t.Errorf("%s sends %q, and its option replies has %v", p.Name, b, p.Options["replies"])
			}
		}
		proved++
	}
	if proved == 0 {
		t.Error("no profile has this decoder")
	}
}
