package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
)

// station is the least that makes a station; tests put more below it.
const station = `[station]
site = "ham1"
name = "pack-07"
checkpoint = "pack"
[[device]]
name = "hand"
profile = "zebra-ds2208-cdc"
port = "usb:05e0:1701"
`

func TestMistakesSayWhatToWrite(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"open.password": "secret", "empty.password": " \n", "short.key": "1234", "good.users": "good:pass\n", "users": "good:pass\nbad\n", "ok.password": "secret", "ca.pem": "no certificate"} {
		write(t, filepath.Join(dir, name), text, 0o600)
	}
	if err := os.Chmod(filepath.Join(dir, "open.password"), 0o644); err != nil {
		t.Fatal(err)
	}
	mqtt := func(lines string) string { return station + "[mqtt]\nurl = \"mqtts://broker.example\"\n" + lines }
	journey := func(steps string) string { return station + "[[journey]]\nname = \"out\"\nsteps = [" + steps + "]\n" }
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key": {strings.Replace(station, "[[device]]", "retension = \"24h\"\n[[device]]", 1),
			`station.toml:5: unknown key "retension" in [station] (did you mean "retention"?)`},
		"a number for text": {strings.Replace(station, `"pack-07"`, "7", 1), `station.toml:3: "name" in [station] must be text, not the number 7`},
		"a site name with capitals": {strings.Replace(station, `"ham1"`, `"Ham 1"`, 1),
			`station.toml:2: "site" in [station]: "Ham 1" is not a name; use small letters, digits and hyphens, such as "ham-1"`},
		"no site": {strings.Replace(station, `site = "ham1"`, "", 1),
			`station.toml:1: "site" in [station]: is missing; write the name of this building, such as "ham1"`},
		"a station named board": {strings.Replace(station, `"pack-07"`, `"board"`, 1),
			`station.toml:3: "name" in [station]: "board" is kept for the board itself; write another, such as "office-1"`},
		"two devices of one name": {station + "[[device]]\nname = \"hand\"\nprofile = \"zebra-ds2208-cdc\"\nport = \"serial:/dev/ttyS1\"\n",
			`station.toml:10: "name" in [[device]]: "hand" is already used in line 6; write another name`},
		"two devices that may be one": {station + "[[device]]\nname = \"fixed\"\nprofile = \"zebra-ds2208-cdc\"\nport = \"usb:05e0:1701@1-2\"\n",
			`usb:05e0:1701@1-2 and the port of "hand", usb:05e0:1701, may be the same scanner; give both a serial number (/S123) or both a socket (@1-2)`},
		"two devices on one port": {station + "[[device]]\nname = \"fixed\"\nprofile = \"zebra-ds2208-cdc\"\nport = \"usb:05E0:1701\"\n",
			`station.toml:12: "port" in [[device]]: "usb:05e0:1701" is already used in line 8; write another name`},
		"a port that is a path": {strings.Replace(station, "usb:05e0:1701", "/dev/ttyS1", 1), `perhaps serial:/dev/ttyS1`},
		"no checkpoint anywhere": {strings.Replace(station, `checkpoint = "pack"`, "", 1),
			`station.toml:5: "checkpoint" in [[device]]: is missing, here and in [station]; write where the device stands, such as "pack"`},
		"nothing to do": {"[station]\nsite = \"ham1\"\n",
			`station.toml:1: [station]: this machine has nothing to do; add [[device]] for a station, [board] for a board or [broker] for a broker`},
		"a screen without devices": {"[station]\nsite = \"ham1\"\n[broker]\n[screen]\n",
			`station.toml:4: [screen]: it shows what this machine's devices read, and there are none; add [[device]] or take [screen] out`},
		"a board that hears nobody": {journey(`{ at = "pack" }, { at = "load" }`) + "[board]\n", `[board]: it hears the stations through a broker, and none is named; add [mqtt] with its url, or [broker]`},
		"a board without a journey": {station + "[broker]\n[board]\n", `[board]: it finds what is missing on a journey, and there is none; add [[journey]] with name and steps`},
		"listen without a port": {station + "[broker]\nlisten = \"localhost\"\n",
			`station.toml:10: "listen" in [broker]: "localhost" is not host:port; write "localhost:1883"`},
		"listen on a bare port":         {station + "[broker]\nlisten = \"1883\"\n", `"1883" is not host:port; write "127.0.0.1:1883"`},
		"listen on a port that is none": {station + "[broker]\nlisten = \":99999\"\n", `":99999" is not host:port; write for example "127.0.0.1:1883"`},
		"two that listen in one place": {station + "[broker]\nlisten = \"127.0.0.1:7070\"\n[screen]\n",
			`"listen" in [screen]: 127.0.0.1:7070 is already the address of "listen" in [broker]; write another port`},
		"no url":                            {station + "[mqtt]\n", `"url" in [mqtt]: is missing; write where the broker is, such as mqtts://broker.example:8883`},
		"a url of the web":                  {station + "[mqtt]\nurl = \"https://b.example\"\n", `"https://b.example" begins with https://; write mqtts:// or, without encryption, mqtt://`},
		"a password in the url":             {station + "[mqtt]\nurl = \"mqtt://u:p@b.example\"\n", `holds a user or password, and this file is not secret; write user and password_file`},
		"a password without user":           {mqtt("password_file = \"ok.password\"\n"), `station.toml:11: "password_file" in [mqtt]: is given without a user; add user, or take password_file out`},
		"a password file that is not there": {mqtt("user = \"a\"\npassword_file = \"nowhere\"\n"), `"password_file" in [mqtt]: nowhere can not be read: no such file or directory`},
		"a password that everybody can read": {mqtt("user = \"a\"\npassword_file = \"open.password\"\n"),
			`"password_file" in [mqtt]: open.password can be read by everybody on this machine; say chmod 600 open.password`},
		"a folder for a password":                 {mqtt("user = \"a\"\npassword_file = \".\"\n"), `. is not a plain file; write the path of one`},
		"an empty password":                       {mqtt("user = \"a\"\npassword_file = \"empty.password\"\n"), `empty.password is empty`},
		"cert without key":                        {mqtt("cert = \"x.pem\"\n"), `"cert" in [mqtt]: is given without its key; add key, the file with the certificate's private key`},
		"key without cert":                        {mqtt("key = \"x.key\"\n"), `"key" in [mqtt]: is given without its certificate; add cert, the file with the certificate`},
		"broker's cert without key":               {station + "[broker]\nlisten = \"127.0.0.1:0\"\ncert = \"x.pem\"\n", `"cert" in [broker]: is given without its key; add key, the file with the certificate's private key`},
		"broker's key without cert":               {station + "[broker]\nlisten = \"127.0.0.1:0\"\nkey = \"x.key\"\n", `"key" in [broker]: is given without its certificate; add cert, the file with the certificate`},
		"broker's ca without cert":                {station + "[broker]\nlisten = \"127.0.0.1:0\"\nca = \"ca.pem\"\n", `"ca" in [broker]: says whose certificates clients have to show, and without cert and key there is no TLS; add them, or take it out`},
		"broker with TLS and no mqtt":             {station + "[broker]\nlisten = \"127.0.0.1:0\"\ncert = \"x.pem\"\nkey = \"ok.password\"\n", `"cert" in [broker]: this machine has to speak TLS with its broker as well; add [mqtt] with an mqtts:// url and the ca that signed this certificate`},
		"ca without encryption":                   {station + "[mqtt]\nurl = \"mqtt://b.example\"\nca = \"ca.pem\"\n", `mqtt://b.example:1883 is not encrypted, so ca, cert and key would have no effect; write mqtts://, or take them out`},
		"users, and none of them is this machine": {station + "[broker]\npassword_file = \"good.users\"\n", `this machine has to log in to its broker as well; add [mqtt] with url, user and password_file`},
		"nobody confirms":                         {strings.Replace(station, "[[device]]", "consumers = []\n[[device]]", 1), `leave the line out for ["board"]`},
		"a user without password":                 {station + "[mqtt]\nurl = \"mqtt://127.0.0.1\"\n" + "[broker]\npassword_file = \"users\"\n", `users:2: want user:password`},
		"a command key that can be guessed": {strings.Replace(station, "[[device]]", "command_key_file = \"short.key\"\n[[device]]", 1),
			`"command_key_file" in [station]: short.key, line 1: the key has 4 characters and needs 16; make one, for example with openssl rand -hex 16`},
		"within of nothing":    {journey(`{ at = "a" }, { at = "b", within = "0s" }`), `"within"`},
		"within without unit":  {journey(`{ at = "a" }, { at = "b", within = "4" }`), `"4" is not a time span such as "30s", "5m" or "4h"`},
		"one step":             {journey(`{ at = "a" }`), `"steps" in [[journey]]: a scan is missed between two steps, and there are not two`},
		"a step twice":         {journey(`{ at = "a" }, { at = "a" }`), `station.toml:11: "at" in [[journey]]: "a" is already used in line 11; write another name`},
		"a step without place": {journey(`{ at = "a" }, { within = "4h" }`), `"at" in [[journey]]: is missing; write the checkpoint, such as "pack"`},
		"within on the first step": {journey("\n{ at = \"a\", within = \"4h\" },\n{ at = \"b\" }"),
			`station.toml:12: "steps" in [[journey]]: the first step has no step before it to be measured from; take within and transit out`},
		"within shorter than transit": {journey(`{ at = "a" }, { at = "b", within = "4s" }`),
			`a parcel needs at least 5s to get here (transit) and may take no more than 4s; write a longer within or a shorter transit`},
		"a neighbour that stands nowhere": {station + "[[neighbour]]\nname = \"pack-08\"\n",
			`"checkpoints" in [[neighbour]]: is missing; write where its devices stand, such as ["pack"], or retired = true`},
		"silence shorter than heads": {station + "[rules]\nsilent_after = \"3s\"\n", `"silent_after" in [rules]: 3s is less than two heads (head_every is 2s)`},
		"a slip in the syntax":       {strings.Replace(station, `"pack-07"`, `"pack-07`, 1), `station.toml:3: `},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse(filepath.Join(dir, "station.toml"), []byte(c.text))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
			if !config.IsMistake(err) {
				t.Errorf("%T is not taken for a mistake in the configuration", err)
			}
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("one mistake brought others with it:\n%v", err)
			}
		})
	}
}

