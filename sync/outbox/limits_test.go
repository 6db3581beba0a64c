package outbox

import (
	"errors"
	"testing"
	"time"
)

// A full outbox refuses what is new and drops nothing that is old; when
// receipts come and it is trimmed, it takes scans again.
func TestQuota(t *testing.T) {
	o := options
	o.Limits.Size = 1 << 20
	box := open(t, t.TempDir(), o)
	var err error
	n := 0
	for ; err == nil && n < 10_000; n++ {
		_, err = box.Write(parcel(n))
	}
	if !errors.Is(err, ErrLimit) {
		t.Fatalf("after %d events: %v", n, err)
	}
	held := box.Stats()
	if got := len(readFrom(t, box, 1)); held.First != 1 || held.Last != uint64(n-1) || got != n-1 {
		t.Errorf("%d were saved, %d to %d are held (%d)", n-1, held.First, held.Last, got)
	}
	if f := box.Fill(time.Now()); f.Share < 1 || f.Quota != 1<<20 {
		t.Errorf("full, and it says %+v", f)
	}
	if err := box.Confirm("board", box.Epoch(), held.Last); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Trim(time.Now().Add(time.Hour), []string{"board"}); err != nil {
		t.Fatal(err)
	}
	if number, err := box.Write(parcel(1)); err != nil || number.Seq != held.Last+1 {
		t.Errorf("trimmed, and the next is %v (%v)", number, err)
	}
}

// What waits longer than it may is told the same way, and a receipt ends it.
func TestMaxAge(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	o := options
	o.Now = func() time.Time { return at }
	o.Limits.Age = time.Hour
	box := open(t, t.TempDir(), o)
	first, err := box.Write(parcel(1))
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(59 * time.Minute)
	if _, err := box.Write(parcel(2)); err != nil {
		t.Errorf("within the limit: %v", err)
	}
	if f := box.Fill(at); f.Share < 0.98 || f.Share >= 1 {
		t.Errorf("59 of 60 minutes, and the share is %v", f.Share)
	}
	at = at.Add(2 * time.Minute)
	if _, err := box.Write(parcel(3)); !errors.Is(err, ErrLimit) {
		t.Errorf("beyond the limit: %v", err)
	}
	if err := box.Confirm("board", box.Epoch(), first.Seq+1); err != nil {
		t.Fatal(err)
	}
	at = at.Add(2 * time.Second)
	if _, err := box.Write(parcel(4)); err != nil {
		t.Errorf("confirmed: %v", err)
	}
}
