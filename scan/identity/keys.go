package identity

import (
	"slices"

	"scanpost/scan/identity/carrier"
)

// Keys returns the keys under which a number can be scanned, the most probable
// first: what an order system knows of a parcel before anybody has seen it.
// Booked is the carrier it is to go with, or empty if that is not known. Then
// all candidates are listed, so the keys are for looking up ([Identifier.Expected])
// and not for making one unit of all of them.
func (i Identifier) Keys(number, booked string) []string {
	r := i.Identify(number, "")
	keys := r.Identity().IDs
	var buf [16]carrier.Match
	var all, theirs []string
	for _, m := range carrier.Append(buf[:0], number) {
		key := m.Key()
		if key == "" {
			continue
		}
		if all = append(all, key); m.Carrier == booked {
			theirs = append(theirs, key)
			if also := m.Also(); also != "" {
				theirs = append(theirs, also)
			}
		}
	}
	switch {
	case len(theirs) > 0:
		keys = append(theirs, TextKey(carrier.Fold(number)))
	case booked == "":
		keys = append(keys, all...)
	}
	var once []string
	for _, key := range keys {
		if !slices.Contains(once, key) {
			once = append(once, key)
		}
	}
	return once
}