// All mistakes are told at once, in the order of the file.
func TestAllAtOnce(t *testing.T) {
	_, err := config.Parse("/etc/scanpost/station.toml", []byte(`[station]
site = "Ham"
name = "board"
colour = "blue"
[[device]]
name = "hand"
profile = "zebra-ds2208"
port = "com1"
[broker]
listen = "x"
`))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	var lines []string
	for _, l := range strings.Split(err.Error(), "\n") {
		place, _, _ := strings.Cut(l, ": ")
		lines = append(lines, place)
	}
	want := "station.toml:2 station.toml:3 station.toml:4 station.toml:5 station.toml:7 station.toml:8 station.toml:10"
	if got := strings.Join(lines, " "); got != want {
		t.Errorf("got  %s\nwant %s\n%v", got, want, err)
	}
}

// What a file does not say has its default.
func TestDefaults(t *testing.T) {
	c := parse(t, station)
	if c.MQTT != nil || c.Broker != nil || c.Board != nil || c.Screen != nil {
		t.Errorf("sections that are not in the file: %+v", c)
	}
	if c.Station.Data != "/var/lib/scanpost" || c.Station.Retention != 168*time.Hour || c.Station.Repeat != 500*time.Millisecond {
		t.Errorf("station %+v", c.Station)
	}
	if want := (config.Rules{Margin: 3 * time.Second, Transit: 5 * time.Second, SilentAfter: 10 * time.Second, HeadEvery: 2 * time.Second}); c.Rules != want {
		t.Errorf("rules %+v, want %+v", c.Rules, want)
	}
	if len(c.Hints) != 1 {
		t.Errorf("scans that go nowhere are worth a hint, got %q", c.Hints)
	}
}

