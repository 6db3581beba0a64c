package config

import (
	"sync"

	"scanpost/sync/event"
)

// BrokerRules say who may write and read what at the embedded broker; nil where
// anybody may connect.
func (c *Config) BrokerRules() func(user string, write bool, topic string) bool {
	if c.Broker == nil || len(c.Broker.Users) == 0 {
		return nil
	}
	var mu sync.Mutex
	known := map[string][]event.Rule{}
	return func(user string, write bool, topic string) bool {
		mu.Lock()
		rules, ok := known[user]
		if !ok {
			rules = c.Broker.Rules(c.Station.Site, user)
			known[user] = rules // only users of the file come this far
		}
		mu.Unlock()
		for _, r := range rules {
			if r.Allows(write, topic) {
				return true
			}
		}
		return false
	}
}
