package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"scanpost/scan"
)

// Links is what became of the parcels whose two labels were scanned one after
// the other at the label station, half of which are loaded by the carrier's.
type Links struct {
	Linked int `json:"linked"` // parcels whose labels were linked
	Found  int `json:"found"`  // of them: both numbers lead to the same parcel on the board, with its whole way
}

// How the labels of a parcel are scanned one after the other.
const (
	otherLabel = 400 * time.Millisecond // from the SSCC's scan to that of the carrier's label
	labelQuiet = 900 * time.Millisecond // and so long nothing else is scanned at the bench
)

// links lets the carrier's label of a parcel be scanned behind its SSCC, where
// the bench has the time: two parcels whose labels come mixed up are no pairs.
// Every second of them is loaded by its carrier's label.
func (p *Plan) links() {
	for _, one := range p.parcels {
		at, seen := p.scanned[passing{one.unit, places[portalPlace]}]
		load, loaded := p.scanned[passing{one.unit, places[len(places)-1]}]
		if !seen || !loaded || one.epc != nil || p.busy(one.unit, at) {
			continue
		}
		p.acts = append(p.acts, act{at: at + otherLabel, place: portalPlace, do: "scan", code: one.carrier, unit: one.unit})
		p.linked = append(p.linked, one)
		if len(p.linked)%2 == 0 {
			continue
		}
		for i := range p.acts {
			if a := &p.acts[i]; a.unit == one.unit && a.at == load && a.do == "scan" {
				a.code = one.carrier
			}
		}
	}
}

// busy reports whether something else happens at the label bench around the
// time at which a parcel is there.
func (p *Plan) busy(unit string, at time.Duration) bool {
	for _, a := range p.acts {
		if a.place == portalPlace && !(a.unit == unit && a.at == at) && a.at > at-otherLabel && a.at < at+labelQuiet {
			return true
		}
	}
	return false
}

// checkLinks asks the board for the linked parcels by both of their numbers.
func (w *warehouse) checkLinks(ctx context.Context, linked []parcel, r *Report) error {
	r.Links = &Links{Linked: len(linked)}
	for _, one := range linked {
		byBoth := [2]scan.UnitView{}
		for i, key := range []string{one.unit, "ups:" + strings.TrimPrefix(one.carrier, "]C0")} {
			var err error
			if byBoth[i], err = w.unit(ctx, key); err != nil {
				return err
			}
		}
		a, b := seenAt(byBoth[0]), seenAt(byBoth[1])
		if byBoth[0].Key == byBoth[1].Key && a == b && a != "" {
			r.Links.Found++
			continue
		}
		if r.Problems != nil {
			r.Problems = append(r.Problems, fmt.Sprintf("%s is %s by its SSCC, seen at%s, and %s by its carrier's label, seen at%s",
				one.unit, byBoth[0].Key, a, byBoth[1].Key, b))
		}
	}
	return nil
}

// seenAt is a parcel's way, in the order of the journey.
func seenAt(u scan.UnitView) (at string) {
	for _, s := range u.Steps {
		if len(s.Scans) > 0 {
			at += fmt.Sprintf(" %s×%d", s.Checkpoint, len(s.Scans))
		}
	}
	return at
}

// unit asks the board for a parcel.
func (w *warehouse) unit(ctx context.Context, key string) (u scan.UnitView, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.board+"/api/v1/units/"+url.PathEscape(key), nil)
	if err != nil {
		return u, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return u, fmt.Errorf("ask the board for %s: %w", key, err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&u); err != nil {
		return u, fmt.Errorf("ask the board for %s: %w", key, err)
	}
	return u, nil
}
