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
	if reflect.DeepEqual(one.acts, other.acts) {
		t.Error("seeds 7 and 8 made the same plan")
	}
}

// A minute holds every kind of fault, and what is scanned keeps to the rules
// that the detector relies on: no parcel is at two stations within the least
// transit, and no leg but a stall takes longer than its limit.
func TestPlanKeepsToTheRules(t *testing.T) {
	for seed := range uint64(200) {
		p := makePlan(seed, 0, time.Minute, 0)
		for _, kind := range []string{faultSkip, faultDouble, faultStall, faultOutage, faultUnplug, faultUnreadable} {
			if !slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == kind }) {
				t.Errorf("seed %d: no %s in a minute", seed, kind)
			}
		}
		for _, f := range p.Faults {
			if f.Known < f.At || f.Known > time.Minute {
				t.Errorf("seed %d: %s of %s at %v can be known at %v", seed, f.Kind, f.Unit, f.At, f.Known)
			}
		}
		for n := range p.Parcels {
			unit, _ := label(n + 1)
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

// The labels are real ones, and a smudged one is not understood.
func TestLabels(t *testing.T) {
	for n := 1; n < 100; n++ {
		unit, code := label(n)
		id := identity.Identifier{}.Identify(code[3:], code[:3]).Identity()
		if id.Unit != unit || id.Fault != "" {
			t.Fatalf("label %d is %+v, want %s", n, id, unit)
		}
		bad := smudge(code)
		if id := (identity.Identifier{}).Identify(bad[3:], bad[:3]).Identity(); id.Fault == "" {
			t.Fatalf("the smudged label %q is understood as %s", bad, id.Unit)
		}
	}
}
