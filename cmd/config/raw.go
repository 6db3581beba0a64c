package config

import (
	"time"

	"scanpost/devices/strict"
)

// raw is the file as written: every key a station.toml may have. A key that
// is not here is a mistake.
type raw struct {
	Station   rawStation
	Device    []rawDevice
	MQTT      *rawMQTT
	Broker    *rawBroker
	Board     *rawListen
	Screen    *rawListen
	Journey   []rawJourney
	Neighbour []rawNeighbour
	Portal    []rawPortal
	Link      []rawLink
	Rules     rawRules
	Commands  rawCommands
	Identity  rawIdentity
}

type rawStation struct {
	Site, Name, Checkpoint string
	Data                   string
	Retention, Repeat      strict.Duration
	Quota                  string
	MaxAge                 strict.Duration `toml:"max_age"`
	CommandKeyFile         string          `toml:"command_key_file"`
	Consumers              []string
}

type rawDevice struct {
	Name, Profile, Port, Checkpoint string
	Options                         map[string]any    // the profile's, where the site knows better
	Antennas                        map[string]string // checkpoint by number, for a reader whose antennas stand apart
}

type rawPortal struct {
	At            string
	Gap, Dwell    strict.Duration
	Rearm, Absent strict.Duration
	Threshold     *int
	Reads         *int
	SingleTarget  bool `toml:"single_target"`
	Line          []int
	Foreign       string
	Prefixes      []string `toml:"prefixes,one"`
	Gate          *rawGate
}

type rawGate struct {
	Device string
	Input  int
	Open   string
	Empty  string
}

type rawMQTT struct {
	URL, User    string
	PasswordFile string `toml:"password_file"`
	CA           string `toml:"ca"`
	Cert, Key    string
	ClientID     string `toml:"client_id"`
	Backlog      int
}

type rawBroker struct {
	Listen       string
	PasswordFile string `toml:"password_file"`
	CA           string `toml:"ca"`
	Cert, Key    string

	Boards, Consumers, Orders []string
}

type rawListen struct{ Listen string }

type rawJourney struct {
	Name  string
	Steps []rawStep
}

type rawStep struct {
	At              string
	Within, Transit strict.Duration
	Optional        bool
}

type rawNeighbour struct {
	Name        string
	Checkpoints []string
	Retired     bool
}

type rawRules struct {
	Margin, Transit strict.Duration
	SilentAfter     strict.Duration `toml:"silent_after"`
	HeadEvery       strict.Duration `toml:"head_every"`
}

// unset is what holds where the file says nothing. The sample tells the same,
// and a test compares the two.
func unset() raw {
	span := func(d time.Duration) strict.Duration { return strict.Duration(d) }
	return raw{
		Station: rawStation{Data: "/var/lib/scanpost", Retention: span(168 * time.Hour), Repeat: span(500 * time.Millisecond), Consumers: []string{"board"}},
		Rules: rawRules{
			Margin: span(3 * time.Second), Transit: span(5 * time.Second),
			SilentAfter: span(10 * time.Second), HeadEvery: span(2 * time.Second),
		},
	}
}
