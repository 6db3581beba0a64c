// Package config turns a station.toml into values that hold together.
//
// Everything a person can have got wrong is found here, at start and all at
// once, with the line and what to write instead: a station that fails at six
// in the morning should fail before the first parcel, and once. What only the
// machine can tell (is the cable in, is the disk full) is not asked here; that
// is scanpost doctor.
package config

import (
	_ "embed" // the sample
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"time"

	"scanpost/devices/profile"
	"scanpost/scan"
	"scanpost/scan/identity/command"
	"scanpost/sync/event"
)

// Sample is a commented configuration with every key and its default. Init
// prints it, and a test loads it.
//
//go:embed sample.toml
var Sample string

// Config is one machine's configuration.
type Config struct {
	File       string // where it was read from
	Station    Station
	Devices    []Device
	Portals    []Portal
	Links      []scan.LinkRule
	MQTT       *MQTT // the broker to talk to: [mqtt], else the machine's own [broker]; nil if there is none
	Broker     *Broker
	Board      *Board
	Screen     *Screen
	Journeys   []scan.Journey
	Neighbours []scan.Neighbour
	Rules      Rules
	Identity   Identity
	Exceptions []string // reasons for exception cards
	Hints      []string // what is allowed and probably not meant
}

// Station says which machine this is.
type Station struct {
	Site, Name  string // Name is empty on a machine without devices that gives none
	Checkpoint  string
	Data        string // folder
	Retention   time.Duration
	Quota       int64         // bytes that may wait for their receipts; 0 for no limit
	MaxAge      time.Duration // so long may the oldest of them wait; 0 for no limit
	Repeat      time.Duration
	Consumers   []string     // who must have confirmed an event before it is forgotten
	Commands    command.Site // without a key, command cards are not obeyed
	CommandFile string       // where Commands were read from; see [ReadCommands]
}

// Device is one scanner or reader.
type Device struct {
	Name       string
	Checkpoint string // its own or the station's
	Port       string // an address that devices/port understands
	Profile    *profile.Profile
	Antennas   map[int]string // checkpoint by antenna; nil: all stand at Checkpoint
	Tags       bool           // it reads radio tags
}

// Places are the checkpoints that a device serves, its own first.
func (d *Device) Places() []string {
	places := []string{d.Checkpoint}
	for _, antenna := range slices.Sorted(maps.Keys(d.Antennas)) {
		if place := d.Antennas[antenna]; !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return places
}

// Portal says how the radio tags at a checkpoint are taken for passes. Zero
// means the default that package pass gives.
type Portal struct {
	At                        string
	Gap, Dwell, Rearm, Absent time.Duration
	Threshold                 int // dBm; 0: default
	Reads                     int
	SingleTarget              bool
	Line                      [2]int   // antennas in the order of travel; zero: direction is not told
	Foreign                   string   // tags that are not GS1's: "record" as code:, or "ignore"; empty: cards of 125 kHz are recorded, UHF tags are not
	Prefixes                  []string // GS1 company prefixes of ours; empty: all
	Gate                      *Gate    // nil: none
}

// Gate is a photo-eye or a door contact at a portal, wired to an input of a
// tag reader.
type Gate struct {
	Device string // the reader
	Input  int    // from 1
	Open   string // "on" or "off": how the input is while a parcel is there
	NoRead bool   // an opening in which no tag passed is reported as an unreadable parcel
}

// MQTT is the broker to talk to.
type MQTT struct {
	URL            string // mqtt://host:port or mqtts://host:port
	User, Password string
	Backlog        int    // events a second after an outage; 0 for as many as the broker takes
	CA, Cert, Key  string // files
	ClientID       string
}

// Broker is the embedded broker.
type Broker struct {
	Listen string
	Users  map[string]string // user to password or its hash; nil: anyone may connect

	CA, Cert, Key string // files; no Cert: without TLS; with CA, clients show a certificate that it signed

	Boards, Consumers, Orders []string // users that are these; every other is the station of its name
}

// Rules are the topics that a user may use: those of its roles.
func (b *Broker) Rules(site, user string) []event.Rule {
	var all []event.Rule
	station := true
	for _, r := range []struct {
		users []string
		role  event.Role
	}{{b.Consumers, event.Consumer}, {b.Orders, event.Orders}} {
		if slices.Contains(r.users, user) {
			all, station = append(all, event.Rules(site, user, r.role)...), false
		}
	}
	if slices.Contains(b.Boards, user) { // a bench that is the board as well has one user for both
		all = append(all, event.Rules(site, user, event.Board)...)
	}
	if station {
		all = append(all, event.Rules(site, user, event.Station)...)
	}
	return all
}

// Board is the managers' board.
type Board struct{ Listen string }

// Screen is the operator's screen.
type Screen struct{ Listen string }

// Rules say how gaps are judged.
type Rules struct {
	Margin      time.Duration
	Transit     time.Duration
	SilentAfter time.Duration
	HeadEvery   time.Duration
}

// Load reads a configuration file. For mistakes in it see [IsMistake].
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w (scanpost init prints one to start from)", err)
	}
	return Parse(path, data)
}

// OwnBroker reports whether the broker to talk to is the machine's own.
func (c *Config) OwnBroker() bool {
	if c.MQTT == nil || c.Broker == nil {
		return false
	}
	u, err := url.Parse(c.MQTT.URL)
	if err != nil {
		return false
	}
	_, port, _ := net.SplitHostPort(c.Broker.Listen)
	return u.Port() == port && loopback(u.Hostname())
}
