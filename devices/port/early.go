package port

import (
	"errors"
	"os"
	"time"
)

// After a plug-in the kernel hands a line out as a terminal for people: CR
// becomes LF, some control characters delete what stood before them, and all
// goes back to the device as an echo. A scanner that was used before its port
// was opened gives its code while we are still in open, so two codes would
// come out as one, or one without its beginning.

// Limits on skipping what was spoiled so. A device that never rests is used
// all the same.
const (
	rest      = 100 * time.Millisecond
	skipLimit = time.Second
)

// skip drops what arrives until there is a pause: a whole code or none, since
// half of one may be another parcel's.
func skip(f *os.File) (n int, err error) {
	buf := make([]byte, 4096)
	for end := time.Now().Add(skipLimit); time.Now().Before(end); {
		if err := f.SetReadDeadline(time.Now().Add(rest)); err != nil {
			return n, err
		}
		got, err := f.Read(buf)
		n += got
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return n, err
		}
	}
	return n, f.SetReadDeadline(time.Time{})
}
