package config

import (
	"fmt"
	"strconv"
	"strings"
)

// smallestQuota holds some thousand scans; less would be a mistake of units.
const smallestQuota = 16 << 20

// limits are how much may wait for its receipts.
func (c *checker) limits(r rawStation) {
	if r.Quota != "" {
		n, err := parseSize(r.Quota)
		switch {
		case err != nil:
			c.wrong(at("station", "quota"), "%v", err)
		case n < smallestQuota:
			c.wrong(at("station", "quota"), "%s is too small to be meant; write at least \"16MB\", or leave the line out for no limit but the disk", r.Quota)
		}
		c.cfg.Station.Quota = n
	}
	c.cfg.Station.MaxAge = r.MaxAge.D()
	if c.cfg.Station.MaxAge < 0 {
		c.wrong(at("station", "max_age"), "must not be negative; leave the line out for no limit")
	}
	if m := c.raw.MQTT; m != nil && m.Backlog < 0 {
		c.wrong(at("mqtt", "backlog"), "must be events a second, or 0 for as many as the broker takes, not %d", m.Backlog)
	}
}

// parseSize reads "500MB" or "2GB": powers of 1024, as a disk's tools count.
func parseSize(text string) (int64, error) {
	units := []struct {
		name string
		size int64
	}{{"MB", 1 << 20}, {"GB", 1 << 30}, {"TB", 1 << 40}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 20)
			if err == nil {
				return int64(n) * u.size, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no size; write a whole number and its unit, such as \"500MB\" or \"2GB\"", text)
}
