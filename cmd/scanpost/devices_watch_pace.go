package main

import "time"

// pace is how many there were in the last one and a half to two seconds.
type pace struct {
	slots [paceSlots]int
	slot  int64     // the newest
	since time.Time // there is something
}

const (
	paceSlots = 4
	paceSlot  = 500 * time.Millisecond
)

// turn forgets what is older. A clock that was put back begins anew.
func (p *pace) turn(now time.Time) {
	slot := now.UnixNano() / int64(paceSlot)
	if slot < p.slot || slot-p.slot >= paceSlots {
		*p = pace{slot: slot}
	}
	for p.slot < slot {
		p.slot++
		p.slots[p.slot%paceSlots] = 0
	}
}

func (p *pace) add(now time.Time, n int) {
	p.turn(now)
	if p.since.IsZero() {
		p.since = now
	}
	p.slots[p.slot%paceSlots] += n
}

// perSecond is the rate.
func (p *pace) perSecond(now time.Time) float64 {
	p.turn(now)
	sum := 0
	for _, n := range p.slots {
		sum += n
	}
	if sum == 0 {
		return 0
	}
	span := (paceSlots-1)*paceSlot + time.Duration(now.UnixNano()%int64(paceSlot))
	return float64(sum) / max(paceSlot, min(span, now.Sub(p.since))).Seconds()
}
