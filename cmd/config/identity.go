package config

import (
	"maps"
	"slices"
	"strings"

	"scanpost/scan/identity"
	"scanpost/scan/identity/carrier"
)

// This file is about what codes mean at this site: [identity].

type rawIdentity struct {
	Patterns []rawPattern
	Carriers []string
	Prefixes []string `toml:"prefixes,one"`
	Mailers  map[string]string
}

type rawPattern struct {
	Prefix, Key   string
	Length        int
	Digits        bool
	BeatsCarriers bool `toml:"beats_carriers"`
}

// Identity says what codes mean at this site. It should be the same on all its
// machines, since it decides on the keys of parcels.
type Identity struct {
	Patterns []identity.Pattern
	Carriers []string          // that come here; empty: any may
	Prefixes []string          // GS1 company prefixes of ours, at every portal; empty: all
	Mailers  map[string]string // who stands behind a mailer id of USPS
}

// Identifier makes what identifies codes on this machine, with the cards as
// they were when the configuration was read.
func (c *Config) Identifier() identity.Identifier {
	id := identity.Identifier{Commands: c.Station.Commands, Patterns: c.Identity.Patterns, Carriers: c.Identity.Carriers, Mailers: c.Identity.Mailers}
	id.Prefixes = slices.Clone(c.Identity.Prefixes)
	for _, p := range c.Portals {
		id.Prefixes = append(id.Prefixes, p.Prefixes...)
	}
	return id
}

// taken are the first parts of keys that mean something already, beside the
// names of the carriers.
var taken = []string{"sscc", "gtin", "sgtin", "grai", "giai", "plate", "code", "epc"}

const longestPattern = 64 // as package identity has it

func (c *checker) identity() {
	r := c.raw.Identity
	known := carrier.Names()
	for i, name := range r.Carriers {
		key := at("identity", "carriers", i)
		switch {
		case !slices.Contains(known, name):
			c.wrong(key, "%q is no carrier known here; write one of %s", name, strings.Join(known, ", "))
		case slices.Contains(r.Carriers[:i], name):
			c.wrong(key, "%q is there twice; take one out", name)
		}
	}
	for i, prefix := range r.Prefixes {
		if len(prefix) < 4 || len(prefix) > 12 || !digits(prefix) {
			c.wrong(at("identity", "prefixes", i), `%q is no GS1 company prefix; it has 4 to 12 digits, such as "4012345"`, prefix)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Mailers)) {
		key := at("identity", "mailers", id)
		switch {
		case !digits(id) || len(id) != 9 && len(id) != 6 || (len(id) == 9) != strings.HasPrefix(id, "9"):
			c.wrong(key, "%q is no mailer id; it has 9 digits and begins with 9, or 6 and begins otherwise", id)
		case r.Mailers[id] == "":
			c.wrong(key, `is empty; write who it is, such as "FedEx Ground Economy"`)
		}
	}
	c.cfg.Identity = Identity{Carriers: r.Carriers, Prefixes: r.Prefixes, Mailers: r.Mailers, Patterns: c.patterns(r.Patterns)}
}

func (c *checker) patterns(raws []rawPattern) (all []identity.Pattern) {
	for i, r := range raws {
		key := at("identity", "patterns", i)
		c.name(key.then("key"), r.Key, `what the key of such a code begins with, such as "order"`)
		if slices.Contains(taken, r.Key) || slices.Contains(carrier.Names(), r.Key) {
			c.wrong(key.then("key"), "%q means something already; write another, such as %q", r.Key, "own-"+r.Key)
		}
		switch {
		case r.Prefix == "":
			c.wrong(key.then("prefix"), `is missing; write how such codes begin and no others do, such as "ORD-"`)
		case len(r.Prefix) >= longestPattern || !printable(r.Prefix) || strings.TrimSpace(r.Prefix) != r.Prefix:
			c.wrong(key.then("prefix"), `%q can not begin a code; write printable ASCII without spaces at its ends, such as "ORD-"`, r.Prefix)
		case r.Length != 0 && (r.Length <= len(r.Prefix) || r.Length > longestPattern):
			c.wrong(key.then("length"), "is of the whole code: more than the prefix has (%d) and at most %d, not %d", len(r.Prefix), longestPattern, r.Length)
		}
		for k, earlier := range raws[:i] {
			if earlier.Prefix != "" && strings.HasPrefix(r.Prefix, earlier.Prefix) && (earlier.Length == 0 || earlier.Length == r.Length) && (!earlier.Digits || r.Digits && digits(r.Prefix[len(earlier.Prefix):]+"0")) {
				c.wrong(key.then("prefix"), "%q is never looked at, since pattern %d takes all codes that begin with %q; write this one first", r.Prefix, k+1, earlier.Prefix)
				break
			}
		}
		all = append(all, identity.Pattern{Key: r.Key, Prefix: r.Prefix, Length: r.Length, Digits: r.Digits, BeatsCarriers: r.BeatsCarriers})
	}
	return all
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" && s != "" }

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f })
}