// A machine with a broker of its own talks to it, unless another is named.
func TestOwnBroker(t *testing.T) {
	c := parse(t, station+"[broker]\nlisten = \":1999\"\n")
	if want := (config.MQTT{URL: "mqtt://127.0.0.1:1999", ClientID: "scanpost-ham1-pack-07"}); *c.MQTT != want {
		t.Errorf("got %+v, want %+v", *c.MQTT, want)
	}
	if !c.OwnBroker() {
		t.Error("not taken for its own")
	}
	if len(c.Hints) != 1 {
		t.Errorf("a broker that is open to the network is worth a hint, got %q", c.Hints)
	}
	c = parse(t, station+"[broker]\n[mqtt]\nurl = \"mqtt://other.example:1883\"\n")
	if c.OwnBroker() || c.MQTT.URL != "mqtt://other.example:1883" {
		t.Errorf("talks to %s, own %t", c.MQTT.URL, c.OwnBroker())
	}
}

// A checkpoint that no journey knows is probably a slip of the finger.
func TestHintOfStrayCheckpoint(t *testing.T) {
	c := parse(t, strings.Replace(station, `"pack"`, `"pakc"`, 1)+"[broker]\n[[journey]]\nname = \"out\"\nsteps = [{ at = \"pack\" }, { at = \"load\" }]\n")
	want := `device "hand" stands at "pakc", which is in no journey (load, pack): nothing will be missed there`
	if len(c.Hints) != 1 || c.Hints[0] != want {
		t.Errorf("got %q, want %q", c.Hints, want)
	}
}

// Whatever the bytes, the answer is a configuration or mistakes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(config.Sample))
	f.Add([]byte(station))
	f.Add([]byte("[[device]]\n[device]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("station.toml", data)
		if (c == nil) == (err == nil) {
			t.Errorf("configuration %v and error %v", c, err)
		}
		if err != nil && !config.IsMistake(err) {
			t.Errorf("%T: %v", err, err)
		}
	})
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("station.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// Two scanners of one kind are told apart by socket, or by serial number.
func TestScannersOfOneKind(t *testing.T) {
	for _, with := range []string{"@1-1 @1-2", "/A /B"} {
		one, two, _ := strings.Cut(with, " ")
		device := func(name, which string) string {
			return "[[device]]\nname = \"" + name + "\"\nprofile = \"zebra-ds2208-cdc\"\nport = \"usb:05e0:1701" + which + "\"\n"
		}
		text := "[station]\nsite = \"ham1\"\nname = \"pack-07\"\ncheckpoint = \"pack\"\n" + device("left", one) + device("right", two)
		if _, err := config.Parse("station.toml", []byte(text)); err != nil {
			t.Errorf("%s: %v", with, err)
		}
	}
}
