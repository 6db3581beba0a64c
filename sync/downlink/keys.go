package downlink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Offer is a key that a station names and that is not the one it had: its disk
// was replaced, or somebody else speaks in its name. Nothing it signs is
// believed before a person has decided.
type Offer struct {
	Station       string
	Had, Has      string // verifier keys
	Since, Newest time.Time
}

// offer notes what key a station names.
func (d *Downlink) offer(st *station, had, has string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if had == has {
		delete(d.offers, st.name)
		return
	}
	now := d.o.Now()
	o, known := d.offers[st.name]
	if !known || o.Has != has {
		o = Offer{Station: st.name, Had: had, Has: has, Since: now}
		d.o.Log.Error("station has another key than before: its heads are not believed until somebody decides (was it set up anew? the board's page of the station asks, or scanpost trust)",
			"station", st.name)
	}
	o.Newest = now
	d.offers[st.name] = o
}

// Offers are the keys that wait for a decision, by station.
func (d *Downlink) Offers() []Offer {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Offer, 0, len(d.offers))
	for _, o := range d.offers {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Offer) int { return strings.Compare(a.Station, b.Station) })
	return all
}

// ErrOffer says that the key is not the one that waits for a decision.
var ErrOffer = errors.New("the station names another key by now")

// Trust takes up the key that a station offers: a person has looked. It is on
// disk when it returns.
func (d *Downlink) Trust(ctx context.Context, name, key string) error {
	d.mu.Lock()
	o, waits := d.offers[name]
	d.mu.Unlock()
	if !waits || o.Has != key {
		return fmt.Errorf("trust the key of %s: %w", name, ErrOffer)
	}
	if err := d.o.Ledger.Unpin(name); err != nil {
		return err
	}
	if _, err := d.o.Ledger.PinKey(name, key); err != nil {
		return err
	}
	d.mu.Lock()
	delete(d.offers, name)
	up := d.asking != nil
	d.mu.Unlock()
	d.o.Log.Info("a station's new key is believed from now on", "station", name)
	take := func() {
		if st := d.stations[name]; st != nil {
			st.key = key
		}
	}
	if !up {
		d.session.Lock() // nobody else looks at the stations
		defer d.session.Unlock()
		take()
		return nil
	}
	select {
	case d.ours <- take:
		d.AskHead(name)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
