package scan

import (
	"sync"
	"time"
)

// bench is what a station remembers per device: who is signed on, and what
// was read last.
type bench struct {
	sync.Mutex
	operator string
	read     Sighting // the last reading that was recorded
	told     Told     // what was told of it
	scan     *Scan    // the last scan, until it is undone
	number   Number   // its number
	last     Told     // what was told last, recorded or not
}

// repeated reports whether a reading is the one before it once more: a
// scanner left in presentation mode, a trigger held too long, or a device
// that repeats what it got no answer to. It is told the same again and is not
// recorded. Another code in between ends it, and so does a reading that was
// not saved.
func (b *bench) repeated(s Sighting, window time.Duration) (Told, bool) {
	if window == 0 {
		window = 500 * time.Millisecond
	}
	same := b.last.Outcome != NotSaved && b.told.Outcome != "" && s.Code == b.read.Code && s.AIM == b.read.AIM && s.NoRead == b.read.NoRead
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
