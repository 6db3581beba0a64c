package demo

import (
	"fmt"

	"scanpost/scan"
)

// Portal is what the portal at label recorded, held against what went through it.
type Portal struct {
	Place    string `json:"place"`
	Tagged   int    `json:"tagged"`   // parcels whose tag passed and could be read
	Recorded int    `json:"recorded"` // of them, recorded as exactly one pass
	Reads    int    `json:"reads"`    // that these passes were made of
	Unread   int    `json:"unread"`   // parcels whose tag passed and could not be read
	Parked   int    `json:"parked"`   // pallets that stopped in the field, recorded once
	Foreign  int    `json:"foreign"`  // tags that passed and are not GS1's: no scans
	Strays   int    `json:"strays"`   // tags that are elsewhere and were heard: no scans
}

// portal holds the recorded passes against the truth. The caller has locked.
func (f *findings) portal(truth []tagged, seen *field, speed float64) (*Portal, []string) {
	strays, unseen := seen.account()
	p := &Portal{Place: places[portalPlace], Strays: strays}
	var problems []string
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	passes := map[string][]*scanSeen{} // by EPC
	for i := range f.scans {
		if s := &f.scans[i]; s.Pass != nil {
			passes[s.Raw] = append(passes[s.Raw], s)
		}
	}
	for i := range truth {
		t := &truth[i]
		recorded := passes[string(t.epc)]
		delete(passes, string(t.epc))
		switch t.what {
		case tagPasses, tagParks:
			flaw := flawOf(t, recorded, unseen >= gapAt(speed))
			if flaw != "" {
				wrong("the tag of %s %s the portal at %s and is %s", t.unit, t.what, p.Place, flaw)
			}
			switch {
			case t.what == tagPasses:
				p.Tagged++
				if flaw == "" {
					p.Recorded++
					p.Reads += recorded[0].Pass.Reads
				}
			case flaw == "":
				p.Parked++
			}
			continue
		case tagUnread:
			p.Unread++
		case tagForeign:
			p.Foreign++
		}
		if n := len(recorded); n > 0 {
			wrong("the tag %X %s %s (%s) passed no portal and was recorded %d times", t.epc, t.what, p.Place, t.unit, n)
		}
	}
	for epc, recorded := range passes {
		wrong("the tag %X is on nothing and was recorded at %s as %s", epc, recorded[0].Checkpoint, recorded[0].Unit)
	}
	return p, problems
}

// flawOf says what is wrong with what was recorded of a tag that passed, or
// nothing. A pallet that the reader lost from sight for a while, since the machine
// was busy, may well be taken for one that passed.
func flawOf(t *tagged, recorded []*scanSeen, blind bool) string {
	if len(recorded) != 1 {
		return fmt.Sprintf("%d scans", len(recorded))
	}
	s, reason := recorded[0], ""
	if t.what == tagParks {
		reason = "parked"
	}
	switch p := s.Pass; {
	case s.Unit != t.unit:
		return fmt.Sprintf("a scan of %s", s.Unit)
	case s.Checkpoint != places[portalPlace]:
		return "a scan at " + s.Checkpoint
	case p.Reason != reason && !(p.Reason == "" && blind):
		return fmt.Sprintf("recorded as %q, want %q", p.Reason, reason)
	case p.Reads < 3 || p.Last.Before(p.First) || p.RSSI >= 0 || p.Antenna < 1 || p.Antenna > len(antennas):
		return fmt.Sprintf("recorded as %+v", *p)
	case p.Direction == "backward":
		return "said to have gone backward"
	case s.Verdict == scan.NotUnderstood:
		return "not understood"
	}
	return ""
}
