package config

import (
	"cmp"
	"errors"
	"os"
	"strings"

	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/strict"
)

func (c *checker) devices() {
	names, ports := map[string]int{}, map[string]int{}
	for i, r := range c.raw.Device {
		key := at("device", i)
		c.name(key.then("name"), r.Name, `a name of your choice, such as "hand"`)
		c.once(names, key.then("name"), r.Name)
		d := Device{Name: r.Name, Checkpoint: cmp.Or(r.Checkpoint, c.raw.Station.Checkpoint)}
		switch {
		case d.Checkpoint == "":
			c.wrong(key.then("checkpoint"), `is missing, here and in [station]; write where the device stands, such as "pack"`)
		case r.Checkpoint != "":
			c.name(key.then("checkpoint"), r.Checkpoint, "")
		}
		d.Profile = c.profile(key.then("profile"), r.Profile)
		d.Profile = c.options(key, r.Options, d.Profile)
		d.Tags = d.Profile != nil && hearsTags(d.Profile)
		d.Antennas = c.antennas(key.then("antennas"), r.Antennas, d.Profile)
		d.Port = c.port(key.then("port"), r.Port, d.Profile)
		c.once(ports, key.then("port"), d.Port)
		c.apart(key.then("port"), d.Port)
		c.cfg.Devices = append(c.cfg.Devices, d)
	}
}

// apart refuses an address that another device's may stand for as well: each
// would take the other's scanner when it is plugged in again.
func (c *checker) apart(key path, text string) {
	a, err := port.ParseAddress(text)
	if err != nil || a.Scheme != port.USB && a.Scheme != port.HID {
		return
	}
	for _, d := range c.cfg.Devices {
		b, err := port.ParseAddress(d.Port)
		if err != nil || b == a || b.Scheme != a.Scheme || b.Vendor != a.Vendor || b.Product != a.Product {
			continue
		}
		bySerial := a.SerialNumber != "" && b.SerialNumber != "" && a.SerialNumber != b.SerialNumber
		bySocket := a.Socket != "" && b.Socket != "" && a.Socket != b.Socket
		if !bySerial && !bySocket {
			c.wrong(key, "%s and the port of %q, %s, may be the same scanner; give both a serial number (/S123) or both a socket (@1-2)", text, d.Name, d.Port)
		}
	}
}

// profile loads a known profile by name, or a file of one's own.
func (c *checker) profile(key path, name string) *profile.Profile {
	if name == "" {
		c.wrong(key, `is missing; scanpost devices tells which one fits, such as "zebra-ds2208-cdc"`)
		return nil
	}
	load, own := profile.Load, strings.HasSuffix(name, ".toml")
	if own {
		load, name = profile.LoadFile, c.file(name)
	}
	p, err := load(name)
	var mistakes strict.Mistakes
	switch {
	case err == nil:
		return p
	case errors.As(err, &mistakes):
		c.wrong(key, "%v; mend it until scanpost check %s is content", mistakes[0], name)
	case own && errors.Is(err, os.ErrNotExist):
		c.wrong(key, "there is no file %s; write the name of a known profile (scanpost devices profiles), or the path of your own", name)
	default:
		c.wrong(key, "%v", err)
	}
	return nil
}

// port checks an address, and that the profile is for such a wire.
func (c *checker) port(key path, text string, p *profile.Profile) string {
	if text == "" {
		c.wrong(key, `is missing; scanpost devices tells what to write, such as "usb:05e0:1701"`)
		return ""
	}
	a, err := port.ParseAddress(text)
	if err != nil {
		c.wrong(key, "%v", err)
		return ""
	}
	if a.Scheme == port.Replay {
		a.Path = c.file(a.Path)
	}
	if p == nil {
		return a.String()
	}
	hid := p.Port.Type == "hid"
	switch {
	case hid && (a.Scheme == port.Serial || a.Scheme == port.USB || a.Scheme == port.TCP):
		c.wrong(key, "%s is a serial line, and the profile %s reads HID reports; write hid:…, or the profile of the device's serial mode", text, p.Name)
	case !hid && a.Scheme == port.HID:
		c.wrong(key, "%s is a HID device, and the profile %s reads a serial line; write usb:… or serial:…, or the profile of the device's HID mode", text, p.Name)
	}
	return a.String()
}
