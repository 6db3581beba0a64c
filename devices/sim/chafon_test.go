package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// While the second half of a frame is to come, nothing else is on the line: what
// the reader answers meanwhile comes behind it.
func TestChafonHasOneFrameAfterTheOther(t *testing.T) {
	now := time.Unix(1, 0)
	w := &chafonWire{setup: ChafonSetup{Round: time.Second, Tags: func(time.Time) []Tag { return []Tag{{EPC: []byte{0x31, 0x54}, Antenna: 1}} }}, is: ChafonState{Mode: 1}}
	w.powerOn(now)
	w.pause = time.Minute
	first := w.tick(now.Add(time.Second))
	between := w.hear([]byte{0x04, 0xFF, 0x77, 0xAA, 0xA2}, now.Add(2*time.Second)) // which mode it is in
	if early := w.tick(now.Add(3 * time.Second)); between != nil || early != nil {
		t.Errorf("between the halves came % X and % X", between, early)
	}
	rest := w.tick(now.Add(time.Second + time.Minute))
	got := fmt.Sprintf("% X", slices.Concat(slices.Concat(first...), slices.Concat(rest...)))
	want := fmt.Sprintf("% X", append(chafonFrame(0xEE, 0, 0x01, 2, 0x31, 0x54, 150), chafonFrame(0x77, 0, 1, 0, 0, 0)...))
	if got != want || w.is.Missed > 0 {
		t.Errorf("got  %s\nwant %s, %d bytes missed", got, want, w.is.Missed)
	}
}
