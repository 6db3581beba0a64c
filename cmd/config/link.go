package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"scanpost/devices/strict"
	"scanpost/scan"
)

// rawLink is a checkpoint where the labels of a parcel are linked.
type rawLink struct {
	At       string
	Within   strict.Duration
	Kinds    []string
	Together bool
}

// linkWithin is how long an operator may take for the other label.
const linkWithin = 20 * time.Second

// links are the checkpoints where the labels of a parcel are linked.
func (c *checker) links() {
	places := map[string]int{}
	for i, r := range c.raw.Link {
		key := at("link", i)
		c.name(key.then("at"), r.At, `the checkpoint where the labels are scanned, such as "label"`)
		c.once(places, key.then("at"), r.At)
		l := scan.LinkRule{At: r.At, Within: r.Within.D(), Kinds: r.Kinds, Together: r.Together}
		if l.Within == 0 && !l.Together {
			l.Within = linkWithin
		}
		if l.Within != 0 && (l.Within < time.Second || l.Within > 10*time.Minute) {
			c.wrong(key.then("within"), "must be from 1s to 10m, not %s", l.Within)
		}
		if l.Kinds == nil {
			l.Kinds = []string{"sscc", "carrier"}
		}
		if len(l.Kinds) < 2 {
			c.wrong(key.then("kinds"), `a link is between two kinds or more, such as ["sscc", "carrier"]`)
		}
		for k, kind := range l.Kinds {
			switch {
			case !slices.Contains(scan.KeyKinds(), kind):
				c.wrong(key.then("kinds", k), "%q is no kind of identifier; write some of %s", kind, strings.Join(scan.KeyKinds(), ", "))
			case slices.Contains(l.Kinds[:k], kind):
				c.wrong(key.then("kinds", k), "%q stands there twice, and two of a kind are never linked", kind)
			}
		}
		if r.At != "" && !slices.ContainsFunc(c.cfg.Devices, func(d Device) bool {
			return d.Checkpoint == r.At || slices.Contains(slices.Collect(maps.Values(d.Antennas)), r.At)
		}) && len(c.cfg.Devices) > 0 {
			c.hint("nothing that is scanned here stands at %q, so no labels are linked there", r.At)
		}
		c.cfg.Links = append(c.cfg.Links, l)
	}
}
