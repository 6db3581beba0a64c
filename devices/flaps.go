package devices

import "time"

// calm is how long a cable must hold, or be out, before the log trusts it.
const calm = time.Minute

// flaps keeps a loose cable from filling the log: one line at once, then a
// count when it has come to rest. One goroutine uses it.
type flaps struct {
	told   time.Time // when an unplug was last told
	last   time.Time // when it last went
	silent int       // unplugs since told that were only counted
}

// gone says whether to tell of this unplug, and how many were not told before.
func (f *flaps) gone(now time.Time) (tell bool, before int) {
	tell = f.told.IsZero() || now.Sub(f.told) >= calm
	f.last = now
	if !tell {
		f.silent++
		return false, 0
	}
	before = f.silent
	f.told, f.silent = now, 0
	return true, before
}

// back says whether to tell that it is back: only if it was told that it went.
func (f *flaps) back() bool { return f.silent == 0 }

// settle says, once, how many unplugs were only counted, when it has been calm.
func (f *flaps) settle(now time.Time) (n int, rested bool) {
	if f.silent == 0 || now.Sub(f.last) < calm {
		return 0, false
	}
	n, f.silent = f.silent, 0
	return n, true
}
