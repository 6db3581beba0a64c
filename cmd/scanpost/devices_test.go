package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"scanpost/cmd/config"
	"scanpost/devices/port"
	"scanpost/devices/profile"
)

// some are profiles such as firmware-configs holds, made small.
func some() []*profile.Profile {
	make := func(name, model, mode, kind, usage, means string, usb ...string) *profile.Profile {
		p := &profile.Profile{Name: name, Model: model, Mode: mode, Decoder: "lines", Port: profile.Port{Type: kind, Usage: usage, USB: usb}}
		p.Feedback.Means = means
		if usage == "keyboard" {
			p.Decoder = "hidkeyboard"
		}
		return p
	}
	all := []*profile.Profile{
		make("generic-hid-keyboard", "Generic", "hid keyboard", "hid", "", "none", "05e0:1200", "0c2e:0b61", "05f9:22??"),
		make("generic-serial", "Generic", "serial", "serial", "", "none"),
		make("zebra-ds2208-cdc", "Zebra DS2208", "cdc", "serial", "", "none", "05e0:1701"),
		make("zebra-ds2208-ssi", "Zebra DS2208", "ssi", "serial", "", "acknowledge", "05e0:1701"),
		make("zebra-ds4308-cdc", "Zebra DS4308", "cdc", "serial", "", "none", "05e0:1701"),
		make("zebra-serial", "Zebra", "serial", "serial", "", "none", "05e0:????"),
		make("zebra-ds2208-hid-pos", "Zebra DS2208", "hid pos", "hid", "pos", "none", "05e0:2100"),
		make("zebra-ds2208-hid-keyboard", "Zebra DS2208", "hid keyboard", "hid", "keyboard", "none", "05e0:1200"),
		make("honeywell-serial", "Honeywell", "serial", "serial", "", "signal", "0c2e:????"),
		make("honeywell-1900-dechdr", "Honeywell Xenon 1900", "dechdr", "serial", "", "signal", "0c2e:????"),
		make("honeywell-xenon-1900-hid-pos", "Honeywell Xenon 1900", "hid pos", "hid", "pos", "signal", "0c2e:1007"),
	}
	all[0].Decoder = "hidkeyboard"
	all[2].Unconfirmed = []string{"the suffix CR LF\nwas seen on another"}
	return all
}

// The profile that fits best comes first: the model by which a device calls
// itself, then an exact id, then a pattern, then what is for anything; and of
// equals the mode whose beep can mean most. A device for something else does
// not fit, and a keyboard is never taken for anything but a keyboard.
func TestFitting(t *testing.T) {
	for name, c := range map[string]struct {
		found port.Found
		want  string
	}{
		"an exact id beats a pattern, and a mode with an answer one without": {
			port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x1701, Product: "Bar Code Scanner"},
			"zebra-ds2208-ssi zebra-ds2208-cdc zebra-ds4308-cdc zebra-serial"},
		"the model that it says it is comes first": {
			port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x1701, Product: "Symbol ds4308-sr"},
			"zebra-ds4308-cdc zebra-ds2208-ssi zebra-ds2208-cdc zebra-serial"},
		"a pattern is better than nothing":              {port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x17ff}, "zebra-serial"},
		"of patterns the maker's in general":            {port.Found{Kind: port.USB, VendorID: 0x0c2e, ProductID: 0x0b6a}, "honeywell-serial honeywell-1900-dechdr"},
		"unless the device says the model":              {port.Found{Kind: port.USB, VendorID: 0x0c2e, ProductID: 0x0b6a, Product: "Xenon 1900g"}, "honeywell-1900-dechdr honeywell-serial"},
		"a model beats what is for all":                 {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Usage: "keyboard"}, "zebra-ds2208-hid-keyboard generic-hid-keyboard"},
		"a keyboard's number on a point-of-sale device": {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Usage: "pos"}, ""},
		"a keyboard with a point-of-sale number":        {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x2100, Usage: "keyboard"}, ""},
		"a mouse with a scanner's number":               {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Usage: "mouse"}, ""},
		"no driver has it, so its use can not be read":  {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200}, "zebra-ds2208-hid-keyboard generic-hid-keyboard"},
		"a serial port is no HID device":                {port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x2100}, "zebra-serial"},
		"a plain port says nothing":                     {port.Found{Kind: port.Serial}, ""},
		"an adapter says nothing":                       {port.Found{Kind: port.USB, VendorID: 0x0403, ProductID: 0x6001}, ""},
	} {
		var got []string
		for _, f := range fitting(c.found, some()) {
			got = append(got, f.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q\nwant %q", name, got, c.want)
		}
	}
}

