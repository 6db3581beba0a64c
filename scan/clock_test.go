package scan

import (
	"reflect"
	"time"
	"unsafe"
)

// setBack is a reading whose wall clock was set back and whose monotonic
// clock was not: what time.Now returns after somebody set the clock. The
// standard library has no way to make one but to set the clock.
func setBack(t time.Time, by time.Duration) time.Time {
	wall := t.Round(0).Add(-by)
	field := func(t *time.Time, name string) reflect.Value {
		f := reflect.ValueOf(t).Elem().FieldByName(name)
		return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
	}
	// With a monotonic part, wall holds a flag, seconds since 1885 in 33 bits
	// and nanoseconds in 30; ext holds the monotonic reading.
	const hasMonotonic, since1885 = 1 << 63, 59453308800 // seconds from year 1 to 1885
	const unixToYear1 = 62135596800
	seconds := uint64(wall.Unix() + unixToYear1 - since1885)
	field(&t, "wall").SetUint(hasMonotonic | seconds<<30 | uint64(wall.Nanosecond()))
	return t
}
