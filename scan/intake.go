package scan

import (
	"sync"
	"time"
)

// bench is what a station remembers per device: who is signed on, what was
// read last, and what the next scan means because of it. It does not outlive
// the program: after a restart a scan is just a scan.
type bench struct {
	sync.Mutex
	operator string
	read     Sighting // the last reading that was recorded
	told     Told     // what was told of it
	last     Told     // what was told last, recorded or not
	done     *done    // the last scan, until it is undone
	pair     *pairing // the labels of the parcel in hand, at a checkpoint where they are linked
	packing  *packing // what goes into a container
	shut     *shut    // what was closed since the last scan
	card     string   // the command that waits for the next scan: "pack", "unpack" or "unlink"; else empty
	cardAt   time.Time
	training bool
}

// done is a scan that can be undone, with what was written because of it.
type done struct {
	scan   *Scan
	number Number
	unit   string // also in training
	also   []written
	revert func() // takes back what became of the bench; may be nil
}

// written is an entry with its number.
type written struct {
	Number
	Entry
}

// repeated reports whether a reading is the one before it once more: a
// scanner left in presentation mode, a trigger held too long, or a device
// that repeats what it got no answer to. It is told the same again and is not
// recorded. Another code in between ends it, and so does a reading that was
// not saved. A pass is never a repetition: it is one of many readings already,
// and the same tag may have passed two checkpoints of one reader.
func (b *bench) repeated(s Sighting, window time.Duration) (Told, bool) {
	if window == 0 {
		window = 500 * time.Millisecond
	}
	same := s.Pass == nil && b.last.Outcome != NotSaved && b.told.Outcome != "" && s.Code == b.read.Code && s.AIM == b.read.AIM && s.NoRead == b.read.NoRead
	gap := s.At.Sub(b.read.At)
	if !same || gap > window || gap < -window {
		return Told{}, false
	}
	b.read.At = s.At // as long as it goes on it is one reading
	told := b.told
	told.Repeat = true
	return told, true
}

func (b *bench) recorded(s Sighting, told Told) {
	b.read, b.told, b.last = s, told, told
}
