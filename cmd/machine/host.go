package machine

import (
	"sync"
	"syscall"
	"time"

	"scanpost/scan"
	"scanpost/sync/outbox"
)

// clockState asks the kernel whether the wall clock is disciplined. It asks
// once in ten seconds, since a scan must not pay for it.
type clockState struct {
	mu    sync.Mutex
	asked time.Time
	state scan.Clock
}

// unsynchronised is the kernel's STA_UNSYNC.
const unsynchronised = 0x40

func (c *clockState) now() scan.Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.asked) > 10*time.Second {
		var t syscall.Timex
		_, err := syscall.Adjtimex(&t)
		_, offset := now.Zone()
		c.state = scan.Clock{Synced: err == nil && t.Status&unsynchronised == 0, OffsetMin: offset / 60}
		c.asked = now
	}
	return c.state
}

// room estimates how long the disk lasts at the rate of the last hour.
type room struct {
	dir     string
	perScan float64 // bytes a scan takes on disk, index and hashes included
	fill    func() outbox.Fill

	mu      sync.Mutex
	minutes [60]int // scans in each of the last sixty minutes
	minute  int64
	asked   time.Time
	lasts   time.Duration
}

// scanned counts a scan.
func (r *room) scanned(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	r.minutes[r.minute%60]++
}

func (r *room) turn(now time.Time) {
	minute := now.Unix() / 60
	for m := max(r.minute+1, minute-59); m <= minute; m++ {
		r.minutes[m%60] = 0
	}
	r.minute = max(r.minute, minute)
}

// left is how long the space lasts; zero if that can not be said.
func (r *room) left(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.asked) < 10*time.Second {
		return r.lasts
	}
	r.asked = now
	r.turn(now)
	hour := 0
	for _, n := range r.minutes {
		hour += n
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(r.dir, &fs) != nil || hour == 0 {
		r.lasts = 0
		return 0
	}
	free := float64(fs.Bavail) * float64(fs.Bsize)
	if r.fill != nil {
		if f := r.fill(); f.Quota > 0 {
			free = max(0, min(free, float64(f.Quota-f.Used)))
		}
	}
	hours := free / r.perScan / float64(hour)
	r.lasts = time.Duration(min(hours, 10*365*24) * float64(time.Hour))
	return r.lasts
}
