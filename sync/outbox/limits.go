package outbox

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// ErrLimit says that the outbox has reached a limit of the configuration.
// Nothing is dropped for a new event: the new one is refused, visibly.
var ErrLimit = errors.New("the outbox is full")

// Limits are how much may wait for its receipts. Zero is no limit.
type Limits struct {
	Size int64         // bytes of the file that are in use
	Age  time.Duration // of the oldest event that not every required consumer has confirmed
}

// Fill is how far an outbox is on its way to its limits.
type Fill struct {
	Used, Quota int64
	Oldest      time.Time // unconfirmed; zero if none is
	Share       float64   // of the limit that is nearer; 1 is full
}

// limitEvery is how often the age is looked at: it takes a look into the file.
const limitEvery = time.Second

// Fill says how far the outbox is on its way to its limits.
func (o *Outbox) Fill(now time.Time) Fill {
	s := o.Stats()
	f := Fill{Used: s.Size - s.Unused, Quota: o.limits.Size, Oldest: s.OldestUnconfirmed}
	if f.Quota > 0 {
		f.Share = float64(f.Used) / float64(f.Quota)
	}
	if o.limits.Age > 0 && !f.Oldest.IsZero() {
		f.Share = max(f.Share, float64(now.Sub(f.Oldest))/float64(o.limits.Age))
	}
	return f
}

// withinLimits says why nothing more may be written. The caller holds the turn.
func (o *Outbox) withinLimits(now time.Time) error {
	if o.limits.Size > 0 {
		if used := o.used(); used >= o.limits.Size {
			return fmt.Errorf("%w: %d MB wait for their receipts, and quota allows %d (is a consumer away? scanpost outbox stats tells who has confirmed what)",
				ErrLimit, used>>20, o.limits.Size>>20)
		}
	}
	if o.limits.Age <= 0 {
		return nil
	}
	if now.Sub(o.agedAt) >= limitEvery || now.Before(o.agedAt) {
		o.agedAt, o.oldest = now, o.oldestUnconfirmed()
	}
	if age := now.Sub(o.oldest); !o.oldest.IsZero() && age > o.limits.Age {
		return fmt.Errorf("%w: events wait for their receipts since %s, and max_age allows %v (is a consumer away? scanpost outbox stats tells who has confirmed what)",
			ErrLimit, o.oldest.UTC().Format(time.RFC3339), o.limits.Age)
	}
	return nil
}

// used is how much of the file holds something.
func (o *Outbox) used() int64 {
	var size int64
	_ = o.view(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	free := o.db.Stats()
	return size - int64(free.FreePageN+free.PendingPageN)*int64(o.db.Info().PageSize)
}

func (o *Outbox) oldestUnconfirmed() time.Time { return o.Stats().OldestUnconfirmed }
