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
	"maps"
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
	Remark      string            // for the colleague at the bench: which cable, which sheet
	Unconfirmed []string          // what nobody has seen on a real device yet
	Trust       map[string]string // where each part comes from: see Parts and Marks
	Port        Port
	Quiet       time.Duration  // how long a line is silent before the decoder is told
	Alive       time.Duration  // after so long without a word the device is asked who it is; 0: never
	Options     map[string]any // the decoder's
	Needs       []string       // options that only the site can give, such as the region of a radio
	Commands    []Command      // in the order they are sent
	Facts       Facts
	Settings    []Setting
	Feedback    Feedback
	Sheet       Sheet
	Examples    []Example

	file string
	data []byte
}

// Parts are what a profile says where it has it from, and Marks are the
// sources there are.
var (
	Parts = []string{"recognition", "line", "framing", "opening", "facts", "feedback", "sheet"}
	Marks = map[string]string{
		"D": "the maker's manual, or a standard",
		"S": "read in open source",
		"C": "a published capture of a real device",
		"M": "measured",
		"I": "one person's report",
		"G": "inferred, found in no source",
	}
)

// Port says what the device is plugged into.
type Port struct {
	Type     string // "serial" or "hid"
	Baud     int    // serial only, like the three below
	DataBits int
	Parity   string   // "none", "odd", "even", "mark", "space"
	StopBits string   // "1", "1.5", "2"
	USB      []string // ids such as "05e0:1701"; a ? stands for any digit
	Usage    string   // hid only: which of a device's functions is read, one of Usages; empty if it has no known one
}

// Usages are the functions a HID device can have that a profile may name.
var Usages = []string{"pos", "keyboard", "oem-hand-held", "oem-table-top", "snapi"}

// Command is what the station sends of its own accord, after each plug-in.
// Everything here is safe to repeat and changes nothing in flash.
type Command struct {
	When    string // "open": makes it ready; "ask": who are you, what are your settings
	Say     string // what it does, for people
	Bytes   []byte // HID: one report, its number first
	Feature bool   // HID: a feature report, and no output report
	Answer  bool   // the device answers, and is waited for
	Wait    time.Duration
	Tries   int           // how often it is sent, if no answer comes
	Gap     time.Duration // before the next
}

// Facts are the family's names for what every device should tell of itself;
// empty if it does not, or nobody knows the name.
type Facts struct{ Model, Serial, Firmware string }

// Setting is a fact that has to have a value, or else the device is not set up
// as this profile needs it.
type Setting struct {
	Name, Want string
	Say        string // what it means, for people
	Set        []byte // sets it right, until the power goes; nil if nobody knows how
	Repair     bool   // send Set, and do not only tell
}

// Feedback is what to send for a good and a bad signal; nil if the device
// has none in this mode.
type Feedback struct {
	Means     string // what the device's own sound can come to mean, one of Means
	Good, Bad []byte
	Answered  bool // the device answers a signal, and it counts as lost if not
}

// Means are what the sound of a device can be made to mean.
var Means = map[string]string{
	"acknowledge": "the scanner waits for the station: its own good beep comes after the scan is on disk",
	"signal":      "the scanner beeps when it reads, and signals again when the scan is on disk",
	"none":        "the scanner's beep says it has read; that the scan is on disk, the station's screen says",
}

// Sheet is what to scan, once, to put a factory-fresh device into this mode.
type Sheet struct {
	Steps  []Step
	Verify string // a code to scan last, which proves the set-up; empty is Verification
}

// Step is one thing to scan or to set.
type Step struct {
	Do      string // "Restore factory defaults"
	Page    string // where the maker's own barcode is: manual and chapter
	Code    string // what we draw; empty if only the maker's own will do
	Carrier string // of Code, one of Carriers
	Trust   string // of Code, one of Marks
}

// Carriers are the symbologies a step can be drawn in. "code-128-fnc3" begins
// with the function character by which scanners know a command.
var Carriers = []string{"code-128", "code-128-fnc3", "datamatrix", "qr", "aztec"}

// With is the profile with some of its options as the site wants them.
func (p *Profile) With(options map[string]any) *Profile {
	if len(options) == 0 {
		return p
	}
	with := *p
	with.Options = maps.Clone(p.Options)
	if with.Options == nil {
		with.Options = map[string]any{}
	}
	maps.Copy(with.Options, options)
	return &with
}

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
		return nil, fmt.Errorf("no profile %q; \"scanpost devices profiles\" lists those there are, or give the path of your own .toml file", name)
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