// A scanner in a poorer mode is told of the better one: any of its maker's for
// a keyboard, one of the same model for others.
func TestBetterMode(t *testing.T) {
	for name, c := range map[string]struct {
		found port.Found
		want  string
	}{
		"a keyboard of a known model":                   {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Usage: "keyboard"}, "zebra-ds2208-ssi"},
		"a keyboard that says another model":            {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Usage: "keyboard", Product: "DS4308"}, "zebra-ds2208-ssi"},
		"a point-of-sale device without a signal":       {port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x2100, Usage: "pos"}, "zebra-ds2208-ssi"},
		"the maker's in general before another model's": {port.Found{Kind: port.HID, VendorID: 0x0c2e, ProductID: 0x0b61, Usage: "keyboard"}, "honeywell-serial"},
		"a mode with a signal is good":                  {port.Found{Kind: port.HID, VendorID: 0x0c2e, ProductID: 0x1007, Usage: "pos"}, ""},
		"what fits anyway is no other mode":             {port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x1701}, ""},
		"the operator's keyboard":                       {port.Found{Kind: port.HID, VendorID: 0x046d, ProductID: 0xc31c, Usage: "keyboard"}, ""},
	} {
		got := ""
		if p, is := better(c.found, fitting(c.found, some()), some()); is {
			got = p.Name
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Each device has a line with the port to write and what it is, lines for the
// best profiles and why, and below the table what to do. What it calls itself
// can not reach the terminal as it is.
func TestShowDevices(t *testing.T) {
	l := listing{known: some(), notes: []string{"This machine shows no USB bus."}, found: []port.Found{
		{Kind: port.USB, Address: "usb:05e0:1701", VendorID: 0x05e0, ProductID: 0x1701, Manufacturer: "Symbol", Product: "DS2208\x1b[2J", Serial: "S1", Node: "/dev/ttyACM0"},
		{Kind: port.HID, Address: "hid:05e0:1200", VendorID: 0x05e0, ProductID: 0x1200, Usage: "keyboard", Product: "Scanner", Node: "/dev/bus/usb/001/004",
			Access: errors.New("hid:05e0:1200: this user may not open /dev/bus/usb/001/004; put a rule into a file")},
		{Kind: port.HID, Address: "hid:046d:c31c", VendorID: 0x046d, ProductID: 0xc31c, Usage: "keyboard", Product: "Keyboard"},
		{Kind: port.HID, Address: "hid:046d:c077", VendorID: 0x046d, ProductID: 0xc077, Usage: "mouse", Product: "Mouse"},
		{Kind: port.HID, Address: "hid:1234:0001", VendorID: 0x1234, ProductID: 1, Usage: "pos", Product: "Till"},
		{Kind: port.USB, Address: "usb:0403:6001", VendorID: 0x0403, ProductID: 0x6001, Product: "FT232R"},
		{Kind: port.Serial, Address: "serial:/dev/ttyS0", Node: "/dev/ttyS0"},
	}}
	text := shown(t, l)
	for _, want := range []string{
		"usb:05e0:1701 | Symbol DS2208\ufffd[2J (serial number S1) | serial | zebra-ds2208-ssi | USB id 05e0:1701, calls itself DS2208\n",
		" | zebra-ds2208-cdc | USB id 05e0:1701, calls itself DS2208\n",
		" | and 1 more: scanpost devices profiles 05e0:1701\n",
		"hid:05e0:1200 | Scanner | keyboard | zebra-ds2208-hid-keyboard | USB id 05e0:1200, a keyboard\n",
		"hid:046d:c31c | Keyboard | keyboard | - | a keyboard, perhaps the operator's; if it is a scanner: generic-hid-keyboard\n",
		"hid:046d:c077 | Mouse | mouse | - | it is a mouse\n",
		"hid:1234:0001 | Till | HID POS | - | a HID point-of-sale scanner of a model without a profile yet\n",
		"usb:0403:6001 | FT232R | serial | ? | an adapter cable (FTDI) does not tell what is behind it; choose from scanpost devices profiles serial\n",
		"serial:/dev/ttyS0 | /dev/ttyS0 | serial | ? | a plain serial port does not tell what is behind it; choose from scanpost devices profiles serial\n",
		"\nhid:05e0:1200, Scanner\n | It can not be opened: this user may not open /dev/bus/usb/001/004; put a rule into a file.\n",
		"The rules for all known makers at once: scanpost devices udev\n",
		"It is in keyboard mode. The mode \"ssi\" is better: its own beep then says that the scan is saved,\n | it keeps GS, and nothing is typed where it should not be. Print the sheet and scan it:\n | scanpost devices sheet zebra-ds2208-ssi -o zebra-ds2208-ssi.html\n",
		"\nusb:05e0:1701, Symbol DS2208\ufffd[2J (serial number S1)\n | Which of these models and modes it is does not show. The sheet of the one that you choose sets it:\n | scanpost devices sheet zebra-ds2208-ssi\n",
		"\nNot in a station.toml yet. To use them, add:\n\n[[device]]\nname = \"ds2208\"\nprofile = \"zebra-ds2208-ssi\"\nport = \"usb:05e0:1701\"\n\n[[device]]\nname = \"ds2208-2\"\nprofile = \"zebra-ds2208-hid-keyboard\"\nport = \"hid:05e0:1200\"\n",
		"\nThis machine shows no USB bus.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing\n%s\nin\n%s", want, text)
		}
	}
}

