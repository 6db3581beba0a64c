package demo

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"scanpost/scan/identity"
)

// The same seed is the same truth, and another seed is another.
func TestPlanIsAFunctionOfItsSeed(t *testing.T) {
	one, same, other := makePlan(7, 0, time.Minute*2, 0), makePlan(7, 0, time.Minute*2, 0), makePlan(8, 0, time.Minute*2, 0)
	if !reflect.DeepEqual(one, same) {
		t.Error("seed 7 made two different plans")
	}
	if reflect.DeepEqual(one.acts, other.acts) || reflect.DeepEqual(one.tags, other.tags) {
		t.Error("seeds 7 and 8 made the same plan")
	}
}

// A minute holds every kind of fault, and what is scanned keeps to the rules
// that the detector relies on: no parcel is at two stations within the least
// transit, and no leg but a stall takes longer than its limit.
func TestPlanKeepsToTheRules(t *testing.T) {
	for seed := range uint64(200) {
		p := makePlan(seed, 0, time.Minute, 0)
		for _, kind := range []string{faultSkip, faultDouble, faultStall, faultOutage, faultUnplug, faultUnreadable, faultUnread} {
			if !slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == kind }) {
				t.Errorf("seed %d: no %s in a minute", seed, kind)
			}
		}
		for _, f := range p.Faults {
			if f.Known < f.At || f.Known > time.Minute {
				t.Errorf("seed %d: %s of %s at %v can be known at %v", seed, f.Kind, f.Unit, f.At, f.Known)
			}
		}
		for _, one := range p.parcels {
			unit := one.unit
			last, lastPlace := time.Duration(0), -1
			for i, place := range places {
				at, scanned := p.scanned[passing{unit, place}]
				if !scanned {
					continue
				}
				if lastPlace >= 0 && at-last < 6*time.Second {
					t.Errorf("seed %d: %s is at %s %v after %s", seed, unit, place, at-last, places[lastPlace])
				}
				if lastPlace == i-1 && lastPlace >= 0 && at-last > legLimit-time.Second/2 {
					t.Errorf("seed %d: %s takes %v to %s", seed, unit, at-last, place)
				}
				last, lastPlace = at, i
			}
		}
	}
}

// What passes the portal is not scanned by hand there, but for the doubles, and
// what has no tag is. Every kind of tag comes in a minute.
func TestPlanKeepsTagsAndHandsApart(t *testing.T) {
	for seed := range uint64(200) {
		p := makePlan(seed, 0, time.Minute, 0)
		ways := map[string][]string{} // by unit: how it is seen at label
		for _, tag := range p.tags {
			if tag.what == tagPasses || tag.what == tagParks {
				ways[tag.unit] = append(ways[tag.unit], "tag")
			}
		}
		for _, a := range p.acts {
			if a.do == "scan" && a.place == portalPlace && a.code == labelOf(a.unit) {
				ways[a.unit] = append(ways[a.unit], "hand")
			}
		}
		for _, f := range p.Faults {
			if f.Kind == faultDouble && f.Place == places[portalPlace] {
				ways[f.Unit] = ways[f.Unit][:len(ways[f.Unit])-1]
			}
		}
		for _, one := range p.parcels {
			var want []string
			if _, seen := p.scanned[passing{one.unit, places[portalPlace]}]; seen && one.epc != nil {
				want = []string{"tag"}
			} else if seen {
				want = []string{"hand"}
			}
			if got := ways[one.unit]; !slices.Equal(got, want) {
				t.Errorf("seed %d: %s is seen at label by %q, want %q", seed, one.unit, got, want)
			}
		}
		for _, what := range []string{tagPasses, tagParks, tagUnread, tagStands, tagStray, tagForeign} {
			if !slices.ContainsFunc(p.tags, func(t tagged) bool { return t.what == what }) {
				t.Errorf("seed %d: no tag that %s in a minute", seed, what)
			}
		}
	}
}

// The labels are real ones, the tag and the SSCC label are of one unit, the
// carrier's number is a valid one, and a smudged label is not understood.
func TestLabels(t *testing.T) {
	for n := 1; n < 100; n++ {
		unit, code := label(n)
		id := identity.Identifier{}.Identify(code[3:], code[:3]).Identity()
		if id.Unit != unit || id.Fault != "" {
			t.Fatalf("label %d is %+v, want %s", n, id, unit)
		}
		if id := (identity.Identifier{}).IdentifyEPC(tagOf(unit), 0).Identity(); id.Unit != unit || id.Fault != "" {
			t.Fatalf("the tag of %s is %+v", unit, id)
		}
		wantCarrier, carrier := carrierLabel(n)
		if id := (identity.Identifier{}).Identify(carrier[3:], carrier[:3]).Identity(); id.Unit != wantCarrier || id.Fault != "" {
			t.Fatalf("carrier label %d is %+v, want %s", n, id, wantCarrier)
		}
		bad := smudge(code)
		if id := (identity.Identifier{}).Identify(bad[3:], bad[:3]).Identity(); id.Fault == "" {
			t.Fatalf("the smudged label %q is understood as %s", bad, id.Unit)
		}
	}
}

// A carrier's label is scanned right behind its parcel's SSCC, with nothing in
// between at the bench, and a minute has some parcels loaded by either.
func TestPlanLinksPairs(t *testing.T) {
	for seed := range uint64(200) {
		p := makePlan(seed, 0, time.Minute, 0)
		if len(p.linked) < 2 {
			t.Errorf("seed %d: %d parcels are linked in a minute", seed, len(p.linked))
		}
		byCarrier := 0
		for _, one := range p.linked {
			at := p.scanned[passing{one.unit, places[portalPlace]}]
			for _, a := range p.acts {
				switch {
				case a.place == portalPlace && a.at > at && a.at < at+otherLabel && a.do != "mend":
					t.Errorf("seed %d: %+v comes between the labels of %s", seed, a, one.unit)
				case a.place == len(places)-1 && a.unit == one.unit && a.code == one.carrier:
					byCarrier++
				}
			}
		}
		if len(p.linked) >= 2 && (byCarrier == 0 || byCarrier == len(p.linked)) {
			t.Errorf("seed %d: %d of %d linked parcels are loaded by their carrier's label", seed, byCarrier, len(p.linked))
		}
	}
}
