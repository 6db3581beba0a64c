package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"scanpost/cmd/config"
	"scanpost/devices/port"
	"scanpost/devices/profile"
)

// block is a device as it stands in station.toml.
func block(name, profileName, address string) string {
	return fmt.Sprintf("[[device]]\nname = %s\nprofile = %s\nport = %s\n", tomlText(name), tomlText(profileName), tomlText(address))
}

// tomlText is a basic string: its escapes are those of JSON.
func tomlText(s string) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSpace(buf.String())
}

// toAdd are the blocks of all that fits a profile and is not configured.
func (l *listing) toAdd() []string {
	taken := map[string]bool{}
	if l.cfg != nil {
		for _, d := range l.cfg.Devices {
			taken[d.Name] = true
		}
	}
	var blocks []string
	for _, f := range l.found {
		fits := fitting(f, l.known)
		if _, configured := l.deviceOf(f); configured || len(fits) == 0 {
			continue
		}
		if _, err := port.ParseAddress(f.Address); err != nil {
			continue // a serial number with control characters: no configuration can name it
		}
		blocks = append(blocks, block(freeName(fits[0].Profile, taken), fits[0].Name, f.Address))
	}
	return blocks
}

// freeName is a name for a device that no other has: what the model is called,
// or "hand".
func freeName(p *profile.Profile, taken map[string]bool) string {
	words := strings.Fields(p.Model)
	base := "hand"
	if !isGeneric(p) {
		base = configName(words[len(words)-1])
	}
	name := base
	for n := 2; taken[name]; n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	taken[name] = true
	return name
}

// configName keeps what a name in station.toml may be made of.
func configName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	if s = strings.Trim(s, "-"); s == "" {
		return "hand"
	}
	return s
}

func (l *listing) blocks(w, errs io.Writer) error {
	blocks := l.toAdd()
	if len(blocks) == 0 {
		_, err := fmt.Fprintln(errs, "scanpost: there is nothing to add: scanpost devices says why")
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s", strings.Join(blocks, "\n"))
	return err
}

func (l *listing) configName() string {
	if l.cfg == nil {
		return "a station.toml"
	}
	return harmless(l.cfg.File)
}

// deviceOf finds a plugged-in device in the configuration.
func (l *listing) deviceOf(f port.Found) (config.Device, bool) {
	if l.cfg == nil {
		return config.Device{}, false
	}
	for _, d := range l.cfg.Devices {
		if a, err := port.ParseAddress(d.Port); err == nil && means(a, f) {
			return d, true
		}
	}
	return config.Device{}, false
}

// means reports whether an address of the configuration finds the device.
func means(a port.Address, f port.Found) bool {
	switch a.Scheme {
	case port.Serial:
		node, err := filepath.EvalSymlinks(a.Path)
		return f.Kind != port.HID && (a.Path == f.Node || err == nil && node == f.Node)
	case port.USB, port.HID:
		return a.Scheme == f.Kind && a.Vendor == f.VendorID && a.Product == f.ProductID &&
			(a.SerialNumber == "" || a.SerialNumber == f.Serial) && (a.Socket == "" || a.Socket == f.Socket)
	}
	return false
}