// What the configuration names already is shown as that, also by its socket or
// under a link, and needs no lines; another of its kind does.
func TestShowConfiguredDevices(t *testing.T) {
	known := some()
	l := listing{known: known, found: []port.Found{
		{Kind: port.USB, Address: "usb:05e0:1701@1-1", VendorID: 0x05e0, ProductID: 0x1701, Product: "One", Socket: "1-1", Node: "/dev/ttyACM0"},
		{Kind: port.USB, Address: "usb:05e0:1701@1-2", VendorID: 0x05e0, ProductID: 0x1701, Product: "Two", Socket: "1-2", Node: "/dev/ttyACM1"},
	}, cfg: &config.Config{File: "station.toml", Devices: []config.Device{{Name: "ds2208", Port: "usb:05e0:1701@1-1", Profile: known[2]}}}}
	text := shown(t, l)
	for _, want := range []string{
		"usb:05e0:1701@1-1 | One | serial | zebra-ds2208-cdc | it is \"ds2208\" in station.toml\n",
		"usb:05e0:1701@1-2 | Two | serial | zebra-ds2208-ssi | USB id 05e0:1701\n",
		"\nNot in station.toml yet. To use it, add:\n\n[[device]]\nname = \"ds2208-2\"\nprofile = \"zebra-ds2208-ssi\"\nport = \"usb:05e0:1701@1-2\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing\n%s\nin\n%s", want, text)
		}
	}
	l.found = l.found[:1]
	var blocks, errs strings.Builder
	if err := l.blocks(&blocks, &errs); err != nil || blocks.String() != "" || errs.String() != "scanpost: there is nothing to add: scanpost devices says why\n" {
		t.Errorf("%q %q %v", blocks.String(), errs.String(), err)
	}
}

// The facts that nobody has seen are shown for the profile that would be used.
func TestShowUnconfirmed(t *testing.T) {
	known := some()
	l := listing{known: []*profile.Profile{known[2]}, found: []port.Found{{Kind: port.USB, Address: "usb:05e0:1701", VendorID: 0x05e0, ProductID: 0x1701, Product: "S"}}}
	if text, want := shown(t, l), "Nobody has seen on a device yet, of zebra-ds2208-cdc:\n | - the suffix CR LF was seen on another\n"; !strings.Contains(text, want) {
		t.Errorf("missing\n%s\nin\n%s", want, text)
	}
}

// An empty list is said in words.
func TestShowNoDevices(t *testing.T) {
	if got, want := shown(t, listing{}), "Nothing is plugged in that could be a scanner: no serial port and no HID device.\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// The blocks are TOML that the configuration takes, whatever a device calls
// its serial number.
func TestBlocksAreTOML(t *testing.T) {
	l := listing{known: some(), found: []port.Found{
		{Kind: port.USB, Address: `usb:05e0:1701/S "\1<é`, VendorID: 0x05e0, ProductID: 0x1701},
		{Kind: port.USB, Address: "usb:05e0:1701/\x07", VendorID: 0x05e0, ProductID: 0x1701},
	}}
	for i, p := range l.known {
		if p.Name == "zebra-ds2208-ssi" { // the test reads with what is really there
			l.known = append(l.known[:i:i], l.known[i+1:]...)
		}
	}
	blocks := l.toAdd()
	if len(blocks) != 1 {
		t.Fatalf("%q", blocks)
	}
	cfg, err := config.Parse("station.toml", []byte("[station]\nsite = 's'\nname = 'n'\ncheckpoint = 'c'\ndata = 'd'\n"+blocks[0]))
	if err != nil || len(cfg.Devices) != 1 || cfg.Devices[0].Port != `usb:05e0:1701/S "\1<é` {
		t.Errorf("%s\n%v", blocks[0], err)
	}
}

// shown is the listing with its columns parted by a bar.
func shown(t *testing.T, l listing) string {
	t.Helper()
	var out strings.Builder
	if err := l.show(&out); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`  +`).ReplaceAllString(out.String(), " | ")
}
