package main

import (
	"errors"
	"fmt"
	"slices"

	"scanpost/cmd/machine"
	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan/identity/epc"
	"scanpost/scan/pass"
)

// watchAsk is what the command line asks to watch.
type watchAsk struct {
	profile, address, file string
	options                []string
	bytes                  bool
}

// watching is what is watched: devices, and how their tags are judged.
type watching struct {
	devices []watched
	portals []pass.Portal
	foreign map[string]string // what becomes of tags that are not GS1's, by portal, as the configuration says it
	gates   []gateInput
	ours    epc.Prefixes
}

// gateInput is the input of a reader that tells of a portal's gate.
type gateInput struct {
	portal, device string
	fact, open     string // {"gpi 1", "on"}
}

// watched is a device, and where its antennas stand.
type watched struct {
	*devices.Device
	tags     bool // it reads radio tags, perhaps beside a scanner
	antennas map[int]string
	places   []string // that it stands at
}

// unnamed is the portal of a reader without a configuration.
const unnamed = "-"

func (a *watchAsk) watching() (*watching, error) {
	switch {
	case a.file == "" && a.profile == "" && a.address == "":
		return nil, usageError{errors.New("watch what? add --profile and --port, or -c station.toml (scanpost devices tells what is plugged in)")}
	case a.file == "":
		return a.single()
	case a.profile != "" || a.address != "":
		return nil, usageError{errors.New("either -c, or --profile and --port: the configuration says both")}
	case len(a.options) > 0:
		return nil, usageError{errors.New("either -c, or --set: with -c the options are those of the [[device]]")}
	}
	cfg, err := loadConfig(a.file)
	if err != nil {
		return nil, err
	}
	if len(cfg.Devices) == 0 {
		return nil, usageError{fmt.Errorf("%s has no [[device]] to watch", a.file)}
	}
	w := &watching{portals: machine.Portals(cfg), foreign: map[string]string{}, ours: cfg.Identifier().Prefixes}
	for _, d := range cfg.Devices {
		w.devices = append(w.devices, watched{&devices.Device{Name: d.Name, Checkpoint: d.Checkpoint, Address: d.Port, Profile: d.Profile}, d.Tags, d.Antennas, d.Places()})
	}
	for _, p := range cfg.Portals {
		w.foreign[p.At] = p.Foreign
		if g := p.Gate; g != nil {
			w.gates = append(w.gates, gateInput{p.At, g.Device, fmt.Sprintf("gpi %d", g.Input), g.Open})
		}
	}
	return w, nil
}

// single is one device without a configuration.
func (a *watchAsk) single() (*watching, error) {
	d, err := namedDevice(a.profile, a.address)
	if err != nil {
		return nil, err
	}
	if d.Profile, err = withOptions(d.Profile, a.options); err != nil {
		return nil, err
	}
	d.Checkpoint = unnamed
	return &watching{devices: []watched{{d, readsTags(d.Profile), nil, []string{unnamed}}}, portals: []pass.Portal{{Name: unnamed}}}, nil
}

// column is a device's name, if there are several.
func (w *watching) column(name string) string {
	if len(w.devices) < 2 {
		return ""
	}
	return fmt.Sprintf("  %-10s", name)
}

// readsTags reports whether a profile is a tag reader's, as the configuration
// finds out.
func readsTags(p *profile.Profile) bool {
	decoder, err := devices.NewDecoder(p.Decoder, p.Options)
	if err != nil {
		return false // and Run says why
	}
	_, leads := decoder.(wire.Session)
	return leads || slices.ContainsFunc(p.Examples, func(e profile.Example) bool { return e.Reads != nil && len(*e.Reads) > 0 })
}
