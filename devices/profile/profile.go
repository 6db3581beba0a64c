// Package profile reads device profiles: one TOML file for each device model
// and mode, which says how to recognise it, how its port is set, which decoder
// reads it and how it is told good and bad.
//
//	profile.Load("zebra-ds2208-cdc")    one of those in firmware-configs
//	profile.LoadFile("mine.toml")       one of your own
//
// A profile proves itself: it carries bytes from a real device and what they
// mean, and [Profile.Check] runs them. The decoders are handed in there, for
// they live in package devices, which reads profiles itself.
//
// What a profile is not sure of is data too (Unconfirmed), so that nobody
// takes a guess for a fact because it stands in a file.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"scanpost/devices/strict"
	firmware "scanpost/firmware-configs"
)

// Profile is one device model in one mode.
type Profile struct {
	Name        string // the file's name without .toml
	Model       string // "Zebra DS2208"
	Mode        string // "cdc"
	Decoder     string
	Remark      string   // for the colleague at the bench: which cable, which sheet
	Unconfirmed []string // what nobody has seen on a real device yet
	Port        Port
	Quiet       time.Duration  // how long a line is silent before the decoder is told
	Options     map[string]any // the decoder's
	Feedback    Feedback
	Examples    []Example

	file string
	data []byte
}

// Port says what the device is plugged into.
type Port struct {
	Type     string // "serial" or "hid"
	Baud     int    // serial only, like the three below
	DataBits int
	Parity   string   // "none", "odd", "even", "mark", "space"
	StopBits string   // "1", "1.5", "2"
	USB      []string // ids such as "05e0:1701"; a ? stands for any digit
}

// Feedback is what to send for a good and a bad signal; nil if the device
// has none in this mode.
type Feedback struct{ Good, Bad []byte }

// Fits reports whether a plugged-in device may be of this profile. kind is
// "serial" or "hid". The same ids may fit several profiles.
func (p *Profile) Fits(kind string, vendor, product uint16) bool {
	id := fmt.Sprintf("%04x:%04x", vendor, product)
	return kind == p.Port.Type && slices.ContainsFunc(p.Port.USB, func(pattern string) bool {
		fits, _ := path.Match(pattern, id)
		return fits
	})
}

// Load reads a profile that comes with Scanpost.
func Load(name string) (*Profile, error) {
	file := name + ".toml"
	data, err := fs.ReadFile(firmware.Files, file)
	if err != nil {
		names := Names()
		if near := strict.Near(name, names); len(near) > 0 {
			return nil, fmt.Errorf("no profile %q (did you mean %s?)", name, strings.Join(near, " or "))
		}
		return nil, fmt.Errorf("no profile %q; there are %s, or give the path of your own .toml file", name, strings.Join(names, ", "))
	}
	return parse(file, data)
}

// LoadFile reads a profile from a file of one's own.
func LoadFile(file string) (*Profile, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, data)
}

// Names lists the profiles that come with Scanpost.
func Names() []string {
	files, _ := fs.Glob(firmware.Files, "*.toml") // the pattern is good
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".toml")
	}
	return files
}

// All reads every profile that comes with Scanpost. Those that can be read
// are returned also when others cannot.
func All() ([]*Profile, error) {
	var all []*Profile
	var mistakes []error
	for _, name := range Names() {
		p, err := Load(name)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		all = append(all, p)
	}
	return all, errors.Join(mistakes...)
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".toml") }
