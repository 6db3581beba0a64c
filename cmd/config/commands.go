package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"scanpost/scan/identity/command"
)

// This file is about command cards: the site's key, and what is to be printed.

type rawCommands struct {
	Exceptions []string
}

func (c *checker) commands() {
	key := at("station", "command_key_file")
	if name := c.raw.Station.CommandKeyFile; name != "" {
		site, err := readCommands(c.file(name), name)
		if err != nil {
			c.wrong(key, "%v", err)
		}
		c.cfg.Station.Commands, c.cfg.Station.CommandFile = site, c.file(name)
	}
	reasons := c.raw.Commands.Exceptions
	for i, reason := range reasons {
		key := at("commands", "exceptions", i)
		switch {
		case !command.ValidArg(reason):
			c.wrong(key, "%q can not be on a card; write 1 to %d of A-Z, 0-9 and -, such as %q", reason, command.MaxArg, plainReason(reason))
		case slices.Contains(reasons[:i], reason):
			c.wrong(key, "%q is there twice; take one out", reason)
		}
	}
	c.cfg.Exceptions = reasons
}

// plainReason is the nearest word that can be on a card.
func plainReason(s string) string {
	s = strings.Map(func(r rune) rune {
		if command.ValidArg(string(r)) {
			return r
		}
		return '-'
	}, strings.ToUpper(s))
	return cmp.Or(strings.Trim(s[:min(len(s), command.MaxArg)], "-"), "DAMAGED")
}

// ReadCommands reads a command_key_file as [Parse] does. A station looks at it
// again when it has changed, so that a card that is revoked at six is not
// obeyed at one past six.
func ReadCommands(file string) (command.Site, error) { return readCommands(file, filepath.Base(file)) }

func readCommands(file, name string) (command.Site, error) {
	text, err := readSecret(file, name)
	if err != nil {
		return command.Site{}, err
	}
	site, err := command.Read(text)
	if err != nil {
		return command.Site{}, fmt.Errorf("%s, %w", name, err)
	}
	return site, nil
}
