package main

import (
	"fmt"
	"strings"
	"time"

	"scanpost/cmd/machine"
	"scanpost/scan/pass"
)

// tell says what became of passes since the last time. The lock is held.
func (f *tagField) tell(at time.Time) {
	for _, e := range f.hall.Events() {
		p := &e.Pass
		if e.Kind == pass.Complete {
			f.say(at, "", fmt.Sprintf("gate closed%s: %d passed", f.at(p.Portal), p.Reads))
			continue
		}
		t := f.tags[tagPlace{p.Portal, string(p.EPC)}]
		if t == nil {
			t = &tagView{name: fmt.Sprintf("EPC %X", p.EPC)}
		}
		if e.Kind == pass.Passed {
			t.way = p.Direction.String()
		}
		text := fmt.Sprintf("%s %s%s: %s", passWords[e.Kind], t.name, f.at(p.Portal), evidence(p))
		switch {
		case e.Kind == pass.Dropped:
			text += "; " + dropWords[p.Reason]
		case p.Reason == pass.ReasonCrowded:
			text += "; ended early, since there were too many tags"
		}
		if e.Kind != pass.Dropped && f.ignored(p.Portal, t) {
			text += "; a station ignores it: " + t.foreign
		}
		f.say(at, "", text)
	}
}

var passWords = [...]string{
	pass.Confirmed: "confirmed", pass.Dropped: "no pass after all", pass.Passed: "passed", pass.Parked: "parked",
}

var dropWords = map[string]string{
	pass.ReasonCrossRead:  "a neighbour heard it better",
	pass.ReasonNext:       "it belongs to the next parcel before the gate",
	pass.ReasonBackground: "it stands there",
}

// evidence is what a pass rests on.
func evidence(p *pass.Pass) string {
	parts := []string{counted(p.Reads, "read")}
	if span := p.Last.Sub(p.First); span > 0 {
		parts[0] += fmt.Sprintf(" in %.2f s", span.Seconds())
	}
	if best := (strength{p.Antenna, p.RSSI, p.HasRSSI, p.Relative, p.Last}); best.known {
		parts = append(parts, "best "+best.text(true))
	}
	if p.Antenna > 0 {
		parts = append(parts, fmt.Sprintf("antenna %d", p.Antenna))
	}
	if p.Direction != pass.Unknown {
		parts = append(parts, p.Direction.String())
	}
	return strings.Join(parts, ", ")
}

// text is the strength with its unit, if it has one.
func (s strength) text(unit bool) string {
	switch {
	case !s.known:
		return "-"
	case unit && !s.relative:
		return fmt.Sprintf("%d dBm", s.rssi)
	}
	return fmt.Sprint(s.rssi)
}

// at names a portal, unless it is the only one and nobody named it.
func (f *tagField) at(portal string) string {
	if portal == unnamed {
		return ""
	}
	return " at " + portal
}

// tellStrays says how many tags were heard since and did not pass, by why. The
// lock is held.
func (f *tagField) tellStrays(at time.Time) {
	counters := f.hall.Counters()
	for i := range counters {
		c := &counters[i]
		p := f.portal(c.Portal)
		if p == nil || c.Strays == p.told {
			continue
		}
		f.say(at, "", fmt.Sprintf("strays%s: %s", f.at(p.Name), straysText(c.Strays, p.told)))
		p.told = c.Strays
	}
}

// straysText is "few 3, weak 1": those since.
func straysText(now, since pass.Strays) string {
	before := machine.StraysOf(since)
	var parts []string
	for i, s := range machine.StraysOf(now) {
		if n := s.Count - before[i].Count; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", s.Reason, n))
		}
	}
	return strings.Join(parts, ", ")
}
