package config

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/strict"
	"scanpost/devices/wire"
	"scanpost/scan/pass"
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
func (c *checker) antennas(key path, places map[string]string, p *profile.Profile) map[int]string {
	if len(places) == 0 {
		return nil
	}
	if p != nil && !hearsTags(p) {
		c.wrong(key, "%s reads no radio tags, so it has no antennas; write where it stands as checkpoint", p.Name)
		return nil
	}
	all := map[int]string{}
	for _, number := range slices.Sorted(maps.Keys(places)) {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 255 || strconv.Itoa(n) != number {
			c.wrong(key.then(number), "%q is no antenna; they are numbered from 1, such as antennas = { 1 = \"label\", 2 = \"load\" }", number)
			continue
		}
		c.name(key.then(number), places[number], `the checkpoint where the antenna stands`)
		all[n] = places[number]
	}
	return all
}

// hearsTags reports whether a profile is a tag reader's, as far as its examples
// tell.
func hearsTags(p *profile.Profile) bool {
	d, _ := devices.NewDecoder(p.Decoder, p.Options)
	_, leads := d.(wire.Session)
	return leads || len(p.Examples) == 0 || slices.ContainsFunc(p.Examples, func(e profile.Example) bool { return e.Reads != nil && len(*e.Reads) > 0 })
}

// portals are the checkpoints where radio tags pass.
func (c *checker) portals() {
	places := map[string]int{}
	for i, r := range c.raw.Portal {
		key := at("portal", i)
		c.name(key.then("at"), r.At, `the checkpoint where the antennas stand`)
		c.once(places, key.then("at"), r.At)
		c.stands(key.then("at"), r.At)
		p := Portal{At: r.At, SingleTarget: r.SingleTarget, Foreign: r.Foreign, Prefixes: r.Prefixes}
		c.spans(key, &r, &p)
		if r.Threshold != nil {
			if p.Threshold = *r.Threshold; p.Threshold >= 0 || p.Threshold < -120 {
				c.wrong(key.then("threshold"), "must be from -120 to -1 dBm, not %d", p.Threshold)
			}
		}
		if r.Reads != nil {
			if p.Reads = *r.Reads; p.Reads < 1 || p.Reads > 1000 {
				c.wrong(key.then("reads"), "must be from 1 to 1000, not %d", p.Reads)
			} else if p.SingleTarget && p.Reads > 1 {
				c.wrong(key.then("reads"), "with single_target a tag answers once and would never come to %d; take one of the two out", p.Reads)
			}
		}
		switch {
		case len(r.Line) == 2 && r.Line[0] > 0 && r.Line[1] > 0 && r.Line[0] != r.Line[1]:
			p.Line = [2]int(r.Line)
		case len(r.Line) > 0:
			c.wrong(key.then("line"), "must be two antennas in the order of travel, such as [1, 2]")
		}
		c.oneOf(key.then("foreign"), `what becomes of tags that are not GS1's`, r.Foreign, "ignore", "record")
		for n, prefix := range r.Prefixes {
			if len(prefix) < 4 || len(prefix) > 12 || strings.Trim(prefix, "0123456789") != "" {
				c.wrong(key.then("prefixes").then(n), "%q is no GS1 company prefix, which has 4 to 12 digits", prefix)
			}
		}
		p.Gate = c.gate(key.then("gate"), r.Gate)
		c.cfg.Portals = append(c.cfg.Portals, p)
	}
}

// stands looks for a tag reader at a checkpoint.
func (c *checker) stands(key path, place string) {
	var there []string
	for _, d := range c.cfg.Devices {
		if d.Profile == nil || d.Tags {
			there = append(there, d.Places()...)
		}
	}
	switch {
	case place == "" || slices.Contains(there, place):
	case len(there) == 0:
		c.wrong(key, "no device of this machine reads radio tags; add a [[device]] for the reader, or take the portal out")
	default:
		slices.Sort(there)
		c.wrong(key, "no tag reader stands at %q, but at %s; write one of these, or the checkpoint of a device or an antenna", place, strings.Join(slices.Compact(there), ", "))
	}
}

