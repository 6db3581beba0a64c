package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"scanpost/devices/strict"
	"scanpost/sync/event"
)

// Parse reads a configuration from memory. The name is the file's, for the
// messages; relative paths in it start at its folder. The error holds every
// mistake of the file.
func Parse(name string, data []byte) (*Config, error) {
	c := &checker{
		doc:   strict.Parse(filepath.Base(name), data),
		raw:   unset(),
		cfg:   &Config{File: name},
		dir:   filepath.Dir(name),
		taken: map[string]string{},
	}
	c.doc.Into(&c.raw)
	c.station()
	c.devices()
	c.broker() // before mqtt, which may fall back on it
	c.mqtt()
	c.pages()
	c.rules()
	c.journeys()
	c.neighbours()
	c.portals()
	c.links()
	c.identity()
	c.role()
	c.hints()
	if err := c.doc.Err(); err != nil {
		return nil, err
	}
	return c.cfg, nil
}

// IsMistake reports whether an error says that a file is wrong, rather than
// that something failed.
func IsMistake(err error) bool {
	var m strict.Mistakes
	return errors.As(err, &m)
}

// checker carries one file from text to values and collects what is wrong.
type checker struct {
	doc   *strict.Doc
	raw   raw
	cfg   *Config
	dir   string
	taken map[string]string // address to the section that listens there
}

// path names a key: at("device", 1, "port").
type path []any

func at(steps ...any) path { return steps }

func (p path) then(steps ...any) path { return append(p[:len(p):len(p)], steps...) }

// String is the key as the file writes it: "port" in [[device]].
func (p path) String() string {
	section := fmt.Sprintf("[%v]", p[0])
	if len(p) > 1 {
		if _, many := p[1].(int); many {
			section = "[" + section + "]"
		}
	}
	for i := len(p) - 1; i > 0; i-- {
		if key, ok := p[i].(string); ok {
			return fmt.Sprintf("%q in %s", key, section)
		}
	}
	return section
}

// wrong notes a mistake at a key: what is wrong, and what to write instead.
func (c *checker) wrong(key path, format string, args ...any) {
	c.doc.At(key...).Mistake("%s: %s", key, fmt.Sprintf(format, args...))
}

func (c *checker) hint(format string, args ...any) {
	c.cfg.Hints = append(c.cfg.Hints, fmt.Sprintf(format, args...))
}

// name checks a name that will stand in topics, events and addresses.
func (c *checker) name(key path, value, what string) {
	switch {
	case value == "":
		c.wrong(key, "is missing; write %s", what)
	case !event.ValidName(value):
		c.wrong(key, "%q is not a name; use small letters, digits and hyphens, such as %q", value, plain(value))
	}
}

// once notes a name that was used before.
func (c *checker) once(seen map[string]int, key path, name string) {
	if name == "" {
		return
	}
	if line, twice := seen[name]; twice {
		c.wrong(key, "%q is already used in line %d; write another name", name, line)
		return
	}
	seen[name] = c.doc.At(key...).Line()
}

// plain is the nearest valid name.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	return cmp.Or(strings.Trim(s[:min(len(s), 40)], "-"), "bench-1")
}

// file makes a file name of the configuration one that can be opened.
func (c *checker) file(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}
