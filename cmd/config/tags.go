package config

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/strict"
)

// options gives a profile what only the site can know, such as the region of a
// radio, and what it wants otherwise than the profile.
func (c *checker) options(key path, own map[string]any, p *profile.Profile) *profile.Profile {
	if p == nil {
		return nil
	}
	p = p.With(own)
	for _, need := range p.Needs {
		if _, given := own[need]; !given {
			c.wrong(key.then("options"), "%s needs %q, which nobody may guess; write for example options = { %s = … } (scanpost devices show %s)", p.Name, need, need, p.Name)
		}
	}
	if len(own) == 0 {
		return p
	}
	_, err := devices.NewDecoder(p.Decoder, p.Options)
	var mistakes strict.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			c.wrong(append(key.then("options"), m.Path...), "%s", m.Text)
		}
	} else if err != nil {
		c.wrong(key.then("options"), "%v", err)
	}
	return p
}

// antennas reads where the antennas of a reader stand.
func (c *checker) antennas(key path, places map[string]string) map[int]string {
	if len(places) == 0 {
		return nil
	}
	all := map[int]string{}
	for _, number := range slices.Sorted(maps.Keys(places)) {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 255 {
			c.wrong(key, "%q is no antenna; they are numbered from 1, such as antennas = { 1 = \"label\", 2 = \"load\" }", number)
			continue
		}
		c.name(key.then(number), places[number], `the checkpoint where the antenna stands`)
		all[n] = places[number]
	}
	return all
}

// portals are the checkpoints where radio tags pass.
func (c *checker) portals() {
	places := map[string]int{}
	for i, r := range c.raw.Portal {
		key := at("portal", i)
		c.name(key.then("at"), r.At, `the checkpoint where the antennas stand`)
		c.once(places, key.then("at"), r.At)
		p := Portal{At: r.At, Gap: r.Gap.D(), Dwell: r.Dwell.D(), Rearm: r.Rearm.D(), Absent: r.Absent.D(), Reads: r.Reads, SingleTarget: r.SingleTarget, Prefixes: r.Prefixes}
		if r.Threshold != nil {
			if p.Threshold = *r.Threshold; p.Threshold >= 0 || p.Threshold < -120 {
				c.wrong(key.then("threshold"), "must be from -120 to -1 dBm, not %d", p.Threshold)
			}
		}
		if r.Reads < 0 || r.Reads > 1000 {
			c.wrong(key.then("reads"), "must be from 1 to 1000, not %d", r.Reads)
		}
		switch {
		case len(r.Line) == 2 && r.Line[0] > 0 && r.Line[1] > 0 && r.Line[0] != r.Line[1]:
			p.Line = [2]int(r.Line)
		case len(r.Line) > 0:
			c.wrong(key.then("line"), "must be two antennas in the order of travel, such as [1, 2]")
		}
		switch r.Foreign {
		case "", "ignore":
		case "record":
			p.Record = true
		default:
			c.wrong(key.then("foreign"), `says what becomes of tags that are not GS1's: "ignore" or "record", not %q`, r.Foreign)
		}
		c.cfg.Portals = append(c.cfg.Portals, p)
	}
}