// spans reads a portal's times.
func (c *checker) spans(key path, r *rawPortal, p *Portal) {
	for _, s := range []struct {
		name string
		raw  strict.Duration
		into *time.Duration
	}{{"gap", r.Gap, &p.Gap}, {"dwell", r.Dwell, &p.Dwell}, {"rearm", r.Rearm, &p.Rearm}, {"absent", r.Absent, &p.Absent}} {
		if *s.into = s.raw.D(); *s.into > 24*time.Hour {
			c.wrong(key.then(s.name), "%s is longer than a day, and a tag is not remembered for longer", s.raw)
			*s.into = 0
		}
	}
	otherwise := pass.Defaults()
	gap, dwell := max(p.Gap, otherwise.GapMax), cmp.Or(p.Dwell, otherwise.Dwell)
	if dwell > gap {
		return
	}
	if p.Dwell > 0 {
		c.wrong(key.then("dwell"), "%s is not longer than the longest silence within a pass, %s, so every tag would be parked; write a longer one, such as %q", p.Dwell, gap, 5*gap)
	} else {
		c.wrong(key.then("gap"), "%s is not shorter than dwell (%s unless written), so every tag would be parked; write a shorter one, or a longer dwell", p.Gap, dwell)
	}
}

// oneOf checks a word that may be left out.
func (c *checker) oneOf(key path, says, word string, words ...string) {
	if word != "" && !slices.Contains(words, word) {
		c.wrong(key, "says %s: %q or %q, not %q", says, words[0], words[1], word)
	}
}

// gate reads what tells a portal that a parcel is there. The reader is told to
// report its input, whether or not its options say so.
func (c *checker) gate(key path, r *rawGate) *Gate {
	if r == nil {
		return nil
	}
	g := &Gate{Device: r.Device, Input: r.Input, Open: cmp.Or(r.Open, "on"), NoRead: r.Empty == "noread"}
	c.oneOf(key.then("open"), "how the input is while a parcel is there", r.Open, "on", "off")
	c.oneOf(key.then("empty"), "what an opening is in which no tag passed", r.Empty, "ignore", "noread")
	if r.Input < 1 || r.Input > 255 {
		c.wrong(key.then("input"), "must be the number of the reader's input, from 1, such as gate = { device = \"portal\", input = 1 }")
		return g
	}
	i := slices.IndexFunc(c.cfg.Devices, func(d Device) bool { return d.Name == r.Device })
	switch {
	case r.Device == "":
		c.wrong(key.then("device"), `is missing; write the name of the reader that the photo-eye is wired to`)
	case i < 0:
		c.wrong(key.then("device"), "there is no device %q%s; write the name of a [[device]] of this file", r.Device, strict.DidYouMean(r.Device, c.deviceNames()))
	case c.cfg.Devices[i].Profile == nil: // told already
	default:
		d := &c.cfg.Devices[i]
		with := d.Profile.With(map[string]any{"gpi": withInput(d.Profile.Options["gpi"], r.Input)})
		if _, err := devices.NewDecoder(with.Decoder, with.Options); err != nil && !c.brokenAlready(d.Profile) {
			c.wrong(key.then("device"), "%s does not tell of its inputs; readers that speak LLRP do (scanpost devices profiles)", d.Profile.Name)
			return g
		}
		d.Profile = with
	}
	return g
}

// brokenAlready reports whether a profile's options were wrong before the gate.
func (c *checker) brokenAlready(p *profile.Profile) bool {
	_, err := devices.NewDecoder(p.Decoder, p.Options)
	return err != nil
}

// withInput adds an input to those that a reader reports.
func withInput(inputs any, n int) any {
	list, _ := inputs.([]any)
	for _, have := range list {
		if have == int64(n) {
			return list
		}
	}
	return append(slices.Clone(list), int64(n))
}

func (c *checker) deviceNames() (names []string) {
	for _, d := range c.cfg.Devices {
		names = append(names, d.Name)
	}
	return names
}
